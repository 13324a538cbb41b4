"""Labels against ``variant.json``, and levels against what binaries say."""

from __future__ import annotations

import json

import pytest

from support.facts import CP313, binary_file, package, wheel
from truewheel.audit import verdict
from truewheel.checks import variants
from truewheel.model.binary import Binary, ElfSlice, Format, Kind, PeSlice, Slice
from truewheel.model.contents import File, WheelFacts
from truewheel.model.finding import Severity
from truewheel.model.record import replace
from truewheel.model.variants import SCHEMA, Variant, declared

LEVELS = ("x86-64-baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4")
ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def variant(*properties: str, label: str = "") -> Variant:
    found, _ = declared(label or ("some" if properties else "null"), properties, None)
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
def test_levels(
    properties: tuple[str, ...],
    levels: list[int | None],
    built: list[tuple[str, Severity]],
    on_disk: list[tuple[str, Severity]],
) -> None:
    these = package(*(elf(n, f"p/_{i}.so") for i, n in enumerate(levels)), variant=variant(*properties))
    for is_built, wanted in ((True, [*built, ("TW537", WARNING)]), (False, on_disk)):
        found = variants.findings(these, built=is_built)
        assert sorted({(f.code, f.severity) for f in found}, key=str) == wanted


def test_formats_without_a_place_for_levels_are_not_held_to_one() -> None:
    found = variants.findings(package(pe(), variant=variant(V3)), built=True)
    assert [(f.code, f.severity) for f in found] == [("TW537", WARNING), ("TW320", WARNING)]


def test_other_cpus_code_is_not_of_this_kind() -> None:
    arm = File(
        path="p/a.so",
        size=1,
        binary=Binary(format=Format.ELF, slices=(Slice(cpu="aarch64", bits=64, kind=Kind.SHARED),)),
    )
    assert [f.code for f in variants.findings(package(arm, variant=variant(V3)), built=False)] == ["TW319"]


def test_a_wheel_that_is_no_variant_is_none_of_this_matter() -> None:
    assert variants.findings(package(elf(4)), built=True) == ()
    assert variants.floors(package(elf(4))) == ()


def test_an_untrue_level_is_refused_with_file_and_evidence() -> None:
    these = package(elf(4), variant=variant(V3, label="v3"))
    found = verdict.judge(these, verdict.Question(target=CP313))
    (error,) = found.errors
    assert (error.code, error.where) == ("TW318", "p/_m.cpython-313-x86_64-linux-gnu.so")
    assert error.evidence[0].endswith("its notes say that it needs x86-64-v4")
    assert "v3 (x86_64 :: level :: v3) promises x86-64-v3" in error.evidence[1]
    assert found.variant == these.variant


def test_nobody_can_choose_an_untrue_level_away() -> None:
    these = package(elf(4), variant=variant(V3))
    found = verdict.judge(these, verdict.Question(target=CP313, ignore=("TW",)))
    assert [f.code for f in found.errors] == ["TW318"]
    demanded = verdict.judge(these, verdict.Question(target=CP313, demanded=("cp313-cp313-linux_x86_64",)))
    assert "TW318" in [f.code for f in demanded.errors]


def test_a_level_that_is_declared_costs_no_platform() -> None:
    """The same binary: only the plain platform without a variant, manylinux with one."""
    plain = verdict.judge(package(elf(3)), verdict.Question(target=CP313))
    assert plain.platforms == ("linux_x86_64",)
    assert [f.code for f in plain.findings] == ["TW304"]
    found = verdict.judge(package(elf(3), variant=variant(V3)), verdict.Question(target=CP313))
    assert found.platforms[0].startswith("manylinux_2_")
    assert [str(f.evidence[0]) for f in found.floors if f.text == "x86-64-v3"]


# --- variant.json -----------------------------------------------------------------------------------------------


def document(variants_: object, **more: object) -> str:
    made = {
        "$schema": SCHEMA,
        "default-priorities": {"namespace": ["x86_64"]},
        "providers": {"x86_64": {"requires": ["some-provider"]}},
        "variants": variants_,
    }
    return json.dumps({**made, **more})


def facts(label: str, text: str | None) -> WheelFacts:
    filename = f"p-1-py3-none-any-{label}.whl" if label else "p-1-py3-none-any.whl"
    made = wheel(filename=filename, texts={} if text is None else {"variant.json": text})
    return replace(made, contents=replace(made.contents, variant=Variant(label=label) if label else None))


LEVEL = {"x86_64": {"level": ["v3"]}}


@pytest.mark.parametrize(
    ("label", "text", "codes"),
    [
        ("", None, []),
        ("v3", document({"v3": LEVEL}), ["TW537"]),
        ("null", document({"null": {}}), ["TW537"]),
        ("v3", None, ["TW535"]),
        ("v3", "no JSON", ["TW535"]),
        ("v3", document({"v3": {"x86_64": {"level": "v3"}}}), ["TW535", "TW537"]),
        ("v3", document({"v3": LEVEL}, **{"$schema": 3}), ["TW535"]),
        ("v3", document({"v2": LEVEL}), ["TW536", "TW537"]),
        ("v3", document({"v3": LEVEL, "null": {}}), ["TW536", "TW537"]),
        ("", document({"v3": LEVEL}), ["TW536", "TW537"]),
        ("null", document({"null": LEVEL}), ["TW536", "TW537"]),
        ("v3", document({"v3": {}}), ["TW536", "TW537"]),
        ("v3", document({"v3": LEVEL}, **{"$schema": "https://x/v0.9.0.json", "providers": 1}), ["TW537"]),
        ("v3", document({"v3": LEVEL}, **{"$schema": "https://x/v1.0.0.json", "providers": 1}), ["TW537"]),
        ("v3", document({}), ["TW536", "TW537"]),
    ],
)  # fmt: skip
def test_label_and_document(label: str, text: str | None, codes: list[str]) -> None:
    found = variants.described(facts(label, text))
    assert [f.code for f in found] == codes
    assert all((f.code == "TW537") == (f.severity is WARNING) for f in found)


def test_unknown_versions_are_told_apart_from_drafts() -> None:
    for version, words in (("0.1.0", "a draft's"), ("0.9.0", "a draft's"), ("1.0.0", "not known here")):
        text = document({"v3": LEVEL}, **{"$schema": f"https://x/v{version}.json"})
        (finding,) = variants.described(facts("v3", text))
        assert words in finding.message


def test_no_name_cures_a_wrong_label() -> None:
    checked = verdict.check(facts("v3", document({"v2": LEVEL})))
    assert not checked.is_true
    assert [f.code for f in checked.incurable] == ["TW536"]
    assert not verdict.check(facts("v3", None), ignore=("TW535",)).passes()
