"""truewheel: a PEP 517/660 build backend whose wheels are named by what is in them."""

from __future__ import annotations

__version__ = "0.1.0"
