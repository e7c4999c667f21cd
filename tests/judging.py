"""Builders for the tests of rules and guards: accounts, states and facts with few words. Days are Shanghai dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from monitor.model import (
    BEGINNING,
    SHANGHAI,
    Account,
    AccountState,
    Channel,
    Fault,
    GoodLook,
    Platform,
    PostMark,
    Sight,
    Source,
    SourceState,
    end_of_day,
    start_of_day,
)
from monitor.ports import AccountFacts

AS_OF = date(2020, 3, 3)
NOW = end_of_day(AS_OF)
FEED = "feed http://bridge.example/x.rss"


def at(text: str) -> datetime:
    """Return the moment a Shanghai clock shows, as `2020-03-03 08:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def account(**fields: Any) -> Account:
    return Account(
        **{
            "id": "610922M001XL0001",
            "platform": Platform.WEIBO,
            "name": "石泉统计",
            "channels": (Channel(adapter="feed", handle="http://bridge.example/x.rss"),),
            **fields,
        }
    )


def mark(moment: datetime, precision: Literal["second", "minute", "day"] = "second") -> PostMark:
    return PostMark(id=f"weibo:x:{moment.timestamp():.0f}", published_at=moment, url="https://weibo.com/1/x", precision=precision)


def fault(code: str, credential: str = "") -> Fault:
    return Fault(code=code, message=f"a {code}", credential=credential)


def look(moment: datetime, channel: str = FEED) -> GoodLook:
    return GoodLook(channel=channel, at=moment, digest="d1", covers_until=moment)


def saw(*spans: tuple[datetime, datetime]) -> Sight:
    return Sight(spans=spans)


def state(last: datetime | None = None, *spans: tuple[datetime, datetime], **fields: Any) -> AccountState:
    """Return a state whose newest post is `last` and whose looks covered the spans, the last of them good at its end."""
    sight = saw(*spans)
    newest = sight.last_span()
    good: dict[str, Any] = {"last_good": look(newest[1]), "last_tried_at": newest[1]} if newest else {}
    marked: dict[str, Any] = {"last_post": mark(last)} if last else {}
    return AccountState(**{"account_id": "610922M001XL0001", "sight": sight, **marked, **good, **fields})


def facts(state: AccountState, now: datetime = NOW, **fields: Any) -> AccountFacts:
    return AccountFacts(**{"account": account(), "state": state, "now": now, **fields})


def idle_for(days: int, now: datetime = NOW, **fields: Any) -> AccountState:
    """Return the state of an account whose newest post was published so many days ago at noon, seen without a hole until now."""
    day = now.astimezone(SHANGHAI).date() - timedelta(days=days)
    last = min(start_of_day(day) + timedelta(hours=12), now)
    return state(last, (BEGINNING, now), **fields)


def source(state: SourceState) -> Source:
    return Source(platform=Platform.WECHAT, adapter="feed", state=state)
