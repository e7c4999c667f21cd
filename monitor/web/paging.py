"""What every list of the console reads of an address, and how many pages it has. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.wording import plain


def read_page(query: Mapping[str, str]) -> int:
    """Return the page asked for; what is no number is the first."""
    page = query.get("page", "1")
    return max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1


def read_search(query: Mapping[str, str], cap: int) -> str:
    """Return the words searched for, on one line and at most `cap` characters."""
    return plain(query.get("q", "")[: cap * 4])[:cap]


def pages_of(total: int, rows: int) -> int:
    """Return how many pages of so many rows there are; of nothing one, which says so."""
    return max(1, -(-total // rows))
