"""Papers of the small city, for the tests that read or draw them; and a city that was filled in to do harm."""

from __future__ import annotations

import re

from digesting import BACK_ALERT, DAY, NOW, OLD, account, alert, city, idle, letter, step_of, task_of, trouble, unclear

from monitor.model import Contact, Platform, RepostVerdict, local_date
from monitor.notify.digest_letters import Head
from monitor.notify.paper import Paper
from monitor.notify.report_words import burden_paper, leading_paper
from monitor.reports.burden import Month, burden
from monitor.reports.cases import Material
from monitor.reports.digests import digest
from monitor.reports.leading import leading
from monitor.telling.trail import Act

HEAD = Head("南溪市", "国办秘函〔2019〕19号 · 两周", "https://monitor.nanxi.example/")
SINCE = NOW - DAY
HOSTILE = "<img src=x onerror=alert(1)>\n二行\u202e\ud800“”]]>" + "长" * 500


def titles(text: str) -> list[str]:
    """Return the headings of the sections, without their numbers."""
    return re.findall(r"^[一二三四五六七八九十]+、(.+)$", text, re.M)


def month_paper() -> Paper:
    steps = [step_of(BACK_ALERT, Act.TOLD, NOW - 9 * DAY, letter="9", unit="东山林业主办单位")]
    rows = [idle(OLD, 94)]
    made = burden(city(rows=rows, alerts=[alert(OLD, NOW - 80 * DAY)], requests=()), Month(2020, 2), [letter("1", NOW - 9 * DAY)], steps)
    return burden_paper(made, HEAD, NOW)


def leader_paper() -> Paper:
    material = city()
    return leading_paper(leading(material, digest(material, SINCE), local_date(NOW), {}), HEAD, NOW)


def hostile_city() -> Material:
    who = account(1, HOSTILE, unit=HOSTILE, region=HOSTILE, contacts=(Contact(email="a@b", name=HOSTILE),))
    near, blind = (account(n, HOSTILE, unit=HOSTILE, platform=Platform.WECHAT) for n in (2, 3))
    rows = [idle(who, 20), idle(near, 12), unclear(blind, HOSTILE)]
    rows[0] = who, rows[0][1].model_copy(update={"label": HOSTILE, "reason": HOSTILE})
    sheets = task_of([(who, RepostVerdict.MISSING)])
    titled = list(sheets)
    titled[0] = type(sheets[0])(sheets[0].article.model_copy(update={"title": HOSTILE}), sheets[0].rows, sheets[0].rates)
    alerts = [alert(who, NOW, message=HOSTILE, evidence={"since": 5, "article_title": [HOSTILE]}), trouble(HOSTILE)]
    return city(rows=rows, sheets=tuple(titled), alerts=alerts)
