"""The whole story: request → project → tree → verdict → wheel. The only module that knows both wings; prints nothing.

What is needed only after CMake has run is imported while CMake runs (``_AFTERWARDS``): a hook lasts a second, and a fifth
of that would go into imports (``benchmarks/overhead.py``).
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .model.errors import ConfigError, EngineError, Problem, TruewheelError, VerdictError
from .model.project import Project
from .model.record import Record, replace
from .model.request import Product, Request
from .model.tree import Scheme
from .model.wheel_name import VARIANT, WheelName, dist_info_name, escape
from .project_settings import schema
from .system import host
from .system.engine import Engine, Staged
from .system.project.pyproject_toml import build_requires, read_settings, read_table

if TYPE_CHECKING:
    from .model.build_record import NothingKept, ReuseDecision
    from .model.contents import Import
    from .model.verdict import Verdict
    from .system.warm.area import BuildArea
    from .system.wheels.writing import WheelFile

_AFTERWARDS = (
    "packaging.tags",
    "truewheel.audit.verdict",
    "truewheel.system.wheels.reading",
    "truewheel.system.wheels.writing",
    "truewheel.report",
)


class Built(Record):
    """A wheel that was made.

    :param warmth: how much of an earlier build was used, and why; ``None`` when nothing was compiled.
    :param message: ``messages.after-success`` of the project.
    """

    wheel: WheelFile
    verdict: Verdict
    warmth: ReuseDecision | NothingKept | None
    message: str


def requires(request: Request) -> list[str]:
    """What a front end must install before it asks for the product."""
    table = read_table(request.source)
    wanted = Engine(request, table).requires()
    if request.product is not Product.SDIST and _compiles(table):
        from .system.engine import launcher

        wanted += launcher.requires(read_settings(table, request)[0].launcher)
    return wanted


def build(request: Request) -> Built:
    """Make the wheel that ``request`` asks for.

    :raises ConfigError: when the project or the request is wrong.
    :raises EngineError: when CMake or a compiler fails, twice when ``if.failed`` asks for another try.
    :raises VerdictError: when the wheel would be untrue.
    """
    from .planning import reuse  # what builds use alone; two hooks run before one
    from .system.warm import slots

    table = read_table(request.source)
    settings, _ = read_settings(table, request)  # its mistakes are told with all others
    mode = settings.cache if _compiles(table) else "off"
    try:
        with slots.area_for(request, mode, reuse.decide) as area:
            built = _tried(replace(request, source=area.source), area, table)
    except (EngineError, OSError):
        if mode == "off" or not slots.is_full():
            raise
        with slots.area_for(request, "off", reuse.decide) as area:  # the disk that is full may be the cache's alone
            built = _tried(request, area, table)
    if mode != "off":
        slots.trim(schema.bytes_of(settings.cache_limit))
    return built


def _compiles(table: Mapping[str, Any]) -> bool:
    """Whether CMake may run at all, as far as the table says by itself."""
    wheel = table.get("tool", {}).get("scikit-build", {}).get("wheel", {})
    return not (isinstance(wheel, dict) and wheel.get("cmake") is False)


def _tried(request: Request, area: BuildArea, table: Mapping[str, Any]) -> Built:
    """The build, and once more when it fails and the project says what to do then."""
    engine = Engine(request, table)
    try:
        return _build(request, area, table, engine)
    except EngineError as error:
        retry = Engine(request, table, retry=True)
        if not retry.retries or error.phase not in {"configure", "build", "install"}:
            raise _with_message(_explained(error, area, table), engine) from None
    try:
        return _build(request, area, table, retry)
    except EngineError as error:
        raise _with_message(_explained(error, area, table), retry) from None


def _explained(error: EngineError, area: BuildArea, table: Mapping[str, Any]) -> EngineError:
    """Add what the tools' own words mean to somebody who builds a Python package."""
    from .planning import build_errors as failures  # builds that go well need none of it
    from .system.warm import slots

    circumstances = failures.Circumstances(
        requires=build_requires(table),
        installed=host.distributions(),
        system=sys.platform,
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        variables=frozenset(os.environ),
        headers=host.has_headers(),
        full=slots.without_room(area),
    )
    found = failures.diagnosis(error.said, circumstances) if error.said else None
    if found is not None:
        error.context, error.hint = (*error.context, found.because), found.cure
    return error


def _with_message(error: EngineError, engine: Engine) -> EngineError:
    """Add what the project has to say of failures."""
    if engine.after_failure and engine.after_failure not in error.context:
        error.context = (*error.context, engine.after_failure)
    return error


def _project(table: Mapping[str, Any], request: Request, engine: Engine) -> Project:
    from .system.project.metadata import read_project  # nobody needs metadata to say what must be installed

    return read_project(table, request, engine)


def _build(request: Request, area: BuildArea, table: Mapping[str, Any], engine: Engine) -> Built:
    project = _project(table, request, engine)
    _same_metadata(request, project)
    _no_impossible_tag(request, project, engine)
    staged = engine.stage(project, area, meanwhile=_import_the_rest)
    from .system.wheels.sources import StagedTree
    from .system.wheels.writing import write

    found = judged(request, project, staged)
    name = WheelName(
        name=escape(project.name),
        version=project.version.replace("-", "_"),
        build=staged.build_tag,
        interpreters=found.interpreters,
        abis=found.abis,
        platforms=found.platforms,
        variant=project.variant.label if project.variant is not None else "",
    )
    source = StagedTree(staged.tree, dist_info_name(name.name, name.version))
    wheel = write(source, request.output, name=name, purelib=found.purelib, files=_files(project))
    warmth = area.warmth if staged.compiled else None
    return Built(wheel=wheel, verdict=found, warmth=warmth, message=staged.message)


def _no_impossible_tag(request: Request, project: Project, engine: Engine) -> None:
    """Refuse promises that no binary could keep before anything is compiled for them."""
    demanded = {tag.rpartition("-")[2] for tag in engine.demanded} - {"any"}
    promises = sorted({project.settings.tag, *demanded} - {"auto", "native"})  # those promise nothing
    if request.product is Product.EDITABLE or not promises:
        return
    from .audit import verdict as court

    wrong = tuple(finding for promise in promises for finding in court.impossible(promise))
    if wrong:
        raise VerdictError("no wheel could keep what is promised", findings=wrong)


def _import_the_rest() -> None:
    for name in _AFTERWARDS:
        importlib.import_module(name)
    from . import data_tables as tables
    from . import formats
    from .platforms import PLATFORMS

    # What the binaries of this system will ask for: their format's reader, their platform and its table.
    with Path(sys.executable).open("rb") as program:
        formats.sniff(program.read(formats.HEAD))
    tag = host.target().platform_tag
    for platform in PLATFORMS:
        if platform.understands(tag):
            tables.table(f"platforms/policy/{platform.family}.json")


def judged(request: Request, project: Project, staged: Staged) -> Verdict:
    """The verdict on a staged tree.

    An editable install is for this machine alone, so it gets the plain tag and makes no promise.

    :raises VerdictError: on findings at error level.
    """
    from .audit import verdict as court
    from .checks import layout
    from .system.wheels.reading import contents_of
    from .system.wheels.sources import StagedTree

    home = dist_info_name(project.name, project.version)
    _no_reserved_names(staged)
    contents = contents_of(StagedTree(staged.tree, home), variant=project.variant)
    wheel = request.product is Product.WHEEL  # an editable one finds its Python files elsewhere
    settings = project.settings
    promise = settings.tag
    if request.product is Product.EDITABLE or (promise == court.AUTO and host.distribution() is not None):
        promise = court.NATIVE
    question = court.Question(
        target=host.target(),
        py_api=staged.py_api,
        promise=promise,
        demanded=staged.tags,
        exclude=settings.exclude,
        native=staged.native,
        compiled=staged.compiled,
        lost=staged.lost if wheel else (),
        outside=staged.outside,
        imports=_imports(staged) if wheel and staged.compiled and layout.is_doubtful(contents) else (),
        named=_named(staged) if staged.compiled and any(layout.on_top(contents)) else frozenset(),
        select=settings.select,
        ignore=settings.ignore,
    )
    found = court.judge(contents, question)
    if found.errors:
        raise VerdictError("the build succeeded, but the wheel would not be what it claims", findings=found.errors)
    return found


def _imports(staged: Staged) -> tuple[Import, ...]:
    from .system.wheels.import_scan import own_imports  # few builds are in doubt

    return own_imports(staged.tree)


def _named(staged: Staged) -> frozenset[str]:
    from .system.wheels.import_scan import named_modules

    return named_modules(staged.tree)


def _no_reserved_names(staged: Staged) -> None:
    """Files that the backend writes cannot come from the build."""
    reserved = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", VARIANT}
    taken = sorted(e.path for e in staged.tree.entries if e.scheme is Scheme.DIST_INFO and e.path in reserved)
    if taken:
        problems = [
            Problem(where=name, message="was put into SKBUILD_METADATA_DIR, but truewheel writes it") for name in taken
        ]
        raise ConfigError("the build made files of .dist-info that are not its own", problems=problems)


def _files(project: Project) -> dict[str, bytes]:
    """What a wheel's ``.dist-info`` has besides what is prepared before anything is built."""
    return {**_dist_info(project), **({VARIANT: project.variant_json} if project.variant_json else {})}


def _dist_info(project: Project) -> dict[str, bytes]:
    files = {"METADATA": project.metadata}
    if project.entry_points:
        files["entry_points.txt"] = project.entry_points
    return files


def _same_metadata(request: Request, project: Project) -> None:
    """METADATA must be the one that was prepared before, byte for byte (PEP 517)."""
    prepared = request.metadata_directory
    if prepared is None:
        return
    path = prepared / "METADATA"
    if not path.is_file():
        raise TruewheelError(f"{path} is missing", hint="pass the directory that prepare_metadata_for_build_wheel made")
    if path.read_bytes() != project.metadata:
        raise TruewheelError(
            "the metadata changed between preparing and building",
            context=[f"{path} is not what the build computes"],
            hint="a metadata provider gives other answers each time; make it depend on files only",
        )


def prepare_metadata(request: Request) -> str:
    """Write ``.dist-info`` into ``request.output`` without building anything; returns its base name.

    It holds METADATA, entry points and licence files. It holds no WHEEL: what the wheel may claim is not known before
    the binaries are there, and front ends read METADATA only.
    """
    table = read_table(request.source)
    engine = Engine(request, table)
    project = _project(table, request, engine)
    home = request.output / dist_info_name(project.name, project.version)
    try:
        home.mkdir(parents=True, exist_ok=True)
        licences = {f"licenses/{name}": content for name, content in engine.licence_files(project).items()}
        for name, content in {**_dist_info(project), **licences}.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(content)
    except OSError as error:
        raise TruewheelError(f"{home} cannot be written", context=[str(error)]) from error
    return home.name


def build_sdist(request: Request) -> Path:
    """Make the source distribution."""
    from .planning import reuse
    from .system.warm import slots
    from .system.wheels.sdist import write_sdist

    table = read_table(request.source)
    engine = Engine(request, table)
    project = _project(table, request, engine)
    with slots.area_for(request, "off", reuse.decide) as area:
        try:
            plan = engine.plan_sdist(project, area)
        except EngineError as error:
            raise _explained(error, area, table) from None
        return write_sdist(request.output, plan, project)
