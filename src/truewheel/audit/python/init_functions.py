"""Init functions: which of them a module exports, and whether ``import`` finds the one that it looks for. Pure.

Decides TW404 (there is none) and TW405 (there is one of another name, or no ``import`` statement can name the file).

Sources:

* PEP 489, https://peps.python.org/pep-0489/#export-hook-name (``PyInit_``, ``PyInitU_``);
* PEP 793, https://peps.python.org/pep-0793/ (``PyModExport_``);
* cffi's ``recompiler.py`` (``_cffi_pypyinit_``).
"""

from __future__ import annotations

from ...model.contents import is_module
from ...model.finding import Finding, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ...model.binary import Slice
    from ...model.contents import Contents
    from .claimed_pythons import Claim
    from .modules import Module

_CFFI_PYPY = "_cffi_pypyinit_"
"""What cffi's API mode writes for PyPy instead of ``PyInit_``."""
_PREFIXES = ("PyInit_", "PyInitU_", "PyModExport_", "PyModExportU_", _CFFI_PYPY)
_OF_LINKERS = frozenset(("_init", "_fini", "_edata", "_end", "__bss_start"))
"""Names that older linkers export from every library."""
_BARE_PREFIXES = frozenset(_PREFIXES)
"""A prefix without a module's name is not an init function."""


# --- names ------------------------------------------------------------------------------------------------------


def init_functions(exports: frozenset[str]) -> frozenset[str]:
    """Return the init functions among exported names."""
    names = [name for name in exports if name.startswith(_PREFIXES)]
    return frozenset(names) - _BARE_PREFIXES


def expected_init_functions(name: str) -> tuple[str, str, str]:
    """Return the functions of which ``import NAME`` needs one, the usual one first.

    >>> expected_init_functions("caf\\u00e9")[:2]
    ('PyInitU_caf_dma', 'PyModExportU_caf_dma')
    """
    if name.isascii():
        return f"PyInit_{name}", f"PyModExport_{name}", _CFFI_PYPY + name
    import unicodedata  # rarely needed

    # PEP 489: names beyond ASCII are spelt in Punycode, with _ for -, and the prefix has a U.
    normal = unicodedata.normalize("NFKC", name)
    spelt = normal.encode("punycode").decode("ascii").replace("-", "_")
    return f"PyInitU_{spelt}", f"PyModExportU_{spelt}", _CFFI_PYPY + name


def module_of(function: str) -> str:
    """Return the module that an init function is for, as spelt in the function's name."""
    for prefix in _PREFIXES:
        if function.startswith(prefix):
            return function.removeprefix(prefix)
    return function


# --- checks -----------------------------------------------------------------------------------------------------


def check_init_functions(
    module: Module, claim: Claim, contents: Contents
) -> Iterator[Finding]:
    """Report a module whose init function is missing (TW404) or of another name (TW405)."""
    if not module.is_importable:
        if not _has_old_suffix(module):
            yield _unimportable(module, claim)
        return
    if _is_for_python_2(module):
        return
    for piece in module.slices:
        exported = _functions_for(module, piece)
        if exported and _are_misnamed(exported, module):
            yield _misnamed(module, exported, claim)
        elif not exported and piece.exports_complete:
            wanted, *_ = expected_init_functions(module.name)
            evidence = f"no {wanted} among {len(piece.exports)} exports"
            severity = _severity_if_missing(module, claim, contents)
            if _is_for_ctypes(module, piece, claim):
                evidence += ", and nothing of Python's is imported"
                severity = Severity.NOTE
            yield _missing(module, evidence, severity)


def _is_for_python_2(module: Module) -> bool:
    """Return whether a file has the init function of Python 2, which looked for ``initNAME``."""
    return f"init{module.name}" in module.exports


def _is_for_ctypes(module: Module, piece: Slice, claim: Claim) -> bool:
    """Return whether a file of somebody else's wheel is a library with a module's suffix, as those of pycryptodome are.

    An init function calls Python's to make the module, even when it is hidden. What exports functions and imports none
    of Python's is there for ctypes or cffi.
    """
    if claim.built_for is not None:
        return False
    if module.imports():
        return False
    return bool(piece.exports - _OF_LINKERS)


def _has_old_suffix(module: Module) -> bool:
    """Return whether a module has the suffix of an early PyPy or GraalPy, which is not known here."""
    return ".pypy" in module.name or ".graalpy" in module.name


def _functions_for(module: Module, piece: Slice) -> frozenset[str]:
    """Return the exported init functions that the module's Python looks for."""
    exported = init_functions(piece.exports)
    # CPython does not look for what cffi writes for PyPy.
    if module.is_cpython:
        return frozenset([name for name in exported if not name.startswith(_CFFI_PYPY)])
    return exported


def _are_misnamed(exported: frozenset[str], module: Module) -> bool:
    """Return whether none of the init functions is the module's."""
    # pkg/__init__.so is imported as pkg, whatever its folder is called in the end.
    return module.name != "__init__" and exported.isdisjoint(
        expected_init_functions(module.name)
    )


def check_hidden_init_functions(
    libraries: Iterable[Module], claim: Claim, contents: Contents
) -> Iterator[Finding]:
    """Report what imports Python's symbols and is named as a module might be: its init function is probably hidden."""
    data_dir = f"{contents.data_dir}/"
    for library in libraries:
        is_importable_place = not library.path.startswith(data_dir)
        if (
            is_importable_place
            and _is_named_like_module(library)
            and not _is_for_python_2(library)
            and _are_exports_known(library)
        ):
            wanted, *_ = expected_init_functions(library.name)
            severity = _severity_if_missing(library, claim, contents)
            yield _missing(
                library, f"imports Python's symbols, but exports no {wanted}", severity
            )


def _is_named_like_module(library: Module) -> bool:
    """Return whether a library might be a module by its name, as libx.so and x.so.1 might not."""
    return library.path.endswith((".so", ".dylib")) and not library.name.startswith(
        "lib"
    )


def _are_exports_known(library: Module) -> bool:
    """Return whether a name that is not found among the exports is not there."""
    return all(piece.exports_complete for piece in library.slices)


# --- severities -------------------------------------------------------------------------------------------------
# What is merely odd in a wheel of somebody else's is hardly meant in a build of one's own, and fails it.


def _severity_if_missing(module: Module, claim: Claim, contents: Contents) -> Severity:
    """Return how grave it is that a file has no init function: of a bare .so that nothing imports, ctypes may make use."""
    if claim.built_for is None:
        return Severity.WARNING
    from ...model.imports import imports_file  # `show` and `check` do without it

    if is_module(module.path) or imports_file(module.path, contents, claim.imports):
        return Severity.ERROR
    return Severity.WARNING


def _severity_of_other_names(exported: Collection[str], claim: Claim) -> Severity:
    """Return how grave other names are: several modules in one file may be meant, and loaded each by its name."""
    is_certain = claim.built_for is not None and len(exported) == 1
    return Severity.ERROR if is_certain else Severity.WARNING


# --- findings ---------------------------------------------------------------------------------------------------


def _missing(module: Module, evidence: str, severity: Severity) -> Finding:
    """Return TW404 for a module without an init function."""
    wanted, *_ = expected_init_functions(module.name)
    return Finding(
        code="TW404",
        severity=severity,
        where=module.path,
        message="named like an extension module, but exports no init function",
        evidence=(evidence,),
        hint=f"add PyMODINIT_FUNC {wanted}(void), or do not hide it",
    )


def _misnamed(module: Module, exported: frozenset[str], claim: Claim) -> Finding:
    """Return TW405 for a module that has init functions of other modules only."""
    wanted, *_ = expected_init_functions(module.name)
    names = {module_of(function) for function in exported}
    if len(names) == 1:
        hint = f"name the CMake target {min(names)}, or the module {module.name}"
    else:
        hint = "a module that holds several others needs a loader of its own"
    return Finding(
        code="TW405",
        severity=_severity_of_other_names(exported, claim),
        where=module.path,
        message=f"import {module.name} looks for {wanted}, which is not there",
        subject=wanted,
        alike="init functions: import looks for each, and it is not there",
        evidence=_as_evidence(exported),
        hint=hint,
    )


def _unimportable(module: Module, claim: Claim) -> Finding:
    """Return TW405 for a module with a dot in its name."""
    exported = module.init_functions()
    if module.named_for is not None:
        hint = "name it without the dot, unless a loader of your own knows it"
    else:
        hint = "give the file a suffix that Python looks for: sysconfig.get_config_var('EXT_SUFFIX')"
    exported = module.init_functions()
    return Finding(
        code="TW405",
        severity=_severity_of_other_names(exported, claim),
        where=module.path,
        message=f"no import statement finds it: {module.name} has a dot, so it is not the name of a module",
        evidence=_as_evidence(exported),
        hint=hint,
    )


def _as_evidence(functions: Iterable[str]) -> tuple[str, ...]:
    """Return exported functions as evidence, the first four."""
    return tuple([f"exports {name}" for name in sorted(functions)[:4]])
