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
    """The platform tag. ``auto`` takes the most compatible tag that the binaries allow. A platform, with or without
    its CPU (``manylinux_2_17``, ``musllinux_1_2_x86_64``), is a promise. If the binaries do not keep it, the build
    fails and names the file, the symbol and a cure. The build also fails if truewheel cannot check the binaries,
    unless the promise is the plain platform anyway. ``native`` takes the plain platform (``linux_x86_64``) and
    promises nothing. Inside a distribution's package build (conda, Debian, Nix, Spack, …), ``auto`` means
    ``native``."""

    exclude: tuple[str, ...] = ()
    """Libraries that someone else supplies at run time. Each item is a glob on the library's name
    (``libfoo.so.*``), or the name of a ready set: ``@cuda``, ``@rocm``, ``@torch`` and ``@oneapi`` hold the libraries
    of those products and of their drivers. A need for such a library does not count against a tag.
    The C library of Linux always counts, because Python has loaded it already."""

    pin: tuple[str, ...] = ()
    """Distributions whose version the wheel is bound to, because it was compiled against it (``torch``). METADATA then
    requires the version that is in the build environment (``torch==2.5.1``), beside what ``dependencies`` says of it.
    ``dependencies`` has to be in ``project.dynamic`` (PEP 808), and each distribution in ``build-system.requires``."""

    repair: Literal["auto", "off", "warn"] = "auto"
    """What is done about libraries that the target system lacks. ``auto`` copies them into the wheel and tells its
    modules where they are. A library that is not found leaves the wheel with the plain platform tag and a finding.
    ``warn`` copies nothing and says what would be copied. ``off`` does not look. Inside a distribution's package build
    (conda, Debian, Nix, Spack, …), in an editable install, and with ``tag = "native"``, ``auto`` means ``off``."""

    search: tuple[str, ...] = ()
    """Directories in which libraries are looked for, besides those of the loader and what CMake linked. Relative
    paths begin at the project."""

    include: tuple[str, ...] = ()
    """Libraries that code opens while it runs, so that no module names them. Each item is the name or the absolute
    path by which it does (``libfoo.so.1``). They keep their names in the wheel."""

    keep_names: tuple[str, ...] = ()
    """Copied libraries that keep their names. Each item is a glob (``libfoo.so.*``). All others get a hash of their
    content into their names, so that two packages never meet with different libraries of one name."""

    sbom: Literal["bundled", "linked", "off"] = "bundled"
    """What the software bill of materials in ``.dist-info/sboms`` lists (PEP 770). ``bundled`` lists the libraries that
    were copied into the wheel. ``linked`` lists also what was linked into the binaries, as far as CMake knows it.
    ``off`` writes none."""

    select: tuple[str, ...] = ("TW",)
    """Findings to report. Each item is the beginning of a finding's code (``TW2``, ``TW301``)."""

    ignore: tuple[str, ...] = ()
    """Findings to leave out. Each item is the beginning of a finding's code. If both ``select`` and ``ignore`` match
    a code, the longer item wins. An untrue tag (TW301 and similar, at level error) is always reported."""

    cache: Literal["on", "off", "mirror"] = "on"
    """What is kept for the next build. ``on`` keeps the build environment and the build tree in the user's cache
    directory (``TRUEWHEEL_CACHE_DIR``), so that the next build compiles only what changed. The wheel is the same, byte
    for byte. Sources that a front end unpacked are mirrored there. ``mirror`` does so with every source. ``off`` keeps
    nothing."""

    cache_limit: str = "10 GB"
    """How large the cache directory may become. Entries that were not used for the longest time are deleted first."""

    launcher: Literal["auto", "off", "ccache", "sccache", "distcc", "icecc", "recc"] = (
        "auto"
    )
    """The program through which compilers are called. ``ccache`` and ``sccache`` keep objects in a storage of their
    own, which builds for other Pythons and on other machines share. ``distcc``, ``icecc`` and ``recc`` distribute the
    work. ``auto`` uses ccache or sccache if the system has one. If the project or ``CMAKE_<LANG>_COMPILER_LAUNCHER``
    names a launcher, that one stays."""

    variant: tuple[str, ...] = ()
    """Properties that make the wheel a variant (``x86_64 :: level :: v3``), as the drafts PEP 825 and PEP 850 describe
    it. They go into ``variant.json``, together with ``[variant]`` of ``pyproject.toml``. The build fails if the
    binaries need a higher level of ``x86_64`` than the properties say. CMake gets the properties as
    ``TRUEWHEEL_VARIANT``. This setting belongs to one build, so it is given as an option or a variable and cannot stand
    in the table: installers that do not know variants refuse such a wheel."""

    variant_label: str = ""
    """The label of the variant in the file name. It has lower-case letters, digits, ``_`` and ``.``, and stands for
    one set of properties. ``null`` is the variant without properties. Like ``variant``, it follows a draft and belongs
    to one build."""
