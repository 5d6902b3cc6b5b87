"""What holds for every page that people see."""

from __future__ import annotations

import httpx

STRICT = {"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'"}
SCRIPTS = "script-src 'self'"
"""What a page with a script has beside; one without any may do without it."""


def assert_strict(reply: httpx.Response) -> None:
    """No inline script or style, nothing from elsewhere, nothing kept, nothing told to other sites."""
    policy = {part.strip() for part in reply.headers["content-security-policy"].split(";")}
    assert policy >= STRICT
    assert SCRIPTS in policy or "<script" not in reply.text
    assert "unsafe" not in reply.headers["content-security-policy"]
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["referrer-policy"] in {"no-referrer", "same-origin"}
    assert "<script>" not in reply.text
    assert " style=" not in reply.text
