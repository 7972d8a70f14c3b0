from __future__ import annotations

from impasto.fast.recent import Recent


def test_what_was_made_is_not_made_again() -> None:
    recent, made = Recent[str](2), list[str]()

    def get(key: str) -> str:
        return recent.get(key, lambda: made.append(key) or key.upper())  # type: ignore[func-returns-value]

    assert [get(own) for own in "aabab"] == ["A", "A", "B", "A", "B"]
    assert made == ["a", "b"]


def test_the_oldest_go() -> None:
    recent = Recent[int](2)
    for number in range(5):
        recent.get(number, lambda number=number: number)  # type: ignore[misc]
    assert len(recent) == 2
    assert recent.get(3, lambda: -1) == 3
    assert recent.get(0, lambda: -1) == -1
