"""Sounds and series: how they enter a network, and come back."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from impasto.errors import ImpastoError, InputError, UsageError
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains import Domain, domain_for
from impasto.stylization.inputs import Inputs, Style


def noise(channels: int = 1, length: int = 4000, seed: int = 0) -> torch.Tensor:
    return torch.randn(channels, length, generator=torch.Generator().manual_seed(seed))


def sound(samples: torch.Tensor, rate_hz: float = 8000.0) -> Signal:
    return Signal(samples, "audio", {"rate_hz": rate_hz})


def series(samples: torch.Tensor, **meta: Any) -> Signal:
    return Signal(samples, "series", meta)


def domain(content: Signal, style: Signal, **settings: Any) -> Domain:
    origin = {"content": {"path": "content"}, "styles": [{"path": "style"}]}
    inputs = Inputs(content, [Style(style)], None, origin)
    return domain_for(inputs, StylizeSettings(**settings))


def loudness(samples: torch.Tensor) -> float:
    return float(samples.square().mean().sqrt())


class TestSounds:
    def test_are_heard_equally_loud_without_dc(self) -> None:
        heard = domain(sound(0.01 * noise() + 0.3), sound(0.2 * noise(2, seed=1))).inputs
        for signal in (heard.content, heard.styles[0].signal):
            assert loudness(signal.samples) == pytest.approx(0.1, rel=1e-4)
            assert signal.samples.mean(-1).abs().max() < 1e-6

    def test_come_back_at_the_loudness_of_the_content(self) -> None:
        content = 0.02 * noise()
        back = domain(sound(content), sound(noise())).present(5 * noise(seed=3) + 2).samples
        assert loudness(back) == pytest.approx(loudness(content - content.mean()), rel=1e-4)
        assert back.mean().abs() < 1e-6

    def test_never_clip(self) -> None:
        back = domain(sound(noise().clamp(-1, 1)), sound(noise())).present(noise(seed=3)).samples
        assert float(back.abs().max()) == pytest.approx(10 ** (-1 / 20), rel=1e-4)

    def test_take_the_rate_of_the_content_and_say_so(self) -> None:
        seen = domain(sound(noise()), sound(noise(length=8000), 16000.0))
        assert seen.inputs.styles[0].signal.space == (4000,)
        assert seen.remarks == [
            "style has 16000 samples a second: resampled to the 8000 of content."
        ]

    @pytest.mark.parametrize("which", [0, 1])
    def test_silence_is_named(self, which: int) -> None:
        both = [sound(noise()), sound(noise())]
        both[which] = sound(torch.full((1, 4000), 0.1))
        with pytest.raises(InputError, match=f"{('content', 'style')[which]} is silent"):
            domain(*both)


class TestSeries:
    def test_are_seen_with_mean_0_and_spread_1(self) -> None:
        seen = domain(series(3 * noise(2) + 7), series(noise(seed=1) - 5)).inputs
        for signal in (seen.content, seen.styles[0].signal):
            assert signal.samples.shape[0] == 2
            assert signal.samples.mean(-1).abs().max() < 1e-5
            assert signal.samples.std(-1, correction=0).tolist() == pytest.approx([1, 1], rel=1e-4)

    def test_come_back_in_the_units_of_the_content(self) -> None:
        content = torch.tensor([[3.0], [0.1]]) * noise(2) + 7
        shown = domain(series(content), series(noise()))
        torch.testing.assert_close(
            shown.present(shown.inputs.content.samples).samples, content, rtol=1e-4, atol=1e-4
        )

    def test_take_the_rate_of_the_content_and_say_so(self) -> None:
        style = series(noise(length=1000), rate_hz=125.0)
        seen = domain(series(noise(), rate_hz=500.0), style)
        assert seen.inputs.styles[0].signal.space == (4000,)
        assert seen.remarks == [
            "style has 125 samples a second: resampled to the 500 of the content."
        ]

    @pytest.mark.parametrize(
        ("content", "style", "kind", "told"),
        [
            (noise(), torch.ones(1, 99), InputError, "values are all the same"),
            (torch.ones(1, 99), noise(), InputError, "values are all the same"),
            (noise(3), noise(2), UsageError, "style has 2 channels and content 3"),
        ],
    )
    def test_what_makes_no_sense_is_named(
        self, content: torch.Tensor, style: torch.Tensor, kind: type[ImpastoError], told: str
    ) -> None:
        with pytest.raises(kind, match=told):
            domain(series(content), series(style))


@pytest.mark.parametrize("make", [sound, series])
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"size": 64}, "--size"),
        ({"levels": 2}, "--levels"),
        ({"style_scale": 2.0}, "--style-scale"),
        ({"colors": "match"}, "--colors"),
    ],
)
def test_what_has_sides_only_is_refused(make: Any, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        domain(make(noise()), make(noise()), **changes)


def test_what_goes_with_what_is_told() -> None:
    with pytest.raises(UsageError, match=r"a sound, which is no style for a series.*a volume that"):
        domain(series(noise()), sound(noise()))
