"""The network that learns, with its styles, as one module that can be spread over devices."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from impasto.fast.network import TransformNetwork
from impasto.fast.styles import Styles


class Pupil(nn.Module):
    """Paints a batch, each with its style.

    Args:
        network: From photographs and codes to paintings.
        styles: Where codes come from.
    """

    def __init__(self, network: TransformNetwork, styles: Styles) -> None:
        super().__init__()
        self.network, self.styles = network, styles

    def forward(self, contents: Tensor, asked: Tensor, plain: Tensor) -> Tensor:
        """Paint.

        Args:
            contents: Photographs, shape (b, 3, h, w).
            asked: What the styles read, shape (b, n).
            plain: Which of them are to be left as they are, shape (b,).
        Returns:
            Shape (b, 3, h, w), from 0 to 1.
        """
        codes = torch.where(plain[:, None], self.styles.plain, self.styles(asked))
        painted: Tensor = self.network(contents, codes)
        return painted
