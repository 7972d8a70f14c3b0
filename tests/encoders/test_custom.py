from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from impasto.encoders import Layer, Wrapped
from impasto.encoders.custom import load_custom
from impasto.errors import ShapeError, UsageError, WeightsError

NETS = """
import torch
from torch import nn
import impasto
from impasto.errors import WeightsError

def build():
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2))

def sound():
    return nn.Sequential(nn.Conv1d(1, 2, 9, stride=4), nn.ReLU())

def volume():
    return nn.Sequential(nn.Conv3d(1, 2, 3), nn.ReLU())

def fixed(side):
    length = side // 2 * side // 2 * 2
    return nn.Sequential(nn.Conv2d(1, 2, 2, stride=2), nn.Flatten(), nn.Linear(length, 10))

def fixed_28():
    return fixed(28)

def fixed_224():
    return fixed(224)

def fixed_50():
    return fixed(50)

def named():
    front_end = impasto.encoders.Normalize((0,), 2.0, (1.0,), (1.0,))
    return impasto.Wrapped(nn.Conv1d(1, 1, 1), {"a": ""}, front_end=front_end, name="mine")

def flat():
    return nn.Linear(3, 4)

def fails():
    raise ValueError("no weights here.\\nReally.")

def misses():
    raise WeightsError("Missing.")

def nothing():
    pass

number = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a package my_nets."""
    (tmp_path / "my_nets").mkdir()
    (tmp_path / "my_nets" / "tiny.py").write_text(NETS)
    (tmp_path / "my_nets" / "broken.py").write_text("def build(:\n")
    (tmp_path / "my_nets" / "needy.py").write_text("import not_installed.here\n")
    monkeypatch.chdir(tmp_path)
    for name in list(sys.modules):
        if name.partition(".")[0] == "my_nets":
            monkeypatch.delitem(sys.modules, name)
    return tmp_path


def test_a_module_becomes_an_encoder() -> None:
    encoder = load_custom("my_nets.tiny:build")
    assert isinstance(encoder, Wrapped)
    assert (encoder.name, encoder.axes, encoder.channels) == ("my_nets.tiny:build", 2, 3)
    assert list(encoder.table.values()) == [Layer("0", 4, 1), Layer("1", 4, 1), Layer("2", 4, 2)]
    batch = torch.rand(2, 3, 10, 12)
    assert encoder(batch, ["2"])["2"].shape == (2, 4, 5, 6)
    with pytest.raises(ShapeError):
        encoder(batch[:, :1], ["2"])


@pytest.mark.parametrize(("name", "axes"), [("sound", 1), ("volume", 3)])
def test_axes_are_those_of_the_first_convolution(name: str, axes: int) -> None:
    encoder = load_custom(f"my_nets.tiny:{name}")
    assert isinstance(encoder, Wrapped)
    assert (encoder.axes, encoder.channels) == (axes, 1)


@pytest.mark.parametrize("side", [28, 224])
def test_a_size_that_works_is_found(side: int) -> None:
    encoder = load_custom(f"my_nets.tiny:fixed_{side}")
    assert isinstance(encoder, Wrapped)
    assert encoder.space == (side, side)
    assert encoder.table["2"] == Layer("2", 10, 0)


def test_an_encoder_is_taken_as_it_is() -> None:
    encoder = load_custom("my_nets.tiny:named")
    assert (encoder.name, list(encoder.table)) == ("mine", ["a"])


def test_the_path_of_python_is_left_alone() -> None:
    before = list(sys.path)
    load_custom("my_nets.tiny:build")
    assert sys.path == before


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("my_nets:", "is not of the form package.module:function"),
        (":build", "is not of the form"),
        ("my_nets/tiny.py:build", "is not of the form"),
        ("a:b:c", "is not of the form"),
        ("my_net.tiny:build", "no module 'my_net' in the current folder"),
        ("my_nets.small:build", r"no module 'my_nets\.small'"),
        ("my_nets.needy:build", "cannot be imported: ModuleNotFoundError: .*not_installed"),
        ("my_nets.broken:build", "my_nets.broken cannot be imported: SyntaxError"),
        ("my_nets.tiny:built", r"no function 'built'\. Did you mean build"),
        ("my_nets.tiny:number", "no function 'number'"),
        ("my_nets.broken_:x", "no module"),
        ("my_nets.tiny:fails", r"fails failed: ValueError: no weights here\.$"),
        ("my_nets.tiny:fixed", "fixed failed: TypeError: .*side"),
        ("my_nets.tiny:nothing", "returned no nn.Module but a NoneType"),
        ("my_nets.tiny:flat", "no convolution.*example="),
        ("my_nets.tiny:fixed_50", "takes no input of 64, 224, .*example="),
    ],
)
def test_what_is_wrong_is_said(target: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        load_custom(target)


def test_a_network_that_misses_its_weights_says_so() -> None:
    with pytest.raises(WeightsError, match="Missing"):
        load_custom("my_nets.tiny:misses")


def test_other_folders_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    with pytest.raises(UsageError, match="no module 'my_nets'"):
        load_custom("my_nets.tiny:build")


def test_a_module_without_a_package(folder: Path) -> None:
    (folder / "alone.py").write_text("from torch.nn import Conv1d\nbuild = lambda: Conv1d(1, 2, 1)")
    assert list(load_custom("alone:build").table.values()) == [Layer("output", 2, 1)]
