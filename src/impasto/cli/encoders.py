"""`impasto encoders`: the networks, their layers, and where their weights come from."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.errors import UsageError, nearest

if TYPE_CHECKING:
    from impasto.encoders.official import Official


def encoders(
    network: Annotated[
        str | None,
        typer.Argument(help="Show this one only; package.module:function is one of yours."),
    ] = None,
    download: Annotated[
        str | None,
        typer.Option(metavar="NETWORK", help="Fetch official weights, and print their path."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """List networks with layers, channels, strides and where their weights come from."""
    if download is not None:
        path = _download(download, quiet=quiet)
        print(json.dumps({"network": download, "weights": path}) if as_json else path)
        return
    listed = _listed(network)
    if as_json:
        print(json.dumps(listed, indent=2))
        return
    for name, entry in listed.items():
        print(f"{name}: {entry['weights']}")
        width = max(10, *(len(layer["name"]) for layer in entry["layers"]))
        print(f"  {'layer':{width}}  {'channels':>8}  {'stride':>6}")
        for layer in entry["layers"]:
            stride = layer["stride"] or "-"  # there is no neighbor
            print(f"  {layer['name']:{width}}  {layer['channels']:8}  {stride:>6}")


def _listed(network: str | None) -> dict[str, dict[str, Any]]:
    """Describe one network, or all that have a name."""
    from impasto.encoders.catalog import NETWORKS, layer_table

    return {
        name: {
            "weights": NETWORKS.get(name, "the function's own"),
            "layers": [vars(layer) for layer in layer_table(name)],
        }
        for name in (NETWORKS if network is None else (network,))
    }


def _download(network: str, *, quiet: bool) -> str:
    """Fetch the official weights of a network and return their path."""
    from impasto.encoders.official import OFFICIAL

    if network not in OFFICIAL:
        raise UsageError(f"No weights of {network!r} are offered. {nearest(network, OFFICIAL)}")
    official = OFFICIAL[network]
    if not official.path.is_file():
        if not quiet:
            size = f"{official.size / 1e6:.0f} MB"
            print(f"Fetching {official.url} ({size}) into {official.path}", file=sys.stderr)
        _fetch_with_bar(official, quiet=quiet)
    return str(official.path)


def _fetch_with_bar(official: Official, *, quiet: bool) -> None:
    """Fetch, and show how far it is where stderr is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    console = Console(stderr=True)
    with Progress(
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        disable=quiet or not sys.stderr.isatty() or console.is_dumb_terminal,
        transient=True,
    ) as progress:
        task = progress.add_task("", total=official.size)
        for have in official.fetch():
            progress.update(task, completed=have)
