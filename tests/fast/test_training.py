from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from impasto.encoders.encoder import Chain
from impasto.errors import DivergedError, InputError, UsageError
from impasto.fast import lesson as lesson_module
from impasto.fast import training as training_module
from impasto.fast.lesson import Teacher
from impasto.fast.photos import Photos
from impasto.fast.stock import Drawn, Stock
from impasto.fast.styles import StylePredictor, StyleTable
from impasto.fast.training import Session, TrainStep, schedule
from impasto.objectives.conventions import convention
from impasto.settings import TrainSettings

QUICK: dict[str, Any] = {
    "steps": 6,
    "batch": 2,
    "crop": 32,
    "size": 48,
    "widths": "4,6",
    "blocks": 1,
    "precision": "float32",
    "device": "cpu",
    "report_every": 1,
}
Starting = Callable[..., Session]


def save(path: Path, seed: int, height: int = 48, width: int = 64) -> Path:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(4):
        save(folder / f"{seed}.png", seed)
    return folder


@pytest.fixture
def start(tmp_path: Path, photographs: Path, encoder: Chain, shallow: None) -> Starting:
    styles = [save(tmp_path / f"style{seed}.png", seed) for seed in (11, 12)]

    def begin(*, any_style: bool = False, start: Any = None, **changes: Any) -> Session:
        settings = TrainSettings(**{**QUICK, **changes})
        photos = Photos(photographs, longest=settings.size, crop=settings.crop)
        stock = Stock(styles, views=3 if any_style else 1)
        return Session(settings, photos, stock, any_style=any_style, encoder=encoder, start=start)

    return begin


@pytest.fixture
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs at layers that the small encoder has."""
    from dataclasses import replace

    from impasto.fast import styles, training

    own = replace(
        convention("impasto"),
        content_layers={"relu3_1": 1.0},
        style_layers={"relu1_1": 1.0, "relu2_1": 1.0},
    )
    monkeypatch.setattr(training, "convention", lambda _: own)
    small = {"width": 8, "channels": (4, 5, 6, 7)}
    monkeypatch.setattr(styles.StylePredictor.__init__, "__kwdefaults__", small)


def last(session: Session, **how: Any) -> TrainStep:
    *_, step = session.steps(**how)
    return step


def weights(step: TrainStep) -> dict[str, torch.Tensor]:
    return step.model().modules().state_dict()


@pytest.mark.parametrize("any_style", [False, True])
def test_costs_fall(start: Starting, any_style: bool) -> None:
    session = start(any_style=any_style, steps=40, plain=0.0, learning_rate=0.01)
    records = last(session).records
    begun, ended = (sum(own["total"] for own in part) for part in (records[:8], records[-8:]))
    assert ended < 0.8 * begun
    assert {"step", "rate", "style:relu1_1", "content:relu3_1"} <= records[-1].keys()


def test_a_killed_training_goes_on_to_the_same_result(
    start: Starting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_module, "SQUARES_TURN", 2)  # other squares soon
    whole = last(start())
    kept = {"checkpoint": tmp_path / "state", "checkpoint_every": 0.0}
    for step in start().steps(**kept):
        if step.number == 3:
            break
    resumed = start()
    steps = list(resumed.steps(**kept))
    assert [step.number for step in steps] == [4, 5, 6]
    for key, own in weights(whole).items():
        assert torch.equal(own, weights(steps[-1])[key]), key
    told = [[{**own, "elapsed_seconds": 0} for own in one.records] for one in (whole, steps[-1])]
    assert told[0] == told[1]


def test_the_state_of_another_training_is_refused(
    start: Starting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state"
    last(start(steps=1), checkpoint=path, checkpoint_every=0.0)
    with pytest.raises(UsageError, match="belongs to a run with other inputs or settings"):
        last(start(steps=1, seed=1), checkpoint=path)
    with monkeypatch.context() as patch:
        patch.setattr(training_module, "SQUARES_OF_A_BATCH", 3)  # it would see other squares
        with pytest.raises(UsageError, match="belongs to a run with other inputs or settings"):
            last(start(steps=1), checkpoint=path)
    path.write_bytes(b"no state")
    with pytest.raises(InputError, match="not a checkpoint"):
        last(start(steps=1), checkpoint=path)


def spoil(monkeypatch: pytest.MonkeyPatch, wrong: set[int]) -> None:
    """Let the costs of some batches be no number."""
    right, count = Teacher.correct, iter(range(1, 100))

    def correct(self: Teacher, *given: Any, **named: Any) -> Any:
        costs, gradient = right(self, *given, **named)
        if next(count) in wrong:
            costs.values[0, 0] = gradient[0, 0, 0, 0] = float("nan")
        return costs, gradient

    monkeypatch.setattr(lesson_module.Teacher, "correct", correct)


def test_a_batch_that_goes_wrong_is_told_and_stepped_back(
    start: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, {2})
    session = start(plain=0.0)
    begun = [own.detach().clone() for own in session.pupil.parameters()]
    steps = []
    for step in session.steps():
        steps.append(step)
        same = [torch.equal(*pair) for pair in zip(begun, session.pupil.parameters(), strict=True)]
        assert all(same) is (step.number == 2)  # the state that was noted last is the first
    assert [bool(step.wrong) for step in steps] == [False, True, False, False, False, False]
    assert steps[1].wrong == "The cost of a batch is not finite."
    assert all(bool(own.isfinite().all()) for own in weights(steps[-1]).values())


def test_going_on_after_a_step_back_ends_the_same(
    start: Starting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state to step back to is that of the training, not that of the interruption."""
    kept = {"checkpoint": tmp_path / "state", "checkpoint_every": 0.0}
    ends = []
    for interrupted in (False, True):
        with monkeypatch.context() as patch:
            spoil(patch, {5})
            if interrupted:
                for step in start(plain=0.0).steps(**kept):
                    if step.number == 3:
                        break
            ends.append(last(start(plain=0.0), **(kept if interrupted else {})))
    for key, own in weights(ends[0]).items():
        assert torch.equal(own, weights(ends[1])[key]), key


def test_a_batch_that_goes_wrong_is_not_in_the_trace(
    start: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, {1, 2, 6})
    steps = list(start(plain=0.0).steps())
    assert steps[0].record == {}
    assert [own["step"] for own in steps[-1].records] == [3, 4, 5]
    assert steps[-1].record == steps[-2].record


def test_nothing_learned_is_no_network(start: Starting, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, {1, 2})
    with pytest.raises(DivergedError, match="No batch had a finite cost"):
        last(start(plain=0.0, steps=2))


def test_processes_go_on_together_or_not_at_all(
    start: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = start()
    monkeypatch.setattr(
        session.accelerator, "gather", lambda own: torch.cat([own, own + 3]), raising=False
    )
    with pytest.raises(UsageError, match="Some processes do not find the checkpoint"):
        last(session)


@pytest.fixture
def another_precision() -> Iterator[None]:
    """Let Accelerate begin anew: otherwise a process has but one precision."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.usefixtures("another_precision")
def test_mixed_precision(start: Starting) -> None:
    session = start(precision="bfloat16", steps=40, plain=0.0, learning_rate=0.01)
    assert session.accelerator.mixed_precision == "bf16"
    records = last(session).records
    begun, ended = (sum(own["total"] for own in part) for part in (records[:8], records[-8:]))
    assert ended < 0.8 * begun
    assert all(own.dtype == torch.float32 for own in session.pupil.parameters())


def test_what_goes_wrong_again_and_again_ends(
    start: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, set(range(1, 50)))
    with pytest.raises(DivergedError, match="try a smaller --learning-rate"):
        last(start(plain=0.0))


def test_time_that_is_up_ends_it(start: Starting) -> None:
    assert last(start(minutes=1e-9)).number == 1


def test_plain_photographs_cost_their_distance(start: Starting) -> None:
    session = start(plain=0.99)
    contents = torch.rand(2, 3, 32, 32)
    costs, gradient = session.teacher.correct(contents + 0.1, contents, [None, None], keys=(0, 1))
    assert costs.total == pytest.approx(2 * 20 * 0.01, rel=1e-4)
    assert gradient.shape == contents.shape


def test_each_of_a_batch_has_its_own_style(start: Starting) -> None:
    """The gradient of a batch is that of each picture alone, divided by their number."""
    teacher = start().teacher
    pictures, contents = torch.rand(2, 2, 3, 32, 32)
    targets = [teacher.target(Drawn((own, 0), lambda _: torch.rand(3, 40, 40))) for own in range(2)]
    costs, both = teacher.correct(pictures, contents, targets, keys=(0, 1))
    total = 0.0
    for number, target in enumerate(targets):
        one = slice(number, number + 1)
        own, alone = teacher.correct(pictures[one], contents[one], [target], keys=(2 + number,))
        torch.testing.assert_close(both[one], alone / 2, rtol=1e-3, atol=1e-7)
        total += own.total
    assert costs.total == pytest.approx(total, rel=1e-4)


def test_what_was_looked_at_costs_the_same_again(
    start: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = start()
    teacher, looked = session.teacher, list[frozenset[str]]()
    look = teacher.encoder.forward

    def count(batch: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        looked.append(frozenset(layers))
        return look(batch, layers)

    monkeypatch.setattr(teacher.encoder, "forward", count)
    picture, content = torch.rand(2, 1, 3, 32, 32)
    drawn = Drawn((0, 0), lambda _: torch.rand(3, 40, 40))
    made = []
    for _ in range(2):
        made.append(teacher.correct(picture, content, [teacher.target(drawn)], keys=(0,)))
    assert made[0][0].total == made[1][0].total
    assert torch.equal(made[0][1], made[1][1])
    assert len(looked) == 3  # at the style, at the photograph, and for the numbers of positions


def test_a_session_that_is_dropped_is_freed(start: Starting) -> None:
    """At once, for a graphics card has no use for what waits for the garbage collector."""
    session = start(steps=2)
    last(session)
    kept, teacher = weakref.ref(session), weakref.ref(session.teacher)
    gc.disable()
    try:
        del session
        assert kept() is None
        assert teacher() is None
    finally:
        gc.enable()


def test_large_squares_are_fewer() -> None:
    assert training_module._squares_in_use(2, 128) == 32
    assert training_module._squares_in_use(64, 1024) == 64  # no fewer than in a batch


def test_paintings_descend_on_the_logarithm_of_their_cost(start: Starting) -> None:
    """So that a painting with a hundred times too much of a style does not outweigh all others."""
    teacher = start().teacher
    picture, content, direction = torch.rand(3, 1, 3, 32, 32)
    target = teacher.target(Drawn((0, 0), lambda _: 0.2 * torch.rand(3, 40, 40)))

    def value(moved: Tensor) -> float:
        return math.log1p(teacher.correct(moved, content, [target], keys=(0,))[0].total)

    _, gradient = teacher.correct(picture, content, [target], keys=(0,))
    step = 1e-3
    slope = (value(picture + step * direction) - value(picture - step * direction)) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(slope, rel=0.02)


def test_a_network_for_any_style_can_begin_with_a_table(start: Starting) -> None:
    """It then paints the mean of what the table has, but for what it sees of the style."""
    known = last(start()).model()
    fresh = start(any_style=True, start=known, seed=5).fresh
    assert isinstance(known.styles, StyleTable)
    assert isinstance(fresh.styles, StylePredictor)
    torch.testing.assert_close(fresh.styles.plain, known.styles.plain)
    torch.testing.assert_close(fresh.styles.widen.bias, known.styles.rows.mean(0))
    for key, own in known.network.state_dict().items():
        assert torch.equal(own, fresh.network.state_dict()[key]), key


def test_photographs_in_use_are_looked_at_once(
    start: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Squares come again, so that there are fewer of them than pictures in the batches."""
    session = start(steps=40, plain=0.0)
    looked = list[int]()
    look = session.teacher.encoder.forward

    def count(batch: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        if set(layers) == set(session.teacher.content_layers):
            looked.append(len(batch))
        return look(batch, layers)

    monkeypatch.setattr(session.teacher.encoder, "forward", count)
    last(session)
    assert 2 <= sum(looked) <= 32  # of 80 pictures


@pytest.mark.parametrize("any_style", [False, True])
def test_a_training_can_begin_with_a_model(start: Starting, any_style: bool) -> None:
    first = last(start(any_style=any_style)).model()
    fresh = start(any_style=any_style, start=first, seed=5).fresh
    for key, own in first.modules().state_dict().items():
        assert torch.equal(own, fresh.modules().state_dict()[key]), key
    with pytest.raises(UsageError, match="another kind of network"):
        start(any_style=any_style, start=first, widths="4,8")


def test_the_rate_rises_and_falls() -> None:
    rates = [schedule(number, 1000) for number in (1, 100, 500, 1000)]
    assert rates == [pytest.approx(0.01), 1.0, 1.0, pytest.approx(0.02)]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"widths": "8"}, "--widths takes numbers"),
        ({"widths": "8,x"}, "--widths takes numbers"),
        ({"learning_rate": 0.0}, "--learning-rate must be"),
        ({"plain": 1.0}, "--plain must be"),
        ({"minutes": 0.0}, "--minutes must be"),
        ({"batch": 0}, "--batch must be"),
    ],
)
def test_settings_that_make_no_sense(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        TrainSettings(**changes)
