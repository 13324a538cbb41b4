"""The CMake engine: everything that truewheel asks of scikit-build-core, and the only module that imports it.

The pieces used are those its hatchling plugin is made of (``SettingsReader``, ``GetRequires``, ``CMake``,
``build.common_wheel_helpers``) and what packages a tree beside them. They carry no promise of stability, so
``tests/system/test_engine.py`` pins each of them, and none of its classes leaves this module: out go trees, tables and
strings. Nothing here decides what a wheel is called.
"""

from __future__ import annotations

import contextlib
import copy
import difflib
import hashlib
import importlib.metadata
import io
import itertools
import json
import os
import re
import shutil
import string
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import pathspec
import scikit_build_core
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from scikit_build_core import program_search
from scikit_build_core._logging import rich_print
from scikit_build_core.build._editable import (
    editable_inplace_files,
    editable_redirect_files,
    get_packages,
    package_search_dirs,
)
from scikit_build_core.build._file_processor import each_unignored_file, symlink_escapes
from scikit_build_core.build._import_names import add_dynamic_import_names
from scikit_build_core.build._init import setup_logging
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
from scikit_build_core.builder._load_provider import (
    dynamic_wheel_fields,
    process_dynamic_metadata,
    process_legacy_dynamic_metadata,
)
from scikit_build_core.cmake import CMake
from scikit_build_core.errors import FailedLiveProcessError, NotFoundError, ScikitBuildError
from scikit_build_core.program_search import get_cmake_program, get_cmake_programs
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings
from scikit_build_core.settings.skbuild_read_settings import SettingsReader
from scikit_build_core.settings.sources import ConfSource

from ..model.diagnostics import ConfigError, EngineError, Problem, TruewheelError
from ..model.project import Project
from ..model.record import Record
from ..model.request import Product, Request
from ..model.tree import Entry, Scheme, Tree
from . import buildtree, environment, launcher, manifest, mistakes, progress
from .workspace import Workplace

State = Literal["sdist", "wheel", "editable", "metadata_wheel", "metadata_editable"]
Table = dict[str, Any]

_OURS = "truewheel."
"""Prefix of the config settings that are not the engine's."""
_HEAD_START = 0.02
"""Seconds that the build tool gets to start before other work competes with starting it."""
# A machine under load, or a disk that sleeps, may take longer than five seconds to start CMake; to do without is no answer.
program_search.BASE_TIMEOUT = max(program_search.BASE_TIMEOUT, 60)
_DEFAULT_LICENCES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")


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


class Engine:
    """scikit-build-core at work on one request: reads the settings once, then answers and builds.

    :param pyproject: the parsed ``pyproject.toml``; not changed.
    :param retry: whether a build failed before, so that overrides on ``if.failed`` hold.
    :raises ConfigError: when ``[tool.scikit-build]``, an option or an ``SKBUILD_*`` variable is wrong.
    """

    def __init__(self, request: Request, pyproject: Mapping[str, Any], *, retry: bool = False) -> None:
        self._request = request
        self._pyproject = _with_minimum_version(pyproject)
        self._state: State = request.product.value
        with _in(request.source), _complaints(mistakes.WRONG):
            with mistakes.wrong_values(request), mistakes.without_idle_advice():
                self._reader = SettingsReader(self._pyproject, _theirs(request), state=self._state, retry=retry)
            self._settings: ScikitBuildSettings = self._reader.settings
            setup_logging(self._settings.logging.level)
            self._reject_unknown()
            self._reader.validate_may_exit()
        self._reject_unsupported()

    @property
    def retries(self) -> bool:
        """Whether an override on ``if.failed`` is in force; only so when this is the retry."""
        return "failed" in self._reader.overrides

    def _reject_unknown(self) -> None:
        """Unknown keys, each with the place where it stands; what ``strict-config = false`` lets pass, passes."""
        if not self._settings.strict_config:
            return
        problems = []
        for index, source in enumerate(self._reader.sources.sources):
            for name, guesses in self._reader.suggestions(index).items():
                if isinstance(source, ConfSource):
                    problems.append(mistakes.unknown_option(name, guesses, source.settings))
                else:
                    problems.append(mistakes.unknown(name, guesses))
        if problems:
            raise ConfigError("unknown settings for the build engine", problems=problems)

    def _reject_unsupported(self) -> None:
        """What cannot be honoured is an error that names it."""
        settings = self._settings
        variants = {
            "variant": settings.variant, "variant-name": settings.variant_name,
            "null-variant": settings.null_variant, "variant-label": settings.variant_label,
        }  # fmt: skip
        problems = [
            Problem(
                where=mistakes.said_by(f"tool.scikit-build.{key}", self._request),
                message="is not how truewheel is told of variants",
                hint="-Ctruewheel.variant=… and -Ctruewheel.variant-label=…",
            )
            for key, value in variants.items()
            if value
        ]
        if problems:
            raise ConfigError("a setting cannot be honoured", problems=problems, hint="remove it")

    # --- metadata -----------------------------------------------------------------------------------------------

    def project_table(self) -> Table:
        """``[project]`` with every dynamic field filled in by its provider.

        :raises ConfigError: when a provider fails or is not there.
        """
        pyproject = copy.deepcopy(self._pyproject)
        project: Table = pyproject["project"]
        entries = pyproject.get("tool", {}).get("dynamic-metadata", [])
        with _in(self._request.source), _provider_errors():
            if self._settings.metadata:
                project = dict(process_legacy_dynamic_metadata(project, self._settings.metadata))
            if entries:
                project = dict(process_dynamic_metadata(project, entries, self._state))
            return dict(add_dynamic_import_names(project, self._settings))

    def dynamic_fields(self) -> frozenset[str]:
        """``[project]`` fields that may differ between the sdist and its wheels (METADATA 2.2); for sdists only."""
        entries = self._pyproject.get("tool", {}).get("dynamic-metadata", [])
        if not entries or self._request.product is not Product.SDIST:
            return frozenset()
        with _in(self._request.source), _provider_errors():
            return frozenset(dynamic_wheel_fields(entries))

    def is_at_least(self, version: str) -> bool:
        """Whether behaviour of scikit-build-core ``version`` is wanted: ``minimum-version`` is that, or not set."""
        least = self._settings.minimum_version
        return least is None or least >= Version(version)

    @property
    def strict(self) -> bool:
        """``strict-config``."""
        return bool(self._settings.strict_config)

    # --- requirements -------------------------------------------------------------------------------------------

    def requires(self) -> list[str]:
        """What must be installed to build: cmake and ninja when the system has none that fits, and what metadata
        providers and ``build.requires`` ask for."""
        with _in(self._request.source), _complaints("the requirements of the build cannot be found"):
            from scikit_build_core.builder.get_requires import GetRequires  # noqa: PLC0415  # builds do not ask

            wanted = GetRequires(self._settings, self._reader.dynamic_metadata)
            sdist = self._request.product is Product.SDIST
            cmake = self._settings.sdist.cmake if sdist else self._settings.wheel.cmake
            tools = [*wanted.cmake(), *wanted.ninja()] if cmake else []
            with _provider_errors():
                return [*tools, *wanted.dynamic_metadata()]

    # --- building -----------------------------------------------------------------------------------------------

    def stage(self, project: Project, place: Workplace, *, meanwhile: Callable[[], None] | None = None) -> Staged:
        """Configure, build and install into ``place``, and gather what belongs in the wheel.

        :param place: everything that is made goes there, unless the project's ``build-dir`` says otherwise.
        :param meanwhile: called once in a thread of its own, when the build tool has started and this process has to wait.
        :raises EngineError: when CMake or the compiler fails, or ``fail`` is set.
        """
        with _in(self._request.source), _complaints("the build cannot be set up"):
            self._stop_if_told()
            return _Staging(self, project, place, meanwhile).run()

    def _stop_if_told(self) -> None:
        if self._settings.fail:
            message = self.after_failure
            raise EngineError(
                "the project's settings forbid this build (fail = true)",
                phase="settings",
                context=[message] if message else (),
            )

    @property
    def after_failure(self) -> str:
        """``messages.after-failure``."""
        return _rendered(self._settings.messages.after_failure)

    def licence_files(self, project: Project) -> dict[str, bytes]:
        """Licence files by their names below ``.dist-info/licenses``."""
        with _in(self._request.source):
            return {p.as_posix(): p.read_bytes() for p in _licences(self._settings, project)}

    # --- source distributions -----------------------------------------------------------------------------------

    def plan_sdist(self, project: Project, place: Workplace) -> SdistPlan:
        """Which files an sdist holds, after ``sdist.cmake`` and ``generate`` have made theirs.

        :raises ConfigError: on ``resolve-symlinks = "error"`` with links, and on missing ``force-include`` sources.
        """
        with _in(self._request.source), _complaints("the source distribution cannot be made"):
            if self._settings.sdist.cmake:
                _Staging(self, project, place).configure_only()
            _generate_sources(self._settings, project)
            return SdistPlan(
                members=tuple(_sdist_members(self._settings)), reproducible=bool(self._settings.sdist.reproducible)
            )


def _rendered(message: str) -> str:
    """A project's message with its placeholders (``{platform}``, ``{bold}`` …) filled in."""
    if not message:
        return ""
    text = io.StringIO()
    rich_print(message, file=text)
    return text.getvalue().rstrip("\n")


def _with_minimum_version(pyproject: Mapping[str, Any]) -> Table:
    """``minimum-version = "build-system.requires"`` means the version listed there; without one, the newest."""
    table = copy.deepcopy(dict(pyproject))
    settings = table.get("tool", {}).get("scikit-build", {})
    if settings.get("minimum-version") == "build-system.requires":
        requires = [Requirement(r) for r in table.get("build-system", {}).get("requires", [])]
        if not any(canonicalize_name(r.name) == "scikit-build-core" and r.specifier for r in requires):
            del settings["minimum-version"]
    return table


def _theirs(request: Request) -> dict[str, str | list[str] | bool]:
    return {
        k: list(v) if isinstance(v, tuple) else v for k, v in request.config_settings.items() if not k.startswith(_OURS)
    }


@contextlib.contextmanager
def _in(directory: Path) -> Iterator[None]:
    """The engine reads relative paths: be there, and come back."""
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


class _Tee:
    """A stream that passes on what is written, and keeps everything from the first line that begins with ERROR."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.kept: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        if "ERROR:" in plain or self.kept:
            self.kept.append(plain)
        else:
            self._stream.write(text)
        return len(text)

    def release(self) -> None:
        """Pass on what was kept: it was not the reason for an exit."""
        self._stream.write("".join(self.kept))


@contextlib.contextmanager
def _complaints(message: str) -> Iterator[None]:
    """The engine prints what is wrong and exits; here that becomes an error that carries the text."""
    out, err = _Tee(sys.stdout), _Tee(sys.stderr)
    try:
        with contextlib.redirect_stdout(cast("Any", out)), contextlib.redirect_stderr(cast("Any", err)):
            try:
                yield
            except SystemExit:
                raise
            except BaseException:
                out.release()
                err.release()
                raise
        out.release()
        err.release()
    except SystemExit as exit_:
        text = "".join([*err.kept, *out.kept]).replace("ERROR:", "").strip()
        problems = [
            Problem(where="tool.scikit-build", message=line.strip()) for line in text.splitlines() if line.strip()
        ]
        raise ConfigError(message, problems=problems) from exit_
    except NotFoundError as error:
        hint = "install it, or let the front end install it: build with isolation"
        raise EngineError(str(error), phase="find CMake", hint=hint) from error
    except (
        ScikitBuildError,
        FileNotFoundError,
        FileExistsError,
        IsADirectoryError,
        PermissionError,
        AssertionError,
        ValueError,
        TypeError,
    ) as error:
        from ..model.machine import of_the_machine  # noqa: PLC0415  # nothing fails as a rule

        if isinstance(error, FileNotFoundError) and error.filename is None and not error.args:
            raise
        cause = of_the_machine(error.__cause__) if isinstance(error.__cause__, OSError) else None
        told = f"{_said(error)}: {cause.message}" if cause is not None else _said(error)
        problem = Problem(where="tool.scikit-build", message=told)
        raise ConfigError(message, problems=[problem], hint=cause.hint if cause is not None else None) from error


def _said(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


@contextlib.contextmanager
def _provider_errors() -> Iterator[None]:
    """Whatever a metadata provider raises is a mistake in its table, or in the files that it reads."""
    try:
        yield
    except TruewheelError:
        raise
    except Exception as error:
        problem = Problem(where="project.dynamic", message=f"{type(error).__name__}: {_said(error)}")
        raise ConfigError("dynamic metadata cannot be computed", problems=[problem]) from error


# --- one build --------------------------------------------------------------------------------------------------


class _Staging:
    """The steps of one build, in order, over the directories they share."""

    def __init__(
        self, engine: Engine, project: Project, place: Workplace, meanwhile: Callable[[], None] | None = None
    ) -> None:
        self.meanwhile = meanwhile
        self.place = place
        place.clear()
        self.settings: ScikitBuildSettings = engine._settings  # noqa: SLF001  # one room
        self.state: Any = engine._state  # noqa: SLF001
        self.product = engine._request.product  # noqa: SLF001
        self.project = project
        self.version = Version(project.version)
        self.placeholder = canonicalize_name(project.name).replace("-", "_")
        self.targetlib = get_targetlib(self.settings)
        self.tags = get_wheel_tag(self.settings, targetlib=self.targetlib)
        self.cmake = self._find_cmake()
        self.build_dir = get_build_dir(
            self.settings, tags=self.tags, state=self.state, editable=self.is_editable,
            has_cmake=self.cmake is not None, fallback=place.build_dir, name=self.placeholder,
        )  # fmt: skip
        self.wheel_dirs = prepare_wheel_dirs(place.staging / "wheel", targetlib=self.targetlib)
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
        definitions = self.place.definitions(self.build_dir.absolute(), self.project.variant)
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
        return self.product is Product.EDITABLE

    @property
    def _redirects(self) -> bool:
        return self.is_editable and self.settings.editable.mode == "redirect"

    @property
    def _persists(self) -> bool:
        """A redirecting editable that can be rebuilt installs where it will be imported from."""
        return self._redirects and bool(self.settings.editable.persistent_install) and bool(self.settings.build_dir)

    def _find_cmake(self) -> CMake | None:
        if not self.settings.wheel.cmake:
            return None
        try:
            return CMake.default_search(version=self.settings.cmake.version, env=os.environ)
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
        if self.cmake is not None:
            self.place.begin(
                self.build_dir, self._fingerprint(), shared=self._has_several_build_types,
                lasting=self.is_editable and bool(self.settings.editable.rebuild),
            )  # fmt: skip
        self._copy_licences()
        _generate_sources(self.settings, self.project)
        self._generate_outputs()
        options: tuple[Sequence[str], Sequence[str]] = ((), ())
        before = sum(1 for _ in self._staged_files())
        outside: tuple[str, ...] = ()
        if self.cmake is not None:
            manifests = manifest.stamps(self.build_dir)
            with self._heard():
                options = self._drive_cmake(self.cmake)
            inside = (*self.wheel_dirs.values(), self.lib_dir, self.install_dir, self.build_dir, Path.cwd())
            outside = manifest.outside(self.build_dir, before=manifests, roots=inside)
        installed = any(True for _ in itertools.islice(self._staged_files(), before, None))
        lost = () if installed or self.cmake is None else tuple(buildtree.libraries(self.build_dir))
        tree = self._gather(*options)
        return Staged(
            tree=tree, py_api=self.settings.wheel.py_api, build_tag=str(self.settings.wheel.build_tag),
            tags=tuple(self.settings.wheel.tags or ()), native=tuple(self.tags.archs), compiled=self.cmake is not None,
            lost=lost, message=_rendered(self.settings.messages.after_success), outside=outside,
        )  # fmt: skip

    def _staged_files(self) -> Iterator[Path]:
        return (path for root in {*self.wheel_dirs.values(), self.lib_dir} for path in _files(root))

    def configure_only(self) -> None:
        """For ``sdist.cmake``: CMake's configure step alone, which may write into the source."""
        self._copy_licences()
        _generate_sources(self.settings, self.project)
        self._generate_outputs()
        if self.cmake is not None:
            with self._heard(), _phase("configure"):
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

    def _drive_cmake(self, cmake: CMake) -> tuple[Sequence[str], Sequence[str]]:
        with _phase("configure"):
            builder = self._configure(cmake)
        self.place.configured()
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
        for path in _licences(self.settings, self.project):
            target = self.wheel_dirs["metadata"] / "licenses" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())

    def _generate_outputs(self) -> None:
        roots = {"build": self.build_dir, "install": self.lib_dir}
        for item in self.settings.generate:
            if item.location != "source":
                _write_if_new(roots[item.location] / item.path, _render(item, self.project))

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
    known = importlib.metadata.entry_points()  # once, for it reads the files of every package that is installed
    return sorted(f"{e.group} {e.name} {e.value}" for g in groups for e in known.select(group=g))


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


def _licences(settings: ScikitBuildSettings, project: Project) -> Iterator[Path]:
    configured = settings.wheel.license_files
    if project.license_files is not None:
        if configured:
            problem = Problem(
                where="tool.scikit-build.wheel.license-files", message="project.license-files is set as well"
            )
            raise ConfigError("licence files are given twice", problems=[problem], hint="remove one of the two")
        yield from map(Path, project.license_files)
        return
    globs = list(_DEFAULT_LICENCES if configured is None else configured)
    if project.license_file is not None:
        globs.append(project.license_file)
    for pattern in globs:
        yield from (p for p in Path().glob(pattern) if p.is_file())


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


def _generate_sources(settings: ScikitBuildSettings, project: Project) -> None:
    for item in settings.generate:
        if item.location == "source":
            _write_if_new(Path(item.path), _render(item, project))
            if item.path.as_posix() not in settings.sdist.include:
                settings.sdist.include.append(item.path.as_posix())


def _render(item: Any, project: Project) -> str:
    text = item.template_path.read_text(encoding="utf-8") if item.template_path else item.template
    try:
        return string.Template(text).substitute(project.template_values)
    except (KeyError, ValueError) as error:
        near = difflib.get_close_matches(str(error).strip("'"), [str(n) for n in project.template_values], n=1)
        problem = Problem(
            where=f"tool.scikit-build.generate ({item.path})",
            message=f"the template names {error}, which is no field of the metadata",
            hint=f"did you mean {near[0]}?" if near else "write $$ for a dollar sign",
        )
        raise ConfigError("a file cannot be generated", problems=[problem]) from None


def _write_if_new(path: Path, text: str) -> None:
    """Write, but leave a file alone that says the same: build tools go by time stamps."""
    content = text.encode()
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


# --- source distributions ---------------------------------------------------------------------------------------


def _sdist_members(settings: ScikitBuildSettings) -> Iterator[SdistMember]:
    rules = settings.sdist
    mode = cast("Any", rules.resolve_symlinks)
    paths = sorted(
        each_unignored_file(
            Path(), include=rules.include, exclude=rules.exclude, build_dir=settings.build_dir,
            mode=cast("Any", rules.inclusion_mode), resolve_symlinks=mode, yield_loop_symlinks=True,
        )
    )  # fmt: skip
    forced = sorted(_forced(settings), key=lambda pair: pair[1])
    if mode == "error":
        _reject_links([*paths, *(source for source, _ in forced), *(Path(s).expanduser() for s in rules.force_include)])
    for path in paths:
        yield SdistMember(name=path.as_posix(), source=path.absolute(), dereference=_follows(path, mode))
    for source, target in forced:
        yield SdistMember(name=target.as_posix(), source=source.absolute(), dereference=mode == "all")


def _forced(settings: ScikitBuildSettings) -> Iterator[tuple[Path, Path]]:
    """Files of ``sdist.force-include``; members of a directory can still be excluded."""
    excluded = pathspec.GitIgnoreSpec.from_lines(settings.sdist.exclude)
    for source, destination in settings.sdist.force_include.items():
        named = Path(source).expanduser().is_file()
        for path, target in iter_force_include(source, destination, Path()):
            if named or not excluded.match_file(target):
                yield path, target


def _follows(path: Path, mode: str) -> bool:
    if not path.is_symlink() or not path.exists() or path.is_dir():
        return False
    return mode == "all" or (mode == "external" and symlink_escapes(path))


def _reject_links(paths: Sequence[Path]) -> None:
    links = [p for p in dict.fromkeys(paths) if p.is_symlink()]
    if links:
        raise ConfigError(
            "the source distribution would hold symbolic links",
            problems=[
                Problem(where="tool.scikit-build.sdist.resolve-symlinks", message=f"{p} -> {p.readlink()}")
                for p in links
            ],
            hint="exclude each link with sdist.exclude and force-include its target, or choose another mode",
        )
