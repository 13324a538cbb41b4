"""``truewheel fuse``: two wheels for macOS, each for one CPU, written as one for both (``universal2``)."""

from __future__ import annotations

import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

from .. import boundary
from ..audit import naming
from ..audit.verdict import check
from ..model.errors import ExitCode, TruewheelError, WheelError
from ..model.neighbours import without
from ..model.record import replace
from ..model.wheel_name import WheelName, escape, parse_wheel_name
from ..report.text import printable
from ..system.wheels.metadata_texts import metadata_directory
from ..system.wheels.reading import read_wheel
from ..system.wheels.sources import WheelArchive
from ..system.wheels.writing import retag_wheel, rows_of, write
from ..system.wheels.zip_reader import Archive
from .beside import read_neighbours
from .fusing import fused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace

    from ..model.neighbours import Neighbour


_PLATFORM = "macosx_11_0_universal2"
"""What the wheel is called until it is known what is true: the first release for both CPUs."""


def run(options: SimpleNamespace) -> int:
    """Write the two wheels as one, under its true name; return the exit code."""
    # All or nothing: there is one wheel to write.
    try:
        for line in _fuse(
            tuple(Path(path) for path in options.wheels),
            Path(options.output),
            preferred=tuple(options.prefer_first),
            exclude=tuple(options.exclude),
            neighbours=read_neighbours(options.beside),
        ):
            print(printable(line))
    except TruewheelError as error:
        boundary.tell(error)
        return int(error.exit_code)
    return int(ExitCode.FINE)


def _fuse(
    paths: tuple[Path, ...],
    output: Path,
    *,
    preferred: tuple[str, ...],
    exclude: tuple[str, ...],
    neighbours: tuple[Neighbour, ...],
) -> list[str]:
    """Fuse two wheels; return what was done, a line each.

    :param neighbours: distributions that are installed beside the wheel.

    :raises TruewheelError: when they do not belong together, or what comes of them is not true of both CPUs.
    """
    first, second = paths
    name = _common_name(first, second)
    if first.resolve() == second.resolve():
        raise TruewheelError(
            f"{first.name} is named twice",
            hint="name the wheel for the other CPU as well",
        )
    with tempfile.TemporaryDirectory() as place:
        # Under a name that may be untrue: the judge needs the whole wheel to tell a better one.
        with Archive(first) as one, Archive(second) as other:
            source = fused(
                _source(one),
                _source(other),
                is_preferred=lambda path: any(
                    fnmatchcase(path, pattern) for pattern in preferred
                ),
            )
            draft = write(
                source,
                Path(place),
                name=name,
                purelib=False,
            ).path
        made = _write_true(
            draft,
            paths,
            output,
            exclude=exclude,
            neighbours=neighbours,
        )
    return [*source.notes, f"{first.name} + {second.name} -> {made}"]


def _source(archive: Archive) -> WheelArchive:
    """Return an open wheel as a source that can be written."""
    dist_info = metadata_directory(
        archive.name, {item.name: item for item in archive.items}
    )
    return WheelArchive(archive, dist_info, rows_of(archive, dist_info))


def _write_true(
    draft: Path,
    paths: tuple[Path, ...],
    output: Path,
    *,
    exclude: tuple[str, ...],
    neighbours: tuple[Neighbour, ...],
) -> Path:
    """Write the fused wheel under the name that its binaries tell; return its path.

    :param neighbours: distributions that are installed beside it.

    :raises TruewheelError: when it is not for both CPUs, or would replace a wheel that it is made of.
    """
    facts = read_wheel(draft, digests=True)
    # A directory of neighbours may hold the two wheels themselves.
    beside = without(facts, neighbours)
    checked = check(facts, exclude=exclude, neighbours=beside)
    name = naming.true_name(
        facts,
        checked,
        exclude=exclude,
        neighbours=beside,
    )
    made = output / str(name)
    if not all(platform.endswith("_universal2") for platform in name.platforms):
        raise TruewheelError(
            f"what comes of {paths[0].name} and {paths[1].name} is {name.tag}, and not universal2",
            context=checked.truth.reasons,
            hint="each of the two needs code for a CPU that the other one lacks",
        )
    if made.resolve() in {path.resolve() for path in paths}:
        raise TruewheelError(
            f"{made} is one of the wheels that are to be fused",
            hint="name another directory",
        )
    retag_wheel(
        draft,
        output,
        name=name,
        purelib=checked.truth.purelib,
    )
    return made


# --- whether they belong together -------------------------------------------------------------------------------


def _common_name(first: Path, second: Path) -> WheelName:
    """Return a name for what comes of two wheels.

    :raises TruewheelError: when they differ in more than the platform, or are not for macOS.
    """
    one, other = _name_of(first), _name_of(second)
    differences = [
        f"{part}: {', '.join(own)} and {', '.join(theirs)}"
        for part, own, theirs in _compared(one, other)
        if set(own) != set(theirs)
    ]
    if differences:
        raise TruewheelError(
            f"{first.name} and {second.name} do not belong together",
            context=differences,
            hint="fuse two wheels of one project, version, Python and ABI",
        )
    return replace(one, platforms=(_PLATFORM,))


def _compared(
    one: WheelName, other: WheelName
) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Return each part of two names that has to be the same."""
    return (
        ("project", (escape(one.name),), (escape(other.name),)),
        ("version", (one.version,), (other.version,)),
        ("build", (one.build or "none",), (other.build or "none",)),
        ("Python", one.interpreters, other.interpreters),
        ("ABI", one.abis, other.abis),
        ("variant", (one.variant or "none",), (other.variant or "none",)),
    )


def _name_of(path: Path) -> WheelName:
    """Return the name of a wheel for macOS.

    :raises TruewheelError: when it is one for another system.
    """
    name = parse_wheel_name(path.name)
    if name is None:
        raise WheelError(f"{path.name} is not the file name of a wheel")
    if not all(platform.startswith("macosx_") for platform in name.platforms):
        raise TruewheelError(
            f"{path.name} is not for macOS",
            context=("files for several CPUs in one are Apple's",),
            hint="on other systems, publish a wheel for each CPU",
        )
    return name
