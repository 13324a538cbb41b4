"""Files of ``.data`` that find their libraries in the archive, or in some installations only (TW544). Pure.

Installers take what lies in ``.data/scripts`` and ``.data/platlib`` to other places. From ``bin``, the way to
``site-packages`` is another in each kind of installation. Sources: the binary distribution format, "The .data directory";
sysconfig's install schemes; pip's ``--target``, which keeps ``bin`` inside of the directory of the packages.
"""

from __future__ import annotations

import re

from ..model.binary import ElfSlice, Kind, PeSlice
from ..model.finding import Finding, Severity
from ..model.record import NamedTuple, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.audit import Linkage, LoadableSlice, PlatformAudit
    from ..platforms.base import Platform

_PYTHON = re.compile(r"/python(3\.\d{1,2}t?)/")
_PREFIX = "<prefix>/"
_SCRIPTS = "<prefix>/bin/"
_ANY_PYTHON = "3.X"


class _Layout(NamedTuple):
    """A kind of installation, in which programs lie in ``bin``.

    :param name: for people; ``{python}`` is the version that a path names.
    :param packages: where the packages lie beside ``bin``; empty when ``bin`` lies among them.
    """

    name: str
    packages: str


_LAYOUTS = (
    _Layout(
        "a virtual environment or pip install --user of Python {python}",
        "lib/python{python}/site-packages/",
    ),
    _Layout("Debian's Python {python}", "lib/python{python}/dist-packages/"),
    _Layout("pip install --target", ""),
)


def misplaced(platform: Platform, part: PlatformAudit, link: Linkage) -> Finding | None:
    """Return TW544 for a library of the wheel that a file of ``.data`` does not find; ``None`` when it is no such case.

    :param link: a library that the wheel has, where the loader does not look.
    """
    code = _find(part, link.file, link.cpu)
    inside = link.in_wheel
    library = _find(part, inside.path, link.cpu) if inside is not None else None
    if code is None or library is None or code.path == code.installed:
        return None
    is_counted_from_archive = platform.reaches(
        replace(code, installed=code.path),
        link.need,
        replace(library, installed=library.path),
    )
    if is_counted_from_archive:
        return _counted_from_archive(platform, code, link)
    is_script = code.installed.startswith(_SCRIPTS)
    if not is_script or not _is_program(code) or library.installed.startswith(_PREFIX):
        return None
    return _found_in_some(platform, code, link, library)


def _find(part: PlatformAudit, path: str, cpu: str) -> LoadableSlice | None:
    for code in part.files:
        if code.path == path and code.cpu == cpu:
            return code
    return None


def _is_program(code: LoadableSlice) -> bool:
    """Return whether a file is started by itself, so that nothing has loaded a library before."""
    piece = code.slice
    if piece.kind is Kind.EXECUTABLE or piece.interpreter is not None:
        return True
    return isinstance(piece, ElfSlice) and piece.program


def _counted_from_archive(
    platform: Platform, code: LoadableSlice, link: Linkage
) -> Finding:
    """Return the finding on a way that is right in the archive alone."""
    is_program = _is_program(code)
    return Finding(
        code="TW544",
        severity=Severity.ERROR if is_program else Severity.WARNING,
        where=code.path,
        message=f"looks for {link.need.library} by the way from its place in the archive, and is installed elsewhere",
        evidence=(*_ways(platform, code, link), f"installed as {code.installed}"),
        hint=_cure(code, is_program=is_program),
    )


def _found_in_some(
    platform: Platform, code: LoadableSlice, link: Linkage, library: LoadableSlice
) -> Finding:
    """Return the finding on a program that starts in some installations only, or in none."""
    found: list[str] = []
    lost: list[str] = []
    for layout in _layouts(code):
        name = code.installed.removeprefix(_SCRIPTS)
        is_found = platform.reaches(
            replace(code, installed=f"bin/{name}"),
            link.need,
            replace(library, installed=layout.packages + library.installed),
        )
        (found if is_found else lost).append(layout.name)
    if found:
        message = f"finds {link.need.library} in some installations only"
        evidence = [f"found in {', '.join(found)}", f"not in {', '.join(lost)}"]
    else:
        message = (
            f"a program that finds {link.need.library} of its wheel in no installation"
        )
        evidence = [f"installed as {code.installed}"]
    return Finding(
        code="TW544",
        severity=Severity.WARNING,
        where=code.path,
        message=message,
        evidence=(*_ways(platform, code, link), *evidence),
        hint=_cure(code, is_program=True),
    )


def _layouts(code: LoadableSlice) -> Iterator[_Layout]:
    """Yield the kinds of installation, with the Python that the ways of a file name."""
    texts = [path.path for path in code.slice.search_paths]
    texts += [need.library for need in code.slice.needs]
    versions = dict.fromkeys(
        match[1] for text in texts for match in _PYTHON.finditer(text)
    )
    for layout in _LAYOUTS:
        if "{python}" not in layout.packages:
            yield layout
            continue
        for version in versions or (_ANY_PYTHON,):
            yield _Layout(
                layout.name.format(python=version),
                layout.packages.format(python=version),
            )


def _ways(platform: Platform, code: LoadableSlice, link: Linkage) -> list[str]:
    """Return the lines of evidence on what is needed, and where it is looked for."""
    paths = [f"{path.kind} {path.path}" for path in code.slice.search_paths]
    inside = link.in_wheel.path if link.in_wheel is not None else ""
    needed = (
        f"{code.path} {platform.words.needs} {link.need.library}, which is {inside}"
    )
    return [needed, *(paths or ["it has no search path"])]


def _cure(code: LoadableSlice, *, is_program: bool) -> str:
    """Return what to do about it. Where DLLs are looked for beside the program, a repair moves none of them."""
    by_repair = "" if isinstance(code.slice, PeSlice) else "; truewheel repair does so"
    if is_program:
        return f"put the program into the package, and start it from an entry point ([project.scripts]){by_repair}"
    return f"put the file into the root of the wheel, or count from where it is installed{by_repair}"
