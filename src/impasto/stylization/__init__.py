"""Style transfer from end to end: pictures and settings in, steps and a result out."""

from impasto.stylization.recipe import encoder_for, stylize, stylize_steps
from impasto.stylization.result import Stylization, StylizeStep
from impasto.stylization.synthesis import synthesize, synthesize_steps

__all__ = [
    "Stylization",
    "StylizeStep",
    "encoder_for",
    "stylize",
    "stylize_steps",
    "synthesize",
    "synthesize_steps",
]
