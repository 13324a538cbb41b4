"""The story of a repair inside of a build: what was just linked goes into the wheel with it."""

from __future__ import annotations

from ..audit.build_tags import AUTO
from ..model.errors import ConfigError, Problem, RepairError
from ..model.record import replace
from ..model.repair_plan import RepairOptions
from ..model.repairs import Repairs
from ..model.wheel_name import escape
from ..repair.findings import not_included, not_repaired
from ..repair.unmatched import of_formats
from ..system.libraries import LibrariesOnDisk
from ..system.surroundings import problem_of_directory, surroundings
from .installed import installed_libraries
from .linked_into import linked_into
from .provenance import About
from .story import Outcome, regular_packages, repair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..audit.questions import Question
    from ..model.contents import Contents
    from ..model.link_facts import LinkFacts
    from ..model.project import Project
    from ..model.request import Request
    from ..system.wheels.sources import WheelSource


def repair_build(
    tree: WheelSource,
    contents: Contents,
    project: Project,
    request: Request,
    question: Question,
    link_facts: Callable[[], LinkFacts],
) -> Outcome:
    """Return what was built with the libraries that its target system lacks.

    :param question: what is asked about the build.
    :param link_facts: reads what CMake knows of the links.
    :raises ConfigError: when a directory of ``search`` is not there.
    :raises RepairError: as :func:`repair` does, when a tag is promised. Without one, the wheel stays as it was built:
        on the machine that built it, it works.
    """
    settings = project.settings
    promise = "" if settings.tag == AUTO else settings.tag
    search: list[str] = []
    for directory in settings.search:
        search.append((request.source / directory).as_posix())
    _refuse_search(settings.search, search)
    libraries = LibrariesOnDisk(around=surroundings(request.environ, search=search))
    # What was just linked lies in the build tree, or where find_package() found it: no loader looks there.
    facts = link_facts()
    libraries.add_linked(
        facts.linked_libraries,
        into=lambda: linked_into(contents, facts, libraries),
    )
    options = RepairOptions(
        distribution=escape(project.name),
        scripts=f"{contents.data_dir}/scripts/",
        packages=regular_packages(contents),
        exclude=question.exclude,
        promise=promise,
        keep_names=settings.keep_names,
        include=settings.include,
    )
    about = _about(project, facts)
    try:
        outcome = repair(
            tree,
            contents,
            options,
            libraries,
            about,
            neighbours=question.neighbours,
            installed=installed_libraries(tree, contents, facts, libraries),
            writes=question.repair == "auto",
        )
    except RepairError as error:
        if promise:
            raise
        told = Repairs(findings=(not_repaired(project.name, error),))
        return Outcome(source=tree, contents=contents, repairs=told)
    told = _without_other_systems(outcome.repairs, contents)
    return _with_not_included(replace(outcome, repairs=told), project, promise)


def _without_other_systems(repairs: Repairs, contents: Contents) -> Repairs:
    """Return a repair without the globs that are for other systems: the settings of a project are for all of them."""
    formats = frozenset([binary.format for _, binary in contents.binaries()])
    return replace(
        repairs,
        unmatched_exclude=tuple(
            of_formats(repairs.unmatched_exclude, formats),
        ),
        unmatched_keep_names=tuple(
            of_formats(repairs.unmatched_keep_names, formats),
        ),
    )


def _about(project: Project, facts: LinkFacts) -> About:
    """Return what the bill of materials says of a project."""
    sbom = project.settings.sbom
    return About(
        project=project.name,
        version=project.version,
        sbom=sbom,
        components=facts.components if sbom == "linked" else (),
    )


def _with_not_included(outcome: Outcome, project: Project, promise: str) -> Outcome:
    """Return what came of a build with a finding for each library that is to be included and is nowhere.

    :raises RepairError: instead, when a tag is promised.
    """
    repairs = outcome.repairs
    # What files need and nobody has, the verdict tells.
    findings = tuple(not_included(project.name, repairs.not_included))
    if findings and promise:
        first = findings[0]
        # A wheel that is to run elsewhere must not lack what its code opens.
        raise RepairError(first.message, context=first.evidence, hint=first.hint)
    told = replace(repairs, findings=(*repairs.findings, *findings))
    return replace(outcome, repairs=told)


def _refuse_search(names: Sequence[str], directories: Sequence[str]) -> None:
    """Raise an error for directories that are not there.

    :param names: of the directories, as the project writes them.
    :raises ConfigError: with all of them.
    """
    problems = []
    # The build may have made one of them, so this is known only now.
    for name, directory in zip(names, directories, strict=True):
        problem = problem_of_directory(directory)
        if problem:
            problems.append(
                Problem(where="tool.truewheel.search", message=f"{name}: {problem}")
            )
    if problems:
        raise ConfigError(
            "libraries cannot be looked for where the project says",
            problems=problems,
            hint="name directories relative to that of pyproject.toml",
        )
