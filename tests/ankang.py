"""The fourteen accounts of 安康 2020Q1 as its bulletin prints them, and their states as the checkers found them on 2020-03-03."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from judging import AS_OF, look, mark, saw

from monitor.model import BEGINNING, Account, AccountState, Platform, Status, end_of_day, start_of_day
from monitor.ports import AccountFacts

STOPPED = "汉阴农林科技"


class Row(NamedTuple):
    platform: Platform
    name: str
    last: date | None
    label: str
    idle_days: int | None


WECHAT, WEIBO = Platform.WECHAT, Platform.WEIBO
ROWS = (
    Row(WECHAT, "安康住房公积金", date(2020, 2, 9), "僵尸微信", 23),
    Row(WEIBO, "安康公积金", date(2020, 2, 18), "僵尸微博", 14),
    Row(WEIBO, "石泉县扶贫开发局", date(2020, 2, 13), "僵尸微博", 19),
    Row(WEIBO, "石泉统计", date(2020, 1, 13), "僵尸微博", 50),
    Row(WECHAT, "富硒双安", date(2020, 2, 7), "僵尸微信", 25),
    Row(WECHAT, STOPPED, date(2019, 4, 22), "停运未注销", 316),
    Row(WECHAT, "汉阴县电子商务", date(2020, 2, 6), "僵尸微信", 26),
    Row(WECHAT, "岚皋政务微平台", date(2020, 2, 10), "僵尸微信", 22),
    Row(WECHAT, "岚皋交警", date(2020, 2, 18), "僵尸微信", 14),
    Row(WEIBO, "岚皋交警", None, "僵尸微博", None),
    Row(WECHAT, "镇坪市场监管", date(2020, 2, 18), "僵尸微信", 14),
    Row(WEIBO, "镇坪公安", date(2020, 1, 29), "僵尸微博", 34),
    Row(WEIBO, "法治镇坪", date(2020, 2, 10), "僵尸微博", 22),
    Row(WECHAT, "文旅白河", date(2020, 1, 31), "僵尸微信", 32),
)


def checked(row: Row, as_of: date = AS_OF, stopped: bool = True) -> AccountFacts:
    """Return the facts of a hand check: the day of the last update, seen whole from that day to the start of 2020-03-03."""
    looked_at = start_of_day(AS_OF)
    since = start_of_day(row.last) if row.last else BEGINNING
    account = Account(
        id=f"{row.platform}:{row.name}",
        platform=row.platform,
        name=row.name,
        status=Status.ABANDONED if stopped and row.name == STOPPED else Status.ACTIVE,
    )
    state = AccountState(
        account_id=account.id,
        last_post=mark(start_of_day(row.last), "day") if row.last else None,
        sight=saw((since, looked_at)),
        last_good=look(looked_at, "manual"),
        last_tried_at=looked_at,
    )
    return AccountFacts(account, state, end_of_day(as_of))


def posted_days_before(days: int, seen_until: datetime) -> AccountFacts:
    """Return an account last updated so many days before 2020-03-03, seen whole since."""
    row = Row(WEIBO, "边界账号", AS_OF - timedelta(days=days), "", days)
    facts = checked(row)
    assert row.last is not None
    state = facts.state.model_copy(update={"sight": saw((start_of_day(row.last), seen_until))})
    return AccountFacts(facts.account, state, facts.now)
