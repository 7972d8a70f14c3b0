"""Who paints: a trained network in a file of its own or of ONNX, behind one face."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from impasto.errors import UsageError, nearest
from impasto.fast.model import FastModel, StyleFacts, read_model
from impasto.fast.painting import Brush, paint
from impasto.fast.styles import StylePredictor, StyleTable, mixed, read_style

if TYPE_CHECKING:
    from impasto.encoders.encoder import Encoder

Painting = Callable[[Tensor], Tensor]
ONNX = ".onnx"
_NOTHING = 1e-9  # where no style goes, by which no share is divided


@dataclass(frozen=True, eq=False)
class Wanted:
    """A style that is asked for.

    Attributes:
        weight: Its share among the styles.
        row: Its number among those that the network knows, if it is one of them.
        picture: Its picture, shape (3, h, w), for networks that look at it.
        regions: Regions of the content and those of the style that go with them, shapes
            (r, *space) over a space of its own each; None where it goes everywhere.
    """

    weight: float = 1.0
    row: int | None = None
    picture: Tensor | None = None
    regions: tuple[Tensor, Tensor] | None = None


class Painter(ABC):
    """A trained network, ready to paint.

    Attributes:
        label: Name of its file, for messages.
        sha256: Hash of its file.
        known: The styles that it knows.
        is_any: Whether it looks at the pictures of styles.
    """

    label: str
    sha256: str
    known: Sequence[StyleFacts]
    is_any: bool = False

    @abstractmethod
    def bare_painting(
        self, wanted: Sequence[Wanted], *, strength: float = 1.0, encoder: Encoder | None = None
    ) -> Painting:
        """Return what the network alone makes of a picture (3, h, w).

        Args:
            wanted: The styles; none for the photograph, as nearly as the network can paint it.
            strength: How much of them, from 0 to 1.
            encoder: Network that looks at their pictures, where the painter does.
        Raises:
            UsageError: If the painter cannot do this.
        """

    def painting(
        self, wanted: Sequence[Wanted], *, strength: float = 1.0, encoder: Encoder | None = None
    ) -> Painting:
        """Return what turns a picture (3, h, w) into a painting of its size.

        At strength 0, and where no style goes, it is the picture itself. Between, as much as the
        network misses of the picture in a painting without style is put back in proportion.

        Args:
            wanted: The styles, one at least.
            strength: How much of them, from 0 to 1.
            encoder: Network that looks at their pictures, where the painter does.
        Raises:
            UsageError: If the painter cannot do this.
        """
        styled = self.bare_painting(wanted, strength=strength, encoder=encoder)
        if strength == 1 and all(own.regions is None for own in wanted):
            return styled
        plain, masked = self.bare_painting([]), any(own.regions is not None for own in wanted)

        def painting(picture: Tensor) -> Tensor:
            painted = styled(picture)
            if strength < 1:
                painted = painted + (1 - strength) * (picture - plain(picture))
            if masked:
                painted = picture.lerp(painted, _covered(_fitted(wanted, picture.shape[1:])))
            return painted.clamp(0, 1)

        return painting

    def named(self, name: str) -> int | None:
        """Return the number of the known style of a name, or None."""
        return self._row([own.name for own in self.known], name)

    def pictured(self, sha256: str) -> int | None:
        """Return the number of the known style whose picture has a hash, or None."""
        return self._row([own.sha256 for own in self.known], sha256)

    def _row(self, all_: list[str], one: str) -> int | None:
        return all_.index(one) if one in all_ and not self.is_any else None

    def unknown(self, name: str) -> UsageError:
        """Return an error for a style that the network does not have."""
        hint = nearest(name, [own.name for own in self.known])
        return UsageError(f"{self.label} has no style {name!r}. {hint}")

    def check_count(self, count: int) -> None:
        """Refuse more styles than the network has."""
        if not self.is_any and count > len(self.known):
            styles = "1 style" if len(self.known) == 1 else f"{len(self.known)} styles"
            raise UsageError(f"{self.label} has {styles}, and {count} are asked for.")


class TorchPainter(Painter):
    """A network that torch runs.

    Args:
        model: The network.
        device: Where it computes.
        precision: In which numbers.
    """

    def __init__(
        self,
        model: FastModel,
        *,
        device: torch.device | None = None,
        precision: torch.dtype = torch.float32,
    ) -> None:
        self.model, self.label, self.sha256 = model, model.label, model.sha256
        self.known, self.is_any = model.known, model.is_any
        self.network = model.network.to(device, precision, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def bare_painting(
        self, wanted: Sequence[Wanted], *, strength: float = 1.0, encoder: Encoder | None = None
    ) -> Painting:
        """See Painter.bare_painting."""
        plain = self.model.styles.plain.detach()[None]
        codes = [self._codes(own, strength, encoder) for own in wanted]
        if all(own.regions is None for own in wanted):
            brush = Brush(mixed(codes, [own.weight for own in wanted]) if codes else plain)
            return lambda picture: paint(self.network, picture, brush)
        every = torch.cat([plain, *codes])

        def masked(picture: Tensor) -> Tensor:
            places = _places(wanted, picture.shape[1:])
            return paint(self.network, picture, Brush(every, places))

        return masked

    def _codes(self, wanted: Wanted, strength: float, encoder: Encoder | None) -> Tensor:
        """Return the code of a style, or of each of its regions, shape (r, code_length)."""
        styles = self.model.styles
        count = 1 if wanted.regions is None else len(wanted.regions[0])
        with torch.no_grad():
            if isinstance(styles, StyleTable):
                assert wanted.row is not None
                code = styles.rows[wanted.row].expand(count, -1)
            else:
                assert isinstance(styles, StylePredictor)
                assert wanted.picture is not None
                assert encoder is not None
                own = None if wanted.regions is None else wanted.regions[1]
                code = styles(read_style(encoder, wanted.picture, own, size=styles.size))
            return styles.at(strength, code)


def _fitted(wanted: Sequence[Wanted], space: tuple[int, ...]) -> list[Tensor]:
    """Return the regions of each style at the size of a picture, shape (r, h, w) each."""
    return [
        functional.interpolate(
            (torch.ones(1, 1, 1) if own.regions is None else own.regions[0])[None],
            size=space,
            mode="bilinear",
            align_corners=False,
            antialias=True,
        )[0]
        for own in wanted
    ]


def _covered(fitted: Sequence[Tensor]) -> Tensor:
    """Return how far any style goes anywhere, from 0 to 1, shape (1, h, w)."""
    return torch.stack([own.sum(0) for own in fitted]).amax(0, keepdim=True).clamp(0, 1)


def _places(wanted: Sequence[Wanted], space: tuple[int, ...]) -> Tensor:
    """Return where no style goes, and the share of each region of each style, shape (1 + r, h, w).

    Styles share all of a place to which they go only partly; the rest is the picture's.
    """
    fitted = _fitted(wanted, space)
    whole = torch.cat([own.weight * regions for own, regions in zip(wanted, fitted, strict=True)])
    total = whole.sum(0, keepdim=True)
    return torch.cat([(total <= _NOTHING).to(whole), whole / total.clamp(min=_NOTHING)])


def load_painter(
    path: Path, *, device: torch.device | None = None, precision: torch.dtype = torch.float32
) -> Painter:
    """Read a trained network from a file of impasto's or of ONNX.

    Args:
        path: The file.
        device: Where the network computes; networks of ONNX choose for themselves.
        precision: In which numbers; likewise.
    Raises:
        WeightsError: If the file is missing, or no model, or damaged.
        UsageError: If a package is missing that runs it.
    """
    if path.suffix.lower() == ONNX:
        from impasto.fast.onnx import OnnxPainter

        return OnnxPainter(path)
    return TorchPainter(read_model(path), device=device, precision=precision)
