"""Several OpenMP runtimes in one process (TW210): on values, on compiled libraries, on published wheels, and what happens then."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support import needs, published
from support.facts import CP313, contents
from support.real_wheels import gcc
from support.slices import linux, mac, windows
from truewheel import formats
from truewheel.audit.findings import findings_of
from truewheel.audit.linkage import audit_of
from truewheel.audit.openmp_runtimes import Vendor, vendor_of
from truewheel.audit.questions import Question
from truewheel.audit.verdict import judge
from truewheel.model.binary import Kind, Slice
from truewheel.model.contents import Contents
from truewheel.model.finding import Finding, Severity
from truewheel.model.neighbours import Neighbour
from truewheel.model.record import replace
from truewheel.system.wheels.reading import read_wheel

GNU = frozenset({"omp_get_num_threads", "GOMP_parallel"})
LLVM = GNU | {"__kmpc_fork_call"}
MICROSOFT = frozenset({"omp_get_num_threads", "_vcomp_fork"})
HERE = "$ORIGIN"


def told(inside: Contents, *neighbours: Neighbour) -> list[Finding]:
    audit = audit_of(inside, neighbours=neighbours)
    found = [one for part in audit.platforms for one in findings_of(part)]
    return [finding for finding in found if finding.code == "TW210"]


def exporting(piece: Slice, names: frozenset[str]) -> Slice:
    return replace(piece, exports=names)


def lib(soname: str, names: frozenset[str]) -> Slice:
    return exporting(linux(name=soname), names)


def user(*names: str) -> Slice:
    return linux(*names, runpath=HERE)


# --- whose runtime it is ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "vendor"),
    [
        (LLVM, Vendor.LLVM),
        (GNU, Vendor.GNU),
        ({"omp_get_num_threads", "GOMP_parallel_start"}, Vendor.GNU),
        (MICROSOFT, Vendor.MICROSOFT),
        # Stubs, and what is called by other names.
        ({"omp_get_num_threads", "omp_get_thread_num"}, None),
        ({"GOMP_parallel", "__kmpc_fork_call"}, None),
        (frozenset(), None),
    ],
)
def test_a_runtime_is_known_by_what_it_exports(
    names: frozenset[str], vendor: Vendor | None
) -> None:
    assert vendor_of(lib("libanything.so", frozenset(names))) is vendor


def test_the_name_of_a_file_says_nothing() -> None:
    piece = lib("libgomp.so.1", frozenset({"f"}))
    other = lib("libomp.so", frozenset({"g"}))
    inside = contents(
        p__m=user("libgomp.so.1", "libomp.so"), p__libgomp=piece, p__libomp=other
    )
    assert told(inside) == []


# --- several in one wheel -----------------------------------------------------------------------------------------


def two(first: frozenset[str], second: frozenset[str]) -> Contents:
    return contents(
        p__m=user("libone.so"),
        p__n=user("libtwo.so"),
        p__libone=lib("libone.so", first),
        p__libtwo=lib("libtwo.so", second),
    )


def test_two_runtimes_of_a_wheel_are_told_with_their_users() -> None:
    (found,) = told(two(GNU, LLVM))
    assert found.severity is Severity.WARNING
    assert found.message == (
        "2 OpenMP runtimes in one wheel: each starts threads for all CPUs"
    )
    assert found.evidence == (
        "p/libone.so is GNU's, used by p/m.so",
        "p/libtwo.so is LLVM's or Intel's, used by p/n.so",
    )
    assert "KMP_DUPLICATE_LIB_OK" in (found.hint or "")


def test_two_of_llvm_stop_the_process() -> None:
    (found,) = told(two(LLVM, LLVM))
    assert found.message == (
        "2 OpenMP runtimes in one wheel: the second of LLVM's or Intel's to start stops the process (OMP: Error #15)"
    )


def test_two_of_gnu_are_told_as_well() -> None:
    (found,) = told(two(GNU, GNU))
    assert "each starts threads" in found.message


def test_a_soname_that_is_loaded_serves_both() -> None:
    inside = contents(
        p__m=user("libgomp.so.1"),
        q__n=user("libgomp.so.1"),
        p__libgomp=lib("libgomp.so.1", GNU),
        q__libgomp=lib("libgomp.so.1", GNU),
    )
    assert told(inside) == []


def test_a_path_is_what_macos_compares() -> None:
    dylib = exporting(mac(name="@rpath/libomp.dylib"), LLVM)
    module = mac("@loader_path/libomp.dylib")
    inside = contents(
        p__m=module,
        q__n=module,
        **{"p/libomp.dylib.dll": dylib, "q/libomp.dylib.dll": dylib},
    )
    inside = replace(
        inside,
        files=tuple(
            replace(file, path=file.path.removesuffix(".dll")) for file in inside.files
        ),
    )
    (found,) = told(inside)
    assert len(found.evidence) == 2


def test_windows_compares_file_names() -> None:
    dll = exporting(windows(), MICROSOFT)
    same = {"p/vcomp140.dll": dll, "q/VCOMP140.dll": dll}
    modules = {"p/m.pyd": windows("VCOMP140.dll"), "q/n.pyd": windows("vcomp140.dll")}
    assert told(contents(**modules, **same)) == []
    (found,) = told(
        contents(
            **modules,
            **same,
            **{
                "p/libiomp5md.dll": exporting(windows(), LLVM),
                "p/o.pyd": windows("libiomp5md.dll"),
            },
        )
    )
    assert found.severity is Severity.WARNING
    assert "Microsoft's" in "".join(found.evidence)


def test_what_python_does_not_load_does_not_count() -> None:
    program = replace(user("libtwo.so"), kind=Kind.EXECUTABLE)
    inside = contents(
        p__m=user("libone.so"),
        p__libone=lib("libone.so", GNU),
        p__libtwo=lib("libtwo.so", GNU),
        p__libnobody=lib("libnobody.so", LLVM),
        p__program=program,
    )
    assert told(inside) == []


def test_a_module_with_a_runtime_of_its_own_counts() -> None:
    inside = contents(
        p__m=user("libone.so"),
        p__libone=lib("libone.so", GNU),
        **{"p__n.cpython-313-x86_64-linux-gnu": exporting(linux(), LLVM)},
    )
    (found,) = told(inside)
    assert found.evidence[-1].startswith("p/n.cpython-313-x86_64-linux-gnu.so is LLVM")


def test_cpus_are_told_apart() -> None:
    arm = exporting(linux(cpu="aarch64", name="libtwo.so"), GNU)
    inside = contents(
        p__m=user("libone.so"),
        p__n=linux("libtwo.so", cpu="aarch64", runpath=HERE),
        p__libone=lib("libone.so", GNU),
        p__libtwo=arm,
    )
    assert told(inside) == []


def test_many_runtimes_and_many_users_are_counted() -> None:
    files = {f"p__lib{n:03}": lib(f"lib{n:03}.so", GNU) for n in range(100)}
    needed = [f"lib{n:03}.so" for n in range(100)]
    users = {f"p__m{n}": user(*needed) for n in range(9)}
    (found,) = told(contents(**files, **users))
    assert found.message.startswith("100 OpenMP runtimes in one wheel")
    assert len(found.evidence) == 9
    assert found.evidence[0].endswith("used by p/m0.so, p/m1.so, p/m2.so and 6 more")
    assert found.evidence[-1] == "and 92 more"


def test_a_build_is_told_as_well() -> None:
    verdict = judge(two(GNU, LLVM), Question(target=CP313))
    assert [one.severity for one in verdict.findings if one.code == "TW210"] == [
        Severity.WARNING
    ]


# --- one in the wheel ---------------------------------------------------------------------------------------------


def one(names: frozenset[str], soname: str = "libone.so") -> Contents:
    return contents(p__m=user(soname), **{f"p__{soname[:-3]}": lib(soname, names)})


@pytest.mark.parametrize("names", [GNU, MICROSOFT])
def test_one_that_bears_others_is_not_told(names: frozenset[str]) -> None:
    assert told(one(names)) == []


def test_one_of_llvm_is_a_note() -> None:
    (found,) = told(one(LLVM))
    assert found.severity is Severity.NOTE
    assert found.message == (
        "brings LLVM's or Intel's OpenMP runtime: where another wheel brings one, too, the second to start stops the process (OMP: Error #15)"
    )
    assert found.hint is not None
    assert "intel-openmp" in found.hint


def test_what_is_for_all_to_share_is_not_told() -> None:
    inside = one(LLVM)
    moved = tuple(
        replace(file, path=f"{inside.data_dir}/data/lib/{file.path}")
        for file in inside.files
    )
    assert told(replace(inside, files=moved)) == []


@pytest.mark.parametrize(
    ("soname", "severity"),
    [("libother.so", Severity.WARNING), ("libone.so", Severity.NOTE)],
)
def test_another_wheels_copy_makes_it_certain(soname: str, severity: Severity) -> None:
    beside = replace(one(LLVM, soname), dist_info="other-2.0.dist-info")
    other = Neighbour(distribution="other", version="2.0", contents=beside)
    (found,) = told(one(LLVM), other)
    assert found.severity is severity
    if severity is Severity.WARNING:
        assert "beside another wheel's" in found.message
        assert found.evidence[-1] == "other 2.0 has p/libother.so"


# --- compiled and published files ---------------------------------------------------------------------------------

INTEL = published.Published(
    requirement="intel-openmp==2026.2.0",
    filename="intel_openmp-2026.2.0-py2.py3-none-manylinux_2_28_x86_64.whl",
    sha256="2308a1a3e74718a9cd8cccf218c34d8cd80b43d3b89dfbb01b38dee205c50980",
    family="linux",
)
PYFFTW = published.Published(
    requirement="pyfftw==0.15.1",
    filename="pyfftw-0.15.1-cp312-cp312-macosx_14_0_arm64.whl",
    sha256="2156d7bc72a2e2a1c747767909b1a7ba2bcfde14a51fca3171d7c1f8de6c2f02",
    family="macos",
)
ONE_LOOP = """
int count(void) {
    int threads = 0;
#pragma omp parallel reduction(+ : threads)
    threads += 1;
    return threads;
}
"""
LOADED = """
import ctypes, sys
for path in sys.argv[1:]:
    ctypes.CDLL(path).omp_get_max_threads()
    print("started", flush=True)
"""


def slice_of(data: bytes) -> Slice:
    binary = formats.read(data)
    assert binary is not None
    return binary.slices[0]


def test_the_compilers_own_runtime_is_known(tmp_path: Path) -> None:
    (tmp_path / "loop.c").write_text(ONE_LOOP)
    gcc("-shared", "-fPIC", "-fopenmp", "loop.c", "-o", "loop.so", cwd=tmp_path)
    user_of_it = slice_of((tmp_path / "loop.so").read_bytes())
    assert vendor_of(user_of_it) is None
    command = [needs.program("gcc"), "-print-file-name=libgomp.so.1"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    runtime = slice_of(Path(found.stdout.strip()).read_bytes())
    assert vendor_of(runtime) is Vendor.GNU


@pytest.mark.network
def test_a_second_copy_of_intels_stops_the_process(tmp_path: Path) -> None:
    path = published.have(INTEL) or needs.missing(INTEL.filename)
    with zipfile.ZipFile(path) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith("/libiomp5.so"))
        runtime = archive.read(name)
    assert vendor_of(slice_of(runtime)) is Vendor.LLVM
    copies = [tmp_path / "libone.so", tmp_path / "libtwo.so"]
    for copy in copies:
        copy.write_bytes(runtime)
    environ = {k: text for k, text in os.environ.items() if not k.startswith("KMP_")}
    result = subprocess.run(
        [sys.executable, "-c", LOADED, *copies],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.split() == ["started"]
    assert "OMP: Error #15" in result.stderr
    assert result.returncode < 0


@pytest.mark.network
def test_a_published_wheel_with_two_runtimes_is_told() -> None:
    path = published.have(PYFFTW) or needs.missing(PYFFTW.filename)
    facts = read_wheel(str(path))
    (found,) = told(facts.contents)
    assert found.severity is Severity.WARNING
    assert [line.partition(",")[0] for line in found.evidence] == [
        "pyfftw/.dylibs/libgomp.1.dylib is GNU's",
        "pyfftw/.dylibs/libomp.dylib is LLVM's or Intel's",
    ]
