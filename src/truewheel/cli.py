"""The ``truewheel`` command: parse, call the module of the command, exit.

Each command is a module in ``commands/`` with ``run(options)``, which is imported when it is called. ``truewheel show
WHEEL…`` is to take little longer than Python itself (``benchmarks/show.py``), so not even ``argparse`` is imported for it.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from importlib import import_module
from types import SimpleNamespace

from . import __version__
from .model.errors import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def run() -> int:
    """Run the command as a process of its own, which ends here.

    Taking the interpreter apart first, object by object, takes a sixth of the time that it takes to show a small wheel. Only
    when a profiler or a debugger watches does this return.
    """
    if sys.implementation.name == "cpython":
        # Too short a life to look for cycles; other Pythons collect everything that way.
        gc.disable()
    code = main()
    is_watched = sys.getprofile() is not None or sys.gettrace() is not None
    if not is_watched:
        # _exit() writes out no buffers, and what cannot be written is a failure of its own.
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:
            code = code or int(ExitCode.USAGE)
        os._exit(code)
    return code


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code (:class:`~truewheel.model.errors.ExitCode`)."""
    given = sys.argv[1:] if arguments is None else arguments
    _open_closed_streams()
    options = _options_of_plain_show(given) or _parsed(given)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A wheel's file names may hold what the terminal's code page lacks; that is no reason to show nothing.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        command = import_module(f".commands.{options.command}", __package__)
        code: int = command.run(options)
        # Here, where a reader that has gone (`| head`) is still told in words.
        sys.stdout.flush()
    except BaseException as error:
        from . import boundary

        stopped = boundary.stop_command(error)
        if stopped is None:
            raise
        return stopped
    return code


def _open_closed_streams() -> None:
    """Give a place to print to where the caller closed a stream (``>&-``): the exit code is what such a caller wants.

    Python has ``None`` there, and the next file that is opened would get its number.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # as long as the process lives
            setattr(sys, name, nowhere)


def _options_of_plain_show(given: Sequence[str]) -> SimpleNamespace | None:
    """Return the options of ``show WHEEL…`` as the parser would; ``None`` when there is more to parse."""
    command, *wheels = given or [""]
    if command != "show" or not wheels:
        return None
    # Options, also those behind the wheels, and a mistake in them are the parser's.
    if any(wheel.startswith("-") for wheel in wheels):
        return None
    return SimpleNamespace(
        command="show",
        wheels=wheels,
        json=False,
        verbose=False,
        exclude=[],
        beside=[],
        select=[],
        ignore=[],
    )


def _parsed(given: Sequence[str]) -> SimpleNamespace:
    """Return the options. Wheels may stand before, between and behind them, while argparse takes one row of wheels only."""
    parser = _parser()
    options, left = parser.parse_known_args(given, SimpleNamespace())
    has_options = any(argument.startswith("-") for argument in left)
    takes_wheels = options.command in ("show", "check", "tag", "repair")
    if takes_wheels and not has_options:
        options.wheels += left
    elif left:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return options


# --- the parser -------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each sets ``command`` to the name of its module."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="truewheel", description="Wheels that are named by what is in them."
    )
    parser.add_argument(
        "--version", action="version", version=f"truewheel {__version__}"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    show = commands.add_parser(
        "show", help="tag, floors and evidence of wheels (or of bare binaries)"
    )
    _add_judging_options(show)

    check = commands.add_parser(
        "check",
        help="exit 1 when a wheel's name is untrue, or something is wrong with it",
    )
    _add_judging_options(check)
    check.add_argument("--strict", action="store_true", help="warnings fail as well")
    _add_jobs(check)

    _add_compare_options(
        commands.add_parser("compare", help="exit 1 when two wheels differ")
    )

    explain = commands.add_parser(
        "explain", help="what a finding means, its causes and cures"
    )
    codes = "a code (TW301) or a prefix (TW3); all codes if left out"
    explain.add_argument("code", nargs="?", metavar="CODE", help=codes)

    tag = commands.add_parser("tag", help="write wheels under their true names")
    tag.add_argument("wheels", nargs="+", metavar="WHEEL")
    tag.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="where to write them"
    )
    _add_exclude(tag)

    _add_repair(commands)
    _add_fuse(commands)

    _add_init_options(
        commands.add_parser(
            "init", help="a new project that builds, tests and is ready for CI at once"
        )
    )

    _add_cache(commands)
    return parser


def _add_repair(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``repair``."""
    from .argument_types import promised_tag

    repair = commands.add_parser(
        "repair",
        help="write self-contained wheels: what the target system lacks goes in",
    )
    repair.add_argument(
        "wheels", nargs="+", metavar="WHEEL", help="a wheel, or a directory of wheels"
    )
    repair.add_argument(
        "-o",
        "--output",
        default="repaired",
        metavar="DIR",
        help="where to write them; ./repaired by default",
    )
    repair.add_argument(
        "--to",
        type=promised_tag,
        metavar="TAG",
        help="a platform tag that is promised (manylinux_2_28): fail when it would be untrue",
    )
    repair.add_argument(
        "--sbom",
        choices=("bundled", "off"),
        default="bundled",
        help="whether a bill of materials goes into them",
    )
    _add_exclude(repair)
    _add_jobs(repair)
    for option, metavar, text in (
        ("--search", "DIR", "a directory in which libraries are looked for"),
        ("--include", "LIBRARY", "a library that code opens while it runs"),
        ("--keep-name", "GLOB", "a library that keeps its name"),
    ):
        repair.add_argument(
            option, action="append", default=[], metavar=metavar, help=text
        )


def _add_fuse(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``fuse``, which takes exactly two wheels."""
    fuse = commands.add_parser(
        "fuse", help="join two macOS wheels, each for one CPU, into one for both"
    )
    fuse.add_argument("wheels", nargs=2, metavar="WHEEL")
    fuse.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="where to write it"
    )
    fuse.add_argument(
        "--prefer-first",
        action="append",
        default=[],
        metavar="GLOB",
        help="files that differ and are taken from the first wheel",
    )
    _add_exclude(fuse)


def _add_compare_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``compare``."""
    parser.add_argument("old", metavar="A")
    parser.add_argument("new", metavar="B")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="list all that differs"
    )
    parser.add_argument(
        "--contents",
        action="store_true",
        help="exit 0 when only the archives differ: order, times, compression",
    )


def _add_cache(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``cache``, with what can be done about it."""
    cache = commands.add_parser(
        "cache", help="what is kept of builds, so that the next ones are warm"
    )
    actions = (
        "list what is kept, delete all that is not needed any more, say where, "
        "or say why the last build of a project ran what it ran"
    )
    cache.add_argument("action", choices=("info", "clean", "path", "why"), help=actions)
    cache.add_argument(
        "project",
        nargs="?",
        default=".",
        metavar="PROJECT",
        help="why: the directory of the project, or its name; this directory by default",
    )
    cache.add_argument(
        "-v", "--verbose", action="store_true", help="why: name every step and file"
    )
    cache.add_argument(
        "--json", action="store_true", help="why: print one JSON document"
    )
    cache.add_argument(
        "--all",
        action="store_true",
        help="clean: also what editable installs need to be rebuilt",
    )


def _add_judging_options(parser: argparse.ArgumentParser) -> None:
    """Add what ``show`` and ``check`` have in common."""
    from .argument_types import code_prefix

    parser.add_argument(
        "wheels", nargs="+", metavar="WHEEL", help="a wheel, or a directory of wheels"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="list each finding; do not group similar ones",
    )
    _add_exclude(parser)
    for option, text in (
        ("--select", "only findings with this prefix"),
        ("--ignore", "no findings with this prefix"),
    ):
        parser.add_argument(
            option,
            action="append",
            default=[],
            type=code_prefix,
            metavar="CODE",
            help=text,
        )


def _add_exclude(parser: argparse.ArgumentParser) -> None:
    """Add the options for libraries that are not in the wheel, and are to be had all the same."""
    from .argument_types import excluded

    parser.add_argument(
        "--exclude",
        action="extend",
        default=[],
        type=excluded,
        metavar="GLOB",
        help="a library that someone else supplies, or a set of them: @cuda, @rocm, @torch, @oneapi",
    )
    parser.add_argument(
        "--with",
        dest="beside",
        action="append",
        default=[],
        metavar="WHEEL",
        help="a wheel that is installed beside it, whose libraries it may use; or a directory of such wheels",
    )


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add how many wheels may be worked on at once."""
    from .argument_types import count

    parser.add_argument(
        "--jobs",
        type=count,
        metavar="N",
        help="how many cores may be used; all by default",
    )


def _add_init_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``init``."""
    from .argument_types import kind

    parser.add_argument(
        "directory",
        metavar="DIR",
        help="new or empty directory; its name becomes the project's name",
    )
    kinds = "c, cython, cffi, swig, pybind11, nanobind, f2py, ctypes or executable"
    parser.add_argument(
        "--with", dest="kind", required=True, type=kind, metavar="KIND", help=kinds
    )
    parser.add_argument("--name", help="what the project is called instead")
