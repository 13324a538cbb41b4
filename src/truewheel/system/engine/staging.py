"""One build: CMake is configured, builds and installs, and what lies there afterwards is gathered for the wheel."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import itertools
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pathspec
import scikit_build_core
from packaging.utils import canonicalize_name
from packaging.version import Version
from scikit_build_core._compat.importlib.metadata import entry_points
from scikit_build_core.build._editable import (
    editable_inplace_files,
    editable_redirect_files,
    get_packages,
    package_search_dirs,
)
from scikit_build_core.build._pathutil import (
    editable_redirectable,
    iter_force_include,
    packages_to_file_mapping,
    resolve_from_sdist_force_include,
    resolve_wheel_tree,
)
from scikit_build_core.build._scripts import process_script_dir
from scikit_build_core.build.common_wheel_helpers import (
    build_install_extra_build_types,
    build_wheel,
    configure_wheel,
    editable_rebuild_options,
    get_build_dir,
    get_editable_rebuild_dir,
    get_install_dir,
    get_targetlib,
    get_wheel_tag,
    install_wheel,
    prepare_editable_rebuild_dir,
    prepare_wheel_dirs,
)
from scikit_build_core.cmake import CMake
from scikit_build_core.errors import FailedLiveProcessError, NotFoundError
from scikit_build_core.program_search import get_cmake_program, get_cmake_programs
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings

from ...model.errors import ConfigError, EngineError, Problem
from ...model.project import Project
from ...model.request import Product
from ...model.tree import Entry, Scheme, Tree
from ..warm import build_tree as buildtree
from ..warm import environment
from ..warm.area import BuildArea
from . import install_manifest as manifest
from . import launcher, progress
from .generated_files import generate_sources, licences, render, rendered, write_if_new
from .results import Staged

_HEAD_START = 0.02
"""Seconds that the build tool gets to start before other work competes with starting it."""


class Staging:
    """The steps of one build, in order, over the directories they share."""

    def __init__(
        self,
        settings: ScikitBuildSettings,
        product: Product,
        project: Project,
        area: BuildArea,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        self.meanwhile = meanwhile
        self.area = area
        staging = area.empty_staging()
        self.settings = settings
        self.state = cast("Any", product.value)
        self.product = product
        self.project = project
        self.version = Version(project.version)
        self.placeholder = canonicalize_name(project.name).replace("-", "_")
        self.targetlib = get_targetlib(self.settings)
        self.tags = get_wheel_tag(self.settings, targetlib=self.targetlib)
        self.cmake = self._find_cmake()
        self.build_dir = get_build_dir(
            self.settings, tags=self.tags, state=self.state, editable=self.is_editable,
            has_cmake=self.cmake is not None, fallback=area.build_dir, name=self.placeholder,
        )  # fmt: skip
        self.wheel_dirs = prepare_wheel_dirs(staging / "wheel", targetlib=self.targetlib)
        self.install_dir = get_install_dir(self.settings, wheel_dirs=self.wheel_dirs, targetlib=self.targetlib)
        self.lib_dir = self.wheel_dirs[self.targetlib]
        self.cache_entries: dict[str, str | Path] = {}
        if self._persists:
            self._install_persistently()
        if self.cmake is not None:
            self._add_ours()

    def _add_ours(self) -> None:
        """What truewheel has to say to CMake, unless the project or the user says something else."""
        launchers = launcher.cache_entries(self.project.settings.launcher)
        if launchers:
            for variable, told in launcher.EXACT.items():
                os.environ.setdefault(variable, told)
        definitions = self.area.definitions_file(self.build_dir.absolute())
        given = " ".join([*self.settings.cmake.define, *self.settings.cmake.args, os.environ.get("CMAKE_ARGS", "")])
        ours: dict[str, str | Path] = {"CMAKE_PROJECT_INCLUDE_BEFORE": definitions, **launchers}
        for name, value in ours.items():
            if name not in given and name not in os.environ:
                self.cache_entries[name] = value

    def _fingerprint(self) -> str:
        """Digest of everything that the engine is told for this build."""
        told = (
            scikit_build_core.__version__, sys.executable, self.cmake, self.settings, self.state, self.project.name,
            self.project.raw_version, self.wheel_dirs, self.install_dir, self.cache_entries, self.tags,
            _entry_points(), self.project.variant,
        )  # fmt: skip
        return hashlib.sha256("\0".join(map(repr, told)).encode()).hexdigest()

    @property
    def _has_several_build_types(self) -> bool:
        types = self.settings.cmake.build_type
        return isinstance(types, list) and len(types) > 1

    @property
    def is_editable(self) -> bool:
        """Whether it is for an editable install."""
        return self.product is Product.EDITABLE

    @property
    def _redirects(self) -> bool:
        return self.is_editable and self.settings.editable.mode == "redirect"

    @property
    def _persists(self) -> bool:
        """A redirecting editable that can be rebuilt installs where it will be imported from."""
        return self._redirects and bool(self.settings.editable.persistent_install) and bool(self.settings.build_dir)

    def _find_cmake(self) -> CMake | None:
        """The CMake to use: the user's, that of PyPI's package, or one on PATH; ``None`` when the project needs none.

        :raises EngineError: when none fits.
        """
        if not self.settings.wheel.cmake:
            return None
        version = self.settings.cmake.version
        packaged = _packaged_cmake()
        if packaged is not None and not os.environ.get("CMAKE_EXECUTABLE"):
            with contextlib.suppress(NotFoundError):  # then another may fit
                return CMake.default_search(version=version, env={"CMAKE_EXECUTABLE": packaged})
        try:
            return CMake.default_search(version=version, env=os.environ)
        except NotFoundError:
            raise _no_cmake(self.settings) from None

    def _install_persistently(self) -> None:
        lib_dir = get_editable_rebuild_dir(
            self.settings, build_dir=self.build_dir, targetlib=self.targetlib, tags=self.tags, state=self.state,
            name=self.placeholder,
        )  # fmt: skip
        prepare_editable_rebuild_dir(lib_dir, guard=bool(self.settings.editable.rebuild_dir))
        if not self.install_dir.is_relative_to(self.lib_dir):
            problem = Problem(
                where="tool.scikit-build.wheel.install-dir",
                message="lies outside of the package tree, which an editable install with rebuild cannot follow",
            )
            raise ConfigError("a setting cannot be honoured", problems=[problem], hint="turn editable.rebuild off")
        self.install_dir = lib_dir / self.install_dir.relative_to(self.lib_dir)
        self.lib_dir = lib_dir
        self.cache_entries[f"SKBUILD_{self.targetlib.upper()}_DIR"] = lib_dir

    def run(self) -> Staged:
        """Everything, in order: files that CMake does not make, CMake, and what then lies there.

        :raises ConfigError: when a setting cannot be honoured.
        :raises EngineError: when CMake or a compiler fails.
        """
        if self.cmake is None:
            self._make_plain_files()
            return self._described(self._gather((), ()), lost=(), outside=())
        with self._heard():
            with self._configuring():
                self._make_plain_files()
                before = sum(1 for _ in self._staged_files())
                manifests = manifest.stamps(self.build_dir)
                with _phase("configure"):
                    builder = self._configure(self.cmake)
            with self.area.compile() as packed:
                options = self._compile(builder)
                inside = (*self.wheel_dirs.values(), self.lib_dir, self.install_dir, self.build_dir, Path.cwd())
                outside = manifest.outside(self.build_dir, before=manifests, roots=inside)
                installed = any(True for _ in itertools.islice(self._staged_files(), before, None))
                lost = () if installed else tuple(buildtree.libraries(self.build_dir))
                tree = self._gather(*options)
                packed += [entry.source for entry in tree.entries if isinstance(entry.source, Path)]
        return self._described(tree, lost=lost, outside=outside)

    def _configuring(self) -> contextlib.AbstractContextManager[None]:
        """The block of the build area in which CMake is configured."""
        return self.area.configure(
            self.build_dir,
            self._fingerprint(),
            variant=self.project.variant,
            takes_turns=self._has_several_build_types,
            outlives=self.is_editable and bool(self.settings.editable.rebuild),
        )

    def _make_plain_files(self) -> None:
        """Put down the files that CMake does not make."""
        self._copy_licences()
        generate_sources(self.settings, self.project)
        self._generate_outputs()

    def _described(self, tree: Tree, *, lost: tuple[str, ...], outside: tuple[str, ...]) -> Staged:
        return Staged(
            tree=tree, py_api=self.settings.wheel.py_api, build_tag=str(self.settings.wheel.build_tag),
            tags=tuple(self.settings.wheel.tags or ()), native=tuple(self.tags.archs), compiled=self.cmake is not None,
            lost=lost, message=rendered(self.settings.messages.after_success), outside=outside,
        )  # fmt: skip

    def _staged_files(self) -> Iterator[Path]:
        return (path for root in {*self.wheel_dirs.values(), self.lib_dir} for path in _files(root))

    def configure_only(self) -> None:
        """For ``sdist.cmake``: CMake's configure step alone, which may write into the source."""
        if self.cmake is None:
            self._make_plain_files()
            return
        with self._heard(), self._configuring():
            self._make_plain_files()
            with _phase("configure"):
                self._configure(self.cmake)

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        """What the tools print is shown, and goes with the error when one of them fails."""
        try:
            with progress.shown(verbose=self._is_verbose) as said:
                yield
        except EngineError as error:
            error.said = tuple(said)
            raise

    def _configure(self, cmake: CMake) -> Any:
        if not (Path(self.settings.cmake.source_dir) / "CMakeLists.txt").is_file():
            where = (Path(self.settings.cmake.source_dir) / "CMakeLists.txt").as_posix()
            raise EngineError(
                f"{where} is missing",
                phase="configure",
                hint="write one, or set tool.scikit-build.cmake.source-dir to its directory, "
                "or tool.scikit-build.wheel.cmake = false when there is nothing to compile",
            )
        return configure_wheel(
            cmake=cmake, settings=self.settings, wheel_dirs=self.wheel_dirs, install_dir=self.install_dir,
            build_dir=self.build_dir, state=self.state, extra_cache_entries=self.cache_entries,
            name=self.project.name, version=self.version, raw_version=self.project.raw_version,
        )  # fmt: skip

    @property
    def _is_verbose(self) -> bool:
        """Whether the user wants to see what the tools print."""
        return bool(self.settings.build.verbose) or self.settings.logging.level in {"DEBUG", "INFO"}

    def _compile(self, builder: Any) -> tuple[Sequence[str], Sequence[str]]:
        """Build and install what is configured; returns the options with which an editable install does so again."""
        if self.meanwhile is not None:
            waiting = threading.Timer(_HEAD_START, self.meanwhile)
            waiting.daemon = True
            waiting.start()
        with _phase("build"):
            build_wheel(builder)
        with _phase("install"):
            install_wheel(builder, install_dir=self.install_dir, editable=self.is_editable)
            options = editable_rebuild_options(builder)
        with _phase("build"):
            build_install_extra_build_types(
                builder, settings=self.settings, wheel_dirs=self.wheel_dirs, install_dir=self.install_dir,
                state=self.state, name=self.project.name, version=self.version,
                raw_version=self.project.raw_version, editable=self.is_editable,
                extra_cache_entries=self.cache_entries,
            )  # fmt: skip
        return options

    # --- files that CMake does not make -------------------------------------------------------------------------

    def _copy_licences(self) -> None:
        for path in licences(self.settings, self.project):
            target = self.wheel_dirs["metadata"] / "licenses" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())

    def _generate_outputs(self) -> None:
        roots = {"build": self.build_dir, "install": self.lib_dir}
        for item in self.settings.generate:
            if item.location != "source":
                write_if_new(roots[item.location] / item.path, render(item, self.project))

    def _gather(self, build_options: Sequence[str], install_options: Sequence[str]) -> Tree:
        packages = get_packages(packages=self.settings.wheel.packages, name=self.project.name)
        mapping = packages_to_file_mapping(
            packages=packages, platlib_dir=self.lib_dir, include=self.settings.sdist.include,
            src_exclude=self.settings.sdist.exclude, target_exclude=self.settings.wheel.exclude,
            build_dir=self.settings.build_dir, mode=cast("Any", self.settings.sdist.inclusion_mode),
        )  # fmt: skip
        forced = self._force_include(mapping)
        process_script_dir(self.wheel_dirs["scripts"])
        entries = list(self._entries(mapping if not self.is_editable else {}, forced))
        if self.is_editable:
            made = self._editable_files(mapping, packages, build_options, install_options)
            entries += [Entry(scheme=Scheme.LIB, path=name, source=content) for name, content in made.items()]
        return Tree(entries=tuple(entries), purelib=self.targetlib == "purelib")

    def _force_include(self, mapping: dict[str, str]) -> set[Path]:
        """Put ``wheel.force-include`` over everything else; returns what was named file by file, which no
        ``wheel.exclude`` touches. A redirecting editable serves what it can from the source: that joins ``mapping``."""
        named: set[Path] = set()
        for listed, destination in self.settings.wheel.force_include.items():
            root, rest = resolve_wheel_tree(
                destination,
                wheel_dirs=self.wheel_dirs,
                targetlib=self.targetlib,
                experimental=self.settings.experimental,
            )
            source = resolve_from_sdist_force_include(listed, self.settings.sdist.force_include)
            is_file = Path(source).expanduser().is_file()
            in_package = root == self.wheel_dirs[self.targetlib]
            for path, target in iter_force_include(source, rest, root):
                if self._redirects and in_package and self._is_live(path, target, mapping, is_named=is_file):
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target)
                if is_file:
                    named.add(target.resolve())
        return named

    def _is_live(self, path: Path, target: Path, mapping: dict[str, str], *, is_named: bool) -> bool:
        """Whether a forced file needs no copy: it is excluded, or imported from where it lies."""
        place = target.relative_to(self.wheel_dirs[self.targetlib])
        if not is_named and pathspec.GitIgnoreSpec.from_lines(self.settings.wheel.exclude).match_file(place):
            return True
        if not editable_redirectable(path, place):
            return False
        live = str(self.lib_dir / place)
        for displaced in [source for source, destination in mapping.items() if destination == live]:
            del mapping[displaced]
        for stale in (target, self.lib_dir / place):
            stale.unlink(missing_ok=True)
        mapping[str(path)] = live
        return True

    def _entries(self, mapping: Mapping[str, str], forced: set[Path]) -> Iterator[Entry]:
        """Files of the wheel: what was installed or staged, and package sources that nothing was installed over."""
        excluded = pathspec.GitIgnoreSpec.from_lines(self.settings.wheel.exclude)
        staged_lib = self.wheel_dirs[self.targetlib]
        roots = {
            Scheme.LIB: staged_lib,
            **{s: self.wheel_dirs[s.value] for s in (Scheme.DATA, Scheme.HEADERS, Scheme.SCRIPTS)},
        }
        for scheme, root in roots.items():
            sources = {Path(target): Path(source) for source, target in mapping.items()} if scheme is Scheme.LIB else {}
            sources.update(_staged(root, sources))
            for target, source in sources.items():
                path = target.relative_to(root)
                if any(p.endswith(".dist-info") for p in path.parts) or target.suffix in {".pyc", ".pyo"}:
                    continue
                if not excluded.match_file(path) or target.resolve() in forced:
                    yield _entry(scheme, path, source)
        for source in _files(self.wheel_dirs["metadata"]):
            yield _entry(Scheme.DIST_INFO, source.relative_to(self.wheel_dirs["metadata"]), source)

    def _editable_files(
        self,
        mapping: dict[str, str],
        packages: Mapping[str, str],
        build_options: Sequence[str],
        install_options: Sequence[str],
    ) -> Mapping[str, bytes]:
        name = self.project.name.replace("-", "_").replace(".", "_")
        if self._redirects:
            made = editable_redirect_files(
                build_options=list(build_options), install_options=list(install_options), libdir=self.lib_dir,
                mapping=mapping, name=name, packages=package_search_dirs(packages),
                reload_dir=self.build_dir.resolve() if self.settings.build_dir else None, settings=self.settings,
                install_prefix=os.fspath(self.install_dir) if self._persists else None,
            )  # fmt: skip
            return {path: self._with_this_cmake(content) for path, content in made.items()}
        if not packages:
            problem = Problem(where="tool.scikit-build.editable.mode", message='"inplace" needs at least one package')
            raise ConfigError("an editable install cannot be made", problems=[problem], hint='use mode = "redirect"')
        made = editable_inplace_files(
            name=name, packages=packages, package_paths=package_search_dirs(packages),
            source_dir=self.build_dir.resolve() if self.cmake is not None else None,
            build_options=list(build_options), settings=self.settings,
        )  # fmt: skip
        return {path: self._with_this_cmake(content) for path, content in made.items()}

    def _with_this_cmake(self, content: bytes) -> bytes:
        """The rebuild on import with the CMake of the kept environment: it may be in no PATH by then."""
        if self.cmake is None or environment.current() is None:
            return content
        return content.replace(b'"cmake"', json.dumps(os.fspath(self.cmake)).encode())


def _entry_points() -> list[str]:
    """Where installed packages say that their CMake files are."""
    groups = ("cmake.module", "cmake.prefix", "cmake.root")
    # The engine's own function remembers them: to find them takes the files of every package that is installed.
    return sorted(f"{e.group} {e.name} {e.value}" for g in groups for e in entry_points(group=g))


@contextlib.contextmanager
def _phase(phase: str) -> Iterator[None]:
    """A failed command, as an error that knows its phase; the command's own output stands above it."""
    hints = {
        "configure": "CMake's own message is above; -Clogging.level=INFO shows the command",
        "build": "the compiler's own message is above; -Cbuild.verbose=true shows each command",
        "install": "CMake's own message is above; look at the install() commands of CMakeLists.txt",
    }
    failures = {
        "CMake configuration failed": "configure",
        "CMake build failed": "build",
        "CMake install failed": "install",
    }
    try:
        yield
    except FailedLiveProcessError as error:
        where = failures.get(str(error.args[0]), phase)
        raise EngineError(str(error.args[0]), phase=where, hint=hints[where]) from None


def _packaged_cmake() -> str | None:
    """The program in PyPI's package ``cmake``; ``None`` when it is not there, or where its wheels have it.

    The package says so itself, but reads the names of its 4,000 files for it, which takes a tenth of a hook's own time.
    """
    spec = importlib.util.find_spec("cmake")
    if spec is None or spec.origin is None:  # a directory that happens to have the name has no origin
        return None
    program = Path(spec.origin).with_name("data") / "bin" / "cmake"
    return str(program.resolve()) if program.is_file() else None


def _no_cmake(settings: ScikitBuildSettings) -> EngineError:
    """That no CMake fits: which ones there are, and who asks for another."""
    given = os.environ.get("CMAKE_EXECUTABLE")
    there = [get_cmake_program(Path(given))] if given else list(get_cmake_programs(module=True))
    wanted = settings.cmake.version
    listed = Path(settings.cmake.source_dir) / "CMakeLists.txt"
    text = listed.read_text(encoding="utf-8", errors="replace") if listed.is_file() else ""
    from_list = wanted is not None and any(s.version in text for s in wanted)
    who = f"cmake_minimum_required in {listed.as_posix()}" if from_list else "tool.scikit-build.cmake.version"
    return EngineError(
        f"no CMake here fits: {wanted} is wanted" if there else "there is no CMake here",
        phase="find CMake",
        context=[*(f"{p.path} is {p.version or 'no CMake that answers'}" for p in there), f"{who} asks for {wanted}"],
        hint=f'build with isolation, as front ends do by default; or install one here: pip install "cmake{wanted or ""}"',
    )


def _staged(root: Path, sources: Mapping[Path, Path]) -> dict[Path, Path]:
    """Files below ``root``; a link to a package source that is not staged stands for that source."""
    real = {Path(os.path.realpath(target)): source for target, source in sources.items()}
    found = {}
    for path in root.rglob("*"):
        if path.is_file():
            found[path] = path
        elif path.is_symlink() and (source := real.get(Path(os.path.realpath(path)))):
            found[path] = source
    return found


def _files(root: Path) -> Iterator[Path]:
    return (p for p in root.rglob("*") if p.is_file())


def _entry(scheme: Scheme, path: Path, source: Path) -> Entry:
    executable = bool(source.stat().st_mode & 0o100)
    return Entry(scheme=scheme, path=path.as_posix(), source=source.absolute(), executable=executable)
