"""The Linux judge on hand-made facts: levels, floors with their evidence, objections, findings."""

from __future__ import annotations

import pytest

from support.audits import best_of, expanded, violations_of
from support.facts import binary_file, contents
from support.slices import linux
from truewheel.audit.linkage import audit_of
from truewheel.model.binary import (
    Binary,
    ElfSlice,
    Format,
    Kind,
    Need,
    SearchPath,
    Symbol,
)
from truewheel.model.contents import File
from truewheel.model.record import replace
from truewheel.model.tags import ANY, NEVER
from truewheel.platforms import PLATFORMS
from truewheel.platforms.linux import LINUX
from truewheel.platforms.linux.policy import level_of_library, level_of_version, lowest


def piece(*needs: Need, cpu: str = "x86_64", **more: object) -> ElfSlice:
    more.setdefault("executable_stack", False)
    return ElfSlice(cpu=cpu, bits=64, kind=Kind.SHARED, machine=62, needs=needs, **more)  # type: ignore[arg-type]


def libc(*versions: str, **more: object) -> ElfSlice:
    symbols = tuple(
        Symbol(name="f" + v[-2:], version=v, library="libc.so.6") for v in versions
    )
    return piece(Need(library="libc.so.6", versions=versions), imports=symbols, **more)


@pytest.mark.parametrize(
    ("versions", "tags"),
    [
        (["GLIBC_2.2.5"], ("manylinux_2_5_x86_64", "manylinux1_x86_64")),
        (
            ["GLIBC_2.2.5", "GLIBC_2.12"],
            ("manylinux_2_12_x86_64", "manylinux2010_x86_64"),
        ),
        (["GLIBC_2.17"], ("manylinux_2_17_x86_64", "manylinux2014_x86_64")),
        (["GLIBC_2.14"], ("manylinux_2_14_x86_64", "manylinux2014_x86_64")),
        (["GLIBC_2.29"], ("manylinux_2_29_x86_64",)),
        (["GLIBC_2.34", "GLIBC_2.2.5"], ("manylinux_2_34_x86_64",)),
        (["GLIBC_2.77"], ("manylinux_2_77_x86_64",)),
        (["GLIBC_ABI_DT_RELR"], ("manylinux_2_36_x86_64",)),
    ],
)
def test_glibc_levels(versions: list[str], tags: tuple[str, ...]) -> None:
    assert best_of(LINUX, contents(m=libc(*versions))).tags == tags


@pytest.mark.parametrize(
    ("cpu", "tag"),
    [("aarch64", "manylinux_2_17_aarch64"), ("riscv64", "manylinux_2_31_riscv64"), ("loongarch64", "manylinux_2_36_loongarch64"),
     ("s390x", "manylinux_2_17_s390x"), ("armv7l", "manylinux_2_17_armv7l"), ("i686", "manylinux_2_5_i686")],
)  # fmt: skip
def test_every_cpu_has_its_lowest_level(cpu: str, tag: str) -> None:
    abi = {"riscv64": "double", "loongarch64": "double"}.get(cpu)
    assert (
        best_of(LINUX, contents(m=libc("GLIBC_2.2", cpu=cpu, float_abi=abi))).tags[0]
        == tag
    )


def test_the_floor_names_file_library_symbol_and_version() -> None:
    ruling = best_of(
        LINUX,
        contents(a=libc("GLIBC_2.17"), b=libc("GLIBC_2.34"), c=libc("GLIBC_2.34")),
    )
    floor = ruling.floors[0]
    assert (floor.of, floor.text) == ("glibc", "2.34")
    assert [(e.file, e.library, e.symbol, e.version) for e in floor.evidence] == [
        ("b.so", "libc.so.6", "f34", "GLIBC_2.34"),
        ("c.so", "libc.so.6", "f34", "GLIBC_2.34"),
    ]


def test_cxx_symbols_may_decide() -> None:
    cxx = piece(
        Need(library="libstdc++.so.6", versions=("GLIBCXX_3.4.29",)),
        Need(library="libc.so.6", versions=("GLIBC_2.17",)),
    )
    ruling = best_of(LINUX, contents(m=cxx))
    assert ruling.tags[0] == "manylinux_2_34_x86_64"
    assert ruling.floors[0].of == "GLIBCXX"


def test_the_c_library_counts_whatever_is_excluded() -> None:
    found = piece(
        Need(library="libstdc++.so.6", versions=("GLIBCXX_3.4.30",)),
        Need(library="libx.so.1"),
        Need(library="libm.so.6", versions=("GLIBC_2.29",)),
        Need(library="libc.so.6", versions=("GLIBC_2.34", "GLIBC_2.2.5")),
    )
    (part,) = audit_of(contents(m=found), exclude=("*",)).platforms
    asked = {(one.of, one.evidence.library) for one in part.requirements}
    assert asked == {("glibc", "libm.so.6"), ("glibc", "libc.so.6")}
    assert max(one.level for one in part.requirements) == (2, 34)


def test_versions_of_a_bundled_library_count_unless_a_search_path_leads_to_it() -> None:
    own = piece(name="libstdc++.so.6")
    needs = (
        Need(library="libstdc++.so.6", versions=("GLIBCXX_3.4.30",)),
        Need(library="libc.so.6", versions=("GLIBC_2.17",)),
    )
    found = piece(*needs, search_paths=(SearchPath(path="$ORIGIN", kind="RUNPATH"),))
    assert (
        best_of(LINUX, contents(p__m=found, p__lib=own)).tags[0]
        == "manylinux_2_17_x86_64"
    )
    # The loader would take the system's.
    assert (
        best_of(LINUX, contents(p__m=piece(*needs), p__lib=own)).tags[0]
        == "manylinux_2_35_x86_64"
    )


def test_versions_of_the_loader_count() -> None:
    needs = (
        Need(library="ld-linux-x86-64.so.2", versions=("GLIBC_2.35",)),
        Need(library="libc.so.6", versions=("GLIBC_2.17",)),
    )
    assert best_of(LINUX, contents(m=piece(*needs))).tags[0] == "manylinux_2_35_x86_64"


def test_levels_below_the_lowest_named_one_are_honest_claims() -> None:
    built = contents(m=libc("GLIBC_2.27", cpu="riscv64", float_abi="double"))
    assert violations_of(LINUX, built, "manylinux_2_27_riscv64") == ()
    assert (
        violations_of(
            LINUX,
            contents(m=libc("GLIBC_2.29", cpu="riscv64", float_abi="double")),
            "manylinux_2_27_riscv64",
        )
        != ()
    )


def test_a_cpu_without_levels_gets_the_plain_tag_and_no_blame() -> None:
    ruling = best_of(
        LINUX, contents(m=libc("GLIBC_2.17", cpu="armv6l", float_abi="hard"))
    )
    assert (ruling.tags, ruling.findings) == (("linux_armv6l",), ())


def test_versions_newer_than_the_table_are_called_so() -> None:
    ruling = best_of(
        LINUX,
        contents(m=piece(Need(library="libstdc++.so.6", versions=("GLIBCXX_9.9",)))),
    )
    assert ruling.tags == ("linux_x86_64",)
    assert "newer than every level" in ruling.findings[0].message


def test_unknown_library_leaves_the_plain_tag() -> None:
    built = contents(
        m=piece(
            Need(library="libfoo.so.1"),
            Need(library="libc.so.6", versions=("GLIBC_2.17",)),
        )
    )
    ruling = best_of(LINUX, built)
    assert ruling.tags == ("linux_x86_64",)
    (finding,) = [f for f in ruling.findings if f.code == "TW201"]
    assert "libfoo.so.1" in finding.message
    assert "m.so needs libfoo.so.1" in finding.evidence
    assert (
        best_of(LINUX, built, exclude=("libfoo.*",)).tags[0] == "manylinux_2_17_x86_64"
    )


def test_libpython_is_named_as_such() -> None:
    ruling = best_of(LINUX, contents(m=piece(Need(library="libpython3.12.so.1.0"))))
    assert [f.code for f in ruling.findings] == ["TW203"]
    assert "Development.Module" in str(ruling.findings[0].hint)


def test_private_symbols() -> None:
    def uses(symbol: str, *, weak: bool = False) -> ElfSlice:
        needed = Need(library="libc.so.6", versions=("GLIBC_2.17",))
        return piece(needed, imports=(Symbol(name=symbol, weak=weak),))

    ruling = best_of(LINUX, contents(m=uses("__cxa_thread_atexit_impl")))
    assert ruling.tags[0] == "manylinux_2_24_x86_64"
    assert ruling.floors[0].evidence[0].symbol == "__cxa_thread_atexit_impl"
    assert (
        best_of(LINUX, contents(m=uses("__cxa_thread_atexit_impl", weak=True))).tags[0]
        == "manylinux_2_17_x86_64"
    )


def test_private_version() -> None:
    ruling = best_of(LINUX, contents(m=libc("GLIBC_PRIVATE")))
    assert ruling.tags == ("linux_x86_64",)
    assert [f.code for f in ruling.findings] == ["TW206"]


def test_isa_level() -> None:
    ruling = best_of(
        LINUX,
        contents(m=libc("GLIBC_2.17", isa_needed=("x86-64-baseline", "x86-64-v3"))),
    )
    assert ruling.tags == ("linux_x86_64",)
    assert [f.code for f in ruling.findings] == ["TW304"]


def test_musl() -> None:
    musl = piece(Need(library="libc.musl-x86_64.so.1"))
    assert best_of(LINUX, contents(m=musl)).tags == ("musllinux_1_2_x86_64",)
    assert (
        violations_of(LINUX, contents(m=musl), "manylinux_2_17_x86_64")[0].evidence.fact
        == "it is linked with musl"
    )
    new = piece(Need(library="libc.musl-x86_64.so.1"), imports=(Symbol(name="_Fork"),))
    assert [
        o.allows for o in violations_of(LINUX, contents(m=new), "musllinux_1_1_x86_64")
    ] == ["musllinux_1_1 has musl 1.1"]
    assert violations_of(LINUX, contents(m=new), "musllinux_1_2_x86_64") == ()
    time64 = piece(
        Need(library="libc.musl-i386.so.1"),
        cpu="i686",
        imports=(Symbol(name="__stat_time64"),),
    )
    assert (
        violations_of(LINUX, contents(m=time64), "musllinux_1_1_i686")[0].evidence.fact
        == "new in musl 1.2.0"
    )
    cxx = piece(Need(library="libc.musl-x86_64.so.1"), Need(library="libstdc++.so.6"))
    assert best_of(LINUX, contents(m=cxx)).tags == ("linux_x86_64",)


RELR = {"packed_relocations": ("DT_RELR",)}


def test_packed_relative_relocations_need_a_libc_that_applies_them() -> None:
    """Though no version asks for it: linkers require one of glibc alone, and only of files that link with its libc."""
    ruling = best_of(LINUX, contents(m=libc("GLIBC_2.17", **RELR)))
    assert ruling.tags == ("manylinux_2_36_x86_64",)
    (floor,) = ruling.floors
    assert [
        (floor.of, floor.text, str(e).partition(",")[0]) for e in floor.evidence
    ] == [("glibc", "2.36", "m.so: DT_RELR is set: packed relative relocations")]
    (objection,) = violations_of(
        LINUX, contents(m=piece(**RELR)), "manylinux_2_28_x86_64"
    )
    assert "DT_RELR is set" in str(objection.evidence)
    assert objection.allows == "manylinux_2_28 has glibc 2.28"
    assert not violations_of(LINUX, contents(m=piece(**RELR)), "manylinux_2_36_x86_64")


def test_packed_relative_relocations_are_told_once() -> None:
    (floor,) = best_of(LINUX, contents(m=libc("GLIBC_ABI_DT_RELR", **RELR))).floors
    assert [e.version for e in floor.evidence] == ["GLIBC_ABI_DT_RELR"]
    assert (
        len(
            violations_of(
                LINUX,
                contents(m=libc("GLIBC_ABI_DT_RELR", **RELR)),
                "manylinux_2_17_x86_64",
            )
        )
        == 1
    )


def test_packed_relative_relocations_with_musl() -> None:
    """No tag tells 1.2.4 from 1.2, so that is left to the floor."""
    musl = contents(m=piece(Need(library="libc.musl-x86_64.so.1"), **RELR))
    assert best_of(LINUX, musl).tags == ("musllinux_1_2_x86_64",)
    assert [(f.of, f.text) for f in best_of(LINUX, musl).floors] == [("musl", "1.2.4")]
    (objection,) = violations_of(LINUX, musl, "musllinux_1_1_x86_64")
    assert "which musl applies since 1.2.4" in str(objection.evidence)
    assert violations_of(LINUX, musl, "musllinux_1_2_x86_64") == ()


def test_static_programs_relocate_themselves() -> None:
    static = replace(piece(**RELR), kind=Kind.EXECUTABLE)
    assert best_of(LINUX, contents(m=static)).tags[0] == "manylinux_2_5_x86_64"
    dynamic = replace(static, interpreter="/lib64/ld-linux-x86-64.so.2")
    assert best_of(LINUX, contents(m=dynamic)).tags == ("manylinux_2_36_x86_64",)


def test_mixtures() -> None:
    both = best_of(
        LINUX,
        contents(a=libc("GLIBC_2.17"), b=piece(Need(library="libc.musl-x86_64.so.1"))),
    )
    assert (both.tags, [f.code for f in both.findings]) == (
        ("linux_x86_64",),
        ["TW308"],
    )
    cpus = best_of(
        LINUX, contents(a=libc("GLIBC_2.17"), b=libc("GLIBC_2.17", cpu="aarch64"))
    )
    assert "TW306" in [f.code for f in cpus.findings]


def test_objections_say_what_the_level_has_instead() -> None:
    (objection,) = violations_of(
        LINUX, contents(m=libc("GLIBC_2.34")), "manylinux_2_17_x86_64"
    )
    assert str(objection.evidence) == "m.so needs f34@GLIBC_2.34 of libc.so.6"
    assert objection.allows == "manylinux_2_17 has glibc 2.17"
    assert (
        violations_of(LINUX, contents(m=libc("GLIBC_2.34")), "manylinux_2_34_x86_64")
        == ()
    )
    assert violations_of(LINUX, contents(m=libc("GLIBC_2.34")), "linux_x86_64") == ()
    (other,) = violations_of(
        LINUX, contents(m=libc("GLIBC_2.17")), "manylinux2014_aarch64"
    )
    assert other.evidence.fact == "it is code for x86_64"


def test_paths() -> None:
    def with_path(path: str) -> list[str]:
        search = (SearchPath(path=path, kind="RUNPATH"),)
        return [
            f.code
            for f in best_of(
                LINUX, contents(m=libc("GLIBC_2.17", search_paths=search))
            ).findings
        ]

    assert with_path("$ORIGIN/../p.libs") == []
    assert with_path("/opt/lib") == ["TW204"]
    assert with_path("/tmp/build/lib") == ["TW205"]


def test_a_library_that_only_newer_levels_have_is_a_floor_of_theirs() -> None:
    (floor, *_) = best_of(LINUX, contents(m=piece(Need(library="libmvec.so.1")))).floors
    assert (floor.of, floor.text, str(floor.evidence[0])) == (
        "manylinux",
        "2.24",
        "m.so needs libmvec.so.1",
    )


def test_unreachable_bundled_library() -> None:
    module = piece(Need(library="libx.so"), Need(library="libc.so.6"))
    found = best_of(LINUX, contents(p__m=module, p__libs__libx=piece(name="libx.so")))
    assert [f.code for f in found.findings] == ["TW202"]
    reached = piece(
        Need(library="libx.so"),
        search_paths=(SearchPath(path="$ORIGIN/libs", kind="RUNPATH"),),
    )
    assert (
        best_of(
            LINUX, contents(p__m=reached, p__libs__libx=piece(name="libx.so"))
        ).findings
        == ()
    )


@pytest.mark.parametrize(
    ("path", "library", "search", "found"),
    [
        ("m", "libx", "$ORIGIN", True), ("m", "p-1.data/platlib/libx", "$ORIGIN", True), ("m", "p-1.data/purelib/p.libs/libx", "$ORIGIN/p.libs", True),
        ("p-1.data/scripts/m", "p-1.data/data/lib/libx", "$ORIGIN/../lib", True), ("m", "p-1.data/data/libx", "$ORIGIN", False),
        ("m", "p/libx", "$ORIGIN", False),
    ],
)  # fmt: skip
def test_libraries_are_looked_for_where_they_are_installed(
    path: str, library: str, search: str, found: bool
) -> None:
    module = piece(
        Need(library="libx.so"), search_paths=(SearchPath(path=search, kind="RUNPATH"),)
    )
    files = tuple(
        File(path=f"{name}.so", size=1, binary=Binary(format=Format.ELF, slices=(s,)))
        for name, s in ((path, module), (library, piece(name="libx.so")))
    )
    ruling = best_of(LINUX, contents(*files))
    assert [f.code for f in ruling.findings] == ([] if found else ["TW202"])


@pytest.mark.parametrize(
    ("more", "code"),
    [({"executable_stack": True}, "TW303"), ({"executable_stack": None}, "TW303"), ({"text_relocations": True}, "TW310"), ({"cpu": "riscv64", "float_abi": "soft"}, "TW314"),
     ({"cpu": "ppc64le", "ppc_abi": 1}, "TW314")],
)  # fmt: skip
def test_other_findings(more: dict[str, object], code: str) -> None:
    assert code in [
        f.code for f in best_of(LINUX, contents(m=libc("GLIBC_2.17", **more))).findings
    ]


@pytest.mark.parametrize(
    ("promise", "tag"),
    [("manylinux_2_17", "manylinux_2_17_x86_64"), ("manylinux2014", "manylinux2014_x86_64"), ("linux", "linux_x86_64"),
     ("musllinux_1_2_aarch64", "musllinux_1_2_aarch64"), ("win_amd64", "win_amd64")],
)  # fmt: skip
def test_promises_are_completed(promise: str, tag: str) -> None:
    assert expanded(LINUX, promise, contents(m=libc("GLIBC_2.17"))) == tag


def test_laws_of_levels() -> None:
    for cpu in ("x86_64", "aarch64", "s390x"):
        levels = [level_of_version(cpu, f"GLIBC_2.{n}") for n in range(2, 60)]
        assert levels == sorted(levels, key=lambda level: level or NEVER)
        assert level_of_version(cpu, "GCC_3.0") == ANY
        assert lowest(cpu) < NEVER
    assert level_of_version("x86_64", "OPENSSL_3.0.0") is None
    assert level_of_version("x86_64", "GLIBCXX_9.9") == NEVER
    assert level_of_library("x86_64", "libnone.so") == NEVER


def test_each_tag_that_is_made_is_understood_and_held() -> None:
    for version in ("GLIBC_2.5", "GLIBC_2.14", "GLIBC_2.17", "GLIBC_2.39"):
        built = contents(m=libc(version))
        for tag in best_of(LINUX, built).tags:
            assert LINUX.parse_tag(tag)
            assert violations_of(LINUX, built, tag) == ()
    assert len({p.family for p in PLATFORMS}) == len(PLATFORMS)


def test_androids_files_are_not_linuxs() -> None:
    bionic = piece(Need(library="libc.so", versions=("LIBC",)))
    assert not LINUX.owns(Format.ELF, bionic)
    assert LINUX.owns(Format.ELF, piece(Need(library="libc.so")))


@pytest.mark.parametrize(
    "tag",
    [
        "manylinux_2_029_x86_64",
        "manylinux_2_1_x86_64",
        "MANYLINUX_2_17_x86_64",
        "manylinux_2_17_",
        "win_amd64",
    ],
)
def test_not_levels(tag: str) -> None:
    assert not LINUX.parse_tag(tag)


@pytest.mark.parametrize(
    ("names", "needed", "kind"),
    [
        (["m.cpython-312-x86_64-linux-musl.so"], (), "musllinux"),
        (["m.cpython-312-arm-linux-musleabihf.so"], (), "musllinux"),
        (["m.cpython-312-x86_64-linux-gnu.so"], (), "manylinux"),
        (["m.abi3.so"], (), "manylinux"),
        # Both names, or another libc in the file: the name proves nothing.
        (
            ["n.cpython-312-x86_64-linux-musl.so", "m.cpython-312-x86_64-linux-gnu.so"],
            (),
            "manylinux",
        ),
        (["m.cpython-312-x86_64-linux-musl.so"], ("libc.so.6",), "manylinux"),
    ],
)
def test_names_of_modules_tell_the_libc_where_no_code_does(
    names: list[str], needed: tuple[str, ...], kind: str
) -> None:
    files = [binary_file(f"p/{name}", linux(*needed)) for name in names]
    (part,) = audit_of(contents(*files)).platforms
    assert part.basis.kind == kind
