"""The roster: accounts from CSV or XLSX. A bad file changes nothing and is refused with all its problems at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from monitor.identity import Missing, biz_of
from monitor.model import Account, Channel, Contact, Kind, Platform, Role, Status
from monitor.roster.account_urls import AccountUrl
from monitor.roster.cells import Cell, Refused, block, day, emails, flag, identifier, line, one_of, refuse_spoilt, refuse_wide, shown, words
from monitor.roster.codes import LintRow, lint_rows, without_breaks
from monitor.roster.sheets import Column, Problems, Remark, Row, read_sheet
from monitor.roster.vocabulary import KIND_WORDS, PLATFORM_WORDS, STATUS_WORDS, platform_of
from monitor.settings import nearest

COLUMNS = (
    Column("code", "标识码", ("政务新媒体标识码", "账号标识码", "id_code")),
    Column("platform", "平台", ("账号类型", "平台类型", "类型"), required=True),
    Column("name", "账号名称", ("账号", "帐号名称", "名称", "account_name"), required=True),
    Column("unit", "主办单位", ("开办单位", "单位名称", "单位")),
    Column("supervisor", "主管单位", ("上级单位",)),
    Column("region", "地区", ("县区", "区域", "所属地区")),
    Column("level", "层级", ("级别",)),
    Column("kind", "类别", ("账号类别",)),
    Column("status", "状态", ("账号状态",)),
    Column("exempt_until", "报备截止", ("报备截止日期", "报备至")),
    Column("opened_on", "开通日期", ("开通时间",)),
    Column("canary", "哨兵", ("哨兵账号",)),
    Column("groups", "分组", ("组别", "group")),
    Column("contact", "联系人", ("信息员", "联系人姓名")),
    Column("email", "邮箱", ("联系人邮箱", "电子邮箱", "e-mail")),
    Column("county_email", "县区联系人邮箱", ("县区邮箱",)),
    Column("channels", "采集渠道", ("采集通道",)),
    Column("url", "账号网址", ("网址", "链接", "主页", "主页地址", "主页网址", "账号链接", "微博网址", "weibo_url", "account_url")),
    Column("adapter", "渠道", ("通道",)),
    Column("handle", "平台账号", ("平台账号ID", "账号ID", "平台ID", "uid")),
)
"""The template's columns, in its order. 渠道 and 平台账号 are the short way to write one channel without options."""

HANDLE_LIMIT = 400
"""Characters of a handle: it may be a feed's address, and becomes part of an id of at most 1024."""

_SEPARATED = re.compile(r"；|\n|(?:^|\s);|;(?=\s|$)")
_OPTION = re.compile(r"([a-z][a-z0-9_]{0,39})=(\S+)")
_SECRETS = frozenset(
    {"token", "access_token", "refresh_token", "cookie", "cookies", "password", "passwd", "secret", "appsecret", "api_key", "apikey"}
)
"""Names a secret goes by; what a roster says is stored and shown."""
_LOGIN_IN_LINK = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s@]*@", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\u0000-\u001f\u007f\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")
_NAMES = re.compile(r"[；;，,、\n]+")


@dataclass(frozen=True, slots=True)
class RosterFile:
    """What a good file holds; `warnings` are to be shown and stop nothing."""

    accounts: tuple[Account, ...]
    warnings: tuple[Remark, ...] = ()


def read_accounts(path: Path, known_adapters: Collection[str] | None = None) -> RosterFile:
    """Read accounts from a file. Raises `BadInput` with every problem: file, row as Excel shows it, column, what is expected.

    `known_adapters` are the names a channel may start with; None accepts any.
    """
    sheet = read_sheet(path, COLUMNS)
    problems = Problems(sheet.file, sheet.header)
    urls: list[Remark] = []
    made = [(row, _account(row, problems, known_adapters, urls)) for row in sheet.rows]
    good = [(row, account) for row, account in made if account is not None]
    _refuse_doubles(good, problems)
    if not sheet.rows:
        problems.add("没有任何账号")
    problems.raise_if_any()
    remarks = (*sheet.remarks, *lint_rows(_lint_row(row) for row in sheet.rows), *urls, *_unreachable(good))
    return RosterFile(tuple(account for _, account in good), remarks)


def _account(row: Row, problems: Problems, known: Collection[str] | None, remarks: list[Remark]) -> Account | None:
    """Return the row's account, or None after noting every problem of the row. What is only worth a look goes into `remarks`."""
    before = len(problems.lines)
    fields = _fields(row, problems)
    # A platform that could not be read was noted; what the address should belong to is then unknown.
    unread = fields["platform"] is Platform.OTHER and len(problems.lines) > before
    url = AccountUrl(row, Platform.OTHER) if unread else AccountUrl.of(row, fields["platform"], problems)
    channels = fields["channels"] = _channels(row, problems, known, url)
    url.compare(channels, problems)
    fields["contacts"] = _contacts(row, problems)
    if fields["status"] is Status.EXEMPT and fields["exempt_until"] is None and len(problems.lines) == before:
        problems.at(row, "exempt_until", "状态为 报备 时必须填写报备截止日期")
    # Without a code, what the first channel looks at names the account, as it always did; then what the address says.
    handle = channels[0].handle if channels else url.identity.handle if url.identity else ""
    if not fields["code"] and not handle and len(problems.lines) == before:
        missing = f"；账号网址无法识别：{url.found}" if isinstance(url.found, Missing) else ""
        problems.add(f"标识码和采集渠道至少填写一项，否则无法确定是哪个账号（账号名称会变，不能作依据）{missing}", row.number)
    if len(problems.lines) > before:
        return None
    remarks += url.remarks(channels)
    account_id = fields["code"] or f"{fields['platform']}:{handle}"
    try:
        return Account(id=account_id, **fields)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            problems.at(row, str(each["loc"][0]), f"不能使用（{each['msg']}）")
        return None


def _fields(row: Row, problems: Problems) -> dict[str, Any]:
    take = problems.take
    return {
        "code": take(row, "code", _code, ""),
        "platform": platform_of(row, problems) or Platform.OTHER,
        "name": problems.need(row, "name", line),
        "unit": take(row, "unit", line, ""),
        "supervisor": take(row, "supervisor", line, ""),
        "region": take(row, "region", line, ""),
        "level": take(row, "level", line, ""),
        "kind": take(row, "kind", lambda cell: one_of(cell, KIND_WORDS, "应为 发布类 或 服务类", Kind.PUBLISHING), Kind.PUBLISHING),
        "status": take(row, "status", _status, Status.ACTIVE),
        "exempt_until": take(row, "exempt_until", day, _NO_DAY),
        "opened_on": take(row, "opened_on", day, _NO_DAY),
        "canary": take(row, "canary", flag, False),
        "groups": take(row, "groups", words, _NONE),
    }


_NO_DAY: date | None = None
_NONE: tuple[str, ...] = ()


def _status(cell: Cell) -> Status:
    return one_of(cell, STATUS_WORDS, "应为 正常、报备、注销中、已注销 或 停运未注销", Status.ACTIVE)


def _code(cell: Cell) -> str:
    """Read a code, put together again where the table cell broke it (the lint says so)."""
    whole = without_breaks(block(cell))
    if _INVISIBLE.search(whole):
        raise Refused("含有不可见字符，请重新手工输入")
    refuse_wide(whole)
    return identifier(whole)


def _channels(row: Row, problems: Problems, known: Collection[str] | None, url: AccountUrl) -> tuple[Channel, ...]:
    found: list[Channel] = []
    adapter, handle = problems.take(row, "adapter", line, ""), problems.take(row, "handle", identifier, "")
    if adapter and not handle and row.get("handle") is None:
        handle = url.handle_for(adapter)
    # An address that cannot be read is remarked upon; the account then waits for its channel.
    if bool(adapter) != bool(handle) and not (adapter and isinstance(url.found, Missing)):
        problems.at(row, "handle" if adapter else "adapter", "渠道和平台账号应同时填写")
    entries = [part.strip() for part in _SEPARATED.split(problems.take(row, "channels", block, ""))]
    pair = [[adapter, handle]] if adapter and handle else []
    for tokens, name in [*((each, "handle") for each in pair), *((entry.split(), "channels") for entry in entries if entry)]:
        try:
            found.append(_channel(tokens, known))
        except Refused as reason:
            problems.at(row, name, str(reason), " ".join(tokens))
    if len({channel.key for channel in found}) < len(found):
        problems.at(row, "channels", "同一渠道写了两次")
    return tuple(found)


def _channel(tokens: list[str], known: Collection[str] | None) -> Channel:
    """Read `adapter handle [key=value …]`."""
    adapter, *rest = tokens
    if known is not None and adapter not in known:
        raise Refused(f"没有名为“{shown(adapter)}”的采集渠道{nearest(adapter, known)}（可用：{'、'.join(sorted(known))}）")
    if not rest:
        raise Refused("应为“渠道 平台账号 [选项=值 …]”，多个渠道用；分隔")
    return Channel(adapter=adapter, handle=_handle(rest[0]), options=_options(rest[1:]))


def _handle(text: str) -> str:
    refuse_spoilt(text)
    if _INVISIBLE.search(text):
        raise Refused("平台账号含有不可见字符，请重新手工输入")
    refuse_wide(text)
    if len(text) > HANDLE_LIMIT:
        raise Refused(f"平台账号过长，最多 {HANDLE_LIMIT} 个字符")
    if _LOGIN_IN_LINK.match(text):
        raise Refused("链接中不能带用户名或密码，请把密钥放在凭据文件中，用 credential=名称 引用")
    return text


def _options(tokens: Iterable[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for token in tokens:
        found = _OPTION.fullmatch(token)
        if not found or found[1] in options:
            raise Refused(f"选项“{shown(token)}”应写成 名称=值，且不能重复；多个渠道用；分隔")
        if found[1] in _SECRETS:
            raise Refused(f"名单中不能写密钥（{found[1]}），请放在凭据文件中，用 credential=名称 引用")
        options[found[1]] = _with_biz(found[2]) if found[1] == "biz" else found[2]
    return options


def _with_biz(value: str) -> str:
    """Return the ids of WeChat accounts, parted by commas, as `__biz`: whoever has the decimal or a bridge's MP_WXS_… may write that."""
    return ",".join(biz_of(each) or each for each in value.split(","))


def _contacts(row: Row, problems: Problems) -> tuple[Contact, ...]:
    names = [name for name in _NAMES.split(problems.take(row, "contact", lambda cell: "；".join(words(cell)), "")) if name]
    addresses = problems.take(row, "email", emails, _NONE)
    if len(names) != len(addresses):
        names = ["、".join(names)] * len(addresses)
    operators = [Contact(role=Role.OPERATOR, email=address, name=name) for address, name in zip(addresses, names, strict=True)]
    return (*operators, *(Contact(role=Role.COUNTY, email=address) for address in problems.take(row, "county_email", emails, _NONE)))


def _refuse_doubles(made: Iterable[tuple[Row, Account]], problems: Problems) -> None:
    """Note two rows that are one account: by id, or by what the first channel looks at."""
    seen: dict[str, int] = {}
    for row, account in made:
        first = account.channels[0] if account.channels else None
        marks = {f"id {account.id}": f"账号 {account.id}"}
        if first:
            marks[f"at {account.platform} {first.key}"] = f"采集渠道“{shown(first.key, 80)}”"
        # One line is enough for two rows, even where both marks agree.
        double = next((mark for mark in marks if mark in seen), None)
        if double:
            problems.add(f"{marks[double]}与第 {seen[double]} 行重复", row.number)
        for mark in marks:
            seen.setdefault(mark, row.number)


def _lint_row(row: Row) -> LintRow:
    def text(name: str) -> str:
        return block(row.get(name))

    return LintRow(
        row=row.number,
        code=text("code"),
        unit=text("unit"),
        name=text("name"),
        platform=one_of(row.get("platform"), PLATFORM_WORDS, "", Platform.OTHER),
        platform_word=text("platform"),
    )


def _unreachable(made: Iterable[tuple[Row, Account]]) -> list[Remark]:
    return [
        Remark("info", row.number, "有联系人但没有邮箱，不会收到提醒")
        for row, account in made
        if row.get("contact") is not None and not account.contacts
    ]
