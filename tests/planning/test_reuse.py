"""How much of an earlier build may be used again: the decision alone, from facts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from truewheel.model.build_record import (
    ANY,
    COMMIT,
    BuildRecord,
    Inputs,
    Reuse,
    ReuseDecision,
    Stamp,
    Traces,
)
from truewheel.model.record import replace
from truewheel.planning import reuse as planner

BUILT = 1_000
NOW = 2_000


def stamp(digest: str, *, when: int = NOW, mode: int = 0o644) -> Stamp:
    return Stamp(digest, mode, (1, when, when, 1))


SOURCES = {
    "CMakeLists.txt": stamp("1", when=1),
    "data.txt": stamp("1", when=1),
    "src/main.c": stamp("1", when=1),
    "src/pkg/__init__.py": stamp("1", when=1),
    "README.md": stamp("1", when=1),
    "pyproject.toml": stamp("1", when=1),
}
INPUTS = Inputs(
    software="1",
    settings="1",
    variables={"LANG": "1"},
    search={"/usr/include": "1"},
    sources=SOURCES,
    started=NOW,
)
TRACES = Traces(
    generator="Ninja",
    outside={"/usr/bin/cc": "1"},
    folders={"/opt/include": "1"},
    compiled=frozenset({"src/main.c"}),
    configured=frozenset({"CMakeLists.txt"}),
    packed=frozenset({"src/pkg/__init__.py"}),
    finished=BUILT,
)
OUTSIDE = {"/usr/bin/cc": "1", "/opt/include": "1"}


def decide(
    before: BuildRecord | None, now: Inputs, *, outside: dict[str, str]
) -> ReuseDecision:
    """Decide about a build that could not be watched."""
    return planner.decide(before, now, outside=outside, answers={}, source="/project/")


def changed(name: str) -> dict[str, Any]:
    """Return the inputs in which one source has changed."""
    return {"sources": {**SOURCES, name: stamp("2")}}


# What is otherwise now, what the build before had left, what lies outside; how much may be used again, and why.
CASES = [
    ({}, {}, {}, Reuse.KEEP, "nothing changed"),
    (changed("src/main.c"), {}, {}, Reuse.KEEP, "src/main.c changed"),
    (changed("src/pkg/__init__.py"), {}, {}, Reuse.KEEP, "__init__.py changed"),
    (changed("CMakeLists.txt"), {}, {}, Reuse.CONFIGURE, "CMakeLists.txt changed"),
    (changed("CMakeLists.txt"), {"generator": "Unix Makefiles"}, {}, Reuse.CLEAN, "CMakeLists.txt changed"),
    (changed("src/pkg/__init__.py"), {"mentioned": frozenset({"src/pkg/__init__.py"})}, {}, Reuse.CLEAN, "may read"),
    (changed("data.txt"), {"runs_own_commands": True}, {}, Reuse.CLEAN, "may read"),
    (changed("data.txt"), {}, {}, Reuse.CLEAN, "may read"),
    (changed("pyproject.toml"), {"runs_own_commands": True}, {}, Reuse.CLEAN, "may read"),
    (changed("pyproject.toml"), {}, {}, Reuse.CLEAN, "may read"),
    (changed("README.md"), {}, {}, Reuse.CLEAN, "may read"),
    (changed("src/main.c"), {"strays": frozenset({"left"})}, {}, Reuse.CLEAN, "a command left left"),
    (changed("src/pkg/__init__.py"), {"strays": frozenset({"left"})}, {}, Reuse.KEEP, "__init__.py changed"),
    ({}, {"strays": frozenset({"left"})}, {}, Reuse.KEEP, "nothing changed"),
    ({"settings": "2"}, {"strays": frozenset({"left"})}, {}, Reuse.CLEAN, "settings changed, and a command left"),
    ({"settings": "2"}, {"leftovers": frozenset({"left"})}, {}, Reuse.CONFIGURE, "settings changed"),
    ({"settings": "2"}, {}, {}, Reuse.CONFIGURE, "settings changed"),
    ({"software": "2"}, {}, {}, Reuse.CLEAN, "another version"),
    ({"started": BUILT - 1}, {}, {}, Reuse.CLEAN, "the clock was set back"),
    ({"is_shared": True}, {}, {}, Reuse.CLEAN, "take turns"),
    ({"is_shared": True}, {"generator": "Ninja Multi-Config"}, {}, Reuse.KEEP, "nothing changed"),
    ({}, {}, {"/usr/bin/cc": "2"}, Reuse.CLEAN, "/usr/bin/cc changed"),
    ({}, {}, {"/opt/include": "2"}, Reuse.CLEAN, "/opt/include holds other files"),
    ({"search": {"/usr/include": "2"}}, {}, {}, Reuse.CONFIGURE, "/usr/include changed"),
    ({"search": {"/usr/include": "2"}}, {"asks_for_headers": True}, {}, Reuse.CLEAN, "asks which headers"),
    ({"variables": {"LANG": "2"}}, {}, {}, Reuse.CONFIGURE, "LANG changed"),
    ({"variables": {"LANG": "2"}}, {"runs_own_commands": True}, {}, Reuse.CLEAN, "LANG changed"),
    ({"variables": {"LANG": "2"}}, {"has_script_tools": True}, {}, Reuse.CLEAN, "a tool of the build is a script"),
    ({"variables": {"LANG": "1", "CPATH": "2"}}, {}, {}, Reuse.CLEAN, "CPATH changed"),
    ({"variables": {"LANG": "1", "CI_X": "2"}}, {}, {}, Reuse.KEEP, "nothing changed"),
    ({"variables": {"LANG": "1", "CI_X": "2"}}, {"variables": frozenset({"CI_X"})}, {}, Reuse.CONFIGURE, "CI_X changed"),
    ({"variables": {"LANG": "1", "CI_X": "2"}}, {"variables": frozenset({ANY})}, {}, Reuse.CONFIGURE, "CI_X changed"),
    ({"variables": {"LANG": "1", COMMIT: "2"}}, {"runs_own_commands": True}, {}, Reuse.CONFIGURE, COMMIT),
    ({"variables": {"LANG": "1", COMMIT: "2"}}, {"runs_own_commands": True, "variables": frozenset({COMMIT})}, {}, Reuse.CLEAN, COMMIT),
]  # fmt: skip


@pytest.mark.parametrize(("now", "traces", "outside", "reuse", "because"), CASES)
def test_the_decision_and_its_reason(
    now: dict[str, Any],
    traces: dict[str, Any],
    outside: dict[str, str],
    reuse: Reuse,
    because: str,
) -> None:
    before = BuildRecord(inputs=INPUTS, traces=replace(TRACES, **traces))
    found = decide(before, replace(INPUTS, **now), outside={**OUTSIDE, **outside})
    assert found.reuse is reuse, found
    assert because in found.because


def test_without_a_record_nothing_is_reused() -> None:
    assert decide(None, INPUTS, outside={}).reuse is Reuse.CLEAN


def test_an_edit_older_than_the_build_reuses_nothing() -> None:
    late = replace(
        INPUTS, sources={**SOURCES, "src/main.c": stamp("2", when=BUILT - 1)}
    )
    assert (
        decide(BuildRecord(inputs=INPUTS, traces=TRACES), late, outside=OUTSIDE).reuse
        is Reuse.CLEAN
    )
