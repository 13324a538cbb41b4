"""The Python and ABI tags of a wheel: which are true of its extension modules, and what contradicts those it claims. Pure.

This is the way into the room. Two questions are asked of it:

:func:`true_python_tags`
    Which tags are true? The Python that the modules' suffixes name wins; then a stable ABI that was asked for and is
    kept; then the Python that built them. :mod:`~truewheel.audit.python.true_tags` has the order with its reasons, and
    :mod:`~truewheel.audit.python.built_tags` that of a build.
:func:`python_claim_findings`
    What contradicts the tags that are claimed? A build's own tags go through it as well, so that a build never claims
    what ``truewheel check`` would call untrue.

To answer them, each of these modules decides one thing:

==================  ============  ==============================================================================
Module              Findings      What it decides
==================  ============  ==============================================================================
`file_names`                      what a suffix or a library's name says (PEP 3149, PEP 803)
`c_api`                           which symbols are Python's, and of which builds (PEP 703)
`modules`                         which files are extension modules
`libraries`                       which libraries are bound to a Python, or bring one
`init_functions`    TW404 TW405   whether ``import`` finds an init function (PEP 489, PEP 793)
`suffix_platforms`  TW412         whether the code is for the system that its suffix names (PEP 3149, 730, 738)
`interpreters`                    which Pythons accept a pair of tags (PEP 425, 384, 703, 803)
`definitions`                     which of the modules that a file defines are meant
`abi_records`       TW415         whether a module's own ABI record agrees with its suffix (PEP 793, 803)
`gil`               TW414         whether importing a module switches the GIL on (PEP 703)
`import_obstacles`  TW401 TW407   whether those Pythons can import a module
`stable_abi`        TW402 TW403   whether a module keeps to the stable ABI (PEP 384, 803)
`claimed_pythons`   TW411         what is asked of every claim; makes TW401 and TW407 of the obstacles
`single_versions`   TW406 TW410   what is odd in a wheel for single versions
`any_python`        TW409 TW413   what is odd in a wheel for any Python
`py_api`            TW408         what ``wheel.py-api`` asks for, and whether it is kept
`true_tags`                       which tags are true, of wheels on disk and of builds
`built_tags`                      which tags a build may claim whose suffixes name no Python
==================  ============  ==============================================================================

A platform tag may belong to one Python as well (Pyodide, PEP 783): that is decided in
:mod:`~truewheel.audit.claimed_tags`, where platforms and Pythons meet. PEP 809 (``abi2026``) is a draft, and no Python
accepts its tags.
"""

from __future__ import annotations

from ...model.record import replace
from ...model.verdict import PythonTags
from .claimed_pythons import Claim, check_claim
from .init_functions import check_hidden_init_functions, check_init_functions
from .libraries import bound_libraries, without_embedded
from .modules import modules
from .suffix_platforms import check_suffix_platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.audit import LibraryBeside
    from ...model.contents import Contents, Import
    from ...model.finding import Finding
    from ...model.module_facts import ImportAnswers
    from ...model.target import Target


def true_python_tags(
    contents: Contents,
    *,
    target: Target | None,
    py_api: str = "",
    imports: tuple[Import, ...] = (),
    answers: ImportAnswers | None = None,
) -> PythonTags:
    """Return the Python and ABI tags that are true of the modules, with what a build's modules do wrong.

    :param target: what the wheel was just built for, which decides where a suffix names no Python; ``None`` for a wheel
        on disk.
    :param py_api: scikit-build-core's ``wheel.py-api``: ``cp39``, ``cp315.cp315t``, ``py3``, ``py2.py3``.
    :param imports: what the packages that were built import of themselves.
    :param answers: what the interpreter said that imported modules of the build.
    """
    found = (*modules(contents), *bound_libraries(contents))
    if not found:
        declared = py_api if py_api.startswith("py") else "py3"
        return PythonTags(
            interpreters=tuple(declared.split(".")),
            abis=("none",),
            reason="no extension modules",
        )
    from .true_tags import find_true_tags  # wheels without modules do without it

    tags = find_true_tags(found, contents, target=target, py_api=py_api)
    if target is None:
        return tags
    claim = Claim(
        interpreters=tags.interpreters,
        abis=tags.abis,
        platforms=(target.platform_tag,),
        built_for=target,
        imports=imports,
        answers=answers,
    )
    findings = dict.fromkeys((*tags.findings, *_claim_findings(contents, claim)))
    return replace(tags, findings=tuple(findings))


def python_claim_findings(
    contents: Contents,
    *,
    interpreters: tuple[str, ...],
    abis: tuple[str, ...],
    platforms: Sequence[str] = (),
    beside: Sequence[LibraryBeside] = (),
) -> tuple[Finding, ...]:
    """Return why the Python and ABI tags of a wheel are untrue of its modules, and what is odd about those.

    :param platforms: its platform tags, for the libc where a module does not tell it.
    :param beside: libraries of other distributions that are installed beside it.
    """
    claim = Claim(
        interpreters=interpreters,
        abis=abis,
        platforms=tuple(platforms),
        beside=tuple(beside),
    )
    return tuple(dict.fromkeys(_claim_findings(contents, claim)))


def _claim_findings(contents: Contents, claim: Claim) -> Iterator[Finding]:
    """Yield what is wrong with each module, then what contradicts the claim."""
    found, libraries = modules(contents), bound_libraries(contents)
    for module in found:
        yield from check_init_functions(module, claim, contents)
        misplaced = check_suffix_platform(
            module, claim.platforms, own_suffix=claim.own_suffix
        )
        if misplaced is not None:
            yield misplaced
        if module.is_looked_into:
            from .abi_records import check_abi_record  # few modules are

            yield from check_abi_record(module)
    if claim.is_for_free_threading:
        from .gil import check_gil  # few wheels are

        yield from check_gil(found, claim)
    yield from check_hidden_init_functions(libraries, claim, contents)
    yield from check_claim(claim, found, libraries, contents)


def serves_some_pythons_on_purpose(
    contents: Contents,
    *,
    interpreters: tuple[str, ...],
    abis: tuple[str, ...],
) -> bool:
    """Return whether a wheel for any Python holds modules for several Pythons or systems, which nobody does by mistake.

    Then its modules do not tell its true tags.
    """
    claim = Claim(interpreters=interpreters, abis=abis)
    found = modules(contents)
    if not found or not claim.is_for_any:
        return False
    from .any_python import (
        find_pinned_module,
    )  # few wheels for any Python have binaries

    found = without_embedded(found, contents)
    pinned = find_pinned_module(claim, found, contents)
    return pinned is not None and pinned.is_deliberate


def contradicts(
    interpreters: tuple[str, ...], abis: tuple[str, ...], true: PythonTags
) -> bool:
    """Return whether tags share no Python or no ABI with the true ones."""
    has_other_pythons = set(interpreters).isdisjoint(true.interpreters)
    has_other_abis = set(abis).isdisjoint(true.abis)
    return has_other_pythons or has_other_abis
