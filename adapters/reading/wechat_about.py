"""关于公众号: what WeChat's page about an account says of its names, its subject and its ids. Pure.

Such a page needs the client's key, so only a person can save one; it shows no article and proves neither an update nor silence.
It never states the account's present name: the newest line of 名称记录 does, and without that record the name stays unknown.
Platform reference: wechat.md, section 7. `read_about` also takes the two forms in which exporters hand the same facts on as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice, pairwise
from urllib.parse import unquote

import msgspec

from adapters.reading.values import Loose, as_int, decode, folded, is_html, keeping_head, plain
from adapters.reading.wechat_publish import biz_of, bizuin_of
from monitor.errors import BadInput, ParseError
from monitor.model import Account

REGION_LIMIT = 200_000
"""Characters of the block that is read; recorded ones have up to 6,000."""
FIELDS_LIMIT, NAMES_LIMIT = 60, 200
VALUE_LIMIT, NAME_LIMIT = 200, 60
"""Characters: a legal subject's name has at most 100, an account's 30."""
CERTIFIED = 2
"""`is_verify` of an account with a certified subject, as recorded; what other numbers mean is not known, so they count as none."""
MARK = b'class="about-page'


@dataclass(frozen=True, slots=True)
class Naming:
    """One line of 名称记录: on that day in China the account was given `new`. `old` is "" where it was registered."""

    day: date
    new: str
    old: str = ""
    migrated: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What the page says; "" for whatever it does not.

    `alias` is the 微信号 that the owner chose, `gh` the 原始ID, `biz` the account number in decimal. `subject` is who is behind the
    account and `kind` what that is (事业单位, 企业, 个人); only where `certified` did WeChat verify it. `names` is newest first, and
    `name` the present one where the record tells it beyond doubt.
    """

    name: str = ""
    alias: str = ""
    gh: str = ""
    biz: str = ""
    kind: str = ""
    subject: str = ""
    certified: bool = False
    place: str = ""
    names: tuple[Naming, ...] = ()

    @property
    def migrated(self) -> bool:
        """Whether the account was moved to another number: `biz` changed then, and older links carry another one."""
        return any(each.migrated for each in self.names)

    @property
    def former(self) -> tuple[tuple[str, date], ...]:
        """Names that were given up, the latest first, each with the day; a name that is borne again is none."""
        given_up = {each.old: each.day for each in reversed(self.names) if each.old and each.old != self.name}
        return tuple(sorted(given_up.items(), key=lambda each: each[1], reverse=True))

    @property
    def profile(self) -> dict[str, str]:
        """What may be compared from look to look. A subject that nobody certified is left out, and so is an id that is no `__biz`."""
        told = {"name": self.name, "id": biz_of(self.biz)}
        if self.certified:
            told |= {"subject": self.subject, "verified": self.kind}
        return {key: value for key, value in told.items() if value}


def is_about(body: bytes) -> bool:
    """Whether a body is the page about an account: its block stands there, and no article does. Saved pages begin with a comment."""
    return (is_html(body) or body[:512].lstrip()[:4] == b"<!--") and MARK in body and b'id="js_article"' not in body


def read_about(body: bytes) -> About:
    """Read the page, or an exporter's JSON of it. Raises `ParseError` where it tells nothing."""
    with keeping_head(body):
        about = _of_page(body) if is_about(body) else _of_json(body)
        if about == About():
            raise ParseError("no page about an account")
        return about


# -- the page ---------------------------------------------------------------------------------------------------------------

_TITLE = re.compile(r"""class=["']item-title(?=[\s"'])[^<>]{0,200}>""")
_VALUE = re.compile(r"""<(div|a)\b[^<>]{0,500}?class=["'](?:[^"'<>]{0,100}\s)?item-desc(?=[\s"'])[^<>]{0,500}>""")
_LINE = re.compile(r"""<p\b[^<>]{0,200}?class=["']js_item["'][^<>]{0,200}>([^<>]{0,400})</p>""")
_NAMING = re.compile(
    r"(?P<year>[0-9]{4})年(?P<month>[0-9]{1,2})月(?P<day>[0-9]{1,2})日\s*"
    r"(?:“(?P<old>[^“”]{1,60})”(?P<how>(?:账号迁移)?改名|账号迁移)|注册)“(?P<new>[^“”]{1,60})”"
)
_BIZ = re.compile(r"""href=["']https?://mp\.weixin\.qq\.com/mp/getverifyinfo\?__biz=([A-Za-z0-9+/%=]{6,48})""")
_COMPLAINT = re.compile(r"""href=["']https?://mp\.weixin\.qq\.com/mp/infringement\?username=(gh_[0-9a-z]{12})(?![0-9a-z])""")
"""Only as links: what the owner wrote of the account stands on the page too, but never as markup."""
_GH = re.compile(r"gh_[0-9a-z]{12}")
_GH_IN = re.compile(r"(?<![0-9A-Za-z])gh_[0-9a-z]{12}(?![0-9A-Za-z])")
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{5,19}")
_WORDING = re.compile(r"window\.ip_wording\s*=\s*\{([^{}]{0,1000})\}")
_WORD = re.compile(r"(countryName|provinceName)\s*:\s*'([^'\\]{0,60})'")


def _of_page(body: bytes) -> About:
    page = body.decode("utf-8", "replace")
    start = page.find(MARK.decode())
    block = page[start : start + REGION_LIMIT].partition("<script")[0]
    fields = _fields(block)
    certified = fields.get("认证主体", "")
    names, name = _named(block)
    wording = _WORDING.search(page[start : start + 2 * REGION_LIMIT])
    places = dict(_WORD.findall(wording[1])) if wording else {}
    alias, gh = _account_names(fields.get("微信号", ""), _one(_COMPLAINT.findall(block)))
    return About(
        name=name,
        alias=alias,
        gh=gh,
        biz=_one([number for each in _BIZ.findall(block) if (number := bizuin_of(unquote(each)))]),
        kind=next((fields[label] for label in ("认证类型", "主体类型", "账号类型") if fields.get(label)), ""),
        subject=certified or fields.get("账号主体", ""),
        certified=bool(certified),
        place=fields.get("IP属地", "") or _place(places.get("countryName", ""), places.get("provinceName", "")),
        names=names,
    )


def _fields(block: str) -> Mapping[str, str]:
    """Return the labelled values; one label is answered by the element after it, before the next label. Headings have none."""
    found: dict[str, str] = {}
    starts = [(each.start(), each.end()) for each in islice(_TITLE.finditer(block), FIELDS_LIMIT)]
    for (_, begin), (end, _) in pairwise([*starts, (len(block), len(block))]):
        label, _, rest = block[begin:end].partition("</div>")
        value = _VALUE.search(rest)
        if value:
            found.setdefault(_flat(label), _flat(rest[value.end() :].partition(f"</{value[1]}>")[0]))
    return found


def _flat(markup: str) -> str:
    return " ".join(plain(markup, VALUE_LIMIT).split())


def _one(found: list[str]) -> str:
    """Return what all agree on: two different ids on one page prove neither."""
    return found[0] if len(set(found)) == 1 else ""


def _account_names(shown: str, complained: str) -> tuple[str, str]:
    """Return alias and 原始ID: without an alias the page shows the 原始ID in its place."""
    if not _GH.fullmatch(shown):
        return (shown if _ALIAS.fullmatch(shown) else ""), complained
    return "", shown if complained in ("", shown) else ""


def _place(country: str, province: str) -> str:
    return province if country in ("", "中国") and province else country


def _named(block: str) -> tuple[tuple[Naming, ...], str]:
    """Return 名称记录, newest first, and the present name.

    The name is "" unless every line is read, the days fall and each line takes up the name the next one gave: a record in another
    order, or with a line we do not understand, would tell a name that was given up.
    """
    _, found, record = block.partition('id="js_div_rename_history"')
    if not found:
        return (), ""
    record = record.partition("</div>")[0]
    names = tuple(naming for each in _LINE.findall(record)[:NAMES_LIMIT] if (naming := _naming(_flat(each))))
    whole = len(names) == record.count("<p")
    chained = all(later.day >= earlier.day and later.old == earlier.new for later, earlier in pairwise(names))
    return names, names[0].new if names and whole and chained else ""


def _naming(line: str) -> Naming | None:
    told = _NAMING.fullmatch(line)
    if told is None:
        return None
    try:
        day = date(int(told["year"]), int(told["month"]), int(told["day"]))
    except ValueError:
        return None
    return Naming(day, told["new"].strip(), (told["old"] or "").strip(), "迁移" in (told["how"] or ""))


# -- an exporter's JSON -----------------------------------------------------------------------------------------------------


class Wording(msgspec.Struct):
    country: Loose = msgspec.field(default="", name="countryName")
    province: Loose = msgspec.field(default="", name="provinceName")


class Parsed(msgspec.Struct):
    """The page's fields as an exporter names them. `org` does not say which label it stood under: it counts as not certified."""

    wechat: Loose = ""
    type: Loose = ""
    org: Loose = ""
    ip_wording: Wording | None = None


class Told(msgspec.Struct):
    """`identity_name` and `is_verify` are those of the author's card, `data` the page's fields."""

    base_resp: dict[str, Loose] | None = None
    data: Parsed | None = None
    identity_name: Loose = ""
    is_verify: Loose = 0


_TOLD = msgspec.json.Decoder(Told)


def _of_json(body: bytes) -> About:
    told = decode(_TOLD, body)
    if told.base_resp is not None and as_int(told.base_resp.get("ret", 0)) != 0:
        raise ParseError("the exporter says that it got nothing")
    if told.data is None:
        subject = _text(told.identity_name)
        return About(subject=subject, certified=bool(subject) and as_int(told.is_verify) == CERTIFIED)
    alias, gh = _account_names(_text(told.data.wechat), "")
    place = told.data.ip_wording or Wording()
    return About(
        alias=alias,
        gh=gh,
        kind=_text(told.data.type),
        subject=_text(told.data.org),
        place=_place(_text(place.country), _text(place.province)),
    )


def _text(value: object) -> str:
    return _flat(value) if isinstance(value, str) else ""


# -- in a clerk's words -----------------------------------------------------------------------------------------------------


def held(about: About, account: Account, bizes: frozenset[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what of the page may be kept of the account, and what a person should know: what it says and whether it fits the roster.

    `bizes` are the account's numbers in the roster, in decimal. What later looks are held against is only kept where an id, the name
    or the unit ties the page to the account; else the name alone is, for a person to look at. Raises `BadInput` for the page of
    another account, and for one that can be held against nothing.
    """
    ours = _is_ours(about, account, bizes)
    alike = bool(about.name) and folded(about.name) == folded(account.name)
    tied = ours or alike or (bool(about.subject) and folded(about.subject) == folded(account.unit))
    if not tied and not about.name:
        raise BadInput([f"页面上没有平台编号、名称或主办单位能与账号“{account.name}”核对，无法核对属于谁"])
    remarks = [*in_words(about), _on_ids(about, ours), *_against(about, account)]
    if tied:
        return about.profile, tuple(remarks)
    return {"name": about.name}, (*remarks, "无法核对属于谁，只记录名称")


def _is_ours(about: About, account: Account, bizes: frozenset[str]) -> bool:
    """Whether an id on the page is one the roster has. Raises `BadInput` where only differing ones can be compared."""
    texts = [account.id.partition(":")[2], *(each for channel in account.channels for each in (channel.handle, *channel.options.values()))]
    originals = {found for text in texts for found in _GH_IN.findall(text[:4_000])}
    pairs = [(told, known) for told, known in ((about.biz, bizes), (about.gh, originals)) if told and known]
    if any(told in known for told, known in pairs):
        return True
    if pairs:
        hint = "；页面有账号迁移记录，如确为同一账号，请先在名册中补充编号" if about.migrated else ""
        raise BadInput([f"页面不属于账号“{account.name}”：平台编号是 {biz_of(about.biz) or about.gh}{hint}"])
    return False


def _on_ids(about: About, ours: bool) -> str:
    if ours:
        return "平台编号与名册一致"
    told = biz_of(about.biz) or about.gh
    return f"平台编号{f'为 {told}，名册中没有' if told else '页面未显示'}，归属以 --account 为准"


def _against(about: About, account: Account) -> Iterator[str]:
    """Yield how name and subject fit the roster."""
    if about.name and folded(about.name) != folded(account.name):
        yield f"名称与名册不同：名册为“{account.name}”，页面为“{about.name}”，请核对是否更名或填错账号"
    elif about.name:
        yield "名称与名册一致"
    ours, theirs = folded(account.unit), folded(about.subject)
    if ours and theirs and ours not in theirs and theirs not in ours:
        yield f"主体不是名册的主办单位“{account.unit}”，请核对"


def in_words(about: About) -> Iterator[str]:
    """Yield what the page says, one fact at a time."""
    if about.name:
        yield f"名称“{about.name}”"
    else:
        yield "页面没有可靠的名称记录，现用名称未知"
    if about.alias or about.gh:
        yield f"微信号 {about.alias or about.gh}"
    if about.subject:
        yield f"{'认证主体' if about.certified else '主体（页面未显示认证）'}“{about.subject}”"
    if about.kind:
        yield f"类型 {about.kind}"
    if about.place:
        yield f"IP属地 {about.place}"
    if about.former:
        yield "曾用名 " + "、".join(f"“{name}”（{day.isoformat()} 停用）" for name, day in about.former)
    if about.migrated:
        yield "有账号迁移记录，迁移前的平台编号不同"
