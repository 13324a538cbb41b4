"""Published wheels of well-known projects, by name and version: downloaded once, checked by their hash.

``tests/corpus/published*.toml`` list them. In ``tests``, ``python -m support.published NAME==VERSION PLATFORM [PYTHON ABI]``
prints a row for another one.
"""

from __future__ import annotations

import concurrent.futures
import functools
import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from support import needs
from support.paths import CORPUS

LINUX, OTHERS = "published.toml", "published-others.toml"


@dataclass(frozen=True)
class Published:
    """One wheel: its requirement, its exact file name and its SHA-256 in hex."""

    requirement: str
    filename: str
    sha256: str
    family: str
    size: int = 0
    is_in_ci: bool = False
    """Of the survey's: whether each run of CI looks at it."""


def store() -> Path:
    """Return the folder in which wheels are kept between runs."""
    default = (
        Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        / "truewheel-tests"
    )
    return Path(os.environ.get("TRUEWHEEL_TEST_WHEELS", default))


@functools.cache
def listed(manifest: str = LINUX) -> tuple[Published, ...]:
    """Return the wheels in a manifest."""
    import tomllib

    rows = tomllib.loads((CORPUS / manifest).read_text(encoding="utf-8"))["wheel"]
    return tuple(Published(**row) for row in rows)


@functools.cache
def differences(manifest: str) -> dict[str, dict[str, str]]:
    """Return the listed differences from other tools, by the file name of the wheel."""
    import tomllib

    rows = tomllib.loads((CORPUS / manifest).read_text(encoding="utf-8"))["difference"]
    return {row["file"]: row for row in rows}


@functools.cache
def fetched(manifest: str = LINUX) -> dict[str, Path]:
    """Return the path of every listed wheel, by file name; wheels that cannot be had are missing."""
    store().mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        paths = pool.map(have, sample(manifest))
    return {path.name: path for path in paths if path is not None}


def sample(manifest: str) -> tuple[Published, ...]:
    """Return all wheels for Linux, every fifth of the others; in the extended run all of these as well."""
    if manifest == LINUX or os.environ.get("TRUEWHEEL_EXTENDED", "") not in {"", "0"}:
        return listed(manifest)
    return listed(manifest)[::5]


def path_of(row: Published, manifest: str = LINUX) -> Path:
    """Return where a listed wheel lies; without it, the test is skipped, or in CI fails."""
    return fetched(manifest).get(row.filename) or needs.missing(
        f"{row.filename} from the package index"
    )


def have(wheel: Published) -> Path | None:
    """Return where a wheel lies, after downloading it if need be; ``None`` if it cannot be had."""
    path = store() / wheel.filename
    if not path.is_file():
        python, abi, platform = wheel.filename.removesuffix(".whl").split("-")[-3:]
        found = download(
            wheel.requirement,
            platform.split("."),
            python.split(".")[-1],
            abi.split("."),
        )
        if found is None or found.name != wheel.filename:
            return None
        found.replace(path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != wheel.sha256:
        raise AssertionError(f"{path} is not the file that was listed")
    return path


def download(
    requirement: str, platforms: list[str], python: str, abis: list[str]
) -> Path | None:
    """Download one wheel with pip, also for another system than this."""
    return next(iter(download_all([requirement], platforms, python, abis)), None)


def download_all(
    requirements: list[str], platforms: list[str], python: str, abis: list[str]
) -> list[Path]:
    """Download a wheel of each project with one run of pip, which takes all or none."""
    store().mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=store()))
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
    ]
    command += ["--disable-pip-version-check", "-d", str(place), *requirements]
    for platform in platforms:
        command += ["--platform", platform]
    if python != "py3":
        command += [
            "--python-version",
            python.lstrip("cp"),
            "--implementation",
            python[:2],
        ]
    for abi in abis:
        if abi != "none":
            command += ["--abi", abi]
    subprocess.run(command, check=False, capture_output=True)
    kept = [_kept(path) for path in place.glob("*.whl")]
    place.rmdir()
    return kept


def _kept(path: Path) -> Path:
    """Move a wheel out of its temporary folder in one step, so that others see all of it or nothing."""
    name = path.name
    waiting = path.parent.parent / f".{path.parent.name}-{name}"
    path.replace(waiting)
    return waiting.replace(waiting.with_name(name))


def row(
    requirement: str, platform: str, python: str = "cp312", abi: str = "cp312"
) -> str:
    """Download a wheel; return its row for the manifest."""
    store().mkdir(parents=True, exist_ok=True)
    path = download(requirement, [platform], python, [abi])
    if path is None:
        return f"# nothing found for {requirement} {platform} {python} {abi}"
    family = "musllinux" if "musl" in platform else "manylinux"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f'[[wheel]]\nrequirement = "{requirement}"\nfilename = "{path.name}"\nsha256 = "{digest}"\nfamily = "{family}"\n'


if __name__ == "__main__":
    print(row(*sys.argv[1:]))
