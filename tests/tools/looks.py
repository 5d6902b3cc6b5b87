"""In which sizes and looks pages are pictured: `{name: options of a browser context}`."""

from __future__ import annotations

from typing import Any, Final

SIZES: Final = {1280: 800, 768: 1024, 390: 844}
"""Width → height in CSS pixels: a laptop, a tablet, a phone."""

LOOKS: Final[dict[str, dict[str, Any]]] = {
    f"{width}-{look}": {"viewport": {"width": width, "height": height}, **options}
    for width, height in SIZES.items()
    for look, options in {"light": {}, "dark": {"color_scheme": "dark"}, "rtl": {}}.items()
}
"""Every size, light, dark, and light in a language from right to left."""
