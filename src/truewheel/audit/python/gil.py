"""Whether a module makes free-threaded Pythons switch the GIL on when it is imported. Pure.

Decides TW414. Such a Python takes each module to need the GIL, unless it says that it does not: with the slot ``Py_mod_gil``
in its definition, or by calling ``PyUnstable_Module_SetGIL`` where it creates itself. What the data of a file does not show,
as when C++ fills the slots while the program runs, is in doubt.

Sources: https://docs.python.org/3/howto/free-threading-extensions.html, CPython's ``Python/import.c``
(``_PyImport_CheckGILEnabled``) and ``Objects/moduleobject.c``.
"""

from __future__ import annotations

from ...model.finding import Finding, Severity
from ...model.module_facts import GilUse, defines_slots_only
from ...model.record import Enum
from .definitions import own_definitions
from .modules import modules as find_modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...model.binary import Slice
    from ...model.contents import Contents
    from ...model.target import Target
    from .claimed_pythons import Claim
    from .interpreters import Version
    from .modules import Module

CODE = "TW414"
"""The code of all that is decided here."""
_MOST_FILES = 5
"""Files that are listed."""
_CREATES_AT_ONCE = "PyModule_Create2"
"""What a module calls that creates itself in its init function (single-phase initialisation)."""
_RETURNS_DEFINITION = "PyModuleDef_Init"
"""What it calls that hands its definition to Python (multi-phase initialisation, PEP 489)."""
_SETS_GIL = "PyUnstable_Module_SetGIL"


class _Answer(Enum):
    """Whether the GIL comes back."""

    STAYS_OFF = "the module says that it does not need the GIL"
    COMES_BACK = "the module does not say that it does without the GIL"
    UNKNOWN = "the file does not show it"


def check_gil(modules: Iterable[Module], claim: Claim) -> Iterator[Finding]:
    """Report the modules that switch the GIL on, and those that may (TW414)."""
    versions = [pythons.version for pythons in claim.pythons if pythons.free_threaded]
    # cp313-none is for both kinds of builds, and promises nothing of threads.
    if not versions:
        return
    known = [version for version in versions if version is not None]
    oldest = min(known, default=None)
    certain: list[tuple[Module, str]] = []
    doubtful: list[tuple[Module, str]] = []
    for module in modules:
        if not _is_for_free_threading(module):
            continue
        answer, why = _find_answer(module, oldest)
        if module.path in claim.answers.stays_off:
            continue
        if module.path in claim.answers.comes_back:
            answer, why = _Answer.COMES_BACK, "was imported here, and the GIL was on"
        if answer is _Answer.COMES_BACK:
            certain.append((module, why))
        elif answer is _Answer.UNKNOWN:
            doubtful.append((module, why))
    if certain:
        yield _comes_back(certain)
    if doubtful:
        yield _may_come_back(doubtful)


def modules_in_doubt(contents: Contents, target: Target) -> list[str]:
    """Return the paths of modules that may switch the GIL on in the Python that built them."""
    return [
        module.path
        for module in find_modules(contents)
        if _is_for_free_threading(module)
        and _find_answer(module, target.version)[0] is not _Answer.STAYS_OFF
    ]


def _is_for_free_threading(module: Module) -> bool:
    """Return whether a free-threaded Python looks for a file of that name."""
    if not module.is_module:
        return False
    return module.is_threaded or (module.names_no_python and module.abi_tag != "abi3")


def _find_answer(module: Module, oldest: Version | None) -> tuple[_Answer, str]:
    """Return what is known of a module, and what shows it; of several slices, the worst."""
    answers = [_answer_of(module, piece, oldest) for piece in module.slices]
    for wanted in (_Answer.COMES_BACK, _Answer.UNKNOWN):
        for answer, why in answers:
            if answer is wanted:
                return answer, why
    return _Answer.STAYS_OFF, ""


def _answer_of(
    module: Module, piece: Slice, oldest: Version | None
) -> tuple[_Answer, str]:
    """Return what is known of one slice, and what shows it."""
    # Nobody has looked into files of this format.
    if piece.module is None:
        return _Answer.STAYS_OFF, ""
    names = {symbol.name for symbol in piece.imports}
    hands_over = _RETURNS_DEFINITION in names or defines_slots_only(piece)
    if hands_over:
        return _by_slots(module, piece, oldest)
    if _SETS_GIL in names:
        return _Answer.STAYS_OFF, ""
    # In nanobind's split mode the backend makes the definition, with Py_MOD_GIL_NOT_USED in a free-threaded Python.
    if piece.module.nanobind is not None and piece.module.nanobind.is_free_threaded:
        return _Answer.STAYS_OFF, ""
    if _CREATES_AT_ONCE in names:
        return (
            _Answer.COMES_BACK,
            f"calls {_CREATES_AT_ONCE}, and never {_SETS_GIL}",
        )
    return _Answer.UNKNOWN, "has its module made by other code"


def _by_slots(
    module: Module, piece: Slice, oldest: Version | None
) -> tuple[_Answer, str]:
    """Return what the slots of a module say."""
    definitions = own_definitions(module, piece, oldest)
    uses = {definition.gil for definition in definitions}
    if not uses or None in uses:
        return _Answer.UNKNOWN, "fills its slots while it runs"
    if uses == {GilUse.NOT_USED}:
        return _Answer.STAYS_OFF, ""
    if GilUse.USED in uses:
        return _Answer.COMES_BACK, "has slots that say Py_MOD_GIL_USED"
    return _Answer.COMES_BACK, "has slots without Py_mod_gil"


# --- findings ---------------------------------------------------------------------------------------------------


def _comes_back(modules: Sequence[tuple[Module, str]]) -> Finding:
    """Return TW414 for modules that certainly switch the GIL on."""
    return Finding(
        code="TW414",
        severity=Severity.WARNING,
        where=modules[0][0].path,
        message="importing it makes a free-threaded Python switch the GIL on, for the whole process",
        evidence=_as_evidence(modules),
        hint="if the code is safe without the GIL, say so: the slot {Py_mod_gil, Py_MOD_GIL_NOT_USED}, in Cython "
        "freethreading_compatible=True, in pybind11 py::mod_gil_not_used()",
    )


def _may_come_back(modules: Sequence[tuple[Module, str]]) -> Finding:
    """Return TW414 for modules of which the file does not show it."""
    return Finding(
        code="TW414",
        severity=Severity.NOTE,
        where=modules[0][0].path,
        message="whether importing it makes a free-threaded Python switch the GIL on cannot be read from the file",
        evidence=_as_evidence(modules),
        hint="import it in a free-threaded Python, and ask sys._is_gil_enabled()",
    )


def _as_evidence(modules: Sequence[tuple[Module, str]]) -> tuple[str, ...]:
    """Return the files, each with what shows it."""
    lines = [f"{module.path} {why}" for module, why in modules[:_MOST_FILES]]
    if len(modules) > _MOST_FILES:
        lines.append(f"and {len(modules) - _MOST_FILES} more")
    return tuple(lines)
