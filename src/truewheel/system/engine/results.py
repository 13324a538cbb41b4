"""What the engine hands out of a build: values of truewheel's own, without a class of scikit-build-core's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...model.build_facts import BuildFacts
from ...model.left_out import Reason
from ...model.link_facts import LinkFacts
from ...model.record import Record
from ...model.tree import Tree


class Staged(Record):
    """What a build put down, and what its settings say of the wheel.

    :param tree: the files of the wheel.
    :param facts: what the build tells of itself.
    :param link_facts: reads what CMake knows of the links, as long as the build tree is there: most builds do not ask.
    :param build_tag: ``wheel.build-tag``.
    :param message: ``messages.after-success``, rendered.
    :param notes: sentences about what the build did without: files that are not packed, variables that CMake did not get.
    """

    tree: Tree
    facts: BuildFacts
    link_facts: Callable[[], LinkFacts]
    build_tag: str
    message: str
    notes: tuple[str, ...]


class SdistMember(Record):
    """One file for the sdist.

    :param name: its path below the top directory.
    :param source: where it is.
    :param dereference: whether the content of a link is stored, and not the link.
    """

    name: str
    source: Path
    dereference: bool


class SdistPlan(Record):
    """What goes into an sdist besides PKG-INFO.

    :param reproducible: ``sdist.reproducible``: whether owners, times and modes are the same everywhere.
    :param left_out: what could not be looked into, by its path from the source.
    """

    members: tuple[SdistMember, ...]
    reproducible: bool
    left_out: tuple[tuple[str, Reason], ...]
