"""The walls of the house (docs/explanation/architecture.md): who may import whom, who may touch the world, what decides.

``ROOMS`` is the plan: a row for every folder with Python files and for every module beside them. Whoever adds or moves one
adds or moves its row. The lists named ``…_STILL`` hold what does not follow a rule yet. They may only shrink: what is new
fails, and so does a row that is no longer needed.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "truewheel"


class Room(NamedTuple):
    """What the modules of one folder, or one module at the top, may do.

    :param may_import: the rooms that it may import from; its own in any case.
    :param is_pure: it may not touch the world: no files, no processes, no clock, no environment, no output.
    :param may_print: it may write to the standard streams.
    """

    may_import: frozenset[str]
    is_pure: bool = False
    may_print: bool = False


def pure(*may_import: str) -> Room:
    return Room(frozenset(may_import), is_pure=True)


def worldly(*may_import: str) -> Room:
    return Room(frozenset(may_import))


def door(*may_import: str) -> Room:
    return Room(frozenset(may_import), may_print=True)


ROOMS = {
    # Layer 1: what is known
    "model": pure(),
    # Layer 2: bytes to facts; what each system supplies
    "formats": pure("model"),
    "formats/elf": pure("model", "formats"),
    "formats/macho": pure("model", "formats"),
    "formats/pe": pure("model", "formats"),
    "formats/wasm": pure("model", "formats"),
    "platforms": pure("model", "data_tables"),
    "platforms/linux": pure("model", "platforms", "data_tables"),
    # Layer 3: what is decided
    "audit": pure("audit/python", "checks", "data_tables", "model", "platforms"),
    "audit/python": pure("model", "platforms", "platforms/linux", "data_tables"),
    "audit/sets": pure("audit", "model", "platforms"),
    "checks": pure("model"),
    "planning": pure("model", "data_tables"),
    "repair": pure("model", "platforms"),
    "project_settings": pure("model", "platforms"),
    # Layer 3: what touches the world
    "system": worldly("model", "formats"),
    "system/engine": worldly("model", "formats", "project_settings", "system/warm"),
    "system/observation": worldly("model", "system"),
    "system/packages": worldly("model", "formats"),
    "system/project": worldly("model", "project_settings", "system/engine"),
    "system/warm": worldly("model", "project_settings", "system/observation", "__init__"),
    "system/wheels": worldly("model", "formats", "system", "system/engine", "__init__"),
    "templates": worldly("model"),
    # Layer 4: the story, and the doors to it
    "__init__": pure(),
    "__main__": door("cli"),
    "backend": door("model", "system/warm", "pipeline", "report", "boundary"),
    "boundary": door("model", "report"),
    "argument_types": worldly("platforms", "finding_pages", "templates"),
    "cli": door("argument_types", "boundary", "model", "__init__"),
    "commands": door(
        "boundary", "model", "formats", "formats/macho", "audit", "audit/sets", "system", "system/warm", "system/wheels", "templates", "report",
        "finding_pages", "repairing",
    ),
    "finding_pages": worldly("model"),
    "explanation": worldly("model", "planning", "system", "system/project", "system/warm"),
    "pipeline": worldly(
        "explanation", "prefetch", "model", "audit", "planning", "system", "system/engine", "system/project", "system/warm",
        "system/wheels", "repairing",
    ),
    "repairing": worldly(
        "model", "formats", "audit", "repair", "system", "system/packages", "system/wheels"
    ),
    "prefetch": worldly("formats", "platforms", "system", "data_tables"),
    "report": pure("model", "audit"),
    "data_tables": worldly(),
}  # fmt: skip

GUESTS = {
    "packaging": ("audit/", "checks/", "planning/", "repair/", "system/"),
    "pathspec": ("system/engine/",),
    "platformdirs": ("system/warm/cache.py",),
    "pyproject_metadata": ("system/project/metadata.py",),
    "scikit_build_core": ("system/engine/",),
    "tomli": (
        "system/project/pyproject_toml.py",
        "system/warm/reexec.py",
        "system/warm/thrown_away.py",
    ),
    "typing_extensions": ("model/record.py",),
}
"""Every package of somebody else, with the places that may import it."""

WORLD = {
    "asyncio", "concurrent", "ctypes", "fcntl", "getpass", "glob", "http", "io", "locale", "logging", "mmap", "msvcrt",
    "multiprocessing", "os", "pathlib", "platform", "random", "secrets", "select", "shutil", "signal", "socket", "ssl",
    "subprocess", "sysconfig", "tempfile", "threading", "time", "urllib", "venv", "warnings",
}  # fmt: skip
"""Modules of the standard library through which the world comes in."""
BUILT_IN = {"open", "print", "input"}
OF_SYS = {
    "abiflags", "argv", "base_prefix", "byteorder", "executable", "implementation", "maxsize", "path", "platform", "prefix",
    "stderr", "stdin", "stdout",
}  # fmt: skip
"""What ``sys`` knows about this process and this machine."""
OF_PATHS = {
    "exists", "is_dir", "is_file", "iterdir", "mkdir", "open", "read_bytes", "read_text", "resolve", "rglob", "stat", "unlink",
    "write_bytes", "write_text",
}  # fmt: skip
"""Methods by which a path, a mere value until then, reaches for the disk."""

WORLD_FOR_A_REASON = {
    "model/record_file.py": {
        "io": "StringIO, for the csv module: nothing leaves memory"
    },
    "model/built.py": {"pathlib": "a path as a value, which is not opened"},
    "model/request.py": {"pathlib": "paths as values, of which none is opened"},
    "model/tree.py": {"pathlib": "paths as values, of which none is opened"},
    "report/build_story.py": {"time": "writes a given time as a date"},
    "report/messages.py": {"time": "writes a given time as a date"},
}

ASKS_THE_HOST = {
    "os.name", "os.uname", "platform", "sys.abiflags", "sys.byteorder", "sys.implementation", "sys.maxsize", "sys.platform",
    "sysconfig",
}  # fmt: skip
"""Questions to the machine and the Python that we happen to run on. One file asks them; all others are told."""
HOST = {"system/host.py", "system/warm/environment.py"}
HOST_FOR_A_REASON = {
    "backend.py": {
        "sys.implementation": "switches the garbage collector off, which only CPython can"
    },
    "cli.py": {
        "sys.implementation": "switches the garbage collector off, which only CPython can"
    },
}
ENVIRON_FOR_A_REASON = {
    "backend.py": "hands it on, with the call",
    "boundary.py": "NO_COLOR, of this process's own streams",
    "commands/cache.py": "hands it on, to find the cache",
    "commands/repair.py": "hands it on, for the search paths of loaders",
    "system/host.py": "SOURCE_DATE_EPOCH, which whatever writes an artefact needs",
    "system/engine/step_variables.py": "takes out what CMake's steps must not get: scikit-build-core copies the process's own",
}
"""Modules that read the environment, rather than being handed what they need of it."""

DECIDES_BY_TEXT_FOR_A_REASON = {
    "checks/__init__.py:limit_each_code": "filtering: how many findings of each code are listed",
    "model/codes.py:makes_name_untrue": "the catalogue itself",
    "model/codes.py:makes_untrue": "the catalogue itself",
    "report/text.py:_common_hint": "the report: hints that differ are told by an example",
    "report/text.py:finding_texts": "the report: alike findings are shown together",
}
DECIDES_BY_TEXT_STILL = {}
"""Functions that branch on a finding's code or on a sentence."""


class Module:
    """One file of the source, with what its syntax tree tells."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path.relative_to(SOURCE).as_posix()
        self.room = self.file.rpartition("/")[0] or path.stem
        self.tree = ast.parse(path.read_text(encoding="utf-8"))

    def imports(self) -> set[tuple[str, ...]]:
        """Return the dotted names that are imported, ours as ``("truewheel", room, …)``."""
        package = self.path.relative_to(SOURCE.parent).parts[:-1]
        found: set[tuple[str, ...]] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {tuple(alias.name.split(".")) for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                module = tuple(node.module.split(".")) if node.module else ()
                base = (
                    (*package[: len(package) - node.level + 1], *module)
                    if node.level
                    else module
                )
                found |= {(*base, alias.name) for alias in node.names}
        return found

    def rooms(self) -> set[str]:
        """Return the rooms that are imported from."""
        return {room_of(name[1:]) for name in self.imports() if name[0] == "truewheel"}

    def attributes(self) -> set[str]:
        """Return ``sys.platform`` and its like, whether imported by name or not."""
        found = {".".join(name) for name in self.imports() if len(name) == 2}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found.add(f"{node.value.id}.{node.attr}")
        return found

    def names(self) -> set[str]:
        """Return the bare names that are used."""
        return {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}

    def called_methods(self) -> set[str]:
        """Return the names of methods that are called, of whatever value."""
        calls = [
            node.func for node in ast.walk(self.tree) if isinstance(node, ast.Call)
        ]
        return {
            function.attr for function in calls if isinstance(function, ast.Attribute)
        }


def room_of(name: tuple[str, ...]) -> str:
    """Return the deepest folder, or the module at the top, that an imported name of ours lies in."""
    folder = SOURCE
    for depth, part in enumerate(name):
        if not (folder / part).is_dir():
            is_at_the_top = depth == 0 and (SOURCE / f"{part}.py").is_file()
            return part if is_at_the_top else "/".join(name[:depth]) or "__init__"
        folder /= part
    return "/".join(name) or "__init__"


MODULES = [Module(path) for path in sorted(SOURCE.rglob("*.py"))]


@pytest.fixture(params=MODULES, ids=lambda module: module.file)
def module(request: pytest.FixtureRequest) -> Module:
    return request.param


# --- arrows -----------------------------------------------------------------------------------------------------


def test_every_room_has_a_row_and_every_row_a_room() -> None:
    assert {module.room for module in MODULES} == ROOMS.keys()
    for room in ROOMS.values():
        assert room.may_import <= ROOMS.keys()


def test_arrows(module: Module) -> None:
    assert module.rooms() <= ROOMS[module.room].may_import | {module.room}


def test_no_arrow_is_drawn_that_nobody_uses() -> None:
    for name, room in ROOMS.items():
        used = {
            target
            for module in MODULES
            if module.room == name
            for target in module.rooms()
        }
        assert used >= room.may_import, name


def test_guests_stay_where_they_are_invited(module: Module) -> None:
    for name in (
        {name[0] for name in module.imports()} - {"truewheel"} - sys.stdlib_module_names
    ):
        assert module.file.startswith(GUESTS[name]), name


# --- the world --------------------------------------------------------------------------------------------------


def touches(module: Module) -> set[str]:
    """Return what a module reaches the world by."""
    found = {name[0] for name in module.imports()} & WORLD
    found |= module.names() & BUILT_IN
    found |= module.attributes() & {f"sys.{name}" for name in OF_SYS}
    return found | {f".{method}()" for method in module.called_methods() & OF_PATHS}


def test_the_pure_rooms_do_not_touch_the_world(module: Module) -> None:
    if ROOMS[module.room].is_pure:
        assert touches(module) == WORLD_FOR_A_REASON.get(module.file, {}).keys()


def test_only_the_doors_print(module: Module) -> None:
    assert "input" not in module.names()
    if not ROOMS[module.room].may_print:
        assert "print" not in module.names()


def test_the_host_is_asked_in_one_place(module: Module) -> None:
    asked = (
        module.attributes() | {name[0] for name in module.imports()}
    ) & ASKS_THE_HOST
    excused = HOST_FOR_A_REASON.get(module.file, {}).keys()
    if module.file not in HOST:
        assert asked == excused


def test_the_environment_is_handed_on_rather_than_read(module: Module) -> None:
    reads = bool(
        module.attributes() & {"os.environ", "os.environb", "os.getenv", "os.putenv"}
    )
    assert reads == (module.file in ENVIRON_FOR_A_REASON)


# --- decisions --------------------------------------------------------------------------------------------------

A_CODE = re.compile(r"TW\d{1,3}")
PROSE = {"message", "fact", "hint", "reason", "reasons"}
"""Fields that hold sentences."""
PARTS = {
    "startswith",
    "endswith",
    "partition",
    "find",
    "index",
    "count",
    "removeprefix",
    "split",
}


def decisions_by_text(module: Module) -> Iterator[tuple[str, int]]:
    """Yield the functions, with the line, that compare a finding's code or a sentence, look into one, or look up by a code."""
    for function, node in with_functions(module.tree, ""):
        if isinstance(node, ast.Compare):
            parts = [
                part
                for side in (node.left, *node.comparators)
                for part in parts_of(side)
            ]
            is_presence = all(
                isinstance(operator, (ast.Is, ast.IsNot)) for operator in node.ops
            )
            wrong = not is_presence and any(map(is_text_of_a_finding, parts))
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in PARTS
        ):
            wrong = is_text_of_a_finding(node.func.value)
        elif isinstance(node, ast.Subscript):
            wrong = isinstance(node.slice, ast.Attribute) and is_text_of_a_finding(
                node.slice
            )
        else:
            wrong = False
        if wrong:
            yield f"{module.file}:{function}", node.lineno


def with_functions(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield every node with the name of the function that it stands in."""
    for child in ast.iter_child_nodes(node):
        inner = (
            child.name
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
            else function
        )
        yield inner, child
        yield from with_functions(child, inner)


def parts_of(node: ast.AST) -> list[ast.AST]:
    """Return the members of a tuple, list or set, anything else as it is."""
    return (
        list(node.elts) if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    )


def is_text_of_a_finding(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and A_CODE.fullmatch(node.value) is not None
    return isinstance(node, ast.Attribute) and node.attr in {"code", *PROSE}


@cache
def all_decisions_by_text() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for module in MODULES:
        for place, line in decisions_by_text(module):
            found.setdefault(place, []).append(line)
    return found


def test_nothing_is_decided_by_a_findings_code_or_by_a_sentence() -> None:
    excused = DECIDES_BY_TEXT_FOR_A_REASON.keys() | DECIDES_BY_TEXT_STILL
    assert all_decisions_by_text().keys() == excused, all_decisions_by_text()


# --- documentation ----------------------------------------------------------------------------------------------

PAGE = SOURCE.parents[1] / "docs" / "explanation" / "architecture.md"
A_ROW = re.compile(r"\| `([\w/.]+)` \| .+ \| (.*?) ?\| (yes|no|prints) \|")
"""A room of the page: its name, what it is for, what it may import, whether it is pure."""


def rooms_of_the_page() -> dict[str, tuple[set[str], str]]:
    """Return what the page says each room may import, and its last column."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        row = A_ROW.fullmatch(line)
        if row is not None:
            name, may_import, is_pure = row.groups()
            found[name] = (set(re.findall(r"`(\w+)`", may_import)), is_pure)
    return found


def rooms_without_inner_walls() -> dict[str, tuple[set[str], str]]:
    """Return the same of the plan, where the folders inside a room have become one with it."""
    found: dict[str, tuple[set[str], str]] = {}
    for path, room in ROOMS.items():
        top = path.partition("/")[0]
        name = f"{top}/" if (SOURCE / top).is_dir() else f"{top}.py"
        may_import, is_pure = found.get(name, (set(), "yes"))
        may_import |= {target.partition("/")[0] for target in room.may_import} - {top}
        if not room.is_pure:
            is_pure = "prints" if room.may_print else "no"
        found[name] = (may_import, is_pure)
    return found


def test_the_page_on_the_architecture_has_the_same_plan() -> None:
    assert rooms_of_the_page() == rooms_without_inner_walls()


def test_every_module_says_what_it_is_for(module: Module) -> None:
    assert not module.tree.body or ast.get_docstring(module.tree)
