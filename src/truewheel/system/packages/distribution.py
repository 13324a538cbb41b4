"""Which distribution a system is, for the URLs of its packages.

Source: os-release(5).
"""

from __future__ import annotations

from ...model.package_url import package_url
from ...model.record import Record
from .file_system import FileSystem

_VENDORS = {
    "rhel": "redhat",
    "sles": "suse",
    "opensuse-leap": "opensuse",
    "opensuse-tumbleweed": "opensuse",
}
"""Vendors whose own package URLs have another name than os-release has: ``pkg:rpm/redhat/…``, ``pkg:rpm/opensuse/…``."""


class Distribution(Record):
    """``ID`` and ``VERSION_ID``; empty when the system does not say."""

    identifier: str = ""
    version: str = ""


def read_distribution(system: FileSystem) -> Distribution:
    """Return what ``/etc/os-release`` says, or the file that stands in for it."""
    text = system.text("/etc/os-release") or system.text("/usr/lib/os-release")
    values = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        values[key.strip()] = value.strip().strip("\"'")
    return Distribution(
        identifier=values.get("ID", "").lower(),
        version=values.get("VERSION_ID", ""),
    )


def distribution_url(
    kind: str,
    name: str,
    distribution: Distribution,
    *,
    version: str,
    architecture: str,
    epoch: str = "",
) -> str:
    """Return the URL of a distribution's package; empty when nobody knows the vendor, which the specification asks for."""
    if not distribution.identifier:
        return ""
    about = f"{distribution.identifier}-{distribution.version}"
    qualifiers = {
        "arch": architecture,
        # Rolling releases have no version.
        "distro": about.rstrip("-"),
        "epoch": epoch,
    }
    return package_url(
        kind,
        name,
        version=version,
        namespace=_VENDORS.get(distribution.identifier, distribution.identifier),
        qualifiers=qualifiers,
    )
