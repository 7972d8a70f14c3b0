"""What past steps tell about curvature: the memory of L-BFGS."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

WORTH = 1e-8  # cosine between step and change below which a correction is but rounding


class Curvature:
    """An approximate inverse Hessian, made of a scale and of corrections.

    A correction is a step and the change of the gradient that it brought. They are kept as the
    rows of two matrices, so that multiplying by the inverse Hessian reads each of them twice and
    does nothing else that is as long as the parameters.

    Args:
        memory: Number of corrections that are kept, at least 1.
    Source:
        Byrd, Nocedal, Schnabel, "Representations of quasi-Newton matrices and their use in
        limited memory methods", Mathematical Programming 63, 1994, eq. 3.1 and 3.22.
    """

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.forget()

    def forget(self) -> None:
        """Drop all corrections."""
        self.count, self.oldest = 0, 0
        self._steps = self._changes = torch.zeros(0, 0)
        # inner products of changes with steps and with changes, by row
        self._across = torch.zeros(self.memory, self.memory, dtype=torch.float64)
        self._among = torch.zeros(self.memory, self.memory, dtype=torch.float64)

    def learn(self, step: Tensor, change: Tensor) -> None:
        """Keep a correction in place of the oldest one, unless the curvature along it is negative.

        Args:
            step: What was added to the parameters.
            change: What this added to the gradient, shaped as the step.
        """
        step, change = step.flatten(), change.flatten()
        if not float(step @ change) > WORTH * float(step.norm() * change.norm()):
            return
        if self.count == 0:
            self._steps = step.new_empty(self.memory, step.numel())
            self._changes = torch.empty_like(self._steps)
        row = self.count if self.count < self.memory else self.oldest
        self._steps[row], self._changes[row] = step, change
        if self.count < self.memory:
            self.count += 1
        else:
            self.oldest = (self.oldest + 1) % self.memory
        self._across[: self.count, row] = self._products(self._steps, change)
        among = self._products(self._changes, change)
        self._among[: self.count, row] = among
        self._among[row, : self.count] = among

    def inverse_times(self, gradient: Tensor) -> Tensor:
        """Multiply by the inverse Hessian.

        Args:
            gradient: Shaped as the steps; there must be a correction.
        """
        if not self.count:
            raise ValueError("Nothing is known about curvature yet.")
        flat = gradient.flatten()
        age = torch.arange(self.oldest, self.oldest + self.count) % self.count
        across = self._across[age][:, age]
        among = self._among[age][:, age]
        scale = float(across[-1, -1] / among[-1, -1])
        upper = across.triu()
        along = self._products(self._steps, flat)[age].unsqueeze(1)
        turned = self._products(self._changes, flat)[age].unsqueeze(1)
        solved = torch.linalg.solve_triangular(upper, along, upper=True)
        inner = (across.diag().diag() + scale * among) @ solved - scale * turned
        of_steps = torch.linalg.solve_triangular(upper.T, inner, upper=False)
        product = scale * flat
        product += self._combine(self._steps, of_steps, age)
        product -= self._combine(self._changes, scale * solved, age)
        return product.view_as(gradient)

    def _products(self, rows: Tensor, vector: Tensor) -> Tensor:
        return (rows[: self.count] @ vector).double().cpu()

    def _combine(self, rows: Tensor, factors: Tensor, age: Tensor) -> Tensor:
        by_row = torch.empty_like(factors[:, 0])
        by_row[age] = factors[:, 0]
        return by_row.to(rows) @ rows[: self.count]

    def state(self) -> dict[str, Tensor]:
        """Return what is needed to go on with the same rounding."""
        return {
            "steps": self._steps[: self.count],
            "changes": self._changes[: self.count],
            "across": self._across,
            "among": self._among,
            "oldest": torch.tensor(self.oldest),
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a stored state."""
        self.forget()
        self.count, self.oldest = len(state["steps"]), int(state["oldest"])
        self._across, self._among = state["across"].clone(), state["among"].clone()
        if self.count:
            self._steps = state["steps"].new_empty(self.memory, state["steps"].shape[1])
            self._changes = torch.empty_like(self._steps)
            self._steps[: self.count] = state["steps"]
            self._changes[: self.count] = state["changes"]
