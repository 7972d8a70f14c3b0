"""CREPE: a network that hears the pitch of a sound, slid over sounds of any length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders.encoder import Chain, CostLayers, Layer, chain_layers
from impasto.encoders.state import State

CREPE_TINY = "crepe-tiny"
RATE_HZ = 16_000.0
FRAME = 1024  # samples of what it was trained on
LOUDNESS = 0.1  # root mean square of a signal that the network sees with spread 1
CENTS = (1997.3794084376191, 20.0)  # of the first pitch over 10 Hz, and between neighbors

# Channels of each block. Then its filters: how many positions before and behind its own each sees.
# In a frame the maps are so short that the outer filter taps of blocks 4 to 6 only ever met
# padding. They were never trained, and are left out: in a longer sound they would meet the sound.
_BLOCKS = (
    (128, 254, 257),
    (16, 31, 32),
    (16, 31, 32),
    (16, 31, 31),
    (32, 15, 15),
    (64, 7, 7),
)
_KERNELS = (512, 64, 64, 64, 64, 64)  # as they were trained
_STRIDE = 4  # of the first convolution
_POSITIONS = 4  # of the last block, which the classifier reads together
_PITCHES = 360
_EPSILON = 1e-3  # of Keras


class Mono(nn.Module):
    """Mixes the channels of a sound, at a fixed gain.

    CREPE was trained on frames of mean 0 and spread 1. A spread of its own for each frame would let
    neighboring positions see different sounds, and silence become noise. So the gain is the same
    everywhere: sounds are brought to one loudness as a whole before they come here.
    """

    def forward(self, batch: Tensor) -> Tensor:
        """Map (b, channel, t) to (b, 1, t)."""
        return batch.mean(1, keepdim=True) / LOUDNESS


class LopsidedConv1d(nn.Conv1d):
    """A convolution that sees more behind its position than before it, as even filters in Keras.

    Args:
        in_channels: Channels that it reads.
        out_channels: Channels that it makes.
        before: Positions before its own that it sees.
        behind: Positions behind its own that it sees, at least as many.
    """

    def __init__(self, in_channels: int, out_channels: int, *, before: int, behind: int) -> None:
        super().__init__(in_channels, out_channels, before + 1 + behind, padding=before)
        self.behind = behind

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, in_channels, t) to (b, out_channels, t)."""
        return super().forward(functional.pad(x, (0, self.behind - int(self.padding[0]))))


def crepe(state: State, *, source: str | None = None) -> Chain:
    """Fill the smallest CREPE with weights.

    Its layers are conv1, relu1, norm1, pool1 to pool6, classifier and pitch: how likely each of
    360 pitches is, 20 cents apart from 31.7 Hz on. Over a frame of 1024 samples, see `frames`, all
    of them are those of the original. Over longer sounds those to relu2 still are. Deeper ones see
    more than a frame, and there the sound itself where in training there was nothing: they still
    tell sounds apart, but the pitch is right only frame by frame.

    Args:
        state: The weights, by the paths of Keras.
        source: Where they come from, in words; None for the path of the file.
    Raises:
        WeightsError: If they are not those of this network.
    Source:
        Kim, Salamon, Li, Bello, "CREPE: A Convolutional Representation for Pitch Estimation",
        arXiv:1802.06182, figure 1.
    """
    tensors = state.fitted(CREPE_TINY, _shapes())
    modules = dict(_modules())
    with torch.no_grad():
        for block, (_, before, _) in enumerate(_BLOCKS, start=1):
            convolution, norm = modules[f"conv{block}"], modules[f"norm{block}"]
            kernel = tensors[_path(f"conv{block}", "kernel")].permute(2, 1, 0)
            (taps,) = convolution.kernel_size
            first = (_KERNELS[block - 1] - 1) // 2 - before if block > 1 else 0
            convolution.weight.copy_(kernel[..., first : first + taps])
            convolution.bias.copy_(tensors[_path(f"conv{block}", "bias")])
            norm.weight.copy_(tensors[_path(f"conv{block}-BN", "gamma")])
            norm.bias.copy_(tensors[_path(f"conv{block}-BN", "beta")])
            norm.running_mean.copy_(tensors[_path(f"conv{block}-BN", "moving_mean")])
            norm.running_var.copy_(tensors[_path(f"conv{block}-BN", "moving_variance")])
        classifier = modules["classifier"]
        dense = tensors[_path("classifier", "kernel")]  # its rows: position by position
        classifier.weight.copy_(dense.view(_POSITIONS, -1, _PITCHES).permute(2, 1, 0))
        classifier.bias.copy_(tensors[_path("classifier", "bias")])
    encoder = Chain(
        CREPE_TINY,
        Mono(),
        list(modules.items()),
        source=source or str(state.path),
        weights_hash=state.sha256,
    )
    encoder.medium, encoder.rate_hz, encoder.loudness = "audio", RATE_HZ, LOUDNESS
    encoder.cost_layers = CostLayers({"relu2": 1.0}, {"relu1": 1.0, "relu2": 1.0, "relu3": 1.0})
    return encoder


def crepe_layers() -> list[Layer]:
    """List its layers, from shallow to deep."""
    with torch.device("meta"):
        return list(chain_layers(list(_modules())))


def frames(sound: Tensor, *, hop: int = 160) -> Tensor:
    """Cut a sound into the frames that the network was trained on.

        hertz = pitch_hz(encoder(frames(sound), ["pitch"])["pitch"])

    Args:
        sound: Shape (channel, t) at 16,000 Hz, at least 1024 samples long.
        hop: Samples between frames; 160 are 10 ms.
    Returns:
        Shape (n, 1, 1024), each of mean 0 and loudness `LOUDNESS`; silence stays silent.
    """
    cut = sound.mean(0).unfold(0, FRAME, hop)
    centered = cut - cut.mean(1, keepdim=True)
    spread = centered.square().mean(1, keepdim=True).sqrt().clamp(min=1e-12)
    return (centered * (LOUDNESS / spread)).unsqueeze(1)


def pitch_hz(pitch: Tensor) -> Tensor:
    """Return the frequency that the layer `pitch` means, in Hz.

    Args:
        pitch: Shape (b, 360, t).
    Returns:
        Shape (b, t): the mean over the highest pitch and four neighbors on each side, by weight.
    Source:
        Kim et al., arXiv:1802.06182, eq. 1 and 2; over the neighbors, as in the authors' program.
    """
    first, step = CENTS
    cents = first + step * torch.arange(_PITCHES, device=pitch.device)
    away = torch.arange(_PITCHES, device=pitch.device)[:, None] - pitch.argmax(1, keepdim=True)
    near = pitch * (away.abs() <= 4)
    mean = (near * cents[:, None]).sum(1) / near.sum(1)
    return 10 * torch.exp2(mean / 1200)


def _modules() -> Iterator[tuple[str, Any]]:
    channels = 1
    for block, (width, before, behind) in enumerate(_BLOCKS, start=1):
        if block == 1:
            convolution: nn.Conv1d = nn.Conv1d(1, width, _KERNELS[0], _STRIDE, padding=before)
        elif before == behind:
            convolution = nn.Conv1d(channels, width, 2 * before + 1, padding=before)
        else:
            convolution = LopsidedConv1d(channels, width, before=before, behind=behind)
        yield f"conv{block}", convolution
        yield f"relu{block}", nn.ReLU()
        yield f"norm{block}", nn.BatchNorm1d(width, eps=_EPSILON)
        yield f"pool{block}", nn.MaxPool1d(2)
        channels = width
    yield "classifier", nn.Conv1d(channels, _PITCHES, _POSITIONS)
    yield "pitch", nn.Sigmoid()


def _shapes() -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor in the file by its path."""
    shapes: dict[str, tuple[int, ...]] = {}
    channels = 1
    for block, (width, _, _) in enumerate(_BLOCKS, start=1):
        shapes[_path(f"conv{block}", "kernel")] = (_KERNELS[block - 1], channels, width)
        shapes[_path(f"conv{block}", "bias")] = (width,)
        for name in ("gamma", "beta", "moving_mean", "moving_variance"):
            shapes[_path(f"conv{block}-BN", name)] = (width,)
        channels = width
    shapes[_path("classifier", "kernel")] = (_POSITIONS * channels, _PITCHES)
    shapes[_path("classifier", "bias")] = (_PITCHES,)
    return shapes


def _path(layer: str, name: str) -> str:
    return f"{layer}/{layer}_3/{name}:0"  # as Keras named its fourth model
