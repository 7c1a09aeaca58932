"""The page that lists what the sources of the price table disagree on."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from gateway.metering.build_prices_pages import CHANGES, WHOLE
from gateway.metering.build_prices_rules import EXCEPTIONS


class Disagreement(Struct, frozen=True):
    """One price the sources differ on, in USD per million tokens as text."""

    provider: str
    model: str
    tier: str
    what: str
    genai: str
    litellm: str


_HEAD = """\
# Prices

The built-in price table holds {rows:,} models as of {as_of}. It is compiled from two independent sources,
[genai-prices](https://github.com/pydantic/genai-prices) {genai} and
[LiteLLM's price map](https://github.com/BerriAI/litellm) {litellm}. Prices are whole pico-dollars per token; an answer is
billed at the prices of the moment it ended. A price that neither source has is unknown, and what is unknown is reported as
unpriced, never as zero. Contract prices in the config (`prices:`) win over the table.

Where the sources disagree, genai-prices wins: its prices are exact decimals with the days from which they hold and the page
they were read from, LiteLLM's are today's floats. LiteLLM adds what the other lacks: models, service tiers, lifetimes of
cache writes, hours of the day. These are the exceptions, where LiteLLM's price is taken:

| model | why |
|---|---|
{exceptions}

Neither source lists these, and the table takes them from the vendors' pages: OpenAI since GPT-5.6 charges 2.5 times the
input price for a write that lasts 12 hours, and before GPT-5.6 nothing beyond the input price for any write; Anthropic
charges twice the input price for a write that lasts an hour; OpenAI charges $2.50 for a thousand file searches; Google takes
as much off long prompts in batch and flex as off short ones.

Both sources are silent or wrong on these, and the table has what the vendor's page says:

| model | what the page says |
|---|---|
{changes}
| {hourly} | when prices changed, busy hours, and holidays that are cheap all day ("Models & Pricing") |

Not in the table: prices per second, page, image or character; cached images and sound where they have a price of their own;
containers, and images made by a tool; free quotas and discounts for volume; regional surcharges that an answer does not
show. What an answer shows of these makes it priced in part, never priced as if it were free; what a container or an image
costs may be said in the config.

This page is generated: `python -m gateway.metering.build_prices {as_of}`.

## Disagreements

{count} prices at present, in USD per million tokens unless it says otherwise.

| provider | model | tier | price | genai-prices | LiteLLM |
|---|---|---|---|---|---|
"""


def page(as_of: str, sources: Mapping[str, str], rows: int, found: Sequence[Disagreement]) -> str:
    """The page as Markdown."""
    exceptions = "\n".join(f"| `{'/'.join(name)}` | {why} |" for name, why in EXCEPTIONS.items())
    changes = "\n".join(f"| `{'/'.join(name)}` | {change.why} |" for name, change in CHANGES.items())
    head = _HEAD.format(
        changes=changes,
        hourly=", ".join(f"`{'/'.join(name)}`" for name in WHOLE),
        rows=rows,
        as_of=as_of,
        genai=sources["genai-prices"],
        litellm=sources["litellm"],
        exceptions=exceptions,
        count=len(found),
    )
    lines = (
        f"| {each.provider} | `{each.model}` | {each.tier or 'standard'} | {each.what} | {each.genai} | {each.litellm} |\n"
        for each in found
    )
    return head + "".join(lines)
