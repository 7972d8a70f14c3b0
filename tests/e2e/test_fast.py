"""Trained networks, from training to pictures, by the installed program."""

from __future__ import annotations

import io
import signal
import sys
from typing import Any

import numpy as np
from PIL import Image

from impasto.fast.model import read_model

QUICK = (
    *("--batch", "1", "--crop", "32", "--size", "48", "--widths", "4,6", "--blocks", "1"),
    *("--precision", "float32", "--photos", "photos"),
)


def photographs(desk: Any) -> None:
    (desk / "photos").mkdir()
    for number in range(3):
        desk.picture(f"photos/{number}.png", 64, 48, seed=number)
    for number, name in enumerate(("waves.png", "dots.png")):
        desk.picture(name, 60, 60, seed=10 + number)


def trained(desk: Any, *words: str, name: str = "m.safetensors") -> None:
    steps = ("--steps", "2", "--report-every", "1", "-o", name)
    made = desk.impasto("train", *(words or ("--style", "waves.png")), *QUICK, *steps)
    assert made.code == 0, made.stderr


def test_from_stdin_to_stdout(desk: Any) -> None:
    photographs(desk)
    trained(desk)
    photo = (desk / "photos/0.png").read_bytes()
    made = desk.impasto("stylize", "-", "--model", "m.safetensors", "-o", "-", "-q", stdin=photo)
    assert made.code == 0, made.stderr
    assert Image.open(io.BytesIO(made.stdout)).size == (512, 384)


def test_any_painting_is_taken_at_once(desk: Any) -> None:
    """By the network that comes with impasto, with what goes with other stylizations."""
    photographs(desk)
    for name in ("left.png", "right.png"):
        box = (0, 0, 32, 48) if name == "left.png" else (32, 0, 64, 48)
        mask = Image.new("RGB", (64, 48), "black")
        mask.paste("white", box)
        mask.save(desk / name)
    Image.new("RGB", (60, 60), "white").save(desk / "all.png")
    two = ("-s", "waves.png", "-s", "dots.png")
    masks = ("--mask", "left.png", "all.png", "--mask", "right.png", "all.png")
    pictures = {}
    for name, words in {
        "one": ("-s", "waves.png"),
        "weak": ("-s", "waves.png", "--strength", "0.3"),
        "none": ("-s", "waves.png", "--strength", "0", "--bits", "16"),
        "blend": ("-s", "waves.png:0.5", "-s", "dots.png:0.5"),
        "own": ("-s", "waves.png", "--colors", "luminance"),
        "parts": (*two, *masks),
    }.items():
        made = desk.impasto("stylize", "photos/0.png", *words, "--fast", "-o", f"{name}.png")
        made.succeeds()
        pictures[name] = desk.pixels(f"{name}.png").tobytes()
    assert len({*pictures.values()}) == len(pictures)
    assert (desk / "none.png").read_bytes()[24] == 16  # bits, in the header of a PNG
    with Image.open(desk / "photos/0.png") as photo:
        whole = np.asarray(photo.resize((512, 384), Image.Resampling.BICUBIC), float)
    away = {name: abs(whole - desk.pixels(f"{name}.png")).mean() for name in pictures}
    assert away["none"] == min(away.values()) < 2  # of 255


def test_refining_begins_with_what_was_painted(desk: Any) -> None:
    photographs(desk)
    trained(desk)
    words = ("--model", "m.safetensors", "--size", "40", "-s", "waves.png")
    made = desk.impasto(
        "stylize", "photos/0.png", *words, "--refine", "2", "--trace", "t.jsonl", "-o", "out.png"
    )
    made.succeeds()
    assert len((desk / "t.jsonl").read_text().splitlines()) == 3
    desk.impasto("rerun", "out.png").succeeds()
    assert (desk.pixels("out.png") == desk.pixels("out.rerun.png")).all()


def test_a_training_that_was_killed_goes_on_to_the_same_network(desk: Any) -> None:
    photographs(desk)
    words = ("train", "--style", "waves.png", "--style", "dots.png", *QUICK)
    steps = ("--steps", "60", "--report-every", "1")
    killed = desk.start(*words, *steps, "-o", "one.safetensors")
    log = desk / "one.log/trace.jsonl"
    desk.wait_until((desk / "one.checkpoint").exists, killed)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    seen = log.read_text().count("\n")
    assert 0 < seen < 60
    for name in ("one", "two"):
        ended = desk.impasto(*words, *steps, "-o", f"{name}.safetensors")
        assert ended.code == 0, ended.stderr
    one, two = (read_model(desk / f"{name}.safetensors") for name in ("one", "two"))
    for key, own in one.modules().state_dict().items():
        assert bool((own == two.modules().state_dict()[key]).all()), key


TOGETHER = """
from pathlib import Path

import torch

from impasto.fast.photos import Photos
from impasto.fast.stock import Stock
from impasto.fast.training import Session
from impasto.settings import TrainSettings

settings = TrainSettings(
    steps=3, batch=1, crop=32, size=48, widths="4,6", blocks=1, plain=0.0, precision="float32",
    device="cpu",
)
session = Session(settings, Photos("photos", longest=48, crop=32), Stock([Path("waves.png")]))
*_, step = session.steps()
own = torch.cat([weight.detach().flatten() for weight in session.pupil.parameters()])
weights = session.accelerator.gather(own[None])
costs = session.accelerator.gather(torch.tensor([step.record["total"]]))
assert len(weights) == 2
assert torch.equal(*weights)
assert costs[0] != costs[1]
"""


def test_two_processes_train_one_network(desk: Any) -> None:
    """Each learns from squares of its own, and all learn from all of them; one writes."""
    photographs(desk)
    (desk / "together.py").write_text(TOGETHER)
    launch = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    env = {"OMP_NUM_THREADS": "1"}

    def run(*words: str) -> Any:
        return desk.end(desk.start(*words, program=(sys.executable, *launch), env=env))

    together = run("together.py")
    assert together.code == 0, together.stderr
    steps = ("--device", "cpu", "--steps", "2", "-o", "m.safetensors")
    made = run("-m", "impasto", "train", "--style", "waves.png", *QUICK, *steps)
    assert made.code == 0, made.stderr
    assert made.stderr.count("m.safetensors: J ") == 1
    assert read_model(desk / "m.safetensors").known[0].name == "waves"


def test_what_goes_wrong(desk: Any) -> None:
    photographs(desk)
    trained(desk)
    (desk / "short.safetensors").write_bytes((desk / "m.safetensors").read_bytes()[:-100])
    (desk / "pickle.safetensors").write_bytes(b"\x80\x04cos\nsystem\n.")

    def stylize(*words: str) -> Any:
        return desk.impasto("stylize", "photos/0.png", *words)

    stylize("--model", "short.safetensors").refuses(4, "damaged or cut short")
    stylize("--model", "pickle.safetensors").refuses(4, "holds a pickle")
    stylize("--model", "photos/0.png").refuses(4, "no model of impasto")
    stylize("--model", "none.safetensors").refuses(4, "none.safetensors", "No such file")
    two = ("-s", "waves", "-s", "waves")
    stylize("--model", "m.safetensors", *two).refuses(2, "has 1 style, and 2 are asked for")
    (desk / "empty").mkdir()
    empty = ("train", "-s", "waves.png", "--photos", "empty", "-o", "n.safetensors")
    desk.impasto(*empty).refuses(3, "empty", "nothing to look at")
