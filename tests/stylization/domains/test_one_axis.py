"""Sounds and series: how they enter a network, and come back."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from impasto.encoders import Encoder, random_encoder
from impasto.encoders.encoder import CostLayers
from impasto.encoders.spectral import deep_spectral_encoder
from impasto.errors import ImpastoError, InputError, UsageError
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains import Domain, domain_for
from impasto.stylization.inputs import Inputs, Style
from impasto.stylization.problem import StyleTransfer


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


def hearing(rate_hz: float) -> Encoder:
    """A network of a rate of its own."""
    encoder = random_encoder(1, 2, channels=(3,))
    encoder.name, encoder.medium, encoder.rate_hz = "ear", "audio", rate_hz
    encoder.cost_layers = CostLayers({"relu1_1": 1.0}, {"relu1_1": 1.0})
    return encoder


def tone(hertz: float, rate_hz: float, seconds: float = 1.0) -> torch.Tensor:
    time = torch.arange(round(seconds * rate_hz)) / rate_hz
    return 0.1 * torch.sin(2 * torch.pi * hertz * time)[None]


class TestRateOfTheNetwork:
    @pytest.mark.parametrize("rate_hz", [8000.0, 11025.0, 44100.0, 48000.0, 96000.0])
    def test_is_that_of_what_it_hears_and_not_of_the_result(self, rate_hz: float) -> None:
        content = sound(tone(440, rate_hz), rate_hz)
        made = domain(content, sound(noise(length=32000), 16000.0))
        assert made.shown_to(ear := hearing(16000.0)) is ear
        for signal in (made.inputs.content, made.inputs.styles[0].signal):
            assert signal.meta["rate_hz"] == 16000
            assert loudness(signal.samples) == pytest.approx(0.1, rel=1e-2)
        assert made.inputs.content.space == (16000,)
        back = made.present(made.inputs.content.samples)
        assert back.meta["rate_hz"] == rate_hz
        torch.testing.assert_close(back.samples, content.samples, atol=1e-3, rtol=0)

    def test_what_it_cannot_hear_stays(self) -> None:
        high, low = tone(12_000, 44100.0), tone(440, 44100.0)
        made = domain(sound(low + high, 44100.0), sound(noise(length=32000), 16000.0))
        made.shown_to(hearing(16000.0))
        spectrum = torch.fft.rfft(made.present(tone(880, 16000.0)).samples[0]).abs()
        assert spectrum[12_000] > 0.5 * spectrum[880] > 50 * spectrum[440]

    def test_but_not_of_a_content_that_does_not_count(self) -> None:
        content = sound(tone(12_000, 44100.0), 44100.0)
        made = domain(content, sound(noise(length=32000), 16000.0), content_weight=0.0)
        made.shown_to(hearing(16000.0))
        spectrum = torch.fft.rfft(made.present(tone(880, 16000.0)).samples[0]).abs()
        assert spectrum[880] > 50 * spectrum[12_000]

    def test_is_said(self) -> None:
        made = domain(sound(noise(length=44100), 44100.0), sound(noise(length=8000), 8000.0))
        made.shown_to(hearing(16000.0))
        assert made.remarks == [
            "style has 8000 samples a second: resampled to the 16000 of ear.",
            "ear hears 16000 samples a second: content, which has 44100, is resampled for it, and "
            "stays as it is above 8000 Hz.",
        ]

    def test_nothing_is_said_where_it_is_the_same(self) -> None:
        made = domain(sound(noise()), sound(noise(seed=1)))
        made.shown_to(hearing(8000.0))
        assert made.remarks == []


class TestSpectrograms:
    def shown(self, **settings: Any) -> tuple[Domain, Encoder]:
        content = sound(torch.cat([noise(), noise(seed=1)]).repeat(1, 3))
        made = domain(content, sound(noise(seed=2)), canvas="spectrogram", **settings)
        return made, made.shown_to(deep_spectral_encoder())

    def test_are_what_the_network_sees(self) -> None:
        made, encoder = self.shown()
        assert made.inputs.content.samples.shape == (1025, 12000 // 512)
        assert made.inputs.styles[0].signal.samples.shape == (1025, 4000 // 512)
        seen = encoder(made.inputs.content.samples[None], ["stft", "relu2"])
        waves = domain(made.original, sound(noise(seed=2))).inputs.content.samples
        heard = deep_spectral_encoder()(waves[None], ["stft", "relu2"])
        for layer in seen:
            torch.testing.assert_close(seen[layer], heard[layer])

    def test_come_back_as_sounds(self) -> None:
        made, _ = self.shown()
        back = made.present(made.inputs.content.samples).samples
        expected = made.original.samples - made.original.samples.mean(-1, keepdim=True)
        peak = 10 ** (-1 / 20) / float(expected.abs().max())
        torch.testing.assert_close(back, expected * peak, atol=2e-3, rtol=0)

    def test_begin_with_other_phases_if_the_sound_does(self) -> None:
        made, _ = self.shown(init="noise")
        back = made.present(made.inputs.content.samples).samples
        assert torch.corrcoef(torch.stack([back[0], made.original.samples[0]]))[0, 1] < 0.9
        assert loudness(back) > 0.1

    def test_are_no_use_to_a_network_that_hears_waves(self) -> None:
        made = domain(sound(noise()), sound(noise()), canvas="spectrogram")
        with pytest.raises(UsageError, match="ear hears waves, and no spectrograms"):
            made.shown_to(hearing(8000.0))

    @pytest.mark.parametrize("which", [0, 1])
    def test_what_is_shorter_than_a_step_is_named(self, which: int) -> None:
        both = [sound(noise()), sound(noise())]
        both[which] = sound(noise(length=500))
        made = domain(*both, canvas="spectrogram")
        told = f"{('content', 'style')[which]} is 500 samples long.* at least 512"
        with pytest.raises(InputError, match=told):
            made.shown_to(deep_spectral_encoder())

    def test_only_sounds_have_them(self) -> None:
        with pytest.raises(UsageError, match="--canvas spectrogram is for sounds: a series"):
            domain(series(noise()), series(noise()), canvas="spectrogram")


@pytest.mark.parametrize(
    ("changes", "weight"),
    [({}, 0.5), ({"content_weight": 0.2}, 0.2), ({"objective": "course"}, 10.0)],
)
def test_the_content_of_a_sound_weighs_more(changes: dict[str, Any], weight: float) -> None:
    made = domain(sound(noise()), sound(noise()), **changes)
    assert StyleTransfer(hearing(8000.0), made).convention.content_weight == weight


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
    with pytest.raises(UsageError, match=r"a sound, which is no style for a series.*a volume with"):
        domain(series(noise()), sound(noise()))
