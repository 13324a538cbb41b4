"""Whether METADATA requires a NumPy with which the modules can be imported (TW211, TW212). Pure.

What a module asks for is what its own check of the C API says (:class:`~truewheel.model.binary.NumpyApi`). A release counts
when it has wheels for a Python that takes this one: others cannot be installed beside it, whatever the requirement allows.

Sources: https://numpy.org/doc/stable/dev/depending_on_numpy.html; the releases in ``numpy_releases.json``.
"""

from __future__ import annotations

from ..data_tables import table
from ..model.contents import is_data, is_module
from ..model.finding import Finding, Severity
from ..model.record import NamedTuple
from .requirements import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.binary import NumpyApi
    from ..model.contents import Contents
    from .requirements import Requirements

_NUMPY = "numpy"
_SUPPLIERS = ("numpy/_core/", "numpy/core/")
"""Where NumPy has its C API. A wheel with that is NumPy, or brings it."""


class Use(NamedTuple):
    """A file of the wheel that uses NumPy's C API."""

    path: str
    api: NumpyApi


class Conflict(NamedTuple):
    """Releases of NumPy that are allowed and do not work.

    :param refused: the oldest first.
    """

    python: str
    refused: list[str]


def uses_of_numpy(contents: Contents) -> list[Use]:
    """Return the files that use NumPy's C API; none of a wheel that supplies it."""
    found = [
        Use(file.path, binary.numpy_api)
        for file, binary in contents.binaries()
        if binary.numpy_api is not None and not is_data(file.path)
    ]
    # NumPy's own modules are always installed with the NumPy that they were compiled for.
    if found and any(file.path.startswith(_SUPPLIERS) for file in contents.files):
        return []
    return found


def numpy_findings(
    uses: Sequence[Use],
    contents: Contents,
    requirements: Requirements,
    *,
    where: str,
) -> Iterator[Finding]:
    """Yield what is to be said of the requirement of NumPy.

    :param uses: the files of one platform that use its C API; one at least.
    :param where: the path of METADATA.
    """
    if not requirements.of(_NUMPY):
        yield from _not_required(uses, contents, requirements, where=where)
        return
    least = min(uses, key=_strictness)
    conflict = _conflict(least.api, requirements)
    if conflict is not None:
        yield _contradicted(uses, least.api, conflict, requirements, where=where)
        return
    # Modules of one build ask for more than others only because their sources say so (NPY_TARGET_VERSION). As a rule they
    # are imported where their failure is caught: h5py's _npystrings.
    stricter = [use for use in uses if _strictness(use) > _strictness(least)]
    if not stricter:
        return
    most = max(stricter, key=_strictness)
    conflict = _conflict(most.api, requirements)
    if conflict is not None:
        yield _partly_contradicted(stricter, conflict, requirements, where=where)


# --- what is decided ----------------------------------------------------------------------------------------------


def _strictness(use: Use) -> tuple[int, tuple[int, ...]]:
    """Return how much a file asks for. The headers of NumPy 1 are the strictest: they rule out whole NumPy 2."""
    return int(use.api.headers == 1), _numbers(use.api.oldest)


def _works_with(api: NumpyApi, release: str) -> bool:
    """Return whether a release of NumPy takes a module."""
    numbers = _numbers(release)
    # Of NumPy 1 it is not known how old it may be.
    if api.headers == 1:
        return numbers < (2,)
    return numbers >= _numbers(api.oldest)


def _conflict(api: NumpyApi, requirements: Requirements) -> Conflict | None:
    """Return which releases are allowed that do not take a module, for the newest Python that has some."""
    # A Python that the table does not know yet has no releases, so that nothing is said of it.
    releases = table("audit/numpy_releases.json")["releases"]
    # The newest Python first, for it is the one that most people will have the longest.
    for python in reversed(requirements.pythons):
        of_python = releases.get(python)
        if not of_python:
            continue
        # If the first one to fail works, each release for this Python does, as is nearly always so.
        edge = of_python[-1] if api.headers == 1 else of_python[0]
        if _works_with(api, edge) or not requirements.allow_python(python):
            continue
        allowed = requirements.allowed(_NUMPY, of_python, python)
        refused = [one for one in allowed if not _works_with(api, one)]
        if refused:
            return Conflict(python, refused)
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


# --- what is said -------------------------------------------------------------------------------------------------


def _contradicted(
    uses: Sequence[Use],
    api: NumpyApi,
    conflict: Conflict,
    requirements: Requirements,
    *,
    where: str,
) -> Finding:
    """Return TW211: a release that the requirement allows does not take any module."""
    release = conflict.refused[-1]
    if api.headers == 1:
        message = f"NumPy {release} is allowed, and the modules were compiled with the headers of NumPy 1, which NumPy 2 refuses"
        hint = 'compile with "numpy>=2" in build-system.requires: the modules work with NumPy 1 and 2 then. Or require "numpy<2"'
    else:
        message = (
            f"NumPy {release} is allowed, and the modules need {api.oldest} or newer"
        )
        hint = (
            f'in [project]: dependencies = ["numpy>={api.oldest}"], or compile for an older one: '
            f"-DNPY_TARGET_VERSION={_macro(conflict.refused[0])}"
        )
    return Finding(
        code="TW211",
        severity=Severity.WARNING,
        where=where,
        message=message,
        evidence=(
            *_evidence_of(uses),
            *_evidence_of_requirement(conflict, requirements),
        ),
        hint=hint,
    )


def _partly_contradicted(
    uses: Sequence[Use],
    conflict: Conflict,
    requirements: Requirements,
    *,
    where: str,
) -> Finding:
    """Return TW211 for modules that ask for more than the others of the wheel."""
    release = conflict.refused[-1]
    return Finding(
        code="TW211",
        severity=Severity.NOTE,
        where=where,
        message=f"NumPy {release} is allowed, and some modules cannot be imported with it",
        evidence=(
            *_evidence_of(uses),
            *_evidence_of_requirement(conflict, requirements),
        ),
        hint="that is fine if Python code does without them then",
    )


def _not_required(
    uses: Sequence[Use],
    contents: Contents,
    requirements: Requirements,
    *,
    where: str,
) -> Iterator[Finding]:
    """Yield TW212: nothing requires NumPy."""
    if requirements.are_unclear(_NUMPY):
        return
    elsewhere = requirements.named(_NUMPY)
    # An extra brings it, so that it is meant to be optional.
    if any("extra" in str(one.marker) for one in elsewhere):
        return
    others = requirements.others()
    evidence = list(_evidence_of(uses))
    evidence += [f"Requires-Dist: {one}, which does not hold here" for one in elsewhere]
    if others:
        evidence.append(f"not known are the requirements of {listed(others)}")
    # With a module that does without it, and with a distribution that may bring it, all may be well.
    is_sure = not others and _all_modules_use_it(uses, contents)
    yield Finding(
        code="TW212",
        severity=Severity.WARNING if is_sure else Severity.NOTE,
        where=where,
        message="the wheel uses NumPy's C API, and does not require numpy",
        evidence=tuple(evidence),
        hint='in [project]: dependencies = ["numpy"]; or an extra, if the wheel does without it',
    )


def _all_modules_use_it(uses: Sequence[Use], contents: Contents) -> bool:
    """Return whether every extension module of the wheel is one that uses NumPy's C API."""
    paths = {use.path for use in uses}
    # A library beside the modules may be loaded by one of them only if NumPy is there: shiboken6.
    modules = {path for path in contents.loadable_paths() if is_module(path)}
    return bool(modules) and modules <= paths


def _evidence_of(uses: Sequence[Use]) -> Iterator[str]:
    """Yield what the files say."""
    first, *others = sorted(uses, key=_strictness)
    if first.api.headers == 1:
        said = "has the check of the C API from the headers of NumPy 1"
    else:
        said = f'has the check of the C API from the headers of NumPy 2, for "NumPy {first.api.oldest}"'
    yield f"{first.path} {said}"
    if others:
        yield f"and {len(others)} more"


def _evidence_of_requirement(
    conflict: Conflict, requirements: Requirements
) -> Iterator[str]:
    """Yield what METADATA says, and what it lets in."""
    for requirement in requirements.of(_NUMPY):
        yield f"Requires-Dist: {requirement}"
    oldest, newest = conflict.refused[0], conflict.refused[-1]
    span = oldest if oldest == newest else f"{oldest} to {newest}"
    yield f"for Python {conflict.python} there is NumPy {span}"


def _macro(release: str) -> str:
    """Return the name that NumPy's headers have for the C API of a release; they know none before 1.15."""
    major, minor = max(_numbers(release)[:2], (1, 15))
    return f"NPY_{major}_{minor}_API_VERSION"
