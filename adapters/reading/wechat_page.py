"""One WeChat article page: what it shows of the article, where that was taken from, and what stands in its place when it is gone. Pure.

A page has megabytes of inlined JavaScript whose names repeat with empty or foreign values. So the object `window.cgiDataNew` is walked
by its own structure first, the `var` forms of the same scripts stand in for what it lacks, and only then the markup. What the article's
own text says of variables is never read: it stands outside the scripts. Platform reference: wechat.md, section 6.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from adapters.reading.links import https_where_known, named_by
from adapters.reading.page import Asked, Draft, Page
from adapters.reading.values import (
    TITLE_LIMIT,
    When,
    as_int,
    as_number,
    from_text,
    from_unix,
    is_set,
    keeping_head,
    plain,
    unescape,
    web_url,
)
from adapters.reading.wechat_bodies import is_pictures_only, lone_link, tells_all
from adapters.reading.wechat_gone import DELETED, refusal_of
from adapters.reading.wechat_publish import owners_of
from monitor.errors import LookError, ParseError
from monitor.matching.urls import wechat_account
from monitor.model import Citation, Snapshot

PARTIAL = "one article, not the account's list"
TOKEN_LIMIT = 30_000
"""Tokens of the object that are walked: recorded pages have up to 4,000 before the last name we need."""
DEPTH_LIMIT = 40
RAW_LIMIT = 2_000_000
"""Characters of one literal that are decoded: the longest body had 400,000."""
WHOLE_LIMIT = RAW_LIMIT // 6
"""An escape has six characters at most: a body of fewer characters than this did not come out of a literal that was cut."""
REPRINTED, SHARED = 2, 2
"""`copyright_stat` and `reprint_type`: 转载, and of these the page that shows a card instead of the text."""

KINDS: Mapping[int, str] = {0: "article", 5: "video", 6: "audio", 7: "audio", 8: "picture", 10: "text", 11: "share", 17: "article"}
"""By `item_show_type`."""

_ARTICLE = ('id="js_article"', "id='js_article'")
_CONTENT = ("cgiDataNew", 'id="js_content"', 'id="activity-name"', 'property="og:title"')
"""Marks of a page that shows an article, in whatever layout: its own text may speak of deletions. Recorded pages of gone ones lack them."""
_OBJECT = re.compile(r"window\.cgiDataNew\s*=\s*(?=\{)")
_OBJECT_OF_THE_GONE = re.compile(r"window\.cgiData\s*=\s*(?=\{)")
_OBJECTS = 3
"""Objects of that name that are walked until one holds something; a page has one."""
_TOKENS = re.compile(
    r"""'(?P<single>[^'\\]*+(?:\\.[^'\\]*+)*+)'?|"(?P<double>[^"\\]*+(?:\\.[^"\\]*+)*+)"?|(?P<open>[{\[])|(?P<close>[}\]])|(?P<comma>,)"""
    r"""|(?<![\w$])(?P<name>[A-Za-z_$][\w$]*+)\s*+:""",
    re.DOTALL,
)
_OF_THE_REPRINT = (
    *("copyright_stat", "platform", "reprint_url", "reprint_type", "source_encode_biz", "source_biz", "source_mid", "source_idx"),
    *("guide_words", "reprint_recommend_content_noencode"),
)
_WANTED = frozenset(
    (
        *("title", "nick_name", "user_name", "bizuin", "mid", "idx", "ori_create_time", "ori_send_time", "create_time"),
        *("source_url", "content_noencode", "item_show_type", "is_pay_subscribe"),
        *(f"copyright_info.{name}" for name in _OF_THE_REPRINT),
    )
)
_VARIABLES: Mapping[str, str] = {
    "biz": "bizuin",
    "mid": "mid",
    "idx": "idx",
    "user_name": "user_name",
    "nickname": "nick_name",
    "msg_title": "title",
    "oriCreateTime": "ori_create_time",
    "ct": "ori_send_time",
    "createTime": "create_time",
    "publish_time": "create_time",
    "msg_source_url": "source_url",
    "item_show_type": "item_show_type",
    "is_pay_subscribe": "is_pay_subscribe",
    "copyright_stat": "copyright_info.copyright_stat",
    "reprint_type": "copyright_info.reprint_type",
    "source_encode_biz": "copyright_info.source_encode_biz",
    "source_biz": "copyright_info.source_biz",
    "source_mid": "copyright_info.source_mid",
    "source_idx": "copyright_info.source_idx",
}
_VARIABLE = re.compile(
    r"var\s+(?P<name>" + "|".join(_VARIABLES) + r")\s*=\s*"
    r"""(?P<value>(?:(?:htmlDecode\(|JsDecode\()?(?:'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+")\)?\s*+(?:\|\|)?\s*+){1,6})"""
)
_LITERAL = re.compile(r"""'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)\"""", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "b": "", "f": "", "v": "", "0": ""}
_DIVS = re.compile(r"<(/?)div\b", re.IGNORECASE)
_DIV_LIMIT = 20_000

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page says: `biz` and `origin` as decimal account numbers, `place` and `original` as `mid_idx`, texts as a reader sees them."""

    title: str = ""
    name: str = ""
    biz: str = ""
    place: str = ""
    when: When | None = None
    text: str = ""
    kind: str = "article"
    whole: bool = False
    citation: Citation | None = None

    @property
    def profile(self) -> dict[str, str]:
        """Whose page it is; the id in the form links carry."""
        return {"name": self.name, "id": base64.b64encode(self.biz.encode()).decode()}


def read(body: bytes, asked: Asked, url: str, biz: str = "") -> Snapshot:
    """Return the one article of the page at `url` as a partial view; a page that says the article is gone for good gives it deleted.

    `biz` is the account it must belong to (several ids parted by commas, in either form); "" for any. Raises `LookError`:
    `ParseError` for the page of another account or article, and what stands in `wechat_gone` for a page that shows something else in
    an article's place.
    """
    page = body.decode("utf-8", "replace")
    with keeping_head(body):
        if any(mark in page for mark in _ARTICLE):
            return _shown(see(page), asked, url, biz)
        found = refusal_of(page)
        if isinstance(found, LookError):
            raise found
        if found == DELETED and not any(mark in page for mark in _CONTENT):
            return _deleted(page, asked, url)
        raise ParseError("no article page")


def see(page: str) -> Seen:
    """Return what an article page shows."""
    facts = facts_of(page)
    kind = _kind(facts)
    body, ends = _body(page, facts)
    text = plain(body)
    if kind == "article" and is_pictures_only(body, text):
        kind = "picture"
    biz, mid, idx = as_number(wechat_account(facts.get("bizuin", ""))), as_number(facts.get("mid")), as_number(facts.get("idx"))
    return Seen(
        title=_title(page, facts),
        name=unescape(facts.get("nick_name", "")) or _element(page, "js_name") or _profile_name(page),
        biz=biz,
        place=f"{mid}_{idx}" if mid.strip("0") and idx.strip("0") else "",
        when=_when(facts),
        text=_words(facts, kind, text),
        kind=kind,
        whole=_is_whole(facts, kind, text, ends and tells_all(body, text)),
        citation=_citation(page, facts, body, text),
    )


def _is_whole(facts: Facts, kind: str, text: str, told: bool) -> bool:
    """Whether the text is all there is to read on the page: not a piece of what must be paid for, nor the words beside a film or poster.

    `told` is whether the body's end was seen and its words are what it tells. Of a share page a reader reads the card as well.
    """
    if is_set(facts.get("is_pay_subscribe")):
        return False
    return (kind == "picture" and not text) or (kind in ("article", "text") and told)


def _shown(seen: Seen, asked: Asked, url: str, biz: str) -> Snapshot:
    named = named_by(url, "wechat")
    if biz.strip() and seen.biz not in owners_of(biz):
        raise ParseError("wrong account: the page belongs to another" if seen.biz else "the page does not say whose it is")
    asked_for = named.native if named and named.owner else ""
    if asked_for and seen.biz and seen.place and asked_for != f"{seen.biz}_{seen.place}":
        raise ParseError("wrong article: the page shows another")
    if not seen.title and not seen.text:
        raise ParseError("an article page without title and text")
    page = Page(asked)
    page.take(
        Draft(
            native=named.native if named else (f"{seen.biz}_{seen.place}" if seen.biz and seen.place else ""),
            at=seen.when.at if seen.when else None,
            precision=seen.when.precision if seen.when else "second",
            url=https_where_known(url),
            title=seen.title,
            text=seen.text,
            kind=seen.kind,
            whole=seen.whole,
            citation=seen.citation,
        )
    )
    return page.snapshot(partial=PARTIAL, profile=seen.profile)


def _deleted(text: str, asked: Asked, url: str) -> Snapshot:
    """Return the article as deleted. Its page tells no time any more, so it stands at the moment it was found gone: never visible."""
    named = named_by(url, "wechat")
    page = Page(asked)
    page.take(Draft(native=named.native if named else "", at=asked.now, url=https_where_known(url), deleted=True))
    name = _told(_scripts(text), _OBJECT_OF_THE_GONE).get("nick_name", "")
    return page.snapshot(partial=PARTIAL, profile={"name": unescape(name)})


def facts_of(page: str) -> Facts:
    """Return the names we need with their first non-empty values: from the page's object, then from its variables."""
    scripts = list(_scripts(page))
    facts = _told(scripts, _OBJECT)
    for script in scripts:
        for found in _VARIABLE.finditer(script):
            value = next((text for one in _LITERAL.finditer(found["value"]) if (text := js_text(one[1] or one[2] or ""))), "")
            if value:
                facts.setdefault(_VARIABLES[found["name"]], value)
    return facts


def _told(scripts: Iterable[str], object: re.Pattern[str]) -> dict[str, str]:
    starts = ((script, found.end()) for script in scripts if (found := object.search(script)))
    for script, start in islice(starts, _OBJECTS):
        facts: dict[str, str] = {}
        for name, value in _walk(script, start):
            facts.setdefault(name, value)
        if facts:
            return facts
    return {}


def _scripts(page: str) -> Iterator[str]:
    at = 0
    while (start := page.find("<script", at)) >= 0:
        end = page.find("</script", start)
        at = end if end >= 0 else len(page)
        yield page[start:at]


def _walk(script: str, start: int) -> Iterator[tuple[str, str]]:
    """Yield the wanted values of an object literal, by their path in it."""
    path: list[str] = []
    name, named_after = "", True
    for number, token in enumerate(_TOKENS.finditer(script, start)):
        kind = token.lastgroup
        if kind == "open":
            path.append(name)
            name, named_after = "", True
        elif kind == "close":
            path.pop()
            name, named_after = "", False
        elif kind == "comma":
            name, named_after = "", True
        elif kind == "name":
            # A colon elsewhere belongs to a condition, not to a name.
            name, named_after = (token["name"] if named_after else name), False
        elif token[0][-1] != token[0][0] or len(token[0]) < 2:
            # A page that was cut off in the middle of a text.
            return
        else:
            where = ".".join([*path[1:], name])
            if name and where in _WANTED and (value := js_text(token[0][1:-1])):
                yield where, value
        if not path or len(path) > DEPTH_LIMIT or number > TOKEN_LIMIT:
            return


def js_text(raw: str) -> str:
    r"""Return what a JavaScript string literal says: `\xHH`, `\uHHHH` and the short escapes are read."""
    raw = raw[:RAW_LIMIT]
    if "\\" not in raw:
        return raw
    text = _ESCAPE.sub(_unescaped, raw)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if "\\u" in raw else text


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _CONTROL.get(found[3], found[3])


def _kind(facts: Facts) -> str:
    if _reprinted(facts) and as_int(facts.get("copyright_info.reprint_type")) == SHARED:
        return "share"
    return KINDS.get(as_int(facts.get("item_show_type")) or 0, "article")


def _reprinted(facts: Facts) -> bool:
    return as_int(facts.get("copyright_info.copyright_stat")) == REPRINTED


def _title(page: str, facts: Facts) -> str:
    title = unescape(facts.get("title", "")) or _meta(page, "og:title") or _element(page, "activity-name")
    return title[:TITLE_LIMIT]


def _when(facts: Facts) -> When | None:
    """Return when it was published: the Unix times first, for the text tells minutes only."""
    at = from_unix(facts.get("ori_create_time")) or from_unix(facts.get("ori_send_time"))
    return When(at) if at else from_text(facts.get("create_time", ""))


def _body(page: str, facts: Facts) -> tuple[str, bool]:
    """Return the article's own HTML, and whether its end was seen; pages of the older layout have it in the markup only."""
    told = facts.get("content_noencode", "")
    body, ends = (told, True) if told else _markup(page)
    return body, ends and len(body) < WHOLE_LIMIT


def _markup(page: str) -> tuple[str, bool]:
    start = re.search(r"""\bid\s*=\s*["']js_content["'][^<>]*>""", page)
    if not start:
        return "", True
    depth = 1
    for number, div in enumerate(_DIVS.finditer(page, start.end())):
        depth += -1 if div[1] else 1
        if not depth or number > _DIV_LIMIT:
            return page[start.end() : div.start()], not depth
    return page[start.end() : start.end() + RAW_LIMIT], False


def _words(facts: Facts, kind: str, text: str) -> str:
    """Return the text a reader sees, with what the reposting account said of it; a share page shows nothing but that."""
    comment = plain(facts.get("copyright_info.guide_words", ""))
    if not _reprinted(facts):
        return text
    if kind == "share":
        return comment
    advice = plain(facts.get("copyright_info.reprint_recommend_content_noencode", ""))
    source = unescape(facts.get("copyright_info.platform", "")).strip()
    more = web_url(facts.get("source_url", ""))
    around = (("", comment), ("编者荐语：", advice), ("", text), ("以下文章来源于", source), ("阅读原文：", more))
    return "\n".join(head + words for head, words in around if words)


def _citation(page: str, facts: Facts, body: str, text: str) -> Citation | None:
    """Return what the article points at: the original it was taken from, its 阅读原文, or the one link of a body that has little else."""
    if _reprinted(facts) and (original := _original(page, facts)):
        return original
    link = web_url(facts.get("source_url", "")) or lone_link(body, text)
    return Citation(url=https_where_known(link)) if link else None


def _original(page: str, facts: Facts) -> Citation | None:
    account = facts.get("copyright_info.source_encode_biz") or facts.get("copyright_info.source_biz", "")
    mid, idx = (as_number(facts.get(f"copyright_info.{name}")) for name in ("source_mid", "source_idx"))
    account = as_number(wechat_account(account)).lstrip("0")
    post = f"{mid}_{idx}" if account and mid.strip("0") and idx.strip("0") else ""
    url = https_where_known(web_url(facts.get("copyright_info.reprint_url", "")))
    if not post and not url:
        return None
    return Citation(url=url, title=_element(page, "original_panel_title"), account=account if post else "", post_id=post)


def _meta(page: str, name: str) -> str:
    found = re.search(rf"""<meta\b[^<>]{{0,200}}\bproperty\s*=\s*["']{name}["'][^<>]{{0,200}}?\bcontent\s*=\s*"([^"<>]{{0,4000}})""", page)
    return unescape(found[1]) if found else ""


def _element(page: str, id: str) -> str:
    """Return the words at the head of the element with this id, "" where there is none."""
    found = _with_id(id).search(page)
    return plain(found[1]).strip() if found else ""


@lru_cache(maxsize=16)
def _with_id(id: str) -> re.Pattern[str]:
    return re.compile(rf"""\bid\s*=\s*["']{id}["'][^<>]{{0,500}}>([^<>]{{0,4000}})""")


def _profile_name(page: str) -> str:
    found = re.search(r"""\bclass\s*=\s*["']profile_nickname["'][^<>]{0,200}>([^<>]{0,200})""", page)
    return unescape(found[1]).strip() if found else ""
