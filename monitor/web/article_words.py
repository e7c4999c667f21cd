"""What the pages on key articles say alike: rates, counts, an article's facts, spans of time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from monitor.model import Account, Article, RepostVerdict
from monitor.tasks import RepostRates
from monitor.wording import NAME_CAP, article_path, minute, plain, web_link

TITLE_CAP = 120
"""Characters of a title that are shown: four lines of a phone; the longest real titles have half of it."""
WORD_CAP = 40
"""Characters of a source, region or level, shown and asked for."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Both rates in words, and what they rest on."""

    reposted: str
    in_order: str
    base: int
    audience: int
    undetermined: int
    not_yet: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many accounts have a verdict; `link` leads to them, empty where there is nothing to see."""

    verdict: RepostVerdict
    number: int
    link: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above or beside everything that is said of an article."""

    id: str
    path: str
    title: str
    link: str
    source: str
    published: str
    due: str
    left: str


@dataclass(frozen=True, slots=True)
class Who:
    """An account in words."""

    name: str
    code: str
    platform: str
    unit: str
    region: str


def who(account: Account) -> Who:
    return Who(
        name=plain(account.name, NAME_CAP) or plain(account.id, NAME_CAP),
        code=plain(account.code or account.id, NAME_CAP),
        platform=account.platform.label,
        unit=plain(account.unit, NAME_CAP),
        region=region_of(account),
    )


def region_of(account: Account) -> str:
    return plain(account.region, WORD_CAP)


def level_of(account: Account) -> str:
    return plain(account.level, WORD_CAP)


def head_of(article: Article, now: datetime) -> Head:
    return Head(
        id=article.id,
        path=article_path(article.id),
        title=plain(article.title, TITLE_CAP) or article.id,
        link=next((link for link in map(web_link, article.urls) if link), ""),
        source=plain(article.source, WORD_CAP),
        published=minute(article.published_at),
        due=minute(article.due_at),
        left="已到期" if article.due_at < now else f"还有{length(article.due_at - now)}",
    )


def length(span: timedelta) -> str:
    """Return a span of time as people say it, no finer than it matters: 3天5小时, 5小时12分, 4分钟."""
    minutes = max(1, int(span.total_seconds() // 60))
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days}天{hours}小时" if hours else f"{days}天"
    return f"{hours}小时{minutes % 60}分" if hours else f"{minutes}分钟"


def figures_of(rates: RepostRates) -> Figures:
    return Figures(
        reposted=_percent(rates.reposted),
        in_order=_percent(rates.in_order),
        base=rates.base,
        audience=rates.audience,
        undetermined=rates.counts[RepostVerdict.UNDETERMINED],
        not_yet=rates.counts[RepostVerdict.NOT_YET],
    )


def _percent(figure: Decimal | None) -> str:
    return "—" if figure is None else f"{figure}%"
