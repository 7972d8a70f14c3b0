"""Networks in the format of ONNX, which other programs run, and impasto too."""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from impasto.errors import ImpastoError, UsageError, WeightsError
from impasto.fast.model import KIND, VERSION, FastModel, StyleFacts
from impasto.fast.painter import Painter, Painting, Wanted
from impasto.fast.styles import StyleTable
from impasto.media.extra import need
from impasto.media.files import atomic_write

if TYPE_CHECKING:
    from impasto.encoders.encoder import Encoder

TOLERANCE = 1e-3  # between what torch and onnxruntime paint
_KEY = "impasto"
_SIZES = ((64, 80), (57, 91))  # of the pictures with which an export is checked
_LEAST = 32  # pixels; a graph cannot choose how small pictures are continued


class _Whole(nn.Module):
    """The network with its table inside: from a picture, shares of styles and a strength."""

    def __init__(self, model: FastModel) -> None:
        super().__init__()
        self.network, self.styles = model.network, model.styles

    def forward(self, picture: Tensor, shares: Tensor, strength: Tensor) -> Tensor:
        code = self.styles((shares / shares.sum())[None])
        plain = self.styles.plain
        painted: Tensor = self.network(picture, plain + strength * (code - plain))
        return painted


class OnnxPainter(Painter):
    """A network that onnxruntime runs.

    Args:
        path: A file that `export_onnx` has written.
    Raises:
        UsageError: If onnxruntime is missing.
        WeightsError: If the file is missing, damaged, or was not exported by impasto.
    """

    def __init__(self, path: Path) -> None:
        runtime = need("onnxruntime", extra="fast")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise WeightsError(f"Cannot read the model {path}: {error.strerror}.") from None
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 4
        try:
            self.session = runtime.InferenceSession(
                content, options, providers=runtime.get_available_providers()
            )
        except Exception:  # its errors have no common class that is public
            raise WeightsError(f"{path} is no model of ONNX, or is damaged.") from None
        told = self.session.get_modelmeta().custom_metadata_map.get(_KEY, "{}")
        try:
            header = json.loads(told)
            is_ours = (header["kind"], header["version"]) == (KIND, VERSION)
            self.known = tuple(StyleFacts(**own) for own in header["known"])
        except (ValueError, KeyError, TypeError):
            is_ours = False
        if not is_ours:
            raise WeightsError(
                f"{path} was not exported by this version of impasto: run impasto export."
            )
        self.label, self.sha256 = str(path), hashlib.sha256(content).hexdigest()

    def bare_painting(
        self,
        wanted: Sequence[Wanted],
        *,
        strength: float = 1.0,
        encoder: Encoder | None = None,  # noqa: ARG002 - its styles are known
    ) -> Painting:
        """See Painter.bare_painting."""
        if any(own.regions is not None for own in wanted):
            raise UsageError(f"--mask needs a model in a .safetensors file, not {self.label}.")
        shares = np.zeros(len(self.known), np.float32)
        for own in wanted:
            assert own.row is not None
            shares[own.row] += own.weight
        if not wanted:
            shares[:], strength = 1.0, 0.0
        told = {"shares": shares, "strength": np.array(strength, np.float32)}

        def painting(picture: Tensor) -> Tensor:
            space = picture.shape[1:]
            more = [0, max(0, _LEAST - space[1]), 0, max(0, _LEAST - space[0])]
            large = nn.functional.pad(picture[None], more, mode="replicate")
            (painted,) = self.session.run(None, {"picture": large.contiguous().numpy(), **told})
            return torch.from_numpy(painted)[0, :, : space[0], : space[1]].contiguous()

        return painting


def export_onnx(model: FastModel, path: Path) -> float:
    """Write a network with its styles as a file of ONNX, for pictures of any size.

    Its inputs are `picture` (1, 3, h, w) in sRGB from 0 to 1 with sides of at least 32, `shares`
    (n,) of the styles, and `strength` from 0 to 1; its output is `painting`, shaped as the picture.

    Args:
        model: A model with a table of styles; see `FastModel.with_table`.
        path: Where to.
    Returns:
        The largest difference between what torch and onnxruntime paint of the same pictures.
    Raises:
        UsageError: If a package is missing, or the model looks at styles.
        ImpastoError: If the two do not paint the same to TOLERANCE.
        OSError: If the file cannot be written.
    """
    if not isinstance(model.styles, StyleTable):
        raise UsageError("A model for any style is exported with some: add --style PICTURE.")
    onnx = need("onnx", extra="fast")
    need("onnxscript", extra="fast")
    whole = _Whole(replace(model, network=model.network.float().cpu())).eval()
    program = _exported(whole, len(model.known))
    proto = program.model_proto
    facts = {key: own for key, own in model.header().items() if key != "styles"}
    onnx.helper.set_model_props(proto, {_KEY: json.dumps(facts)})
    with atomic_write(path) as temporary:
        temporary.write_bytes(proto.SerializeToString())
        apart = _difference(whole, OnnxPainter(temporary), len(model.known))
        if not apart <= TOLERANCE:
            raise ImpastoError(
                f"onnxruntime paints otherwise than torch (by {apart:.2g}): {path} is not written."
            )
    return apart


def _exported(whole: _Whole, count: int) -> Any:
    example = (torch.rand(1, 3, 64, 80), torch.ones(count), torch.tensor(1.0))
    height, width = (torch.export.Dim(own, min=_LEAST, max=2**20) for own in ("height", "width"))
    for name in ("onnxscript", "torch.onnx"):  # they tell of packages that are not needed
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(action="ignore"):  # about its own insides
        return torch.onnx.export(
            whole,
            example,
            dynamo=True,
            verbose=False,
            input_names=["picture", "shares", "strength"],
            output_names=["painting"],
            dynamic_shapes=({2: height, 3: width}, None, None),
        )


def _difference(whole: _Whole, painter: OnnxPainter, count: int) -> float:
    """Return how far two runs are apart, over some sizes, styles and strengths."""
    noise = torch.Generator().manual_seed(0)
    worst = 0.0
    for number, space in enumerate(_SIZES):
        picture = torch.rand(3, *space, generator=noise)
        shares, strength = torch.rand(count, generator=noise), 1 - 0.4 * number
        wanted = [Wanted(float(own), row) for row, own in enumerate(shares)]
        with torch.no_grad():
            exact = whole(picture[None], shares, torch.tensor(strength))[0]
        made = painter.bare_painting(wanted, strength=strength)(picture)
        worst = max(worst, float((made - exact).abs().max()))
    return worst
