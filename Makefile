# Everything here works on a fresh Debian or Ubuntu with python3 >= 3.11 and make, and may be run again at any time.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= pointsman.yaml
ARGS ?=
TRACES ?=
SOURCES := pyproject.toml requirements-build.lock
# One line for each package as it comes; errors pass untouched.
PIP := $(BIN)/python -m pip --disable-pip-version-check
SHOW := sed -u -n 's/^Collecting \([^ ;(]*\).*/  \1/p'

.PHONY: help setup setup-test serve test test-clients bench bench-smoke costs bench-freshness bench-routing train check-code
.PHONY: image fortnight bench-page bench-policies bench-threads stories test-grafana

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python 3.11 or newer is needed, this is " + sys.version)'
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        echo "installing python3-venv"; apt-get update -qq; \
	        DEBIAN_FRONTEND=noninteractive apt-get install -qqy --no-install-recommends python3-venv >/dev/null; \
	    else echo "python's venv is missing: sudo apt-get install python3-venv" >&2; exit 1; fi; fi
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.run: requirements.lock | $(BIN)/python
	@echo "installing what the gateway needs, hashes checked"
	@$(PIP) install --require-hashes -r requirements.lock | $(SHOW)
	@touch $@

$(VENV)/.pointsman: $(SOURCES) $(VENV)/.run
	@echo "installing pointsman itself, from this folder"
	@$(PIP) install --require-hashes -r requirements-build.lock | $(SHOW)
	@$(PIP) install -q --no-index --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements-test.lock $(VENV)/.pointsman
	@echo "installing what the tests need, hashes checked"
	@$(PIP) install --require-hashes -r requirements-test.lock | $(SHOW)
	@touch $@

setup: $(VENV)/.pointsman ## make .venv from the hashed lock
	@echo "ready: $(BIN)/pointsman"

setup-test: $(VENV)/.test ## the same with the test extras

serve: $(VENV)/.pointsman ## the gateway on 127.0.0.1:4000; CONFIG=file, ARGS=more
	@exec $(BIN)/pointsman serve --config $(CONFIG) $(ARGS)

test: setup-test ## all tests; ARGS="tests/cache -q" for a part
	@$(BIN)/python -m pytest $(ARGS)

bench: setup-test ## this gateway beside others, and what its cost grows with; 20 minutes, writes docs/benchmarks
	@PYTHONPATH=. $(BIN)/python -m benchmarks.run $(ARGS)

bench-smoke: setup-test ## has a request become dearer? a minute; ratios to nginx in the same run
	@PYTHONPATH=. $(BIN)/python -m benchmarks.smoke

costs: setup-test ## the corpus of costs put to this gateway and two libraries; writes docs/benchmarks/costs.md
	@PYTHONPATH=. $(BIN)/python -m benchmarks.costs.run

bench-freshness: setup-test ## how well resumes are foretold; TRACES="recorded calls", SESSIONS="sessions with block ids"
	@test -n "$(TRACES)" || { echo "TRACES names no file of recorded calls" >&2; exit 2; }
	@for trace in $(TRACES); do $(BIN)/pointsman eval freshness $$trace --folds 8 $(ARGS); done
	@for trace in $(SESSIONS); do $(BIN)/pointsman eval chains $$trace --sessions 160; done

bench-threads: setup-test ## a million threads in one store: disk, memory, look-ups; ten minutes, writes docs/benchmarks/threads.md
	@PYTHONPATH=. $(BIN)/python -m benchmarks.threads $(ARGS)

bench-policies: setup-test ## which model a thread's next turn goes to, in dollars; SESSIONS="recorded sessions", writes its page
	@PYTHONPATH=. $(BIN)/python -m benchmarks.policies $(SESSIONS)

bench-page: setup-test ## the built-in page over a million requests in Chromium: how soon is it there? three minutes
	@PYTHONPATH=. $(BIN)/python -m benchmarks.page $(ARGS)

fortnight: setup-test ## 56,000 simulated events over two weeks: is the ledger the provider's bill? some ten minutes
	@FORTNIGHT_EVENTS=56000 $(BIN)/python -m pytest tests/simulation/test_fortnight.py -q -s $(ARGS)

bench-routing: setup-test ## how often routing is right; CASES=labelled.jsonl, writes its page and the model card
	@PYTHONPATH=. $(BIN)/python -m benchmarks.routing $(CASES)

train: setup-test ## the routing weights anew; ARGS as `python -m training --help` names them, FEEDBACK=corrections.jsonl
	@PYTHONPATH=. $(BIN)/python -m training $(if $(FEEDBACK),--feedback $(FEEDBACK)) $(ARGS)

test-clients: setup-test ## real client programs against the gateway; fetches some 400 MB of them once
	@$(BIN)/python -m tests.clients.install
	@$(BIN)/python -m pytest -m clients tests/clients $(ARGS)

test-grafana: setup-test ## the dashboards in a real Grafana; GRAFANA_HOME=the folder that holds its bin, conf and public
	@test -n "$(GRAFANA_HOME)" || { echo "GRAFANA_HOME names no Grafana" >&2; exit 2; }
	@GRAFANA_HOME=$(GRAFANA_HOME) $(BIN)/python -m pytest -m grafana tests/dashboards $(ARGS)

check-code: setup-test ## style, types, who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

image: ## a container image; see the head of the Dockerfile
	@docker build -t pointsman .

stories: setup-test ## three threads taken up again, as users, Grafana and the ledger see it; writes docs/explanation/stories.md
	@PYTHONPATH=. $(BIN)/python -m tests.simulation.tell
