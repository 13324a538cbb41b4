"""What ``--with`` names: wheels that are installed beside the one that is judged."""

from __future__ import annotations

import os

from ..model.errors import TruewheelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..model.contents import WheelFacts
    from ..model.neighbours import Neighbour


def read_neighbours(paths: Sequence[str]) -> tuple[Neighbour, ...]:
    """Return the wheels, each as a neighbour of those that are judged.

    :param paths: of wheels, or of directories that hold some.
    :raises TruewheelError: when one cannot be read, or a directory holds none.
    """
    if not paths:
        return ()
    from ..model.neighbours import neighbour_of  # few runs have neighbours
    from ..system.wheels.reading import read_wheel

    return tuple(neighbour_of(read_wheel(path)) for path in _wheels(paths))


def without(
    facts: WheelFacts, neighbours: Iterable[Neighbour]
) -> tuple[Neighbour, ...]:
    """Return the neighbours that are not the wheel's own distribution: of one only one version is installed."""
    others = tuple(neighbours)
    if not others:
        return ()
    from ..model.neighbours import neighbour_of
    from ..model.wheel_name import escape

    own = escape(neighbour_of(facts).distribution)
    return tuple(one for one in others if escape(one.distribution) != own)


def _wheels(paths: Iterable[str]) -> Iterator[str]:
    """Yield paths of wheels: those of a directory in the order of their names.

    :raises TruewheelError: when a directory holds none.
    """
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        names = [name for name in sorted(os.listdir(path)) if name.endswith(".whl")]
        if not names:
            raise TruewheelError(
                f"{path} holds no wheels", hint="name wheels, or a directory of them"
            )
        yield from (os.path.join(path, name) for name in names)
