"""One WeChat article page: what is read of it, what stands in its place, and how politely it is asked for."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from channels import ARTICLE, BIZ, EXAMPLES, NOW, Reply, account, adapter, asked, expected, fixtures, serving, told

from adapters.http import Door
from adapters.reading.wechat_page import js_text, read, see
from adapters.wechat_article import WechatArticle, path_of
from monitor.errors import Degraded, ParseError, RateLimited, TransportFault
from monitor.matching import ArticleIndex
from monitor.model import Article, Snapshot

NAME = "wechat.article"
PAGES = {path.stem: path for path in fixtures(NAME)}
LONG = "http://mp.weixin.qq.com/s?__biz=MzI5MDAwMDAwMQ==&amp;mid=2247490001&idx=1&sn=ab&chksm=cd&scene=0&xtrack=1#rd"


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


async def look(door: Door, *replies: Reply, handle: str = ARTICLE, **options: str) -> tuple[Snapshot, list[Any]]:
    """Return what a look at the handle showed and the requests that were made."""
    async with serving(*replies) as served:
        made = adapter(NAME, door, served.base_url)
        watched = account(NAME, **options)
        channel = watched.channels[0].model_copy(update={"handle": handle})
        return await made.look(watched, channel, {}, NOW), served.requests


@pytest.mark.parametrize("path", fixtures(NAME), ids=lambda path: path.stem)
def test_every_kind_of_page_is_read_as_written_down(path: Path) -> None:
    reader = EXAMPLES[NAME].read
    assert reader is not None

    assert told(lambda: reader(path.read_bytes(), asked(NAME))) == expected(path)


def test_no_page_covers_anything() -> None:
    for path in PAGES.values():
        shown = expected(path)
        assert shown.get("covers") is None and (shown.get("partial") or shown["error"])


@pytest.mark.parametrize("stem", [stem for stem in PAGES if stem.startswith("gone")])
def test_a_page_that_is_gone_for_good_gives_an_article_nobody_sees(stem: str) -> None:
    snapshot = read(PAGES[stem].read_bytes(), asked(NAME), ARTICLE)

    assert [post.visible for post in snapshot.posts] == [False]


def test_a_wall_is_no_deletion_whatever_else_the_page_says() -> None:
    with pytest.raises(RateLimited):
        read(PAGES["wall_over_a_deletion"].read_bytes(), asked(NAME), ARTICLE)


def test_the_words_of_inlined_scripts_and_of_the_text_say_nothing() -> None:
    seen = see(PAGES["article"].read_text("utf-8"))

    assert (seen.biz, seen.place) == ("3290000001", "2247490001_1")
    assert "MzAwMDAwMDAwMA==" in seen.text


def test_a_picture_posts_nested_names_are_not_its_own() -> None:
    seen = see(PAGES["picture_post"].read_text("utf-8"))

    assert (seen.name, seen.title, seen.place) == ("青溪发布", "秋日青溪", "2247490001_1")


@pytest.mark.parametrize("stem", ["reprint_full_text", "reprint_share_page"])
def test_the_source_of_a_reprint_is_known_by_its_ids_as_a_key_article_names_them(stem: str) -> None:
    watched = account(NAME)
    (post,) = read(PAGES[stem].read_bytes(), asked(NAME), ARTICLE).posts
    origin = "wechat:MzI5MDAwMDAwMg==:2247480011_2"
    key = Article(id="k1", title="完全不同的标题也没有关系", origins=(origin,), published_at=NOW.replace(day=17), due_at=NOW)

    (match,) = ArticleIndex([key]).find(post, watched)

    assert (match.by, match.article_id) == ("citation", "k1")


async def test_the_page_is_asked_for_once_by_its_lasting_address(door: Door) -> None:
    snapshot, requests = await look(door, Reply.of(PAGES["article"]), handle=LONG)

    assert [str(request.rel_url) for request in requests] == ["/s?__biz=MzI5MDAwMDAwMQ==&mid=2247490001&idx=1&sn=ab&chksm=cd"]
    assert snapshot.posts[0].id.endswith(":3290000001_2247490001_1")
    assert "Cookie" not in requests[0].headers


@pytest.mark.parametrize(
    "handle",
    [
        pytest.param("https://mp.weixin.qq.com/s?src=11&timestamp=1&ver=1&signature=x", id="a temporary link of Sogou"),
        pytest.param("https://mp.weixin.qq.com/cgi-bin/home", id="another page"),
        pytest.param("https://evil.example/s/demoDEMOdemoDEMOdemo01", id="another host"),
        pytest.param("https://mp.weixin.qq.com@evil.example/s/demoDEMOdemoDEMOdemo01", id="a user that looks like the host"),
        pytest.param("gh_000000000001", id="no link"),
    ],
)
async def test_anything_but_a_lasting_link_is_refused_before_anything_is_sent(handle: str, door: Door) -> None:
    async with serving() as served:
        made = adapter(NAME, door, served.base_url)
        watched = account(NAME)
        with pytest.raises(ParseError):
            await made.look(watched, watched.channels[0].model_copy(update={"handle": handle}), {}, NOW)

        assert served.requests == []


def test_an_address_of_the_old_kind_is_asked_for_in_the_new_one() -> None:
    assert path_of("http://mp.weixin.qq.com/mp/appmsg/show?__biz=MzI5MDAwMDAwMQ==&appmsgid=10000001&itemidx=2") == (
        "/s?__biz=MzI5MDAwMDAwMQ==&mid=10000001&idx=2"
    )


@pytest.mark.parametrize("biz", [BIZ, "3290000001"])
async def test_the_account_it_must_belong_to_is_known_in_either_form(biz: str, door: Door) -> None:
    snapshot, _ = await look(door, Reply.of(PAGES["article"]), biz=biz)

    assert snapshot.profile["id"] == BIZ


@pytest.mark.parametrize("stem", ["article", "unclosed_object"])
async def test_the_page_of_another_account_or_of_nobody_is_refused(stem: str, door: Door) -> None:
    with pytest.raises(ParseError, match=r"wrong account|whose it is"):
        await look(door, Reply.of(PAGES[stem]), biz="MzI5OTk5OTk5OQ==")


async def test_an_account_that_migrated_may_show_any_of_its_ids(door: Door) -> None:
    snapshot, _ = await look(door, Reply.of(PAGES["article"]), biz=f"3290000009,{BIZ}")

    assert snapshot.posts


@pytest.mark.parametrize("biz", ["3290000009,3290000008", ",", "nonsense"])
async def test_ids_that_are_not_the_pages_are_refused(biz: str, door: Door) -> None:
    with pytest.raises(ParseError, match="wrong account"):
        await look(door, Reply.of(PAGES["article"]), biz=biz)


@pytest.mark.parametrize("mark", ['<div id="js_content">', "<script>window.cgiDataNew = {}</script>", '<h1 id="activity-name">'])
def test_an_article_of_an_unknown_layout_that_speaks_of_deletions_is_not_deleted(mark: str) -> None:
    body = f"<html><body>{mark}该内容已被发布者删除：网信办通报</body></html>".encode()

    with pytest.raises(ParseError, match="no article page"):
        read(body, asked("wechat.article"), ARTICLE)


async def test_the_page_of_another_article_is_refused(door: Door) -> None:
    with pytest.raises(ParseError, match="wrong article"):
        await look(door, Reply.of(PAGES["article"]), handle=LONG.replace("2247490001", "2247490002"))


@pytest.mark.parametrize("where", ["/mp/wappoc_appmsgcaptcha?poc_token=t0ken", "https://weixin110.example/security/verify?x=t0ken"])
async def test_a_way_to_a_captcha_is_a_wall_and_is_not_gone(where: str, door: Door) -> None:
    async with serving(Reply(b"", 302, {"Location": where})) as served:
        made = adapter(NAME, door, served.base_url)
        watched = account(NAME)
        with pytest.raises(RateLimited) as caught:
            await made.look(watched, watched.channels[0], {}, NOW)

        assert len(served.requests) == 1
    assert "t0ken" not in f"{caught.value} {caught.value.head}"


@pytest.mark.parametrize(("stem", "error"), [("wall", RateLimited), ("later_in_review", TransportFault), ("restricted_expired", Degraded)])
async def test_what_stands_in_an_articles_place_is_not_asked_for_again(stem: str, error: type[Exception], door: Door) -> None:
    async with serving(Reply.of(PAGES[stem])) as served:
        made = adapter(NAME, door, served.base_url)
        watched = account(NAME)
        with pytest.raises(error):
            await made.look(watched, watched.channels[0], {}, NOW)

        assert len(served.requests) == 1


async def test_a_page_of_megabytes_is_read_beside_the_loop(door: Door) -> None:
    page = PAGES["article"].read_bytes().replace(b"<script>/*", b"<script>/*" + b"x = {a: 1}; var y = ''; " * 100_000)

    snapshot, _ = await look(door, Reply(page))

    assert len(page) > 2_000_000
    assert snapshot.posts[0].title.startswith("政务公开")


def test_it_is_as_polite_as_the_platforms_page_asks() -> None:
    wishes = WechatArticle.Settings()

    assert (wishes.in_flight, wishes.spacing_seconds, wishes.daily_requests, wishes.enabled) == (1, 5.0, 200, True)
    assert wishes.breaker_minutes == (30.0, 60.0, 120.0, 240.0, 360.0)
    assert WechatArticle.verifies == "wechat"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"\x3cp\x3e\x26amp;", "<p>&amp;"),
        (r"\u4f60\u597d\/\n", "你好/\n"),
        (r"\ud83d\ude00", "😀"),
        (r"a\\x41", r"a\x41"),
        (r"\xZZ", "xZZ"),
        ("", ""),
    ],
)
def test_a_javascript_text_is_read_as_a_browser_reads_it(raw: str, text: str) -> None:
    assert js_text(raw) == text


PIECES = ["a", "{", "{a:", "{},", "[", "'", '"', r"\'", "\\", "var mid = ", "var mid = '' ", "var ", "<script>", "<script", "<style>"]
PIECES += ["<div ", "</div>", "<meta ", '<meta property="og:title" ', "<a ", '<a href="', "id = ", " ", "<", "&", "a:", "'a'", "a: 'b',"]
PIECES += [r"\x41", "window.cgiDataNew = {", "var  ", "id=js_name>", "\u3000\n"]
TOLD = "title: 'a', ori_create_time: '1795003200'"
FRAMES = {
    "bare": "%s",
    "in the object": '<i id="js_article"><script>window.cgiDataNew = {%s',
    "in a text of the object": f"<i id='js_article'><script>window.cgiDataNew = {{{TOLD}, content_noencode: '%s'}}",
    "in a script": '<i id="js_article"><script>%s</script>',
    "in the body": '<i id="js_article"><div id="js_content">%s</div><script>var ct = "1795003200"; var msg_title = "a";</script>',
    "without an article": "<html><body>%s</body></html>",
}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("piece", PIECES)
def test_no_repetition_makes_the_reading_slow(frame: str, piece: str) -> None:
    body = (FRAMES[frame].replace("%s", piece * (100_000 // len(piece)))).encode()
    begun = time.process_time()

    told(lambda: read(body, asked(NAME), ARTICLE))

    assert time.process_time() - begun < 0.15
