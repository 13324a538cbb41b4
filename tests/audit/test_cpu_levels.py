"""Levels of x86 CPUs: what properties promise against what binaries say."""

from __future__ import annotations

import pytest

from support.facts import CP313, binary_file, package
from truewheel.audit import verdict
from truewheel.audit.cpu_levels import check_cpu_levels, cpu_floors
from truewheel.audit.questions import Question
from truewheel.model.binary import Binary, ElfSlice, Format, Kind, PeSlice, Slice
from truewheel.model.contents import File
from truewheel.model.finding import Severity
from truewheel.model.variants import Variant
from truewheel.project_settings.variants import declared_variant

LEVELS = ("x86-64-baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4")


ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def variant(*properties: str, label: str = "") -> Variant:
    found, _ = declared_variant(
        label or ("some" if properties else "null"), properties, None
    )
    assert found is not None
    return found


def elf(level: int | None, name: str = "p/_m.cpython-313-x86_64-linux-gnu.so") -> File:
    """A module whose notes tell all levels up to ``level``; ``None``: that has no such note."""
    made = ElfSlice(
        cpu="x86_64", bits=64, machine=62, kind=Kind.SHARED, exports=frozenset({"PyInit__m"}),
        isa_needed=LEVELS[: level or 0],
    )  # fmt: skip
    return binary_file(name, made)


def pe() -> File:
    made = PeSlice(cpu="x86_64", bits=64, machine=0x8664, kind=Kind.SHARED)
    return binary_file("p/_m.cp313-win_amd64.pyd", made)


V1, V2, V3, V4 = (f"x86_64 :: level :: v{n}" for n in range(1, 5))


MANY = ("x86_64 :: level :: v4", "x86_64 :: level :: v3")


@pytest.mark.parametrize(
    ("properties", "levels", "built", "on_disk"),
    [
        ((V3,), [3], [], []),
        ((V3,), [1, 3], [], []),
        ((V2,), [3], [("TW318", ERROR)], [("TW318", ERROR)]),
        ((), [2], [("TW318", ERROR)], [("TW318", ERROR)]),
        ((), [1], [], []),
        ((), [None], [], []),
        ((V1,), [None], [], []),
        (MANY, [3], [], []),
        (MANY, [4], [("TW318", ERROR)], [("TW318", ERROR)]),
        ((V4,), [3], [("TW319", WARNING)], [("TW319", WARNING)]),
        ((V3,), [], [("TW319", WARNING)], [("TW319", WARNING)]),
        ((V3,), [None], [("TW320", ERROR)], [("TW320", NOTE)]),
        ((V3,), [None, 3], [("TW320", WARNING)], [("TW320", NOTE)]),
        ((V3,), [None, 4], [("TW318", ERROR), ("TW320", WARNING)], [("TW318", ERROR), ("TW320", NOTE)]),
        (("x86_64 :: avx2 :: on",), [3], [("TW320", NOTE)], [("TW320", NOTE)]),
        (("nvidia :: sm_arch :: 120_real", V3), [3], [("TW320", NOTE)], [("TW320", NOTE)]),
        (("nvidia :: sm_arch :: 120_real",), [2], [("TW318", ERROR), ("TW320", NOTE)], [("TW318", ERROR), ("TW320", NOTE)]),
        (("x86_64 :: level :: v9",), [4], [("TW320", NOTE)], [("TW320", NOTE)]),
    ],
)  # fmt: skip
def test_each_way_in_which_levels_and_properties_disagree(
    properties: tuple[str, ...],
    levels: list[int | None],
    built: list[tuple[str, Severity]],
    on_disk: list[tuple[str, Severity]],
) -> None:
    these = package(
        *(elf(n, f"p/_{i}.so") for i, n in enumerate(levels)),
        variant=variant(*properties),
    )
    for is_built, wanted in ((True, built), (False, on_disk)):
        found = check_cpu_levels(these, built=is_built)
        assert sorted({(f.code, f.severity) for f in found}, key=str) == wanted


def test_formats_without_a_place_for_levels_are_not_held_to_one() -> None:
    found = check_cpu_levels(package(pe(), variant=variant(V3)), built=True)
    assert [(f.code, f.severity) for f in found] == [("TW320", WARNING)]


def test_code_for_other_cpus_needs_no_x86_level() -> None:
    arm = File(
        path="p/a.so",
        size=1,
        binary=Binary(
            format=Format.ELF, slices=(Slice(cpu="aarch64", bits=64, kind=Kind.SHARED),)
        ),
    )
    assert [
        f.code for f in check_cpu_levels(package(arm, variant=variant(V3)), built=False)
    ] == ["TW319"]


def test_a_wheel_that_is_not_a_variant_is_not_asked() -> None:
    assert check_cpu_levels(package(elf(4)), built=True) == ()
    assert cpu_floors(package(elf(4))) == ()


def test_an_untrue_level_is_refused_with_file_and_evidence() -> None:
    these = package(elf(4), variant=variant(V3, label="v3"))
    found = verdict.judge(these, Question(target=CP313))
    (error,) = found.errors
    assert (error.code, error.where) == (
        "TW318",
        "p/_m.cpython-313-x86_64-linux-gnu.so",
    )
    assert error.evidence[0].endswith("its notes say that it needs x86-64-v4")
    assert "v3 (x86_64 :: level :: v3) promises x86-64-v3" in error.evidence[1]
    assert found.variant == these.variant


def test_nobody_can_choose_an_untrue_level_away() -> None:
    these = package(elf(4), variant=variant(V3))
    found = verdict.judge(these, Question(target=CP313, ignore=("TW",)))
    assert [f.code for f in found.errors] == ["TW318"]
    demanded = verdict.judge(
        these, Question(target=CP313, forced_tags=("cp313-cp313-linux_x86_64",))
    )
    assert "TW318" in [f.code for f in demanded.errors]


def test_a_declared_level_does_not_cost_the_platform_tag() -> None:
    """The same binary: only the plain platform without a variant, manylinux with one."""
    plain = verdict.judge(package(elf(3)), Question(target=CP313))
    assert plain.platforms == ("linux_x86_64",)
    assert [f.code for f in plain.findings] == ["TW304"]
    found = verdict.judge(package(elf(3), variant=variant(V3)), Question(target=CP313))
    assert found.platforms[0].startswith("manylinux_2_")
    assert [str(f.evidence[0]) for f in found.floors if f.text == "x86-64-v3"]
