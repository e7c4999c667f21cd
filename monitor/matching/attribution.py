"""Does a repost say where its text comes from? Names of media and issuers, source lines, cards; pure.

Only a source that is nowhere to be seen is missing: a line that names any source is one, whichever the article came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from urllib.parse import urlsplit

from monitor.matching.text import fold, normalise_words
from monitor.matching.urls import canonical_url, reference_of
from monitor.model import Article

NAME_MINIMUM = 2
"""Characters of a name; one alone stands anywhere."""
NAME_LIMIT = 12
"""Names of one article's source that are looked for: a joint notice has up to ten issuers."""
LINE_LIMIT = 40
"""Source lines of a text that are read; a digest has one for each of its items."""
LINK_LIMIT = 10
"""Links of an article whose sites are looked for."""

# fmt: off
MEDIA = (
    "新华社", "新华网", "新华每日电讯", "新华视点", "人民日报", "人民网", "人民政协报", "中央广播电视总台", "央视", "中央电视台",
    "新闻联播", "CCTV", "光明日报", "光明网", "经济日报", "中国经济网", "中新社", "中新网", "中国新闻网", "中国新闻社", "求是网",
    "求是杂志", "学习强国", "学习时报", "解放军报", "中国军网", "科技日报", "工人日报", "中国青年报", "中青在线", "农民日报",
    "法治日报", "中国日报", "中国政府网", "国务院客户端", "国际在线", "央广网", "半月谈", "环球时报", "中国之声", "澎湃新闻",
    "中央纪委国家监委网站", "共产党员网", "中国文明网",
)
# fmt: on
"""Media whose name at the head or foot of a text says where it comes from: names that stand for nothing else in running text."""

_NAME = r"[^\s，,。；;！!？?（）()【】\[\]《》|｜丨：:]{2,40}"
_LINES = (
    # 来源 alone is a word of the text as well (收入来源), so it must be set off.
    re.compile(rf"(?:来源|出处|稿源|(?:发布|发文|印发)(?:单位|机构|机关))\s{{0,4}}[：:|｜丨/／]\s{{0,4}}[@“《【]?({_NAME})"),
    re.compile(rf"(?:转自|转载自|转发自|摘自|文章来源于|内容来源于)\s{{0,4}}[：:|｜丨]?\s{{0,4}}[@“《【]?({_NAME})"),
)
_REPORT = re.compile(
    r"(?<![根依数证占论凭票单收])据([^\s，,。；;！!？?：:]{2,30}?)(?:报道|消息|通报|网站|客户端|微信|电(?![话视影力动子商]))"
)
_MEDIUM = (
    r"[\u4e00-\u9fffA-Za-z]{2,12}?"
    r"(?:日报|晚报|早报|晨报|时报|商报|都市报|新闻网|新闻|电视台|广播电台|融媒体?中心?|客户端|发布|在线|[^上互因]网|通讯社)"
)
_CREDITS = (
    re.compile(rf"[【（(《\[]({_MEDIUM})[】）)》\]]"),
    re.compile(rf"(?:^|\n)\s{{0,4}}({_MEDIUM})\s{{0,2}}[|｜丨▏：:]"),
)
"""A medium in brackets, or set off at the head of a line: who does that says where the text comes from."""
_NOBODY = frozenset({"网络", "互联网", "网上", "网友", "综合", "未知", "不详", "佚名", "网络整理"})
"""What stands in a source line and names no source."""
_SEPARATORS = re.compile(r"[\s、,，/／;；|｜丨&＆+＋]+")
_SHORTER = (("人民政府", "政府"), ("办公室", "办"), ("办公厅", "办"), ("委员会", "委"), ("中国共产党", "中共"), ("有限责任公司", "公司"))
_PLACE = re.compile(r"^.{1,10}(?=[省市县区州旗].{2})")
_OWN_FORM = 3
"""Characters of a short form without its place: 市政府 names an issuer, 市局 does not."""


def source_in(article: Article, title: str, text: str, reach: int) -> str:
    """Return the words that name a source in the title, within `reach` characters of head and foot, or in a source line; "" for none."""
    around = f"{title}\n{text[:reach]}\n{text[-reach:]}"
    folded = fold(around)
    shorter = _shorter(folded)
    for name in names_of(article):
        if name in folded or name in shorter:
            return name
    named = next((name for name in MEDIA if _folded(name) in folded), "")
    return named or _told(f"{title}\n{text}", around) or _site_in(article, around)


def is_source(article: Article, *publishers: str) -> bool:
    """Whether one who published the post, by name or unit, is the article's source: then the name above the post says so."""
    parts = (part for part in map(normalise_words, _SEPARATORS.split(article.source)) if len(part) > _OWN_FORM)
    whole = {_shorter(part) for part in islice(parts, NAME_LIMIT)}
    return any(_shorter(normalise_words(publisher)) in whole for publisher in publishers if publisher)


def names_of(article: Article) -> tuple[str, ...]:
    """Return the names under which the article's source may stand, folded, longest forms first."""
    parts = islice((part for part in map(normalise_words, _SEPARATORS.split(article.source)) if len(part) >= NAME_MINIMUM), NAME_LIMIT)
    return tuple(dict.fromkeys(form for part in parts for form in _forms(part)))


def _forms(name: str) -> Iterator[str]:
    yield name
    bare = _shorter(name).removeprefix("中共")
    yield bare
    local = _PLACE.sub("", bare)
    if len(local) >= _OWN_FORM:
        yield local


def _shorter(text: str) -> str:
    for long, short in _SHORTER:
        text = text.replace(long, short)
    return text


@lru_cache(maxsize=256)
def _folded(name: str) -> str:
    return fold(name)


def _told(everywhere: str, around: str) -> str:
    """Return what a source line says, or a 据…报道 at head or foot."""
    lines = (found for shape in _LINES for found in islice(shape.finditer(everywhere), LINE_LIMIT))
    more = (found for shape in (_REPORT, *_CREDITS) for found in islice(shape.finditer(around), LINE_LIMIT))
    return next((found[0].strip() for found in (*lines, *more) if _names_somebody(found[1])), "")


def _names_somebody(name: str) -> bool:
    bare = fold(name)
    return len(bare) >= NAME_MINIMUM and bare not in _NOBODY


def _site_in(article: Article, text: str) -> str:
    lowered = text.lower()
    return next((host for host in _sites(article.urls) if _stands_in(host, lowered)), "")


def _sites(urls: Iterable[str]) -> Iterator[str]:
    """Yield the sites of links; a platform where everybody has an account is no site of the source."""
    for url in islice(urls, LINK_LIMIT):
        canonical = canonical_url(url)
        if canonical and reference_of(canonical) is None:
            yield (urlsplit(canonical).hostname or "").removeprefix("www.")


def _stands_in(host: str, text: str) -> bool:
    # gov.cn is not named by a link to city.gov.cn.
    return bool(host) and re.search(rf"(?<![a-z0-9.-])(?:www\.)?{re.escape(host)}(?![a-z0-9-])", text) is not None
