"""Whether a wheel is well formed (TW5xx): one module a topic, one function a question. Pure.

=================== ======================================================================= ======================
module              what it looks at                                                        findings
=================== ======================================================================= ======================
``names``           names that a file system cannot hold, or takes for one another          TW501, TW527, TW538
``placement``       where files lie: beside packages, in schemes, out of an import's reach  TW503, TW510, TW516
``shared_places``   files whose places other distributions take as well                     TW543
``contents``        files that are broken or of no use; a wheel without any                 TW513-TW515, TW517,
                                                                                            TW518, TW523
``members``         the archive's entries                                                   TW507-TW509, TW520,
                                                                                            TW521, TW525
``record``          RECORD against the files, and signatures of it                          TW504-TW506, TW524,
                                                                                            TW526, TW539
``record_hashes``   hashes that are right, in a form that RECORD may not have                TW505
``metadata``        METADATA against the file name                                          TW502, TW519, TW522
``wheel_file``      WHEEL against the file name and the files                               TW511, TW512, TW524
``variants``        ``variant.json`` against the label in the file name                     TW535-TW537
``build_results``   what CMake built and installed; only a build can be asked               TW503, TW541, TW542
``missing_modules`` what a package imports of its own; only a build is asked                TW540
``upload``          what indexes and installers refuse; only ``check`` asks                 TW528, TW531-TW534
``core_metadata``   METADATA that indexes refuse; only ``check`` asks                       TW529, TW530
=================== ======================================================================= ======================

Sources: the binary distribution format, PEP 376, PEP 427, PEP 778 (no symbolic links), PEP 815 (no signatures), PEP 825
(variants, a draft); the upload checks of the Python Package Index; check-wheel-contents for what projects get wrong most.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain

from ..model.finding import UNLISTED, Finding, Severity
from ..model.wheel_name import VARIANT, parse_wheel_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.contents import Contents, Import, WheelFacts

_MOST_OF_A_CODE = 50
"""Findings of one code that are listed of one wheel."""


def check_wheel(facts: WheelFacts, *, opinion: str = "") -> tuple[Finding, ...]:
    """Return everything that is wrong with the form of a wheel on disk.

    :param opinion: sentence added as evidence if WHEEL and file name differ.
    """
    # Here, and not on top: builds need other modules than wheels on disk do, and to import one takes time.
    from . import contents, members, metadata, names, placement, record, wheel_file

    name = parse_wheel_name(facts.filename)
    platforms = name.platforms if name is not None else ("any",)
    return limit_each_code(
        chain(
            contents.check_contents(
                facts.contents,
                severity_if_empty=Severity.WARNING,
                metadata=facts.metadata or "",
            ),
            placement.check_placement(
                facts.contents, severity_of_namespaces=Severity.NOTE
            ),
            _check_shared_places(facts.contents),
            names.check_names(facts.contents, platforms),
            members.check_members(facts),
            record.check_record(facts),
            metadata.check_metadata(facts, name),
            wheel_file.check_wheel_file(facts, name, opinion),
            _check_variant(facts),
        )
    )


def _check_variant(facts: WheelFacts) -> tuple[Finding, ...]:
    """Return what is wrong with the label of a variant and with its ``variant.json``."""
    if facts.contents.variant is None and VARIANT not in facts.texts:
        return ()
    from . import variants  # few wheels are variants

    return variants.check_variant(facts)


def _check_shared_places(contents: Contents) -> Iterable[Finding]:
    """Return what lies at the top level under names that others use."""
    from .top_level_names import may_be_shared

    if not may_be_shared(contents):
        return ()
    from . import shared_places  # for few wheels

    return shared_places.find_shared_places(contents)


def _check_draft(contents: Contents) -> tuple[Finding, ...]:
    """Return the warning that a variant that is being built follows a draft."""
    if contents.variant is None:
        return ()
    from . import variants

    return variants.find_draft_of_build(contents.variant)


def check_tree(
    contents: Contents,
    *,
    compiled: bool = True,
    is_editable: bool = False,
    lost: Iterable[str] = (),
    outside: tuple[str, ...] = (),
    imports: Iterable[Import] = (),
    named: frozenset[str] = frozenset(),
    platforms: tuple[str, ...] = ("any",),
) -> tuple[Finding, ...]:
    """Return everything that is wrong with the form of a tree that is about to become a wheel.

    What is merely odd in a wheel of somebody else's is hardly meant in a build of one's own, and told more gravely.

    :param compiled: whether CMake ran for it: then an empty wheel is a mistake, and not a package of dependencies only.
    :param is_editable: whether it is for an editable install, whose Python files stay in the source.
    :param lost: modules and libraries that CMake built, where it installed no file.
    :param outside: files that it installed outside of the wheel.
    :param imports: what its packages import of themselves; only needed when :func:`~truewheel.checks.missing_modules.is_doubtful`.
    :param named: modules at the top level that its Python files import.
    :param platforms: the platform tags that it will have.
    """
    from . import build_results, missing_modules, names, placement, record
    from . import contents as files

    found = chain(
        files.check_contents(
            contents, severity_if_empty=Severity.ERROR if compiled else Severity.NOTE
        ),
        placement.check_placement(
            contents, severity_of_namespaces=None if is_editable else Severity.WARNING
        ),
        _check_shared_places(contents),
        names.check_names(contents, platforms),
        record.find_built_signatures(contents),
        build_results.check_installation(contents, lost, outside),
        _check_draft(contents),
    )
    if not compiled:
        return tuple(found)
    return (
        *found,
        *build_results.find_modules_beside_packages(contents, named),
        *missing_modules.find_missing_modules(contents, imports, outside),
    )


def check_upload(facts: WheelFacts) -> tuple[Finding, ...]:
    """Return why an index or an installer would refuse the wheel although its name is true."""
    from . import upload  # packaging.metadata is slow to import

    return limit_each_code(upload.check_upload(facts))


def limit_each_code(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings, of each code no more than a person would read, and how many more there are.

    An archive may have 100,000 files that are all wrong in the same way.
    """
    kept: list[Finding] = []
    counts: Counter[str] = Counter()
    last: dict[str, Finding] = {}
    for finding in findings:
        counts[finding.code] += 1
        if counts[finding.code] <= _MOST_OF_A_CODE:
            kept.append(finding)
            last[finding.code] = finding
    for code, count in counts.items():
        if count > _MOST_OF_A_CODE:
            kept.append(_count_of_unlisted(last[code], count - _MOST_OF_A_CODE))
    return tuple(kept)


def _count_of_unlisted(last: Finding, count: int) -> Finding:
    """Return the finding that counts those which are not listed, with the code and the hint of the last that is."""
    return Finding(
        code=last.code,
        severity=last.severity,
        where=UNLISTED,
        message=f"and {count} more like these, which are not listed",
        hint=last.hint,
    )
