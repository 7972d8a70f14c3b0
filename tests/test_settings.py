from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.encoders.catalog import NETWORKS
from impasto.encoders.vgg import Convention, Pooling
from impasto.engine.canvas import CanvasName
from impasto.engine.optimizers import OptimizerName
from impasto.engine.precision import PrecisionName
from impasto.errors import UsageError
from impasto.objectives.conventions import CONVENTIONS
from impasto.settings import (
    ObjectiveName,
    StylizeSettings,
    check_weight,
    option,
    parse_bytes,
    parse_layers,
)
from impasto.stylization.domains import DOMAINS

NAN, INF = float("nan"), float("inf")
WHOLE = {"size": 1, "steps": 1, "levels": 1, "max_pixels": 1, "seed": 0}
WEIGHTS = ("content_weight", "style_weight", "tv_weight")
LAYERS = ("content_layers", "style_layers")


def make(**values: Any) -> StylizeSettings:
    return StylizeSettings(**values)


class TestRanges:
    @pytest.mark.parametrize(("name", "lowest"), WHOLE.items())
    def test_whole_numbers(self, name: str, lowest: int) -> None:
        assert getattr(make(**{name: lowest}), name) == lowest
        for wrong in (lowest - 1, -5, 1.5, 7.0, NAN, INF, "7", True, [7]):
            with pytest.raises(UsageError, match=f"{option(name)} must be a whole number from"):
                make(**{name: wrong})

    @pytest.mark.parametrize("name", ["max_pixels", "seed"])
    def test_only_some_may_be_left_open(self, name: str) -> None:
        assert make(levels=None, steps=None, memory=None) == make()
        with pytest.raises(UsageError, match=f"{option(name)} must be a whole number"):
            make(**{name: None})

    def test_size_may_be_that_of_the_content(self) -> None:
        assert make(size="original").size == "original"

    def test_seed_fits_a_generator(self) -> None:
        assert make(seed=2**63 - 1).seed == 2**63 - 1
        with pytest.raises(UsageError, match="--seed"):
            make(seed=2**63)

    @pytest.mark.parametrize("name", WEIGHTS)
    def test_weights(self, name: str) -> None:
        for right in (0, 1, 0.5, 1e30, None):
            assert getattr(make(**{name: right}), name) == right
        for wrong in (-1, -0.001, NAN, INF, -INF, "1"):
            with pytest.raises(UsageError, match=f"{option(name)} must be a finite number from 0"):
                make(**{name: wrong})

    @pytest.mark.parametrize("name", LAYERS)
    def test_weights_of_layers(self, name: str) -> None:
        layers = {"relu1_1": 0, "relu2_1": 0.5}
        assert getattr(make(**{name: layers}), name) == layers
        for wrong in (-1, NAN, INF, "1"):
            with pytest.raises(UsageError, match=f"{option(name)} relu2_1 must be a finite"):
                make(**{name: {"relu1_1": 1.0, "relu2_1": wrong}})

    @pytest.mark.parametrize("name", LAYERS)
    @pytest.mark.parametrize("wrong", ["relu1_1", ["relu1_1"]])
    def test_layers_without_weights(self, name: str, wrong: object) -> None:
        with pytest.raises(UsageError, match=f"{name} maps layers to weights"):
            make(**{name: wrong})

    @pytest.mark.parametrize("wrong", [0, -1, NAN, INF, "1"])
    def test_style_scale(self, wrong: object) -> None:
        assert make(style_scale=2).style_scale == 2
        with pytest.raises(UsageError, match="--style-scale must be a"):
            make(style_scale=wrong)

    @pytest.mark.parametrize(
        ("name", "wrong", "hint"),
        [
            ("colors", "luminence", "Did you mean luminance?"),
            ("optimizer", "sgd", "Choose from lbfgs, adam."),
            ("canvas", "pixels", "Choose from spectrum, samples, spectrogram."),
            ("objective", "neural_style", "Did you mean neural-style?"),
            ("pooling", "avg", "Did you mean average?"),
            ("precision", "float16", "Did you mean bfloat16 or float32?"),
            ("weights_convention", "cafe", "Did you mean caffe?"),
        ],
    )
    def test_choices(self, name: str, wrong: str, hint: str) -> None:
        with pytest.raises(UsageError) as caught:
            make(**{name: wrong}, weights=Path("a.pth"))
        assert str(caught.value) == f"{option(name)} cannot be {wrong!r}. {hint}"

    def test_a_convention_without_weights(self) -> None:
        with pytest.raises(UsageError, match="--weights-convention needs --weights FILE"):
            make(weights_convention="caffe")
        assert make(weights="a.pth", weights_convention="caffe").weights == Path("a.pth")


FIELDS = [field.name for field in dataclasses.fields(StylizeSettings)]


class TestAgreement:
    """The settings need no torch, so that they repeat what is known elsewhere."""

    def test_objectives_are_the_conventions(self) -> None:
        assert get_args(ObjectiveName) == tuple(CONVENTIONS)

    @pytest.mark.parametrize(
        ("name", "choices"),
        [
            ("optimizer", OptimizerName),
            ("canvas", CanvasName),
            ("pooling", Pooling),
            ("precision", PrecisionName),
            ("weights_convention", Convention),
        ],
    )
    def test_every_choice_is_known(self, name: str, choices: Any) -> None:
        for choice in get_args(choices):
            assert getattr(make(**{name: choice}, weights="a.pth"), name) == choice
        other = make(**{name: get_args(choices)[0]}, weights="a.pth")
        with pytest.raises(UsageError, match=", ".join(get_args(choices))):
            other.changed({name: "?"})

    def test_default_encoder_is_known(self) -> None:
        assert make().encoder is None
        assert {domain.encoder for domain in DOMAINS.values()} <= set(NETWORKS)

    def test_every_setting_has_help_and_a_group(self) -> None:
        hints = get_type_hints(StylizeSettings, include_extras=True)
        assert set(hints) == {*FIELDS, "lowest"}
        for name in FIELDS:
            (setting,) = hints[name].__metadata__
            assert setting.help.endswith((".", ")"))
            assert setting.group


class TestChanged:
    def test_returns_others(self) -> None:
        before = make(steps=7)
        assert before.changed({"size": 9, "seed": 3}) == make(steps=7, size=9, seed=3)
        assert before == make(steps=7)

    def test_checks_again(self) -> None:
        with pytest.raises(UsageError, match="--steps"):
            make().changed({"steps": 0})

    def test_unknown_setting_offers_the_nearest(self) -> None:
        with pytest.raises(
            UsageError, match=r"no setting 'stlye_scale'\. Did you mean style_scale"
        ):
            make().changed({"stlye_scale": 1})


layers = st.none() | st.dictionaries(st.text(min_size=1), st.floats(0, 1e6), min_size=1)
weights = st.none() | st.floats(0, 1e30)


class TestJson:
    def test_every_field_is_stored(self) -> None:
        values = make(weights=Path("folder/a.pth"), size="original").to_json()
        assert list(values) == FIELDS
        assert values["weights"] == "folder/a.pth"

    @given(
        st.fixed_dictionaries(
            {
                "size": st.integers(1, 10**6) | st.just("original"),
                "seed": st.integers(0, 2**63 - 1),
                "levels": st.none() | st.integers(1, 99),
                "objective": st.sampled_from(get_args(ObjectiveName)),
                "init": st.text(),
                "style_scale": st.floats(1e-6, 1e6),
                "weights": st.none() | st.sampled_from([Path("a.pth"), Path("/b/ü.safetensors")]),
                **dict.fromkeys(WEIGHTS, weights),
                **dict.fromkeys(LAYERS, layers),
            }
        )
    )
    def test_round_trip(self, values: dict[str, Any]) -> None:
        settings = make(**values)
        text = json.dumps(settings.to_json())
        assert StylizeSettings.from_json(json.loads(text)) == settings

    def test_missing_fields_have_their_defaults(self) -> None:
        assert StylizeSettings.from_json({"steps": 7}) == make(steps=7)

    @pytest.mark.parametrize("values", [{"steps": 0}, {"stepz": 1}, {"colors": "blue"}])
    def test_is_checked(self, values: dict[str, Any]) -> None:
        with pytest.raises(UsageError):
            StylizeSettings.from_json(values)


class TestParseLayers:
    @pytest.mark.parametrize(
        ("text", "layers"),
        [
            ("relu4_2", {"relu4_2": 1}),
            ("relu3_1:0.5,relu4_2", {"relu3_1": 0.5, "relu4_2": 1}),
            ("relu1_1:1, relu2_1:1e-3 ,", {"relu1_1": 1, "relu2_1": 1e-3}),
            ("relu1_1 relu2_1:2", {"relu1_1": 1, "relu2_1": 2}),
            ("relu1_1:-1", {"relu1_1": -1}),  # which the settings refuse
        ],
    )
    def test_known_values(self, text: str, layers: dict[str, float]) -> None:
        assert parse_layers(text) == layers

    @pytest.mark.parametrize("text", ["", " ", ",,"])
    def test_no_layer(self, text: str) -> None:
        with pytest.raises(UsageError, match="No layer is named"):
            parse_layers(text)

    @pytest.mark.parametrize("text", ["relu1_1:big", "relu2_1,relu1_1:1:2"])
    def test_no_weight(self, text: str) -> None:
        with pytest.raises(UsageError, match=r"in 'relu1_1:.*' is not a weight"):
            parse_layers(text)


class TestBytes:
    @pytest.mark.parametrize(
        ("text", "amount"),
        [
            ("1000", 1000),
            ("2GB", 2 * 2**30),
            ("2g", 2 * 2**30),
            ("0.5 GiB", 2**29),
            ("512 MB", 2**29),
            ("7B", 7),
            ("1tb", 2**40),
        ],
    )
    def test_known_values(self, text: str, amount: int) -> None:
        assert parse_bytes(text) == amount

    @pytest.mark.parametrize("text", ["", "GB", "-2GB", "2 XB", "2GBB", "1e9", "two"])
    def test_no_amount(self, text: str) -> None:
        with pytest.raises(UsageError, match="is not an amount of memory, such as 2GB"):
            parse_bytes(text)


def test_check_weight_names_the_option() -> None:
    check_weight("--alpha", 0)
    with pytest.raises(UsageError, match=r"^--alpha must be a finite number from 0, not nan"):
        check_weight("--alpha", NAN)


def test_option() -> None:
    assert option("style_scale") == "--style-scale"
