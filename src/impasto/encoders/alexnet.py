"""AlexNet, the nearest to the network that Zeiler and Fergus looked into."""

from __future__ import annotations

from torch import Tensor, nn

from impasto.encoders.architecture import Architecture
from impasto.encoders.front_end import torchvision_pixels

LAYERS = {
    **{"conv1": "features.0", "relu1": "features.1", "pool1": "features.2"},
    **{"conv2": "features.3", "relu2": "features.4", "pool2": "features.5"},
    **{"conv3": "features.6", "relu3": "features.7"},
    **{"conv4": "features.8", "relu4": "features.9"},
    **{"conv5": "features.10", "relu5": "features.11", "pool5": "features.12"},
    **{"fc6": "classifier.1", "relu6": "classifier.2"},
    **{"fc7": "classifier.4", "relu7": "classifier.5"},
    "fc8": "classifier.6",
}


class AlexNet(nn.Module):
    """Five convolutions and three fully connected layers, on one processor.

    Source:
        Krizhevsky, arXiv:1404.5997, in the widths and with the keys of torchvision.
    """

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Score the classes: (b, 3, h, w) to (b, classes)."""
        scores: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return scores


ALEXNET = Architecture("alexnet", AlexNet, lambda _: LAYERS, torchvision_pixels)
