from __future__ import annotations

import gradio as gr
import pytest

from impasto.errors import UsageError
from impasto.studio.bench import paths_in, told
from impasto.studio.bringing import chosen


def test_paths_are_found_wherever_they_stand() -> None:
    value = ["a.png", None, [("b.png", None), ("c.png", None)], {"layers": ["d.png"], "id": 3}]
    assert paths_in(value) == ["a.png", "b.png", "c.png", "d.png"]
    assert paths_in(None) == []


def test_visitors_are_told_a_sentence() -> None:
    with pytest.raises(gr.Error, match="There is no photograph: drop one"), told():
        chosen(None, "", "photograph")
    with pytest.raises(gr.Error, match="drop one"), told():
        raise UsageError("There is none: drop one.")
    with pytest.raises(gr.Error) as caught, told():
        raise UsageError(
            "/tmp/studio-1/0a/my scan.npy is none, '/opt/b.npy' is, see https://a.b/c/d."
        )
    assert str(caught.value) == "\"my scan.npy is none, 'b.npy' is, see https://a.b/c/d.\""


def test_visitors_are_not_told_what_is_nobodys_business(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(gr.Error) as caught, told():
        raise RuntimeError("/somewhere/secret")
    assert "secret" not in str(caught.value)
    assert "RuntimeError" in str(caught.value)
    assert "/somewhere/secret" in caplog.text


def test_a_sample_stands_in_for_an_upload() -> None:
    assert chosen("own.png", "horses", "photograph") == "own.png"
    assert chosen(None, "horses", "photograph").endswith("horses.jpg")
