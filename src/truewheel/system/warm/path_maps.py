"""What truewheel has to say in a project's CMake files: paths of this build are mapped out of everything compiled.

A text, and nothing else: it is written, and CMake told of it, elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ...model.variants import Variant

_UNFIT = frozenset('=>";,$\\')
"""Characters of paths that would end the option, the generator expression or the string."""
_COPY_WHAT_WAS_BUILT = (
    r"if(\"${CMAKE_BINARY_DIR}/.ninja_log\" IS_NEWER_THAN \"${CMAKE_BINARY_DIR}/install_manifest.txt\")"
    r"\n  set(ENV{CMAKE_INSTALL_ALWAYS} 1)\nendif()"
)
"""``cmake --install`` leaves a file that it installed within the same second. After a build it must not; but when nothing was
built nothing is to be copied, for others may import the module at that moment (rebuilds on import)."""


def definitions(homes: Iterable[tuple[Path, str]]) -> str:
    """Compile options that replace paths in ``__FILE__``, in debug information and in profiles.

    The last map that fits wins in GCC (manual, "-ffile-prefix-map") and in Clang, so that inner directories come last.
    """
    maps = sorted(
        {os.fspath(home): f"/usr/src/truewheel{below}" for home, below in homes if not _UNFIT & set(str(home))}.items()
    )
    options = [f'"-ffile-prefix-map={old}={new}"' for old, new in maps]
    return "\n".join([
        "# Written by truewheel: the same bytes wherever the build happens.",
        "get_property(_truewheel_once GLOBAL PROPERTY TRUEWHEEL_DEFINITIONS SET)",
        "if(NOT _truewheel_once)",
        "  set_property(GLOBAL PROPERTY TRUEWHEEL_DEFINITIONS ON)",
        "  if(NOT DEFINED CMAKE_BUILD_RPATH_USE_ORIGIN)",
        "    set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)",
        "  endif()",
        "  if(NOT CMAKE_VERSION VERSION_LESS 3.21)  # ALL_COMPONENTS",
        f'    install(CODE "{_COPY_WHAT_WAS_BUILT}" ALL_COMPONENTS)',
        "  endif()",
        "  foreach(_truewheel_map IN ITEMS",
        *(f"      {option}" for option in options),
        "  )",
        "    foreach(_truewheel_language IN ITEMS C CXX OBJC OBJCXX Fortran)",
        "      set(_truewheel_version $<${_truewheel_language}_COMPILER_VERSION>)",
        "      add_compile_options(",
        '        "$<$<AND:$<COMPILE_LANG_AND_ID:${_truewheel_language},GNU>,$<VERSION_GREATER_EQUAL:${_truewheel_version},8>>:${_truewheel_map}>"',
        '        "$<$<AND:$<COMPILE_LANG_AND_ID:${_truewheel_language},Clang,AppleClang>,$<VERSION_GREATER_EQUAL:${_truewheel_version},10>>:${_truewheel_map}>"',
        '        "$<$<COMPILE_LANG_AND_ID:${_truewheel_language},IntelLLVM>:${_truewheel_map}>"',
        "      )",
        "      if(NOT CMAKE_VERSION VERSION_LESS 3.18)  # link-time optimisation compiles while it links",
        "        add_link_options(",
        '          "$<$<AND:$<LINK_LANG_AND_ID:${_truewheel_language},GNU>,$<VERSION_GREATER_EQUAL:${_truewheel_version},8>>:${_truewheel_map}>"',
        "        )",
        "      endif()",
        "    endforeach()",
        "  endforeach()",
        "endif()",
        "",
    ])  # fmt: skip


def variant_definitions(wanted: Variant) -> str:
    """What CMake is told of a variant. Where its level is to be checked, GCC writes down what it was allowed to use
    (GCC manual, "-mneeded"). It does so for a whole file: link-time optimisation would write what it may use by itself."""
    properties = ";".join(f"{p.namespace}::{p.feature}::{p.value}" for p in wanted.properties)
    lines = [f'set(TRUEWHEEL_VARIANT "{properties}")', f'set(TRUEWHEEL_VARIANT_LABEL "{wanted.label}")']
    if wanted.values("x86_64", "level"):
        lines += [
            "if(NOT _truewheel_once)",
            "  foreach(_truewheel_language IN ITEMS C CXX OBJC OBJCXX Fortran)",
            "    set(_truewheel_version $<${_truewheel_language}_COMPILER_VERSION>)",
            "    add_compile_options(",
            '      "$<$<AND:$<PLATFORM_ID:Linux>,$<COMPILE_LANG_AND_ID:${_truewheel_language},GNU>,$<VERSION_GREATER_EQUAL:${_truewheel_version},11>>:-mneeded;-fno-lto>"',
            "    )",
            "  endforeach()",
            "endif()",
        ]
    return "\n".join([*lines, ""])
