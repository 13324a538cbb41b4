"""What came of a repair: what is in the wheel now, and what is not."""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .audit import Linkage
    from .bundled import BundledFile
    from .finding import Finding


class Repairs(Record):
    """What a repair did.

    :param bundled: the libraries that were copied, in order of path.
    :param missing: needs for which no library was found.
    :param is_pending: whether the copies were only worked out, and not made (``repair = "warn"``).
    :param findings: what is to be said besides.
    """

    bundled: tuple[BundledFile, ...] = ()
    missing: tuple[Linkage, ...] = ()
    is_pending: bool = False
    findings: tuple[Finding, ...] = ()
