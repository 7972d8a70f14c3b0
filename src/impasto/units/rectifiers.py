"""Rectifiers that take a signal back by another rule than their derivative."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

Rule = Callable[[Tensor, Tensor], Tensor]
_NAMES = {"relu", "relu6", "hardtanh", "threshold"}


class Rectifying(TorchFunctionMode):
    """Within this context every rectifier goes back by a rule of one's own.

    A rectifier is one of torch's functions of these names, with settings that leave nothing of a
    negative number: ReLU, ReLU6, and hardtanh and threshold where they are used as such. It does
    not matter whether a module, a function or a method calls it, nor whether it works in place.
    The way forward stays as it is. Compiled networks cannot be looked into.

    Args:
        rule: From the gradient behind the rectifier, and from where it passes its input on as it
            is, to the gradient before it.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule = rule

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name.strip("_") not in _NAMES:
            return func(*args, **options)
        in_place = options.pop("inplace", False) or name.endswith("_")
        x, *others = args or (options.pop("input"),)

        def rectify(x: Tensor) -> Tensor:
            made: Tensor = func(x.clone() if in_place else x, *others, **options)
            return made

        if bool(rectify(torch.tensor(-1.0)) != 0):
            return func(*args, **kwargs or {})
        rectified: Tensor = _Rectify.apply(x, rectify, self.rule)  # type: ignore[no-untyped-call]
        return x.copy_(rectified) if in_place else rectified


class _Rectify(torch.autograd.Function):
    """Forward as the rectifier, back by the rule."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rectify: Callable[[Tensor], Tensor], rule: Rule) -> Tensor:
        rectified = rectify(x)
        ctx.save_for_backward((rectified == x) & (x > 0))
        ctx.rule = rule
        return rectified

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (passing,) = ctx.saved_tensors
        return ctx.rule(gradient, passing), None, None
