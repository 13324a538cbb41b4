"""What lies where in a wheel: files that installers, indexes or people will stumble over. Pure.

Sources: the binary distribution format specification, PEP 376, PEP 427, PEP 778 (no symbolic links); the upload checks
of the Python Package Index; check-wheel-contents for what projects get wrong most.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict

from ..model.binary import ElfSlice, Format, Kind
from ..model.finding import UNLISTED, Finding, Severity
from ..model.header_files import each_header
from ..model.wheel_name import escape, parse_wheel_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..model.binary import Slice
    from ..model.contents import Contents, File, Import, Member, WheelFacts
    from ..model.record_file import RecordRow
    from ..model.wheel_name import WheelName

SCHEMES = frozenset({"purelib", "platlib", "headers", "scripts", "data"})
_STRAY = frozenset({"bin", "lib", "lib64", "include", "share", "etc"})
_MOST = 50
"""Findings of one code that are told of one wheel."""
_IMPORTABLE = (".py", ".pyc", ".pyi", ".pyd", ".so", ".pth", ".start", ".dylib", ".dll")
_LOADED = (".py", ".pyc", ".so", ".pyd", ".dylib")
"""What a module can be."""
_VERSIONED = (".cpython-", ".abi3", ".pypy", ".cp3")
DATA = frozenset({"test", "tests", "testing", "testdata", "test_data", "fixtures", "data", "examples", "samples"})
"""Directories whose files are somebody's data."""
_HASHES = frozenset({"sha256", "sha384", "sha512"})
"""Hashes that RECORD may have: sha256 or better (binary distribution format)."""
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$", *(d + n for d in ("com", "lpt") for n in "123456789¹²³")}
)
"""Names that Windows keeps for devices, whatever suffix follows ("Naming Files, Paths, and Namespaces")."""
_FORBIDDEN = frozenset('<>:"|?*') | frozenset(map(chr, range(32)))
"""Characters that no name has there."""
_IDENTITY = {"metadata-version": "Metadata-Version", "name": "Name", "version": "Version"}
"""Headers that METADATA must have."""
_LARGE_DEBUG = 1 << 20
"""Bytes of debug sections that are worth a word."""


def tree_findings(
    contents: Contents,
    *,
    compiled: bool = True,
    lost: Iterable[str] = (),
    outside: tuple[str, ...] = (),
    imports: Iterable[Import] = (),
    named: frozenset[str] = frozenset(),
    platforms: tuple[str, ...] = ("any",),
) -> tuple[Finding, ...]:
    """Of a tree that is about to become a wheel.

    :param compiled: whether CMake ran for it: then an empty wheel is a mistake, and not a package of dependencies only.
    :param lost: modules and libraries that CMake built, where it installed no file.
    :param outside: files that it installed outside of the wheel.
    :param imports: what its packages ask of themselves.
    :param named: modules at the top level that its Python files import.
    :param platforms: the platform tags that it will have.
    """
    found = list(_of_contents(contents, empty=Severity.ERROR if compiled else Severity.NOTE))
    empty = any(f.code == "TW523" for f in found)
    if outside:
        found.append(_outside(outside))
    elif not empty:
        found += _uninstalled(contents, lost)
    if compiled:
        found += [*_beside_packages(contents, named), *_missing(contents, imports, outside)]
    return (*found, *_unfit_for_windows(contents, platforms))


def is_doubtful(contents: Contents) -> bool:
    """Whether modules may not lie where the packages look for them: none is there, or one lies among no Python files."""
    python = {_directory(f.path) for f in contents.files if f.path.endswith(".py")}
    places = [_directory(f.path) for f, b in contents.binaries() if b.is_loadable and is_module(f.path)]
    return bool(python) and (not places or any(place not in python for place in places))


def _directory(path: str) -> str:
    return path.rpartition("/")[0]


def _uninstalled(contents: Contents, lost: Iterable[str]) -> Iterator[Finding]:
    """What was built in vain. A package that builds its files into its own directory has them without an ``install()``."""
    there = {f.path.rpartition("/")[2] for f in contents.files}
    vain = [path for path in lost if path.rpartition("/")[2] not in there]
    if vain:
        name = _module(vain[0]).rpartition("/")[2].removeprefix("lib")
        yield _finding(
            "TW541", Severity.WARNING, "CMakeLists.txt", "CMake ran, and installed nothing: only Python's files are in the wheel",
            evidence=[f"{path} was built" for path in vain[:4]],
            hint=f"install(TARGETS {name} DESTINATION {_main_package(contents)}), {name} being the name of the target",
        )  # fmt: skip


def _packages(contents: Contents) -> list[str]:
    """The packages at the top level."""
    inits = (f.path for f in contents.files if f.path.count("/") == 1 and f.path.endswith("/__init__.py"))
    return sorted(_directory(path) for path in inits)


def _main_package(contents: Contents) -> str:
    """The package that bears the project's name; where none does, the first; without any, that name."""
    name, packages = contents.dist_info.partition("-")[0], _packages(contents)
    return next((p for p in packages if p.lower() == name.lower()), packages[0] if packages else name)


def _outside(paths: tuple[str, ...]) -> Finding:
    first, *others = sorted(paths, key=lambda path: not is_module(path))
    more = [f"and {len(others) - 4} more"] if len(others) > 4 else []
    return _finding(
        "TW542", Severity.WARNING, first, "was installed on this machine, outside of the wheel, which lacks it",
        evidence=[*(f"so was {path}" for path in others[:4]), *more],
        hint="give install() a DESTINATION that begins with no /: it is taken from the root of the wheel, "
        "DESTINATION PACKAGE for a module of that package",
    )  # fmt: skip


def on_top(contents: Contents) -> Iterator[str]:
    """Modules that lie beside packages, not in one."""
    if _packages(contents):
        yield from (f.path for f, b in contents.binaries() if "/" not in f.path and b.is_loadable and is_module(f.path))


def _beside_packages(contents: Contents, named: frozenset[str]) -> Iterator[Finding]:
    """A ``DESTINATION .`` where the package was meant: nothing in the wheel imports the module by its own name."""
    for path in on_top(contents):
        name, package = _module(path), _main_package(contents)
        if name not in named:
            yield _finding(
                "TW503", Severity.WARNING, path, f"lies beside {package}/: it is imported as {name}, not as {package}.{name}",
                hint=f"install(TARGETS {name} DESTINATION {package}), unless that is meant",
            )  # fmt: skip


def _missing(contents: Contents, imports: Iterable[Import], outside: tuple[str, ...]) -> Iterator[Finding]:
    """Modules that a package cannot be imported without, and that the wheel does not hold. What its ``__init__.py`` does
    not come to may be for another system: psutil's ``_pswindows.py`` is in every one of its wheels."""
    there = {d for f in contents.files for d in _directories(f.path)}
    there |= {_module(f.path) for f in contents.files if f.path.endswith(_LOADED)}
    wanted: dict[str, list[str]] = {}
    for asked, place in _reached(contents, imports):
        if place not in there:
            wanted.setdefault(place, []).append(asked.where)
    for place, wheres in sorted(wanted.items()):
        yield _absent(place, sorted(wheres), contents, outside)


def imports_file(path: str, contents: Contents, imports: Iterable[Import]) -> bool:
    """Whether importing a package of the wheel's imports the module that a file is by its name."""
    return any(place == _module(path) for _, place in _reached(contents, imports))


def _reached(contents: Contents, imports: Iterable[Import]) -> Iterator[tuple[Import, str]]:
    """The imports that importing a package leads to, each with the path of what it asks for."""
    paths = {f.path for f in contents.files}
    folders = {d for p in paths for d in _directories(p)}
    asked_by: defaultdict[str, list[Import]] = defaultdict(list)
    for asked in imports:
        asked_by[asked.where.rpartition(":")[0]].append(asked)
    waiting = [p for p in paths if p.endswith("/__init__.py") and f"{_above(p)}/__init__.py" not in paths]
    while waiting:
        for asked in asked_by.pop(waiting.pop(), ()):
            steps = _steps(asked, folders)
            waiting += [file for step in steps for file in (f"{step}/__init__.py", f"{step}.py")]
            yield asked, steps[-1]


def _steps(asked: Import, folders: set[str]) -> list[str]:
    """The packages on the way to a module and it, by their paths; what is below a module is that module's business."""
    steps = [asked.package]
    for name in asked.names:
        steps.append(f"{steps[-1]}/{name}")
        if steps[-1] not in folders:
            break
    return steps


def _above(init: str) -> str:
    """The directory around the package of an ``__init__.py``."""
    return _directory(_directory(init))


def _module(path: str) -> str:
    """A file's path without its suffixes: ``pkg/_m.cpython-313-x86_64-linux-gnu.so`` is ``pkg/_m``."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + name.partition(".")[0]


def _absent(place: str, wheres: list[str], contents: Contents, outside: tuple[str, ...]) -> Finding:
    name, package = place.rpartition("/")[2], _directory(place)
    elsewhere = [f.path for f, b in contents.binaries() if b.is_loadable and _module(f.path).rpartition("/")[2] == name]
    there = [f.path for f, b in contents.binaries() if b.is_loadable and is_module(f.path) and f.path not in elsewhere]
    gone = [f"outside of the wheel: {path}" for path in outside if _module(path).rpartition("/")[2] == name]
    lies = (
        [f"{path} lies elsewhere" for path in elsewhere[:2]]
        or gone[:1]
        or [f"what is there: {path}" for path in there[:3]]
    )
    return _finding(
        "TW540", Severity.ERROR, place, f"{place.replace('/', '.')} is imported, but is not in the wheel",
        evidence=[*(f"{where} imports it" for where in wheres[:3]), *(lies or ["no extension module is in the wheel"])],
        hint=f"in CMakeLists.txt: install(TARGETS {name} DESTINATION {package}), {name} being the name of the target",
    )  # fmt: skip


def findings(facts: WheelFacts, *, opinion: str = "") -> tuple[Finding, ...]:
    """Everything that is wrong with the layout of a wheel on disk.

    :param opinion: which of its file name and its WHEEL is true, for where they differ.
    """
    name = parse_wheel_name(facts.filename)
    return bounded(
        itertools.chain(
            _of_contents(facts.contents, empty=Severity.WARNING),
            _unfit_for_windows(facts.contents, name.platforms if name is not None else ("any",)),
            _of_members(facts),
            _overlaid(facts),
            _undecodable(facts),
            _of_record(facts),
            _of_metadata(facts, opinion),
        )
    )


def bounded(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, of each code no more than a person would read: an archive may have 100,000 files, all wrong alike."""
    kept: list[Finding] = []
    counts: Counter[str] = Counter()
    for finding in found:
        counts[finding.code] += 1
        if counts[finding.code] <= _MOST:
            kept.append(finding)
    more = {code: count - _MOST for code, count in counts.items() if count > _MOST}
    for code, count in more.items():
        last = next(f for f in reversed(kept) if f.code == code)
        kept.append(
            _finding(
                code, last.severity, UNLISTED, f"and {count} more like these, which are not listed", hint=last.hint
            )
        )
    return tuple(kept)


def _finding(
    code: str, severity: Severity, where: str, message: str, evidence: Iterable[str] = (), hint: str | None = None
) -> Finding:
    return Finding(code=code, severity=severity, where=where, message=message, evidence=tuple(evidence), hint=hint)


# --- files ------------------------------------------------------------------------------------------------------


def _of_contents(contents: Contents, *, empty: Severity) -> Iterator[Finding]:
    payload = [f for f in contents.files if not f.path.startswith(contents.dist_info + "/")]
    if not payload:
        yield _finding(
            "TW523", empty, contents.dist_info, "the wheel is empty",
            hint="in CMakeLists.txt: install(TARGETS NAME DESTINATION ${SKBUILD_PROJECT_NAME}); "
            "or put Python files where wheel.packages finds them",
        )  # fmt: skip
    yield from _collisions(contents)
    yield from _stray(payload, contents)
    yield from _importless(payload, contents)
    for file in payload:
        yield from _of_file(file)


def _collisions(contents: Contents) -> Iterator[Finding]:
    """Names that one file system takes for the same, or cannot hold beside each other."""
    files = {f.path for f in contents.files}
    directories = {d for f in files for d in _directories(f)}
    paths = files | directories
    if len(set(map(_folded, paths))) == len(paths) and files.isdisjoint(directories):
        return  # as nearly always
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        spellings[_folded(path)].append(path)
    for several in spellings.values():
        # Of a file below two directories that differ already, those are told.
        if len(several) > 1 and len({p.rpartition("/")[0] for p in several}) == 1:
            yield _finding(
                "TW501", Severity.WARNING, several[0],
                f"another name differs only in {_difference(several)} " + _fate(several, files),
                evidence=several[:5], hint="rename one of them",
            )  # fmt: skip
    for path in files:
        below = next((d for d in _directories(path) if d in files), None)
        if below is not None:
            yield _finding(
                "TW527", Severity.ERROR, path, "a file and a directory have the same name",
                evidence=[below], hint="rename one of them",
            )  # fmt: skip


def _folded(path: str) -> str:
    """What Windows and macOS take for the same name."""
    if path.isascii():
        return path.lower()
    import unicodedata  # few names have other letters

    return unicodedata.normalize("NFC", path).casefold()


def _difference(several: list[str]) -> str:
    if len({path.casefold() for path in several}) == 1:
        return "case: on Windows and macOS"
    return "how its letters are composed: on macOS"


def _fate(several: list[str], files: set[str]) -> str:
    return "one is lost" if files.intersection(several) else "these directories become one"


def _directories(path: str) -> Iterator[str]:
    """Those that a file lies in; not more than a path can sensibly have."""
    end = path.find("/", 1, 4096)
    while end > 0:
        yield path[:end]
        end = path.find("/", end + 1, 4096)


def _unfit_for_windows(contents: Contents, platforms: tuple[str, ...]) -> Iterator[Finding]:
    """Names that cannot be unpacked on Windows, in wheels that are for it; a directory's once."""
    if not any(tag == "any" or tag.startswith("win") for tag in platforms):
        return
    told: dict[str, str] = {}
    for file in contents.files:
        place = 0
        for part in file.path.split("/")[:2048]:
            place += len(part) + 1
            reason = _reserved(part)
            if reason:
                told.setdefault(file.path[: place - 1], reason)
                break
    for path, reason in told.items():
        yield _finding(
            "TW538", Severity.WARNING, path, "Windows cannot have this name", evidence=[reason], hint="rename it",
        )  # fmt: skip


def _reserved(name: str) -> str:
    """What Windows has against the name of a file or directory; empty when nothing."""
    stem = name.partition(".")[0].rstrip(" ")
    if len(stem) < 8 and stem.lower() in _DEVICES:
        return f"{stem} is a device there, whatever suffix follows"
    if name.endswith((".", " ")) and name not in (".", ".."):
        return "dots and blanks at the end are dropped there"
    if not _FORBIDDEN.isdisjoint(name):
        return f"{min(_FORBIDDEN.intersection(name))} is not allowed in names there"
    return ""


def _stray(payload: list[File], contents: Contents) -> Iterator[Finding]:
    """``lib/`` and the like at the top level: what an ``install()`` without a destination leaves."""
    tops: dict[str, list[str]] = {}
    for file in payload:
        top, slash, _ = file.path.partition("/")
        if slash and top in _STRAY:
            tops.setdefault(top, []).append(file.path)
    for top, paths in sorted(tops.items()):
        if f"{top}/__init__.py" in paths:
            continue
        yield _finding(
            "TW503", Severity.WARNING, f"{top}/", f"would be installed as site-packages/{top}, outside of any package",
            evidence=paths[:4],
            hint="give install() a DESTINATION inside the package, or keep that sub-project's install rules out "
            "with install.components",
        )  # fmt: skip
    data = contents.data_dir + "/"
    for top in sorted({f.path.partition("/")[0] for f in payload if ".data/" in f.path}):
        if top.endswith(".data") and top != contents.data_dir:
            yield _finding(
                "TW510", Severity.WARNING, f"{top}/", "is another wheel's data directory: some installers take it for this one's, others do not",
                hint=f"the one of this wheel is {contents.data_dir}",
            )  # fmt: skip
    schemes = {f.path.removeprefix(data).partition("/")[0] for f in payload if f.path.startswith(data)}
    for scheme in sorted(schemes - SCHEMES):
        yield _finding(
            "TW510", Severity.ERROR, data + scheme, f"there is no install scheme named {scheme}",
            hint=f"use one of {', '.join(sorted(SCHEMES))}",
        )  # fmt: skip


def _importless(payload: list[File], contents: Contents) -> Iterator[Finding]:
    """Wheels of which nothing can be imported or run, and packages that are namespaces by oversight."""
    data = contents.data_dir + "/"
    rooted = [(p.path.removeprefix(data + "purelib/").removeprefix(data + "platlib/"), p) for p in payload]
    useful = [path for path, _ in rooted if path.endswith(_IMPORTABLE) and not path.startswith(data)]
    if payload and not useful and not any(p.path.startswith(data) or p.executable for p in payload):
        yield _finding(
            "TW516", Severity.WARNING, payload[0].path, "nothing in the wheel can be imported",
            evidence=[p.path for p in payload[:4]], hint="put Python files where wheel.packages finds them, or use the data scheme",
        )  # fmt: skip
    present = {path for path, _ in rooted}
    modules = {path.split("/")[0]: path for path in useful if path.count("/") == 1 and is_module(path)}
    for top, example in sorted(modules.items()):
        python = any(path.startswith(f"{top}/") and path.endswith((".py", ".pyi")) for path in present)
        if not python and not top.endswith((".libs", ".dylibs", "-stubs")):
            yield _finding(
                "TW516", Severity.NOTE, f"{top}/", "holds extension modules and no __init__.py: a namespace package, which others may enter",
                evidence=[example], hint=f'add __init__.py, unless that is meant; where there is one, wheel.packages must name its directory: ["src/{top}"]',
            )  # fmt: skip


def is_module(path: str) -> bool:
    """Whether Python would import a file of this name; other broken binaries may be data of somebody's tests."""
    name = path.rpartition("/")[2]
    return name.endswith(".pyd") or (name.endswith(".so") and any(part in name for part in _VERSIONED))


_KINDS = {
    Kind.SHARED: "a shared library", Kind.BUNDLE: "a loadable bundle", Kind.EXECUTABLE: "a program",
    Kind.OBJECT: "a relocatable object", Kind.ARCHIVE: "a static archive",
    Kind.OTHER: "neither a library nor a program, but something else",
}  # fmt: skip


def _may_be_imported(piece: Slice) -> bool:
    """Whether a loader would take it into a running program. Some ELF libraries can be run, too: these name an
    interpreter, as programs do, but do not say that they are one."""
    runnable = isinstance(piece, ElfSlice) and piece.kind is Kind.EXECUTABLE and not piece.program
    return piece.kind in (Kind.SHARED, Kind.BUNDLE) or runnable


def _of_file(file: File) -> Iterator[Finding]:
    if file.broken is not None:
        yield _finding(
            "TW517", Severity.ERROR if is_module(file.path) else Severity.WARNING, file.path, str(file.broken), evidence=file.broken.context, hint="build or download it again"
        )  # fmt: skip
    if file.path.endswith((".pyc", ".pyo")) or "__pycache__/" in file.path:
        yield _finding(
            "TW513", Severity.WARNING, file.path, "byte code, which installers write themselves", hint="exclude it"
        )
    if file.binary is None:
        if file.broken is None and is_module(file.path):
            yield _finding(
                "TW517", Severity.WARNING if DATA.intersection(file.path.split("/")[:-1]) else Severity.ERROR, file.path,
                "is named like an extension module, but is no binary",
                evidence=[f"{file.size} bytes, which begin like no kind of binary"], hint="build or download it again",
            )  # fmt: skip
        return
    if is_module(file.path) and file.binary.slices and not any(map(_may_be_imported, file.binary.slices)):
        yield _finding(
            "TW517", Severity.WARNING if DATA.intersection(file.path.split("/")[:-1]) else Severity.ERROR, file.path,
            "is named like an extension module, but is no library",
            evidence=[f"it is {_KINDS[s.kind]} for {s.cpu}" for s in file.binary.slices],
            hint="link it as a module: Python_add_library(NAME MODULE …)",
        )  # fmt: skip
    if file.binary.format is Format.ARCHIVE:
        yield _finding(
            "TW514", Severity.NOTE, file.path, "a static library: nothing loads it at run time",
            evidence=[f"{file.size} bytes", *(f"its objects are for {s.cpu}" for s in file.binary.slices)],
            hint="leave it out, unless others are to link with it",
        )  # fmt: skip
    if any(s.kind is Kind.OBJECT for s in file.binary.slices):
        yield _finding(
            "TW518", Severity.NOTE, file.path, "an object file: nothing loads it at run time", hint="leave it out"
        )
    debug = sum(s.debug_bytes for s in file.binary.slices)
    if debug >= _LARGE_DEBUG:
        yield _finding(
            "TW515", Severity.NOTE, file.path, "debug sections, which nothing needs at run time",
            evidence=[f"{debug / 1e6:.1f} of {file.size / 1e6:.1f} MB"], hint="set tool.scikit-build.install.strip = true, or build Release",
        )  # fmt: skip


# --- the archive ------------------------------------------------------------------------------------------------


def _of_members(facts: WheelFacts) -> Iterator[Finding]:
    names = [m.name for m in facts.members]
    for name in [n for n, count in Counter(names).items() if count > 1] if len(set(names)) < len(names) else ():
        yield _finding(
            "TW509", Severity.ERROR, name, "the archive holds this name more than once", hint="pack it again"
        )
    for member in facts.members:
        if member.problem is not None:
            yield _finding(
                "TW520", Severity.ERROR, member.name, f"cannot be unpacked: {member.problem}", hint="pack it again"
            )
        if member.is_symlink:
            yield _finding(
                "TW507", Severity.ERROR, member.name, "a symbolic link, which wheels cannot hold", hint="store the file it means"
            )  # fmt: skip
        wrong = _leaves(member.name)
        if wrong:
            yield _finding("TW508", Severity.ERROR, member.name, wrong, hint="pack it again")
    homes = sorted(top for top in {name.partition("/")[0] for name in names} if top.endswith(".dist-info"))
    if len(homes) > 1:
        yield _finding(
            "TW525",
            Severity.ERROR,
            homes[1],
            "more than one .dist-info directory",
            evidence=homes,
            hint="pack it again",
        )
    described = [n.startswith(facts.contents.dist_info + "/") for n in names if not n.endswith("/")]
    if not all(described[described.index(True) :] if True in described else ()):
        yield _finding(
            "TW521", Severity.NOTE, facts.contents.dist_info, "is not at the end of the archive, where tools look first",
            hint="truewheel tag writes it there",
        )  # fmt: skip


def _overlaid(facts: WheelFacts) -> Iterator[Finding]:
    """Members of several names that are installed as one file: which of them stays, only the installer knows."""
    contents = facts.contents
    names = [m.name for m in facts.members]
    if not any("./" in n or "//" in n or n.startswith(contents.data_dir) for n in names):
        return  # as nearly always
    places: defaultdict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(n for n in names if not n.endswith("/")):
        plain = "/".join(part for part in name.split("/") if part not in ("", "."))
        places[contents.installed(plain)].append(name)
    for place, several in places.items():
        if len(several) > 1:
            yield _finding(
                "TW509", Severity.ERROR, several[1], f"is installed as {place}, as is {several[0]}",
                evidence=several[2:7], hint="keep one of them",
            )  # fmt: skip


def _undecodable(facts: WheelFacts) -> Iterator[Finding]:
    for base in facts.undecodable:
        yield _finding(
            "TW522" if base == "METADATA" else "TW524", Severity.ERROR, f"{facts.contents.dist_info}/{base}",
            "is not UTF-8, so installers cannot read it", hint="build the wheel again, with all texts in UTF-8",
        )  # fmt: skip


def _leaves(name: str) -> str:
    """Why a member would be written elsewhere than the archive says; empty when it would not."""
    if name.startswith("/") or (name[1:2] == ":" and name[0].isalpha()):
        return "an absolute path, which leaves the installation"
    if ".." in name.replace("\\", "/").split("/"):
        return "a path that leaves the installation"
    if name.partition(".data/")[2].partition("/")[2].startswith("/"):
        return "an absolute path below an install scheme, which may leave the installation"
    if "\\" in name:
        return "a backslash in a name: Windows takes it for the end of a directory's name, other systems do not"
    return ""


def _of_record(facts: WheelFacts) -> Iterator[Finding]:
    home = facts.contents.dist_info
    if not facts.wheel_headers and (what := _lacking(facts, "WHEEL", "has no headers that can be read")):
        yield _finding("TW524", Severity.ERROR, f"{home}/WHEEL", what, hint="build the wheel again")
    if facts.record is None:
        if what := _lacking(facts, "RECORD", "cannot be read"):
            yield _finding("TW524", Severity.ERROR, f"{home}/RECORD", what, hint="build the wheel again")
        return
    rows = {r.path: r for r in facts.record}
    own = {f"{home}/{n}" for n in ("RECORD", "RECORD.jws", "RECORD.p7s")}
    members = {m.name: m for m in facts.members if not m.name.endswith("/")}
    for name, member in members.items():
        row = rows.get(name)
        if row is not None:
            yield from _of_row(row, member, signed=name in own)
        elif name not in own:
            yield _finding("TW504", Severity.ERROR, name, "is not in RECORD", hint="build the wheel again")
    for path in sorted(rows.keys() - members.keys() - own):
        yield _finding(
            "TW506", Severity.ERROR, path, "is in RECORD, but not in the wheel", hint="build the wheel again"
        )


def _lacking(facts: WheelFacts, name: str, there: str) -> str:
    """Why nothing is known of a file in ``.dist-info``; empty where TW520 tells that it cannot be unpacked.

    :param there: what is wrong with one that can.
    """
    path = f"{facts.contents.dist_info}/{name}"
    found = [m for m in facts.members if m.name == path]
    if not found:
        return "is missing"
    return there if found[-1].problem is None else ""


def _of_row(row: RecordRow, member: Member, *, signed: bool) -> Iterator[Finding]:
    """One row of RECORD against its member; RECORD itself and its signatures need no hash (``signed``)."""
    hint = "build the wheel again"
    if row.algorithm == "sha256" and row.digest and member.sha256 and row.digest != member.sha256:
        yield _finding(
            "TW505", Severity.ERROR, member.name, "is not what RECORD says",
            evidence=[f"RECORD: sha256={row.digest}", f"file: sha256={member.sha256}"], hint=hint,
        )  # fmt: skip
    elif row.size is not None and row.size != member.size:
        yield _finding(
            "TW505", Severity.ERROR, member.name, "is not as large as RECORD says",
            evidence=[f"RECORD: {row.size} bytes", f"file: {member.size} bytes"], hint=hint,
        )  # fmt: skip
    elif row.digest is None and not signed:
        yield _finding("TW526", Severity.WARNING, member.name, "has no hash in RECORD", hint=hint)
    elif row.digest is not None and row.algorithm not in _HASHES:
        yield _finding(
            "TW526", Severity.WARNING, member.name, "has a hash in RECORD that is weaker than sha256",
            evidence=[f"{row.algorithm}={row.digest}"[:100]], hint=hint,
        )  # fmt: skip


def _of_metadata(facts: WheelFacts, opinion: str) -> Iterator[Finding]:
    name = parse_wheel_name(facts.filename)
    home = facts.contents.dist_info
    if name is not None:
        yield from _of_name(facts, name, opinion)
    if facts.metadata is None:
        if what := _lacking(facts, "METADATA", "cannot be read"):
            yield _finding("TW522", Severity.ERROR, f"{home}/METADATA", what, hint="build the wheel again")
        return
    headers: dict[str, str] = {}
    for key, value in each_header(facts.metadata):
        headers.setdefault(key.lower(), value)
        if headers.keys() >= _IDENTITY.keys():
            break
    missing = [spelt for key, spelt in _IDENTITY.items() if key not in headers]
    if missing:
        yield _finding(
            "TW522", Severity.ERROR, f"{home}/METADATA", f"lacks {', '.join(missing)}", hint="build the wheel again"
        )
    elif name is not None and not _is_version(headers["version"], name.version):
        yield _finding(
            "TW519", Severity.ERROR, f"{home}/METADATA", f"is about version {headers['version']}, not {name.version}",
            evidence=[f"Version: {headers['version']}", facts.filename], hint="build the wheel again",
        )  # fmt: skip
    elif name is not None and escape(headers["name"]) != escape(name.name):
        yield _finding(
            "TW519", Severity.ERROR, f"{home}/METADATA", f"is about {headers['name']}, not {name.name}",
            evidence=[f"Name: {headers['name']}", facts.filename], hint="build the wheel again",
        )  # fmt: skip


def _is_version(written: str, named: str) -> bool:
    """Whether both are one version; file names have the normal form, with ``_`` for ``-``."""
    if written == named or written.replace("-", "_") == named:
        return True
    from packaging.version import InvalidVersion, Version  # rarely needed, and slow to import

    try:
        return Version(written) == Version(named.replace("_", "-"))
    except InvalidVersion:
        return False


def _of_name(facts: WheelFacts, name: WheelName, opinion: str) -> Iterator[Finding]:
    if name.name != escape(name.name):
        yield _finding(
            "TW502", Severity.NOTE, facts.filename, "the name is not normalised",
            evidence=[f"{name.name} should be {escape(name.name)}"], hint="newer build backends normalise it",
        )  # fmt: skip
    inside, outside = set(facts.wheel_tags), set(name.expanded)
    if not inside and facts.wheel_headers:
        yield _finding(
            "TW512", Severity.WARNING, f"{facts.contents.dist_info}/WHEEL", "has no tag", hint="truewheel tag writes them",
        )  # fmt: skip
    if inside and inside != outside:
        differing = [f"only WHEEL says {tag}" for tag in sorted(inside - outside)[:4]]
        differing += [f"only the file name says {tag}" for tag in sorted(outside - inside)[:4]]
        yield _finding(
            "TW512", Severity.WARNING, f"{facts.contents.dist_info}/WHEEL", "its tags are not those of the file name",
            evidence=[*differing, *([opinion] if opinion else [])], hint="truewheel tag writes both alike",
        )  # fmt: skip
    told = {k.lower(): v.lower() for k, v in facts.wheel_headers}.get("root-is-purelib")
    purelib = told == "true"
    if told == "false" and name.platforms == ("any",) and not facts.contents.binaries():
        yield _finding(
            "TW511", Severity.NOTE, f"{facts.contents.dist_info}/WHEEL", "Root-Is-Purelib: false, but nothing is bound to a platform",
            hint="set tool.scikit-build.wheel.platlib = false, unless it must lie beside a platform's files",
        )  # fmt: skip
    modules = [f for f, b in facts.contents.binaries() if b.is_loadable]
    if purelib and modules and name.platforms != ("any",):
        yield _finding(
            "TW511", Severity.WARNING, f"{facts.contents.dist_info}/WHEEL", "Root-Is-Purelib: true, but there are binaries",
            evidence=[f.path for f in modules[:4]], hint="set tool.scikit-build.wheel.platlib = true",
        )  # fmt: skip
