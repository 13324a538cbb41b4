"""The warm workspace: where builds happen, and what stays of them for the next one.

A *slot* is a directory that one build at a time may use: a build tree, a mirror of the source when that is volatile,
and a record of what went in. Whether an earlier tree may be used is decided elsewhere (``judge/reuse.py``); here the
facts are gathered and the decision is carried out. Nothing outside of the cache directory is written, except a
build directory that the project itself asks for.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import truewheel

from ..model.record import parts, replace
from ..model.request import Product, Request
from ..model.reuse import BuildRecord, Inputs, Manifest, Reuse, ReuseDecision, Stamp, Traces
from ..model.variants import Variant
from . import buildtree, cache, environment, mirror

LAYOUT = 1
"""Of slots and records; raised when either changes, so that older ones are not used."""

Decide = Callable[..., ReuseDecision]
"""``judge.reuse.decide``."""


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
        path = self.root / "truewheel.cmake"
        homes = [(self.request.source, ""), (build_dir, "/_build"), (self.staging, "/_install")]
        if (kept := environment.current()) is not None:
            homes.append((kept, "/_env"))
        text = _definitions([(Path(os.path.realpath(p)), below) for p, below in homes])
        text += _variant(variant) if variant is not None else ""
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        return path

    def begin(self, build_dir: Path, settings: str) -> None:
        """Before CMake configures ``build_dir``.

        :param settings: digest of what the engine was told.
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


_UNFIT = frozenset('=>";,$\\')
"""Characters of paths that would end the option, the generator expression or the string."""


def _variant(wanted: Variant) -> str:
    """What CMake is told of a variant. Where its level is to be checked, GCC writes down what it was allowed to use
    (GCC manual, "-mneeded"). It does so for a whole file: link-time optimisation would write what it may use by itself."""
    properties = ";".join(f"{p.namespace}::{p.feature}::{p.value}" for p in wanted.properties)
    lines = [f'set(TRUEWHEEL_VARIANT "{properties}")', f'set(TRUEWHEEL_VARIANT_LABEL "{wanted.label}")']
    if wanted.values("x86_64", "level"):
        lines += [
            "if(NOT _truewheel_once)",
            "  foreach(_truewheel_language IN ITEMS C CXX OBJC OBJCXX Fortran)",
            "    set(_truewheel_version $<${_truewheel_language}_COMPILER_VERSION>)",
            "    add_compile_options(",
            '      "$<$<AND:$<PLATFORM_ID:Linux>,$<COMPILE_LANG_AND_ID:${_truewheel_language},GNU>,$<VERSION_GREATER_EQUAL:${_truewheel_version},11>>:-mneeded;-fno-lto>"',
            "    )",
            "  endforeach()",
            "endif()",
        ]
    return "\n".join([*lines, ""])


def _definitions(homes: Iterable[tuple[Path, str]]) -> str:
    """Compile options that replace paths in ``__FILE__``, in debug information and in profiles.

    The last map that fits wins in GCC (manual, "-ffile-prefix-map") and in Clang, so that inner directories come last.
    """
    maps = sorted(
        {os.fspath(home): f"/usr/src/truewheel{below}" for home, below in homes if not _UNFIT & set(str(home))}.items()
    )
    options = [f'"-ffile-prefix-map={old}={new}"' for old, new in maps]
    return "\n".join([
        "# Written by truewheel: the same bytes wherever the build happens.",
        "get_property(_truewheel_once GLOBAL PROPERTY TRUEWHEEL_DEFINITIONS SET)",
        "if(NOT _truewheel_once)",
        "  set_property(GLOBAL PROPERTY TRUEWHEEL_DEFINITIONS ON)",
        "  if(NOT DEFINED CMAKE_BUILD_RPATH_USE_ORIGIN)",
        "    set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)",
        "  endif()",
        "  foreach(_truewheel_map IN ITEMS",
        *(f"      {option}" for option in options),
        "  )",
        "    foreach(_truewheel_language IN ITEMS C CXX OBJC OBJCXX Fortran)",
        "      set(_truewheel_version $<${_truewheel_language}_COMPILER_VERSION>)",
        "      add_compile_options(",
        '        "$<$<AND:$<COMPILE_LANG_AND_ID:${_truewheel_language},GNU>,$<VERSION_GREATER_EQUAL:${_truewheel_version},8>>:${_truewheel_map}>"',
        '        "$<$<AND:$<COMPILE_LANG_AND_ID:${_truewheel_language},Clang,AppleClang>,$<VERSION_GREATER_EQUAL:${_truewheel_version},10>>:${_truewheel_map}>"',
        '        "$<$<COMPILE_LANG_AND_ID:${_truewheel_language},IntelLLVM>:${_truewheel_map}>"',
        "      )",
        "      if(NOT CMAKE_VERSION VERSION_LESS 3.18)  # link-time optimisation compiles while it links",
        "        add_link_options(",
        '          "$<$<AND:$<LINK_LANG_AND_ID:${_truewheel_language},GNU>,$<VERSION_GREATER_EQUAL:${_truewheel_version},8>>:${_truewheel_map}>"',
        "        )",
        "      endif()",
        "    endforeach()",
        "  endforeach()",
        "endif()",
        "",
    ])  # fmt: skip


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
        self._memory: dict[Path, Stamp] = {}
        self._before: BuildRecord | None = None
        self._inputs: Inputs | None = None
        self._tree: Path | None = None
        self._volatile = volatile
        self._held: cache.Lock | None = None
        self._sources: Manifest = {}
        cache.touch(root)
        if volatile:
            self._follow()

    def _follow(self) -> None:
        """Bring the mirror up to the source, and build from the mirror."""
        target, memo = self.root / "source", self.root / "mirror.json"
        known = _load(memo) or {}
        leave = frozenset(Path(p) for p in known.get("leave", ()))
        present = {n: _stamp(row) for n, row in known.get("files", {}).items()}
        self._sources, strays = mirror.mirror(self.request.source, target, present=present, leave_out=leave)
        self._memory.update({target / n: s for n, s in strays.items()})
        _dump(memo, {"files": self._sources, "leave": [str(p) for p in leave]})
        self.request = replace(self.request, source=target)

    def begin(self, build_dir: Path, settings: str) -> None:  # noqa: D102  # the base says it
        build_dir = build_dir.resolve()
        source = self.request.source.resolve()
        if source.is_relative_to(build_dir):  # an editable install in place: the source is its build tree
            self.note = "built in its source"
            return
        self._tree = build_dir
        self._take(build_dir)
        self._before = _read_record(self._record)
        if not self._volatile:
            known = self._before.inputs.sources if self._before else {}
            leave = frozenset({build_dir, self.request.output})
            self._sources = mirror.manifest(source, known=known, leave_out=leave, whole=False)
        self._inputs = Inputs(
            software=f"{truewheel.__version__} {LAYOUT} {build_dir}",
            settings=settings,
            variables=_variables(os.environ),
            search={p: s for p in _searched(os.environ) if (s := buildtree.stamp(Path(p)))} | _versioned(source),
            sources=self._sources,
            now=time.time_ns(),
        )
        present = {p: buildtree.stamp(Path(p)) for p in self._before.traces.outside} if self._before else {}
        decision = self._decide(self._before, self._inputs, outside=present)
        self._record.unlink(missing_ok=True)  # from here on the tree is in doubt
        self.note = _note(decision)
        self._prepare(decision.reuse, build_dir)

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
            self._memory.clear()
            if own:
                shutil.rmtree(build_dir, ignore_errors=True)
            else:
                _forget(build_dir, objects=True)
        elif reuse is Reuse.CONFIGURE:
            if own:
                self._memory.update(_purge(build_dir))
            else:
                _forget(build_dir, objects=False)

    def configured(self) -> None:
        """Files that came out as they were get their old time stamps, so that nothing is compiled because of them."""
        for path, stamp in self._memory.items():
            with contextlib.suppress(OSError):
                status = path.stat()
                if status.st_size == stamp.status[0] and mirror.digest(path) == stamp.digest:
                    os.utime(path, ns=(status.st_atime_ns, stamp.status[1]))

    def finish(self, packed: Iterable[Path], *, steady: bool) -> None:  # noqa: D102  # the base says it
        if self._inputs is None or self._tree is None:
            return
        kept = environment.current()
        source = self.request.source.resolve()
        homes = tuple(h for h in (self.root, kept) if h is not None)
        traces = buildtree.traces(
            self._tree, source, names=self._sources, homes=homes, packed=packed, now=time.time_ns(), steady=steady
        )
        if self._volatile and self._tree.is_relative_to(source):
            _dump(self.root / "mirror.json", {"files": self._sources, "leave": [str(self._tree)]})
        _dump(self._record, {"inputs": _plain(self._inputs), "traces": _plain(traces)})
        if kept is not None and self.request.product is Product.EDITABLE:
            cache.pin(kept, self._tree)
        if not self._tree.is_relative_to(self.root):
            cache.pin(self.root, self._tree)  # the tree includes this slot's definitions whenever it is configured
        cache.weigh(self.root)


def _note(decision: ReuseDecision) -> str:
    texts = {
        Reuse.CLEAN: f"from nothing: {decision.because}",
        Reuse.CONFIGURE: f"warm, configured anew: {decision.because}",
        Reuse.KEEP: f"warm: {decision.because}",
    }
    return texts[decision.reuse]


def _purge(build_dir: Path) -> dict[Path, Stamp]:
    """Delete whatever no build command made: CMake will write it again; returns what was known of it."""
    made = buildtree.outputs(build_dir) | {build_dir / ".ninja_log", build_dir / ".ninja_deps"}
    found: dict[Path, Stamp] = {}
    for name, stamp in mirror.manifest(build_dir).items():
        path = build_dir / name
        if path in made or stamp.digest == "dir":
            continue
        if path.name not in _ALWAYS_NEW:
            found[path] = stamp
        path.unlink(missing_ok=True)
    return found


_ALWAYS_NEW = frozenset({
    "CMakeCache.txt", "build.ninja", "rules.ninja", "cmake_install.cmake", "CTestTestfile.cmake", "VerifyGlobs.cmake",
    "cmake.verify_globs",
})  # fmt: skip
"""What Ninja compares with CMake's inputs: an old time stamp would make it configure again."""


def _forget(build_dir: Path, *, objects: bool) -> None:
    """The same for a directory that the project asked for, where others may keep files: only what is surely ours."""
    if objects:
        buildtree.clean(build_dir)
    for name in ("CMakeCache.txt", "CMakeInit.txt", "build.ninja"):
        (build_dir / name).unlink(missing_ok=True)
    if objects:
        for path in buildtree.outputs(build_dir):
            if path.is_relative_to(build_dir) and path.is_file():
                path.unlink()
        for name in (".ninja_log", ".ninja_deps"):
            (build_dir / name).unlink(missing_ok=True)
        shutil.rmtree(build_dir / "CMakeFiles", ignore_errors=True)


# --- what counts ------------------------------------------------------------------------------------------------


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Digests of the variables that may change a build, and of what PATH says of the tools that compilers run."""
    found = dict(environ)
    found["PATH of tools"] = repr([shutil.which(name) for name in _RUN_BY_NAME])
    kept = environment.current()
    if kept is not None:
        found["PATH"] = found.get("PATH", "").replace(os.fspath(kept), "")
        found["what is required to build"] = kept.name
    else:
        found["what is installed to build"] = repr(sorted(_installed()))
    return {n: hashlib.sha256(v.encode("utf-8", "surrogateescape")).hexdigest()[:16] for n, v in found.items()}


def _installed() -> Iterator[str]:
    """Distributions that can be imported, by the names of their directories, which hold their versions."""
    for kind in ("purelib", "platlib"):
        with contextlib.suppress(OSError):
            yield from (
                p.name for p in Path(sysconfig.get_path(kind)).iterdir() if p.suffix in {".dist-info", ".egg-info"}
            )


_RUN_BY_NAME = ("as", "ld", "ld.bfd", "ld.gold", "ld.lld", "mold", "cc", "c++", "gcc", "g++", "clang", "clang++")
"""Programs that compilers look for on PATH (GCC manual, "Directory options")."""


def _searched(environ: Mapping[str, str]) -> Iterator[str]:
    """Directories in which CMake looks for packages and programs (cmake-commands(7) ``find_package``)."""
    triplet = sysconfig.get_config_var("MULTIARCH") or ""
    prefixes = [p for p in environ.get("CMAKE_PREFIX_PATH", "").split(os.pathsep) if p]
    for prefix in (*prefixes, sys.prefix, "/usr/local", "/usr"):
        for below in ("include", "lib/cmake", "share/cmake", "lib/pkgconfig", "share/pkgconfig", "lib"):
            yield f"{prefix}/{below}"
        if triplet:
            yield from (f"{prefix}/lib/{triplet}{below}" for below in ("", "/cmake", "/pkgconfig"))
    yield from (p for p in environ.get("PATH", "").split(os.pathsep) if p)


def _versioned(source: Path) -> dict[str, str]:
    """What says which commit is checked out, for projects that ask Git while they configure."""
    git = source / ".git"
    places = (git / "HEAD", git / "logs" / "HEAD", git / "packed-refs", git / "refs" / "tags")
    return {str(p): s for p in places if (s := buildtree.stamp(p))}


# --- records ----------------------------------------------------------------------------------------------------


def _plain(value: Inputs | Traces) -> dict[str, object]:
    """The fields of a model value, for JSON."""
    return {k: sorted(v) if isinstance(v, frozenset) else v for k, v in parts(value).items()}


def _stamp(row: list[Any]) -> Stamp:
    return Stamp(row[0], row[1], (row[2][0], row[2][1], row[2][2], row[2][3]))


def _read_record(path: Path) -> BuildRecord | None:
    """The record of a slot; ``None`` when there is none that can be trusted."""
    found = _load(path)
    if found is None:
        return None
    try:
        inputs = {**found["inputs"], "sources": {n: _stamp(r) for n, r in found["inputs"]["sources"].items()}}
        sets: dict[str, Any] = {k: frozenset(v) if isinstance(v, list) else v for k, v in found["traces"].items()}
        return BuildRecord(inputs=Inputs(**inputs), traces=Traces(**sets))
    except (KeyError, TypeError, ValueError):
        return None  # written by another version, or damaged


def _load(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _dump(path: Path, value: Mapping[str, object]) -> None:
    """Write under another name, then rename: a record is whole or not there."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(value), encoding="utf-8")
    draft.replace(path)
