"""The readers of Weibo's bodies: goldens, times, fast-forwards, refusals, and every oddity of the reference page's checklist."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from channels import NOW, UID, asked, expected, fixtures, told

from adapters.reading.page import Asked
from adapters.reading.weibo_ajax import read_ajax
from adapters.reading.weibo_cards import is_login_address, read_cards, read_login, read_page, read_whole_text
from adapters.reading.weibo_links import suffix_uids
from adapters.reading.weibo_statuses import read_statuses
from adapters.reading.weibo_time import weibo_time
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import Post, Snapshot

CHANNEL = "weibo.openapi"
LATEST = "Thu Nov 19 18:30:05 +0800 2026"
EARLIER = "Thu Nov 19 12:00:00 +0800 2026"
OTHER = "1700000001"
MINE = {"id": int(UID), "screen_name": "青溪发布"}


def ask(channel: str) -> Asked:
    return replace(asked(CHANNEL), channel=channel)


@pytest.mark.parametrize("path", fixtures("weibo.web"), ids=lambda path: path.stem)
def test_a_page_of_cards_reads_as_expected(path: Path) -> None:
    assert told(lambda: read_page(path.read_bytes(), ask("weibo.web"), UID, signed_in=True)[0]) == expected(path)


@pytest.mark.parametrize("path", fixtures("weibo.ajax"), ids=lambda path: path.stem)
def test_an_uploaded_ajax_body_reads_as_expected(path: Path) -> None:
    assert told(lambda: read_ajax(path.read_bytes(), ask("weibo.ajax"), UID, signed_in=True)) == expected(path)


@pytest.mark.parametrize("path", fixtures("weibo.list"), ids=lambda path: path.stem)
def test_an_uploaded_list_reads_as_expected(path: Path) -> None:
    assert told(lambda: read_cards(path.read_bytes(), ask("weibo.list"), UID, signed_in=True)) == expected(path)


@pytest.mark.parametrize("path", [*fixtures("weibo.web"), *fixtures("weibo.ajax"), *fixtures("weibo.list")], ids=lambda path: path.stem)
def test_what_was_seen_by_nobody_knows_whom_covers_nothing(path: Path) -> None:
    for read in (read_cards, read_ajax):
        try:
            seen = read(path.read_bytes(), ask("weibo.list"), UID)
        except LookError:
            continue
        assert seen.posts and seen.partial and seen.covers_from is None


@pytest.mark.parametrize("path", [*fixtures("weibo.web"), *fixtures("weibo.ajax")], ids=lambda path: path.stem)
def test_the_data_part_alone_reads_as_the_whole_answer_does(path: Path) -> None:
    body = json.loads(path.read_bytes())
    if body["ok"] != 1 or "data" not in body:
        return
    part = json.dumps(body["data"]).encode()

    for read in (read_cards, read_ajax):
        alone, whole = (told(lambda read=read, raw=raw: read(raw, ask("weibo.list"), UID)) for raw in (part, path.read_bytes()))
        assert alone == whole


# -- times ------------------------------------------------------------------------------------------------------------------

TIMES = {
    "Tue Jul 12 10:00:00 +0800 2022": datetime(2022, 7, 12, 2, tzinfo=UTC),
    "Wed Sep 9 10:25:55 +0800 2015": datetime(2015, 9, 9, 2, 25, 55, tzinfo=UTC),
    "刚刚": NOW,
    "30秒前": NOW - timedelta(seconds=30),
    "5分钟前": NOW - timedelta(minutes=5),
    "15小时前": NOW - timedelta(hours=15),
    "昨天 23:59": datetime(2026, 11, 19, 15, 59, tzinfo=UTC),
    "11-20": datetime(2026, 11, 19, 16, tzinfo=UTC),
    "11-21": datetime(2025, 11, 20, 16, tzinfo=UTC),
    "2019-6-1": datetime(2019, 5, 31, 16, tzinfo=UTC),
}


@pytest.mark.parametrize(("text", "moment"), TIMES.items())
def test_a_time_is_read_in_any_form(text: str, moment: datetime) -> None:
    when = weibo_time(text, NOW)

    assert when is not None and when.at == moment
    assert (when.precision == "day") == ("-" in text)


@pytest.mark.parametrize(
    "text", ["", "明天", "13-45", "02-30", "昨天 25:00", "Tue Foo 12 10:00:00 +0800 2022", "99-99", None, 7, "9999小时后"]
)
def test_what_is_no_time_is_none(text: object) -> None:
    assert weibo_time(text, NOW) is None


# -- one post ---------------------------------------------------------------------------------------------------------------


def status(mid: str = "5234000000000405", at: str = LATEST, **changes: Any) -> dict[str, Any]:
    return {"mid": mid, "created_at": at, "text": "平常", "user": MINE, **changes}


def seen(*statuses: dict[str, Any]) -> Snapshot:
    return read_statuses(json.dumps({"statuses": statuses}).encode(), asked(CHANNEL), UID)


def one(**changes: Any) -> Post:
    (post,) = seen(status(**changes)).posts
    return post


ODDITIES: dict[str, dict[str, Any]] = {
    "pics as an array": {"pics": [{"pid": "a", "geo": False}]},
    "pics as an object": {"pics": {"0": {"pid": "a"}}},
    "pic_infos with sizes as text": {"pic_infos": {"a": {"large": {"width": "5", "height": 7}}}},
    "followers in ten thousands": {"user": {**MINE, "followers_count": "145.5万"}},
    "followers as a number": {"user": {**MINE, "followers_count": 1455000}},
    "a user of text ids": {"user": {"id": UID, "statuses_count": "312"}},
    "a user of idstr": {"user": {"idstr": UID}},
    "id as a number": {"id": 5234000000000405},
    "no mid but idstr": {"mid": None, "idstr": "5234000000000405"},
    "no mid but id": {"mid": None, "id": 5234000000000405},
    "no mid but mblogid": {"mid": None, "mblogid": "QeguI006x"},
    "an old id beside the mid": {"id": 15963562508},
    "no source": {"source": None},
    "page_info missing": {"page_info": None},
    "page_info as an array": {"page_info": []},
    "page_info of numbers": {"page_info": {"type": 0, "object_type": 7, "page_title": None}},
    "url_struct as an object": {"url_struct": {}},
    "url_struct of rubbish": {"url_struct": [1, None, "x"]},
    "suffix as text": {"screen_name_suffix_new": "x"},
    "longText as null": {"longText": None},
    "longText of rubbish": {"longText": {"longTextContent": [1]}},
    "a display rule": {"number_display_strategy": {"display_text": "100万+"}},
    "a super-topic": {"screen_name_suffix_new": [{"type": 2, "scheme": "sinaweibo://pageinfo?pageid=100808a"}]},
    "forwarding nobody": {"ori_mid": "0", "ori_uid": 0},
}


@pytest.mark.parametrize("changes", ODDITIES.values(), ids=ODDITIES)
def test_a_post_is_not_lost_for_an_odd_field(changes: dict[str, Any]) -> None:
    page = seen(status(**changes))

    (post,) = page.posts
    assert post.id.endswith(":5234000000000405") and post.kind == "post" and post.text == "平常"
    assert page.partial == "" and page.covers_from == post.published_at


PIN_SIGNALS: dict[str, dict[str, Any]] = {
    "isTop": {"isTop": 1},
    "isTop as text": {"isTop": "1"},
    "mblogtype": {"mblogtype": 2},
    "title": {"title": {"text": "置顶"}},
}


@pytest.mark.parametrize("signal", PIN_SIGNALS.values(), ids=PIN_SIGNALS)
def test_a_pinned_retweet_is_a_pin_and_a_retweet(signal: dict[str, Any]) -> None:
    old = "Mon Jan 08 09:00:00 +0800 2024"
    page = seen(status("4990000000000101", old, retweeted_status=status("49", old, user={"id": int(OTHER)}), **signal), status())

    pinned = page.posts[-1]
    assert (pinned.pinned, pinned.kind) == (True, "repost")
    assert page.covers_from == page.posts[0].published_at


@pytest.mark.parametrize("text", ["公开", "热门", "推荐", ""])
def test_other_labels_are_no_pins(text: str) -> None:
    assert not one(title={"text": text}, mblogtype=1).pinned


@pytest.mark.parametrize("kind", [1, 3, 4, 10, "2"])
def test_what_not_everybody_may_see_is_private_and_no_update(kind: object) -> None:
    post = one(visible={"type": kind})

    assert post.private and not post.visible


def test_a_retweet_of_ones_own_post_cites_it() -> None:
    post = one(retweeted_status=status("5233700000000777", EARLIER, text="【自己的旧文】"))

    assert post.kind == "repost" and post.citation is not None
    assert (post.citation.account, post.citation.post_id, post.citation.title) == (UID, "5233700000000777", "自己的旧文")


GONE = "此微博已被原作者删除。"
DELETED: dict[str, dict[str, Any]] = {
    "m.weibo.cn": {"user": None, "deleted": "1", "state": 7, "text": "抱歉，此微博已被作者删除。查看帮助：<a href='http://t.cn/Rfd3rQV'>x</a>"},
    "ajax": {"user": None, "deleted": "1", "text_raw": "抱歉，此微博已被作者删除。", "text": "抱歉，此微博已被作者删除。"},
    "the Open Platform, with its author": {"user": {"id": int(OTHER)}, "deleted": "1", "text": GONE},
    "the Open Platform, without a time": {"user": {"id": int(OTHER)}, "created_at": "", "text": GONE},
}


@pytest.mark.parametrize("original", DELETED.values(), ids=DELETED)
def test_a_retweet_of_what_was_deleted_still_cites_it_by_its_mid(original: dict[str, Any]) -> None:
    post = one(text="转发微博", retweeted_status={"mid": "5233700000000777", **original})

    assert post.kind == "repost" and post.visible
    assert post.citation is not None and (post.citation.post_id, post.citation.title) == ("5233700000000777", "")


@pytest.mark.parametrize("item", [{"text": GONE, "created_at": ""}, {"user": None, "deleted": "1", "text": "x"}], ids=["words", "mark"])
def test_what_is_left_of_a_deleted_post_is_neither_a_post_nor_a_doubt(item: dict[str, Any]) -> None:
    page = seen(status(), status("5234000000000404", **{"at": EARLIER, **item} if "created_at" not in item else item))

    assert len(page.posts) == 1 and page.skipped == {"deleted": 1} and page.partial == ""


def test_a_post_that_says_it_was_deleted_is_no_update() -> None:
    assert not one(deleted="1").visible


# -- fast-forwards ----------------------------------------------------------------------------------------------------------


def suffix(uid: str) -> list[dict[str, Any]]:
    return [
        {"content": "国家发布", "type": 1},
        {"content": "青溪发布", "type": 2, "scheme": f"sinaweibo://userinfo?luicode=1&uid={uid}"},
        {"content": "快转了", "type": 1},
    ]


FORWARD = {"user": {"id": int(OTHER), "screen_name": "国家发布"}, "ori_mid": "5233700000000777"}
OURS: dict[str, dict[str, Any]] = {
    "both say so": {"ori_uid": int(UID), "screen_name_suffix_new": suffix(UID)},
    "ori_uid alone": {"ori_uid": UID},
    "the suffix alone": {"screen_name_suffix_new": suffix(UID)},
    "the suffix beside the original's author": {"ori_uid": OTHER, "screen_name_suffix_new": suffix(UID)},
}


@pytest.mark.parametrize("marks", OURS.values(), ids=OURS)
def test_a_fast_forward_belongs_to_the_forwarder_and_cites_the_original(marks: dict[str, Any]) -> None:
    page = seen(status(**FORWARD, **marks), status("5234000000000404", EARLIER))

    post = page.posts[0]
    assert post.kind == "repost" and post.url.startswith(f"https://weibo.com/{UID}/")
    assert post.citation is not None and (post.citation.account, post.citation.post_id) == (OTHER, "5233700000000777")
    assert page.covers_from == page.posts[1].published_at
    # The facts of the page's account are not taken from another's post.
    assert page.profile["name"] == "青溪发布"


NOT_OURS: dict[str, tuple[dict[str, Any], str]] = {
    "somebody else's": ({"ori_uid": "1800000009", "screen_name_suffix_new": suffix("1800000009")}, "foreign"),
    "nobody's": ({"screen_name_suffix_new": None}, "no_author"),
    "of two minds": ({"ori_uid": UID, "screen_name_suffix_new": suffix("1800000009")}, "no_author"),
}


@pytest.mark.parametrize(("marks", "reason"), NOT_OURS.values(), ids=NOT_OURS)
def test_a_fast_forward_that_is_not_clearly_ours_is_not_ours(marks: dict[str, Any], reason: str) -> None:
    page = seen(status(), status("5234000000000404", EARLIER, **FORWARD, **marks))

    assert len(page.posts) == 1 and page.skipped == {reason: 1}
    assert bool(page.partial) == (reason == "no_author")


def test_a_page_does_not_reach_back_to_the_original_of_a_fast_forward() -> None:
    forward = status("5234000000000404", "Mon Jan 08 09:00:00 +0800 2024", **FORWARD, ori_uid=UID)

    last, amid = seen(status(), forward), seen(forward, status())

    assert last.covers_from is None and "fast-forward" in last.partial
    assert amid.covers_from is None and "fast-forward" in amid.partial


@pytest.mark.parametrize("raw", [b"", b"null", b"{}", b"[]", b'[{"type":2}]', b'[{"type":1,"scheme":"sinaweibo://userinfo?uid=6100000001"}]'])
def test_a_suffix_without_a_forwarder_names_nobody(raw: bytes) -> None:
    assert suffix_uids(msgspec.Raw(raw)) == ()


# -- lists and refusals -----------------------------------------------------------------------------------------------------


def cards(*each: dict[str, Any], **info: Any) -> bytes:
    return json.dumps({"ok": 1, "data": {"cardlistInfo": info, "cards": each}}).encode()


def card(**changes: Any) -> dict[str, Any]:
    return {"card_type": 9, "mblog": status(**changes)}


@pytest.mark.parametrize("info", [{"total": 312}, {"total": "2"}, {"since_id": ""}, {"since_id": 5}, {"since_id": "5kp2"}, {"page": 2}, {}])
def test_paging_told_in_any_way_makes_a_first_page_no_less(info: dict[str, Any]) -> None:
    assert read_cards(cards(card(), **info), ask("weibo.list"), UID, signed_in=True).covers_from is not None


@pytest.mark.parametrize("number", [3, "3", 100])
def test_a_page_before_which_others_come_covers_nothing(number: object) -> None:
    assert read_cards(cards(card(), page=number), ask("weibo.list"), UID, signed_in=True).partial


def test_a_post_in_a_group_of_cards_is_found_and_other_cards_are_not_posts() -> None:
    grouped = {"card_type": 11, "card_group": [{"card_type": 11, "mblog": status("5")}, {"card_type": 4, "desc": "x"}]}
    empty = [{"card_type": 11, "card_group": []}, {"card_type": 11}, {"card_type": 58}, {"card_type": 9, "mblog": None}]

    page = read_cards(cards(grouped, *empty), ask("weibo.list"), UID, signed_in=True)

    assert [post.id[-1] for post in page.posts] == ["5"] and page.skipped == {}


def test_rows_of_others_are_counted_and_never_posts() -> None:
    ad = card(mid="5", user={"id": int(OTHER)}, title={"text": "推荐"})

    page = read_cards(cards(card(), ad), ask("weibo.list"), UID, signed_in=True)

    assert len(page.posts) == 1 and page.skipped == {"foreign": 1}
    with pytest.raises(ParseError, match="wrong account"):
        read_cards(cards(ad), ask("weibo.list"), UID)


def test_the_profile_of_another_account_is_refused() -> None:
    with pytest.raises(ParseError, match="wrong account"):
        read_cards(json.dumps({"ok": 1, "data": {"userInfo": {"id": int(OTHER)}}}).encode(), ask("weibo.list"), UID)


def test_a_post_of_another_account_is_refused() -> None:
    with pytest.raises(ParseError, match="wrong account"):
        read_ajax(json.dumps({**status(user={"id": int(OTHER)}), "ok": 1}).encode(), ask("weibo.ajax"), UID)


LIST_REFUSALS: dict[str, tuple[object, type[LookError]]] = {
    "no content": ({"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}}, Degraded),
    "throttled": ({"ok": 0, "errno": "100005", "msg": "x"}, RateLimited),
    "lost": ({"ok": 0, "errno": 100001, "msg": "x"}, TransportFault),
    "captcha": ({"ok": -100, "errno": "-100", "url": "https://m.weibo.cn/captcha?x"}, RateLimited),
    "login": ({"ok": -100, "url": "https://passport.weibo.com/sso/signin?x"}, AuthError),
    "login, as text": ({"ok": "-100", "url": "https://weibo.com/login.php?url=x"}, AuthError),
    "no address at all": ({"ok": -100, "url": "http://["}, AuthError),
    "hidden": ({"ok": 0, "message": "暂无查看权限", "error_code": 20112}, Degraded),
    "no such post": ({"ok": 0, "error_code": "20101"}, Degraded),
    "relogin": ({"ok": 0, "error": "relogin!", "error_code": 21301}, AuthError),
    "empty cards": ({"ok": 1, "data": {"cards": [], "list": []}}, Degraded),
    "unknown": ({"ok": 0, "errno": "5"}, ParseError),
    "unknown ok": ({"ok": 7, "data": {"list": [status()], "cards": [card()]}}, ParseError),
    "no list": ({"ok": 1, "data": {}}, ParseError),
    "data is an array": ({"ok": 1, "data": [1, 2, 3]}, ParseError),
    "list is an object": ({"ok": 1, "data": {"list": {}, "cards": None}}, ParseError),
}


@pytest.mark.parametrize(("body", "kind"), LIST_REFUSALS.values(), ids=LIST_REFUSALS)
@pytest.mark.parametrize("read", [read_cards, read_ajax], ids=["cards", "ajax"])
def test_a_refused_list_is_never_an_empty_one(read: Any, body: object, kind: type[LookError]) -> None:
    with pytest.raises(LookError) as caught:
        read(json.dumps(body).encode(), ask("weibo.list"), UID)

    assert type(caught.value) is kind


@pytest.mark.parametrize("mark", ["Sina Visitor System", "https://weibo.com/login.php", "请登录后使用", "https://passport.weibo.cn/signin"])
def test_a_login_page_is_told_from_other_pages(mark: str) -> None:
    with pytest.raises(AuthError):
        read_cards(f"<!DOCTYPE html><html>{mark}</html>".encode(), ask("weibo.list"), UID)
    with pytest.raises(ParseError):
        read_cards(b"<!DOCTYPE html><html>captcha geetest</html>", ask("weibo.list"), UID)


ADDRESSES = {
    "https://passport.weibo.cn/signin/welcome": True,
    "https://visitor.passport.weibo.cn/visitor/visitor": True,
    "https://login.sina.com.cn/sso": True,
    "https://weibo.com/login.php?url=x": True,
    "https://m.weibo.cn/u/1": False,
    "https://weibo.com/": False,
    "http://[": False,
    "": False,
}


@pytest.mark.parametrize(("address", "login"), ADDRESSES.items())
def test_an_address_of_the_login_is_known(address: str, login: bool) -> None:
    assert is_login_address(address) is login


def test_a_whole_text_and_a_login_are_read_or_refused() -> None:
    assert read_whole_text(b'{"ok":1,"data":{"longTextContent":"a<br />b"}}') == "a<br />b"
    assert read_login(b'{"preferQuickapp":0,"data":{"login":true,"uid":"1"},"ok":1}') is True
    assert read_login(b'{"data":{"login":"no"},"ok":1}') is False
    for body in (b"", b"[]", b'{"ok":1,"data":{"longTextContent":7}}', b'{"ok":1}'):
        with pytest.raises(ParseError):
            read_whole_text(body)


WHOLE = [path.read_bytes() for name in ("weibo.web", "weibo.ajax", "weibo.openapi") for path in fixtures(name)]


def spoilt(body: bytes, rng: random.Random) -> bytes:
    """Return the body with pieces of it cut out, doubled, swapped or overwritten."""
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(body) + 1)
        end = min(len(body), start + rng.choice((1, 5, 60, 400)))
        piece = rng.choice((b"", body[start:end] * 2, b"null", b"{}", b"[]", b"-1", b'"', b"\xff", b"1e999", rng.randbytes(3)))
        body = body[:start] + piece + body[end:]
    return body


@pytest.mark.parametrize("seed", range(20))
def test_any_bytes_give_a_snapshot_or_a_look_error(seed: int) -> None:
    rng = random.Random(seed)
    for body in WHOLE * 4:
        bad = spoilt(body, rng)
        for read in (read_cards, read_ajax, read_statuses):
            try:
                found = read(bad, ask("weibo.list"), UID)
            except LookError:
                continue
            assert found.posts or found.partial or found.covers_from is not None
            Snapshot.model_validate(found.model_dump())
