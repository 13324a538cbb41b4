"""What is asked about a build: made out of its facts, its settings and what it is for."""

from __future__ import annotations

import pytest

from support.facts import CP313
from truewheel.audit.questions import (
    Question,
    question_about,
    refuse_impossible_promises,
)
from truewheel.model.build_facts import BuildFacts
from truewheel.model.contents import Contents, File, Import
from truewheel.model.errors import VerdictError
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
    contents = Contents(
        files=(File(path="p/__init__.py", size=1),), dist_info="p-1.dist-info"
    )
    return question_about(
        contents,
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
