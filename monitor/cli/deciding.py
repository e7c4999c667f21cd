"""The command `confirm`: a person says whether a post that seemed to carry a key article does."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from monitor.app import App
from monitor.cli.answering import account_of
from monitor.decisions import Answer, Decision, decide
from monitor.errors import BadInput
from monitor.matching import Doubt
from monitor.model import Account, Article, Post, Repost
from monitor.roster.articles import ids_told
from monitor.wording import account_title, minute, plain

ANSWERS: dict[str, Answer] = {"是": "yes", "否": "no", "yes": "yes", "no": "no"}
BY_LIMIT, NOTE_LIMIT = 40, 200
"""Characters of a name, and of a remark."""


async def confirm(app: App, article_id: str, code: str, answer: str, by: str, post: str, note: str, out: Console) -> int:
    """Keep a person's word on one post; what stands by it is printed. Raises `BadInput` where it is not clear which post is meant."""
    article = await _article(app, article_id)
    account = await account_of(app, code)
    by = plain(by, BY_LIMIT)
    problems = [] if by else ["--by：请写明核定人"]
    problems += [] if answer in ANSWERS else [f"“{plain(answer, 20)}”：应为 是 或 否"]
    if problems:
        raise BadInput(problems)
    repost, found = await _chosen(app, article, account, post)
    said, remark, wishes = ANSWERS[answer], plain(note, NOTE_LIMIT), app.settings.matching
    made = decide(repost, article, found, account, said, by, app.clock.now(), wishes, remark)
    await app.store.keepings.put_decision(made)
    for line in _told(made, article, account, found):
        out.print(line, markup=False)
    return 0


async def _article(app: App, article_id: str) -> Article:
    articles = {article.id: article for article in await app.store.articles()}
    if article_id not in articles:
        known = ids_told(articles.values()) or "还没有导入"
        raise BadInput([f"没有编号为“{plain(article_id, 60)}”的重要信息；现有：{known}"])
    return articles[article_id]


async def _chosen(app: App, article: Article, account: Account, wanted: str) -> tuple[Repost, Post]:
    """Return the one repost that is meant: by a part of the post's link or id, else the only candidate."""
    mine = (await app.store.reposts([account.id], [article.id])).get(account.id, [])
    posts = {post.id: post for post in await app.store.posts_by_id({each.post_id for each in mine})}
    listed = [(each, posts[each.post_id]) for each in mine if each.post_id in posts]
    if wanted:
        chosen = [pair for pair in listed if wanted in pair[1].url or wanted in pair[1].id]
    else:
        chosen = [pair for pair in listed if pair[0].grade == "candidate"] or listed
    if len(chosen) == 1:
        return chosen[0]
    if not listed:
        raise BadInput([f"{account_title(account)}没有任何内容与《{article.title}》相似，无可核定；可先用 match 命令查看"])
    asked = "有多条相似内容，请用 --post 写明是哪一条（链接或编号的一部分）：" if chosen or not wanted else "没有这样的内容；可核定的有："
    raise BadInput([asked, *(_line(repost, post) for repost, post in chosen or listed)])


def _line(repost: Repost, post: Post) -> str:
    doubt = repost.evidence.get("doubt")
    why = Doubt(doubt).label if doubt in set(Doubt) else "已认定为转载" if repost.grade != "candidate" else "疑似"
    return f"  {minute(post.published_at)}　{plain(post.title or post.text, 40)}　{post.url or post.id}（{why}）"


def _told(made: Decision, article: Article, account: Account, post: Post) -> Sequence[str]:
    what = f"{account_title(account)} {minute(post.published_at)}发布的“{plain(post.title or post.text, 40)}”"
    if made.repost is None:
        said = f"{what}：核定不是《{article.title}》的转载"
    else:
        form = f"，转载不规范：{'、'.join(made.repost.reasons)}" if made.repost.reasons else ""
        said = f"{what}：核定为《{article.title}》的转载{form}"
    return said, "已记录；下一轮判定（约几分钟内）按此计算。需要更改时，再次执行即可。"
