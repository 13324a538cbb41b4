"""``truewheel tag``: wheels written under their true names."""

from __future__ import annotations

from pathlib import Path

from .. import boundary
from ..audit import naming
from ..audit.verdict import check
from ..model.errors import ExitCode, TruewheelError
from ..model.neighbours import without
from ..report.text import printable
from ..system.wheels.reading import read_wheel
from ..system.wheels.writing import retag_wheel
from .beside import read_neighbours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace

    from ..model.neighbours import Neighbour


def run(options: SimpleNamespace) -> int:
    """Write every wheel that is named under its true name; return the exit code."""
    worst = int(ExitCode.FINE)
    output = Path(options.output)
    wheels_by_name: dict[str, Path] = {}
    beside = read_neighbours(options.beside)
    for path in map(Path, options.wheels):
        try:
            done = _tag_wheel(
                path,
                output,
                wheels_by_name,
                exclude=tuple(options.exclude),
                beside=beside,
            )
            print(printable(done))
        except TruewheelError as error:
            boundary.tell(error)
            worst = max(worst, int(error.exit_code))
    return worst


def _tag_wheel(
    path: Path,
    output: Path,
    wheels_by_name: dict[str, Path],
    *,
    exclude: tuple[str, ...],
    beside: tuple[Neighbour, ...],
) -> str:
    """Write one wheel under its true name; return what was done.

    :param wheels_by_name: the wheel that each name was given to in this run; this one is added.
    :param beside: distributions that are installed beside it.
    :raises TruewheelError: when no true name is known, or the wheel cannot be read or written.
    """
    facts = read_wheel(path, digests=True)
    neighbours = without(facts, beside)
    # What is untrue of the present name does not matter here.
    checked = check(facts, exclude=exclude, neighbours=neighbours)
    name = naming.true_name(facts, checked, exclude=exclude, neighbours=neighbours)
    # Two wheels that differ in a false tag alone get the same name, and the second would replace the first.
    other = wheels_by_name.setdefault(str(name), path)
    if other != path:
        raise TruewheelError(
            f"{path} would get the name that {other} has got, {name}",
            hint="keep one of them, or name another directory for it",
        )
    made = output / str(name)
    # A wheel is never written over the one that it is read from.
    if made.resolve() != path.resolve():
        retag_wheel(path, output, name=name, purelib=checked.truth.purelib)
        return f"{path.name} -> {made}"
    # WHEEL has the tags a second time (`Tag:`), and a file that stays where it is keeps them.
    if not naming.agrees_with_wheel_file(facts, name):
        raise TruewheelError(
            f"{path.name}: its name is true, but its WHEEL file says something else",
            hint="name another directory, where one that says the same in both can be written",
        )
    return f"{path.name}: its name is true already"
