"""Whose colors the result has, measured."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.media import read


def luminance(samples: Tensor) -> Tensor:
    red, green, blue = samples
    return 0.299 * red + 0.587 * green + 0.114 * blue


def chroma(samples: Tensor) -> Tensor:
    return samples - luminance(samples)


def moments(samples: Tensor) -> tuple[Tensor, Tensor]:
    return samples.flatten(1).mean(1), torch.cov(samples.flatten(1))


@pytest.fixture
def subject(photo: Any) -> Tensor:
    """The content at the size of the result."""
    return read(photo).resized((24, 32)).samples


@pytest.mark.parametrize("colors", ["content", "luminance"])
def test_the_content_keeps_its_colors_and_changes_its_luminance(
    make: Any, photo: Any, painting: Any, subject: Tensor, colors: str
) -> None:
    samples = make(photo, painting, colors=colors, steps=10).signal.samples
    torch.testing.assert_close(chroma(samples), chroma(subject), atol=1e-5, rtol=0)
    assert (luminance(samples) - luminance(subject)).abs().mean() > 0.01


@pytest.mark.parametrize("colors", ["style", "match"])
def test_otherwise_the_colors_change(
    make: Any, photo: Any, painting: Any, subject: Tensor, colors: str
) -> None:
    samples = make(photo, painting, colors=colors, steps=10).signal.samples
    assert (chroma(samples) - chroma(subject)).abs().mean() > 0.01


def test_luminance_alone_is_seen_by_the_network(steps_of: Any, photo: Any, painting: Any) -> None:
    inputs = steps_of(photo, painting, colors="luminance", steps=1)[0].problem.inputs
    for seen in (inputs.content.samples, inputs.styles[0].signal.samples):
        assert torch.equal(seen, seen[:1].expand(3, -1, -1))
    style = luminance(inputs.styles[0].signal.samples)
    content = luminance(read(photo).samples)
    assert float(style.mean()) == pytest.approx(float(content.mean()), abs=1e-4)
    assert float(style.std()) == pytest.approx(float(content.std()), rel=1e-2)


def test_a_matched_style_has_the_colors_of_the_content(
    steps_of: Any, photo: Any, painting: Any
) -> None:
    inputs = steps_of(photo, painting, colors="match", steps=1)[0].problem.inputs
    mean, covariance = moments(inputs.styles[0].signal.samples)
    wanted_mean, wanted_covariance = moments(read(photo).samples)
    torch.testing.assert_close(mean, wanted_mean, atol=1e-4, rtol=0)
    torch.testing.assert_close(covariance, wanted_covariance, atol=1e-4, rtol=1e-2)
