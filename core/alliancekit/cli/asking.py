"""What the commands share that ask a running service, as your own programs would."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from alliancekit.errors import AllianceKitError, ConfigError

KEY_VARIABLE: Final = "ALLIANCEKIT_KEY"

SECONDS: Final = 30.0
"""How long the service may take to answer."""

Service = Annotated[str, typer.Option("--service", help="The service's address; else the configured one.")]
Key = Annotated[
    str, typer.Option("--key", envvar=KEY_VARIABLE, help="Your tenant key; better in the environment.")
]


def ask(method: str, path: str, service: str, key: str, body: dict[str, Any] | None = None) -> Any:
    """The service's answer; `path` begins after `/v1`.

    Raises:
        ConfigError: no key, or the service does not answer.
        AllianceKitError: it refused.
    """
    import httpx

    if not key:
        raise ConfigError(
            "A tenant key is needed.",
            fix=f"Put it into the variable {KEY_VARIABLE}; lost, or never seen: alliancekit keys create.",
        )
    if not service:
        from alliancekit.config import load

        service = load().base_url()
    try:
        reply = httpx.request(
            method,
            f"{service.rstrip('/')}/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {key}"},
            timeout=SECONDS,
            trust_env=False,
        )
        answer = reply.json() if reply.content else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ConfigError(
            f"The service at {service} does not answer ({type(error).__name__}).",
            fix="Start it with `alliancekit serve`, or name it with --service.",
        ) from None
    if reply.is_error:
        said = answer.get("detail", "") if isinstance(answer, dict) else ""
        raise AllianceKitError(said or f"The service refused ({reply.status_code}).")
    return answer
