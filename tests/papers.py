"""Key articles for the console's tests: three invented ones, an audience with each verdict, and pairs with what they rest on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from desk import NOW, PaperDesk, entry

from monitor.model import (
    Account,
    AccountState,
    Article,
    GoodLook,
    Platform,
    Post,
    Repost,
    RepostStanding,
    RepostVerdict,
    Sight,
    Verdict,
)
from monitor.tasks import sheets
from monitor.web import Carrier, Pair, Passed

WECHAT = Platform.WECHAT
HOUR = timedelta(hours=1)
OUT = NOW - 60 * HOUR
DUE = NOW - 30 * HOUR

SENTENCES = (
    "为守住一江清水，南溪市今年安排资金2.4亿元，治理沿江排口118处。",
    "市生态环境局表示，全部工程将在10月底以前完工。",
    "沿江各镇实行河长负责制，每周巡查不少于两次。",
    "巡查中发现的问题，须在三个工作日内答复。",
    "群众可以通过“南溪随手拍”反映情况，查实的给予奖励。",
    "去年全市优良水体比例达到94.6%，比前年提高2.1个百分点。",
    "专家认为，治理的重点正在从看得见的排口转向看不见的管网。",
    "“管网不通，江水难清。”南溪市水务中心的工程师这样说。",
)
TEXT = "\n".join(SENTENCES)
REWRITTEN = "\n".join(
    (
        "编者按：本县有三处排口在治理名单上。",
        SENTENCES[0].replace("2.4亿元", "3.4亿元"),
        SENTENCES[1].replace("10月底以前", "年底以前"),
        *SENTENCES[2:7],
        "（编辑：李青）",
    )
)


def article(id: str = "2020-07", **fields: Any) -> Article:
    return Article(
        **{
            "id": id,
            "title": "南溪市打响沿江排口治理攻坚战",
            "text": TEXT,
            "urls": ("https://www.nanxi.example/news/7.html",),
            "source": "南溪日报",
            "published_at": OUT,
            "due_at": DUE,
            **fields,
        }
    )


ARTICLES = (
    article(),
    article("2020-08", title="关于做好2020年春季防汛备汛工作的通知", published_at=NOW - 20 * HOUR, due_at=NOW + 28 * HOUR),
    article("2020-05", title="南溪市2020年政府工作报告（全文）", published_at=OUT - 100 * HOUR, due_at=DUE - 90 * HOUR),
)

_OWING = (
    ("石泉发布", Platform.WECHAT, "石泉县", "县级", RepostVerdict.DONE),
    ("平利县卫生健康", Platform.WECHAT, "平利县", "部门", RepostVerdict.IRREGULAR),
    ("汉阴林业", Platform.WEIBO, "汉阴县", "部门", RepostVerdict.LATE),
    ("石泉统计", Platform.WEIBO, "石泉县", "部门", RepostVerdict.MISSING),
    ("岚皋交警", Platform.WECHAT, "岚皋县", "部门", RepostVerdict.MISSING),
    ("镇坪文旅", Platform.TOUTIAO, "镇坪县", "部门", RepostVerdict.UNDETERMINED),
    ("宁陕农业", Platform.WEIBO, "", "", RepostVerdict.NOT_YET),
)
_REASONS = {
    RepostVerdict.IRREGULAR: "内容改动、截断或摘要",
    RepostVerdict.LATE: "迟5小时12分",
    RepostVerdict.UNDETERMINED: "疑似转载，待人工核实：标题或话题相符，内容为图片或海报",
}
PART = {"reason": "截断或摘要", "measure": "正文覆盖 25%", "limit": "不低于 60%", "detail": ""}
FORM = [
    {"reason": "内容改动", "measure": "改动 2 句，占 29%", "limit": "不高于 10%", "detail": "2.4亿元 → 3.4亿元"},
    {"reason": "改标题", "measure": "标题不同", "limit": "只可增加栏目名、来源等前后缀", "detail": "我县三处排口列入全市治理名单"},
]


def owing(number: int, name: str = "石泉发布", platform: Platform = WECHAT, region: str = "石泉县", level: str = "县级") -> Account:
    told = {"platform": platform, "region": region, "level": level}
    return entry(number, name, Verdict.QUALIFIED, 1, **told)[0]


def repost(account: Account, grade: str = "in_order", lag: timedelta = timedelta(0), number: int = 1, **evidence: Any) -> Repost:
    at = DUE + lag if lag else DUE - number * HOUR
    told = {"by": "title", "field": "title", "score": 1.0, "left": article().title, "right": article().title}
    return Repost.model_validate(
        {
            "article_id": "2020-07",
            "account_id": account.id,
            "post_id": f"{account.platform}:{account.id}:{number}",
            "grade": grade,
            "published_at": at,
            "lag": lag,
            "evidence": {**told, "url": f"https://mp.example/{number}", **evidence},
        }
    )


def post_of(carried: Repost, text: str = TEXT, **fields: Any) -> Post:
    at: datetime = carried.published_at
    told = {"title": article().title, "url": carried.evidence.get("url", ""), "whole": True}
    return Post(
        id=carried.post_id, account_id=carried.account_id, published_at=at, first_seen_at=at + HOUR, text=text, **{**told, **fields}
    )


def standing(account: Account, verdict: RepostVerdict, carried: Repost | None = None, article_id: str = "2020-07") -> RepostStanding:
    return RepostStanding(article_id=article_id, account_id=account.id, verdict=verdict, reason=_REASONS.get(verdict, ""), repost=carried)


def seen(account: Account) -> AccountState:
    """Return the state of an account that was seen without a hole from before the article until just now."""
    look = GoodLook(channel="wechat.lists", at=NOW - timedelta(minutes=5), digest="d", covers_until=NOW - timedelta(minutes=5))
    return AccountState(account_id=account.id, sight=Sight(spans=((OUT - HOUR, look.at),)), last_good=look, last_tried_at=look.at)


def pair(verdict: RepostVerdict, *carriers: Carrier, account: Account | None = None, **fields: Any) -> Pair:
    """Return a pair whose verdict rests on the first carrier."""
    who = account or owing(1)
    shown = standing(who, verdict, carriers[0].repost if carriers else None)
    by_time = tuple(sorted(carriers, key=lambda each: each.repost.published_at))
    told = {"article": article(), "account": who, "standing": shown, "state": seen(who)}
    return Pair(**{**told, "carriers": by_time, "weighed": 6, **fields})


def irregular() -> Pair:
    """Return a pair with two posts: the counted one rewrote the article, the earlier one is only a part of it."""
    who = owing(2, *_OWING[1][:4])
    counted = repost(who, "irregular", by="text", field="text", score=0.83, covered=0.81, form=FORM)
    early = repost(who, "irregular", number=4, form=[PART])
    first = Carrier(counted, post_of(counted, REWRITTEN, title="我县三处排口列入全市治理名单"))
    return pair(RepostVerdict.IRREGULAR, first, Carrier(early, post_of(early, SENTENCES[0])), account=who)


def missing() -> Pair:
    who = owing(4, *_OWING[3][:4])
    told = {"id": f"weibo:{who.id}:1", "account_id": who.id, "first_seen_at": NOW}
    weather = Post.model_validate({**told, "published_at": OUT + 9 * HOUR, "title": "今日天气", "url": "https://weibo.example/1"})
    near = Post.model_validate({**told, "published_at": OUT + HOUR, "text": "一图读懂沿江排口治理要点"})
    passed = (Passed(weather), Passed(near, "标题中的“一图读懂”表明是另一篇"))
    return pair(RepostVerdict.MISSING, account=who, passed=passed)


def edited() -> Pair:
    """Return a pair whose post was edited after it had been found: what stands there now is another text."""
    who = owing(8, "旬阳发布", Platform.WEIBO, "旬阳市", "县级")
    since = (NOW - 3 * HOUR).isoformat()
    kept = repost(who, "irregular", form=FORM, edited_away_at=since, differs=[["安排资金2.4亿元", "安排资金3.4亿元"]])
    return pair(RepostVerdict.IRREGULAR, Carrier(kept, post_of(kept, "请关注后续通知。", title="")), account=who)


def candidate() -> Pair:
    who = owing(6, *_OWING[5][:4])
    seems = repost(who, "candidate", by="resemblance", doubt="picture", why="话题与标题相符，正文只有图片", score=0.6, field="title")
    return pair(RepostVerdict.UNDETERMINED, Carrier(seems, post_of(seems, "", kind="picture")), account=who)


def laid_desk() -> PaperDesk:
    """Return a desk with three articles; of the first each verdict occurs and some pairs are at hand."""
    accounts = [owing(number, *row[:4]) for number, row in enumerate(_OWING, 1)]
    told = [
        standing(who, row[4], _carried(who, row[4]), each.id)
        for each in ARTICLES[:2]
        for who, row in zip(accounts, _OWING, strict=True)
        if each.id == "2020-07" or row[4] is RepostVerdict.NOT_YET
    ]
    pairs = (irregular(), missing(), candidate(), edited())
    return PaperDesk(laid=sheets(ARTICLES, told, {each.id: each for each in accounts}), pairs=pairs)


def _carried(who: Account, verdict: RepostVerdict) -> Repost | None:
    if verdict in (RepostVerdict.MISSING, RepostVerdict.NOT_YET):
        return None
    grade = {RepostVerdict.IRREGULAR: "irregular", RepostVerdict.UNDETERMINED: "candidate"}.get(verdict, "in_order")
    return repost(who, grade, 5.2 * HOUR if verdict is RepostVerdict.LATE else timedelta(0))
