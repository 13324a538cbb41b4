"""Libraries that must never go into a wheel, because they belong to a driver. Pure.

glibc is supplied by the system, and Python is in the process already: neither is looked for on the machine at all.
"""

from __future__ import annotations

import re

from ..model.record import Record

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


def refusal_of(library: Library) -> Refusal | None:
    """Return why a library must not be bundled; ``None`` when it may."""
    names = (*library.names, library.source)
    for name in names:
        base = name.rpartition("/")[2]
        if _DRIVERS.match(base):
            return Refusal(
                reason="it is part of a driver, and has to fit the machine's",
                hint=f'the machine has it: tool.truewheel.exclude = ["{base}"], or --exclude {base}',
            )
    return None
