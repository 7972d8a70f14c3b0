"""Findings are kept, taken up again and merged without a trace of how they came about."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from impasto.encoders import random_encoder
from impasto.errors import InputError, UsageError
from impasto.units.findings import Findings, pack, united, unpack

PLANE = (4, 5)


def some(*numbers: int, space: tuple[int, ...] = PLANE) -> Findings:
    """Findings from signals that are known by their numbers."""
    encoder = random_encoder(len(space), 1, channels=(3,))
    findings = Findings.empty(encoder, ["relu1_1"], k=2)
    for number in numbers:
        generator = torch.Generator().manual_seed(number)
        features = torch.randn(3, *space, generator=generator)
        findings.tops["relu1_1"] = findings.tops["relu1_1"].with_picture(number, features)
        findings.finish(number, f"{number}.png", (1, *space))
    return findings


def same(one: Findings, other: Findings) -> bool:
    one.forget()
    other.forget()
    return pack(one, fingerprint="") == pack(other, fingerprint="")


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5))))
def test_united_ranges_hold_the_same_numbers(pairs: list[tuple[int, int]]) -> None:
    ranges = [(start, start + length) for start, length in pairs]
    joined = united(ranges)
    assert {n for low, high in joined for n in range(low, high)} == {
        n for low, high in ranges for n in range(low, high)
    }
    assert all(one[1] < other[0] for one, other in pairwise(joined))


def test_merging_forgets_the_order(space: tuple[int, ...]) -> None:
    whole = some(0, 1, 2, 3, 4, 5, space=space)
    one, two, three = (some(*own, space=space) for own in ((0, 3), (1, 2), (4, 5)))
    for merged in (one.merged(two).merged(three), three.merged(one.merged(two))):
        merged.seen = dict(sorted(merged.seen.items()))
        assert same(merged, whole)
        assert merged.done == [(0, 6)]


def test_what_is_packed_comes_back(space: tuple[int, ...]) -> None:
    findings = some(0, 1, 2, space=space)
    findings.pass_over(3, "bro\udcffken\n.png", "It is broken.")
    back = unpack(pack(findings, fingerprint="f"), fingerprint="f", name="file")
    assert same(back, findings)
    assert back.passed_over == {3: ("bro\udcffken\n.png", "It is broken.")}
    assert back.count == 3
    assert back.done == [(0, 4)]


def test_names_are_forgotten_once_they_are_on_no_list() -> None:
    findings = some(*range(1500))
    assert len(findings.seen) <= 1000 + 2 * 6 + 1
    findings.forget()
    listed = set(findings.tops["relu1_1"].pictures.flatten().tolist())
    assert set(findings.seen) == listed


def test_others_are_refused() -> None:
    content = pack(some(0), fingerprint="one")
    with pytest.raises(UsageError, match="file belongs to a run with other inputs"):
        unpack(content, fingerprint="other", name="file")
    for broken in (b"", content[:-9], content[:40], b"x" * 100):
        with pytest.raises(InputError, match="file is not a checkpoint"):
            unpack(broken, fingerprint="one", name="file")
