from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.errors import ShapeError
from impasto.fast.network import Layout, TransformNetwork
from impasto.fast.painting import Brush, paint

TINY = Layout(2, (4, 6, 8), blocks=2, window=5)


@pytest.fixture
def network() -> TransformNetwork:
    return TransformNetwork(TINY).eval()


def code(network: TransformNetwork, seed: int) -> Tensor:
    noise = torch.Generator().manual_seed(seed)
    return 0.5 * torch.randn(1, network.code_length, generator=noise)


@pytest.mark.parametrize("space", [(40, 52), (41, 39), (97, 25)])
@pytest.mark.parametrize("strip_bytes", [1, 10_000, 10**9])
def test_strips_make_what_the_whole_makes(
    network: TransformNetwork, space: tuple[int, int], strip_bytes: int
) -> None:
    picture = torch.rand(3, *space)
    own = code(network, 1)
    with torch.no_grad():
        whole = network(picture[None], own)[0]
    painted = paint(network, picture, Brush(own), strip_bytes=strip_bytes)
    assert painted.shape == picture.shape
    torch.testing.assert_close(painted, whole, atol=2e-5, rtol=0)
    assert whole.std() > 0.01


def test_a_batch_is_painted_picture_by_picture(network: TransformNetwork) -> None:
    pictures, codes = torch.rand(2, 3, 32, 32), torch.cat([code(network, 1), code(network, 2)])
    both = network(pictures, codes)
    for own, picture, one in zip(both, pictures, codes, strict=True):
        torch.testing.assert_close(own, network(picture[None], one[None])[0])


@pytest.mark.parametrize("space", [(1, 1), (3, 40), (23, 24)])
def test_small_pictures_have_their_size(network: TransformNetwork, space: tuple[int, int]) -> None:
    painted = paint(network, torch.rand(3, *space), Brush(code(network, 1)))
    assert painted.shape == (3, *space)
    assert bool(painted.isfinite().all())


def test_one_style_everywhere_is_that_style(network: TransformNetwork) -> None:
    picture, codes = torch.rand(3, 40, 33), torch.cat([code(network, 1), code(network, 2)])
    places = torch.stack([torch.zeros(40, 33), torch.ones(40, 33)])
    alone = paint(network, picture, Brush(codes[1:]))
    torch.testing.assert_close(paint(network, picture, Brush(codes, places)), alone)


def test_halves_have_their_own_styles(network: TransformNetwork) -> None:
    picture, codes = torch.rand(3, 64, 200), torch.cat([code(network, 1), code(network, 2)])
    left = (torch.arange(200) < 100).float().expand(64, 200)
    both = paint(network, picture, Brush(codes, torch.stack([left, 1 - left])))
    one, other = (paint(network, picture, Brush(own[None])) for own in codes)

    def apart(a: Tensor, b: Tensor) -> float:
        return float((a - b).abs().mean())

    assert apart(both[..., :60], one[..., :60]) < 0.8 * apart(both[..., :60], other[..., :60])
    assert apart(both[..., 140:], other[..., 140:]) < 0.8 * apart(both[..., 140:], one[..., 140:])


def test_codes_need_places_and_the_right_length(network: TransformNetwork) -> None:
    two = torch.cat([code(network, 1), code(network, 2)])
    with pytest.raises(ShapeError, match="2 codes and 1 places"):
        Brush(two)
    with pytest.raises(ShapeError, match="have shape"):
        network.parts(torch.zeros(1, 5))


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("strip_bytes", [1, 10**9])
@pytest.mark.parametrize("regions", [1, 2])
def test_half_precision_is_near(
    network: TransformNetwork, precision: torch.dtype, strip_bytes: int, regions: int
) -> None:
    picture, left = torch.rand(3, 48, 48), (torch.arange(48) < 20).float().expand(48, 48)
    codes = torch.cat([code(network, own + 1) for own in range(regions)])
    brush = Brush(codes, None if regions == 1 else torch.stack([left, 1 - left]))
    exact = paint(network, picture, brush, strip_bytes=strip_bytes)
    half = paint(network.to(precision), picture, brush, strip_bytes=strip_bytes)
    assert half.dtype == torch.float32
    assert float((half - exact).abs().mean()) < 0.02


@pytest.mark.parametrize(
    "values",
    [
        {"fold": 1, "widths": [8], "blocks": 1, "window": 3},
        {"fold": 1, "widths": [8, 16], "blocks": 1, "window": 4},
        {"fold": 1, "widths": [8, 0], "blocks": 1, "window": 3},
        {"fold": 1, "widths": [8, "16"], "blocks": 1, "window": 3},
    ],
)
def test_what_is_no_layout_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no layout"):
        Layout.from_json(values)


def test_a_layout_survives_json() -> None:
    assert Layout.from_json(TINY.to_json()) == TINY
