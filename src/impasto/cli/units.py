"""`impasto units`: what the units of a network look for."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from impasto.cli.progress import StageBar
from impasto.cli.settings import with_settings
from impasto.errors import UsageError
from impasto.settings import CommonSettings, UnitsSettings

if TYPE_CHECKING:
    from PIL import Image

    from impasto.encoders import Encoder
    from impasto.signal import Signal
    from impasto.units.portraits import Portrait

_FILES = "Files"
_SURVEY = "report"


class _SurveyUnlessNamed(TyperGroup):
    """A group whose first command need not be named: `impasto units photos/`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the first command in front, unless another is named."""
        named = args and args[0] in self.commands
        return super().parse_args(ctx, args if named or not args else [_SURVEY, *args])


units = typer.Typer(
    cls=_SurveyUnlessNamed,
    no_args_is_help=True,
    help="The microscope: for every unit of a network, what excites it most.",
)

UnitName = Annotated[str, typer.Argument(metavar="LAYER:UNIT", help="The unit, as in relu4_1:37.")]
PictureName = Annotated[
    str,
    typer.Argument(help="Picture, name of a sample, or whatever else the network sees."),
]
Projection = Literal["deconvnet", "guided", "gradient"]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Picture to write.", rich_help_panel=_FILES)
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=_FILES)
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object.", rich_help_panel=_FILES)
]


@units.command(_SURVEY, epilog="Further: impasto units show | project | occlude | maximize --help")
@with_settings(UnitsSettings)
def report(
    pictures: Annotated[
        str,
        typer.Argument(
            metavar="PHOTOS",
            help="Folder of pictures or whatever the network sees, zip or tar archive, or text "
            "file with a path a line.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the report.", rich_help_panel=_FILES)
    ] = Path("report"),
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|auto|local",
            help="Share the search among the machines of a Ray cluster.",
            rich_help_panel="Machines",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    *,
    settings: UnitsSettings,
) -> None:
    """Find for every unit the patches that excite it most, and show them in a report.

    If it is broken off, the same command goes on where it was.
    """
    from impasto.units.recipe import survey

    began = time.monotonic()
    with StageBar(quiet=quiet) as bar:
        for progress in survey(pictures, output, settings=settings, ray=ray):
            bar.show(progress.stage, progress.done, progress.total)
    told = _told(output, time.monotonic() - began, quiet=quiet)
    if as_json:
        print(json.dumps(told))


def _told(folder: Path, seconds: float, *, quiet: bool) -> dict[str, Any]:
    """Say what the report holds."""
    from impasto.units.portraits import portrait_of
    from impasto.units.report import read_table

    atlas = read_table(folder / "units.parquet")
    dead = sum(len(layer.dead) for layer in atlas.layers.values())
    count = sum(len(layer.units) for layer in atlas.layers.values())
    page = folder / "index.html"
    if not quiet:
        for name, reason in atlas.passed_over[:5]:
            print(f"impasto: passed over {name}: {reason}", file=sys.stderr)
        if (more := len(atlas.passed_over) - 5) > 0:
            print(f"impasto: passed over {more} more, see the report.", file=sys.stderr)
        print(
            f"{page}: {count} units ({dead} dead) of {len(atlas.layers)} layers over "
            f"{atlas.count} {portrait_of(atlas.medium).nouns} in {seconds:.0f} s",
            file=sys.stderr,
        )
    return {
        "output": str(page),
        "pictures": atlas.count,
        "passed_over": [{"picture": name, "reason": why} for name, why in atlas.passed_over],
        "layers": {name: len(layer.units) for name, layer in atlas.layers.items()},
        "dead": {name: layer.dead for name, layer in atlas.layers.items() if layer.dead},
        "seconds": seconds,
    }


@units.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="REPORT", help="Folder of a report.")],
    unit: UnitName,
    output: Output = None,
) -> None:
    """Draw one unit of a report as a picture."""
    from impasto.units.report import draw_unit

    _save(draw_unit(folder, *_parsed(unit)), output, unit)


@units.command()
@with_settings(CommonSettings)
def project(
    picture: PictureName,
    unit: UnitName,
    output: Output = None,
    method: Annotated[
        Projection, typer.Option(help="How rectifiers are taken back.")
    ] = "deconvnet",
    max_size: Annotated[
        int | None,
        typer.Option(min=1, help="Longest side; what is larger is reduced to it. (default: 640)"),
    ] = None,
    *,
    settings: CommonSettings,
) -> None:
    """Project a unit's highest activation in a signal back to its samples."""
    from impasto.units.drawing import draw_projection
    from impasto.units.single import strongest

    encoder, signal, portrait = _ready(picture, max_size, settings)
    found = strongest(encoder, signal, *_parsed(unit), method=method)
    _save(draw_projection(signal, found, portrait), output, unit)


@units.command()
@with_settings(CommonSettings)
def occlude(
    picture: PictureName,
    unit: UnitName,
    output: Output = None,
    square: Annotated[
        int | None,
        typer.Option(min=1, help="Side of the square in samples. (default: an eighth)"),
    ] = None,
    stride: Annotated[
        int | None,
        typer.Option(min=1, help="Samples between its places. (default: a quarter of its side)"),
    ] = None,
    probability: Annotated[
        bool, typer.Option(help="Show the probability of a class, not its score.")
    ] = False,
    max_size: Annotated[
        int | None,
        typer.Option(min=1, help="Longest side; what is larger is reduced to it. (default: 224)"),
    ] = None,
    *,
    settings: CommonSettings,
) -> None:
    """Show how a unit's activation falls as a gray square slides over a signal."""
    from impasto.units.drawing import check_map, draw_occlusion
    from impasto.units.occlusion import occlude as slide

    encoder, signal, portrait = _ready(picture, max_size, settings, usual=224)
    check_map(portrait)
    layer, number = _parsed(unit)
    side = square or max(1, max(signal.space) // 8)
    occlusion = slide(
        encoder,
        signal,
        layer,
        number,
        size=side,
        stride=stride or max(1, side // 4),
        softmax=probability,
    )
    _save(draw_occlusion(signal, occlusion, portrait), output, unit)


@units.command()
@with_settings(CommonSettings)
def maximize(
    unit: UnitName,
    output: Output = None,
    size: Annotated[
        int | None, typer.Option(min=1, help="Side in samples. (default: by what the unit sees)")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the noise that it begins with.")] = 0,
    *,
    settings: CommonSettings,
) -> None:
    """Make a signal that excites a unit as much as can be: a picture of it, or its own file."""
    from impasto import media
    from impasto.signal import Signal
    from impasto.units.maximization import maximize as excite
    from impasto.units.portraits import portrait_of
    from impasto.units.preparing import channels_of, medium_of
    from impasto.units.recipe import encoder_for

    layer, number = _parsed(unit)
    encoder = encoder_for(settings)
    portrait = portrait_of(medium_of(encoder), rate_hz=encoder.rate_hz)
    own = output is not None and output.suffix.lower() in media.MEDIA[portrait.medium].outputs
    if not own:
        _check_picture(output)
    made = excite(
        encoder,
        layer,
        [number],
        size=size,
        seed=seed,
        channels=channels_of(encoder, portrait.medium) or 3,
        bounds=portrait.bounds,
    )[0]
    if output is not None and own:
        meta = {} if encoder.rate_hz is None else {"rate_hz": encoder.rate_hz}
        media.write(Signal(made, portrait.medium, meta), output)
        print(output, file=sys.stderr)
    else:
        _save(portrait.shown(made), output, unit)


def _parsed(unit: str) -> tuple[str, int]:
    """Split 'relu4_1:37' into layer and number."""
    layer, _, number = unit.rpartition(":")
    if not layer or not number.isdecimal():
        raise UsageError(f"{unit!r} names no unit: write LAYER:UNIT, as in relu4_1:37.")
    return layer, int(number)


def _ready(
    picture: str, max_size: int | None, settings: CommonSettings, *, usual: int | None = None
) -> tuple[Encoder, Signal, Portrait]:
    """Load the network, and read a signal as it goes through it."""
    from impasto import samples
    from impasto.units.preparing import only
    from impasto.units.recipe import encoder_for

    path = picture if Path(picture).exists() else samples.find(picture) or picture
    encoder = encoder_for(settings)
    longest = max_size or (usual if encoder.axes == 2 else None)
    signal, portrait = only(path, encoder, max_size=longest, max_pixels=settings.max_pixels)
    return encoder, signal, portrait


def _save(drawn: Image.Image, output: Path | None, unit: str) -> None:
    """Write a picture, named after the unit where no name is given, and say where it is."""
    from impasto.media.files import atomic_write

    path = output or Path(re.sub(r"[^A-Za-z0-9._-]", "-", unit) + ".png")
    _check_picture(path)
    with atomic_write(path) as temporary:
        drawn.convert("RGB").save(temporary)
    print(path, file=sys.stderr)


def _check_picture(path: Path | None) -> None:
    """Refuse a picture that could not be written."""
    from impasto.media.files import check_writable
    from impasto.media.image import check_output

    if path is not None:
        check_output(path.suffix)
        check_writable(path)
