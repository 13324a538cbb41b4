"""The two ways of editable installs, as additions to ``support.hooks.project``."""

from __future__ import annotations

MODES = {
    "redirect": (
        '[tool.scikit-build]\nbuild-dir = "build"\neditable.rebuild = true\n',
        "install(TARGETS _m DESTINATION pkg)",
    ),
    "inplace": (
        '[tool.scikit-build]\neditable.mode = "inplace"\neditable.rebuild = true\n',
        'set_target_properties(_m PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/src/pkg")',
    ),
}
"""By mode: what stands in pyproject.toml, and what in CMakeLists.txt instead of ``install()``."""
