"""Where one build happens: a directory that is thrown away afterwards, or one that stays for the next build.

A build runs in two blocks, and nothing else has to be called::

    with area.configure(build_dir, digest):
        ...  # CMake configures
    with area.compile() as packed:
        ...  # the build tool runs, CMake installs; ``packed`` is told which files go into the wheel

A kept area looks at all that goes into the build when the first block is entered, carries out what was decided about the
tree that an earlier build left (``planning/reuse.py``), and remembers the build when the second block is left; a build
that failed is remembered as one. Nothing outside of an area is written, except in a build directory that the project
itself asks for.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import truewheel

from ...model.build_record import (
    BuildRecord,
    ColdReason,
    Inputs,
    Manifest,
    NothingKept,
    Reuse,
    ReuseDecision,
    Stamp,
)
from ...model.errors import EngineError
from ...model.record import Record, replace
from ...model.request import Request
from ...model.variants import Variant
from . import build_inputs, build_records, build_tree, cache, environment, invalidation, mirror, observed_inputs
from .path_maps import definitions, variant_definitions

LAYOUT = 3
"""Of kept areas and records; raised when either changes, so that older ones are not used."""

Decide = Callable[..., ReuseDecision]
"""``planning.reuse.decide``."""


class BuildArea:
    """Where one build happens. This one is thrown away afterwards.

    :ivar source: the source tree to build from.
    :ivar root: an empty directory.
    :ivar build_dir: the build tree, unless the project wants another.
    :ivar warmth: how much of an earlier build is used and why, or why nothing is kept; certain from ``configure`` on.
    """

    def __init__(self, source: Path, root: Path, warmth: ReuseDecision | NothingKept) -> None:
        self.source = source
        self.root = root
        self.warmth = warmth
        self.build_dir = root / "build"
        self.staging = root / "stage"

    def empty_staging(self) -> Path:
        """Make the directory that CMake installs into, emptied of what an earlier try left, and return it."""
        shutil.rmtree(self.staging, ignore_errors=True)
        self.staging.mkdir(parents=True)
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
    ) -> Iterator[None]:
        """Prepare ``build_dir``; inside the block, CMake is configured there.

        :param settings: digest of what the engine was told.
        :param variant: what the wheel is to be a variant for.
        :param takes_turns: whether several build types will take turns in the tree.
        :param outlives: whether the tree is built again without truewheel, when an editable install is imported.
        """
        del settings, takes_turns, outlives  # matter only to an area that is kept
        self._write_definitions(build_dir, variant)
        yield

    @contextlib.contextmanager
    def compile(self) -> Iterator[list[Path]]:
        """Inside the block, the configured tree is built and installed.

        Gives a list to be filled with the files that go into the wheel. Source files among them are known to be packed
        as they are, so that no tree is distrusted because of them.
        """
        yield []

    def close(self) -> None:
        """Leave the area to other builds, whatever came of this one."""

    def _write_definitions(self, build_dir: Path, variant: Variant | None) -> None:
        """Write the CMake file that maps paths of this area out of everything compiled, and tells of the variant."""
        homes = [(self.source, ""), (build_dir, "/_build"), (self.staging, "/_install")]
        if (kept := environment.current()) is not None:
            homes.append((kept, "/_env"))
        text = definitions([(Path(os.path.realpath(path)), below) for path, below in homes])
        if variant is not None:
            text += variant_definitions(variant)
        path = self.definitions_file(build_dir)
        path.parent.mkdir(parents=True, exist_ok=True)
        # CMake configures again when the file is newer than its cache: leave one that says the same.
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


class _Begun(Record):
    """A build that was begun in a kept area.

    :param tree: its build tree.
    :param before: the record of the last build there.
    """

    tree: Path
    before: BuildRecord | None
    inputs: Inputs


class KeptBuildArea(BuildArea):
    """An area that stays, for one build at a time; its lock is held by whoever made this.

    :param environ: the environment that compilers will see.
    :param is_mirrored: whether the source is unpacked anew for every build, so that the build is from a mirror of it.
    """

    def __init__(
        self,
        request: Request,
        root: Path,
        environ: Mapping[str, str],
        *,
        is_mirrored: bool,
        decide: Decide,
    ) -> None:
        root.mkdir(parents=True, exist_ok=True)
        nothing_yet = ReuseDecision(reuse=Reuse.CLEAN, because="nothing was configured")
        super().__init__(root / "source" if is_mirrored else request.source, root, nothing_yet)
        self._output = request.output
        self._environ = environ
        self._is_mirrored = is_mirrored
        self._decide = decide
        self._record = root / "record.json"
        self._written = root / "written.json"
        self._mirror = root / "mirror.json"
        self._begun: _Begun | None = None
        self._configured: frozenset[str] = frozenset()
        self._mirrored: dict[str, Stamp] = {}
        self._stamps: dict[Path, Stamp] = {}
        self._foreign_tree: cache.Lock | None = None
        cache.touch(root)
        cache.claim(root)
        if is_mirrored:
            self._follow(request.source)

    def definitions_file(self, build_dir: Path) -> Path:  # noqa: ARG002  # the base's
        """Return where :meth:`configure` writes them: this area stays as long as a tree elsewhere needs it."""
        return self.root / "truewheel.cmake"

    @contextlib.contextmanager
    def configure(
        self,
        build_dir: Path,
        settings: str,
        *,
        variant: Variant | None = None,
        takes_turns: bool = False,
        outlives: bool = False,
    ) -> Iterator[None]:
        """Make the tree fit for this build; afterwards, give back the time stamps of what came out as it was."""
        self._write_definitions(build_dir, variant)
        tree = build_dir.resolve()
        if not tree.is_relative_to(self.root):
            self._pin(tree, outlives=outlives)
        if self.source.resolve().is_relative_to(tree):
            # An editable install in place: the source is its build tree, where nothing may be deleted.
            self.warmth = NothingKept(cause=ColdReason.IN_ITS_SOURCE)
            yield
            return
        self._keep_others_out(tree)
        begun = self._begin(tree, settings, takes_turns=takes_turns)
        files = frozenset(observed_inputs.files(tree))
        try:
            yield
        except EngineError:
            self._remember(begun, (), ended_well=False)
            raise
        self._settle(begun, files)

    @contextlib.contextmanager
    def compile(self) -> Iterator[list[Path]]:
        """Remember the build afterwards, also one that failed half-way."""
        packed: list[Path] = []
        begun = self._begun
        if begun is None:
            yield packed
            return
        try:
            yield packed
        except EngineError:
            self._remember(begun, (), ended_well=False)
            raise
        self._remember(begun, packed, ended_well=True)

    def close(self) -> None:
        """Let go of a tree that lies elsewhere."""
        if self._foreign_tree is not None:
            self._foreign_tree.__exit__(None, None, None)
            self._foreign_tree = None

    # --- before CMake configures --------------------------------------------------------------------------------

    def _follow(self, origin: Path) -> None:
        """Bring the mirror up to the source at ``origin``."""
        present, leave = build_records.recalled_mirror(self._mirror)
        self._mirrored, strays = mirror.mirror(origin, self.source, present=present, leave_out=leave)
        self._stamps.update({self.source / name: stamp for name, stamp in strays.items()})
        build_records.remember_mirror(self._mirror, self._mirrored, leave)

    def _pin(self, tree: Path, *, outlives: bool) -> None:
        """Keep what a tree elsewhere needs whenever it is configured: this area's definitions, and for an editable install
        the environment with its CMake."""
        tree.mkdir(parents=True, exist_ok=True)
        is_source = self.source.is_relative_to(tree)
        mark = tree / "CMakeCache.txt" if is_source else tree
        cache.pin(self.root, mark)
        if outlives and (kept := environment.current()) is not None:
            cache.pin(kept, mark)

    def _keep_others_out(self, tree: Path) -> None:
        """Wait for a tree that is not this area's own until no other build uses it."""
        if self._foreign_tree is None and not tree.is_relative_to(self.root):
            name = hashlib.sha256(os.fsencode(tree)).hexdigest()[:16]
            self._foreign_tree = cache.lock(self.root.parents[2] / "locks" / name, wait=True)

    def _begin(self, tree: Path, settings: str, *, takes_turns: bool) -> _Begun:
        """Look at all that goes into the build, have it decided how much of the tree is used again, and delete the rest."""
        source = self.source.resolve()
        before = build_records.recalled(self._record)
        inputs = Inputs(
            software=f"{truewheel.__version__} {LAYOUT} {tree}",
            settings=settings,
            variables=build_inputs.variables(self._environ, source),
            search=_stamps(build_inputs.searched(self._environ)),
            sources=self._mirrored if self._is_mirrored else self._checkout(source, tree, before),
            now=time.time_ns(),
            shared=takes_turns,
        )
        decision = self._decide(before, inputs, outside=_present(before))
        self._record.unlink(missing_ok=True)  # from here on the tree is in doubt
        self.warmth = decision
        self._make_ready(tree, decision.reuse, before)
        self._begun = _Begun(tree=tree, before=before, inputs=inputs)
        return self._begun

    def _checkout(self, source: Path, tree: Path, before: BuildRecord | None) -> dict[str, Stamp]:
        """Return the manifest of the source, and of other directories that belong to the project, as far as they are known."""
        known: Manifest = before.inputs.sources if before is not None else {}
        roots = before.traces.roots if before is not None else ()
        found = mirror.manifest(source, known=known, leave_out=frozenset({tree, self._output}), whole=False)
        for root in roots:
            found |= self._beside(source, root, tree, known)
        return found

    def _beside(self, source: Path, root: str, tree: Path, known: Manifest) -> dict[str, Stamp]:
        """Return the manifest of a directory outside of the source, by names from the source."""
        if not Path(root).is_dir():
            return {}
        prefix = os.path.join(os.path.relpath(root, source), "")  # noqa: PTH118  # ends with a separator
        below = {name.removeprefix(prefix): stamp for name, stamp in known.items() if name.startswith(prefix)}
        leave_out = frozenset({tree, self._output, source})
        files = mirror.manifest(Path(root), known=below, leave_out=leave_out, whole=False)
        return {prefix + name: stamp for name, stamp in files.items()}

    def _make_ready(self, tree: Path, reuse: Reuse, before: BuildRecord | None) -> None:
        """Delete from the tree what must not be used again."""
        is_own = tree.is_relative_to(self.root)
        if reuse is Reuse.CLEAN:
            self._stamps.clear()
            if is_own:
                shutil.rmtree(tree, ignore_errors=True)
            else:
                invalidation.forget(tree, build_records.recalled_names(self._written), objects=True)
        elif reuse is Reuse.CONFIGURE:
            if is_own:
                leftovers = before.traces.leftovers if before is not None else ()
                self._stamps.update(invalidation.purge(tree, leftovers=leftovers))
            else:
                written = build_records.recalled_names(self._written)
                self._stamps.update(invalidation.forget(tree, written, objects=False))

    # --- after CMake configured ---------------------------------------------------------------------------------

    def _settle(self, begun: _Begun, files_before: frozenset[str]) -> None:
        """Compare what CMake wrote with what was there before, so that only what changed is compiled."""
        tree, before = begun.tree, begun.before
        self._restore_time_stamps()
        left: frozenset[str] = frozenset()
        if before is not None:
            if before.traces.generator != build_tree.generator(tree):
                invalidation.drop_objects(tree)  # another tool would take them for its own
            invalidation.sweep(tree, before.traces.leftovers)
            left = before.traces.strays | before.traces.leftovers
        self._configured = frozenset(observed_inputs.files(tree)) - left
        if not tree.is_relative_to(self.root):
            known = build_records.recalled_names(self._written) & self._configured
            build_records.remember_names(self._written, known | (self._configured - files_before))

    def _restore_time_stamps(self) -> None:
        """Give files that came out as they were their old time stamps, so that nothing is compiled because of them."""
        for path, stamp in self._stamps.items():
            with contextlib.suppress(OSError):
                status = path.stat()
                if status.st_size == stamp.status[0] and mirror.digest(path) == stamp.digest:
                    os.utime(path, ns=(status.st_atime_ns, stamp.status[1]))

    # --- after the build ----------------------------------------------------------------------------------------

    def _remember(self, begun: _Begun, packed: Iterable[Path], *, ended_well: bool) -> None:
        """Write down what went into the build, and what it left."""
        # Bookkeeping that fails, for want of room or of the whole cache, costs warmth and never the build: the last
        # record is deleted already.
        with contextlib.suppress(OSError):
            self._write_record(begun, packed, ended_well=ended_well)

    def _write_record(self, begun: _Begun, packed: Iterable[Path], *, ended_well: bool) -> None:
        kept = environment.current()
        tree, source = begun.tree, self.source.resolve()
        homes = tuple(home for home in (self.root, kept) if home is not None)
        roots = () if self._is_mirrored else observed_inputs.roots(tree, source, homes)
        sources = dict(begun.inputs.sources) | self._late_sources(begun, source, roots)
        left = observed_inputs.gathered(
            tree,
            observed_inputs.boundaries(tree, source, roots=roots, homes=homes),
            names=frozenset(sources),
            links=frozenset(name for name, stamp in sources.items() if stamp.digest.startswith("link:")),
            packed=packed,
            known=self._configured,
            now=time.time_ns(),
            steady=ended_well,
        )
        if self._is_mirrored and tree.is_relative_to(source):
            build_records.remember_mirror(self._mirror, sources, [tree])
        build_records.remember(self._record, replace(begun.inputs, sources=sources), left)
        cache.weigh(self.root)

    def _late_sources(self, begun: _Begun, source: Path, roots: Iterable[str]) -> dict[str, Stamp]:
        """Return the manifest of directories of the project's that only CMake's cache told of."""
        looked_at = begun.before.traces.roots if begun.before is not None else ()
        found: dict[str, Stamp] = {}
        for root in roots:
            if root in looked_at:
                continue
            for name, stamp in self._beside(source, root, begun.tree, {}).items():
                # What changed since the build began is not known as it was built.
                is_known = stamp.status[1] < begun.inputs.now
                found[name] = stamp if is_known else stamp._replace(digest="changed during the build")
        return found


def _stamps(folders: Iterable[str]) -> dict[str, str]:
    """Return the stamps of those directories that are there."""
    found = {folder: build_tree.stamp(folder) for folder in folders}
    return {folder: stamp for folder, stamp in found.items() if stamp}


def _present(before: BuildRecord | None) -> Mapping[str, str]:
    """Return how the files and directories outside are now that the last build used."""
    if before is None:
        return {}
    found: dict[str, str] = {}
    for path, stamp in before.traces.outside.items():
        # With a blank it has a digest: the content counts.
        found[path] = build_tree.seal(path, stamp) if " " in stamp else build_tree.stamp(path)
    for path in before.traces.folders:
        found[path] = observed_inputs.listing(path)
    return found
