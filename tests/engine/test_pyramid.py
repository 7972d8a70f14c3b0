from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.engine.pyramid import (
    COARSEST,
    COARSEST_SOLID,
    LEAST_STEPS,
    QUALITIES,
    Level,
    QualityName,
    plan_levels,
    pyramid,
)


@pytest.mark.parametrize(
    ("space", "levels", "minimum", "expected"),
    [
        # as many as make sense: the longest axis stays at 128 or more
        ((512, 384), None, 1, [(128, 96), (256, 192), (512, 384)]),
        ((255, 100), None, 1, [(255, 100)]),
        ((256, 100), None, 1, [(128, 50), (256, 100)]),
        ((1000,), None, 1, [(125,), (250,), (500,), (1000,)][1:]),
        # and of a volume at 32 or more
        ((130, 100, 64), None, 1, [(32, 25, 16), (65, 50, 32), (130, 100, 64)]),
        # as many as are asked for
        ((512, 384), 1, 1, [(512, 384)]),
        ((512, 384), 2, 1, [(256, 192), (512, 384)]),
        ((40, 20), 3, 1, [(10, 5), (20, 10), (40, 20)]),
        # unless the network needs more samples
        ((40, 20), 3, 8, [(20, 10), (40, 20)]),
        ((512, 32), None, 16, [(256, 16), (512, 32)]),
        ((40, 20), 3, 21, [(40, 20)]),
        # or nothing is left to halve
        ((4, 1), 9, 1, [(1, 1), (2, 1), (4, 1)]),
        ((1,), 9, 1, [(1,)]),
        ((1,), None, 1, [(1,)]),
    ],
)
def test_known_values(
    space: tuple[int, ...],
    levels: int | None,
    minimum: int,
    expected: list[tuple[int, ...]],
) -> None:
    assert pyramid(space, levels=levels, minimum=minimum) == expected


@given(
    st.lists(st.integers(1, 3000), min_size=1, max_size=3).map(tuple),
    st.none() | st.integers(1, 12),
    st.integers(1, 64),
)
def test_laws(space: tuple[int, ...], levels: int | None, minimum: int) -> None:
    spaces = pyramid(space, levels=levels, minimum=minimum)
    assert spaces[-1] == space
    assert levels is None or len(spaces) <= levels
    longest = [max(level) for level in spaces]
    assert longest == sorted(set(longest))
    for coarse in spaces[:-1]:
        assert min(coarse) >= minimum
        coarsest = COARSEST_SOLID if len(space) == 3 else COARSEST
        assert levels is not None or max(coarse) >= coarsest
        for short, length in zip(coarse, space, strict=True):
            assert short == pytest.approx(length * max(coarse) / max(space), abs=0.5 + 1e-9) or (
                short == 1
            )


class TestPlanLevels:
    def test_steps_are_those_given(self) -> None:
        expected = [Level((128, 64), 7), Level((256, 128), 7)]
        assert plan_levels((256, 128), steps=7) == expected

    def test_large_levels_take_fewer_steps(self) -> None:
        steps = [level.steps for level in plan_levels((1024, 1024))]
        assert steps == [100, 100, 100, 50]
        assert plan_levels((10**5, 10))[-1].steps == LEAST_STEPS

    @pytest.mark.parametrize(
        ("quality", "steps"), [("draft", 40), ("standard", 100), ("fine", 300)]
    )
    @pytest.mark.parametrize("length", [100, 10**6])
    def test_what_has_one_level_takes_as_many_however_long(
        self, length: int, quality: QualityName, steps: int
    ) -> None:
        assert plan_levels((length,), quality=quality, levels=1) == [Level((length,), steps)]

    def test_finer_qualities_take_more_steps(self) -> None:
        draft, standard, fine = (
            [level.steps for level in plan_levels((1024, 768), quality=quality)]
            for quality in QUALITIES
        )
        for few, more, most in zip(draft, standard, fine, strict=True):
            assert few < more < most
