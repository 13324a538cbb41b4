"""The ``truewheel`` command: parse, call, print, exit. Sub-commands import what they need when they run.

``truewheel show WHEEL…`` is to take little longer than Python itself (``benchmarks/show.py``), so not even ``argparse``
is imported for it.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from types import SimpleNamespace

from . import __version__
from .model.errors import ExitCode, FormatError, TruewheelError, WheelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from .audit.checked import Checked
    from .model.contents import WheelFacts
    from .report import Style


def run() -> int:
    """The command as a process of its own, which ends here: taking the interpreter apart first, object by object, takes a
    sixth of the time that it takes to show a small wheel. Only when a profiler or a debugger watches does this return."""
    if sys.implementation.name == "cpython":
        gc.disable()  # too short a life to look for cycles; others collect everything that way
    code = main()
    if sys.getprofile() is None and sys.gettrace() is None:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:
            code = code or int(ExitCode.USAGE)
        os._exit(code)
    return code


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code (:class:`~truewheel.model.errors.ExitCode`)."""
    given = sys.argv[1:] if arguments is None else arguments
    _open_streams()
    options = _plain_show(given) or _parser().parse_args(given, SimpleNamespace())
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A wheel's file names may hold what the terminal's code page lacks; that is no reason to show nothing.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except BaseException as error:
        from . import boundary

        stopped = boundary.stop_command(error)
        if stopped is None:
            raise
        return stopped
    return code


def _open_streams() -> None:
    """Somewhere to print where the caller closed a stream (``>&-``): Python has ``None`` there, and the next file that is
    opened would get its number. The exit code is what such a caller wants."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # as long as the process lives


def _plain_show(given: Sequence[str]) -> SimpleNamespace | None:
    """The options of ``show WHEEL…``, as the parser would have them; ``None`` when there is more to parse."""
    command, *wheels = given or [""]
    if command != "show" or not wheels or any(w.startswith("-") for w in wheels):
        return None
    return SimpleNamespace(run=_show, wheels=wheels, json=False, verbose=False, exclude=[], select=[], ignore=[])


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(prog="truewheel", description="Wheels that are named by what is in them.")
    parser.add_argument("--version", action="version", version=f"truewheel {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    show = commands.add_parser("show", help="tag, floors and evidence of wheels (or of bare binaries)")
    _about_wheels(show)
    show.set_defaults(run=_show)

    check = commands.add_parser("check", help="exit 1 when a wheel's name is untrue, or something is wrong with it")
    _about_wheels(check)
    check.add_argument("--strict", action="store_true", help="warnings fail as well")
    check.set_defaults(run=_check)

    explain = commands.add_parser("explain", help="what a finding means, its causes and cures")
    explain.add_argument(
        "code", nargs="?", metavar="CODE", help="TW301, or the beginning of several, TW3; without it, all"
    )
    explain.set_defaults(run=_explain)

    tag = commands.add_parser("tag", help="write wheels under their true names")
    tag.add_argument("wheels", nargs="+", metavar="WHEEL")
    tag.add_argument("-o", "--output", required=True, metavar="DIR", help="where to write them")
    tag.add_argument(
        "--exclude", action="append", default=[], metavar="GLOB", help="a library that someone else supplies"
    )
    tag.set_defaults(run=_tag)

    _about_init(commands.add_parser("init", help="a new project that builds, tests and is ready for CI at once"))

    cache = commands.add_parser("cache", help="what is kept of builds, so that the next ones are warm")
    cache.add_argument(
        "action",
        choices=("info", "clean", "path"),
        help="list what is kept, delete all that is not needed any more, or say where",
    )
    cache.add_argument("--all", action="store_true", help="clean: also what editable installs need to be rebuilt")
    cache.set_defaults(run=_cache)
    return parser


def _about_wheels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("wheels", nargs="+", metavar="WHEEL")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("-v", "--verbose", action="store_true", help="findings that are alike one by one, not together")
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="GLOB", help="a library that someone else supplies"
    )
    for option, text in (("--select", "only findings with this prefix"), ("--ignore", "no findings with this prefix")):
        parser.add_argument(option, action="append", default=[], type=_prefix, metavar="CODE", help=text)


def _about_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="is made, or is empty; the project is called as it is")
    kinds = "c, cython, cffi, swig, pybind11, nanobind, f2py, ctypes or executable"
    parser.add_argument("--with", dest="kind", required=True, type=_kind, metavar="KIND", help=kinds)
    parser.add_argument("--name", help="what the project is called instead")
    parser.set_defaults(run=_init)


def _kind(text: str) -> str:
    import argparse

    from .templates.kinds import KINDS

    if text not in KINDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(KINDS)}")
    return text


def _prefix(text: str) -> str:
    """The beginning of a finding's code; a slip here would switch a check off in silence."""
    import argparse

    from . import finding_pages as pages

    if not text or not any(code.startswith(text.upper()) for code in pages.titles()):
        raise argparse.ArgumentTypeError(f"no finding's code begins with {text!r}; truewheel explain lists them")
    return text.upper()


def _show(options: SimpleNamespace) -> int:
    from . import report

    results, unread = _each(options, digests=False, binaries=not options.json)
    if options.json:
        print(report.as_json(results, unread))  # noqa: T201
    else:
        style = _style(verbose=options.verbose)
        for facts, checked in results:
            print(report.shown(facts, checked, style))  # noqa: T201
    return _worst(unread)


def _check(options: SimpleNamespace) -> int:
    from . import report

    results, unread = _each(options, digests=True, binaries=False)
    if options.json:
        print(report.as_json(results, unread))  # noqa: T201
    else:
        style = _style(verbose=options.verbose)
        for facts, checked in results:
            print(report.checked_line(facts, checked, style, strict=options.strict))  # noqa: T201
    passed = all(checked.passes(strict=options.strict) for _, checked in results)
    return _worst(unread) or int(ExitCode.FINE if passed else ExitCode.FINDINGS)


def _worst(unread: list[tuple[str, TruewheelError]]) -> int:
    return max((int(error.exit_code) for _, error in unread), default=int(ExitCode.FINE))


def _each(
    options: SimpleNamespace, *, digests: bool, binaries: bool
) -> tuple[list[tuple[WheelFacts, Checked]], list[tuple[str, TruewheelError]]]:
    """Facts and judgement of each wheel; a file that is none is told, and the others go on."""
    from .audit import verdict
    from .system.wheels.reading import read_wheel

    results, unread = [], []
    for path in options.wheels:
        try:
            if binaries and _show_binary(path):
                continue
            facts = read_wheel(path, digests=digests)
        except TruewheelError as error:
            _complain(error)
            unread.append((path, error))
            continue
        select = tuple(options.select) or ("TW",)
        results.append(
            (
                facts,
                verdict.check(
                    facts, exclude=tuple(options.exclude), select=select, ignore=tuple(options.ignore), upload=digests
                ),
            )
        )
    return results, unread


def _show_binary(path: str) -> bool:
    """Whether ``path`` is a bare binary, which then was shown."""
    if path.endswith(".whl") or not os.path.isfile(path):
        return False
    from . import formats, report

    try:
        with open(path, "rb") as file:
            head = file.read(formats.HEAD)
            facts = formats.read(head + file.read()) if formats.sniff(head) is not None else None
    except FormatError as error:
        raise WheelError(f"{path}: {error}", context=error.context) from None
    except OSError as error:
        raise WheelError(f"{path} cannot be read", context=[str(error)]) from error
    if facts is not None:
        print(report.binary(os.path.basename(path), facts))  # noqa: T201
    return facts is not None


def _explain(options: SimpleNamespace) -> int:
    from . import finding_pages as pages

    found = pages.titles() if options.code is None else pages.covered(options.code)
    if len(found) == 1:
        print(pages.page(*found).rstrip())  # noqa: T201
    else:
        for code, title in found.items():
            print(f"{code}  {title}")  # noqa: T201
    return int(ExitCode.FINE)


def _tag(options: SimpleNamespace) -> int:
    from pathlib import Path

    from .report import printable

    code = 0
    made: dict[str, Path] = {}
    for path in map(Path, options.wheels):
        try:
            print(printable(_tag_one(path, Path(options.output), tuple(options.exclude), made)))  # noqa: T201
        except TruewheelError as error:  # noqa: PERF203  # a wheel's error is not the next one's
            _complain(error)
            code = max(code, int(error.exit_code))
    return code


def _tag_one(path: Path, output: Path, exclude: tuple[str, ...], names: dict[str, Path]) -> str:
    """Write the wheel under its true name; returns what was done.

    :param names: the wheel that each name was given to in this run; this one is added.
    :raises TruewheelError: when no true name is known, or the wheel cannot be read or written.
    """
    from .audit import naming, verdict
    from .system.wheels.reading import read_wheel
    from .system.wheels.writing import retag_wheel

    facts = read_wheel(path, digests=True)
    checked = verdict.check(facts, exclude=exclude)
    name = naming.true_name(facts, checked, exclude=exclude)
    if (other := names.setdefault(str(name), path)) != path:
        raise TruewheelError(
            f"{path} would get the name that {other} has got, {name}",
            hint="keep one of them, or name another directory for it",
        )
    made = output / str(name)
    if made.resolve() != path.resolve():
        retag_wheel(path, output, name=name, purelib=checked.truth.purelib)
        return f"{path.name} -> {made}"
    if not naming.agrees_with_wheel_file(facts, name):
        raise TruewheelError(
            f"{path.name}: its name is true, but its WHEEL file says something else",
            hint="name another directory, where one that says the same in both can be written",
        )
    return f"{path.name}: its name is true already"


def _init(options: SimpleNamespace) -> int:
    from pathlib import Path

    from . import report
    from .templates import kinds as starter
    from .templates import writing as templates

    if not options.directory:
        raise TruewheelError("no directory is named", hint="truewheel init . is for the one that you are in")
    directory, kind = os.path.realpath(options.directory), starter.KINDS[options.kind]
    given = starter.derived_name(os.path.basename(directory)) if options.name is None else options.name
    name = starter.checked_name(given, kind)
    contents = templates.files(kind, starter.values(name, kind))
    templates.create(Path(directory), contents)
    print(report.started(name, options.directory, contents, needs=kind.needs, windows=os.name == "nt"))  # noqa: T201
    return int(ExitCode.FINE)


def _cache(options: SimpleNamespace) -> int:
    from . import report
    from .system.warm import cache

    root = cache.path()
    if options.action == "path":
        print(root)  # noqa: T201
        return int(ExitCode.FINE)
    try:
        found = cache.existing()
    except cache.UnfitError as error:
        raise TruewheelError(str(error), hint=f"set {cache.VARIABLE} to another directory") from None
    held = list(cache.entries(found)) if found is not None else []
    if options.action == "info":
        real = os.path.realpath(root)
        rows = [(os.path.relpath(e.path, real), e.used, e.size, e.label) for e in held]
        print(report.held(str(root), rows))  # noqa: T201
    else:
        left = [e for e in held if not cache.remove(e.path, needed=options.all)]
        cache.drop_drafts(root)
        freed = sum(e.size for e in held) - sum(e.size for e in left)
        print(report.cleaned(str(root), freed, [(e.size, cache.needed_by(e.path)) for e in left]))  # noqa: T201
    return int(ExitCode.FINE)


def _complain(error: TruewheelError) -> None:
    from . import boundary

    boundary.tell(error)


def _style(*, verbose: bool) -> Style:
    from . import boundary

    return boundary.style_for(sys.stdout, verbose=verbose)
