"""`impasto export`: a trained network for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.errors import UsageError

if TYPE_CHECKING:
    from impasto.fast.model import FastModel


def export(
    model: Annotated[Path, typer.Argument(help="Trained network, .safetensors, or its name.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="NAME.onnx, or a new folder.")],
    style: Annotated[
        list[str],
        typer.Option("--style", "-s", metavar="PICTURE", help="Style of a network that takes any."),
    ] = [],  # noqa: B006 - Typer's way
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Write a trained network as a file of ONNX, or as a folder that paints without impasto."""
    from impasto.fast.model import read_model
    from impasto.fast.onnx import export_onnx
    from impasto.fast.parcel import write_parcel
    from impasto.fast.shipped import find_model
    from impasto.media.files import check_writable

    known = _with_styles(read_model(find_model(model)), style)
    if output.suffix == ".onnx":
        check_writable(output)
        apart = export_onnx(known, output)
    elif output.suffix:
        raise UsageError(f"{output} must end in .onnx, or be the name of a folder.")
    else:
        apart = write_parcel(known, output)
    names = [own.name for own in known.known]
    if as_json:
        print(json.dumps({"output": str(output), "styles": names, "difference": apart}))
    if not quiet:
        typer.echo(f"{output}: {', '.join(names)}; as torch paints, to {apart:.1g}", err=True)


def _with_styles(model: FastModel, style: list[str]) -> FastModel:
    """Let a network that takes any style know some."""
    if not model.is_any:
        if style:
            raise UsageError(f"{model.label} has its styles: leave out --style.")
        return model
    if not style:
        raise UsageError(f"{model.label} takes any style: name those to export with --style.")
    import torch

    from impasto.encoders import load_encoder
    from impasto.fast.stock import Stock
    from impasto.fast.styles import StylePredictor, read_style
    from impasto.stylization.inputs import resolve

    assert isinstance(model.styles, StylePredictor)
    stock, encoder = Stock([Path(str(resolve(own))) for own in style]), load_encoder()
    views, size = map(stock.view, range(len(stock))), model.styles.size
    read = torch.cat([read_style(encoder, own, size=size) for own in views])
    with torch.no_grad():
        codes = model.styles(read)
    return model.with_table(codes, stock.facts)
