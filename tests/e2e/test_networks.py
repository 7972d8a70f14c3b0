"""Networks other than VGG."""

from __future__ import annotations

import json
from typing import Any

LAYERS = ("--content-layers", "blocks.2", "--style-layers", "relu0,blocks.0:0.5")
OWN_NETWORK = """
from torch import nn

def build():
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2))
"""


def test_a_classifier_stylizes(desk: Any) -> None:
    words = ("--encoder", "efficientnet-lite0", *LAYERS, "-o", "out.png")
    desk.stylize(*words).succeeds()
    assert desk.pixels("out.png").shape == (24, 32, 3)
    desk.impasto("rerun", "out.png").succeeds()
    assert (desk / "out.rerun.png").read_bytes() == (desk / "out.png").read_bytes()


def test_layers_of_vgg_are_not_those_of_others(desk: Any) -> None:
    outcome = desk.stylize("--encoder", "efficientnet-lite0")
    outcome.refuses(2, "efficientnet-lite0 has no layer 'relu", "Did you mean relu")


def test_nothing_is_fetched_behind_the_users_back(desk: Any) -> None:
    env = {"IMPASTO_CACHE": str(desk / "cache")}
    words = ("stylize", "photo.png", "--style", "style.png", "--encoder", "resnet50")
    outcome = desk.impasto(*words, env=env)
    outcome.refuses(4, "impasto encoders --download resnet50", "https://", "--weights FILE")
    assert not (desk / "cache").exists()


def test_offline(desk: Any) -> None:
    """A proxy that is not there stands for a network that is not there."""
    env = {
        "IMPASTO_CACHE": str(desk / "cache"),
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": "",
    }
    outcome = desk.impasto("encoders", "--download", "resnet18", "--quiet", env=env)
    outcome.refuses(4, "resnet18-f37072fd.pth cannot be reached")
    assert list((desk / "cache").iterdir()) == []


def test_a_network_of_ones_own(desk: Any) -> None:
    (desk / "my_nets").mkdir()
    (desk / "my_nets" / "tiny.py").write_text(OWN_NETWORK)
    listed = json.loads(desk.impasto("encoders", "my_nets.tiny:build", "--json").stdout)
    (entry,) = listed.values()
    assert [layer["stride"] for layer in entry["layers"]] == [1, 1, 2]
    words = ("--encoder", "my_nets.tiny:build", "--content-layers", "1", "--style-layers", "0,2")
    desk.stylize(*words, "-o", "out.png").succeeds()
    desk.impasto("rerun", "out.png").refuses(3, "a network of the caller's")
    desk.stylize("--encoder", "my_nets.tiny:built").refuses(2, "Did you mean build")
