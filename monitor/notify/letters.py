"""A notice becomes a letter: subject, plain text and HTML, in the wording of handbook section 8. Pure.

A letter holds everything for one address: what is new, what is over, and in short what was told before and still holds.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from monitor.alerting import Notice
from monitor.errors import BrokenLetter
from monitor.model import Account, Role
from monitor.notify import phrases
from monitor.notify.facts import Fact, in_titles, shown
from monitor.notify.items import Item, Itemising, Words
from monitor.notify.pages import render_page, render_text
from monitor.ports import Letter, ListName
from monitor.telling.marks import address
from monitor.wording import minute, plain, web_link

__all__ = ["SUBJECT_CAP", "Words", "number", "write"]

SUBJECT_CAP = 100
"""Characters of a subject: what a phone shows in two lines."""
SHORT_CAP = 400
"""Characters of the same for a group robot: what a chat shows without folding it."""
SHORT_ITEMS = 6
NAME_CAP = 40
WHOLE_ITEMS = 40
"""Items, and accounts within one, told with evidence and links. Mail programs cut a longer letter off: the others follow in a line each."""
LINES_CAP = 200
"""Lines of such a list; whoever has more reads on in the console."""
THREAD_CAP = 20
"""Earlier letters named: mail programs thread by the last few."""


def write(notice: Notice, accounts: Mapping[str, Account], words: Words, now: datetime) -> Letter:
    """Return the letter of a notice. The same notice always gives the same `number`, so a repeat is recognised as one.

    Evidence that cannot be read costs a line, not the letter. Raises `BrokenLetter` where it cannot be written at all.
    """
    try:
        return _written(notice, accounts, words, now)
    except Exception as error:
        # A template that an administrator changed, a stored document of another age: whatever it is, only this letter waits.
        raise BrokenLetter(f"a letter cannot be written: {type(error).__name__}") from error


def _written(notice: Notice, accounts: Mapping[str, Account], words: Words, now: datetime) -> Letter:
    items = Itemising(_for_reader(notice, words), accounts, words, now)
    opened, recovered = items.opened(), items.recovered()
    subject = _subject(opened, recovered)
    linked = any(acts for item in opened for acts in (item.acts, *(row.acts for row in item.rows)))
    values = {
        **_listed([*opened, *recovered], items.standing()),
        "subject": subject,
        "name": _name(notice),
        "city": shown(words.city, NAME_CAP),
        "console": web_link(words.console_url),
        "written": minute(now),
        "after": phrases.afterwards(items.asked, linked=linked),
        "unlinked": items.unlinked if linked else 0,
        "not_here": phrases.ON_CONSOLE,
    }
    return Letter(
        to=notice.person.email.strip(),
        to_name=_name(notice),
        number=number(notice),
        subject=subject,
        text=render_text("letter.txt.j2", **values),
        html=render_page("letter.html.j2", **values, clickable=True),
        kept=render_page("letter.html.j2", **values, clickable=False) if linked else "",
        thread=_thread(notice),
        about=ListName.ACCOUNTS if notice.duty else ListName.TROUBLE,
        short=_short(opened, recovered, web_link(words.console_url)),
    )


def _for_reader(notice: Notice, words: Words) -> Notice:
    """Return the notice in the reader's words: whoever runs the software finds channels in the settings by their names."""
    if notice.duty or notice.person.role is Role.SYSADMIN:
        return notice
    piles = (notice.opened, notice.recovered, notice.standing)
    opened, recovered, standing = (tuple(in_titles(alert, words.titles) for alert in pile) for pile in piles)
    return replace(notice, opened=opened, recovered=recovered, standing=standing)


def _listed(items: list[Item], standing: list[Fact]) -> dict[str, Any]:
    """Return what is told whole, what in one line each, and how much would be too long even so."""
    further = [(row.who, row.unit) for item in items[:WHOLE_ITEMS] for row in item.rows[WHOLE_ITEMS:]]
    further += [(item.who, f"{item.said}。{item.ask}") for item in items[WHOLE_ITEMS:]]
    return {
        "items": [replace(item, rows=item.rows[:WHOLE_ITEMS]) for item in items[:WHOLE_ITEMS]],
        "further": further[:LINES_CAP],
        "standing": standing[:LINES_CAP],
        "left_out": _left_out(further) + _left_out(standing),
    }


def _left_out(lines: Sequence[Fact]) -> int:
    return max(0, len(lines) - LINES_CAP)


def _name(notice: Notice) -> str:
    return plain(notice.person.name, NAME_CAP)


def number(notice: Notice) -> str:
    """Return 32 hex digits made of the address, the alerts with their rungs and steps, and the recoveries.

    When the person was told before counts too: a rung that fell and was climbed again is another letter.
    """
    email = address(notice.person.email)
    opened = sorted(
        [alert.id, alert.finding.rung, int(notice.step(alert)), str(alert.told[email].at) if email in alert.told else ""]
        for alert in notice.opened
    )
    content = [email, opened, sorted(alert.id for alert in notice.recovered)]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()[:32]


def _thread(notice: Notice) -> tuple[str, ...]:
    """Return the earlier letters to this person about what the letter speaks of, oldest first."""
    email = address(notice.person.email)
    marks = sorted((alert.told[email] for alert in (*notice.opened, *notice.recovered) if email in alert.told), key=lambda mark: mark.at)
    numbers = dict.fromkeys(name for mark in marks for name in (mark.thread, mark.letter) if name)
    return tuple(numbers)[-THREAD_CAP:]


def _subject(opened: Sequence[Item], recovered: Sequence[Item]) -> str:
    """Return the sentence of a single item, or a summary headed by the gravest."""
    items = [*opened, *recovered]
    first = items[0]
    if len(items) == 1:
        head = "" if first.sentence.startswith("【") else f"【{first.label}】"
        return head + plain(first.sentence, SUBJECT_CAP - len(head) - len(first.end)) + first.end
    counted = [each for item in items for each in item.counted]
    labels = Counter(label for label, _ in counted)
    one_each = len({title for _, title in counted}) == len(counted) and all(item.is_account for item in items)
    several = f"等{len(counted)}个账号" if one_each else f"等{len(counted)}项"
    parts = "：" + "、".join(f"{label}{count}项" for label, count in labels.items()) if len(labels) > 1 else ""
    ends = {item.end for item in items}
    ending = "，问题已销号" if set(labels) == {phrases.RECOVERED} else ends.pop() if len(ends) == 1 else ""
    return plain(f"【{first.label}】{first.counted[0][1]}{several}{parts}{ending}", SUBJECT_CAP)


def _short(opened: Iterable[Item], recovered: Iterable[Item], console: str) -> str:
    """Return the first lines of the gravest items, for a chat; the rest is counted."""
    items = [*opened, *recovered]
    lines = [f"【{item.label}】{item.who}：{item.said}。{item.ask}" for item in items[:SHORT_ITEMS]]
    end = [f"另有{len(items) - SHORT_ITEMS}项"] if len(items) > SHORT_ITEMS else []
    end += [f"清单与依据：{console}"] if console and len(console) < SHORT_CAP // 4 else []
    room = SHORT_CAP - sum(len(line) + 1 for line in end)
    each = room // max(1, len(lines)) - 1
    return "\n".join([*(plain(line, each) for line in lines), *end])
