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

    from ...model.finding import Finding
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
        # One wheel alone has said all of itself.
        if len(one.members) < 2 and one.sdist is None:
            continue
        sdist = None
        if one.sdist is not None:
            sdist = one.sdist.filename
        yield SetChecked(
            directory=directory,
            name=one.name,
            version=one.version,
            wheels=one.filenames,
            sdist=sdist,
            findings=select_and_sort(_findings(one, whole=whole), select, ignore),
        )
    about_all = select_and_sort(find_other_projects(directory, sets), select, ignore)
    if about_all:
        filenames = chain.from_iterable(one.filenames for one in sets)
        wheels = tuple(sorted(filenames))
        yield SetChecked(directory=directory, wheels=wheels, findings=about_all)


def _findings(one: WheelSet, *, whole: bool) -> Iterator[Finding]:
    """Yield all that is to be said of one set.

    :param whole: whether all wheels of the version should be there.
    """
    yield from find_holes(one, whole=whole)
    yield from find_pure_wheels(one)
    yield from find_different_metadata(one)
    yield from find_wheels_never_taken(one)
    yield from find_sdist_at_odds(one)
