"""WeChat's answers, in the shapes they have on the wire. Pure: posts in, bodies out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import Any

import orjson

from demo import ids
from demo.articles import ISSUER
from demo.pages import Page
from demo.rhythm import Item
from monitor.model import SHANGHAI, local_date

BATCH_LIMIT = 20
ARTICLE_PAGE, PICTURE_PAGE = 0, 8
"""`item_show_type` of an article's page, and of one that shows pictures."""


def wechat_batch(page: Page, items: Sequence[Item], offset: int, wanted: int) -> bytes:
    """Return `freepublish/batchget`: only what was published without being sent to the followers."""
    listed = [item for item in items if not item.sent]
    shown = [_publication(page, item) for item in listed[offset : offset + max(1, min(wanted, BATCH_LIMIT))]]
    return orjson.dumps({"total_count": len(listed), "item_count": len(shown), "item": shown})


def _publication(page: Page, item: Item) -> dict[str, Any]:
    moment = ids.seconds(item.at)
    news = {
        "title": item.title,
        "author": page.name,
        "digest": item.text[:54],
        "content": f"<p>{escape(item.text)}</p>",
        "content_source_url": item.link,
        "thumb_media_id": ids.token(43, "thumb", page.serial),
        "thumb_url": "http://mmbiz.qpic.cn/mmbiz_jpg/demo/0?wx_fmt=jpeg",
        "show_cover_pic": 0,
        "need_open_comment": 0,
        "only_fans_can_comment": 0,
        "url": article_url(page, item),
        "is_deleted": False,
    }
    content = {"news_item": [news], "create_time": moment, "update_time": moment}
    return {"article_id": ids.token(43, "article", page.serial, moment), "content": content, "update_time": moment}


def article_url(page: Page, item: Item) -> str:
    """Return the article's link in the form its account bears: long or short."""
    if page.long_links:
        mid, sn = ids.wechat_mid(item.at), ids.digest(page.serial, item.at)[:32]
        return f"http://mp.weixin.qq.com/s?__biz={ids.wechat_biz(page.serial)}&mid={mid}&idx=1&sn={sn}&chksm={sn[:8]}&scene=0#rd"
    return f"https://mp.weixin.qq.com/s/{short_id(page, item)}"


def short_id(page: Page, item: Item) -> str:
    return ids.token(22, "s", page.serial, ids.seconds(item.at))


def wechat_cube(page: Page, items: Sequence[Item], first: date, last: date) -> bytes:
    """Return `datacube/getarticletotaldetail` for these days, both included: what was sent and what was only published."""
    rows = [_cube_row(page, item) for item in items if first <= local_date(item.at) <= last]
    return orjson.dumps({"list": rows, "is_delay": False})


def _cube_row(page: Page, item: Item) -> dict[str, Any]:
    day = str(local_date(item.at))
    counts = {"stat_date": day, "read_user": 120, "read_user_source": [], "share_user": 3, "zaikan_user": 1, "like_user": 2}
    return {
        "ref_date": day,
        "msgid": f"{ids.wechat_mid(item.at)}_1",
        "publish_type": 0 if item.sent else 1,
        "title": item.title,
        "content_url": article_url(page, item),
        "detail_list": [counts],
    }


def wechat_article(page: Page, item: Item) -> bytes:
    """Return the article's page, as far as a reader needs it: the object of the scripts, the markup, no megabytes of the rest."""
    local = item.at.astimezone(SHANGHAI)
    told = {
        "user_name": js(ids.wechat_gh(page.serial)),
        "nick_name": js(page.name),
        "bizuin": js(ids.wechat_biz(page.serial)),
        "mid": f"'{ids.wechat_mid(item.at)}' * 1",
        "idx": "'1' * 1",
        "sn": js(ids.digest(page.serial, item.at)[:32]),
        "title": js(item.title),
        "ori_create_time": f"'{ids.seconds(item.at)}' * 1",
        "create_time": js(f"{local:%Y-%m-%d %H:%M}"),
        "source_url": js(item.beneath or item.link),
        "item_show_type": f"'{PICTURE_PAGE if item.picture else ARTICLE_PAGE}' * 1",
        "copyright_info": _copyright(item),
    }
    script = ",\n".join(f"  {name}: {value}" for name, value in told.items())
    return (
        f'<!DOCTYPE html><html><head><meta property="og:title" content="{escape(item.title)}" /></head><body>'
        f'<div id="js_article"><h1 id="activity-name">{escape(item.title)}</h1><a id="js_name">{escape(page.name)}</a>'
        f'<em id="publish_time"></em><div id="js_content" style="visibility: hidden;"><p>{escape(item.text)}</p></div></div>'
        f"<script>window.cgiDataNew = {{\n{script}\n}};</script></body></html>"
    ).encode()


def _copyright(item: Item) -> str:
    """Return what the page says of the article's rights: nothing, or that it is a 转载 and of what."""
    account, _, post = item.reprint.partition(":")
    if not post:
        return "{ copyright_stat: '0' * 1, platform: JsDecode('') }"
    mid, _, idx = post.partition("_")
    source = f"source_biz: '{account}', source_mid: '{mid}' * 1, source_idx: '{idx}' * 1"
    return f"{{ copyright_stat: '2' * 1, reprint_type: '0' * 1, platform: {js(ISSUER)}, {source} }}"


def wechat_gone() -> bytes:
    """Return the page that stands in the place of a deleted article."""
    return (
        '<!DOCTYPE html><html><body><div class="weui-msg"><div class="weui-msg__title warn">该内容已被发布者删除</div></div></body></html>'
    ).encode()


def wechat_wall() -> bytes:
    """Return the verification page that readers in a hurry are sent to."""
    body = '<h2 class="weui-msg__title">环境异常</h2><p>当前环境异常，完成验证后即可继续访问。</p><a id="js_verify">去验证</a>'
    return f'<!DOCTYPE html><html><body><div class="weui-msg">{body}</div></body></html>'.encode()


def js(text: str) -> str:
    """Return a literal as the platform writes it: what is not a letter or a digit as a hexadecimal escape of its HTML form."""
    return f"JsDecode('{''.join(map(_escaped, escape(text)))}')"


def _escaped(letter: str) -> str:
    plain = letter.isalnum() or letter in " _-:=." or ord(letter) > 255
    return letter if plain else f"\\x{ord(letter):02x}"


def push_sent(page: Page, item: Item) -> str:
    """Return the event MASSSENDJOBFINISH for a mass-sent article."""
    url = article_url(page, item)
    listed = f"<Count>1</Count><ResultList><item><ArticleIdx>1</ArticleIdx><ArticleUrl><![CDATA[{url}]]></ArticleUrl></item></ResultList>"
    check = "<CopyrightCheckResult><Count>0</Count><ResultList></ResultList><CheckState>1</CheckState></CopyrightCheckResult>"
    counts = "<TotalCount>120</TotalCount><FilterCount>118</FilterCount><SentCount>118</SentCount><ErrorCount>0</ErrorCount>"
    told = f"<MsgID>{ids.wechat_mid(item.at)}</MsgID><Status><![CDATA[send success]]></Status>{counts}"
    return _event(page, item, "MASSSENDJOBFINISH", f"{told}{check}<ArticleUrlResult>{listed}</ArticleUrlResult>")


def push_published(page: Page, item: Item) -> str:
    """Return the event PUBLISHJOBFINISH for an article that was published without being sent."""
    url = article_url(page, item)
    listed = f"<count>1</count><item><idx>1</idx><article_url><![CDATA[{url}]]></article_url></item>"
    told = f"<publish_id>{ids.wechat_mid(item.at)}</publish_id><publish_status>0</publish_status>"
    article = f"<article_id><![CDATA[{ids.token(43, 'article', page.serial, ids.seconds(item.at))}]]></article_id>"
    inner = f"{told}{article}<article_detail>{listed}</article_detail>"
    return _event(page, item, "PUBLISHJOBFINISH", f"<PublishEventInfo>{inner}</PublishEventInfo>")


def _event(page: Page, item: Item, name: str, inner: str) -> str:
    sender = f"<ToUserName><![CDATA[{page.handle}]]></ToUserName><FromUserName><![CDATA[{ids.token(28, 'mphelper')}]]></FromUserName>"
    about = f"<CreateTime>{ids.seconds(item.at)}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>"
    return f"<xml>{sender}{about}{inner}</xml>"
