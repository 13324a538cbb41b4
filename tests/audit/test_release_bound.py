"""Whether METADATA requires the releases whose libraries a wheel was linked with."""

from __future__ import annotations

import pytest

from support.facts import binary_file, contents
from support.slices import linux, mac, windows
from truewheel.audit.linkage import audit_of
from truewheel.audit.release_bound import release_findings, uses_of_releases
from truewheel.audit.requirements import Requirements
from truewheel.model.binary import Slice, Symbol
from truewheel.model.finding import Finding, Severity
from truewheel.model.record import replace

OF_TORCH = "_ZNK2at10TensorBase7is_cudaEv"


def told(
    *requires: str,
    code: Slice,
    symbols: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
) -> list[Finding]:
    """Return the findings on a wheel for Python 3.12 with one module."""
    imports = tuple(Symbol(name=name) for name in symbols)
    file = binary_file("p/_m.so", replace(code, imports=imports))
    (part,) = audit_of(contents(file), exclude).platforms
    requirements = Requirements(
        requires,
        family=part.family,
        cpu=part.files[0].cpu,
        takes=lambda python: python == (3, 12),
    )
    uses = uses_of_releases(part)
    return list(release_findings(uses, requirements, where="METADATA"))


# --- torch ----------------------------------------------------------------------------------------------------------

TORCH = linux("libtorch.so", "libtorch_cpu.so", "libc10.so")


def test_a_range_of_torch_is_too_wide_for_its_cpp_interface() -> None:
    (finding,) = told("torch>=2.4", code=TORCH, symbols=(OF_TORCH,))
    assert (finding.code, finding.severity) == ("TW211", Severity.WARNING)
    assert finding.message == (
        "more than one minor release of torch is allowed, and the C++ interface of its libraries differs between them"
    )
    assert finding.evidence == (
        "p/_m.so needs libtorch.so",
        "and 2 more",
        "Requires-Dist: torch>=2.4",
    )
    assert 'pin = ["torch"]' in (finding.hint or "")


@pytest.mark.parametrize(
    "requirement",
    [
        "torch==2.8.0",
        "torch==2.8.*",
        "torch~=2.8.0",
        "torch>=2.8.1,<2.9",
        "torch==2.5.1+cu121",
    ],
)
def test_one_minor_release_is_fine(requirement: str) -> None:
    assert told(requirement, code=TORCH, symbols=(OF_TORCH,)) == []


@pytest.mark.parametrize(
    "requirement", ["torch", "torch>=2.8.1,<2.10", "torch~=2.8", "torch!=2.8.0"]
)
def test_two_are_not(requirement: str) -> None:
    assert len(told(requirement, code=TORCH, symbols=(OF_TORCH,))) == 1


def test_the_stable_abi_of_torch_works_with_later_releases() -> None:
    # torchvision since 0.29.1
    symbols = ("aoti_torch_get_data_ptr", "torch_call_dispatcher", "_ZNSt6vectorD1Ev")
    assert told("torch>=2.14", code=TORCH, symbols=symbols) == []


@pytest.mark.parametrize(
    "symbol",
    [
        "_ZN3c1010TensorImpl17release_resourcesEv",
        "_ZN5torch7LibraryC1ENS0_4KindE",
        "_ZN2at4_ops3add4callERKNS_6TensorE",
        "_Z3foRKN2at6TensorE",
        "?is_cuda@TensorBase@at@@QEBA_NXZ",
    ],
)
def test_names_of_torchs_cpp_functions(symbol: str) -> None:
    assert len(told("torch", code=TORCH, symbols=(symbol,))) == 1


def test_torch_on_other_systems() -> None:
    on_mac = mac("@rpath/libc10.dylib")
    assert len(told("torch", code=on_mac, symbols=(OF_TORCH,))) == 1
    on_windows = windows("torch_cpu.dll", "c10.dll")
    name = "??1TensorImpl@c10@@UEAA@XZ"
    assert len(told("torch", code=on_windows, symbols=(name,))) == 1


def test_that_torch_is_missing_is_told_elsewhere() -> None:
    assert told(code=TORCH, symbols=(OF_TORCH,)) == []


def test_who_supplies_what_is_excluded_has_to_be_required() -> None:
    exclude = ("libtorch*", "libc10*")
    (finding,) = told(code=TORCH, symbols=(OF_TORCH,), exclude=exclude)
    assert (finding.code, finding.severity) == ("TW212", Severity.WARNING)
    assert finding.message == "the wheel uses libraries of torch, and does not require it"  # fmt: skip
    (finding,) = told("torchvision", code=TORCH, symbols=(OF_TORCH,), exclude=exclude)
    assert finding.severity is Severity.NOTE
    assert finding.evidence[-1] == "not known are the requirements of torchvision"
    extra = "torch ; extra == 'gpu'"
    assert told(extra, code=TORCH, symbols=(OF_TORCH,), exclude=exclude) == []


# --- pyarrow --------------------------------------------------------------------------------------------------------

ARROW = linux("libarrow_python.so.1900", "libarrow.so.1900")


def test_arrows_libraries_name_their_release() -> None:
    (finding,) = told("pyarrow>=19", code=ARROW)
    assert (finding.code, finding.severity) == ("TW211", Severity.WARNING)
    assert finding.message == "pyarrow 24.0.1 is allowed, and only 19.0 has the libraries that the wheel needs"  # fmt: skip
    assert '"pyarrow==19.0.*"' in (finding.hint or "")
    (finding,) = told("pyarrow<19", code=ARROW)
    assert finding.message.startswith("pyarrow 18.0.1 is allowed")
    assert len(told("pyarrow", code=mac("@rpath/libarrow.1900.dylib"))) == 1


@pytest.mark.parametrize(
    "requirement", ["pyarrow==19.0.1", "pyarrow>=19,<20", "pyarrow~=19.0.0"]
)
def test_the_same_release_of_arrow_is_fine(requirement: str) -> None:
    assert told(requirement, code=ARROW) == []


# --- CUDA -----------------------------------------------------------------------------------------------------------


def test_another_major_version_of_cuda_is_required() -> None:
    code = linux("libcudart.so.13")
    (finding,) = told("nvidia-cuda-runtime-cu12", code=code)
    assert (finding.code, finding.severity) == ("TW211", Severity.WARNING)
    assert finding.message == "nvidia-cuda-runtime-cu12 is required, and the wheel needs the library of nvidia-cuda-runtime"  # fmt: skip
    assert told("nvidia-cuda-runtime-cu12", "nvidia-cuda-runtime", code=code) == []
    assert told("nvidia-cuda-runtime>=13", code=code) == []
    assert told("nvidia-cublas-cu12", "torch", code=code) == []
    assert told(code=code) == []


@pytest.mark.parametrize(
    "library", ["libcudart.so.12", "libcudart.so.12.4", "libcublasLt.so.12"]
)
def test_cuda_12_has_its_number_in_the_names_of_distributions(library: str) -> None:
    both = ("nvidia-cuda-runtime-cu11", "nvidia-cublas-cu11")
    assert len(told(*both, code=linux(library))) == 1
    both = ("nvidia-cuda-runtime-cu12", "nvidia-cublas-cu12")
    assert told(*both, code=linux(library)) == []


def test_cuda_on_windows() -> None:
    assert len(told("nvidia-cublas-cu12", code=windows("cublas64_13.dll"))) == 1


# --- what is not asked ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "library", ["libarrow.so", "libtorchtext.so", "libc10d.so.2", "libcudart-09529672.so.12.6.77"]
)  # fmt: skip
def test_names_that_say_nothing(library: str) -> None:
    assert told("pyarrow", "torch", code=linux(library), symbols=(OF_TORCH,)) == []
