"""`impasto encoders`: the networks, their layers, and where their weights come from."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def encoders(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List networks with layers, channels, strides and where their weights come from."""
    from impasto.encoders.catalog import NETWORKS
    from impasto.encoders.vgg import layer_table

    if as_json:
        listed = {
            name: {"weights": source, "layers": [vars(layer) for layer in layer_table(name)]}
            for name, source in NETWORKS.items()
        }
        print(json.dumps(listed, indent=2))
        return
    for name, source in NETWORKS.items():
        print(f"{name}: {source}")
        print(f"  {'layer':10}  {'channels':>8}  {'stride':>6}")
        for layer in layer_table(name):
            print(f"  {layer.name:10}  {layer.channels:8}  {layer.stride:6}")
