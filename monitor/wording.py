"""How names, moments and links are shown to people, in mails and on the console alike. Pure.

Names, titles and addresses come from platforms and rosters: whoever writes them must not be able to break a line or plant a link.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from monitor.model import SHANGHAI, Account, PostMark, Standing, Verdict

NAME_CAP = 60
"""Characters of a name that are shown: twice the longest that a platform allows."""

REASON_CAP = 100
"""Characters of one reason, measure or limit that are shown."""

LINK_CAP = 2_000
"""Longest address that every mail program and browser still follows."""

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Controls, direction marks that turn a line around, lone surrogates that no UTF-8 can carry, and what no font has."""


def plain(text: str, cap: int | None = None) -> str:
    """Return the text on one line, without control characters, cut to `cap` characters with an ellipsis."""
    spaced = " ".join(text.split())
    shown = "".join(char for char in spaced if unicodedata.category(char) not in _UNPRINTABLE)
    return shown if cap is None or len(shown) <= cap else shown[: cap - 1] + "…"


def web_link(url: str) -> str:
    """Return the address if a person may safely be sent there, else an empty string.

    Only http and https with a host; no user part, which dresses one host up as another; no blanks, quotes, brackets or backslashes.
    """
    if len(url) > LINK_CAP or url != plain(url) or any(char in ' "<>\\' for char in url):
        return ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and host and "@" not in parts.netloc else ""


def account_title(account: Account) -> str:
    """Return “name”(platform), as bulletins and notices write it."""
    return f"“{plain(account.name, NAME_CAP)}”({account.platform.label})"


def minute(moment: datetime) -> str:
    """Return the moment in Shanghai, to the minute."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def chinese_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def month_day(day: date) -> str:
    """Return a day whose year is that of the letter or page around it."""
    return f"{day.month}月{day.day}日"


def chinese_minute(moment: datetime) -> str:
    """Return the moment in Shanghai within a sentence: 5月16日18:00. Its year is that of the letter or page around it."""
    local = moment.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日{local:%H:%M}"


def edited_away(evidence: Mapping[str, Any]) -> str:
    """Return since when a post no longer shows what a repost's evidence says, "" where it does."""
    try:
        at = datetime.fromisoformat(str(evidence.get("edited_away_at") or ""))
    except ValueError:
        return ""
    return minute(at) if at.tzinfo else ""


def form_words(form: Any) -> tuple[str, ...]:
    """Return each reason of 转载不规范 with its measure and what was asked, as they stand in a repost's evidence; odd ones are left out."""
    flaws = [flaw for flaw in form if isinstance(flaw, Mapping)] if isinstance(form, list | tuple) else []
    return tuple(words for flaw in flaws if (words := _flaw_words(flaw)))


def _flaw_words(flaw: Mapping[str, Any]) -> str:
    reason, measure, limit = (plain(str(flaw.get(key) or ""), REASON_CAP) for key in ("reason", "measure", "limit"))
    beside = "，".join(part for part in (measure, f"标准：{limit}" if limit else "") if part)
    return f"{reason}（{beside}）" if reason and beside else reason


def published(mark: PostMark, precision: Literal["second", "minute", "day"] | None = None) -> str:
    """Return when the post came out, no finer than the source told."""
    text = minute(mark.published_at)
    return text[:10] if (precision or mark.precision) == "day" else text


def channel_title(channel: str, titles: Mapping[str, str]) -> str:
    """Return what people read for a channel, by the adapter that it begins with; its name where there is no title."""
    name = channel.partition(" ")[0]
    return titles.get(name) or plain(name, NAME_CAP)


def with_titles(text: str, titles: Mapping[str, str]) -> str:
    """Return a sentence about a channel with what people read for it in place of its name; its credential stays as it is called."""
    names = "|".join(re.escape(name) for name in sorted(titles, key=len, reverse=True))
    named = re.compile(rf"(?<![A-Za-z0-9_.-])(?:{names})(?![A-Za-z0-9_-]|\.[A-Za-z0-9])")
    return named.sub(lambda found: titles[found.group()], text, count=1) if titles else text


def last_update(standing: Standing) -> str:
    """Return the date of the last update, or 无内容 where a complete view showed that there never was one."""
    if standing.last_post is not None:
        return standing.last_post.published_at.astimezone(SHANGHAI).date().isoformat()
    return "无内容" if standing.verdict is Verdict.FAILED else "—"


def article_path(article_id: str) -> str:
    """Return the address of a key article on the console; ids hold colons, and may hold anything."""
    return f"/articles/{_quoted(article_id)}"


def pair_path(article_id: str, account_id: str) -> str:
    """Return the address of one account on one article."""
    return f"/articles/{_quoted(article_id)}/{_quoted(account_id)}"


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")
