"""What a build tells of itself, beside the files that it made: facts for the audit, collected by the engine."""

from __future__ import annotations

from .record import Record


class BuildFacts(Record):
    """How a wheel was built, and what its settings demand.

    :param is_compiled: whether CMake ran (``wheel.cmake``).
    :param py_api: ``wheel.py-api``.
    :param forced_tags: ``wheel.tags``: expanded tags that the project insists on; usually none.
    :param plain_tags: the platform tags that promise nothing, as scikit-build-core would write them.
    :param not_installed: modules and shared libraries that CMake built, by their paths from the build tree, where it
        installed no file.
    :param outside: files that CMake installed outside of the wheel, by their absolute paths.
    """

    is_compiled: bool
    py_api: str = ""
    forced_tags: tuple[str, ...] = ()
    plain_tags: tuple[str, ...] = ()
    not_installed: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
