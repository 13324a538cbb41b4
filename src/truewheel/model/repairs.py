"""What came of a repair: what is in the wheel now, and what is not."""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .audit import Linkage
    from .bundled import BundledFile
    from .finding import Finding
    from .repair_plan import AddDllDirectory, FileEdits


class Repairs(Record):
    """What a repair did.

    :param bundled: the libraries that were copied, in order of path.
    :param edited: what was changed in the wheel's own files.
    :param missing: needs for which no library was found.
    :param not_included: those of ``missing`` that no file has: the project asks for the library (``include``).
    :param unmatched_exclude: globs of ``exclude`` that no needed library has the name for.
    :param unmatched_keep_names: globs of ``keep-names`` that no copied library has the name for.
    :param is_pending: whether the copies were only worked out, and not made (``repair = "warn"``).
    :param findings: what is to be said besides.
    """

    bundled: tuple[BundledFile, ...] = ()
    edited: tuple[FileEdits | AddDllDirectory, ...] = ()
    missing: tuple[Linkage, ...] = ()
    not_included: tuple[Linkage, ...] = ()
    unmatched_exclude: tuple[str, ...] = ()
    unmatched_keep_names: tuple[str, ...] = ()
    is_pending: bool = False
    findings: tuple[Finding, ...] = ()
