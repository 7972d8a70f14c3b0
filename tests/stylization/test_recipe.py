"""The recipe from the outside: what goes in, what comes out, when it stops."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import impasto
from impasto import Encoder, StylizeSettings, StylizeStep, stylize, stylize_steps
from impasto.engine import memory
from impasto.errors import ImpastoError, InputError, OutOfMemoryError, UsageError
from impasto.media import kept, read

GB = 2**30


def same(one: Any, other: Any) -> bool:
    return torch.equal(one.signal.samples, other.signal.samples)


class TestStylize:
    def test_two_files_become_a_third(self, photo: Any, painting: Any, tmp_path: Path) -> None:
        Image.fromarray(photo).save(tmp_path / "photo.png")
        Image.fromarray(painting).save(tmp_path / "painting.png")
        pair = tmp_path / "photo.png", str(tmp_path / "painting.png")
        result = stylize(*pair, size=40, steps=3, levels=1)
        result.save(tmp_path / "out.png")
        with Image.open(tmp_path / "out.png") as image:
            assert image.size == (40, 30)
        assert result.costs["total"] < result.trace[0]["total"]
        assert len(result.trace) == 4

    def test_samples_have_names(self, make: Any) -> None:
        result = make("red_panda", "starry_night", steps=1)
        assert max(result.signal.space) == 32
        assert result.origin["content"]["path"] == "red_panda"

    @pytest.mark.parametrize("kind", ["path", "bytes", "stream", "image", "tensor", "signal"])
    def test_all_kinds_of_pictures_are_the_same(
        self, make: Any, photo: Any, painting: Any, tmp_path: Path, kind: str
    ) -> None:
        path = tmp_path / "photo.png"
        Image.fromarray(photo).save(path)
        content: Any = {
            "path": lambda: path,
            "bytes": path.read_bytes,
            "stream": lambda: io.BytesIO(path.read_bytes()),
            "image": lambda: Image.fromarray(photo),
            "tensor": lambda: torch.from_numpy(photo.copy()).movedim(-1, 0),
            "signal": lambda: read(photo),
        }[kind]()
        assert same(make(content, painting, steps=1), make(photo, painting, steps=1))

    def test_a_style_comes_alone_in_a_pair_or_in_a_list(
        self, make: Any, photo: Any, painting: Any
    ) -> None:
        alone = make(photo, painting)
        for style in ((painting, 0.3), [painting], [(painting, 2)], [painting, (photo, 0)]):
            assert same(make(photo, style), alone)

    def test_styles_share_by_their_weights(self, make: Any, photo: Any, painting: Any) -> None:
        other = painting[::-1].copy()
        half = make(photo, [painting, other])
        assert same(make(photo, [(painting, 3), (other, 3)]), half)
        assert not same(make(photo, [(painting, 3), (other, 1)]), half)

    def test_a_mixture_lies_between_its_styles(self, make: Any, photo: Any) -> None:
        red, blue = np.zeros((2, 48, 48, 3), np.uint8)
        red[..., 0], blue[..., 2] = 255, 255

        def warmth(weight: float) -> float:
            styles = [(red, weight), (blue, 1 - weight)]
            samples = make(photo, styles, steps=15, content_weight=0.0).signal.samples
            return float((samples[0] - samples[2]).mean())

        cold, mild, warm = warmth(0), warmth(0.5), warmth(1)
        assert cold < mild - 0.1 < warm - 0.2

    def test_an_unknown_setting_is_answered_with_the_nearest(
        self, photo: Any, painting: Any
    ) -> None:
        with pytest.raises(UsageError, match=r"'stepz'. Did you mean steps"):
            stylize(photo, painting, stepz=5)

    @pytest.mark.parametrize(
        ("style", "changes", "error", "told"),
        [
            ([], {}, UsageError, "no style"),
            ([("harvest", 0)], {}, UsageError, "no style"),
            ([("harvest", -1)], {}, UsageError, "weight of a style"),
            ("harvst", {}, InputError, "Did you mean harvest"),
            ("harvest", {"content_layers": {"relu9_1": 1.0}}, UsageError, "no layer 'relu9_1'"),
            ("harvest", {"content_weight": 0, "style_weight": 0}, UsageError, "every weight"),
            ("harvest", {"init": "nois"}, InputError, "Did you mean noise"),
            ("harvest", {"masks": [("a", "b"), ("c", "d")]}, UsageError, "1 styles and 2 pairs"),
            ("harvest", {"size": 20}, InputError, "15 pixels.*at least 16"),
            ("harvest", {"max_pixels": 10}, InputError, "--max-pixels"),
            ("harvest", {"checkpoint": "/missing/state"}, UsageError, "/missing"),
        ],
    )
    def test_what_is_wrong_is_said_before_the_first_step(
        self,
        make: Any,
        photo: Any,
        style: Any,
        changes: dict[str, Any],
        error: type[ImpastoError],
        told: str,
    ) -> None:
        with pytest.raises(error, match=told):
            make(photo, style, **changes)

    def test_too_little_memory_is_told_with_the_size_that_fits(
        self, make: Any, photo: Any, painting: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("impasto.engine.memory.available_bytes", lambda: 2**30)
        with pytest.raises(OutOfMemoryError, match=r"--size (\d+)\.") as raised:
            make(photo, painting, size=2000)
        fitting = int(str(raised.value).split()[-1].rstrip("."))
        assert 32 < fitting < 2000

    def test_the_front_door_leads_here(self) -> None:
        assert impasto.stylize is stylize
        assert impasto.stylize_steps is stylize_steps


class TestRepetition:
    def test_the_same_seed_gives_the_same_result(
        self, make: Any, photo: Any, painting: Any
    ) -> None:
        first = make(photo, painting, init="noise", seed=3)
        torch.randn(5)
        assert same(make(photo, painting, init="noise", seed=3), first)
        assert not same(make(photo, painting, init="noise", seed=4), first)

    def test_the_random_numbers_of_the_caller_are_left_alone(
        self, make: Any, photo: Any, painting: Any
    ) -> None:
        before = torch.get_rng_state()
        make(photo, painting, init="noise")
        assert torch.equal(torch.get_rng_state(), before)


class TestBeginning:
    def start(self, steps_of: Any, photo: Any, painting: Any, **changes: Any) -> Any:
        return steps_of(photo, painting, canvas="samples", steps=1, **changes)[0].samples

    def test_from_the_content(self, steps_of: Any, photo: Any, painting: Any) -> None:
        begun = self.start(steps_of, photo, painting)
        assert torch.equal(begun, read(photo).resized((24, 32)).samples)

    def test_from_the_style(self, steps_of: Any, photo: Any, painting: Any) -> None:
        begun = self.start(steps_of, photo, painting, init="style")
        assert torch.equal(begun, read(painting).resized((24, 32)).samples)

    def test_from_a_picture(self, steps_of: Any, photo: Any, painting: Any, tmp_path: Path) -> None:
        flipped = photo[::-1].copy()
        Image.fromarray(flipped).save(tmp_path / "begin.png")
        begun = self.start(steps_of, photo, painting, init=str(tmp_path / "begin.png"))
        assert torch.equal(begun, read(flipped).resized((24, 32)).samples)

    def test_from_white_noise_as_bright_as_the_content(
        self, steps_of: Any, photo: Any, painting: Any
    ) -> None:
        begun = self.start(steps_of, photo, painting, init="noise", size=64)
        whole = read(photo).samples
        assert begun.mean((1, 2)).tolist() == pytest.approx(whole.mean((1, 2)).tolist(), abs=0.02)
        assert begun.std((1, 2)).tolist() == pytest.approx(whole.std((1, 2)).tolist(), rel=0.1)
        beside = torch.corrcoef(torch.stack([begun[0, :, 1:].ravel(), begun[0, :, :-1].ravel()]))
        assert abs(float(beside[0, 1])) < 0.1


class TestSteps:
    def test_levels_go_from_coarse_to_fine(self, steps_of: Any, photo: Any, painting: Any) -> None:
        steps = steps_of(photo, painting, size="original", levels=2)
        places = [(step.level, step.index, tuple(step.samples.shape)) for step in steps]
        assert places == [
            *((0, index, (3, 24, 32)) for index in range(3)),
            *((1, index, (3, 48, 64)) for index in range(3)),
        ]
        assert steps[-1].done == 1

    def test_leaving_the_loop_keeps_what_was_made(
        self, vgg: Encoder, photo: Any, painting: Any
    ) -> None:
        settings = StylizeSettings(size=32, steps=1_000_000, levels=1)
        for step in stylize_steps(photo, painting, settings=settings, encoder=vgg):
            if step.index == 2:
                break
        result = step.finish()
        assert torch.equal(result.signal.samples, step.signal.samples)
        assert result.costs["step"] == 2
        assert result.costs["total"] == step.costs.total
        assert len(result.trace) == 3

    def test_a_step_stays_what_it_was(self, steps_of: Any, photo: Any, painting: Any) -> None:
        steps = steps_of(photo, painting)
        for number, step in enumerate(steps):
            assert [record["step"] for record in step.finish().trace] == list(range(number + 1))

    def test_time_counts_from_the_beginning_of_the_work(
        self, vgg: Encoder, photo: Any, painting: Any
    ) -> None:
        settings = StylizeSettings(size=32, steps=1, levels=1)
        steps = list(stylize_steps(photo, painting, settings=settings, encoder=vgg, began=-1000.0))
        seconds = [step.finish().seconds for step in steps]
        assert 1000 < seconds[0] <= seconds[1]

    @pytest.mark.parametrize("objective", ["impasto", "paper", "course", "neural-style"])
    @pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
    def test_every_objective_goes_down_with_every_optimizer(
        self, make: Any, photo: Any, painting: Any, objective: str, optimizer: str
    ) -> None:
        result = make(photo, painting, objective=objective, optimizer=optimizer, steps=4)
        totals = [record["total"] for record in result.trace]
        assert totals[-1] < totals[0]

    def test_weights_and_layers_override_the_objective(
        self, make: Any, photo: Any, painting: Any
    ) -> None:
        layers = {"content_layers": {"conv3_1": 1.0}, "style_layers": {"pool1": 0.5, "pool2": 0}}
        names = list(make(photo, painting, tv_weight=0, **layers).terms)
        assert [name for name in names if name != "bounds"] == ["content:conv3_1", "style:pool1"]
        without = make(photo, painting, content_weight=0, tv_weight=0, **layers)
        assert "content:conv3_1" not in without.terms


class TestCheckpoint:
    @pytest.fixture(autouse=True)
    def _always_due(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = SimpleNamespace(monotonic=itertools.count(step=100).__next__)
        monkeypatch.setattr(kept, "time", clock)
        monkeypatch.setattr(kept, "SHARE", 1e9)

    def run(
        self, vgg: Encoder, photo: Any, painting: Any, state: Path | str, **changes: Any
    ) -> Any:
        shallow = {"content_layers": {"relu2_2": 1.0}, "style_layers": {"relu2_1": 1.0}}
        settings = StylizeSettings(
            size=24, steps=4, levels=2, init="noise", precision="float32", **shallow
        ).changed(changes)
        return stylize_steps(photo, painting, settings=settings, checkpoint=state, encoder=vgg)

    @pytest.mark.parametrize("stop", [(0, 0), (0, 3), (0, 4), (1, 0), (1, 2), (1, 4)])
    @pytest.mark.parametrize("canvas", ["spectrum", "samples"])
    @pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
    def test_a_run_goes_on_from_anywhere(
        self,
        vgg: Encoder,
        photo: Any,
        painting: Any,
        tmp_path: Path,
        optimizer: str,
        canvas: str,
        stop: tuple[int, int],
    ) -> None:
        def go_on(name: str) -> Any:
            state = str(tmp_path / name)
            return self.run(vgg, photo, painting, state, optimizer=optimizer, canvas=canvas)

        whole: list[StylizeStep] = list(go_on("whole"))
        for step in go_on("broken"):
            if (step.level, step.index) == stop:
                break
        rest: list[StylizeStep] = list(go_on("broken"))
        number = whole.index(next(s for s in whole if (s.level, s.index) == stop))
        assert [(s.level, s.index) for s in rest] == [
            (s.level, s.index) for s in whole[number + 1 :]
        ]
        records = [{**record, "elapsed_seconds": 0} for record in whole[-1].records]
        if rest:
            assert torch.equal(rest[-1].samples, whole[-1].samples)
            assert [{**record, "elapsed_seconds": 0} for record in rest[-1].records] == records

    @pytest.mark.parametrize("changes", [{"seed": 1}, {"steps": 5}, {"style_weight": 2.0}])
    def test_other_settings_are_refused(
        self, vgg: Encoder, photo: Any, painting: Any, tmp_path: Path, changes: dict[str, Any]
    ) -> None:
        next(self.run(vgg, photo, painting, tmp_path / "state"))
        with pytest.raises(UsageError, match="state belongs to a run with other"):
            next(self.run(vgg, photo, painting, tmp_path / "state", **changes))

    def test_other_pictures_are_refused(
        self, vgg: Encoder, photo: Any, painting: Any, tmp_path: Path
    ) -> None:
        next(self.run(vgg, photo, painting, tmp_path / "state"))
        with pytest.raises(UsageError, match="state belongs to a run with other"):
            next(self.run(vgg, photo, photo, tmp_path / "state"))
        begin = tmp_path / "begin.png"
        Image.fromarray(photo).save(begin)
        next(self.run(vgg, photo, painting, tmp_path / "other", init=str(begin)))
        Image.fromarray(painting).save(begin)
        with pytest.raises(UsageError, match="other belongs to a run with other"):
            next(self.run(vgg, photo, painting, tmp_path / "other", init=str(begin)))

    def test_a_damaged_file_is_refused(
        self, vgg: Encoder, photo: Any, painting: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "state").write_bytes(b"hello")
        with pytest.raises(InputError, match="state is not a checkpoint"):
            next(self.run(vgg, photo, painting, tmp_path / "state"))


class TestTiles:
    """A picture made tile by tile is the picture that is made whole."""

    @pytest.mark.parametrize("objective", ["impasto", "paper", "neural-style"])
    def test_same_costs_and_picture(
        self, steps_of: Any, photo: Any, painting: Any, objective: str, tiles: None
    ) -> None:
        self.compare(steps_of, photo, painting, objective=objective)

    def test_same_with_masks_and_several_styles(
        self, steps_of: Any, photo: Any, painting: Any, tiles: None
    ) -> None:
        halves = np.zeros((48, 64), np.uint8)
        halves[:, 30:] = 255
        whole = np.full((60, 60), 255, np.uint8)
        masks = [(halves, whole), (255 - halves, whole)]
        self.compare(steps_of, photo, [painting, painting[::-1].copy()], masks=masks)

    def compare(self, steps_of: Any, photo: Any, style: Any, **settings: Any) -> None:
        whole = steps_of(photo, style, size=48, **settings)
        tiled = steps_of(photo, style, size=48, memory=GB, **settings)
        assert len(whole) == len(tiled) == 3
        for one, other in zip(whole, tiled, strict=True):
            for name, cost in one.costs.terms.items():
                assert other.costs.terms[name] == pytest.approx(
                    cost, rel=1e-3, abs=1e-5 * one.costs.total
                )
        error = tiled[-1].signal.samples - whole[-1].signal.samples
        assert error.abs().max() < 1e-3

    @pytest.fixture
    def tiles(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let a gigabyte mean tiles, and see that there are some."""
        real = memory.make_plan

        def plan(*words: Any, **named: Any) -> memory.Plan:
            whole = named["memory"] is None
            return real(*words, **named) if whole else memory.Plan(tile_bytes=200_000)

        monkeypatch.setattr("impasto.stylization.problem.make_plan", plan)
