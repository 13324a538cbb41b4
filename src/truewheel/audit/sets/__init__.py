"""The wheels of one version, judged together, with the sdist beside them (TW551 to TW555). Pure.

============== ============================================================================== ============
module         what it looks at                                                               findings
============== ============================================================================== ============
``matrix``     for which Pythons and systems there is a wheel: a hole between others          TW551
``pure``       a wheel for any platform beside wheels for some                                TW552
``metadata``   requirements that differ, of which resolvers see those of one wheel            TW553
``company``    wheels that no installer ever takes; other projects and versions               TW554
``sdists``     the sdist against the wheels: its sources, its name, its requirements          TW555
============== ============================================================================== ============

Nothing here looks into one wheel: :func:`~truewheel.audit.verdict.check` has done that.
"""

from __future__ import annotations

from itertools import chain

from ...model.sets import SetChecked
from ..filtering import select_and_sort
from .company import find_other_projects, find_wheels_never_taken, is_release
from .matrix import find_holes
from .metadata import find_different_metadata
from .pure import find_pure_wheels
from .sdists import find_sdist_at_odds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.sets import WheelSet


def check_sets(
    directory: str,
    sets: Sequence[WheelSet],
    *,
    select: tuple[str, ...] = ("TW",),
    ignore: tuple[str, ...] = (),
) -> Iterator[SetChecked]:
    """Yield what is to be said of each set in a directory, and of all of them together, if there is anything.

    A wheel that has no other of its version and no sdist beside it is not a set.
    """
    whole = is_release(sets)
    for one in sets:
        if len(one.members) < 2 and one.sdist is None:
            continue
        found = chain(
            find_holes(one, whole=whole),
            find_pure_wheels(one),
            find_different_metadata(one),
            find_wheels_never_taken(one),
            find_sdist_at_odds(one),
        )
        yield SetChecked(
            directory=directory,
            name=one.name,
            version=one.version,
            wheels=tuple(member.filename for member in one.members),
            sdist=one.sdist.filename if one.sdist else None,
            findings=select_and_sort(found, select, ignore),
        )
    about_all = select_and_sort(find_other_projects(directory, sets), select, ignore)
    if about_all:
        wheels = [member.filename for one in sets for member in one.members]
        yield SetChecked(
            directory=directory, wheels=tuple(sorted(wheels)), findings=about_all
        )
