"""Where pixels were in the frame before, and where that cannot be told."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.stylization.streams.flow import Motion, motion

from .conftest import panned, scene


def test_a_pan_is_found() -> None:
    film = panned(2, 96, 128, seed=1, step=3)
    found = motion(film[:, 0], film[:, 1])
    inner = found.flow[16:-16, 16:-16]
    assert np.abs(inner - np.array([3, 0])).mean() < 0.2
    assert found.trust[16:-16, 16:-16].mean() > 0.95
    assert not found.is_cut


def test_carrying_follows_the_motion() -> None:
    film = panned(2, 96, 128, seed=1, step=3)
    carried = motion(film[:, 0], film[:, 1]).carry(film[:, 0])
    inner = (..., slice(16, -16), slice(16, -16))
    still, moved = ((one[inner] - film[:, 1][inner]).abs().mean() for one in (film[:, 0], carried))
    assert moved < 0.25 * still


def test_carrying_is_known_for_a_flow_by_hand() -> None:
    before = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    flow = np.zeros((1, 4, 2), np.float32)
    flow[..., 0] = 1  # every pixel was one to the right
    assert Motion(flow, torch.ones(1, 4)).carry(before).tolist() == [[[2, 3, 4, 4]]]
    flow[..., 0] = -0.5
    assert Motion(flow, torch.ones(1, 4)).carry(before).tolist() == [[[1, 1.5, 2.5, 3.5]]]


def test_what_comes_in_at_the_side_is_not_trusted() -> None:
    film = panned(2, 96, 128, seed=1, step=8)
    trust = motion(film[:, 0], film[:, 1]).trust
    assert trust[:, -6:].mean() < 0.1
    assert trust[:, 20:-20].mean() > 0.9


def test_what_is_uncovered_is_not_trusted() -> None:
    ground, box = scene(96, 128, seed=2), scene(96, 128, seed=3)
    frames = []
    for left in (40, 48):
        frame = ground.clone()
        frame[:, 30:66, left : left + 36] = box[:, :36, :36]
        frames.append(frame)
    trust = motion(*frames).trust
    assert trust[34:62, 40:47].mean() < 0.3  # where the box was
    assert trust[70:, 10:-10].mean() > 0.9


def test_another_scene_is_a_cut() -> None:
    assert motion(scene(96, 128, seed=1), scene(96, 128, seed=2)).is_cut


@pytest.mark.parametrize("space", [(8, 8), (4, 40)])
def test_frames_too_small_for_a_search_do_not_move(space: tuple[int, int]) -> None:
    picture = torch.rand(3, *space)
    found = motion(picture, picture)
    assert not found.flow.any()
    assert not found.is_cut
