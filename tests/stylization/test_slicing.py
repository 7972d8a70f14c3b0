"""Volumes in the style of pictures and of volumes, with the real network."""

from __future__ import annotations

from typing import Any

import nibabel
import numpy as np
import pytest
import torch

from impasto import Encoder, Signal, StylizeSettings, stylize_steps
from impasto.encoders.inflated import inflate
from impasto.engine.evaluator import LocalEvaluator
from impasto.engine.memory import make_slice_plan, slices_peak_bytes
from impasto.errors import InputError, OutOfMemoryError, UsageError
from impasto.media import volume
from impasto.settings import ObjectiveName
from impasto.stylization.inputs import read_inputs
from impasto.stylization.recipe import problem_for

GB = 2**30
FEW = {"steps": 2, "levels": 1, "size": 32}


def scan(*space: int, seed: int = 0) -> Signal:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 1, 5, 5, 5, generator=generator)
    samples = torch.nn.functional.interpolate(coarse, space, mode="trilinear")[0]
    return Signal(1000 * samples, "volume", {"dtype": "int16", "spacing_mm": (1.0, 1.0, 1.0)})


def last(content: Any, style: Any, encoder: Encoder, **changes: Any) -> Any:
    *_, step = stylize_steps(content, style, encoder=encoder, **FEW | changes)
    return step.finish()


def test_a_picture_becomes_the_style_of_a_volume(vgg: Encoder, painting: Any) -> None:
    content = scan(32, 24, 32)
    result = last(content, painting, vgg)
    assert result.signal.medium == "volume"
    assert result.signal.space == (32, 24, 32)
    assert result.signal.samples.shape[0] == 1
    assert result.costs["total"] < result.trace[0]["total"]
    low, high = result.signal.samples.quantile(torch.tensor([0.1, 0.9])).tolist()
    assert -100 < low < high < 1100


def test_a_volume_becomes_the_style_of_a_volume(vgg: Encoder) -> None:
    result = last(scan(32, 32, 32), scan(40, 32, 32, seed=1), vgg)
    assert result.costs["total"] < result.trace[0]["total"]


@pytest.mark.parametrize("objective", ["impasto", "paper", "course", "neural-style"])
def test_equal_slices_along_an_axis_cost_what_one_of_them_costs(
    vgg: Encoder, painting: Any, objective: ObjectiveName
) -> None:
    settings = StylizeSettings(objective=objective, size="original", tv_weight=0.0)
    flat = scan(32, 32, 32).samples[0, 16:17] / 1000
    stack = Signal(flat.expand(32, -1, -1)[None].clone(), "volume")
    inputs = read_inputs(stack, painting, max_pixels=10**6)
    solid = problem_for(vgg, inputs, settings)
    solid.axes = (0,)  # type: ignore[attr-defined]
    domain = solid.domain
    assert domain is not None
    gray = Signal(domain.inputs.content.samples[:, 0].expand(3, -1, -1).clone())
    style = Signal(domain.inputs.styles[0].signal.samples.expand(3, -1, -1).clone())
    flat_inputs = read_inputs(gray, style, max_pixels=10**6)
    plain = problem_for(vgg, flat_inputs, settings)
    at = torch.Generator().manual_seed(3)
    changed = torch.rand(1, 1, 32, 32, generator=at)
    of_one = plain.evaluator((32, 32)).value_and_gradient(changed.expand(-1, 3, -1, -1))[0]
    whole = changed.unsqueeze(2).expand(-1, -1, 32, -1, -1).contiguous()
    of_all = solid.evaluator((32, 32, 32)).value_and_gradient(whole)[0]
    for name, cost in of_one.terms.items():
        if name != "bounds":
            assert of_all.terms[name] == pytest.approx(cost, rel=1e-3), name


def test_a_volume_goes_through_the_inflated_network(vgg: Encoder) -> None:
    made = inflate(vgg)  # type: ignore[arg-type]
    style_layers = {"relu1_1": 1.0, "relu2_1": 1.0}
    changes: dict[str, Any] = {"content_layers": {"relu2_1": 1.0}, "style_layers": style_layers}
    result = last(scan(32, 32, 32), scan(32, 32, 32, seed=1), made, **changes, size=16)
    assert result.signal.space == (16, 16, 16)
    assert result.costs["total"] < result.trace[0]["total"]


def test_a_size_of_none_does_not_blow_a_volume_up(vgg: Encoder, painting: Any) -> None:
    inputs = read_inputs(scan(32, 24, 20), painting, max_pixels=10**6)
    assert problem_for(vgg, inputs, StylizeSettings()).space == (32, 24, 20)
    inputs = read_inputs(scan(192, 96, 96), painting, max_pixels=10**7)
    assert problem_for(vgg, inputs, StylizeSettings()).space == (96, 48, 48)


def test_masks_and_clusters_are_refused(vgg: Encoder, painting: Any) -> None:
    inputs = read_inputs(scan(32, 32, 32), painting, max_pixels=10**6)
    problem = problem_for(vgg, inputs, StylizeSettings())
    with pytest.raises(UsageError, match="leave out --ray"):
        problem.evaluator((32, 32, 32), workers=object())  # type: ignore[arg-type]
    regions = torch.ones(1, 4, 4)
    object.__setattr__(problem.inputs.styles[0], "regions", (regions, regions))
    with pytest.raises(UsageError, match="--encoder vgg19-inflated"):
        problem.evaluator((32, 32, 32))


def test_a_series_needs_a_frame(vgg: Encoder, painting: Any, tmp_path: Any) -> None:
    path = tmp_path / "series.nii"
    series = np.random.default_rng(0).random((32, 32, 32, 2), np.float32)
    nibabel.save(nibabel.Nifti1Image(series, np.eye(4)), path)
    with pytest.raises(InputError, match="--frame N"):
        last(path, painting, vgg)
    assert last(path, painting, vgg, frame=1, steps=1).signal.space == (32, 32, 32)
    assert volume.read(path, frame=1).samples[0, 0, 0, 0] == series[0, 0, 0, 1]


class TestPlan:
    def test_less_memory_means_fewer_slices_at_once(self, vgg: Encoder) -> None:
        layers, space = ["relu1_1", "relu4_1"], (181, 217, 181)
        plans = [
            make_slice_plan(vgg, layers, space, memory=round(gb * GB), kept=["relu4_2"])
            for gb in (8.0, 2.3, 2.1, 1.9)
        ]
        sizes = [plan.chunk_samples for plan in plans]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[-1] < sizes[0]
        for gb, plan in zip((8.0, 2.3, 2.1, 1.9), plans, strict=True):
            needed = slices_peak_bytes(vgg, layers, space, plan, kept=["relu4_2"])  # type: ignore[arg-type]
            assert needed <= gb * GB

    def test_the_largest_size_that_fits_is_named(self, vgg: Encoder) -> None:
        with pytest.raises(OutOfMemoryError, match=r"largest size that fits is --size \d+"):
            make_slice_plan(vgg, ["relu4_1"], (512, 512, 512), memory=2 * GB, kept=["relu4_2"])


def test_the_engine_gets_the_evaluator_of_its_network(vgg: Encoder, painting: Any) -> None:
    inputs = read_inputs(scan(32, 32, 32), scan(32, 32, 32), max_pixels=10**6)
    solid = problem_for(inflate(vgg), inputs, StylizeSettings())  # type: ignore[arg-type]
    assert isinstance(solid.evaluator((16, 16, 16)), LocalEvaluator)
