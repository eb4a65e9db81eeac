"""Pages of lists."""

from __future__ import annotations

USUAL_PAGE, LARGEST_PAGE = 100, 1000


def page_size(asked: int) -> int:
    return min(asked or USUAL_PAGE, LARGEST_PAGE)
