# docker build -t pointsman .
# docker run --read-only --tmpfs /tmp -p 4000:4000 -v pointsman:/var/lib/pointsman \
#   -v ./pointsman.yaml:/etc/pointsman/pointsman.yaml:ro -e OPENAI_API_KEY -e ANTHROPIC_API_KEY pointsman
#
# Bound to every address the gateway wants at least one team key in its config; the example inside has none and says so.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/pointsman && /opt/pointsman/bin/pip install --require-hashes -r requirements.lock
RUN python -m venv tools && tools/bin/pip install --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE pointsman.yaml ./
COPY dashboards ./dashboards
COPY cache ./cache
COPY routing ./routing
COPY gateway ./gateway
RUN tools/bin/pip wheel --no-index --no-deps --no-build-isolation -w dist . && /opt/pointsman/bin/pip install --no-index --no-deps dist/*.whl && /opt/pointsman/bin/python -m compileall -q /opt/pointsman/lib

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 pointsman && useradd --uid 10001 --gid 10001 --home-dir /var/lib/pointsman --no-create-home --no-log-init --shell /usr/sbin/nologin pointsman && install -d -o 10001 -g 10001 -m 0700 /var/lib/pointsman
COPY --from=build /opt/pointsman /opt/pointsman
COPY pointsman.yaml /etc/pointsman/pointsman.yaml
ENV PATH=/opt/pointsman/bin:$PATH POINTSMAN_HOME=/var/lib/pointsman PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/pointsman
VOLUME ["/var/lib/pointsman"]
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:4000/readyz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["pointsman"]
CMD ["serve", "--config", "/etc/pointsman/pointsman.yaml", "--host", "0.0.0.0"]
