"""What a medium has of its own: how its signals enter a network, and how they come back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.canvas import CanvasName
from impasto.errors import UsageError
from impasto.media import MEDIA
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.inputs import Inputs


class Domain(ABC):
    """The signals of one medium, as a network shall see them, and the way back.

    Attributes:
        medium: Its name, as in `Signal.medium`.
        styles: Media whose signals may be the style.
        encoder: Network where none is asked for.
        size: Longest side of a result where none is asked for; None of what has no sides, and is
            stylized at its own length.
        grows: Whether a content that is smaller is enlarged to that.
        canvas: Canvas where none is asked for.
        positions: What the network's positions along a space axis are, for messages.
        content_weight: α where none is asked for; None for that of the convention.
        regularized: Whether the convention's total variation and bounds make sense.
        original: The content as it was read.
        inputs: What the network shall see.
        remarks: What was done to the inputs that people should know.

    Args:
        inputs: What was read.
        settings: How to stylize.
    Raises:
        UsageError: If the settings ask for what the medium does not have.
    """

    medium: ClassVar[str]
    styles: ClassVar[tuple[str, ...]]
    encoder: ClassVar[str]
    size: ClassVar[int | None] = None
    grows: ClassVar[bool] = False
    canvas: CanvasName = "spectrum"
    positions: str = "samples"
    content_weight: ClassVar[float | None] = None
    regularized: ClassVar[bool] = True

    def __init__(self, inputs: Inputs, settings: StylizeSettings) -> None:
        self.original, self.inputs, self.settings = inputs.content, inputs, settings
        self.remarks: list[str] = []
        noun = MEDIA[self.medium].noun
        if settings.colors != "style" and self.medium != "image":
            raise UsageError(f"--colors is for pictures: a {noun} has none.")
        if settings.canvas == "spectrogram" and self.medium != "audio":
            raise UsageError(f"--canvas spectrogram is for sounds: a {noun} has none.")
        if self.size is None:
            self._check_whole(noun)

    def _check_whole(self, noun: str) -> None:
        """Refuse what only makes sense where signals have sides."""
        if self.settings.size not in (None, "original"):
            raise UsageError(f"--size is for what has sides: a {noun} keeps its length.")
        if (self.settings.levels or 1) > 1:
            raise UsageError(f"--levels is for what has sides: a {noun} has one level.")
        if self.settings.style_scale != 1:
            raise UsageError(f"--style-scale is for what has sides: a {noun} has none.")
        if any(style.regions is not None for style in self.inputs.styles):
            raise UsageError(f"--mask is for pictures and volumes: a {noun} takes none.")

    def shown_to(self, encoder: Encoder) -> Encoder:
        """Bring the inputs into the form that a network takes, and return the network for it.

        Raises:
            UsageError: If the settings ask for a form that it does not take.
        """
        return encoder

    @abstractmethod
    def present(self, samples: Tensor) -> Signal:
        """Turn what was optimized into a result in the units of the medium.

        Args:
            samples: Shape (channel, *space).
        """
