"""The result: saved, shown, and telling how it was made."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.errors import OutputError, UsageError
from impasto.media.image import read_note
from impasto.settings import StylizeSettings


@pytest.fixture
def result(make: Any, photo: Any, painting: Any) -> Any:
    return make(photo, (painting, 0.5), seed=9)


def decoded(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def test_the_image_is_the_signal_in_8_bits(result: Any) -> None:
    levels = (result.signal.samples.clamp(0, 1) * 255).round().to(torch.uint8)
    assert np.array_equal(np.asarray(result.image), levels.movedim(0, -1).numpy())


def test_costs_are_those_of_the_last_step(result: Any) -> None:
    assert result.costs is result.trace[-1]
    assert result.costs["total"] == pytest.approx(sum(result.terms.values()), rel=1e-5)
    assert "content:relu4_2" in result.terms
    assert not {"total", "step", "level", "width", "height", "elapsed_seconds"} & {*result.terms}
    assert result.seconds == result.costs["elapsed_seconds"]


def test_the_trace_can_be_written_as_json(result: Any) -> None:
    first = json.loads(json.dumps(result.trace[0]))
    assert (first["level"], first["step"], first["width"], first["height"]) == (0, 0, 32, 24)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_a_file_tells_how_it_was_made(result: Any, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    result.save(path)
    assert path.read_bytes() == result.encoded(suffix)
    told = json.loads(read_note(path))
    assert told == {**json.loads(json.dumps(result.note())), "bits": 8}
    assert StylizeSettings.from_json(told["settings"]) == result.settings
    assert told["settings"]["seed"] == 9
    assert told["inputs"]["styles"][0]["weight"] == 0.5
    assert told["end"] == {"level": 0, "step": 2}
    assert told["weights_sha256"].startswith("c34748d2")
    assert {"impasto", "torch", "python"} <= {*told["versions"]}


def test_16_bits_hold_more_than_8(result: Any, tmp_path: Path) -> None:
    result.save(str(tmp_path / "out.tif"), bits=16)
    import tifffile

    levels = tifffile.imread(tmp_path / "out.tif")
    wanted = (result.signal.samples.clamp(0, 1) * 65535).round().movedim(0, -1).numpy()
    assert np.array_equal(levels, wanted.astype(np.uint16))


def test_a_wrong_kind_of_file_is_refused(result: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="bmp"):
        result.save(tmp_path / "out.bmp")
    with pytest.raises(UsageError, match="16 bits"):
        result.save(tmp_path / "out.jpg", bits=16)


def test_what_cannot_be_saved_there_is_kept_elsewhere(
    result: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(OutputError, match=r"missing/out.png could not be written") as raised:
        result.save(tmp_path / "missing" / "out.png")
    (kept,) = tmp_path.rglob("out.png")
    assert str(kept) in str(raised.value)
    assert kept.read_bytes() == result.encoded(".png")


def test_notebooks_show_the_result_and_each_step(steps_of: Any, photo: Any, painting: Any) -> None:
    first, *_, last = steps_of(photo, painting)
    for shown in (first, last, last.finish()):
        assert decoded(shown._repr_png_()).shape == (24, 32, 3)
    assert np.array_equal(decoded(last._repr_png_()), np.asarray(last.finish().image))
    assert not np.array_equal(decoded(first._repr_png_()), decoded(last._repr_png_()))


def test_a_result_is_told_in_a_few_words(result: Any) -> None:
    assert len(repr(result)) < 5000
