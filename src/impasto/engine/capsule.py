"""Tensors and plain values as bytes that can run no code (safetensors)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from impasto.errors import InputError, UsageError

Content = tuple[dict[str, Any], dict[str, Tensor]]


def seal(header: Mapping[str, Any], tensors: Mapping[str, Tensor], *, fingerprint: str) -> bytes:
    """Turn values that JSON can hold, and tensors, into bytes.

    Args:
        header: The values.
        tensors: The tensors, by name.
        fingerprint: Tells work with other inputs or settings apart.
    """
    from safetensors.torch import save

    told = json.dumps({**header, "fingerprint": fingerprint})
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    return save(contiguous, metadata={"impasto": told})


@contextmanager
def unsealed(content: bytes, *, fingerprint: str, name: str) -> Iterator[Content]:
    """Turn bytes back into values and tensors; what the block misses in them makes them damaged.

    Args:
        content: What `seal` returned.
        fingerprint: That of the work that wants to go on.
        name: What to call the bytes in an error.
    Raises:
        InputError: If the bytes are not what `seal` returns, or not what the block expects.
        UsageError: If they belong to work with other inputs or settings.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
        header = json.loads(metadata["impasto"])
        if header["fingerprint"] != fingerprint:
            raise UsageError(
                f"{name} belongs to a run with other inputs or settings. Repeat that command, or "
                "remove the file to begin afresh."
            )
        yield header, load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise InputError(f"{name} is not a checkpoint of impasto, or is damaged.") from error
