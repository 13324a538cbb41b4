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

from support.paths import CORPUS

LINUX, OTHERS = "published.toml", "published-others.toml"


@dataclass(frozen=True)
class Published:
    """One wheel: its requirement, its exact file name and its SHA-256 in hex."""

    requirement: str
    filename: str
    sha256: str
    family: str


def store() -> Path:
    """Where wheels are kept between runs."""
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "truewheel-tests"
    return Path(os.environ.get("TRUEWHEEL_TEST_WHEELS", default))


@functools.cache
def listed(manifest: str = LINUX) -> tuple[Published, ...]:
    import tomllib

    return tuple(Published(**row) for row in tomllib.loads((CORPUS / manifest).read_text(encoding="utf-8"))["wheel"])


@functools.cache
def fetched(manifest: str = LINUX) -> dict[str, Path]:
    """The path of every listed wheel, by file name; wheels that cannot be had are missing."""
    store().mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        paths = pool.map(have, sample(manifest))
    return {p.name: p for p in paths if p is not None}


def sample(manifest: str) -> tuple[Published, ...]:
    """All wheels of Linux, every fifth of the others; all of them in the extended run."""
    everything = manifest == LINUX or os.environ.get("TRUEWHEEL_EXTENDED", "") not in {"", "0"}
    return listed(manifest) if everything else listed(manifest)[::5]


def have(wheel: Published) -> Path | None:
    """Where one wheel lies, downloaded when it has to be; ``None`` when it cannot be had."""
    path = store() / wheel.filename
    if not path.is_file():
        python, abi, platform = wheel.filename.removesuffix(".whl").split("-")[-3:]
        found = download(wheel.requirement, platform.split("."), python.split(".")[-1], abi.split("."))
        if found is None or found.name != wheel.filename:
            return None
        found.replace(path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != wheel.sha256:
        raise AssertionError(f"{path} is not the file that was listed")
    return path


def download(requirement: str, platforms: list[str], python: str, abis: list[str]) -> Path | None:
    """One wheel for other systems, through pip."""
    place = Path(tempfile.mkdtemp(dir=store()))
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "-d", str(place), requirement]
    command += [word for p in platforms for word in ("--platform", p)]
    if python != "py3":
        command += ["--python-version", python.lstrip("cp"), "--implementation", python[:2]]
    command += [word for abi in abis if abi != "none" for word in ("--abi", abi)]
    subprocess.run(command, check=False, capture_output=True)
    found = next(iter(place.glob("*.whl")), None)
    if found is None:
        place.rmdir()
        return None
    kept = place.parent / f".{place.name}-{found.name}"
    found.replace(kept)
    place.rmdir()
    return kept.replace(kept.with_name(found.name))


def row(requirement: str, platform: str, python: str = "cp312", abi: str = "cp312") -> str:
    """A row of the manifest for a wheel that was just downloaded."""
    store().mkdir(parents=True, exist_ok=True)
    path = download(requirement, [platform], python, [abi])
    if path is None:
        return f"# nothing found for {requirement} {platform} {python} {abi}"
    family = "musllinux" if "musl" in platform else "manylinux"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f'[[wheel]]\nrequirement = "{requirement}"\nfilename = "{path.name}"\nsha256 = "{digest}"\nfamily = "{family}"\n'


if __name__ == "__main__":
    print(row(*sys.argv[1:]))
