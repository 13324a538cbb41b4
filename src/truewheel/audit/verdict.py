"""The verdict: what a wheel may say of itself, and whether what one says is true. The strictest requirement is the tag.

Both ways begin alike, with what the binaries need:

1. :func:`~.linkage.audit_of`: every file is assigned to its platform, every library resolved, every requirement listed.
2. :func:`~.platform_tags.best_tags`: of each platform the tags that are true, the strictest requirement deciding.
3. :func:`~.python.tags.true_python_tags`: the same of Python and ABI tags.

Then :func:`judge`, of a tree that was just built, chooses tags:

4. ``wheel.tags`` word for word (:func:`~.claimed_tags.claim_findings` checks them), or :func:`~.build_tags.choose_tags`: the
   promise, the plain platform, or the best.
5. :func:`~truewheel.checks.layout.tree_findings`: is it well formed?

And :func:`check`, of a wheel on disk, compares:

4. :func:`~.claimed_tags.claim_findings`: what is untrue of its name?
5. :func:`~.truth.find_truth`: what should it be called?
6. :func:`~truewheel.checks.layout.findings`: is it well formed?

Pure.
"""

from __future__ import annotations

from ..checks import layout
from ..model.codes import makes_untrue
from ..model.finding import Finding, Severity
from ..model.record import Record, replace
from ..model.verdict import Verdict
from ..model.wheel_name import VARIANT, WheelName, parse_wheel_name
from .build_tags import AUTO, NATIVE, choose_tags, impossible
from .checked import Checked
from .claimed_tags import claim_findings
from .filtering import ordered
from .linkage import audit_of
from .platform_tags import best_tags, cpu_floors, reason_without_binaries, system_findings, variant_findings
from .python.tags import true_python_tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..model.audit import Audit
    from ..model.contents import Contents, Import, WheelFacts
    from ..model.floor import Floor
    from ..model.target import Target
    from ..model.verdict import PlatformTags, PythonRuling

__all__ = ["AUTO", "NATIVE", "Checked", "Question", "check", "impossible", "judge"]


class Question(Record):
    """What is asked about a build.

    :param target: the Python and system it was built for.
    :param py_api: ``wheel.py-api``.
    :param promise: ``auto``, ``native``, or a platform tag, with or without its CPU.
    :param demanded: ``wheel.tags``: expanded tags that the project insists on.
    :param exclude: globs on libraries that someone else supplies.
    :param native: the plain platform tags as the engine would write them.
    :param compiled: whether CMake ran.
    :param lost: modules and libraries that CMake built, where it installed no file.
    :param outside: files that it installed outside of the wheel.
    :param imports: what the packages ask of themselves; only when :func:`~truewheel.checks.layout.is_doubtful`.
    :param named: modules at the top level that the wheel's Python files import.
    """

    target: Target
    py_api: str = ""
    promise: str = AUTO
    demanded: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    native: tuple[str, ...] = ()
    compiled: bool = True
    lost: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    imports: tuple[Import, ...] = ()
    named: frozenset[str] = frozenset()
    select: tuple[str, ...] = ("TW",)
    ignore: tuple[str, ...] = ()


# --- a tree that was just built ---------------------------------------------------------------------------------


def judge(contents: Contents, question: Question) -> Verdict:
    """Return the verdict on a tree that was just built."""
    audit = audit_of(contents, question.exclude)
    best = tuple(best_tags(part) for part in audit.platforms)
    python = true_python_tags(contents, target=question.target, py_api=question.py_api)
    if question.demanded:
        return _judge_forced_tags(contents, question, audit, best, python)
    chosen = choose_tags(contents, audit, question, best)
    reasons = chosen.reasons if best else (reason_without_binaries(contents),)
    findings = (
        *chosen.findings,
        *system_findings(audit),
        *(_graver(finding, contents, question.imports) for finding in python.findings),
        *_common_findings(contents, question, best, chosen.tags),
    )
    return Verdict(
        interpreters=python.interpreters,
        abis=python.abis,
        platforms=chosen.tags,
        purelib=chosen.tags == ("any",),
        floors=_all_floors(contents, best, python),
        findings=ordered(findings, question.select, question.ignore),
        reasons=(*reasons, python.reason),
        variant=contents.variant,
    )


def _judge_forced_tags(
    contents: Contents, question: Question, audit: Audit, best: Sequence[PlatformTags], python: PythonRuling
) -> Verdict:
    """Return ``wheel.tags``, taken word for word and checked like anybody's claim."""
    parts = zip(*(tag.split("-") for tag in question.demanded), strict=True)
    interpreters, abis, platforms = (tuple(dict.fromkeys(part)) for part in parts)
    name = WheelName(name="-", version="-", interpreters=interpreters, abis=abis, platforms=platforms)
    instead = "put that into tool.scikit-build.wheel.tags, or leave the tag to truewheel"
    findings = (
        *claim_findings(contents, audit, name, best, instead=instead),
        *_common_findings(contents, question, best, platforms),
    )
    return Verdict(
        interpreters=interpreters,
        abis=abis,
        platforms=platforms,
        purelib=platforms == ("any",),
        floors=_all_floors(contents, best, python),
        findings=ordered(findings, question.select, question.ignore),
        reasons=("tool.scikit-build.wheel.tags says so",),
        variant=contents.variant,
    )


def _common_findings(
    contents: Contents, question: Question, best: Sequence[PlatformTags], platforms: tuple[str, ...]
) -> list[Finding]:
    """Return what is to be said of a built tree, whoever chose its tags."""
    found = [finding for own in best for finding in own.findings]
    found += _tree_findings(contents, question, platforms)
    found += variant_findings(contents, built=True)
    return found


def _tree_findings(contents: Contents, question: Question, platforms: tuple[str, ...]) -> tuple[Finding, ...]:
    found = layout.tree_findings(
        contents,
        compiled=question.compiled,
        lost=question.lost,
        outside=question.outside,
        imports=question.imports,
        named=question.named,
        platforms=platforms,
    )
    return tuple(_graver(finding, contents, question.imports) for finding in found)


def _graver(finding: Finding, contents: Contents, imports: Iterable[Import]) -> Finding:
    """What is merely odd in a wheel of somebody else's, and hardly meant in a build of one's own. Several modules in one file
    may be meant: ``ExtensionFileLoader`` loads each by its name."""
    path = finding.where  # of a bare .so that nothing imports, ctypes may make use
    silent = finding.code == "TW404" and (layout.is_module(path) or layout.imports_file(path, contents, imports))
    if silent or (finding.code == "TW405" and len(finding.evidence) == 1):
        return replace(finding, severity=Severity.ERROR)
    if finding.code == "TW516":
        return replace(finding, severity=Severity.WARNING)
    return finding


def _all_floors(contents: Contents, best: Sequence[PlatformTags], python: PythonRuling) -> tuple[Floor, ...]:
    of_platforms = [floor for own in best for floor in own.floors]
    return (*of_platforms, *cpu_floors(contents), *python.floors)


# --- a wheel on disk --------------------------------------------------------------------------------------------


def check(
    facts: WheelFacts,
    *,
    exclude: tuple[str, ...] = (),
    select: tuple[str, ...] = ("TW",),
    ignore: tuple[str, ...] = (),
    upload: bool = False,
) -> Checked:
    """Return whether a wheel's name is true, and what it should be.

    :param upload: whether to look also for what package indexes and installers refuse.
    """
    from .truth import find_truth, meant_tags  # builds choose their tags

    contents = facts.contents
    audit = audit_of(contents, exclude)
    best = tuple(best_tags(part) for part in audit.platforms)
    claimed = parse_wheel_name(facts.filename)
    claims = claim_findings(contents, audit, claimed, best) if claimed is not None else [_not_a_name(facts.filename)]
    meant = meant_tags(claimed, best)
    python = true_python_tags(contents, target=None)
    truth = find_truth(contents, audit, claimed, best, meant, python)
    truth = replace(truth, floors=_all_floors(contents, best, python))
    is_untrue = any(makes_untrue(finding) for finding in claims)
    of_systems = tuple(system_findings(audit))
    findings = [*claims, *of_systems]
    findings += [finding for own in best for finding in own.findings]
    findings += layout.findings(facts, opinion=_which_is_true(facts, truth, is_untrue=is_untrue))
    findings += _description_findings(facts)
    findings += variant_findings(contents, built=False)
    if upload:
        from ..checks import upload as refusals  # packaging.metadata is slow to import

        findings += layout.bounded(refusals.findings(facts))
    systems = () if meant else tuple(own.family for own in best)
    return Checked(
        claimed=claimed,
        truth=truth,
        findings=ordered(findings, select, ignore),
        systems=systems,
        system_findings=of_systems,
    )


def _which_is_true(facts: WheelFacts, truth: Verdict, *, is_untrue: bool) -> str:
    """Return which of WHEEL and the file name to believe where they differ."""
    if not is_untrue:
        return "the file name is true"
    return "WHEEL is true" if set(facts.wheel_tags) == set(truth.expanded) else "neither is true"


def _description_findings(facts: WheelFacts) -> tuple[Finding, ...]:
    """Return what is wrong with how a variant describes itself."""
    if facts.contents.variant is None and VARIANT not in facts.texts:
        return ()
    from ..checks import variants

    return variants.described(facts)


def _not_a_name(filename: str) -> Finding:
    return Finding(
        code="TW502",
        severity=Severity.ERROR,
        where=filename,
        message="is not the file name of a wheel",
        hint="NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl, and of a variant …-PLATFORM-LABEL.whl",
    )
