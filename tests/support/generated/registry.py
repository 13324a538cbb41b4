"""The features that projects are put together of. Modules beside this one add theirs when they are imported."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Callable
from typing import NamedTuple

from support.generated.world import Part

Make = Callable[[Part], None]


class Feature(NamedTuple):
    """What a project may have.

    :param needs: programs, or ``#embed``.
    :param is_of_checkouts: it means nothing in an sdist, which has no repository.
    """

    name: str
    make: Make
    needs: tuple[str, ...]
    is_of_checkouts: bool


FEATURES: dict[str, Feature] = {}


def feature(*needs: str, is_of_checkouts: bool = False) -> Callable[[Make], Make]:
    """Register the function that writes a feature's files, lines and code, and offers its edits."""

    def keep(make: Make) -> Make:
        FEATURES[make.__name__] = Feature(make.__name__, make, needs, is_of_checkouts)
        return make

    return keep


@functools.cache
def is_there(need: str) -> bool:
    """Tell whether this machine has what a feature needs."""
    if need != "#embed":
        return shutil.which(need) is not None
    text = b"#ifndef __has_embed\n#error no\n#endif\n"
    command = ["gcc", "-E", "-x", "c", "-"]
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    return done.returncode == 0


def missing(feature: Feature) -> str:
    """Return what a feature lacks on this machine; nothing if it can be used."""
    return ", ".join(need for need in feature.needs if not is_there(need))
