from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from impasto.errors import ShapeError
from impasto.objectives.gram import gram, guided_gram, pull_gram


class TestGram:
    def test_known_value(self) -> None:
        # two channels over two positions: [[1·1 + 2·2, 1·3 + 2·4], [3·1 + 4·2, 3·3 + 4·4]]
        features = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
        torch.testing.assert_close(gram(features), torch.tensor([[[5.0, 11.0], [11.0, 25.0]]]))

    def test_is_summed_not_averaged(self, features: Tensor) -> None:
        torch.testing.assert_close(gram(torch.cat([features] * 2, dim=2)), 2 * gram(features))

    def test_positions_have_no_order_and_axes_no_meaning(self, features: Tensor) -> None:
        flat = features.flatten(2)
        shuffled = flat[..., torch.randperm(flat.shape[2])]
        torch.testing.assert_close(gram(features), gram(shuffled))

    def test_each_of_a_batch_has_its_own(self, features: Tensor) -> None:
        torch.testing.assert_close(gram(features)[1:], gram(features[1:]))

    def test_is_symmetric_and_positive_semi_definite(self, features: Tensor) -> None:
        product = gram(features)
        assert torch.equal(product, product.mT)
        assert torch.linalg.eigvalsh(product).min() > -1e-12

    @pytest.mark.parametrize(
        ("given", "returned"),
        [
            (torch.bfloat16, torch.float32),
            (torch.float32, torch.float32),
            (torch.float64, torch.float64),
        ],
    )
    def test_sums_in_at_least_float32(self, given: torch.dtype, returned: torch.dtype) -> None:
        product = gram(torch.ones(1, 1, 1000, dtype=given))
        assert product.dtype == returned
        assert product.item() == 1000

    def test_gradients(self, features: Tensor) -> None:
        assert gradcheck(gram, features.requires_grad_())
        assert gradgradcheck(gram, features)

    def test_without_space_is_an_error(self) -> None:
        with pytest.raises(ShapeError, match=r"not \(2, 3\)"):
            gram(torch.zeros(2, 3))


class TestNear:
    def half(self) -> Tensor:
        return torch.randn(2, 16, 40, 50).relu().bfloat16()

    def exact(self, features: Tensor) -> Tensor:
        return gram(features.double())

    def error(self, found: Tensor, features: Tensor) -> float:
        exact = self.exact(features)
        return float((found.double() - exact).norm() / exact.norm())

    def test_half_precision_alone_keeps_16_bits(self) -> None:
        features = self.half()
        assert self.error(gram(features), features) < 3e-5

    @pytest.mark.parametrize("distance", [0.5, 0.05, 0.005])
    def test_the_error_is_one_of_the_difference(self, distance: float) -> None:
        features = self.half()
        near = (1 + distance) * self.exact(features)[0].float()
        assert self.error(gram(features[:1], near=near), features[:1]) < distance / 256

    def test_any_matrix_will_do(self) -> None:
        features = self.half()
        assert self.error(gram(features, near=torch.zeros(16, 16)), features) < 1 / 256

    def test_other_precisions_need_no_help(self, features: Tensor) -> None:
        channels = features.shape[1]
        near = torch.randn(channels, channels)
        assert torch.equal(gram(features, near=near), gram(features))


class TestPull:
    def test_adds_the_gradient(self, features: Tensor) -> None:
        leaf = features.detach().requires_grad_()
        product = gram(leaf)
        cotangent = torch.randn_like(product)  # of no symmetry
        (expected,) = torch.autograd.grad(product, leaf, cotangent)
        gradient = torch.ones_like(features)
        pull_gram(features, cotangent, gradient)
        torch.testing.assert_close(gradient, 1 + expected)

    def test_adds_to_a_part_of_a_gradient(self, features: Tensor) -> None:
        inner = (..., *[slice(1, None)] * (features.ndim - 2))
        cotangent = torch.randn(*features.shape[:1], *features.shape[1:2] * 2).double()
        whole, alone = torch.zeros_like(features), torch.zeros_like(features[inner])
        pull_gram(features[inner], cotangent, whole[inner])
        pull_gram(features[inner].contiguous(), cotangent, alone)
        torch.testing.assert_close(whole[inner], alone)
        assert float(whole.abs().sum()) == pytest.approx(float(alone.abs().sum()))


class TestGuidedGram:
    def test_known_value(self) -> None:
        features = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
        # region 0 sees the first position alone; region 1 sees half of both: a quarter of the Gram
        guides = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
        expected = torch.tensor([[[[1.0, 3.0], [3.0, 9.0]], [[1.25, 2.75], [2.75, 6.25]]]])
        torch.testing.assert_close(guided_gram(features, guides), expected)

    def test_disjoint_regions_share_the_gram(self, features: Tensor) -> None:
        first = torch.rand(features.shape[2:]) > 0.5
        guides = torch.stack([first, ~first]).float()
        torch.testing.assert_close(guided_gram(features, guides).sum(1), gram(features))

    def test_gradients(self, features: Tensor) -> None:
        guides = torch.rand(2, *features.shape[2:], dtype=torch.float64)
        assert gradcheck(guided_gram, (features.requires_grad_(), guides))
        assert gradgradcheck(guided_gram, (features, guides))

    def test_guides_of_another_space_are_an_error(self, features: Tensor) -> None:
        with pytest.raises(ShapeError, match=r"\(7, 7, 7\) do not fit"):
            guided_gram(features, torch.ones(1, 7, 7, 7))


def test_each_of_a_batch_may_have_a_matrix_near_its_result() -> None:
    features = torch.rand(2, 3, 500).to(torch.bfloat16)
    exact = gram(features.double())
    near = gram(features, near=exact.float())
    torch.testing.assert_close(near.double(), exact, rtol=1e-3, atol=0)
    swapped = gram(features, near=exact.float().flip(0))
    assert float((near - exact).abs().max()) < float((swapped - exact).abs().max())
