"""Libraries that must never go into a wheel: Python itself, and what belongs to a driver. Pure."""

from __future__ import annotations

import re

from ..model.record import Record
from ..platforms import platform_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .libraries import Library


class Refusal(Record):
    """Why a library is refused, as the end of a sentence, and what to do instead."""

    reason: str
    hint: str


_DRIVERS = re.compile(
    r"""
    libcuda\.so | libnvidia-[a-z] | libnvcuvid\.so | libnvoptix\.so | libGLX_ | libEGL_ | libvulkan_
    | libhsa-runtime64\.so | libdrm | libze_intel_ | libigdgmm | libOpenCL\.so
    | nvcuda\.dll | nvml\.dll | OpenCL\.dll
    """,
    re.VERBOSE,
)
"""How the files of GPU drivers begin: they fit one version of a kernel module, and come with it.

Sources: NVIDIA Linux driver README, "Installed Components"; https://rocm.docs.amd.com; Khronos' OpenCL and Vulkan loaders,
which look for the drivers of the machine.
"""


def refusal_of(family: str, library: Library) -> Refusal | None:
    """Return why a library must not be bundled; ``None`` when it may."""
    platform = platform_of(family)
    names = (*library.names, library.source.rpartition("/")[2])
    for name in names:
        base = name.rpartition("/")[2]
        if platform.is_python(name) or platform.is_python(base):
            return Refusal(
                reason="it is Python itself, and the process has its own",
                hint="ask find_package(Python) for Development.Module instead of Development, or link with -undefined dynamic_lookup",
            )
        if _DRIVERS.match(base):
            return Refusal(
                reason="it is part of a driver, and has to fit the machine's",
                hint=f'the machine has it: tool.truewheel.exclude = ["{base}"], or --exclude {base}',
            )
    return None
