"""The record of letters: a list, and each letter as it was sent, within a frame that can do nothing. Addresses are shown masked.

A stored letter holds no link that acts; what it says comes from platforms and rosters all the same, and is treated as hostile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from aiohttp import web

from monitor.ports import ListName
from monitor.telling.records import LetterRecord
from monitor.telling.trail import Entry
from monitor.web.drawing import DESK, FRAMING, draw, with_own
from monitor.web.paging import pages_of, read_page, read_search
from monitor.wording import NAME_CAP, minute, plain

PAGE_ROWS = 100
SEARCH_CAP = 100
"""Characters of a search: an address may have 254, those that people write have 40."""
FURTHEST_PAGE = 10_000
UNITS_SHOWN = 3
"""Units named in a row of the list; a digest is about hundreds."""
UNITS_OF_ONE = 20
SUBJECT_CAP = 120
TRAIL_CAP = 100
"""Steps of the audit log beside one letter: a letter about sixty accounts has some sixty."""

OUTCOMES: Mapping[str, str] = {"sent": "已发送", "uncertain": "结果不明", "failed": "暂未送达", "refused": "被退信"}
_ABOUT = {ListName.ACCOUNTS: "账号通知", ListName.DIGEST: "日报周报", ListName.TROUBLE: "采集异常"}
# Every run of letters is tried once, from its beginning: a long text without any address costs one pass.
_ADDRESS = re.compile(r"(?<![A-Za-z0-9._%+-])([A-Za-z0-9._%+-])[A-Za-z0-9._%+-]*+@(?=[A-Za-z0-9])")
_LINK = re.compile(r"/do/[A-Za-z0-9_.-]{20,}")
_INERT = "<style>a{pointer-events:none}</style>"
"""At the end of a letter within a frame: a link would load into the frame, where nothing may be loaded."""
BODY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox",
    "X-Frame-Options": "SAMEORIGIN",
}


def masked(text: str) -> str:
    """Return the text with every e-mail address in it reduced to its first letter and its host, and without any link that acts.

    The record holds none; should one ever slip in, it must not be pressed by whoever reads along.
    """
    return _ADDRESS.sub(r"\1**@", _LINK.sub("/do/…", text))


def masked_address(address: str) -> str:
    """Return an address as it is shown; whatever is no address keeps its first letter only."""
    name, at, host = plain(address).rpartition("@")
    return f"{name[:1]}**@{plain(host, NAME_CAP)}" if at else f"{host[:1]}**"


@dataclass(frozen=True, slots=True)
class LetterWish:
    """What the reader asked for, already cleaned: unknown words are as if not given."""

    search: str = ""
    outcome: str = ""
    page: int = 1

    def link(self, **changes: str) -> str:
        query = {"q": self.search, "outcome": self.outcome, **changes}
        asked = urlencode({key: value for key, value in query.items() if value})
        return f"/letters?{asked}" if asked else "/letters"


def read_wish(query: Mapping[str, str]) -> LetterWish:
    """Read the parameters of an address. Nothing a reader types is an error."""
    outcome = query.get("outcome", "")
    return LetterWish(
        search=read_search(query, SEARCH_CAP),
        outcome=outcome if outcome in OUTCOMES else "",
        page=min(read_page(query), FURTHEST_PAGE),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One letter in words. `tone` picks the colour of its outcome."""

    path: str
    at: str
    to: str
    subject: str
    units: str
    about: str
    outcome: str
    tone: str
    why: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of the audit log in words."""

    at: str
    act: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list with its surroundings."""

    rows: tuple[Row, ...]
    total: int
    pages: int
    wish: LetterWish
    outcomes: Mapping[str, str]
    search_cap: int = SEARCH_CAP


def row(record: LetterRecord, units_shown: int = UNITS_SHOWN) -> Row:
    units = [plain(str(unit), NAME_CAP) for unit in record.units[:units_shown] if unit]
    more = f"等{len(record.units)}个单位" if len(record.units) > units_shown else ""
    tone = record.outcome if record.outcome in OUTCOMES else "uncertain"
    return Row(
        path=f"/letters/{quote(record.number, safe='')}",
        at=minute(record.at),
        to=masked_address(str(record.to)),
        subject=masked(plain(str(record.subject), SUBJECT_CAP)) or "（无主题）",
        units="、".join(units) + more,
        about=next((label for name, label in _ABOUT.items() if name == record.about), "其他"),
        outcome=OUTCOMES[tone],
        tone=tone,
        why=masked(plain(str(record.why), 200)),
    )


def step(entry: Entry) -> StepRow:
    by = masked_address(entry.by) if "@" in entry.by else plain(entry.by, NAME_CAP)
    return StepRow(minute(entry.at), entry.act.label, by, masked(plain(entry.reason, 200)))


def add_letters(app: web.Application) -> None:
    app.router.add_get("/letters", letters)
    app.router.add_get("/letters/{number:[^/]{1,200}}", letter)
    app.router.add_get("/letters/{number:[^/]{1,200}}/body", body)


async def letters(request: web.Request) -> web.Response:
    """Show what was sent, newest first."""
    wish = read_wish(request.query)
    found, total = await _stretch(request, wish)
    pages = pages_of(total, PAGE_ROWS)
    if wish.page > pages:
        wish = replace(wish, page=pages)
        found, total = await _stretch(request, wish)
    listing = Listing(tuple(row(each) for each in found), total, pages, wish, OUTCOMES)
    return draw(request, "letters.html.j2", "letters", listing=listing)


async def _stretch(request: web.Request, wish: LetterWish) -> tuple[Sequence[LetterRecord], int]:
    return await request.app[DESK].letters(wish.search, wish.outcome, (wish.page - 1) * PAGE_ROWS, PAGE_ROWS)


async def letter(request: web.Request) -> web.Response:
    """Show one letter with what is known of it and of what it told."""
    found = await request.app[DESK].letter(request.match_info["number"])
    if found is None:
        return draw(request, "unknown_letter.html.j2", "letters", 404)
    record, trail = found
    return draw(
        request,
        "letter.html.j2",
        "letters",
        own=FRAMING,
        head=row(record, units_shown=UNITS_OF_ONE),
        text=masked(_lines(record.text)),
        has_page=bool(record.html),
        steps=[step(each) for each in trail[:TRAIL_CAP]],
        more_steps=len(trail) > TRAIL_CAP,
    )


def _lines(text: str) -> str:
    """Return the text line by line as it was set, without what would turn or hide a line."""
    return "\n".join(line[: len(line) - len(line.lstrip(" "))] + plain(line) for line in text.splitlines())


async def body(request: web.Request) -> web.Response:
    """Hand out the letter itself, for the frame: no script, nothing from outside, no link that leads anywhere."""
    found = await request.app[DESK].letter(request.match_info["number"])
    if found is None or not found[0].html:
        return with_own(web.Response(status=404, text="没有这封邮件的网页正文\n"), BODY_HEADERS)
    page = masked(found[0].html) + _INERT
    response = web.Response(body=page.encode("utf-8", "replace"), content_type="text/html", charset="utf-8")
    return with_own(response, BODY_HEADERS)
