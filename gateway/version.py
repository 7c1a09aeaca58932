"""Which version of Pointsman this is."""

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The version of the installed distribution; `0` where it runs from a source tree that is not installed."""
    try:
        return version("pointsman")
    except PackageNotFoundError:
        return "0"
