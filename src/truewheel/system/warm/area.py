"""Where one build happens, with the build tree and all that is made on the way: here, a directory that is thrown away.

A build runs in two blocks, and nothing else has to be called::

    with area.configure(build_dir, digest):
        ...  # CMake configures
    with area.compile() as packed:
        ...  # the build tool runs, CMake installs; ``packed`` is told which files go into the wheel

The area is told what was put down for the wheel (:meth:`BuildArea.note_staged`), and is asked whether all of that was there
when the wheel is written (:meth:`BuildArea.require_whole`).

Nothing outside of an area is written, except in a build directory that the project itself asks for.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePath

from ...model.build_record import NothingKept, ReuseDecision
from ...model.errors import EngineError
from ...model.variants import Variant
from . import environment
from .path_maps import definitions, variant_definitions

Build = Callable[[Sequence[str]], None]
"""Has the build tool make some files, by their names in its build file."""


class LostError(EngineError):
    """Somebody deleted what a build made before all of it was read.

    :param root: the area.
    """

    def __init__(self, root: Path) -> None:
        message = f"the directory of the build, {root}, was deleted during the build"
        hint = "let nothing delete it while a build runs; TMPDIR names another place for it"
        super().__init__(message, phase="pack", hint=hint)


class BuildArea:
    """Where one build happens. This one is thrown away afterwards.

    :ivar source: the source tree to build from.
    :ivar whole: the source tree, or the clone for this build that it is a part of.
    :ivar root: an empty directory.
    :ivar build_dir: the build tree, unless the project wants another.
    :ivar warmth: how much of an earlier build is used and why, or why nothing is kept; certain from ``configure`` on.
    """

    def __init__(
        self,
        source: Path,
        root: Path,
        warmth: ReuseDecision | NothingKept,
        *,
        whole: Path | None = None,
    ) -> None:
        """Make an area of ``root``; nothing is written yet.

        :param whole: what was cloned or unpacked, when ``source`` is a part of it.
        """
        self.source = source
        self.whole = whole or source
        self.root = root
        self.warmth = warmth
        self.build_dir = root / "build"
        self.staging = root / "stage"
        self._has_staging = False
        self._staged: tuple[str, ...] = ()
        self._installed_at = 0

    def empty_staging(self) -> Path:
        """Make the directory that CMake installs into, emptied of what an earlier try left, and return it."""
        self._staged = ()
        self._has_staging = False
        # Else what an earlier try installed would be packed.
        shutil.rmtree(self.staging, ignore_errors=True)
        self.staging.mkdir(parents=True)
        self._has_staging = True
        return self.staging

    def definitions_file(self, build_dir: Path) -> Path:
        """Return where :meth:`configure` writes the CMake file that the project's CMake is to include."""
        # A build tree that outlives this area, as an editable install's does, must find the file later.
        home = self.root if build_dir.is_relative_to(self.root) else build_dir
        return home / "truewheel.cmake"

    @contextlib.contextmanager
    def configure(
        self,
        build_dir: Path,
        settings: str,
        *,
        variant: Variant | None = None,
        takes_turns: bool = False,
        outlives: bool = False,
        keeps_paths: bool = False,
    ) -> Iterator[None]:
        """Prepare ``build_dir``; inside the block, CMake is configured there.

        :param settings: digest of what the engine was told.
        :param variant: what the wheel is to be a variant for.
        :param takes_turns: whether several build types will take turns in the tree.
        :param outlives: whether the tree is built again without truewheel, when an editable install is imported.
        :param keeps_paths: whether what is compiled may say where its sources are, so that debuggers find them.
        """
        # These matter only to an area that is kept.
        del settings, takes_turns, outlives
        self._write_definitions(build_dir, variant, keeps_paths=keeps_paths)
        yield

    @contextlib.contextmanager
    def compile(self) -> Iterator[list[Path]]:
        """Inside the block, the configured tree is built and installed.

        Gives a list to be filled with the files that go into the wheel. Source files among them are known to be packed
        as they are, so that no tree is distrusted because of them.
        """
        yield []

    def watched_variables(self) -> dict[str, str]:
        """Return what the programs of the build have to be told, so that they are watched; nothing here."""
        return {}

    def start_watching(self) -> None:
        """Note that CMake starts now."""

    def ask_again(self, build: Build) -> None:
        """Run steps again, before the build tool does its work, of which it is not sure that they would make the same.

        :param build: has some files made, whatever they are made of.
        """

    def must_build_again(self, build: Build) -> bool:
        """Return whether the build tool has to run once more, for a step read what another one made afterwards."""
        del build
        return False

    def note_staged(self, files: Iterable[str], *, installed_at: int = 0) -> None:
        """Note files that were put down for the wheel, those that CMake says it installed among them.

        :param installed_at: when CMake had installed all of them, by the clock of the file system.
        """
        self._installed_at = installed_at
        inside = os.path.join(self.root, "")
        staged: list[str] = []
        for file in files:
            # Others are not deleted with the area.
            if file.startswith(inside):
                staged.append(file)
        self._staged = tuple(staged)

    def is_deleted(self) -> bool:
        """Say whether somebody deleted the area, or has begun to, as far as that is certain."""
        return self._has_staging and not self.staging.is_dir()

    def require_whole(self) -> None:
        """Do nothing if all that was put down for the wheel was there when the wheel's files were listed.

        Files that vanished later were missed by whoever read them.

        :raises LostError: when somebody deleted something of it, so that the wheel may lack files.
        """
        if self.is_deleted():
            raise LostError(self.root)

    def close(self) -> None:
        """Leave the area to other builds, whatever came of this one."""

    def _write_definitions(
        self, build_dir: Path, variant: Variant | None, *, keeps_paths: bool
    ) -> None:
        """Write the CMake file that maps paths of this area out of everything compiled, and tells of the variant."""
        homes = self._mapped_paths(build_dir)
        text = definitions({} if keeps_paths else homes)
        if variant is not None:
            text += variant_definitions(variant)
        path = self.definitions_file(build_dir)
        path.parent.mkdir(parents=True, exist_ok=True)
        # CMake configures again when the file is newer than its cache: leave one that says the same.
        is_written = path.is_file() and path.read_text(encoding="utf-8") == text
        if not is_written:
            path.write_text(text, encoding="utf-8")

    def _mapped_paths(self, build_dir: Path) -> dict[PurePath, str]:
        """Return the directories of this build, and what they are called in what is compiled."""
        homes: dict[PurePath, str] = {
            self.whole.resolve(): "/_whole",
            self.source.resolve(): "",
            build_dir.resolve(): "/_build",
            self.staging.resolve(): "/_install",
        }
        kept = environment.current()
        if kept is not None:
            homes[Path(kept).resolve()] = "/_env"
        return homes
