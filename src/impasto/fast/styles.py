"""Where the codes of styles come from: a table of those that were trained, or a look at a style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders.encoder import Encoder
from impasto.objectives.objective import wide
from impasto.signal import fit, resample

READ_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
READ_CHANNELS = (64, 128, 256, 512)  # of VGG19
READ_SIZE = 512  # longest side in which a style is looked at, where nothing else is said
_LEAST_SPREAD = 1e-6
_DOUBT = 1e-3  # share of all variance below which a direction is taken for chance
_TRUST = 0.1  # how far the codes of a table are smoothed where a predictor begins with them


class Styles(nn.Module):
    """Codes, and between them what leaves a photograph as it is.

    Attributes:
        plain: The code of no style, shape (code_length,).
        pace: Its rate of learning, as a share of that of the network.

    Args:
        code_length: Length of a code.
    """

    pace = 1.0

    def __init__(self, code_length: int) -> None:
        super().__init__()
        self.plain = nn.Parameter(torch.zeros(code_length))

    def at(self, strength: float, code: Tensor) -> Tensor:
        """Return what lies between no style (0) and a style (1), shape of the code."""
        return self.plain + strength * (code - self.plain)


class StyleTable(Styles):
    """A code for each of some styles.

    Args:
        count: How many styles.
        code_length: Length of a code.
    Source:
        Dumoulin, Shlens, Kudlur, arXiv:1610.07629: a style is a scale and a shift for every
        channel of every normalization, and what lies between the codes of two lies between them.
    """

    def __init__(self, count: int, code_length: int) -> None:
        super().__init__(code_length)
        self.rows = nn.Parameter(0.01 * torch.randn(count, code_length))

    def forward(self, shares: Tensor) -> Tensor:
        """Mix styles.

        Args:
            shares: How much of each, shape (b, count).
        Returns:
            Shape (b, code_length).
        """
        return shares @ self.rows


class StylePredictor(Styles):
    """Looks at a style and tells its code, for any style.

    It reads means and deviations of channels, which is what a style is to Huang and Belongie, from
    the network that the costs use, too, and that comes with impasto. Of these it sees the
    directions in which styles differ, which are chosen before it learns.

    Args:
        code_length: Length of a code.
        width: Directions.
        channels: Of the layers that are read.
        size: Longest side in which styles are looked at, in pixels.
    Attributes:
        pace: A step of Adam moves every weight as far, and a code is the sum of hundreds: at the
            pace of the network codes are thrown about, and the network learns to ignore them.
    Source:
        Ghiasi, Lee, Kudlur, Dumoulin, Shlens, arXiv:1705.06830, section 2.2; the statistics: Huang,
        Belongie, arXiv:1703.06868, eq. 8.
    """

    pace = 0.15

    def __init__(
        self,
        code_length: int,
        *,
        width: int = 128,
        channels: Sequence[int] = READ_CHANNELS,
        size: int = READ_SIZE,
    ) -> None:
        super().__init__(code_length)
        self.channels, self.width, self.size = tuple(channels), width, size
        total = 2 * sum(channels)
        self.usual = nn.Parameter(torch.zeros(total), requires_grad=False)
        self.narrow = nn.Linear(total, width, bias=False).requires_grad_(False)
        self.bend = nn.Linear(width, width)
        self.widen = nn.Linear(width, code_length)
        nn.init.normal_(self.widen.weight, std=0.1 / width**0.5)

    @torch.no_grad()
    def look_around(self, read: Tensor) -> None:
        """Choose the directions: those in which styles differ most, each in its own measure.

        Args:
            read: Statistics of many styles, shape (n, 2 * channels of all layers).
        """
        self.usual.copy_(read.mean(0))
        _, lengths, axes = torch.linalg.svd(read - self.usual, full_matrices=False)
        variances = lengths.square() / len(read)
        measures = (variances + _DOUBT * variances.sum()).sqrt().clamp(min=_LEAST_SPREAD)
        count = min(self.width, len(axes))
        self.narrow.weight.zero_()
        self.narrow.weight[:count] = axes[:count] / measures[:count, None]

    @torch.no_grad()
    def begin_at(self, table: StyleTable, rows: Tensor, read: Tensor) -> None:
        """Tell, at first, about the codes that a table has, and between them what lies between.

        Args:
            table: Whose mean any style gets, but for what its statistics add.
            rows: Those of its codes whose styles were looked at, shape (n, code_length).
            read: Their statistics, shape (n, 2 * channels of all layers).
        """
        self.plain.copy_(table.plain)
        mean = table.rows.mean(0)
        self.widen.bias.copy_(mean)
        self.bend.weight.zero_()
        self.bend.bias.zero_()
        seen = self.seen(read)
        alike = seen @ seen.T
        alike += alike.diagonal().mean() * _TRUST * torch.eye(len(seen))
        self.widen.weight.copy_((rows - mean).T @ torch.linalg.solve(alike, seen))

    def seen(self, statistics: Tensor) -> Tensor:
        """Return what is seen of statistics, along each direction, shape (b, width)."""
        along: Tensor = self.narrow(statistics - self.usual)
        return along

    def forward(self, statistics: Tensor) -> Tensor:
        """Tell codes.

        Args:
            statistics: As `read_style` returns them, shape (b, 2 * channels of all layers).
        Returns:
            Shape (b, code_length).
        """
        x = self.seen(statistics)
        code: Tensor = self.widen(x + functional.gelu(self.bend(functional.gelu(x))))
        return code


def at_size(style: Tensor, size: int) -> Tensor:
    """Reduce a style (3, h, w) to a longest side, as it is seen; shape (1, 3, h', w')."""
    space = tuple(style.shape[1:])
    return resample(style[None], fit(space, min(size, max(space))))


@torch.no_grad()
def read_style(
    encoder: Encoder, style: Tensor, regions: Tensor | None = None, *, size: int = READ_SIZE
) -> Tensor:
    """Look at a style: the logarithms of means and deviations of channels.

    Args:
        encoder: VGG19, or a network with layers of the same names.
        style: Shape (3, h, w), sRGB from 0 to 1.
        regions: Parts of the style that are looked at by themselves, shape (r, *space of a mask),
            from 0 to 1; None for the whole.
        size: Longest side in which it is looked at.
    Returns:
        Shape (r, 2 * channels of all layers), r being 1 for the whole; float32.
    """
    seen = at_size(style, size)
    return statistics(encoder(seen.to(encoder.device), READ_LAYERS), regions)


def statistics(features: Mapping[str, Tensor], regions: Tensor | None = None) -> Tensor:
    """Return the logarithms of means and deviations of channels.

    Args:
        features: For each of READ_LAYERS a tensor (1, c, h, w).
        regions: As for `read_style`.
    Returns:
        As `read_style`.
    """
    whole = torch.ones(1, 1, 1) if regions is None else regions
    read: list[Tensor] = []
    for layer in READ_LAYERS:
        own = features[layer][0].to(wide(features[layer])).flatten(1)
        height, width = features[layer].shape[2:]
        share = functional.adaptive_avg_pool2d(whole[None], (height, width))[0]
        share = share.flatten(1).to(own)
        share = share / share.sum(1, keepdim=True).clamp(min=_LEAST_SPREAD)
        mean = share @ own.T
        variance = (share @ own.T.square() - mean.square()).clamp(min=_LEAST_SPREAD)
        read += [mean.clamp(min=0).log1p(), variance.sqrt().log1p()]
    return torch.cat(read, 1).cpu()


def mixed(codes: Iterable[Tensor], weights: Iterable[float]) -> Tensor:
    """Mix codes in proportion to their weights; all of one shape."""
    stacked = torch.stack(list(codes))
    shares = torch.tensor(list(weights), dtype=stacked.dtype, device=stacked.device)
    return torch.einsum("s,s...->...", shares / shares.sum(), stacked)


def styles_from(values: Mapping[str, object], count: int, code_length: int) -> Styles:
    """Build what a model's header describes, without its weights.

    Raises:
        ValueError: If it describes nothing.
    """
    kind, channels = values["kind"], values.get("channels")
    width, size = values.get("width"), values.get("size")
    if kind == "table":
        return StyleTable(count, code_length)
    if (
        kind != "predictor"
        or not isinstance(width, int)
        or not isinstance(size, int)
        or not isinstance(channels, list)
    ):
        raise ValueError(f"{values} are no styles.")
    return StylePredictor(code_length, width=width, channels=channels, size=size)
