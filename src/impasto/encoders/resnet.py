"""ResNet-18 and ResNet-50."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders.architecture import Architecture
from impasto.encoders.front_end import torchvision_pixels


class BasicBlock(nn.Module):
    """Two convolutions, and what came in added to what goes out.

    Args:
        channels: Of the input.
        width: Of the convolutions.
        stride: Of the first.
    """

    expansion = 1

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, channels, h, w) to (b, width, h / stride, w / stride)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + self.downsample(x))


class Bottleneck(nn.Module):
    """A convolution between two that make channels fewer and many again; see BasicBlock.

    The stride is that of the middle one, as in torchvision, and not of the first as in the paper.
    """

    expansion = 4

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _shortcut(channels, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, channels, h, w) to (b, 4 · width, h / stride, w / stride)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + self.downsample(x))


class ResNet(nn.Module):
    """A stem, four stages of blocks, and a classifier.

    Args:
        block: Kind of the blocks.
        depths: Blocks in each stage.
        classes: Number of classes.
    Source:
        He, Zhang, Ren, Sun, arXiv:1512.03385, table 1, with the keys of torchvision.
    """

    def __init__(
        self, block: type[BasicBlock | Bottleneck], depths: Sequence[int], classes: int = 1000
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu1 = nn.ReLU(inplace=True)
        self.pool1 = nn.MaxPool2d(3, stride=2, padding=1)
        wide = block.expansion
        self.layer1 = _stage(block, depths[0], 64, 64, 1)
        self.layer2 = _stage(block, depths[1], 64 * wide, 128, 2)
        self.layer3 = _stage(block, depths[2], 128 * wide, 256, 2)
        self.layer4 = _stage(block, depths[3], 256 * wide, 512, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512 * wide, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Score the classes: (b, 3, h, w) to (b, classes)."""
        x = self.pool1(self.relu1(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        scores: Tensor = self.fc(self.avgpool(x).flatten(1))
        return scores


def _stage(
    block: type[BasicBlock | Bottleneck], depth: int, channels: int, width: int, stride: int
) -> nn.Sequential:
    """Chain blocks, of which the first has the stride."""
    first, wide = block(channels, width, stride), block.expansion * width
    return nn.Sequential(first, *(block(wide, width, 1) for _ in range(depth - 1)))


def _shortcut(channels: int, width: int, stride: int) -> nn.Module:
    """Bring the input of a block into the shape of its output, where it has another."""
    if stride == 1 and channels == width:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))


def _layers(module: nn.Module) -> dict[str, str]:
    """Name every module by its path: a block (layer1.0) and a stage (layer1) by what they make."""
    paths = (path for path, _ in module.named_modules() if path)
    return {path: path for path in paths if not path.endswith("downsample")}


RESNET18 = Architecture(
    "resnet18", partial(ResNet, BasicBlock, (2, 2, 2, 2)), _layers, torchvision_pixels
)
RESNET50 = Architecture(
    "resnet50", partial(ResNet, Bottleneck, (3, 4, 6, 3)), _layers, torchvision_pixels
)
