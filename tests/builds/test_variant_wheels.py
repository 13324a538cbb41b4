"""Wheel variants, built and judged with real compilers, and chosen by an installer that knows them."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import hooks, needs
from support.paths import TOOLS
from support.programs import run
from support.shop import Shop
from truewheel.cli import main
from truewheel.system.wheels.reading import read_wheel

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64" or sys.platform != "linux",
    reason="levels of x86-64 stand in ELF files",
)

TABLE = """
[variant.default-priorities]
namespace = ["x86_64"]
[variant.providers.x86_64]
requires = ["x86-64-variant-provider"]
"""
V3 = {
    "truewheel.variant": "x86_64 :: level :: v3",
    "truewheel.variant-label": "x86_64_v3",
}
NULL = {"truewheel.variant-label": "null"}
OPTIONS = 'if("x86_64::level::v3" IN_LIST TRUEWHEEL_VARIANT)\n  add_compile_options({})\nendif()\nfind_package('


@pytest.fixture(autouse=True)
def _gcc() -> None:
    """Need a GCC that notes which CPU level its code is for."""
    version = subprocess.check_output([needs.program("gcc"), "-dumpversion"], text=True)
    if int(version.split(".")[0]) < 11:
        needs.missing("GCC 11 or newer")


def project(place: Path, options: str, *, head: str = "") -> Path:
    """Make a module that is compiled with ``options`` (as CMake has them) when the variant for v3 is built."""
    cmake = hooks.CMAKE.replace("find_package(", OPTIONS.format(options), 1)
    cmake = cmake.replace("LANGUAGES C)", f"LANGUAGES C)\n{head}", 1)
    return hooks.project(place, pyproject=TABLE, cmake=cmake)


def build(
    source: Path, settings: dict[str, str], *, product: str = "wheel", **environ: str
) -> Path:
    """Build, and return the path of the product."""
    out = source.parent / "out"
    return out / hooks.result(
        hooks.hook(source, f"build_{product}", out, settings, environ=environ)
    )


def refusal(
    source: Path, settings: dict[str, str], status: int = 1, **environ: str
) -> str:
    """Return the errors of a build that must fail and leave no wheel."""
    out = source.parent / "out"
    told = hooks.hook(source, "build_wheel", out, settings, environ=environ)
    assert told.returncode == status, told.stderr
    assert "Traceback" not in told.stderr
    assert not list(out.glob("*.whl"))
    return told.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs.program("gcc")
    return build(
        project(tmp_path_factory.mktemp("v3"), "-march=x86-64-v3"),
        {**V3, "truewheel.tag": "native"},
    )


@pytest.fixture
def plain(made: Path, tmp_path: Path) -> Path:
    """A variant for v3 with a plain platform tag."""
    return Path(shutil.copy(made, tmp_path))


def test_a_variant_is_named_in_the_file_name_and_described_in_variant_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = build(project(tmp_path, "-march=x86-64-v3"), V3)
    assert re.fullmatch(
        r"pkg-1\.0-cp3\d+-cp3\d+-manylinux_\w+(\.\w+)*-x86_64_v3\.whl", wheel.name
    )
    facts = read_wheel(wheel)
    assert json.loads(facts.texts["variant.json"])["variants"] == {
        "x86_64_v3": {"x86_64": {"level": ["v3"]}}
    }
    assert main(["show", str(wheel)]) == 0
    said = capsys.readouterr().out
    assert "  variant: x86_64_v3 (x86_64 :: level :: v3)" in said
    assert "  floor: isa x86-64-v3\n    pkg/_m.cpython-3" in said
    assert main(["check", "--json", str(wheel)]) == 0
    (document,) = json.loads(capsys.readouterr().out)["wheels"]
    assert document["true"] is True
    assert document["variant"] == {
        "label": "x86_64_v3",
        "properties": ["x86_64 :: level :: v3"],
    }
    assert [f["code"] for f in document["findings"]] == ["TW537"]


def test_an_ordinary_wheel_has_no_variant_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = build(project(tmp_path, "-march=x86-64-v3"), {})
    assert "variant.json" not in read_wheel(wheel).texts
    assert main(["check", "--json", "--strict", str(wheel)]) == 0
    assert json.loads(capsys.readouterr().out)["wheels"][0]["variant"] is None


@pytest.mark.parametrize(
    "head", ["", "set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)"], ids=["plain", "lto"]
)
def test_a_level_that_is_too_low_fails_the_build_and_names_the_file(
    tmp_path: Path, head: str
) -> None:
    """Also where the compiler puts off its work until it links: GCC would then note its own defaults."""
    said = refusal(project(tmp_path, "-march=x86-64-v4", head=head), V3)
    assert re.search(
        r"error TW318: pkg/_m\.cpython-3\S+: needs more of the CPU than the variant x86_64_v3",
        said,
    )
    assert "its notes say that it needs x86-64-v4" in said
    assert "truewheel explain TW318" in said


def test_a_null_variant_may_need_no_more_than_the_baseline(tmp_path: Path) -> None:
    source = project(tmp_path, "-O2")
    assert build(source, NULL).name.endswith("-null.whl")
    for wheel in (tmp_path / "out").iterdir():
        wheel.unlink()
    said = refusal(source, NULL, CFLAGS="-march=x86-64-v2 -mneeded")
    assert "TW318" in said
    assert "null (no properties) promises no more than the baseline" in said


def test_without_a_label_code_above_the_baseline_is_refused(tmp_path: Path) -> None:
    """``manylinux_…_x86_64`` promises every x86-64 CPU; the same file under a label that says more keeps that tag."""
    source, newer = project(tmp_path, "-O2"), {"CFLAGS": "-march=x86-64-v3 -mneeded"}
    said = refusal(source, {"truewheel.tag": "manylinux_2_28"}, **newer)
    assert (
        "its notes say that it needs x86-64-v3; manylinux_2_28 promises the baseline x86-64 only"
        in said
    )
    assert (
        "-manylinux_2_28_x86_64"
        in build(source, {**V3, "truewheel.tag": "manylinux_2_28"}, **newer).name
    )


def test_code_that_is_chosen_at_run_time_does_not_count(tmp_path: Path) -> None:
    source = project(tmp_path, "-march=x86-64-v3")
    cmake = (
        (source / "CMakeLists.txt")
        .read_text()
        .replace("WITH_SOABI m.c", "WITH_SOABI m.c newer.c")
    )
    (source / "newer.c").write_text("int newer(void) { return 4; }\n")
    newer = 'set_source_files_properties(newer.c PROPERTIES COMPILE_OPTIONS "{}")\n'
    (source / "CMakeLists.txt").write_text(cmake + newer.format("-march=x86-64-v4"))
    assert "TW318" in refusal(source, V3)
    (source / "CMakeLists.txt").write_text(
        cmake + newer.format("-march=x86-64-v4;-mno-needed")
    )
    assert build(source, V3).name.endswith("-x86_64_v3.whl")


def test_a_level_that_nothing_needs_is_warned_about(tmp_path: Path) -> None:
    run_ = hooks.hook(project(tmp_path, "-O2"), "build_wheel", tmp_path / "out", V3)
    assert hooks.result(run_).endswith("-x86_64_v3.whl")
    assert "warning TW319: x86_64_v3" in run_.stderr
    assert "its notes say that it needs x86-64-baseline" in run_.stderr


def test_a_level_that_cannot_be_checked_is_refused(tmp_path: Path) -> None:
    """clang leaves no notes; a linker that is told the level does."""
    clang = needs.program("clang-16")
    source = project(tmp_path, "-march=x86-64-v3")
    assert "error TW320: pkg/_m.cpython-3" in refusal(source, V3, CC=clang)
    assert build(source, V3, CC=clang, LDFLAGS="-Wl,-z,x86-64-v3").name.endswith(
        "-x86_64_v3.whl"
    )


def test_a_variant_leaves_nothing_behind_for_the_next_build(tmp_path: Path) -> None:
    """Warm builds: one tree serves all, one after the other."""
    source = project(tmp_path, "-march=x86-64-v3")
    first = build(source, {}).read_bytes()
    variant = build(source, V3)
    assert build(source, V3).read_bytes() == variant.read_bytes()
    assert build(source, {}).read_bytes() == first


def test_an_editable_install_is_never_a_variant(tmp_path: Path) -> None:
    wheel = build(project(tmp_path, "-O2"), V3, product="editable")
    assert not wheel.name.endswith("-x86_64_v3.whl")
    assert "variant.json" not in read_wheel(wheel).texts


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"truewheel.variant": "x86_64 :: level"},
            "truewheel.variant: 'x86_64 :: level' is not a valid property",
        ),
        (
            {"truewheel.variant": "x86_64 :: level :: v3"},
            "truewheel.variant-label: is missing",
        ),
        (
            {**V3, "truewheel.variant-label": "x86-64"},
            "truewheel.variant-label: 'x86-64' is not a valid label",
        ),
        (
            {**V3, "truewheel.variant": "nvidia :: sm_arch :: 120"},
            "variant.providers: has none for nvidia",
        ),
    ],
)
def test_mistakes_in_variant_settings_stop_the_build(
    tmp_path: Path, settings: dict[str, str], told: str
) -> None:
    assert told in refusal(project(tmp_path, "-O2"), settings, status=2)


def test_a_project_may_not_write_variant_json_itself(tmp_path: Path) -> None:
    cmake = hooks.CMAKE + 'file(WRITE "${SKBUILD_METADATA_DIR}/variant.json" "{}")\n'
    assert "variant.json: was put into SKBUILD_METADATA_DIR" in refusal(
        hooks.project(tmp_path, cmake=cmake), {}, 2
    )


# --- wheels on disk ---------------------------------------------------------------------------------------------


def renamed(wheel: Path, old: str, new: str) -> Path:
    """Give the wheel another name."""
    return wheel.rename(wheel.with_name(wheel.name.replace(old, new)))


def test_tag_keeps_the_label_and_cures_the_tag(
    plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plain.name.endswith("-linux_x86_64-x86_64_v3.whl")
    assert main(["tag", str(plain), "-o", str(tmp_path / "tagged")]) == 0
    (made,) = (tmp_path / "tagged").iterdir()
    assert re.search(r"-manylinux_2_\d+_x86_64[\w.]*-x86_64_v3\.whl$", made.name)
    assert read_wheel(made).texts == read_wheel(plain).texts
    assert main(["check", "--strict", "--ignore", "TW537", str(made)]) == 0
    assert f"{made.name}: ok" in capsys.readouterr().out


def test_a_label_cannot_be_changed_by_renaming(
    plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = renamed(plain, "-x86_64_v3.whl", "-x86_64_v2.whl")
    assert main(["check", "--ignore", "TW", str(wheel)]) == 1
    assert "TW536" in capsys.readouterr().out
    assert main(["tag", str(wheel), "-o", str(tmp_path / "tagged")]) == 1
    assert (
        "describes x86_64_v3; the file name says x86_64_v2" in capsys.readouterr().err
    )
    assert not (tmp_path / "tagged").exists()
    wheel = renamed(wheel, "-x86_64_v2.whl", ".whl")
    assert main(["check", str(wheel)]) == 1
    assert "the file name has no label" in capsys.readouterr().out


def rewritten(wheel: Path, old: bytes, new: bytes) -> Path:
    """Return a copy of the wheel with another ``variant.json``, and a RECORD that knows it."""
    with zipfile.ZipFile(wheel) as archive:
        files = {member.filename: archive.read(member) for member in archive.infolist()}
    name = next(name for name in files if name.endswith("/variant.json"))
    home = name.partition("/")[0]
    files[name] = files[name].replace(old, new)
    digest = (
        urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=").decode()
    )
    rows = files.pop(f"{home}/RECORD").decode().splitlines()
    kept = [row for row in rows if not row.startswith(name)]
    kept.append(f"{name},sha256={digest},{len(files[name])}")
    made = wheel.parent / "rewritten" / wheel.name
    made.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in {
            **files,
            f"{home}/RECORD": "\n".join(kept).encode(),
        }.items():
            archive.writestr(path, content)
    return made


def test_check_sees_an_untrue_label(
    plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = rewritten(plain, b'"v3"', b'"v2"')
    assert main(["check", str(made)]) == 1
    said = capsys.readouterr().out
    assert "error TW318: pkg/_m.cpython-3" in said
    assert "x86_64_v3 (x86_64 :: level :: v2) promises x86-64-v2" in said
    assert main(["tag", str(made), "-o", str(tmp_path / "tagged")]) == 1


# --- an installer that knows variants, and the library of those who draft them ----------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]) -> Shop:
    """The example as an ordinary wheel, as null, and for x86-64-v3."""
    needs.program("gcc")
    place = tmp_path_factory.mktemp("variants")
    shop = Shop("cpu-variants", place / "shop", environ)
    for settings in ({}, NULL, V3):
        shop.build("--wheel", *(f"-C{key}={value}" for key, value in settings.items()))
    return shop


def expected() -> Iterator[str]:
    """Yield the levels that this CPU can run, the best first."""
    flags = set(Path("/proc/cpuinfo").read_text().split())
    if {"avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"} <= flags:
        yield "x86-64-v3"
    yield "baseline"


@pytest.mark.network
@pytest.mark.slow
def test_variantlib_reads_what_was_written(shop: Shop) -> None:
    from variantlib.variant_dist_info import (
        VariantDistInfo,
    )  # a second opinion, of the test group

    found = {}
    for wheel in sorted(shop.out.glob("*.whl")):
        label = read_wheel(wheel).contents.variant
        if label is not None:
            text = read_wheel(wheel).texts["variant.json"]
            read = VariantDistInfo(text, label.label)
            found[label.label] = [p.to_str() for p in read.variant_desc.properties]
    assert found == {"null": [], "x86_64_v3": ["x86_64 :: level :: v3"]}


def variants_of_the_release(shop: Shop) -> dict[str, object]:
    """Return what an index has beside the wheels of a release: the ``variant.json`` of all of them as one."""
    whole: dict[str, object] = {}
    variants: dict[str, object] = {}
    for wheel in sorted(shop.out.glob("*.whl")):
        document = json.loads(read_wheel(wheel).texts.get("variant.json", "{}"))
        variants.update(document.get("variants", {}))
        whole = whole or document
    return {**whole, "variants": variants}


@pytest.mark.network
@pytest.mark.slow
def test_an_installer_chooses_the_variant_that_the_cpu_can_run(shop: Shop) -> None:
    for wheel in shop.out.glob("*.whl"):
        command = (
            sys.executable,
            "-m",
            "truewheel",
            "check",
            "--strict",
            "--ignore",
            "TW537",
            wheel,
        )
        run(
            *command,
            cwd=shop.place,
            environ={**shop.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    (shop.out / "example_cpu_variants-1.0.0-variants.json").write_text(
        json.dumps(variants_of_the_release(shop))
    )
    python = shop.python(shop.example.python, "pytest")
    preview = (
        TOOLS / "uv",
        "--preview-features",
        "wheel-variants",
        "pip",
        "install",
        "-p",
        python,
        "--no-index",
    )
    said = run(
        *preview,
        "--find-links",
        shop.out,
        "example-cpu-variants",
        cwd=shop.place,
        environ=shop.environ,
    )
    if "Unknown preview feature" in said:
        pytest.skip("this uv knows nothing of variants, or calls them otherwise by now")
    chosen = {**shop.environ, "EXAMPLE_CPU_VARIANTS": next(expected())}
    run(
        python,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests",
        cwd=shop.place,
        environ=chosen,
    )


@pytest.mark.network
@pytest.mark.slow
def test_installers_that_know_no_variants_take_the_ordinary_wheel(
    shop: Shop, tmp_path: Path
) -> None:
    """pip passes over names that it does not know, and so an index may hold both."""
    given = shop.place / f"python-{shop.example.python}" / "bin" / "python"
    run(
        TOOLS / "uv",
        "venv",
        "-q",
        "--seed",
        "-p",
        given,
        tmp_path / "env",
        cwd=tmp_path,
        environ=shop.environ,
    )
    python = tmp_path / "env" / "bin" / "python"
    command = (
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--find-links",
        shop.out,
        "example-cpu-variants",
    )
    run(*command, cwd=tmp_path, environ=shop.environ)
    script = "import example_cpu_variants as e; print(e.compiled_for)"
    assert (
        run(python, "-c", script, cwd=tmp_path, environ=shop.environ).strip()
        == "baseline"
    )
