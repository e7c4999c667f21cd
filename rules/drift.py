"""Names and ids that no longer fit: what looks tell of an account is held against the roster and against what was told first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Literal, NamedTuple

from monitor.matching.ids import account_key, account_kind
from monitor.model import Account, Finding, Firing, Noun, Role, Severity, Status
from monitor.ports import AccountFacts
from rules.evidence import called

SHOWN_LIMIT = 60
"""Characters of a told value in a notice: twice the longest name a platform allows."""

DECORATED = frozenset({"feed", "manual"})
"""Channels whose name of an account is a title that somebody made around it."""

_DECORATIONS = re.compile(
    r"的(?:微博|抖音|主页|头条主页|今日头条|公众号)$|(?:\s*[-–—|｜·]\s*)(?:微信公众号|公众号|微博|抖音|今日头条.*|RSSHub|WeRSS|wewe-rss)$",
    re.IGNORECASE,
)
_IDS = ("biz", "former", "uid", "sec_uid", "open_id", "token")
"""Options in which a roster names an account's ids, several parted by commas."""


class Change(NamedTuple):
    """One thing that does not fit: the key in the evidence, what was expected, what is told now, and a clerk's words for it."""

    key: str
    expected: str
    told: str
    words: str


class Drift(Noun):
    """Fires a notice where the name differs from the roster's, or the certification or the stable id from what was told first.

    It asks a person to look and accuses nobody. Clear where all that is told agrees; silent where nothing is told.
    A change that the roster has followed (the unit is the new subject, the new id stands in a channel or in `former`) is none.
    """

    name: ClassVar[str] = "drift"
    about: ClassVar[Literal["account", "channel", "source"]] = "account"

    def judge(self, facts: AccountFacts) -> Iterable[Finding]:
        """Yield one finding for all that drifted."""
        told = {key: value for key, value in facts.state.profile.items() if value.strip()}
        account = facts.account
        if account.status is Status.CLOSED or not told.keys() & {"name", "subject", "verified", "id"}:
            return
        changes = list(_changes(account, told))
        if changes:
            yield self._firing(account, changes)
        elif _comparable(told):
            yield Finding(
                rule=self.name,
                status=Firing.CLEAR,
                subject=account.id,
                message=f"{called(account)}名称与认证信息相符",
                account_id=account.id,
                evidence={"name": _short(told.get("name", ""))},
            )

    def _firing(self, account: Account, changes: list[Change]) -> Finding:
        return Finding(
            rule=self.name,
            status=Firing.FIRING,
            subject=account.id,
            severity=Severity.NOTICE,
            rung=1,
            label="账号信息变化",
            message=f"{called(account)}{'；'.join(change.words for change in changes)}，请核对是否更名或填错账号",
            account_id=account.id,
            tells=(Role.CLERK,),
            evidence={each.key: {"expected": _short(each.expected), "told": _short(each.told)} for each in changes},
        )


def _comparable(told: Mapping[str, str]) -> bool:
    return "name" in told or any(key in told and f"first_{key}" in told for key in ("subject", "verified", "id"))


def _changes(account: Account, told: Mapping[str, str]) -> Iterator[Change]:
    name = told.get("name", "")
    # As a rule they are equal to the letter: the hot path normalises nothing.
    if name != account.name and _bare(name) and _bare(account.name) and not _same_name(account, name):
        words = f"名称不符：名册为“{_short(account.name)}”，平台显示为“{_short(name)}”"
        yield Change("name", account.name, name, words)
    for key, label in (("subject", "认证主体"), ("verified", "认证信息")):
        first, now = told.get(f"first_{key}", ""), told.get(key, "")
        if first != now and _bare(first) and _bare(now) and _bare(first) != _bare(now) and not _is_unit(account, now):
            yield Change(key, first, now, f"{label}变化：原为“{_short(first)}”，现为“{_short(now)}”")
    first, now = account_key(told.get("first_id", "")), account_key(told.get("id", ""))
    # A number and a sec_uid may both be one account's: only like is compared.
    if first and now and first != now and account_kind(first) == account_kind(now) and now not in _known(account):
        words = f"平台编号变化：原为“{_short(told['first_id'])}”，现为“{_short(told['id'])}”"
        yield Change("id", told["first_id"], told["id"], words)


def _same_name(account: Account, told: str) -> bool:
    """Whether the name is the roster's; a feed's title need only hold it, since bridges add words of their own."""
    ours, theirs = _bare(account.name), _bare(told)
    if ours in (theirs, _bare(_DECORATIONS.sub("", told.strip()))):
        return True
    decorated = any(channel.adapter in DECORATED for channel in account.channels)
    return decorated and ours in theirs


def _is_unit(account: Account, told: str) -> bool:
    """Whether the roster's unit stands in the certification: then the change is known."""
    return len(_bare(account.unit)) >= 2 and _bare(account.unit) in _bare(told)


def _known(account: Account) -> set[str]:
    """Return the ids that the roster says are the account's."""
    listed = (part for channel in account.channels for option in _IDS for part in channel.options.get(option, "").split(","))
    return {account_key(each) for each in (*listed, *(channel.handle for channel in account.channels)) if each.strip()}


def _bare(text: str) -> str:
    """Return what counts of a name: letters and digits of any script, without width, case, blanks, emoji and invisible marks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if _counts(char))


def _counts(char: str) -> bool:
    # Marks are vowels in Tibetan and Uyghur names; the selectors that choose the look of an emoji are marks too.
    kind = unicodedata.category(char)
    return kind[0] in "LN" or (kind in ("Mc", "Mn") and not 0xFE00 <= ord(char) <= 0xFE0F)


def _short(text: str) -> str:
    """Return a told value as it may stand in a mail: on one line, without invisible characters, not too long."""
    shown = "".join(char for char in " ".join(text.split()) if unicodedata.category(char)[0] != "C")
    return shown if len(shown) <= SHOWN_LIMIT else shown[: SHOWN_LIMIT - 1] + "…"
