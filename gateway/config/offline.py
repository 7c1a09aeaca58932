"""Serving without a provider: every upstream becomes the simulator, so the first request works on a bare machine."""

from pydantic import SecretStr

from gateway.config.schema import Config


def needs_simulator(config: Config) -> bool:
    """Whether no upstream has a key, so that no provider would answer."""
    return not any(upstream.key.get_secret_value() for upstream in config.upstreams.values())


def overlay_simulator(config: Config, base_url: str) -> Config:
    """The same config with all upstreams at the simulator's base URL, such as `http://127.0.0.1:4010/v1`.

    Providers stay as they are: prices and prompt-cache rules go by them.
    """
    changes = {"url": base_url, "key": SecretStr("sk-simulator")}
    upstreams = {name: upstream.model_copy(update=changes) for name, upstream in config.upstreams.items()}
    return config.model_copy(update={"upstreams": upstreams})
