"""What a build is for: one Python on one kind of system, as values. Nothing here looks at the running interpreter."""

from __future__ import annotations

from .record import Record


class Target(Record):
    """The interpreter and system that a wheel is built for.

    Fields that PEP 739 (``build-details.json``) has as well are named with their key there.

    :param implementation: ``cpython``, ``pypy``, ``graalpy``: ``implementation.name``.
    :param version: ``(3, 13)``: ``language.version``.
    :param python_tag: what that Python calls itself in a wheel: ``cp313``, ``pp311``.
    :param abi_tag: its version-specific ABI: ``cp313``, ``cp313t``, ``pypy311_pp73``.
    :param suffix: of a version-specific extension module, ``.cpython-313-x86_64-linux-gnu.so``: ``abi.extension_suffix``.
    :param platform_tag: the plain platform without a promise, ``linux_x86_64``: ``platform``, as tags write it. A wheel
        gets it when no binary says more (``tag = "native"``).
    :param system: the operating system: ``linux``, ``darwin``, ``win32``, ``ios`` … (``sys.platform``).
    :param headers: the directory of ``Python.h``: ``c_api.headers``. Empty where it is not known.
    """

    implementation: str
    version: tuple[int, int]
    python_tag: str
    abi_tag: str
    suffix: str
    platform_tag: str
    system: str = ""
    headers: str = ""
