"""The Python files of a staged tree, which are read only when somebody asks: few builds are in doubt."""

from __future__ import annotations

from ...model.contents import Import
from ...model.record import Record
from ...model.tree import Tree


class PythonFiles(Record):
    """What the Python files of a tree import."""

    tree: Tree

    def own_imports(self) -> tuple[Import, ...]:
        """Return what the packages ask of themselves as soon as they are imported."""
        from .import_scan import own_imports

        return own_imports(self.tree)

    def named_modules(self) -> frozenset[str]:
        """Return the top-level names that the files import anywhere."""
        from .import_scan import named_modules

        return named_modules(self.tree)
