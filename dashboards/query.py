"""PromQL from the declared metrics: a query is made of a family, so a metric on a dashboard exists, and is filtered by
every variable whose label the family has.
"""

from dashboards.panels import variable
from gateway.metering import families
from gateway.metering.families import Declared

PROCESS = 'job=~"$job", instance=~"$instance"'
CHOSEN = ("team", "route", "model")
"""Labels that have a variable of the same name."""

VARIABLES = (
    variable("job", "Job", f"label_values({families.INFLIGHT.name}, job)"),
    variable("instance", "Instance", f'label_values({families.INFLIGHT.name}{{job=~"$job"}}, instance)'),
    *(
        variable(name, name.capitalize(), f"label_values({families.REQUESTS.name}{{{PROCESS}}}, {name})")
        for name in CHOSEN
    ),
)


def of(family: Declared, *only: str, part: str = "") -> str:
    """The series of a family that the variables choose, and `only` those that match these too."""
    chosen = [f'{label}=~"${label}"' for label in CHOSEN if label in family.labels]
    return f"{family.name}{part}{{{', '.join((PROCESS, *chosen, *only))}}}"


def grown(family: Declared, *only: str, by: str = "", earlier: str = "") -> str:
    """How much a counter grew over the time shown, or over as long some time `earlier`."""
    offset = f" offset {earlier}" if earlier else ""
    return f"sum{_by(by)} (increase({of(family, *only)}[$__range]{offset}))"


def pace(family: Declared, *only: str, by: str = "", seconds: int = 1) -> str:
    """How much a counter grows in so many seconds."""
    times = f" * {seconds}" if seconds != 1 else ""
    return f"sum{_by(by)} (rate({of(family, *only)}[$__rate_interval])){times}"


def ratio(part: str, whole: str) -> str:
    """A share; nothing where the whole is nothing, which is not the same as 0."""
    return f"{part} / ({whole} > 0)"


def quantile(family: Declared, share: float, window: str = "$__rate_interval") -> str:
    """A quantile of a histogram; nothing, rather than no number, where nobody asked."""
    return f"histogram_quantile({share:g}, sum by (le) (rate({of(family, part='_bucket')}[{window}]))) >= 0"


def highest(family: Declared, by: str = "") -> str:
    """The highest of a gauge over all processes."""
    return f"max{_by(by)} ({of(family)})"


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""
