"""The whole story of each hook: request → project → staged tree → verdict → wheel. Prints nothing.

This module, the commands, ``explanation.py`` and ``prefetch.py`` are the only ones that know both the rooms that decide
(``audit/``, ``checks/``, ``planning/``, ``platforms/``) and the room that acts (``system/``). Imports inside functions wait
for their moment: two short hooks run before a build, and what follows CMake is imported while CMake runs
(``prefetch``).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .explanation import add_explanation
from .model.built import Built, Sdist
from .model.errors import EngineError
from .model.project import Project, ProjectFile
from .model.request import Product, Request
from .prefetch import import_what_follows_cmake
from .system import host
from .system.engine import Engine, Staged
from .system.engine.attempts import build_in_area
from .system.engine.launcher import launcher_requires
from .system.project import dist_info
from .system.project.pyproject_toml import read_project_file

if TYPE_CHECKING:
    from .audit.questions import Question
    from .model.contents import Contents
    from .model.repairs import Repairs
    from .model.verdict import Verdict
    from .system.warm.area import BuildArea
    from .system.wheels.sources import StagedTree, WheelSource


def requires(request: Request) -> list[str]:
    """Return what a front end must install before it asks for the product."""
    project_file = read_project_file(request)
    wanted = Engine(request, project_file.table).requires()
    if request.product is not Product.SDIST and project_file.may_run_cmake:
        wanted += launcher_requires(project_file.settings.launcher)
    return wanted


def prepare_metadata(request: Request) -> str:
    """Write ``.dist-info`` into ``request.output`` without building anything; returns its base name."""
    project_file = read_project_file(request)
    engine = Engine(request, project_file.table)
    project = _read_project(project_file, request, engine)
    licences = engine.licence_files(project)
    return dist_info.write_dist_info(request.output, project, licences)


def build_sdist(request: Request) -> Sdist:
    """Make the source distribution."""
    from .planning import reuse
    from .system.warm.slots import area_for
    from .system.wheels.sdist import write_sdist

    project_file = read_project_file(request)
    engine = Engine(request, project_file.table)
    project = _read_project(project_file, request, engine)
    with area_for(request, "off", reuse) as area:
        try:
            plan = engine.plan_sdist(project, area)
        except EngineError as error:
            add_explanation(error, request, project_file, area)
            raise
        return write_sdist(request.output, plan, project)


def build(request: Request) -> Built:
    """Make the wheel that ``request`` asks for.

    :raises ConfigError: when the project or the request is wrong.
    :raises EngineError: when CMake or a compiler fails, twice when ``if.failed`` asks for another try.
    :raises VerdictError: when the wheel would be untrue.
    """
    from .planning import reuse

    project_file = read_project_file(request)
    return build_in_area(
        request, project_file, _build_once, planner=reuse, explain=add_explanation
    )


def _build_once(
    request: Request, project_file: ProjectFile, area: BuildArea, engine: Engine
) -> Built:
    """Build, judge and write: the story itself."""
    project = _read_project(project_file, request, engine)
    dist_info.require_same_metadata(request, project)
    _refuse_impossible_promises(request, project, engine)
    staged = engine.stage(project, area, meanwhile=import_what_follows_cmake)
    from .system.wheels.sources import StagedTree
    from .system.wheels.writing import write

    tree = StagedTree(staged.tree, project.dist_info)
    source, verdict, repairs = _repair_and_judge(
        request, project_file, project, staged, tree
    )
    name = project.wheel_name(verdict, build=staged.build_tag)
    files = dist_info.dist_info_files(project)
    wheel = write(
        source,
        request.output,
        name=name,
        purelib=verdict.purelib,
        files=files,
        # Files that vanished before they were listed would not be missed.
        before_naming=area.require_whole,
    )
    # Without a compiler there is nothing that could be warm.
    warmth = area.warmth if staged.facts.is_compiled else None
    return Built(
        wheel=wheel,
        verdict=verdict,
        warmth=warmth,
        message=staged.message,
        notes=staged.notes,
        repairs=repairs,
    )


def _read_project(
    project_file: ProjectFile, request: Request, engine: Engine
) -> Project:
    # Slow, and get_requires needs no metadata.
    from .system.project.metadata import read_project

    return read_project(project_file, request, engine)


def _refuse_impossible_promises(
    request: Request, project: Project, engine: Engine
) -> None:
    """Raise an error for promises that no binary could keep, before anything is compiled for them."""
    # "native" and "auto" promise only what the binaries keep; an editable install stays on this machine.
    makes_promise = project.settings.tag not in {"auto", "native"} or engine.forced_tags
    if makes_promise and request.product is not Product.EDITABLE:
        from .audit.questions import refuse_impossible_promises

        refuse_impossible_promises(project.settings.tag, engine.forced_tags)


def _repair_and_judge(
    request: Request,
    project_file: ProjectFile,
    project: Project,
    staged: Staged,
    tree: StagedTree,
) -> tuple[WheelSource, Verdict, Repairs | None]:
    """Return the wheel's files with the libraries that they lack, and the verdict on them; an untrue wheel is an error."""
    from .audit.questions import may_need_repair, refuse_errors
    from .audit.verdict import judge, with_findings
    from .system.wheels.reading import contents_of
    from .system.wheels.reproducible_images import with_reproducible_images

    contents = contents_of(tree, variant=project.variant)
    question = _question(request, project_file, project, staged, contents)
    source: WheelSource = tree
    # In an editable install debuggers look for what the linker wrote.
    if request.product is not Product.EDITABLE:
        source = with_reproducible_images(tree, contents, staged.link_facts)
    repairs = None
    if may_need_repair(contents, project.settings, question):
        from .repairing.builds import repair_build  # most builds need none

        outcome = repair_build(
            source, contents, project, request, question, staged.link_facts
        )
        source, contents, repairs = outcome.source, outcome.contents, outcome.repairs
    verdict = judge(contents, question)
    if repairs is not None and repairs.findings:
        verdict = with_findings(verdict, repairs.findings, question)
    # Nothing is written then: a wheel with a false name must not lie where somebody may upload it.
    if repairs is None:
        refuse_errors(verdict)
    else:
        from .repairing.origins import telling_origins

        with telling_origins(repairs.bundled):
            refuse_errors(verdict)
    return source, verdict, repairs


def _question(
    request: Request,
    project_file: ProjectFile,
    project: Project,
    staged: Staged,
    contents: Contents,
) -> Question:
    """Return what the contents of a build have to answer."""
    from .audit.questions import ask_modules, question_about
    from .model.neighbours import required_by, required_python
    from .system.gil_probe import BuiltModules
    from .system.wheels.installed import InstalledDistributions
    from .system.wheels.python_files import PythonFiles

    metadata = project.metadata.decode()
    requires = required_by(metadata)
    to_build = project_file.table.get("build-system", {}).get("requires", ())
    # The machine is asked here, and nowhere behind it: what judges takes values alone.
    question = question_about(
        contents,
        staged.facts,
        project.settings,
        product=request.product,
        target=host.running_target(),
        distribution=host.find_distribution(request.environ),
        python_files=PythonFiles(tree=staged.tree),
        installed=InstalledDistributions(
            sys.path, requires, to_build, required_python(metadata)
        ),
    )
    # An editable install is imported soon enough.
    if request.product is Product.WHEEL:
        modules = BuiltModules(tree=staged.tree, environ=request.environ)
        return ask_modules(question, contents, modules)
    return question
