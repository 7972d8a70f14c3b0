"""Pieces on disk come back as they were put there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from impasto.errors import OutputError
from impasto.stylization.streams.spool import Spool


def test_pieces_of_any_shape_come_back_in_order() -> None:
    spool = Spool(np.float32)
    pieces = [torch.rand(2, 5), torch.rand(2, 3), torch.rand(1, 4, 2).transpose(1, 2)]
    for piece in pieces:
        spool.append(piece)
    assert all(torch.equal(a, b) for a, b in zip(spool.pieces(), pieces, strict=True))
    assert [tuple(piece.shape) for piece in spool.pieces(2)] == [(2, 5), (2, 3)]


def test_a_file_goes_on_behind_what_is_done(tmp_path: Path) -> None:
    first = Spool(np.uint8, path=tmp_path / "kept")
    for value in (1, 2, 3):
        first.append(torch.full((2, 2), value, dtype=torch.uint8))
    first.sync()
    again = Spool(np.uint8, path=tmp_path / "kept", shapes=first.shapes[:2])
    again.append(torch.full((1,), 9, dtype=torch.uint8))
    assert [piece.flatten().tolist() for piece in again.pieces()] == [[1] * 4, [2] * 4, [9]]
    assert (tmp_path / "kept").stat().st_size <= 9


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: No such file"):
        Spool(np.uint8, path=tmp_path / "nowhere" / "kept")
