"""Write the generated pages of the reference anew, or with ``--check`` say whether they are up to date."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "src"))

from truewheel import finding_pages as pages  # noqa: E402
from truewheel.project_settings import schema  # noqa: E402

TARGET = ROOT / "docs" / "reference"


def findings() -> str:
    """All pages of findings in one."""
    parts = ["# Findings\n\nWhat `truewheel explain CODE` prints, in one page.\n"]
    parts += [pages.page(code).replace("\n## ", "\n### ").replace("# TW", "## TW", 1) for code in pages.titles()]
    return "\n".join(parts)


def main() -> int:
    """Compare or write."""
    wanted = {TARGET / "settings.md": schema.reference(), TARGET / "findings.md": findings()}
    stale = [p for p, text in wanted.items() if not p.is_file() or p.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run python docs/regenerate/reference.py")
        return 1 if stale else 0
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
