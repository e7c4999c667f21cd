"""What a one-click link is called, what pressing its button means, and what is said then: by what is asked, and of which matter. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from monitor.model import Account, Alert, Severity, Status
from monitor.telling.records import Ask


@dataclass(frozen=True, slots=True)
class Words:
    """What a kind of link is called, what pressing its button means, and what is said once it is pressed."""

    title: str
    button: str
    means: tuple[str, ...]
    done: tuple[str, ...]


_WORDS = {
    Ask.RECHECK: Words(
        "请求复查",
        "已更新，请复查",
        ("系统将尽快采集该账号一次。", "检测到更新后，相应问题自动销号，无需回复邮件。"),
        ("已安排复查，系统将尽快采集该账号。", "检测到更新后，相应问题自动销号，无需再次点击，也无需回复邮件。"),
    ),
    Ask.RECEIVED: Words(
        "确认收到",
        "确认收到",
        ("表示已收到通知，正在办理；同一情况不再重复发信。", "情况有变化时仍会告知；是否更新以系统采集到的内容为准。"),
        ("已登记为“确认收到”，同一情况不再重复发信。", "更新后自动销号，无需回复邮件。"),
    ),
    Ask.EXEMPTION: Words(
        "申请报备",
        "申请报备",
        ("向主管部门提出报备申请，说明该账号因故暂停更新。", "批准之前，监测和判定照常进行，请继续按要求更新。"),
        ("申请已登记，等待主管部门处理。", "批准之前，监测和判定照常进行，请继续按要求更新。"),
    ),
    Ask.CLOSURE: Words(
        "申请关停",
        "申请关停",
        ("向主管部门提出关停申请。", "完成注销之前，监测和判定照常进行，请继续按要求更新。"),
        ("申请已登记，等待主管部门处理。", "完成注销之前，监测和判定照常进行，请继续按要求更新。"),
    ),
}
"""For an account that is to publish something; other matters say it in words of their own."""

_REGISTERED = "名册登记为已注销或在用后，自动销号，无需回复邮件。"


def words_of(ask: Ask, account: Account, alert: Alert) -> Words:
    """Return the words of a link, called as the letter called it."""
    words = _WORDS[ask]
    if alert.finding.article_id is not None:
        mended = "更正" if alert.finding.severity is Severity.WARNING else "转载"
        return _about(words, mended if ask in (Ask.RECHECK, Ask.RECEIVED) else "转载")
    if account.status is Status.ABANDONED and ask is not Ask.RECHECK:
        # No post of its mends what the roster calls out of use.
        return replace(words, means=(words.means[0], _REGISTERED), done=(words.done[0], _REGISTERED))
    return words


def _about(words: Words, mended: str) -> Words:
    means, done = (tuple(line.replace("更新", mended) for line in lines) for lines in (words.means, words.done))
    return Words(words.title, words.button.replace("更新", mended), means, done)
