"""What is asked about a build: made out of its facts, its settings and what it is for."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from support.facts import CP313, CP313T, contents
from support.said import defining, saying
from truewheel.audit.questions import (
    Question,
    ask_modules,
    question_about,
    refuse_impossible_promises,
)
from truewheel.audit.verdict import judge
from truewheel.model.build_facts import BuildFacts
from truewheel.model.contents import Contents, File, Import
from truewheel.model.errors import VerdictError
from truewheel.model.finding import Severity
from truewheel.model.module_facts import GilUse, ImportAnswers
from truewheel.model.request import Product
from truewheel.model.settings import Settings


class NoPythonFiles:
    """Python files that nobody may read."""

    def own_imports(self) -> tuple[Import, ...]:
        raise AssertionError("there is no doubt")

    def named_modules(self) -> frozenset[str]:
        raise AssertionError("there is no doubt")


def ask(
    product: Product = Product.WHEEL, tag: str = "auto", distribution: str | None = None
) -> Question:
    inside = Contents(
        files=(File(path="p/__init__.py", size=1),), dist_info="p-1.dist-info"
    )
    return question_about(
        inside,
        BuildFacts(is_compiled=False, not_installed=("x.so",)),
        Settings(tag=tag),
        product=product,
        target=CP313,
        distribution=distribution,
        python_files=NoPythonFiles(),
    )


@pytest.mark.parametrize(
    ("product", "tag", "distribution", "promise"),
    [
        (Product.WHEEL, "auto", None, "auto"),
        (Product.WHEEL, "manylinux_2_17", None, "manylinux_2_17"),
        (Product.WHEEL, "auto", "Nix", "native"),
        (Product.WHEEL, "manylinux_2_17", "Nix", "manylinux_2_17"),
        (Product.EDITABLE, "manylinux_2_17", None, "native"),
    ],
)
def test_an_editable_install_and_a_distribution_promise_nothing(
    product: Product, tag: str, distribution: str | None, promise: str
) -> None:
    assert ask(product, tag, distribution).promise == promise


def test_an_editable_install_lacks_no_library() -> None:
    """Its files are found where CMake has built them."""
    assert ask().not_installed == ("x.so",)
    assert ask(Product.EDITABLE).not_installed == ()


def test_promises_that_no_binary_can_keep_are_refused_together() -> None:
    refuse_impossible_promises(
        "auto", ["py3-none-any", "cp313-cp313-manylinux_2_28_x86_64"]
    )
    with pytest.raises(VerdictError) as caught:
        refuse_impossible_promises("manylinux_9", ["cp313-cp313-amiga_68k"])
    assert len(caught.value.findings) == 2


# --- modules that may switch the GIL on -------------------------------------------------------------------------


class Importer:
    """Built modules, which notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def gil_after(self, paths: Collection[str]) -> ImportAnswers:
        self.asked += paths
        return ImportAnswers(comes_back=frozenset(paths))


THREADED = "p/m.cpython-313t-x86_64-linux-gnu.so"
DOUBTFUL = contents(saying(THREADED, "PyModuleDef_Init"))
CERTAIN = contents(
    saying(THREADED, "PyModuleDef_Init", definitions=defining(GilUse.NOT_USED))
)


@pytest.mark.parametrize(
    ("question", "inside", "is_asked"),
    [
        (Question(target=CP313T), DOUBTFUL, True),
        (Question(target=CP313T), CERTAIN, False),
        (Question(target=CP313), DOUBTFUL, False),
        (Question(target=CP313T, ignore=("TW414",)), DOUBTFUL, False),
        (Question(target=CP313T, select=("TW5",)), DOUBTFUL, False),
    ],
)
def test_modules_are_imported_only_in_doubt(
    question: Question, inside: Contents, is_asked: bool
) -> None:
    importer = Importer()
    answered = ask_modules(question, inside, importer)
    assert importer.asked == [THREADED] * is_asked
    assert (answered.answers is not None) == is_asked


@pytest.mark.parametrize(
    ("answers", "severities"),
    [
        (ImportAnswers(comes_back=frozenset({THREADED})), [Severity.WARNING]),
        (ImportAnswers(stays_off=frozenset({THREADED})), []),
        (ImportAnswers(), [Severity.NOTE]),
        (None, [Severity.NOTE]),
    ],
)
def test_what_the_interpreter_says_counts(
    answers: ImportAnswers | None, severities: list[Severity]
) -> None:
    question = Question(target=CP313T, answers=answers, compiled=False)
    findings = judge(DOUBTFUL, question).findings
    assert [one.severity for one in findings if one.code == "TW414"] == severities
