"""One account and one key article as the clerk reads them: the verdict, what it rests on, and both texts side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from monitor.matching.evidence import Doubt, Evidence
from monitor.matching.text import bracket_title
from monitor.model import BEGINNING, Post, Repost, RepostVerdict
from monitor.web.article_words import TITLE_CAP, Head, Who, head_of, length, who
from monitor.web.comparison import Comparison, compare, remembered
from monitor.web.desk import Carrier, Pair, Passed
from monitor.wording import channel_title, edited_away, minute, pair_path, plain, web_link

QUOTE_CAP = 300
"""Characters of a field that are quoted as evidence; a whole text stands below, side by side."""
CARRIERS_CAP = 50
"""Posts of one account that are listed; a title that recurs may have hundreds of candidates."""
PASSED_SHOWN = 100
"""Posts that are listed where none carries the article; those that come near it stand first."""
SPANS_SHOWN = 6
"""Spans of sight that are listed, newest last; an account with more holes than that is not judged by reading them."""

_FIELDS: Mapping[str, str] = {
    "id": "内容编号",
    "url": "发布地址",
    "title": "标题",
    "text": "正文",
    "citation.post_id": "所引内容的编号",
    "citation.account": "所引内容的账号",
    "citation.url": "所引内容的链接",
    "citation.title": "所引内容的标题",
}
_GRADES: Mapping[str, str] = {"in_order": "规范", "irregular": "不规范", "candidate": "疑似，待人工核实"}
_KINDS: Mapping[str, str] = {
    "article": "文章",
    "post": "博文",
    "repost": "转发",
    "picture": "图片",
    "text": "纯文字",
    "share": "分享页",
    "video": "视频",
    "audio": "音频",
    "note": "图文",
    "answer": "问答",
    "hand_check": "人工核查记录",
}
_FORWARDED = "平台转发：原文由平台随转发展示，以下只比对账号自己写的文字。"
_SHARED = "分享页只显示原文的卡片，以下只比对账号自己写的文字。"
_NOT_WHOLE = "采集到的文字未必是读者看到的全部（列表摘要、折叠内容，或另有图片、视频、链接），未见的句子不等于被删。"
_DRAWN = "该条内容是图片，没有可比对的文字，请人工查看；以下是原文。"
_GONE = "该内容已不在库中"
_EDITED = "该内容已被修改"
_SINCE = "本次判定之后又采集到下列内容，判定将在下一轮更新。"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One reason for 转载不规范, with its measure beside the limit."""

    reason: str
    measure: str
    limit: str
    detail: str


@dataclass(frozen=True, slots=True)
class Proof:
    """By what a post is known, or thought, to carry the article; empty words where nothing is known."""

    by: str
    field: str
    score: str
    left: str
    right: str
    covered: str
    doubt: str
    why: str
    flaws: tuple[Flaw, ...]


@dataclass(frozen=True, slots=True)
class CarrierRow:
    """One post of the account that carries the article or seems to."""

    path: str
    chosen: bool
    counted: bool
    earliest: bool
    title: str
    posted: str
    link: str
    late: str
    grade: str
    kind: str
    whole: str
    deleted: str
    edited: str


@dataclass(frozen=True, slots=True)
class PassedRow:
    """One post of the account that was looked at and is no repost; `why` where something spoke for it."""

    title: str
    posted: str
    link: str
    why: str


@dataclass(frozen=True, slots=True)
class PairView:
    """The page of one account and one article. `proof` and `comparison` are of the chosen post; None where there is none."""

    head: Head
    who: Who
    verdict: RepostVerdict
    reason: str
    late: str
    looked: tuple[tuple[str, str], ...]
    doubtful: bool
    carriers: tuple[CarrierRow, ...]
    left_out: int
    proof: Proof | None
    comparison: Comparison | None
    titles: tuple[str, str]
    note: str
    since: str
    passed: tuple[PassedRow, ...]
    passed_left: int


def show_pair(pair: Pair, post_id: str, now: datetime, titles: Mapping[str, str]) -> PairView:
    """Put together the page; `post_id` chooses which of several posts is compared, else it is the one the verdict rests on."""
    standing, repost = pair.standing, pair.standing.repost
    chosen = _chosen(pair, post_id)
    return PairView(
        head=head_of(pair.article, now),
        who=who(pair.account),
        verdict=standing.verdict,
        reason=plain(standing.reason, 200),
        # The rule says so itself in most cases; a candidate's delay it leaves out.
        late=f"比截止时间晚{length(repost.lag)}" if repost and repost.lag > timedelta(0) and "迟" not in standing.reason else "",
        looked=tuple(_looked(pair, now, titles)),
        doubtful=all(each.repost.grade == "candidate" for each in pair.carriers),
        carriers=tuple(_carrier_row(pair, each, chosen) for each in pair.carriers[:CARRIERS_CAP]),
        left_out=max(0, len(pair.carriers) - CARRIERS_CAP),
        proof=_proof(chosen.repost) if chosen else None,
        comparison=_compared(pair, chosen) if chosen else None,
        titles=_titles(pair, chosen),
        note=_note(chosen) if chosen else "",
        since=_SINCE if pair.carriers and standing.verdict in (RepostVerdict.MISSING, RepostVerdict.NOT_YET) else "",
        passed=tuple(_passed_row(each) for each in sorted(pair.passed, key=lambda each: not each.why)[:PASSED_SHOWN]),
        passed_left=max(0, len(pair.passed) - PASSED_SHOWN),
    )


def _chosen(pair: Pair, post_id: str) -> Carrier | None:
    counted = pair.standing.repost.post_id if pair.standing.repost else ""
    for wanted in (post_id, counted):
        for each in pair.carriers:
            if each.repost.post_id == wanted:
                return each
    # Between tick and question a better post may have come; what the standing names is shown even where the store has it no more.
    return Carrier(pair.standing.repost, None) if pair.standing.repost else None


# -- what was looked at ---------------------------------------------------------------------------------------------------------


def _looked(pair: Pair, now: datetime, titles: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Say what the verdict rests on, above all where nothing was found: what was seen of the account, when, and through what."""
    state, since = pair.state, pair.article.published_at
    good = state.last_good
    if good is None:
        yield "最近有效采集", "尚无"
    else:
        covered = f"，内容覆盖至 {minute(good.covers_until)}" if good.covers_until else ""
        yield "最近有效采集", f"{minute(good.at)}（{channel_title(good.channel, titles)}）{covered}"
    spans = [(max(first, since), min(last, now)) for first, last in state.sight.spans if last > since and first < now]
    yield "重要信息发布以来看全的时段", "；".join(_span(*each) for each in spans[-SPANS_SHOWN:]) or "尚无"
    yield "同期已采集的发布", f"{pair.weighed} 条"
    if state.failing_since is not None:
        yield "采集失败", f"自 {minute(state.failing_since)} 起连续 {state.failures} 次"
    if state.last_tried_at is not None and (good is None or state.last_tried_at > good.at):
        yield "最近一次尝试", minute(state.last_tried_at)


def _span(first: datetime, last: datetime) -> str:
    return f"{minute(first)} 至 {minute(last)}" if first > BEGINNING else f"至 {minute(last)}"


# -- what was found -------------------------------------------------------------------------------------------------------------


def _carrier_row(pair: Pair, carrier: Carrier, chosen: Carrier | None) -> CarrierRow:
    repost, post = carrier.repost, carrier.post
    proper = [each.repost for each in pair.carriers if each.repost.grade != "candidate"]
    counted = pair.standing.repost.post_id if pair.standing.repost else ""
    return CarrierRow(
        path=f"{pair_path(pair.article.id, pair.account.id)}?{urlencode({'post': repost.post_id}, errors='replace')}",
        chosen=chosen is not None and chosen.repost.post_id == repost.post_id,
        counted=repost.post_id == counted,
        earliest=len(proper) > 1 and repost is proper[0],
        title=_called(post),
        posted=_posted(carrier),
        link=web_link(post.url if post else _word(repost.evidence, "url")),
        late=f"迟{length(repost.lag)}" if repost.lag > timedelta(0) else "",
        grade=_GRADES[repost.grade],
        kind=plain(_KINDS.get(post.kind, post.kind), 20) if post else "",
        whole=_wholeness(post),
        deleted=f"{minute(post.deleted_at)} 起已不可见" if post and post.deleted_at else "",
        edited=f"{edited} 发现已修改，判定依据修改前的内容" if (edited := edited_away(repost.evidence)) else "",
    )


def _called(post: Post | None) -> str:
    return (plain(post.title, TITLE_CAP) or plain(post.text[:QUOTE_CAP], 60) if post else "") or "（无标题）"


def _wholeness(post: Post | None) -> str:
    if post is None:
        return _GONE
    # Of a picture nobody knows what it tells.
    return "" if post.kind == "picture" else "全文" if post.whole else "未必是全文"


def _posted(carrier: Carrier) -> str:
    return _moment_of(carrier.repost.published_at, carrier.post)


def _moment_of(at: datetime, post: Post | None) -> str:
    """Return when the post came out, no finer than the source told."""
    return minute(at)[:10] if post and post.precision == "day" else minute(at)


def _passed_row(passed: Passed) -> PassedRow:
    post = passed.post
    return PassedRow(_called(post), _moment_of(post.published_at, post), web_link(post.url), plain(passed.why, QUOTE_CAP))


def _proof(repost: Repost) -> Proof:
    evidence = repost.evidence
    by, doubt, score, covered = (evidence.get(key) for key in ("by", "doubt", "score", "covered"))
    return Proof(
        by=_labelled(Evidence, by),
        field=_FIELDS.get(str(evidence.get("field", "")), _word(evidence, "field")),
        score=f"{score:.2f}" if _is_figure(score) else "",
        left=_word(evidence, "left"),
        right=_word(evidence, "right"),
        covered=f"{covered:.0%}" if _is_figure(covered) else "",
        doubt=_labelled(Doubt, doubt),
        why=_word(evidence, "why"),
        flaws=tuple(_flaws(repost)),
    )


def _flaws(repost: Repost) -> Iterable[Flaw]:
    """Return the reasons with their measures; of one that was stored without measures the bare reason."""
    form = repost.evidence.get("form")
    measured = [each for each in form if isinstance(each, Mapping)] if isinstance(form, Sequence) else []
    for each in measured:
        yield Flaw(_word(each, "reason"), _word(each, "measure"), _word(each, "limit"), _word(each, "detail"))
    if not measured:
        yield from (Flaw(plain(reason, 60), "", "", "") for reason in repost.reasons)


def _labelled(words: type[Evidence] | type[Doubt], value: Any) -> str:
    """Return the label of a stored word; one of an earlier version is shown as it is."""
    try:
        return words(value).label
    except ValueError:
        return plain(value, 60) if isinstance(value, str) else ""


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1_000


def _word(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return plain(value[: 4 * QUOTE_CAP], QUOTE_CAP) if isinstance(value, str) else ""


def _titles(pair: Pair, carrier: Carrier | None) -> tuple[str, str]:
    """Return both titles, empty where the post has none: that of a micro-blog stands in its text."""
    own = plain(carrier.post.title, TITLE_CAP) if carrier and carrier.post else ""
    return (plain(pair.article.title, TITLE_CAP), own) if own else ("", "")


def _note(carrier: Carrier) -> str:
    if carrier.post is None or edited_away(carrier.repost.evidence):
        return ""
    if carrier.repost.evidence.get("by") == Evidence.CITATION and carrier.post.kind == "repost":
        return _FORWARDED
    if carrier.post.kind in ("picture", "share"):
        return _SHARED if carrier.post.kind == "share" else ""
    return "" if carrier.post.whole else _NOT_WHOLE


def _below_title(post: Post) -> str:
    """Return the text without the 【title】 at its head, which stands in a row of its own already."""
    title = bracket_title(post.text)
    return post.text.partition(f"【{title}】")[2] if title and title == post.title else post.text


def _compared(pair: Pair, carrier: Carrier) -> Comparison:
    differs, post = carrier.repost.evidence.get("differs"), carrier.post
    if post is None:
        return remembered(differs, _GONE)
    if edited := edited_away(carrier.repost.evidence):
        # What stands there now would speak against a verdict that rests on what stood there then.
        return remembered(differs, f"{_EDITED}（{edited} 发现），现在的文字不能说明当时的转载")
    drawn = post.kind == "picture" and not post.text.strip() and pair.article.text.strip()
    compared = compare(pair.article.text, _below_title(post), whole=post.whole)
    return replace(compared, alone=_DRAWN) if drawn else compared
