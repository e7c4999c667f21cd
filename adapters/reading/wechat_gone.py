"""What WeChat shows in an article's place: deleted, removed, not yet visible, a closed account, a wall. Pure.

Asked only of pages without `#js_article`: an article's inlined scripts hold all these words. Only what a reader sees of a page with
little to see is searched. Platform reference: wechat.md, section 6, the second table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from adapters.reading.values import unescape
from monitor.errors import AccountGone, Degraded, LookError, RateLimited, TransportFault

DELETED: Final = "deleted"
VISIBLE_LIMIT = 3_000
"""Characters a reader sees of such a page at most; recorded ones have 200."""

_HIDDEN = re.compile(r"<(script|style)\b")
_TAG = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"\s+")


def _deleted(_: str) -> str:
    return DELETED


def _wall(_: str) -> LookError:
    # How long it stands is not said; asking again while it does makes it stand longer.
    return RateLimited("WeChat asks for a verification: left alone, never answered")


def _later(mark: str) -> LookError:
    return TransportFault(f"the article is not visible now: {mark}")


def _closed(mark: str) -> LookError:
    return AccountGone(f"the account's articles are closed: {mark}")


def _restricted(mark: str) -> LookError:
    return Degraded(f"the article cannot be opened by this link: {mark}")


Word = Callable[[str], LookError | str]
_MARKS: Mapping[str, Word] = {
    "环境异常": _wall,
    "完成验证后即可继续访问": _wall,
    "该内容已被发布者删除": _deleted,
    "The content has been deleted by the author": _deleted,
    "此内容因违规无法查看": _deleted,
    "涉嫌违反相关法律法规和政策": _deleted,
    "接相关投诉，此内容违反": _deleted,
    "此内容发送失败无法查看": _later,
    "内容审核中": _later,
    "该内容暂时无法查看": _later,
    "帐号已被屏蔽": _closed,
    "帐号已被系统回收": _closed,
    "帐号已被系统注销": _closed,
    "系统注销": _closed,
    "自主注销": _closed,
    "该公众号已迁移": _closed,
    "根据作者隐私设置，无法查看该内容": _restricted,
    "链接已过期": _restricted,
    "参数错误": _restricted,
}
"""In the order they are looked for: the wall first, for what it hides is not known."""


def refusal_of(page: str) -> LookError | str | None:
    """Return the error a page stands for, `DELETED` for an article that is gone for good, None for a page that says nothing known."""
    words = visible_words(page)
    if not words or len(words) > VISIBLE_LIMIT:
        return None
    words = words.replace("账号", "帐号")
    return next((answer(mark) for mark, answer in _MARKS.items() if mark in words), None)


def is_wall(location: str) -> bool:
    """Whether an address a request was sent on to is a wall's: a captcha or a verification."""
    return re.search(r"captcha|verif", location[:2_000], re.IGNORECASE) is not None


def visible_words(page: str) -> str:
    """Return what a reader may see of a page, in one line: without scripts, styles and tags."""
    kept: list[str] = []
    at = 0
    while start := _HIDDEN.search(page, at):
        kept.append(page[at : start.start()])
        end = page.find(f"</{start[1]}", start.end())
        at = end if end >= 0 else len(page)
    kept.append(page[at:])
    return _SPACE.sub(" ", unescape(_TAG.sub(" ", " ".join(kept))[: 20 * VISIBLE_LIMIT])).strip()
