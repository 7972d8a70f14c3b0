"""The command `impasto`: which commands there are, and what an error looks like."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from typing import Annotated, Any, NoReturn

import typer

from impasto.cli.encoders import encoders
from impasto.cli.export import export
from impasto.cli.rerun import rerun
from impasto.cli.samples import samples
from impasto.cli.settings import PairedMasks
from impasto.cli.studio import studio
from impasto.cli.stylize import stylize
from impasto.cli.synthesize import synthesize
from impasto.cli.train import train
from impasto.cli.units import units
from impasto.errors import ImpastoError, OutOfMemoryError, OutputError

INTERRUPTED = 130
ABOUT = (
    "Neural style transfer: the content of one picture in the style of another. "
    "And a microscope: what the units of a network look for."
)

app = typer.Typer(
    name="impasto",
    help=ABOUT,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(cls=PairedMasks)(stylize)
app.add_typer(units, name="units")
app.command()(synthesize)
for command in (studio, train, export, rerun, samples, encoders):
    app.command()(command)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("impasto"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option(help="Show tracebacks of errors.")] = False,
) -> None:
    """Take what holds for all commands."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and exit with its code.

    Args:
        arguments: Words after `impasto`; None for those of the process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]  # it may stand anywhere
    signal.signal(signal.SIGTERM, _as_interrupt)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns about its caches
    try:
        code = app(words, standalone_mode=False, prog_name="impasto")
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        if debug:
            traceback.print_exc()
        code = _explain(error)
    if code == INTERRUPTED:
        print("impasto: Interrupted.", file=sys.stderr)
    sys.exit(_flushed(code or 0))


def _as_interrupt(_number: int, _frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def _explain(error: Exception) -> int:
    """Print one sentence about an error and return the exit code."""
    if _is_exhausted(error):
        error = OutOfMemoryError("There is not enough memory. Try a smaller --size.")
    if isinstance(error, ImpastoError):
        print(f"impasto: {error}", file=sys.stderr)
        return error.exit_code
    if hasattr(error, "format_message"):  # the command line was wrong, says Typer
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "impasto"
        wrong = error.format_message().replace("Value error, ", "").rstrip(".")
        if wrong:  # nothing after a bare `impasto`
            print(f"impasto: {wrong}. Try '{command} --help'.", file=sys.stderr)
        return 2
    if type(error).__name__ == "Abort":
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):  # whoever read our output has gone
        return 1
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        print(f"impasto: {place}{error.strerror or error}.", file=sys.stderr)
        return 1
    print(
        f"impasto: something unforeseen failed ({type(error).__name__}: {error}). "
        "Please report it with what --debug prints.",
        file=sys.stderr,
    )
    return 1


def _flushed(code: int) -> int:
    """Write out what stdout still holds; if that fails, Python must not try again as it ends."""
    try:
        if sys.stdout is not None:  # a shell may have closed it
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        gone = isinstance(error, BrokenPipeError)  # whoever read it
        told = OutputError(f"stdout cannot be written: {error.strerror}.")
        return code or _explain(error if gone else told)
    return code


def _is_exhausted(error: Exception) -> bool:
    """Tell whether the memory ran out, which torch reports as a RuntimeError."""
    told = str(error)
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("alloc" in told and "memory" in told)
    )
