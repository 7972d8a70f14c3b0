"""The highest activations of every unit: lists that are kept short and can be merged."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# A map is looked at in blocks, so that the place of its maximum is looked for in one of them only.
BLOCKS, LEAST = 32, 512


@dataclass(frozen=True, eq=False)
class Top:
    """For each unit of a layer its highest activations so far, the highest first.

    Of equal activations that of the earlier picture counts as the higher one, and within a picture
    that at the earlier position, so that the order does not depend on who has searched what.

    Attributes:
        activations: Shape (unit, k), float32; -inf where there are fewer.
        pictures: Number of the picture in the dataset, shape (unit, k); -1 where there is none.
        positions: Position in the feature map, axes in row-major order counted as one, shape
            (unit, k).
        lengths: Positions of that map along each axis, shape (unit, k, axes).
    """

    activations: Tensor
    pictures: Tensor
    positions: Tensor
    lengths: Tensor

    @classmethod
    def empty(cls, units: int, k: int, axes: int) -> Top:
        """Return lists without an entry."""
        none = torch.full((units, k), -1)
        return cls(
            torch.full((units, k), -torch.inf),
            none,
            none.clone(),
            torch.zeros(units, k, axes).long(),
        )

    @property
    def k(self) -> int:
        """How many activations are kept for each unit."""
        return self.activations.shape[1]

    def merged(self, other: Top) -> Top:
        """Return the highest of both; the order of merging makes no difference."""
        activations = torch.cat([self.activations, other.activations], 1)
        pictures = torch.cat([self.pictures, other.pictures], 1)
        positions = torch.cat([self.positions, other.positions], 1)
        order = positions.argsort(dim=1, stable=True)
        order = order.gather(1, pictures.gather(1, order).argsort(dim=1, stable=True))
        falling = activations.gather(1, order).argsort(dim=1, stable=True, descending=True)
        order = order.gather(1, falling)[:, : self.k]
        lengths = torch.cat([self.lengths, other.lengths], 1)
        across = order.unsqueeze(-1).expand(-1, -1, lengths.shape[-1])
        return Top(
            activations.gather(1, order),
            pictures.gather(1, order),
            positions.gather(1, order),
            lengths.gather(1, across),
        )

    def with_picture(self, number: int, features: Tensor, *, per_picture: int = 1) -> Top:
        """Return the lists after a picture has been looked at.

        Only units whose maximum enters their list are looked at more closely, which soon are few.

        Args:
            number: Its number in the dataset.
            features: Activations, shape (unit, *space), in any layout.
            per_picture: How many positions of one picture may enter a list.
        """
        maps = features.flatten(1)
        size = max(-(-maps.shape[1] // BLOCKS), LEAST)
        maxima = torch.stack([block.amax(1) for block in maps.split(size, 1)], 1).float()
        highest = maxima.amax(1)
        least, last = self.activations[:, -1], self.pictures[:, -1]
        enters = (highest > least) | ((highest == least) & (number < last))
        units = enters.nonzero().flatten()
        if len(units) == 0:
            return self
        count = min(per_picture, maps.shape[1], self.k)
        if count == 1:
            starts = maxima[units].argmax(1, keepdim=True) * size
            places = (starts + torch.arange(size)).clamp_(max=maps.shape[1] - 1)
            first = starts + maps[units[:, None], places].argmax(1, keepdim=True)
        else:
            first = maps[units].float().argsort(dim=1, stable=True, descending=True)[:, :count]
        found = Top(
            maps[units[:, None], first].float(),
            torch.full_like(first, number),
            first,
            torch.tensor(features.shape[1:]).expand(len(units), count, -1),
        )
        parts = (
            (old.index_select(0, units), new)
            for old, new in zip(self._columns(), found._columns(), strict=True)
        )
        olds, news = zip(*parts, strict=True)
        better = Top(*olds).merged(Top(*news))
        return Top(
            *(
                old.index_copy(0, units, new)
                for old, new in zip(self._columns(), better._columns(), strict=True)
            )
        )

    def _columns(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.activations, self.pictures, self.positions, self.lengths
