"""Parts of a binary that are odd, and that its loader does not ask for: what was skipped, why, and what is unknown for it."""

from __future__ import annotations

from .record import Record


class Skipped(Record):
    """A part that could not be read. The loader takes the file all the same, so that all else of it is judged.

    :param part: what it is, with its place: ``the notes in section .note.vendor``.
    :param problem: what is wrong with it.
    :param loss: what it might have told, as a sentence: ``its Android API level is not known``; empty when nothing that a
        judgement asks for.
    :param grave: whether something fails for somebody: another loader refuses it, or what it holds cannot be found in it.
    """

    part: str
    problem: str
    loss: str = ""
    grave: bool = False
