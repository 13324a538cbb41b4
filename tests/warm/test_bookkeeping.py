"""Whatever goes wrong with what is written down of a build, it costs warmth: no build fails of it, and no wheel is stale."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import needs
from support.warm_project import build
from support.warm_world import World, new_world
from truewheel.system.warm import answers, build_records

Outcome = tuple[str, str]
"""The digest of a wheel, and what was printed."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    needs.program("gcc")
    if sys.platform != "linux":
        pytest.skip("only Linux can be watched")
    made = new_world(tmp_path)
    # No one declares that the object needs the file: only watching tells.
    made.write("table.txt", "one")
    made.write(
        "src/main.c",
        '__asm__(".section .rodata\\n.global table\\ntable: .incbin \\"'
        f'{made.root}/table.txt\\"\\n.byte 0\\n.previous\\n");\n',
    )
    return made


def built(world: World, place: Path, cache: str = "cache") -> Outcome:
    return build(world, world.root, place / "out", place / cache)


FromNothing = Callable[[str], str]
"""Returns the wheel that a build from nothing makes when a file has this text."""


@pytest.fixture
def from_nothing(world: World, tmp_path: Path) -> FromNothing:
    known: dict[str, str] = {}

    def found(text: str) -> str:
        if text not in known:
            known[text], _ = built(world, tmp_path, f"cold {len(known)}")
        return known[text]

    return found


def require_right_for_a_while(
    world: World, place: Path, from_nothing: FromNothing
) -> None:
    """Each build makes the wheel of a build from nothing, when a file changes and when it is again as it was."""
    for text in ("one", "two", "one"):
        world.write("table.txt", text)
        found, said = built(world, place)
        assert found == from_nothing(text), said


# --- the trace ----------------------------------------------------------------------------------------------------

FIND = "trace=$(sed -n 's|.* \\(/.*/trace\\)$|\\1|p' /proc/self/maps | head -n 1)\n"
"""Any program that is watched has the trace among its files."""
SPOIL = {
    "deleted": 'rm "$trace"',
    "replaced by a directory": 'rm "$trace"; mkdir "$trace"',
    "replaced by another file": 'echo new > "$trace.new"; mv "$trace.new" "$trace"',
    "without its mark": 'printf "xxxxxxxx" | dd of="$trace" conv=notrunc',
    "with another end": 'printf "\\377\\377\\377\\377\\000\\000\\000\\000" | '
    'dd of="$trace" bs=1 seek=8 conv=notrunc',
    "with a beginning of zeros": 'dd if=/dev/zero of="$trace" bs=1 seek=64 count=500 conv=notrunc',
    "with other records": 'printf "P7 x\\001y\\000X1 a\\001b\\000U1 c\\000" | '
    'dd of="$trace" bs=1 seek=64 conv=notrunc',
    "cut off": ': > "$trace"',
    "longer": 'head -c 1000 /dev/zero >> "$trace"',
    "closed": 'chmod 0 "$trace"',
}


@pytest.mark.parametrize("when", ["configure", "build"])
@pytest.mark.parametrize("how", SPOIL)
def test_a_trace_that_a_command_spoils_fails_no_build(
    how: str, when: str, world: World, tmp_path: Path, from_nothing: FromNothing
) -> None:
    """It does so while ``spoil.txt`` is there."""
    world.write(
        "spoil", f'if test -e spoil.txt; then\n{FIND}test -z "$trace" || {{ {SPOIL[how]}; }}\nfi\ntrue\n'
    )  # fmt: skip
    run = '${CMAKE_COMMAND} -E env sh spoil\n  WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"'
    if when == "configure":
        world.append("CMakeLists.txt", f"execute_process(COMMAND {run})\n")
    else:
        world.append("CMakeLists.txt", f"add_custom_target(spoil ALL COMMAND {run})\n")
    for text, is_spoilt in (
        ("one", True),
        ("two", False),
        # Nothing is known of the build in which it is three again.
        ("three", True),
        ("two", False),
    ):
        world.write("table.txt", text)
        if is_spoilt:
            world.write("spoil.txt", "")
        else:
            (world.root / "spoil.txt").unlink(missing_ok=True)
        found, said = built(world, tmp_path)
        (world.root / "spoil.txt").unlink(missing_ok=True)
        assert found == from_nothing(text), said
    _, said = built(world, tmp_path)
    assert "built: warm: nothing changed" in said, said


# --- Ninja --------------------------------------------------------------------------------------------------------

NINJAS = {
    "that has no such tool": 'echo "ninja: fatal: unknown tool" >&2; exit 1',
    "that knows of nothing": "echo '[]'; exit 0",
    "that says nothing": "exit 0",
    "that tells no JSON": "echo '[{'; exit 0",
    "that tells something else": "echo '{\"a\": [1]}'; exit 0",
    "that tells less": 'echo \'[{"directory": "/"}]\'; exit 0',
    "that ends by a signal": "kill -9 $$",
}


@pytest.mark.parametrize("is_odd_later", [False, True], ids=["always", "later"])
@pytest.mark.parametrize("kind", NINJAS)
def test_a_ninja_that_does_not_tell_its_commands_fails_no_build(
    kind: str,
    is_odd_later: bool,
    world: World,
    tmp_path: Path,
    from_nothing: FromNothing,
) -> None:
    ninja = shutil.which("ninja")
    if ninja is None:
        needs.missing("the program ninja")
    wrapper, flag = tmp_path / "ninja", tmp_path / "is-odd"
    wrapper.write_text(
        f'#!/bin/sh\ncase "$*" in *compdb*) if test -e {flag}; then {NINJAS[kind]}; fi;; esac\nexec {ninja} "$@"\n'
    )
    wrapper.chmod(0o755)
    world.options["cmake.define.CMAKE_MAKE_PROGRAM"] = str(wrapper)
    if is_odd_later:
        built(world, tmp_path)
        world.write("table.txt", "two")
    flag.touch()
    require_right_for_a_while(world, tmp_path, from_nothing)
    flag.unlink()
    require_right_for_a_while(world, tmp_path, from_nothing)
    _, said = built(world, tmp_path)
    assert "built: warm: nothing changed" in said, said


# --- names of steps -----------------------------------------------------------------------------------------------

NAMES = [
    b"a b.c",
    b"it's.c",
    b'"a".c',
    b"a\\$b.c",
    b"a\\$\\{b\\}.c",
    b"a:b.c",
    b"a&b.c",
    b"(a).c",
    b"a#b.c",
    b"a|b.c",
    b"a%b.c",
    "é.c".encode(),
    b"\xe9.c",
    b"a  b.c",
    b"[a].c",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.hex())
def test_a_step_may_have_any_name(
    name: bytes, world: World, tmp_path: Path, from_nothing: FromNothing
) -> None:
    made = name.replace(b'"', b'\\"')
    world.write("gen", 'printf "const char *made = \\"%s\\";" "$(cat data)" > "$1"\n')
    world.write("data", "one")
    path = world.root / "CMakeLists.txt"
    path.write_bytes(
        path.read_bytes()
        + b'add_custom_command(OUTPUT "' + made + b'" COMMAND sh gen '
        b'"${CMAKE_CURRENT_BINARY_DIR}/' + made + b'" WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" VERBATIM)\n'
        b'add_custom_command(OUTPUT plain.c COMMAND ${CMAKE_COMMAND} -E copy "' + made + b'" plain.c DEPENDS "' + made +
        b'" VERBATIM)\ntarget_sources(unseen PRIVATE plain.c)\n'
    )  # fmt: skip
    try:
        first, _ = built(world, tmp_path)
    except AssertionError as error:
        world.options["truewheel.cache"] = "off"
        with pytest.raises(AssertionError):
            built(world, tmp_path)
        pytest.skip(f"CMake or Ninja refuses it: {str(error)[-200:]}")
    for text in ("two", "two", "one"):
        world.write("data", text)
        found, said = built(world, tmp_path)
        assert found == from_nothing(text), said
        assert "built: warm" in said, said
    assert found == first


# --- the record ---------------------------------------------------------------------------------------------------


def record_of(place: Path) -> Path:
    (record,) = (place / "cache").glob("builds/*/*/record.json")
    return record


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the ways to all parts of a JSON value."""
    found = [path] if path else []
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, part in items:
        found += places_in(part, (*path, key))
    return found


def put(value: Any, way: tuple[Any, ...], part: object) -> None:
    for key in way[:-1]:
        value = value[key]
    if part is ...:
        del value[way[-1]]
    else:
        value[way[-1]] = part


EVIL: list[object] = [
    None,
    -1,
    1.5,
    True,
    "",
    "-1",
    "f" * 4000,
    "Z/etc/passwd",
    "R\0",
    [],
    [[]],
    {},
    {"": None},
    10**400,
    ...,
]


def test_a_record_with_other_values_is_none_or_can_be_used(
    world: World, tmp_path: Path
) -> None:
    """All that is asked of it can be asked, whatever became of it."""
    built(world, tmp_path)
    record = record_of(tmp_path)
    text = record.read_text(encoding="utf-8")
    ways = places_in(json.loads(text))
    chance = random.Random(20261129)
    refused = 0
    for way in [*chance.sample(ways, min(len(ways), 150)), *ways[:30]]:
        for part in EVIL:
            value = json.loads(text)
            put(value, way, part)
            record.write_text(json.dumps(value), encoding="utf-8")
            found = build_records.read_record(record)
            if found is None:
                refused += 1
            elif found.evidence is not None:
                answers.changed_answers(
                    found.evidence, answers.early_questions(found.evidence)
                )
    assert refused > 100


def evidence_of(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        value = json.loads(text)
        change(value["evidence"])
        return json.dumps(value)

    return changed


def each_step(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    return evidence_of(
        lambda evidence: [change(step) for step in evidence["steps"].values()]
    )


RECORDS: dict[str, Callable[[str], str]] = {
    "empty": lambda _: "",
    "of zeros": lambda text: "\0" * len(text),
    "half": lambda text: text[: len(text) // 2],
    "too deep": lambda _: "[" * 100_000,
    "a list": lambda _: "[]",
    "a number": lambda _: "7",
    "endless questions": each_step(lambda step: step.update(asked="-1")),
    "questions that are not there": each_step(lambda s: s.update(later="f" * 999)),
    "answers that are numbers": evidence_of(
        lambda e: e.update(answers=[1 for _ in e["answers"]])
    ),
    "questions of another kind": evidence_of(
        lambda e: e.update(questions=["Z/" for _ in e["questions"]])
    ),
    "questions without a path": evidence_of(
        lambda e: e.update(questions=["R" for _ in e["questions"]])
    ),
    "paths with a zero": evidence_of(
        lambda e: e.update(questions=[f"{q}\0" for q in e["questions"]])
    ),
    "names that are numbers": each_step(lambda step: step.update(left=[1])),
    "files left that are elsewhere": each_step(lambda s: s.update(left=["../x"])),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_build_goes_on_whatever_its_record_says(
    kind: str, world: World, tmp_path: Path, from_nothing: FromNothing
) -> None:
    built(world, tmp_path)
    record = record_of(tmp_path)
    record.write_text(RECORDS[kind](record.read_text(encoding="utf-8")))
    require_right_for_a_while(world, tmp_path, from_nothing)
    _, said = built(world, tmp_path)
    assert "built: warm: nothing changed" in said, said


@pytest.mark.parametrize("name", ["story.json", "written.json", "mirror.json"])
@pytest.mark.parametrize("text", ["{", '{"files": 1, "names": [1], "leave": 7}', "[]"])
def test_nor_do_its_other_notes(
    name: str, text: str, world: World, tmp_path: Path
) -> None:
    world.write("PKG-INFO", "Metadata-Version: 2.1\nName: unseen\nVersion: 1.0\n")
    first, _ = built(world, tmp_path)
    (record_of(tmp_path).parent / name).write_text(text, encoding="utf-8")
    again, _ = built(world, tmp_path)
    assert again == first


# --- faults of ours -----------------------------------------------------------------------------------------------

FAULTS = {
    "evidence is taken": "truewheel.system.warm.watch.take_evidence",
    "a record is written": "truewheel.system.warm.build_records.write_record",
    "a story is written": "truewheel.system.warm.build_records.write_story",
    "it is weighed": "truewheel.system.warm.cache.weigh",
}
SCRIPT = """
import importlib, sys
from truewheel import backend
def fail(*_, **__):
    raise {error}
module, _, name = "{place}".rpartition(".")
setattr(importlib.import_module(module), name, fail)
backend.build_wheel(sys.argv[1])
"""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("KeyError('x')", "a fault of truewheel's (KeyError: 'x')"),
        ("RecursionError", "a fault of truewheel's (RecursionError: )"),
        ("OSError(28, 'No space left on device')", "No space left on device"),
    ],
)
@pytest.mark.parametrize("moment", FAULTS)
def test_a_fault_of_the_bookkeeping_is_told_and_costs_warmth(
    moment: str, error: str, told: str, world: World, tmp_path: Path
) -> None:
    right, _ = built(world, tmp_path)
    output = tmp_path / "faulty"
    output.mkdir()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            SCRIPT.format(place=FAULTS[moment], error=error),
            output,
        ],
        cwd=world.root,
        env={
            **os.environ,
            "TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache"),
            "PYTHONHASHSEED": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert f"built: warm: nothing changed; nothing is kept of it: {told}" in said
    assert len(list(output.iterdir())) == 1
    again, said = built(world, tmp_path)
    assert again == right
    assert "built: from nothing: nothing " in said
