"""EfficientNet-Lite0: a small classifier without squeeze-and-excitation, with ReLU6."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders.architecture import Architecture
from impasto.encoders.front_end import Normalize


class Stage(NamedTuple):
    """Neighboring blocks of one kind; the first of them has the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    width: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
_normalization = partial(nn.BatchNorm2d, eps=1e-3)  # as TensorFlow has it


class StridedConv2d(nn.Conv2d):
    """A convolution whose padding is larger behind than before, as TensorFlow's at even lengths.

    It is the same at all lengths here, so that what a unit sees does not depend on them.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, c, h, w) to (b, c, h / stride, w / stride)."""
        total = self.kernel_size[0] - self.stride[0]
        border = [total // 2, total - total // 2]
        return super().forward(functional.pad(x, border * 2))


class Block(nn.Module):
    """An inverted bottleneck: many channels between few, and what came in added if it fits.

    Source:
        Sandler et al., arXiv:1801.04381, figure 3b.
    """

    def __init__(self, channels: int, stage: Stage, stride: int) -> None:
        super().__init__()
        wide = channels * stage.expansion
        if stage.expansion > 1:
            self._expand_conv = nn.Conv2d(channels, wide, 1, bias=False)
            self._bn0 = _normalization(wide)
            self._relu0 = nn.ReLU6(inplace=True)
        self._depthwise_conv = _convolution(wide, wide, stage.kernel, stride, groups=wide)
        self._bn1 = _normalization(wide)
        self._relu1 = nn.ReLU6(inplace=True)
        self._project_conv = nn.Conv2d(wide, stage.width, 1, bias=False)
        self._bn2 = _normalization(stage.width)
        self.expands = stage.expansion > 1
        self.adds = stride == 1 and channels == stage.width

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, channels, h, w) to (b, width, h / stride, w / stride)."""
        y = self._relu0(self._bn0(self._expand_conv(x))) if self.expands else x
        y = self._relu1(self._bn1(self._depthwise_conv(y)))
        projected: Tensor = self._bn2(self._project_conv(y))
        return projected + x if self.adds else projected


class EfficientNetLite0(nn.Module):
    """A stem, sixteen blocks, a head and a classifier.

    Source:
        Tan, Le, arXiv:1905.11946, table 1; Liu, "Higher accuracy on vision models with
        EfficientNet-Lite", TensorFlow blog, 2020; with the keys of efficientnet-lite-pytorch.
    """

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self._conv_stem = _convolution(3, 32, 3, stride=2)
        self._bn0 = _normalization(32)
        self._relu0 = nn.ReLU6(inplace=True)
        self._blocks = nn.Sequential()
        channels = 32
        for stage in STAGES:
            for position in range(stage.blocks):
                self._blocks.append(Block(channels, stage, 1 if position else stage.stride))
                channels = stage.width
        self._conv_head = nn.Conv2d(channels, 1280, 1, bias=False)
        self._bn1 = _normalization(1280)
        self._relu1 = nn.ReLU6(inplace=True)
        self._avgpool = nn.AdaptiveAvgPool2d(1)
        self._fc = nn.Linear(1280, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Score the classes: (b, 3, h, w) to (b, classes)."""
        x = self._blocks(self._relu0(self._bn0(self._conv_stem(x))))
        x = self._relu1(self._bn1(self._conv_head(x)))
        scores: Tensor = self._fc(self._avgpool(x).flatten(1))
        return scores


def _convolution(
    channels: int, width: int, kernel: int, stride: int, *, groups: int = 1
) -> nn.Conv2d:
    if stride == 1:
        return nn.Conv2d(channels, width, kernel, padding=kernel // 2, groups=groups, bias=False)
    return StridedConv2d(channels, width, kernel, stride, groups=groups, bias=False)


def _layers(module: nn.Module) -> dict[str, str]:
    """Name every module by its path without the underscores: blocks.3.expand_conv, blocks.3."""
    paths = (path for path, _ in module.named_modules() if path not in ("", "_blocks"))
    return {path.replace("._", ".").removeprefix("_"): path for path in paths}


def _pixels() -> Normalize:
    """Red, green, blue from 0 to 255 minus 127, over 128."""
    return Normalize((0, 1, 2), 255.0, (127.0,) * 3, (128.0,) * 3)


EFFICIENTNET_LITE0 = Architecture("efficientnet-lite0", EfficientNetLite0, _layers, _pixels)
