"""What the binaries were compiled against, as ``check`` and builds tell it."""

from __future__ import annotations

from support.facts import CP313, module, package, wheel_named
from truewheel.audit.questions import Question
from truewheel.audit.verdict import check, judge
from truewheel.model.binary import NumpyApi
from truewheel.model.contents import File
from truewheel.model.record import replace

CODES = ("TW211", "TW212")


def numpy_module(path: str) -> File:
    """Return a module that was compiled with the headers of NumPy 1."""
    file = module(path)
    assert file.binary is not None
    return replace(file, binary=replace(file.binary, numpy_api=NumpyApi(headers=1)))


def told_of_wheel(filename: str, *headers: str) -> list[tuple[str, str]]:
    """Return the codes and messages on a wheel with one module and these headers in METADATA."""
    suffix = "abi3" if "abi3" in filename else "cpython-310-x86_64-linux-gnu"
    inside = package(numpy_module(f"p/_m.{suffix}.so"))
    metadata = "\n".join(("Metadata-Version: 2.1", "Name: p", "Version: 1", *headers))
    facts = wheel_named(filename, inside, metadata=metadata)
    return [(one.code, one.message) for one in check(facts).findings if one.code in CODES]  # fmt: skip


def test_a_wheel_on_disk() -> None:
    name = "p-1-cp310-cp310-linux_x86_64.whl"
    ((code, message),) = told_of_wheel(name, "Requires-Dist: numpy>=1.21")
    assert code == "TW211"
    assert message.startswith("NumPy 2.2.6 is allowed")
    assert told_of_wheel(name, "Requires-Dist: numpy<2") == []
    assert [code for code, _ in told_of_wheel(name)] == ["TW212"]


def test_the_name_tells_for_which_pythons_a_stable_abi_is() -> None:
    name, limit = "p-1-cp38-abi3-linux_x86_64.whl", "Requires-Python: <3.9"
    assert told_of_wheel(name, "Requires-Dist: numpy") != []
    # There is no NumPy 2 for Python 3.8.
    assert told_of_wheel(name, "requires-python: <3.9", "Requires-Dist: numpy") == []
    assert told_of_wheel(name, limit, "Requires-Dist: numpy") == []


def test_nothing_is_said_of_pythons_that_are_not_known() -> None:
    name = "p-1-pp310-pypy310_pp73-linux_x86_64.whl"
    inside = package(numpy_module("p/_m.pypy310-pp73-x86_64-linux-gnu.so"))
    found = check(wheel_named(name, inside)).findings
    assert not [one for one in found if one.code in CODES]


def test_a_build() -> None:
    tree = package(numpy_module("p/_m.cpython-313-x86_64-linux-gnu.so"))
    question = Question(target=CP313, plain_tags=("linux_x86_64",), requires=("numpy",))

    def told(question: Question) -> list[str]:
        return [one.code for one in judge(tree, question).findings if one.code in CODES]

    assert told(question) == ["TW211"]
    assert told(replace(question, requires=())) == ["TW212"]
    assert told(replace(question, requires=("numpy<2",))) == []
    # Which Pythons can take it, METADATA may limit.
    assert told(replace(question, requires_python="<3.13")) == []
    assert told(replace(question, ignore=("TW211",))) == []
