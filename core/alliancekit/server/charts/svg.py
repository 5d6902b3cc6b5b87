"""The few SVG elements the charts need, as escaped markup without inline styles."""

from __future__ import annotations

from markupsafe import Markup, escape

Attribute = str | int | float


def _text(value: Attribute) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def element(name: str, *children: Markup | str, **attributes: Attribute) -> Markup:
    """One element; `class_` becomes `class`, other underscores become hyphens, children are escaped."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{pairs}>") + Markup("").join(escape(c) for c in children) + Markup(f"</{name}>")  # noqa: S704


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
