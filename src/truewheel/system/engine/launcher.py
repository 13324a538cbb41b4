"""Compiler launchers: programs that stand before a compiler, and answer from a cache or send the work elsewhere.

Which one is used is a setting; CMake calls it. Nothing here compiles, caches or distributes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ...model.errors import ConfigError, Problem

AUTO = "auto"
OFF = "off"
CACHES = ("ccache", "sccache")
"""What ``auto`` looks for, in this order."""
LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "ccache": ("C", "CXX", "OBJC", "OBJCXX", "CUDA"),
    "sccache": ("C", "CXX", "CUDA"),
    "distcc": ("C", "CXX", "OBJC", "OBJCXX"),
    "icecc": ("C", "CXX"),
    "recc": ("C", "CXX"),
}
"""The languages whose compilers each can stand before (ccache manual "Configuration options", sccache README
"Requirements", distcc(1), icecc(1), recc README)."""
EXACT: Mapping[str, str] = {
    "CCACHE_NODIRECT": "1",
    "SCCACHE_DIRECT": "false",
}
"""Variables that make caches compare preprocessed text. By default they compare the headers that were read before, and miss
a new one that stands before them, or that ``__has_include`` asks for (ccache manual, "The direct mode")."""
ANYWHERE: Mapping[str, str] = {"CCACHE_NOHASHDIR": "1"}
"""Variables that make caches give out what was compiled in another directory (ccache manual, ``hash_dir``). That is the
same only where the directory is mapped out of objects."""


def launcher_requires(setting: str) -> list[str]:
    """Return what a front end must install for a launcher."""
    # It is on package indexes; the others come with the system.
    if setting == "sccache" and shutil.which("sccache") is None:
        return ["sccache"]
    return []


def _has_place(name: str, path: str) -> bool:
    """Say whether a compiler cache can keep objects: without a home directory, ccache lets every compilation fail.

    :param name: that of the program at ``path``.
    """
    if name != "ccache":
        return True
    # ccache manual, "--get-config"
    asked = [path, "--get-config", "cache_dir"]
    try:
        done = subprocess.run(asked, capture_output=True, check=False)
    except OSError:
        return False
    folder = Path(os.fsdecode(done.stdout.strip()))
    if done.returncode or not folder.is_absolute():
        return False
    # What is not there yet ccache would make itself. Permissions alone do not tell whether it can.
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def launcher_cache_entries(setting: str) -> dict[str, str]:
    """Return the CMake cache entries by which compilers are called through the launcher; none when there is none.

    :param setting: ``launcher``.
    :raises ConfigError: when a launcher that was asked for is not on PATH.
    """
    if setting == OFF:
        return {}
    candidates = CACHES if setting == AUTO else (setting,)
    for name in candidates:
        path = shutil.which(name)
        # Nobody asked for this one, so that it must not be in the way.
        if path is not None and (setting != AUTO or _has_place(name, path)):
            # https://cmake.org/cmake/help/latest/variable/CMAKE_LANG_COMPILER_LAUNCHER.html
            return {
                f"CMAKE_{language}_COMPILER_LAUNCHER": path
                for language in LANGUAGES[name]
            }
    if setting == AUTO:
        return {}
    problem = Problem(
        where="tool.truewheel.launcher", message=f"{setting} is not on PATH"
    )
    raise ConfigError(
        "the compiler launcher is missing",
        problems=[problem],
        hint=f"install {setting}",
    )
