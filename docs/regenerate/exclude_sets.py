"""Write ``src/truewheel/platforms/policy/exclude_sets.json`` anew: who supplies what must not go into a wheel.

Sources:

* libraries of distributions: the members of the newest wheels of each, for Linux and Windows. Only the directory at the
  end of a wheel is read, in ranges, for some wheels have a gigabyte. pip says where the wheels are.
* libraries of drivers (``DRIVERS``): nobody's wheel has them, because they have to fit the kernel's module.
  NVIDIA: "Installed Components" in the README of the Linux driver. AMD's ROCm is installed beside its driver, too: what the
  modules in jax-rocm7-plugin 0.12.0, jax-rocm7-pjrt 0.12.0 and cupy-rocm-7-0 14.2.0 need and do not hold. Intel: Level Zero's loader (https://oneapi-src.github.io/level-zero-spec),
  the OpenCL ICD loader (https://registry.khronos.org/OpenCL).
* libraries of PyTorch's build for ROCm, whose wheels its own index has: ``c10/hip/CMakeLists.txt`` and ``caffe2/CMakeLists.txt``.

Run ``python docs/regenerate/exclude_sets.py`` and read the diff. It takes some minutes. A distribution that has no wheel
for a system has no names from there.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TABLE = Path(__file__).parents[2] / "src/truewheel/platforms/policy/exclude_sets.json"
LINUX = ("manylinux_2_39", "manylinux_2_35", "manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014",
         "manylinux1")  # fmt: skip
PLATFORMS = (tuple(f"{level}_x86_64" for level in LINUX), ("win_amd64",))
"""For whom wheels are looked at. pip wants each level named for itself."""

CUDA = ("cublas", "cuda-cupti", "cuda-nvrtc", "cuda-runtime", "cufft", "cufile", "curand", "cusolver", "cusparse", "npp", "nvjitlink",
        "nvjpeg", "nvtx")  # fmt: skip
"""Distributions ``nvidia-…-cu12`` for CUDA 12, and ``nvidia-…`` for CUDA 13."""
CUDA_BESIDE = ("cudnn", "cusparselt", "nccl", "nvshmem")
"""Distributions ``nvidia-…-cu12`` and ``nvidia-…-cu13``, which have versions of their own."""
ONEAPI = ("mkl", "intel-openmp", "tbb", "intel-sycl-rt", "intel-cmplr-lib-rt", "intel-cmplr-lib-ur", "umf", "tcmlib", "onemkl-sycl-blas",
          "onemkl-sycl-dft", "onemkl-sycl-lapack", "onemkl-sycl-rng", "onemkl-sycl-sparse", "onemkl-sycl-stats", "onemkl-sycl-vm",
          "oneccl", "daal", "intel-opencl-rt", "intel-fortran-rt", "intel-pti")  # fmt: skip
DISTRIBUTIONS = {
    "cuda": (
        *(f"nvidia-{name}-cu12" for name in (*CUDA, *CUDA_BESIDE)),
        *(f"nvidia-{name}" for name in CUDA),
        *(f"nvidia-{name}-cu13" for name in CUDA_BESIDE),
    ),
    # On the public index, rocm-sdk-core and its like are placeholders without wheels.
    "rocm": (),
    "torch": ("torch",),
    "oneapi": ONEAPI,
}
DRIVERS = {
    "cuda": ("libcuda.so.1", "libnvidia-ml.so.1", "libnvidia-opticalflow.so.1", "libnvidia-ptxjitcompiler.so.1",
             "libnvcuvid.so.1", "libnvidia-encode.so.1", "libnvoptix.so.1", "nvcuda.dll", "nvml.dll", "nvcuvid.dll"),
    "rocm": ("libhsa-runtime64.so.1", "libamdhip64.so.7", "libamd_smi.so.26", "libMIOpen.so.1", "libhipblas.so.3",
             "libhipblaslt.so.1", "libhipfft.so.0", "libhiprand.so.1", "libhipsolver.so.1", "libhipsparse.so.4", "librccl.so.1",
             "librocblas.so.5", "librocfft.so.0", "librocprofiler-sdk.so.1", "librocsolver.so.0", "libroctracer64.so.4",
             "libroctx64.so.4", "librocm_sysdeps_drm.so.2", "librocm_sysdeps_drm_amdgpu.so.1", "librocm_sysdeps_numa.so.1"),
    "torch": (),
    "oneapi": ("libze_loader.so.1", "libze_intel_gpu.so.1", "libOpenCL.so.1", "ze_loader.dll", "opencl.dll"),
}  # fmt: skip
"""What comes with a driver, or with a vendor's own installation, by set."""
OF_OTHER_INDEXES = {
    "torch": ("libtorch_hip.so", "libc10_hip.so", "libtorch_xpu.so", "libc10_xpu.so")
}
"""Libraries that builds of the same distribution have which its own index offers, by distribution."""
OWN = {"torch": re.compile(r"(lib)?(torch|c10|caffe2|shm)(?![a-z])")}
"""Which libraries count as a distribution's own, where it also holds copies of others' (``libgomp.so.1``)."""

GENERAL = re.compile(r"lib(hwloc|fabric|OpenCL)|(hwloc|opencl)", re.IGNORECASE)
"""Copies of libraries that are no vendor's: a project may link another build of the same name."""

_LIBRARY = re.compile(r"lib[^/]+\.so(\.\d+)*|lib[^/]+\.dylib|[^/]+\.dll", re.IGNORECASE)
_MODULE = re.compile(r"\.(cpython-|abi3|cp3)")


def main() -> int:
    """Write the table."""
    table = {}
    with ThreadPoolExecutor(4) as pool:
        for name, distributions in DISTRIBUTIONS.items():
            found = pool.map(libraries_of, distributions)
            by_distribution = dict(zip(distributions, found, strict=True))
            # The driver's come first: they are nobody's to require.
            table[name] = {"": sorted(DRIVERS[name])}
            table[name].update(
                (distribution, libraries)
                for distribution, libraries in by_distribution.items()
                if libraries
            )
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0


def libraries_of(distribution: str) -> list[str]:
    """Return the names of the libraries in the newest wheels of a distribution."""
    names = set(OF_OTHER_INDEXES.get(distribution, ()))
    own = OWN.get(distribution)
    for platforms in PLATFORMS:
        for member in members_of(distribution, platforms):
            name = member.rpartition("/")[2]
            is_library = _LIBRARY.fullmatch(name) and not _MODULE.search(name)
            if not is_library or GENERAL.match(name):
                continue
            if own is None or own.match(name):
                names.add(name)
    print(f"{distribution}: {len(names)}", file=sys.stderr)
    return sorted(names)


def members_of(distribution: str, platforms: tuple[str, ...]) -> list[str]:
    """Return the members of the newest wheel for a system; none when there is no such wheel."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory, "report.json")
        options = [f"--platform={platform}" for platform in platforms]
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet",
                   "--only-binary=:all:", "--python-version=3.12", f"--target={directory}", f"--report={report}",
                   *options, distribution]  # fmt: skip
        if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
            return []
        (install,) = json.loads(report.read_text(encoding="utf-8"))["install"]
    with zipfile.ZipFile(Ranges(install["download_info"]["url"])) as archive:
        return archive.namelist()


class Ranges(io.RawIOBase):
    """A file behind an address, of which only the parts are fetched that are read."""

    def __init__(self, url: str) -> None:
        self._url = url
        head = urllib.request.Request(url, method="HEAD")  # noqa: S310  # pip has found it
        with urllib.request.urlopen(head) as answer:  # noqa: S310
            self._size = int(answer.headers["Content-Length"])
        self._at = 0

    def seekable(self) -> bool:
        """Say yes, as zipfile asks."""
        return True

    def readable(self) -> bool:
        """Say yes, as zipfile asks."""
        return True

    def tell(self) -> int:
        """Return the offset of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = start + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Fetch a part."""
        stop = self._size if size < 0 else min(self._at + size, self._size)
        if stop <= self._at:
            return b""
        part = {"Range": f"bytes={self._at}-{stop - 1}"}
        request = urllib.request.Request(self._url, headers=part)  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            content: bytes = answer.read()
        self._at = stop
        return content


if __name__ == "__main__":
    raise SystemExit(main())
