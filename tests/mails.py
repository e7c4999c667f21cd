"""Invented letters as they stand in the record, for the tests of the console."""

from __future__ import annotations

from datetime import timedelta

from clocks import NOON

from monitor.telling.records import LetterRecord
from monitor.telling.trail import DAEMON, Act, Entry

HTML = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>x</title>
<style>body{margin:0;padding:16px;background:#f4f6f8}.card{max-width:600px;margin:0 auto;padding:20px;background:#fff}</style></head>
<body><div class="card"><p>您好：</p><p style="font-weight:bold">“石泉统计”(微博)已50天未更新(最后更新2020-01-13)</p>
<p>请于3月11日前更新。更新后下次采集自动销号，无需回复邮件。</p><p><a href="https://weibo.example/1/Abc">查看最近发布</a></p></div></body></html>"""
TEXT = "您好：\n\n【内容不更新】“石泉统计”(微博)已50天未更新\n  单位：石泉县统计局\n  联系：wang@unit.example\n"


def letter(number: int | str = 1, **fields: object) -> LetterRecord:
    made = {
        "number": str(number),
        "to": "zhang@unit.example",
        "at": NOON - timedelta(minutes=number if isinstance(number, int) else 0),
        "subject": "【内容不更新】“石泉统计”(微博)已50天未更新(最后更新2020-01-13)",
        "text": TEXT,
        "html": HTML,
        "about": "accounts",
        "outcome": "sent",
        "units": ("石泉县统计局",),
        "alerts": ("idle a 1",),
        **fields,
    }
    return LetterRecord(**made)  # type: ignore[arg-type]


def every_kind() -> list[LetterRecord]:
    """Return one letter of each kind and outcome, newest first."""
    daily = "【日报】政务新媒体监测 2026-03-04：正常409 超期14 将超期7 无法判定0"
    trouble = "【采集异常】微信源连续6小时无有效数据，期间不作判定"
    recovered = "【已恢复】“汉阴林业”(抖音)已于2026年3月3日更新，问题已销号"
    refusal = "550 <wu@gone.example>: no such user"
    return [
        letter(1),
        letter(2, subject=daily, about="digest", units=tuple("甲乙丙丁戊"), to="clerk@gov.example"),
        letter(3, subject=trouble, about="trouble", units=(), outcome="uncertain", to="root@gov.example"),
        letter(4, subject="【转载提醒】《示例文章》应于5月16日18:00前转载", outcome="failed", why="451 try later", to="li@mail.example"),
        letter(5, subject=recovered, outcome="refused", why=refusal, to="wu@gone.example"),
    ]


def steps() -> list[Entry]:
    return [
        Entry("3", NOON, Act.ACKNOWLEDGED, "zhang@unit.example", "idle a 1", "a", "确认收到"),
        Entry("2", NOON - timedelta(minutes=1), Act.TOLD, "zhang@unit.example", "idle a 1", "a", "新情况", "1", "石泉县统计局"),
        Entry("1", NOON - timedelta(hours=1), Act.OPENED, DAEMON, "idle a 1", "a", "“石泉统计”(微博)已50天未更新"),
    ]
