"""The verdict: what a wheel may say of itself, and whether what one says is true. The strictest requirement is the tag.

Both ways begin alike, with what the binaries need:

1. :func:`~.linkage.audit_of`: every file is assigned to its platform, every library resolved, every requirement listed.
   Of a wheel on disk, missing libraries may be expected from distributions that it requires
   (:mod:`.expected_libraries`).
2. :func:`~.platform_tags.best_tags`: of each platform the tags that are true, the strictest requirement deciding.
3. :func:`~.python.tags.true_python_tags`: the same of Python and ABI tags.

Then :func:`judge`, of a tree that was just built, chooses tags:

4. ``wheel.tags`` word for word (:func:`~.claimed_tags.claim_findings` checks them), or :func:`~.build_tags.choose_tags`: the
   promise, the plain platform, or the best.
5. :func:`~truewheel.checks.check_tree`: is it well formed?

And :func:`check`, of a wheel on disk, compares:

4. :func:`~.claimed_tags.claim_findings`: what is untrue of its name?
5. :func:`~.truth.find_truth`: what should it be called?
6. :func:`~truewheel.checks.check_wheel`: is it well formed?

Pure.
"""

from __future__ import annotations

from itertools import chain

from .. import checks
from ..model.codes import makes_untrue
from ..model.finding import Finding, Severity
from ..model.record import replace
from ..model.verdict import Verdict
from ..model.wheel_name import WheelName, parse_wheel_name
from .claimed_tags import claim_findings
from .filtering import select_and_sort
from .linkage import audit_of, names_outside
from .other_distributions import (
    asks_backend,
    findings_on_others,
    uses_others,
    with_expected_libraries,
)
from .platform_tags import (
    best_tags,
    cpu_floors,
    reason_without_binaries,
    system_findings,
    variant_findings,
)
from .python.tags import true_python_tags
from .truth import Checked, find_truth, meant_tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..model.audit import Audit
    from ..model.contents import Contents, WheelFacts
    from ..model.floor import Floor
    from ..model.neighbours import Neighbour
    from ..model.verdict import PlatformTags, PythonTags
    from .questions import Question


# --- a tree that was just built ---------------------------------------------------------------------------------


def judge(contents: Contents, question: Question) -> Verdict:
    """Return the verdict on a tree that was just built."""
    from .build_tags import choose_tags  # a wheel on disk has its tags

    audit = audit_of(contents, question.exclude, neighbours=question.neighbours)
    best = tuple(map(best_tags, audit.platforms))
    python = true_python_tags(
        contents,
        target=question.target,
        py_api=question.py_api,
        imports=question.imports,
        answers=question.answers,
    )
    # scikit-build-core takes wheel.tags word for word, and so does a build that insists on them.
    if question.forced_tags:
        return _judge_forced_tags(contents, question, audit, best, python)
    chosen = choose_tags(contents, audit, question, best)
    reasons = chosen.reasons if best else (reason_without_binaries(contents),)
    of_others: Iterable[Finding] = ()
    if uses_others(contents, audit):
        from .compiled_against import findings_on_build

        of_others = findings_on_build(
            contents, audit, python, question.requires, question.requires_python
        )
    # Each part has made its findings; nothing here looks into one.
    findings = (
        *chosen.findings,
        *system_findings(audit),
        *python.findings,
        *of_others,
        *_common_findings(contents, question, audit, best, chosen.tags),
    )
    return Verdict(
        interpreters=python.interpreters,
        abis=python.abis,
        platforms=chosen.tags,
        purelib=chosen.tags == ("any",),
        floors=_all_floors(contents, best, python),
        findings=select_and_sort(findings, question.select, question.ignore),
        reasons=(*reasons, python.reason),
        variant=contents.variant,
    )


def with_findings(
    verdict: Verdict, findings: Iterable[Finding], question: Question
) -> Verdict:
    """Return a verdict with what else was found, of which the project may choose."""
    together = (*verdict.findings, *findings)
    chosen = select_and_sort(together, question.select, question.ignore)
    return replace(verdict, findings=chosen)


def _judge_forced_tags(
    contents: Contents,
    question: Question,
    audit: Audit,
    best: Sequence[PlatformTags],
    python: PythonTags,
) -> Verdict:
    """Return ``wheel.tags``, taken word for word and checked like anybody's claim."""
    # PEP 425: expanded tags are put together again as sets of each part, in the order of their first use.
    parts = zip(*(tag.split("-") for tag in question.forced_tags), strict=True)
    interpreters, abis, platforms = (tuple(dict.fromkeys(part)) for part in parts)
    name = WheelName(
        name="-", version="-", interpreters=interpreters, abis=abis, platforms=platforms
    )
    instead = (
        "put that into tool.scikit-build.wheel.tags, or leave the tag to truewheel"
    )
    findings = (
        *claim_findings(contents, audit, name, best, instead=instead),
        *_common_findings(contents, question, audit, best, platforms),
    )
    return Verdict(
        interpreters=interpreters,
        abis=abis,
        platforms=platforms,
        purelib=platforms == ("any",),
        floors=_all_floors(contents, best, python),
        findings=select_and_sort(findings, question.select, question.ignore),
        reasons=("tool.scikit-build.wheel.tags says so",),
        variant=contents.variant,
    )


def _common_findings(
    contents: Contents,
    question: Question,
    audit: Audit,
    best: Sequence[PlatformTags],
    platforms: tuple[str, ...],
) -> list[Finding]:
    """Return what is to be said of a built tree, whoever chose its tags."""
    found = list(chain.from_iterable(own.findings for own in best))
    found += checks.check_tree(
        contents,
        compiled=question.compiled,
        is_editable=question.is_editable,
        lost=question.not_installed,
        outside=question.outside,
        imports=question.imports,
        named=question.top_level_imports,
        platforms=platforms,
    )
    found += variant_findings(contents, built=True)
    if asks_backend(contents):
        from .nanobind_backends import backend_findings

        found += backend_findings(
            contents, question.requires, platforms, neighbours=question.neighbours
        )
    if question.neighbours:
        from .required_distributions import unrequired_distributions

        found += unrequired_distributions(
            audit,
            question.requires,
            question.neighbours,
            where=f"{contents.dist_info}/METADATA",
        )
    return found


def _all_floors(
    contents: Contents,
    best: Sequence[PlatformTags],
    python: PythonTags,
) -> tuple[Floor, ...]:
    of_platforms = chain.from_iterable(own.floors for own in best)
    return (*of_platforms, *cpu_floors(contents), *python.floors)


# --- a wheel on disk --------------------------------------------------------------------------------------------


def check(
    facts: WheelFacts,
    *,
    exclude: tuple[str, ...] = (),
    neighbours: Sequence[Neighbour] = (),
    select: tuple[str, ...] = ("TW",),
    ignore: tuple[str, ...] = (),
    upload: bool = False,
) -> Checked:
    """Return whether a wheel's name is true, and what it should be.

    :param neighbours: distributions that are installed beside it.
    :param upload: whether to look also for what package indexes and installers refuse.
    """
    contents = facts.contents
    audit = audit_of(contents, exclude, neighbours=neighbours)
    expected: Iterable[Finding] = ()
    if names_outside(audit):
        audit, expected = with_expected_libraries(facts, audit, neighbours)
    best = tuple(map(best_tags, audit.platforms))
    claimed = parse_wheel_name(facts.filename)
    claims = [_not_a_name(facts.filename)]
    if claimed is not None:
        claims = claim_findings(contents, audit, claimed, best)
    meant = meant_tags(claimed, best)
    python = true_python_tags(contents, target=None)
    truth = find_truth(contents, audit, claimed, best, meant, python)
    truth = replace(truth, floors=_all_floors(contents, best, python))
    # WHEEL repeats the tags of the name; where they differ, one of the two is wrong.
    is_untrue = any(map(makes_untrue, claims))
    of_systems = tuple(system_findings(audit))
    findings = [*claims, *of_systems, *expected]
    findings += chain.from_iterable(own.findings for own in best)
    findings += checks.check_wheel(
        facts, opinion=_which_is_true(facts, truth, is_untrue=is_untrue)
    )
    findings += variant_findings(contents, built=False)
    findings += findings_on_others(facts, audit, truth, claimed, neighbours)
    # Most wheels bring no library that was renamed.
    if facts.opens:
        from .old_names import opened_by_old_name

        findings += opened_by_old_name(contents, facts.opens)
    if upload:
        findings += checks.check_upload(facts)
    # With binaries for several systems, none of which the name means, nothing tells its true name.
    systems = () if meant else tuple(own.family for own in best)
    return Checked(
        claimed=claimed,
        truth=truth,
        findings=select_and_sort(findings, select, ignore),
        systems=systems,
        system_findings=of_systems,
    )


def _which_is_true(
    facts: WheelFacts,
    truth: Verdict,
    *,
    is_untrue: bool,
) -> str:
    """Return which of WHEEL and the file name to believe where they differ."""
    if not is_untrue:
        return "the file name is true"
    is_wheel_true = set(facts.wheel_tags) == set(truth.expanded)
    return "WHEEL is true" if is_wheel_true else "neither is true"


def _not_a_name(filename: str) -> Finding:
    return Finding(
        code="TW502",
        severity=Severity.ERROR,
        where=filename,
        message="is not the file name of a wheel",
        hint="NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl, and of a variant …-PLATFORM-LABEL.whl",
    )
