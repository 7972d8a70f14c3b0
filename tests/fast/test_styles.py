from __future__ import annotations

import pytest
import torch

from impasto.encoders.encoder import Chain
from impasto.fast.styles import StylePredictor, StyleTable, mixed, read_style, styles_from


def test_a_table_mixes_its_rows() -> None:
    table = StyleTable(2, 3)
    with torch.no_grad():
        table.rows.copy_(torch.tensor([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]]))
    assert table(torch.tensor([[0.25, 0.75]])).tolist() == [[4.0, 5.0, 6.0]]


def test_strength_lies_between_no_style_and_a_style() -> None:
    table = StyleTable(1, 2)
    with torch.no_grad():
        table.plain.copy_(torch.tensor([1.0, -1.0]))
    code = torch.tensor([3.0, 1.0])
    assert table.at(0.0, code).tolist() == [1.0, -1.0]
    assert table.at(0.5, code).tolist() == [2.0, 0.0]
    assert table.at(1.0, code).tolist() == [3.0, 1.0]


def test_weights_are_proportions() -> None:
    codes = [torch.tensor([[0.0, 4.0]]), torch.tensor([[8.0, 0.0]])]
    assert mixed(codes, [3, 1]).tolist() == [[2.0, 3.0]]


def test_what_is_read_of_a_style(encoder: Chain) -> None:
    style = torch.rand(3, 40, 30)
    read = read_style(encoder, style)
    own = encoder(style[None], ["relu1_1"])["relu1_1"][0].flatten(1)
    assert read.shape == (1, 2 * (4 + 5 + 6 + 7))
    torch.testing.assert_close(read[0, :4], own.mean(1).log1p())
    torch.testing.assert_close(read[0, 4:8], own.std(1, correction=0).log1p(), atol=1e-3, rtol=0)


def test_a_region_is_looked_at_by_itself(encoder: Chain) -> None:
    style = torch.cat([torch.full((3, 32, 32), 0.2), torch.full((3, 32, 32), 0.9)], 2)
    left = (torch.arange(64) < 32).float().expand(32, 64)
    both = read_style(encoder, style, torch.stack([left, 1 - left]))
    alone = [read_style(encoder, half)[0] for half in style.split(32, 2)]
    assert both.shape[0] == 2
    first = slice(0, 4)  # where hardly any position sees across
    torch.testing.assert_close(both[0, first], alone[0][first], atol=0.05, rtol=0)
    torch.testing.assert_close(both[1, first], alone[1][first], atol=0.05, rtol=0)
    assert float((both[0] - both[1]).abs().max()) > 0.1


def test_a_whole_region_is_the_whole(encoder: Chain) -> None:
    style = torch.rand(3, 33, 40)
    torch.testing.assert_close(
        read_style(encoder, style, torch.ones(1, 7, 9)), read_style(encoder, style)
    )


def test_a_predictor_tells_styles_apart() -> None:
    predictor = StylePredictor(10, width=6, channels=(4, 5))
    codes = predictor(torch.randn(2, 18)).detach()
    assert codes.shape == (2, 10)
    assert float((codes[0] - codes[1]).abs().max()) > 1e-3


def test_directions_are_seen_in_their_own_measure() -> None:
    """Those in which styles differ most, whatever else channels say."""
    predictor = StylePredictor(10, width=2, channels=(4,))
    axes = torch.linalg.qr(torch.randn(8, 8)).Q
    read = 5 + torch.randn(400, 8) * torch.tensor([40.0, 10, 1, 0.1, 0.1, 0.1, 0, 0]) @ axes.T
    predictor.look_around(read)
    seen = predictor.seen(read)
    torch.testing.assert_close(seen.T.cov(correction=0), torch.eye(2), atol=0.03, rtol=0)
    torch.testing.assert_close(seen.mean(0), torch.zeros(2), atol=1e-3, rtol=0)
    shares = (torch.linalg.qr(predictor.narrow.weight.T).Q.T @ axes).square().sum(0)
    assert float(shares[:2].min()) > 0.95


def test_fewer_styles_than_directions_can_be_looked_at() -> None:
    predictor = StylePredictor(10, width=6, channels=(4,))
    read = torch.randn(3, 8)
    predictor.look_around(read)
    assert predictor.seen(read).isfinite().all()
    predictor.look_around(read[:1])
    assert not predictor.seen(read[:1]).any()


@torch.no_grad()
def test_a_predictor_can_begin_with_a_table() -> None:
    """It tells about the codes of the styles that it knows, and their mean where it knows none."""
    table, read = StyleTable(3, 10), torch.randn(3, 8)
    predictor = StylePredictor(10, width=6, channels=(4,))
    predictor.look_around(torch.randn(50, 8))
    predictor.begin_at(table, table.rows.detach(), read)
    mean = table.rows.mean(0)
    spread = float((table.rows - mean).norm(dim=1).min())
    errors = (predictor(read) - table.rows).norm(dim=1)
    assert float(errors.max()) < 0.5 * spread
    assert torch.equal(predictor.plain, table.plain)
    predictor.begin_at(table, table.rows[:0].detach(), read[:0])
    torch.testing.assert_close(predictor(read), mean.expand(3, -1))


def test_styles_are_rebuilt_from_a_description() -> None:
    assert isinstance(styles_from({"kind": "table"}, 2, 5), StyleTable)
    made = styles_from({"kind": "predictor", "width": 3, "channels": [2], "size": 99}, 0, 5)
    assert isinstance(made, StylePredictor)
    assert made.size == 99
    with pytest.raises(ValueError, match="are no styles"):
        styles_from({"kind": "predictor"}, 0, 5)
