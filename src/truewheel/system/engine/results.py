"""What the engine hands out of a build: values of truewheel's own, without a class of scikit-build-core's."""

from __future__ import annotations

from pathlib import Path

from ...model.record import Record
from ...model.tree import Tree


class Staged(Record):
    """What a build put down, and what its settings say of the wheel.

    :param py_api: ``wheel.py-api``.
    :param build_tag: ``wheel.build-tag``.
    :param tags: ``wheel.tags``: expanded tags that the project demands, usually none.
    :param native: the platform tags that scikit-build-core would have written: the plain platform.
    :param compiled: ``wheel.cmake``: whether CMake ran.
    :param lost: what it built, where it installed no file: modules and shared libraries.
    :param outside: files that it installed elsewhere, by their absolute paths.
    :param message: ``messages.after-success``, rendered.
    """

    tree: Tree
    py_api: str
    build_tag: str
    tags: tuple[str, ...]
    native: tuple[str, ...]
    compiled: bool
    lost: tuple[str, ...]
    message: str
    outside: tuple[str, ...] = ()


class SdistMember(Record):
    """A file for the sdist: its name below the top directory, where it is, and whether to store what a link means."""

    name: str
    source: Path
    dereference: bool


class SdistPlan(Record):
    """What goes into an sdist besides PKG-INFO."""

    members: tuple[SdistMember, ...]
    reproducible: bool
