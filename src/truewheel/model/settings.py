"""``[tool.truewheel]`` as a value. The docstring under each field is its documentation, everywhere.

Each key is also ``-Ctruewheel.KEY=…`` and ``TRUEWHEEL_KEY``. What the engine understands stays in
``[tool.scikit-build]`` and is not repeated here.
"""

from __future__ import annotations

from typing import Literal

from .record import Record


class Settings(Record):
    """All settings of truewheel's own."""

    tag: str = "auto"
    """The platform tag. ``auto``: the most compatible tag that the binaries allow. A platform, with or without its
    CPU (``manylinux_2_17``, ``musllinux_1_2_x86_64``): a promise; when it is not true of the binaries, the build fails
    and names the file, the symbol and a cure; so it does when the binaries cannot be checked here, unless the promise
    is the plain platform anyway. ``native``: the plain platform (``linux_x86_64``), no promise. Inside a distribution's package build (conda, Debian, Nix, Spack, …)
    ``auto`` means ``native``."""

    exclude: tuple[str, ...] = ()
    """Libraries that someone else supplies at run time, as globs on their names (``libcuda.so.*``). They do not
    count against a tag."""

    select: tuple[str, ...] = ("TW",)
    """Findings to report, by prefix of their code (``TW2``, ``TW301``)."""

    ignore: tuple[str, ...] = ()
    """Findings to leave out, by prefix of their code; the longer prefix wins over ``select``. That a tag is untrue
    (TW301 and its like, at level error) cannot be left out."""

    cache: Literal["on", "off", "mirror"] = "on"
    """The warm workspace: ``on`` keeps the build environment and the build tree in the user's cache directory
    (``TRUEWHEEL_CACHE_DIR``), so that the next build compiles only what changed; the wheel is the same, byte for byte.
    Sources that a front end unpacked are mirrored there; ``mirror`` does so with every source. ``off`` keeps nothing."""

    cache_limit: str = "10 GB"
    """How large the cache directory may become; what was not used for the longest time is deleted first."""

    launcher: Literal["auto", "off", "ccache", "sccache", "distcc", "icecc", "recc"] = "auto"
    """What stands before the compiler: a cache of objects that other Pythons' and other machines' builds share through
    its own storage (``ccache``, ``sccache``), or a distributor (``distcc``, ``icecc``, ``recc``). ``auto``: ccache or
    sccache when the system has one. A launcher that the project or ``CMAKE_<LANG>_COMPILER_LAUNCHER`` names, stays."""

    variant: tuple[str, ...] = ()
    """Properties that make the wheel a variant (``x86_64 :: level :: v3``), as the drafts PEP 825 and PEP 850 describe
    it: they go into ``variant.json``, with ``[variant]`` of ``pyproject.toml`` beside them. A level of ``x86_64`` that is
    lower than what the binaries need fails the build. CMake is told ``TRUEWHEEL_VARIANT``. It is said of one build, by an
    option or a variable, and cannot stand in the table: installers that know nothing of variants refuse such a wheel."""

    variant_label: str = ""
    """The label of the variant in the file name: lower-case letters, digits, ``_`` and ``.``, one for each set of
    properties. ``null`` is the variant without any. A draft's, and said of one build, as ``variant``."""
