"""What is asked about a build, made in one place: out of what the build tells of itself, and what its project promises."""

from __future__ import annotations

from itertools import chain

from ..checks.build_results import modules_beside_packages
from ..checks.missing_modules import is_doubtful
from ..model.binary import Kind
from ..model.errors import VerdictError
from ..model.record import Record, replace
from ..model.request import Product
from .build_tags import AUTO, NATIVE, impossible
from .filtering import is_selected
from .linkage import audit_of, names_outside
from .python.init_functions import init_functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Protocol

    from ..model.build_facts import BuildFacts
    from ..model.contents import Contents, File, Import
    from ..model.finding import Finding
    from ..model.module_facts import ImportAnswers
    from ..model.neighbours import Neighbour
    from ..model.settings import Settings
    from ..model.target import Target
    from ..model.verdict import Verdict

    class PythonFiles(Protocol):
        """What the Python files of the tree import. Reading them takes time, so they are asked only when in doubt."""

        def own_imports(self) -> tuple[Import, ...]:
            """Return what the packages ask of themselves as soon as they are imported."""

        def named_modules(self) -> frozenset[str]:
            """Return the top-level names that the files import anywhere."""

    class Installed(Protocol):
        """What is installed beside the wheel. Reading it takes time, so it is asked only when in doubt."""

        @property
        def requires(self) -> tuple[str, ...]:
            """The requirements in METADATA: what users will have."""

        @property
        def requires_python(self) -> str:
            """The Pythons that METADATA allows."""

        def neighbours(self, libraries: Iterable[str]) -> Sequence[Neighbour]:
            """Return the distributions of the build environment, with those of their files that have one of these names."""

    class BuiltModules(Protocol):
        """The modules of the build. Importing them takes time, so it is done only when in doubt."""

        def gil_after(self, paths: Collection[str]) -> ImportAnswers:
            """Return whether the GIL is on after modules were imported, by their paths in the wheel."""


_ASKED_FOR = "the plain platform was asked for (tag = native)"


class Question(Record):
    """What is asked about a build.

    :param target: the Python and system it was built for.
    :param py_api: ``wheel.py-api``.
    :param promise: ``auto``, ``native``, or a platform tag, with or without its CPU.
    :param forced_tags: ``wheel.tags``: expanded tags that the project insists on.
    :param exclude: globs on libraries that someone else supplies.
    :param repair: what is done about libraries that the target system lacks: ``auto``, ``off``, ``warn``.
    :param requires: the requirements in METADATA.
    :param requires_python: the Pythons that METADATA allows.
    :param neighbours: distributions of the build environment, where one may have a library that is needed.
    :param plain_tags: the plain platform tags as the engine would write them.
    :param why_native: why nothing is promised, if ``promise`` is ``native``.
    :param compiled: whether CMake ran.
    :param is_editable: whether the wheel is for an editable install.
    :param not_installed: modules and libraries that CMake built, where it installed no file.
    :param outside: files that it installed outside of the wheel.
    :param imports: what the packages ask of themselves; only when :func:`~truewheel.checks.missing_modules.is_doubtful`.
    :param top_level_imports: modules at the top level that the wheel's Python files import.
    :param answers: what the interpreter said that imported modules of which their files do not show enough.
    """

    target: Target
    py_api: str = ""
    promise: str = AUTO
    forced_tags: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    repair: str = "off"
    requires: tuple[str, ...] = ()
    requires_python: str = ""
    neighbours: tuple[Neighbour, ...] = ()
    plain_tags: tuple[str, ...] = ()
    why_native: str = _ASKED_FOR
    compiled: bool = True
    is_editable: bool = False
    not_installed: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    imports: tuple[Import, ...] = ()
    top_level_imports: frozenset[str] = frozenset()
    answers: ImportAnswers | None = None
    select: tuple[str, ...] = ("TW",)
    ignore: tuple[str, ...] = ()


def question_about(
    contents: Contents,
    build: BuildFacts,
    settings: Settings,
    *,
    product: Product,
    target: Target,
    distribution: str | None,
    python_files: PythonFiles,
    installed: Installed | None = None,
) -> Question:
    """Return the question that a build's contents have to answer.

    :param distribution: the distribution whose package build this is, if any, and what says so.
    :param installed: the build environment.
    """
    # An editable install finds its Python files elsewhere, so that nothing can be missing beside them.
    is_wheel = product is Product.WHEEL
    imports: tuple[Import, ...] = ()
    if is_wheel and build.is_compiled and is_doubtful(contents):
        imports = python_files.own_imports()
    named: frozenset[str] = frozenset()
    if build.is_compiled and any(modules_beside_packages(contents)):
        named = python_files.named_modules()
    promise = _promise(settings.tag, product, distribution)
    return Question(
        target=target,
        py_api=build.py_api,
        promise=promise,
        # What is for this machine alone finds its libraries there.
        repair="off" if promise == NATIVE else settings.repair,
        forced_tags=build.forced_tags,
        exclude=settings.exclude,
        requires=installed.requires if installed is not None else (),
        requires_python=installed.requires_python if installed is not None else "",
        neighbours=_neighbours(contents, settings.exclude, installed),
        plain_tags=build.plain_tags,
        why_native=_why_native(settings.tag, product, distribution),
        compiled=build.is_compiled,
        is_editable=product is Product.EDITABLE,
        not_installed=build.not_installed if is_wheel else (),
        outside=build.outside,
        imports=imports,
        top_level_imports=named,
        select=settings.select,
        ignore=settings.ignore,
    )


def _neighbours(
    contents: Contents, exclude: tuple[str, ...], installed: Installed | None
) -> tuple[Neighbour, ...]:
    """Return the distributions of the build environment, when a library is needed that nobody else has."""
    # Nothing that runs by itself needs a library.
    if installed is None or not contents.is_bound:
        return ()
    wanted = names_outside(audit_of(contents, exclude))
    return tuple(installed.neighbours(wanted)) if wanted else ()


def ask_modules(
    question: Question, contents: Contents, built_modules: BuiltModules
) -> Question:
    """Return the question with what the interpreter says of modules that may switch the GIL on.

    Nobody is asked where nobody wants to know, or the files tell it.
    """
    if not question.target.abi_tag.endswith("t"):
        return question
    from .python.gil import CODE, modules_in_doubt  # few builds are free-threaded

    if not is_selected(CODE, question.select, question.ignore):
        return question
    doubtful = modules_in_doubt(contents, question.target)
    if not doubtful:
        return question
    return replace(question, answers=built_modules.gil_after(doubtful))


def may_need_repair(contents: Contents, settings: Settings, question: Question) -> bool:
    """Return whether the disk has to be looked at for libraries that the target system lacks."""
    if question.repair == "off" or not question.compiled:
        return False
    # Systems of a promise may have a library, but one that is too old.
    if settings.tag != AUTO or settings.include or settings.sbom == "linked":
        return True
    audit = audit_of(contents, question.exclude, neighbours=question.neighbours)
    links = chain.from_iterable(part.linkage for part in audit.platforms)
    if any(link.is_outside or link.is_out_of_reach for link in links):
        return True
    # A library of the system may have been installed as it is. Then its licence has to go with it.
    return any(_is_plain_library(file) for file in contents.files)


def _is_plain_library(file: File) -> bool:
    """Return whether a file is a shared library, and not an extension module."""
    if file.binary is None:
        return False
    for part in file.binary.slices:
        # Modules on Windows have a name as well.
        is_module = bool(init_functions(part.exports))
        if part.kind is Kind.SHARED and part.name and not is_module:
            return True
    return False


def refuse_impossible_promises(tag: str, forced_tags: Iterable[str]) -> None:
    """Raise an error for promises that no binary could keep, before anything is compiled for them.

    :param tag: the setting ``tag``.
    :param forced_tags: expanded tags that the project insists on.
    :raises VerdictError: with a finding for each such promise.
    """
    platforms = {forced.rpartition("-")[2] for forced in forced_tags}
    promises = {tag, *platforms} - {AUTO, NATIVE, "any"}  # these promise nothing
    wrong: list[Finding] = []
    for promise in sorted(promises):
        wrong += impossible(promise)
    if wrong:
        raise VerdictError("no wheel could keep what is promised", findings=wrong)


def refuse_errors(verdict: Verdict) -> None:
    """Raise an error when the wheel would not be what it claims, or cannot work.

    :raises VerdictError: with the findings at level error.
    """
    if verdict.errors:
        raise VerdictError(
            "the build succeeded, but the wheel would not be what it claims",
            findings=verdict.errors,
        )


def _promise(tag: str, product: Product, distribution: str | None) -> str:
    """Return what the platform tag has to promise.

    An editable install is for this machine alone, and a distribution's packages are for its own systems.
    """
    if product is Product.EDITABLE:
        return NATIVE
    if tag == AUTO and distribution is not None:
        return NATIVE
    return tag


def _why_native(tag: str, product: Product, distribution: str | None) -> str:
    """Return why the platform tag promises nothing, if it promises nothing."""
    if product is Product.EDITABLE:
        return "an editable install is for this machine alone, and libraries stay where they are"
    if tag == AUTO and distribution is not None:
        return f"this is a package build of {distribution}: its packages are for its own systems, and libraries stay where they are"
    return _ASKED_FOR
