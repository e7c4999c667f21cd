"""Labelled sets for repost detection: JSON lines, plain or gzipped, their reading, their writing, and how predictions are scored.

An article is `{"id", "title", "text", "published_on"}`; a post `{"text", "published_on"}` and, where labelled, `"article"` (an id or null)
and `"class"`. A class whose name begins with `n_` holds posts that carry no article.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
"""What the monitor takes for an article's id."""

_HALF = re.compile("[\ud800-\udfff]")


class BadLine(ValueError):
    """A line that is not what it should be; the message names file, line and field."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__(f"{path}, line {line}: {why}")
        self.path = path
        self.line = line


@dataclass(frozen=True, slots=True)
class LabelledArticle:
    """A key article as the file gives it; `published_on` is an ISO day."""

    id: str
    title: str
    text: str
    published_on: str

    def line(self) -> dict[str, str]:
        return {"id": self.id, "title": self.title, "text": self.text, "published_on": self.published_on}


@dataclass(frozen=True, slots=True)
class LabelledPost:
    """A post as the file gives it. `kind` is its class, empty where the file has no labels; then `article` says nothing."""

    text: str
    published_on: str
    article: str | None
    kind: str

    def line(self) -> dict[str, str | None]:
        return {"text": self.text, "published_on": self.published_on, "article": self.article, "class": self.kind}


@dataclass(frozen=True, slots=True)
class Score:
    """How good predictions are. Of a class with articles `shares` holds the share found, of one without the share of false alarms."""

    f1: float
    precision: float
    recall: float
    shares: dict[str, float]


def read_articles(path: Path) -> Iterator[LabelledArticle]:
    """Yield the articles of the file.

    Raises `BadLine` for what is no article and for an id that has been there before, OSError where the file cannot be read.
    """
    met: set[str] = set()
    for number, line in _lines(path):
        name = _text(line, "id", path, number)
        if not ID.fullmatch(name):
            raise BadLine(path, number, 'field "id": 1 to 64 letters, digits, "_" or "-" are wanted')
        if name in met:
            raise BadLine(path, number, f'field "id": {name} has been there before')
        met.add(name)
        yield LabelledArticle(name, _text(line, "title", path, number), _text(line, "text", path, number), _day(line, path, number))


def read_posts(path: Path) -> Iterator[LabelledPost]:
    """Yield the posts of the file; raises as `read_articles` does."""
    for number, line in _lines(path):
        truth, kind = line.get("article"), line.get("class", "")
        if truth is not None and not isinstance(truth, str):
            raise BadLine(path, number, 'field "article": an id or null is wanted')
        if not isinstance(kind, str):
            raise BadLine(path, number, 'field "class": a text is wanted')
        yield LabelledPost(_text(line, "text", path, number), _day(line, path, number), truth, kind)


def write_lines(path: Path, lines: Iterable[object]) -> None:
    """Write one JSON value a line, gzipped where the name ends in .gz; equal lines make equal bytes."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode("utf-8", "surrogatepass")
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def score(posts: Sequence[LabelledPost], said: Sequence[str | None]) -> Score:
    """Return how well the predictions, in the order of the posts, agree with the labels.

    A post counts as found only when its very article is named; another name is both a miss and a false alarm.
    """
    carried = sum(post.article is not None for post in posts)
    right = sum(post.article is not None and post.article == name for post, name in zip(posts, said, strict=True))
    named = sum(name is not None for name in said)
    total, hit = Counter(post.kind for post in posts), Counter[str]()
    for post, name in zip(posts, said, strict=True):
        hit[post.kind] += name is not None if post.article is None else name == post.article
    precision, recall = right / named if named else 0.0, right / carried if carried else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return Score(f1, precision, recall, {kind: hit[kind] / total[kind] for kind in sorted(total)})


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if text.strip():
                yield number, _object(text, path, number)


def _object(text: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadLine(path, number, f"no JSON: {error}") from error
    if not isinstance(line, dict):
        raise BadLine(path, number, "an object is wanted")
    return line


def _text(line: dict[str, Any], field: str, path: Path, number: int) -> str:
    value = line.get(field)
    if not isinstance(value, str):
        raise BadLine(path, number, f'field "{field}": a text is wanted')
    if not value.isascii() and _HALF.search(value):
        raise BadLine(path, number, f'field "{field}": there is half of a surrogate pair in it')
    return value


def _day(line: dict[str, Any], path: Path, number: int) -> str:
    text = _text(line, "published_on", path, number)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise BadLine(path, number, f'field "published_on": a day as 2026-01-31 is wanted, there is {text[:40]!r}') from error
