from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from importlib.resources import files
from types import FunctionType

import pytest

import impasto


def python(code: str) -> str:
    """Run code in a new process in which warnings are errors, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "module", ["impasto", "impasto.cli.main", "impasto.settings", "impasto.samples"]
)
def test_import_is_quick(module: str) -> None:
    slow = ("torch", "numpy", "cv2", "matplotlib", "PIL.Image", "safetensors")
    code = f"import sys, {module}; print([name for name in {slow} if name in sys.modules])"
    assert python(code) == "[]\n"


EVERYTHING = """
import sys
sys.modules["torchvision"] = None  # importing it raises ImportError
import importlib, pkgutil, impasto
names = [module.name for module in pkgutil.walk_packages(impasto.__path__, "impasto.")]
for name in names:
    if name != "impasto.__main__":
        importlib.import_module(name)
import torch
encoder = impasto.load_encoder()
print(tuple(encoder(torch.zeros(1, 3, 16, 16), ["relu5_1"])["relu5_1"].shape))
assert callable(impasto.stylize) and impasto.stylize.__module__ == "impasto.stylization.recipe"
print([name for name in sys.modules if name.split(".")[0] == "torchvision"])
print("impasto.engine.run" in names)
"""


def test_every_module_works_without_torchvision() -> None:
    assert python(EVERYTHING) == "(1, 512, 1, 1)\n['torchvision']\nTrue\n"


@pytest.mark.parametrize("name", impasto.__all__)
def test_public_names_resolve(name: str) -> None:
    assert name in dir(impasto)
    assert getattr(impasto, name).__name__ == name


def test_front_door_is_sorted_and_complete() -> None:
    assert impasto.__all__ == sorted(impasto.__all__)
    assert set(impasto._HOMES) == set(impasto.__all__)


def test_stylize_is_a_function() -> None:
    import impasto.stylization.recipe

    assert isinstance(impasto.stylize, FunctionType)
    assert impasto.stylize is impasto.stylization.recipe.stylize


def test_unknown_names_are_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'stylise'"):
        impasto.stylise  # noqa: B018


def test_is_typed() -> None:
    assert files("impasto").joinpath("py.typed").is_file()


def test_torchvision_is_no_dependency() -> None:
    requires = distribution("impasto").requires or []
    assert requires
    assert not any(requirement.startswith("torchvision") for requirement in requires)
