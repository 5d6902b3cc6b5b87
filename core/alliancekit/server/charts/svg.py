"""The few SVG elements the charts need, as escaped markup without inline styles."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from markupsafe import Markup, escape

Attribute = str | int | float


def _text(value: Attribute) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


@cache
def _named(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def element(name: str, *children: Markup | str, **attributes: Attribute) -> Markup:
    """One element; `class_` becomes `class`, other underscores become hyphens, children are escaped."""
    # A page has a thousand of them: only what may hold a sign that needs it is escaped.
    pairs = "".join(
        [
            f' {_named(key)}="{escape(value) if isinstance(value, str) else _text(value)}"'
            for key, value in attributes.items()
        ]
    )
    inner = "".join([child if isinstance(child, Markup) else escape(child) for child in children])
    return Markup(f"<{name}{pairs}>{inner}</{name}>")  # noqa: S704


def joined(parts: Iterable[Markup]) -> Markup:
    """Elements one after the other; they are not looked at again."""
    return Markup("".join(parts))  # noqa: S704


def image(
    *children: Markup,
    key: str,
    title: str,
    description: str,
    width: float,
    height: float,
    kind: str,
    fit: str = "xMidYMid meet",
) -> Markup:
    """A whole drawing with a text alternative; `key` must be unique in the page, `fit` as SVG has it."""
    return element(
        "svg",
        element("title", title, id=f"chart-{key}-title"),
        element("desc", description, id=f"chart-{key}-desc"),
        *children,
        class_=f"chart {kind}",
        viewBox=f"0 0 {_text(width)} {_text(height)}",
        preserveAspectRatio=fit,
        role="img",
        aria_labelledby=f"chart-{key}-title",
        aria_describedby=f"chart-{key}-desc",
    )
