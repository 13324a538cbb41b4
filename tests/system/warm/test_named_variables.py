"""Which variables the texts of a step name."""

from __future__ import annotations

from pathlib import Path

from truewheel.system.warm.named_variables import words_that_may_be_variables


def is_restless(variable: str) -> bool:
    return variable in {"TERM", "COLUMNS"}


def test_words_that_are_restless_variables_are_found_in_texts_and_commands(
    tmp_path: Path,
) -> None:
    script = tmp_path / "script"
    script.write_bytes(b'\xff os.environ["TERM"] TERMINAL')
    texts = [str(script), str(tmp_path / "absent")]
    assert words_that_may_be_variables(texts, [], is_restless) == {"TERM"}
    assert words_that_may_be_variables([], ["x ${COLUMNS}"], is_restless) == {"COLUMNS"}
    assert words_that_may_be_variables([], ["HOME xTERM"], is_restless) == frozenset()


def test_what_is_too_long_for_a_script_is_not_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"TERM " + bytes(1_000_000))
    assert words_that_may_be_variables([str(data)], [], is_restless) == frozenset()
