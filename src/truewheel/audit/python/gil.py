"""Whether a module makes free-threaded Pythons switch the GIL on when it is imported. Pure.

Decides TW414. Such a Python takes each module to need the GIL, unless it says that it does not: with the slot ``Py_mod_gil``
in its definition, or by calling ``PyUnstable_Module_SetGIL`` where it creates itself. What the data of a file does not show,
as when C++ fills the slots while the program runs, is in doubt.

Sources: https://docs.python.org/3/howto/free-threading-extensions.html, CPython's ``Python/import.c``
(``_PyImport_CheckGILEnabled``) and ``Objects/moduleobject.c``.
"""

from __future__ import annotations

from ...model.finding import Finding, Severity
from ...model.module_facts import NO_ANSWERS, GilUse
from ...model.record import Enum, NamedTuple
from .definitions import own_definitions
from .interpreters import FIRST_WITH_EXPORT
from .modules import modules as find_modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from ...model.binary import Slice
    from ...model.contents import Contents
    from ...model.module_facts import (
        ImportAnswers,
        ModuleDefinition,
        ModuleFacts,
        NanobindBackend,
    )
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


class _State(Enum):
    """Whether the GIL comes back."""

    STAYS_OFF = "the module says that it does not need the GIL"
    COMES_BACK = "the module does not say that it does without the GIL"
    UNKNOWN = "the file does not show it"


_FINEST_FIRST = (_State.STAYS_OFF, _State.UNKNOWN, _State.COMES_BACK)


_BY_SLOTS = (
    (GilUse.USED, _State.COMES_BACK, "has slots that say Py_MOD_GIL_USED"),
    (None, _State.UNKNOWN, "fills its slots while it runs"),
    (GilUse.NOT_SAID, _State.COMES_BACK, "has slots without Py_mod_gil"),
)
"""What definitions may say besides that they do without the GIL; the first one decides."""


class _Answer(NamedTuple):
    """What is known of one module, and what shows it."""

    path: str
    state: _State
    why: str = ""


def check_gil(modules: Iterable[Module], claim: Claim) -> Iterator[Finding]:
    """Report the modules that switch the GIL on, and those that may (TW414)."""
    oldest = _oldest_free_threaded(claim)
    if oldest is None:
        return
    answers = []
    for answer in _find_answers(modules, oldest):
        answers.append(_corrected(answer, claim.answers or NO_ANSWERS))
    yield from _findings(answers)


def _oldest_free_threaded(claim: Claim) -> Version | None:
    """Return the oldest free-threaded Python that accepts a wheel; ``None`` when none is meant.

    cp313-none is for both kinds of builds, and promises nothing of threads.
    """
    versions = []
    for pythons in claim.pythons:
        if pythons.free_threaded:
            # A tag without a version is taken for a new one.
            versions.append(pythons.version or FIRST_WITH_EXPORT)
    return min(versions, default=None)


def _findings(answers: Sequence[_Answer]) -> Iterator[Finding]:
    """Yield one finding about all modules that switch the GIL on for sure, and one about all that may."""
    comes_back = _in_state(_State.COMES_BACK, answers)
    unknown = _in_state(_State.UNKNOWN, answers)
    if comes_back:
        yield _comes_back(comes_back)
    if unknown:
        yield _may_come_back(unknown)


def modules_in_doubt(contents: Contents, target: Target) -> list[str]:
    """Return the paths of modules that may switch the GIL on in the Python that built them."""
    answers = _find_answers(find_modules(contents), target.version)
    doubtful = _in_state(_State.COMES_BACK, answers)
    doubtful += _in_state(_State.UNKNOWN, answers)
    return [answer.path for answer in doubtful]


def _in_state(state: _State, answers: Iterable[_Answer]) -> list[_Answer]:
    """Return the answers that say the same."""
    return [answer for answer in answers if answer.state is state]


def _find_answers(modules: Iterable[Module], oldest: Version) -> list[_Answer]:
    """Return what is known of each module that a free-threaded Python looks for."""
    found = []
    for module in modules:
        if _is_for_free_threading(module):
            found.append(_find_answer(module, oldest))
    return found


def _is_for_free_threading(module: Module) -> bool:
    """Return whether a free-threaded Python looks for a file of that name."""
    if not module.is_module:
        return False
    return module.is_threaded or (module.names_no_python and module.abi_tag != "abi3")


def _corrected(answer: _Answer, answers: ImportAnswers) -> _Answer:
    """Return an answer as the interpreter gave it that imported the module, if one did."""
    if answer.path in answers.stays_off:
        return answer._replace(state=_State.STAYS_OFF)
    if answer.path in answers.comes_back:
        why = "was imported here, and the GIL was on"
        return answer._replace(state=_State.COMES_BACK, why=why)
    return answer


def _find_answer(module: Module, oldest: Version) -> _Answer:
    """Return what is known of a module, by the worst of its slices."""
    answers = [_Answer(module.path, _State.STAYS_OFF)]
    for piece in module.slices:
        # Nobody has looked into files of other formats.
        if piece.module is not None:
            definitions = own_definitions(module, piece, oldest)
            state, why = _state_of(piece, piece.module, definitions)
            answers.append(_Answer(module.path, state, why))
    return max(answers, key=_gravity)


def _gravity(answer: _Answer) -> int:
    """Return how bad an answer is, in numbers."""
    return _FINEST_FIRST.index(answer.state)


def _state_of(
    piece: Slice, facts: ModuleFacts, definitions: Iterable[ModuleDefinition]
) -> tuple[_State, str]:
    """Return what is known of one slice, and what shows it.

    :param definitions: those that Python would look at.
    """
    names = {symbol.name for symbol in piece.imports}
    if _RETURNS_DEFINITION in names or piece.exports_slots:
        return _by_slots(definitions)
    return _by_functions(names, facts.nanobind)


def _by_slots(definitions: Iterable[ModuleDefinition]) -> tuple[_State, str]:
    """Return what the slots of a module say."""
    uses = {definition.gil for definition in definitions} or {None}
    for use, state, why in _BY_SLOTS:
        if use in uses:
            return state, why
    return _State.STAYS_OFF, ""


def _by_functions(
    names: Collection[str], backend: NanobindBackend | None
) -> tuple[_State, str]:
    """Return what the functions tell that a module calls to be created.

    :param backend: what nanobind's split mode asks for, if it is that.
    """
    if _SETS_GIL in names:
        return _State.STAYS_OFF, ""
    if _CREATES_AT_ONCE in names:
        return _State.COMES_BACK, f"calls {_CREATES_AT_ONCE}, and never {_SETS_GIL}"
    # nanobind's backend makes the definition, with Py_MOD_GIL_NOT_USED in a free-threaded Python.
    if backend is not None and backend.is_free_threaded:
        return _State.STAYS_OFF, ""
    return _State.UNKNOWN, "has its module made by other code"


# --- findings ---------------------------------------------------------------------------------------------------


def _comes_back(answers: Sequence[_Answer]) -> Finding:
    """Return TW414 for modules that certainly switch the GIL on."""
    return Finding(
        code="TW414",
        severity=Severity.WARNING,
        where=answers[0].path,
        message="importing it makes a free-threaded Python switch the GIL on, for the whole process",
        evidence=_as_evidence(answers),
        hint="if the code is safe without the GIL, say so: the slot {Py_mod_gil, Py_MOD_GIL_NOT_USED}, in Cython "
        "freethreading_compatible=True, in pybind11 py::mod_gil_not_used()",
    )


def _may_come_back(answers: Sequence[_Answer]) -> Finding:
    """Return TW414 for modules of which the file does not show it."""
    return Finding(
        code="TW414",
        severity=Severity.NOTE,
        where=answers[0].path,
        message="whether importing it makes a free-threaded Python switch the GIL on cannot be read from the file",
        evidence=_as_evidence(answers),
        hint="import it in a free-threaded Python, and ask sys._is_gil_enabled()",
    )


def _as_evidence(answers: Sequence[_Answer]) -> tuple[str, ...]:
    """Return the files, each with what shows it."""
    lines = [f"{answer.path} {answer.why}" for answer in answers[:_MOST_FILES]]
    if len(answers) > _MOST_FILES:
        lines.append(f"and {len(answers) - _MOST_FILES} more")
    return tuple(lines)
