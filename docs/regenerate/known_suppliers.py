"""Write ``src/truewheel/platforms/policy/known_suppliers.json`` anew: which distributions have which libraries for others.

Sources: the newest wheel of each distribution in ``SUPPLIERS``, for Linux, Windows and macOS, as pip downloads it: the names
of its libraries, and its ``Requires-Dist``. Of those in ``REQUIRING``, whose libraries ``exclude_sets.json`` has, pip is asked
for the requirements alone. Only requirements of distributions that are in one of both tables are kept.

Run ``python docs/regenerate/known_suppliers.py`` and read the diff. It downloads some gigabytes, one wheel after the other;
with names, it renews the rows of these.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from email.parser import Parser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

POLICY = Path(__file__).parents[2] / "src/truewheel/platforms/policy"
TABLE = POLICY / "known_suppliers.json"
SYSTEMS = {
    "linux": tuple(
        f"{level}_x86_64"
        for level in ("manylinux_2_39", "manylinux_2_35", "manylinux_2_34", "manylinux_2_31", "manylinux_2_28", "manylinux_2_27",
                      "manylinux_2_24", "manylinux_2_17", "manylinux2014", "manylinux_2_12", "manylinux2010", "manylinux_2_5",
                      "manylinux1")
    ),
    "windows": ("win_amd64",),
    "macos": (
        *(f"macosx_{major}_0_{cpu}" for major in (15, 14, 13, 12, 11) for cpu in ("arm64", "universal2")),
        *(f"macosx_10_{minor}_universal2" for minor in range(15, 8, -1)),
    ),
}  # fmt: skip
"""For whom wheels are looked at. pip wants each level named for itself."""
SUPPLIERS = (
    # Qt: the bindings and Qt itself are distributions of their own.
    "PyQt5-Qt5", "PyQtWebEngine-Qt5", "PyQt6-Qt6", "PyQt6-WebEngine-Qt6", "PyQt6-3D-Qt6", "PyQt6-Charts-Qt6",
    "PyQt6-DataVisualization-Qt6", "PyQt6-NetworkAuth-Qt6", "shiboken6", "PySide6-Essentials", "PySide6-Addons",
    # cmeel's family: all of it is installed into cmeel.prefix.
    "cmeel-assimp", "cmeel-boost", "cmeel-clp", "cmeel-coinutils", "cmeel-console-bridge", "cmeel-fmt", "cmeel-libomp",
    "cmeel-metis", "cmeel-octomap", "cmeel-openblas", "cmeel-qhull", "cmeel-qpoases", "cmeel-spral", "cmeel-tinyxml",
    "cmeel-tinyxml2", "cmeel-urdfdom", "cmeel-zlib", "eigenpy", "hpp-fcl", "coal", "libcoal", "libpinocchio", "pin", "crocoddyl",
    # Arrow, compilers, solvers, inference.
    "pyarrow", "triton", "openvino", "casadi", "mujoco", "nanobind-backend",
    # RAPIDS.
    "rapids-logger", "librmm-cu12", "librmm-cu13", "libkvikio-cu12", "libkvikio-cu13", "libucx-cu12", "libucx-cu13",
    # What Intel's distributions need and are not thought of as Intel's alone.
    "tcmlib",
)  # fmt: skip
REQUIRING = ("PyQt5", "PyQt6", "PyQtWebEngine", "PyQt6-WebEngine", "PySide6", "rmm-cu12", "rmm-cu13", "torch", "cuda-toolkit", "mkl", "mkl-devel", "tbb", "intel-openmp", "intel-sycl-rt", "onemkl-sycl-blas", "daal",
             "intel-cmplr-lib-rt", "intel-cmplr-lib-ur", "intel-opencl-rt", "umf",
             "nvidia-cudnn-cu12", "nvidia-cudnn-cu13", "nvidia-cusolver-cu12", "nvidia-cusolver", "nvidia-cusparse-cu12",
             "nvidia-cusparse", "nvidia-cufft-cu12", "nvidia-cufft")  # fmt: skip
"""What brings libraries by requiring others."""
OWN = {
    "pyarrow": re.compile(r"(lib)?(arrow|parquet|gandiva)"),
    "openvino": re.compile(r"(lib)?(openvino|tbb)"),
    "casadi": re.compile(r"(lib)?casadi\b"),
}
"""Which libraries count as a distribution's own, where it also holds plugins and copies of others'."""

_LIBRARY = re.compile(r"lib[^/]+\.so(\.\d+)*|lib[^/]+\.dylib|[^/]+\.dll", re.IGNORECASE)
_FRAMEWORK = re.compile(r".*/([^/]+)\.framework/(Versions/[^/]+/)?\1")
_MODULE = re.compile(r"\.(cpython-|cp3)|\.abi3\.so$")
"""An extension module. ``libshiboken6.abi3.so.6.12`` and ``shiboken6.abi3.dll`` are libraries, for all their names."""
_PLUGINS = re.compile(r"/(plugins|qml|typesystems|metatypes)/")
_RUNTIME = re.compile(
    r"(msvcp|vcruntime|concrt|vcomp|vccorlib|ucrtbase|api-ms-|d3dcompiler|opengl32|libgomp|libgcc|libstdc)",
    re.IGNORECASE,
)
"""A copy of what comes with a compiler or with Windows."""
_HASHED = re.compile(r"-[0-9a-f]{8,}\.")
"""A copy that a repair made for its wheel alone."""


def main() -> int:
    """Write the table."""
    wanted = sys.argv[1:] or [*SUPPLIERS, *REQUIRING]
    rows = json.loads(TABLE.read_text(encoding="utf-8")) if sys.argv[1:] else {}
    for name in wanted:
        row = requiring_row(name) if name in REQUIRING else supplier_row(name)
        if row is not None:
            rows[name] = row
        print(f"{name}: {row and len(row['libraries'])}", file=sys.stderr)
    known = {canonicalize_name(name) for name in (*rows, *_in_exclude_sets())}
    for row in rows.values():
        row["requires"] = [
            text
            for text in row["requires"]
            if canonicalize_name(Requirement(text).name) in known
        ]
    # What neither has libraries nor brings any tells nothing.
    telling = [
        name for name, row in rows.items() if row["libraries"] or row["requires"]
    ]
    in_order = {name: rows[name] for name in sorted(telling, key=str.lower)}
    TABLE.write_text(json.dumps(in_order, indent=1) + "\n", encoding="utf-8")
    return 0


def supplier_row(name: str) -> dict[str, object] | None:
    """Return the row of a distribution whose wheels are looked into; ``None`` when it has no wheels."""
    versions: set[str] = set()
    libraries: set[str] = set()
    requires: list[str] = []
    for platforms in SYSTEMS.values():
        with tempfile.TemporaryDirectory() as directory:
            options = [f"--platform={platform}" for platform in platforms]
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                       "--python-version=3.12", f"--dest={directory}", *options, name]  # fmt: skip
            if subprocess.run(
                command, check=False, stderr=subprocess.DEVNULL
            ).returncode:
                continue
            (path,) = Path(directory).iterdir()
            with zipfile.ZipFile(path) as archive:
                own = libraries_among(name, archive.namelist())
                requires += requirements_in(archive)
            # Some have placeholders for other systems, of other versions.
            if own:
                libraries |= own
                versions.add(str(parse_wheel_filename(path.name)[1]))
    if not libraries and not requires:
        return None
    return {
        "versions": sorted(versions),
        "requires": list(dict.fromkeys(requires)),
        "libraries": sorted(libraries),
    }


def requiring_row(name: str) -> dict[str, object] | None:
    """Return the row of a distribution that is only asked for what it requires."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory, "report.json")
        options = [f"--platform={platform}" for platform in SYSTEMS["linux"]]
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet",
                   "--only-binary=:all:", "--python-version=3.12", f"--target={directory}", f"--report={report}", *options,
                   name]  # fmt: skip
        if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
            return None
        (install,) = json.loads(report.read_text(encoding="utf-8"))["install"]
    metadata = install["metadata"]
    return {
        "versions": [metadata["version"]],
        "requires": metadata.get("requires_dist", []),
        "libraries": [],
    }


def libraries_among(distribution: str, members: list[str]) -> set[str]:
    """Return the names of the libraries that others may link with, out of the members of a wheel."""
    own = OWN.get(distribution)
    names = set()
    for member in members:
        name = member.rpartition("/")[2]
        is_library = _LIBRARY.fullmatch(name) or _FRAMEWORK.fullmatch(member)
        if not is_library or _MODULE.search(name) or _PLUGINS.search(member):
            continue
        if _RUNTIME.match(name):
            continue
        if _HASHED.search(name) or (own is not None and not own.match(name)):
            continue
        names.add(name)
    return names


def requirements_in(archive: zipfile.ZipFile) -> list[str]:
    """Return the requirements in a wheel's METADATA."""
    for name in archive.namelist():
        if re.fullmatch(r"[^/]+\.dist-info/METADATA", name):
            metadata = Parser().parsestr(archive.read(name).decode())
            return metadata.get_all("Requires-Dist") or []
    return []


def _in_exclude_sets() -> list[str]:
    sets = json.loads((POLICY / "exclude_sets.json").read_text(encoding="utf-8"))
    return [name for suppliers in sets.values() for name in suppliers if name]


if __name__ == "__main__":
    raise SystemExit(main())
