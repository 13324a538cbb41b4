"""The warm workspace: where builds happen, and what stays of them for the next one.

A *slot* is a directory that one build at a time may use: a build tree, a mirror of the source when that is volatile,
and a record of what went in. Whether an earlier tree may be used is decided elsewhere (``planning/reuse.py``); here the
facts are gathered and the decision is carried out. Nothing outside of the cache directory is written, except a
build directory that the project itself asks for.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import truewheel

from ...model.build_record import BuildRecord, Inputs, Manifest, Reuse, ReuseDecision, Stamp
from ...model.record import replace
from ...model.request import Product, Request
from ...model.variants import Variant
from . import build_inputs as surroundings
from . import build_records as memory
from . import build_tree as buildtree
from . import cache, environment, mirror
from . import invalidation as clearing
from . import observed_inputs as traces
from .path_maps import definitions, variant_definitions

LAYOUT = 3
"""Of slots and records; raised when either changes, so that older ones are not used."""

Decide = Callable[..., ReuseDecision]
"""``planning.reuse.decide``."""


class Workplace:
    """Where one build happens. This one is thrown away afterwards.

    :param root: an empty directory.
    :param note: why nothing is kept, one phrase for people.
    """

    def __init__(self, request: Request, root: Path, note: str) -> None:
        self.request = request
        self.root = root
        self.note = note
        self.build_dir = root / "build"
        self.staging = root / "stage"

    def clear(self) -> None:
        """Make the staging directory empty."""
        shutil.rmtree(self.staging, ignore_errors=True)
        self.staging.mkdir(parents=True)

    def definitions(self, build_dir: Path, variant: Variant | None = None) -> Path:
        """A CMake file to be included by the project: paths of this place are mapped out of everything compiled, and the
        variant that is wanted is told."""
        path = self._home_for(build_dir) / "truewheel.cmake"
        path.parent.mkdir(parents=True, exist_ok=True)
        homes = [(self.request.source, ""), (build_dir, "/_build"), (self.staging, "/_install")]
        if (kept := environment.current()) is not None:
            homes.append((kept, "/_env"))
        text = definitions([(Path(os.path.realpath(p)), below) for p, below in homes])
        text += variant_definitions(variant) if variant is not None else ""
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        return path

    def _home_for(self, build_dir: Path) -> Path:
        """Where the definitions lie: a build tree that outlives this place, as an editable install's, must find them later."""
        return self.root if build_dir.is_relative_to(self.root) else build_dir

    def begin(self, build_dir: Path, settings: str, *, shared: bool = False, lasting: bool = False) -> None:
        """Before CMake configures ``build_dir``.

        :param settings: digest of what the engine was told.
        :param shared: whether several build types will take turns in it.
        :param lasting: whether it will be built in again without truewheel, when an editable install is imported.
        """

    def configured(self) -> None:
        """After CMake configured, before anything is compiled."""

    def close(self) -> None:
        """Whatever came of the build: leave the place to others."""

    def finish(self, packed: Iterable[Path], *, steady: bool) -> None:
        """After the build: remember it.

        :param packed: the files that went into the wheel.
        :param steady: whether it ended well.
        """


@contextlib.contextmanager
def opened(request: Request, mode: str, decide: Decide) -> Iterator[Workplace]:
    """The place for one build: a slot of the workspace, or a temporary directory when there can be none.

    :param mode: the setting ``cache``.
    """
    with contextlib.ExitStack() as stack:
        try:
            place = _slot(request, mode, decide, stack)
        except (OSError, cache.UnfitError) as error:
            place = str(error)
        if isinstance(place, str):
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="truewheel-"))).resolve()
            place = Workplace(request, root, place)
        stack.callback(place.close)
        yield place
        shutil.rmtree(place.staging, ignore_errors=True)


def is_full() -> bool:
    """Whether the cache directory's disk has no room left for a build."""
    try:
        return shutil.disk_usage(cache.path()).free < _ROOM
    except OSError:
        return True


_ROOM = 50_000_000
"""Bytes; a compiler that stopped for want of room has left less."""
_NOTHING = 1_000_000
"""Bytes; with less than that, nothing that goes wrong can be blamed on anything else."""


def without_room(place: Workplace) -> str:
    """The directory of those a build writes to whose disk is full; empty when there is none."""
    for path in (place.root, Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            if shutil.disk_usage(path).free < _NOTHING:
                return os.fspath(path)
    return ""


def trim(limit: int | None) -> None:
    """Keep the cache directory within ``limit`` bytes."""
    with contextlib.suppress(OSError, cache.UnfitError):
        if limit is not None:
            cache.trim(cache.opened(), limit)


def _slot(request: Request, mode: str, decide: Decide, stack: contextlib.ExitStack) -> Workplace | str:
    """A slot, or why there is none."""
    if mode == "off":
        return ""
    if request.product not in (Product.WHEEL, Product.EDITABLE):
        return "only wheels are built warm"
    if environment.isolated() is not None:
        return "its build environment will be deleted"
    volatile = request.product is Product.WHEEL and (mode == "mirror" or _is_unpacked(request.source))
    store = cache.opened()
    base = store / "builds" / _key(request, volatile=volatile)
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    (base / cache.LABEL).write_text(_named(request, volatile=volatile), encoding="utf-8", errors="backslashreplace")
    number = 0
    while (lock := cache.lock(base / f"{number}.lock")) is None:
        number += 1
    stack.enter_context(lock)
    return Slot(request, base / str(number), volatile=volatile, decide=decide)


def _is_unpacked(source: Path) -> bool:
    """Whether this is an sdist that a front end unpacked: PKG-INFO stands at its top, and no version control."""
    return (source / "PKG-INFO").is_file() and not any((source / d).exists() for d in (".git", ".hg"))


def _key(request: Request, *, volatile: bool) -> str:
    """Names the project, the interpreter and the product; what else may differ leads to a rebuild in place."""
    source = _named(request, volatile=volatile)
    kept = environment.current() is not None
    parts = [str(LAYOUT), source, str(volatile), request.product.value, environment.interpreter_identity()]
    parts += [] if kept else [os.path.realpath(sys.prefix)]
    parts += [os.environ.get(name, "") for name in ("ARCHFLAGS", "_PYTHON_HOST_PLATFORM")]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _named(request: Request, *, volatile: bool) -> str:
    """A checkout by its path, an unpacked sdist by its project's name."""
    if volatile and (request.source / "PKG-INFO").is_file():
        for line in (request.source / "PKG-INFO").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("Name:"):
                return line
    return os.path.realpath(request.source)


class Slot(Workplace):
    """A place that stays, for one build at a time; its lock is held by whoever made this."""

    def __init__(self, request: Request, root: Path, *, volatile: bool, decide: Decide) -> None:
        root.mkdir(parents=True, exist_ok=True)
        super().__init__(request, root, "")
        self._decide = decide
        self._record = root / "record.json"
        self._past: dict[Path, Stamp] = {}
        self._before: BuildRecord | None = None
        self._inputs: Inputs | None = None
        self._tree: Path | None = None
        self._volatile = volatile
        self._held: cache.Lock | None = None
        self._written = root / "written.json"
        self._unconfigured: frozenset[str] = frozenset()
        self._configured: frozenset[str] = frozenset()
        self._sources: dict[str, Stamp] = {}
        cache.touch(root)
        cache.claim(root)
        if volatile:
            self._follow()

    def _home_for(self, build_dir: Path) -> Path:  # noqa: ARG002  # the base's
        return self.root  # it stays as long as a tree elsewhere needs it

    def _follow(self) -> None:
        """Bring the mirror up to the source, and build from the mirror."""
        target, memo = self.root / "source", self.root / "mirror.json"
        present, leave = memory.recalled_mirror(memo)
        self._sources, strays = mirror.mirror(self.request.source, target, present=present, leave_out=leave)
        self._past.update({target / n: s for n, s in strays.items()})
        memory.remember_mirror(memo, self._sources, leave)
        self.request = replace(self.request, source=target)

    def begin(  # noqa: D102  # the base says it
        self, build_dir: Path, settings: str, *, shared: bool = False, lasting: bool = False
    ) -> None:
        build_dir = build_dir.resolve()
        source = self.request.source.resolve()
        if not build_dir.is_relative_to(self.root):
            self._pin(build_dir, lasting=lasting)
        if source.is_relative_to(build_dir):  # an editable install in place: the source is its build tree
            self.note = "built in its source"
            return
        self._tree = build_dir
        self._take(build_dir)
        self._before = memory.recalled(self._record)
        if not self._volatile:
            self._sources = self._checkout(source)
        self._inputs = Inputs(
            software=f"{truewheel.__version__} {LAYOUT} {build_dir}",
            settings=settings,
            variables=surroundings.variables(os.environ, source),
            search={p: s for p in surroundings.searched(os.environ) if (s := buildtree.stamp(Path(p)))},
            sources=self._sources,
            now=time.time_ns(),
            shared=shared,
        )
        decision = self._decide(self._before, self._inputs, outside=_present(self._before))
        self._record.unlink(missing_ok=True)  # from here on the tree is in doubt
        self.note = _note(decision)
        self._prepare(decision.reuse, build_dir)
        self._unconfigured = frozenset(traces.files(build_dir))

    def _pin(self, build_dir: Path, *, lasting: bool) -> None:
        """Keep what a tree elsewhere needs whenever it is configured: this slot's definitions, and for an editable install
        the environment with its CMake."""
        build_dir.mkdir(parents=True, exist_ok=True)
        mark = build_dir if not self.request.source.is_relative_to(build_dir) else build_dir / "CMakeCache.txt"
        cache.pin(self.root, mark)
        if lasting and (kept := environment.current()) is not None:
            cache.pin(kept, mark)

    def _checkout(self, source: Path) -> dict[str, Stamp]:
        """The manifest of the source, and of other directories that belong to the project, as far as they are known."""
        known = self._before.inputs.sources if self._before else {}
        found = mirror.manifest(source, known=known, leave_out=self._not_source(), whole=False)
        for root in self._before.traces.roots if self._before else ():
            found |= self._beside(source, root, known)
        return found

    def _not_source(self) -> frozenset[Path]:
        return frozenset({p for p in (self._tree, self.request.output) if p is not None})

    def _beside(self, source: Path, root: str, known: Manifest) -> dict[str, Stamp]:
        """The manifest of a directory outside of the source, by names from the source."""
        if not Path(root).is_dir():
            return {}
        name = os.path.join(os.path.relpath(root, source), "")  # noqa: PTH118  # ends with a separator
        below = {n.removeprefix(name): s for n, s in known.items() if n.startswith(name)}
        files = mirror.manifest(Path(root), known=below, leave_out=self._not_source() | {source}, whole=False)
        return {name + n: s for n, s in files.items()}

    def _take(self, build_dir: Path) -> None:
        """Keep others out of a tree that is not this slot's own."""
        if self._held is None and not build_dir.is_relative_to(self.root):
            name = hashlib.sha256(os.fsencode(build_dir)).hexdigest()[:16]
            self._held = cache.lock(self.root.parents[2] / "locks" / name, wait=True)

    def close(self) -> None:  # noqa: D102  # the base says it
        if self._held is not None:
            self._held.__exit__(None, None, None)
            self._held = None

    def _prepare(self, reuse: Reuse, build_dir: Path) -> None:
        own = build_dir.is_relative_to(self.root)
        if reuse is Reuse.CLEAN:
            self._past.clear()
            if own:
                shutil.rmtree(build_dir, ignore_errors=True)
            else:
                clearing.forget(build_dir, memory.recalled_names(self._written), objects=True)
        elif reuse is Reuse.CONFIGURE:
            if own:
                leftovers = self._before.traces.leftovers if self._before else ()
                self._past.update(clearing.purge(build_dir, leftovers=leftovers))
            else:
                written = memory.recalled_names(self._written)
                self._past.update(clearing.forget(build_dir, written, objects=False))

    def configured(self) -> None:
        """Files that came out as they were get their old time stamps, so that nothing is compiled because of them."""
        for path, stamp in self._past.items():
            with contextlib.suppress(OSError):
                status = path.stat()
                if status.st_size == stamp.status[0] and mirror.digest(path) == stamp.digest:
                    os.utime(path, ns=(status.st_atime_ns, stamp.status[1]))
        if self._tree is None:
            return
        if self._before is not None and self._before.traces.generator != buildtree.generator(self._tree):
            clearing.drop_objects(self._tree)  # another tool would take them for its own
        left: frozenset[str] = frozenset()
        if self._before is not None:
            clearing.sweep(self._tree, self._before.traces.leftovers)
            left = self._before.traces.strays | self._before.traces.leftovers
        self._configured = frozenset(traces.files(self._tree)) - left
        if not self._tree.is_relative_to(self.root):
            new = self._configured - self._unconfigured
            memory.remember_names(self._written, new | (memory.recalled_names(self._written) & self._configured))

    def finish(self, packed: Iterable[Path], *, steady: bool) -> None:  # noqa: D102  # the base says it
        if self._inputs is None or self._tree is None:
            return
        kept = environment.current()
        source = self.request.source.resolve()
        homes = tuple(h for h in (self.root, kept) if h is not None)
        roots = () if self._volatile else traces.roots(self._tree, source, homes)
        self._add_sources(source, roots, self._inputs)
        left = traces.gathered(
            self._tree,
            traces.boundaries(self._tree, source, roots=roots, homes=homes),
            names=frozenset(self._sources),
            links=frozenset(n for n, s in self._sources.items() if s.digest.startswith("link:")),
            packed=packed,
            known=self._configured,
            now=time.time_ns(),
            steady=steady,
        )
        if self._volatile and self._tree.is_relative_to(source):
            memory.remember_mirror(self.root / "mirror.json", self._sources, [self._tree])
        memory.remember(self._record, replace(self._inputs, sources=self._sources), left)
        cache.weigh(self.root)

    def _add_sources(self, source: Path, roots: Iterable[str], inputs: Inputs) -> None:
        """Directories of the project's that only CMake's cache told of: what changed in them since the build began is not
        known as it was built."""
        looked_at = self._before.traces.roots if self._before else ()
        for root in (r for r in roots if r not in looked_at):
            for name, stamp in self._beside(source, root, {}).items():
                is_known = stamp.status[1] < inputs.now
                self._sources[name] = stamp if is_known else stamp._replace(digest="changed during the build")


def _present(before: BuildRecord | None) -> dict[str, str]:
    """How things are now that the last build used outside."""
    if before is None:
        return {}
    files = {p: buildtree.seal(p, s) if " " in s else buildtree.stamp(p) for p, s in before.traces.outside.items()}
    return files | {p: traces.listing(p) for p in before.traces.folders}


def _note(decision: ReuseDecision) -> str:
    texts = {
        Reuse.CLEAN: f"from nothing: {decision.because}",
        Reuse.CONFIGURE: f"warm, configured anew: {decision.because}",
        Reuse.KEEP: f"warm: {decision.because}",
    }
    return texts[decision.reuse]
