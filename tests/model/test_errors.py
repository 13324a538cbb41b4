"""Errors as values: they go from one process to another with all that they say."""

from __future__ import annotations

import pickle

import pytest

from truewheel.model.errors import (
    ConfigError,
    EngineError,
    FormatError,
    Problem,
    RepairError,
    TruewheelError,
    VerdictError,
)
from truewheel.model.finding import Finding, Severity

FINDING = Finding(
    code="TW201",
    severity=Severity.ERROR,
    where="m.so",
    message="needs a library",
    evidence=("libx.so.1",),
    hint="bundle it",
)


@pytest.mark.parametrize(
    "error",
    [
        TruewheelError("a", context=["b", "c"], hint="d"),
        RepairError("a", hint="d"),
        ConfigError("a", problems=[Problem(where="b", message="c", hint="d")]),
        EngineError("a", phase="build", argv=["cc"], returncode=1),
        FormatError("a", offset=5, field="e_shoff", value=7),
        VerdictError("a", findings=[FINDING], hint="d"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_gets_to_another_process_as_it_is(error: TruewheelError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (
        str(error),
        error.args,
        vars(error),
    )
