from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.units.rectifiers import Rectifying

Call = Callable[[Tensor], Tensor]


def in_place(call: Callable[[Tensor], object]) -> Call:
    """Use what has changed rather than what is returned."""

    def use(x: Tensor) -> Tensor:
        x = x.clone()
        call(x)
        return x

    return use


RECTIFIERS: dict[str, Call] = {
    "module": nn.ReLU(),
    "module in place": in_place(nn.ReLU(inplace=True)),
    "functional": functional.relu,
    "functional in place": in_place(lambda x: functional.relu(x, inplace=True)),
    "functional by name": lambda x: functional.relu(input=x),
    "torch": torch.relu,
    "torch by name": lambda x: torch.relu(input=x),
    "torch in place": in_place(torch.relu_),
    "method": lambda x: x.relu(),
    "method in place": in_place(lambda x: x.relu_()),
    "of a view in place": in_place(lambda x: x[:].relu_()),
    "relu6": nn.ReLU6(),
    "relu6 in place": in_place(nn.ReLU6(inplace=True)),
    "hardtanh": nn.Hardtanh(0, 6),
    "hardtanh in place": in_place(nn.Hardtanh(0, 6, inplace=True)),
    "threshold": nn.Threshold(0, 0),
    "operator": torch.ops.aten.relu,
}
OTHERS: dict[str, Call] = {
    "tanh": torch.tanh,
    "hardtanh": nn.Hardtanh(-1, 1),
    "hardtanh in place": in_place(nn.Hardtanh(-1, 1, inplace=True)),
    "threshold": nn.Threshold(0, -2),
    "leaky": nn.LeakyReLU(0.1),
    "clamp": lambda x: x.clamp(0, 1),
}


def passed(call: Call) -> tuple[list[float], list[float]]:
    """Return forward values, and the gradient of their weighted sum, under a rule of ours."""
    x = torch.tensor([-3.0, 2.0, 0.5], requires_grad=True)
    with Rectifying(lambda gradient, passing: gradient * 10 + passing):
        y = call(x)
    (gradient,) = torch.autograd.grad(y, x, torch.tensor([1.0, -2.0, 3.0]))
    return y.tolist(), gradient.tolist()


@pytest.mark.parametrize("name", RECTIFIERS)
def test_every_way_to_rectify_follows_the_rule(name: str) -> None:
    assert passed(RECTIFIERS[name]) == ([0.0, 2.0, 0.5], [10.0, -19.0, 31.0])


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_rectifier_keeps_its_derivative(name: str) -> None:
    x = torch.tensor([-3.0, 2.0, 0.5], requires_grad=True)
    (gradient,) = torch.autograd.grad(OTHERS[name](x), x, torch.tensor([1.0, -2.0, 3.0]))
    assert passed(OTHERS[name])[1] == gradient.tolist()


def test_what_relu6_cuts_off_does_not_pass() -> None:
    x = torch.tensor([-1.0, 5.0, 7.0], requires_grad=True)
    with Rectifying(lambda gradient, passing: gradient * passing):
        y = functional.relu6(x)
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [0.0, 1.0, 0.0]


def test_outputs_may_be_changed_in_place() -> None:
    """As residual networks do, without harm to what was saved."""
    x = torch.tensor([-1.0, 5.0], requires_grad=True)
    with Rectifying(lambda gradient, passing: gradient * passing):
        y = torch.relu(x * 1)
        y += 1
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [0.0, 1.0]


def test_outside_of_the_context_nothing_has_changed() -> None:
    x = torch.tensor([-1.0, 5.0], requires_grad=True)
    with Rectifying(lambda gradient, passing: gradient * 7):
        pass
    assert torch.autograd.grad(torch.relu(x).sum(), x)[0].tolist() == [0.0, 1.0]
