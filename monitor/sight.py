"""Sight: the union of what all looks of an account covered. Holes stay holes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, field_validator

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Where a complete list begins to cover: before any of the platforms existed."""

Span = tuple[datetime, datetime]


class Sight(BaseModel):
    """Ordered, disjoint, closed spans of time. It answers whether a span was wholly seen; it never guesses across a hole.

    Touching spans merge. A span of no length is dropped: a look at one instant covers nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spans: tuple[tuple[AwareDatetime, AwareDatetime], ...] = ()

    @field_validator("spans")
    @classmethod
    def _merge(cls, spans: tuple[Span, ...]) -> tuple[Span, ...]:
        return _merged(spans)

    def add(self, start: datetime, end: datetime) -> Sight:
        """Return the sight that also covers start..end; a span that ends before it starts adds nothing."""
        if end <= start or self.saw(start, end):
            return self
        return Sight.model_construct(spans=_merged((*self.spans, (start, end))))

    def saw(self, start: datetime, end: datetime) -> bool:
        """Whether every moment of start..end was covered; False when the span is turned round."""
        return start <= end and any(first <= start and end <= last for first, last in self.spans)

    def until(self, moment: datetime) -> Sight:
        """Return what of this sight lies at or before the moment, for judging as of a past day."""
        return Sight.model_construct(spans=tuple((first, min(last, moment)) for first, last in self.spans if first < moment))

    def since(self, moment: datetime) -> Sight:
        """Return this sight without the spans that ended before the moment."""
        if not self.spans or self.spans[0][1] >= moment:
            return self
        return Sight.model_construct(spans=tuple(span for span in self.spans if span[1] >= moment))

    def last_span(self) -> Span | None:
        """Return the newest span, or None when nothing was ever covered."""
        return self.spans[-1] if self.spans else None

    def merge(self, other: Self) -> Sight:
        """Return what either of the two covered."""
        return Sight.model_construct(spans=_merged((*self.spans, *other.spans)))


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)
