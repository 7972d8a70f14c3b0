"""Neural style transfer, and a microscope for what a convolutional network sees.

    import impasto
    impasto.stylize("photo.jpg", "painting.jpg", size=512).save("out.png")

The names below are loaded when they are first used, so that `import impasto` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto.encoders import Encoder, Wrapped, load_encoder
    from impasto.errors import ImpastoError
    from impasto.settings import StylizeSettings
    from impasto.signal import Signal
    from impasto.stylization import Stylization, StylizeStep, stylize, stylize_steps, synthesize

_HOMES = {
    "Encoder": "encoders",
    "ImpastoError": "errors",
    "Signal": "signal",
    "Stylization": "stylization",
    "StylizeSettings": "settings",
    "StylizeStep": "stylization",
    "Wrapped": "encoders",
    "load_encoder": "encoders",
    "stylize": "stylization",
    "stylize_steps": "stylization",
    "synthesize": "stylization",
}

__all__ = [
    "Encoder",
    "ImpastoError",
    "Signal",
    "Stylization",
    "StylizeSettings",
    "StylizeStep",
    "Wrapped",
    "load_encoder",
    "stylize",
    "stylize_steps",
    "synthesize",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'impasto' has no attribute {name!r}")
    return getattr(import_module(f"impasto.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
