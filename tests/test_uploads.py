"""Saved pages: which they are, whose they are, what they may show, and how a person takes them in."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from channels import BIZ, FIXTURES, NOW, SEC_UID, TOUTIAO_TOKEN, TOUTIAO_USER, UID
from clocks import NOON
from daemons import SetClock, quick_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import RECORDINGS, needs_recordings

from adapters.reading.uploads import Upload, ids_of, names_in, shape_of
from daemon import tables
from monitor import uploads
from monitor.app import App
from monitor.cli import commands
from monitor.errors import BadInput
from monitor.model import Account, Article, Channel, Platform
from monitor.store import Store

ROOT = Path(__file__).resolve().parents[1]
RECORDED = RECORDINGS
READ = tables().read_upload
W, X, D, T = Platform.WEIBO, Platform.WECHAT, Platform.DOUYIN, Platform.TOUTIAO
WHOSE: dict[Platform, tuple[str, dict[str, str]]] = {
    W: (UID, {}),
    X: ("gh_000000000001", {"biz": BIZ}),
    D: (SEC_UID, {}),
    T: (TOUTIAO_TOKEN, {"user_id": TOUTIAO_USER}),
}


def account(platform: Platform, handle: str = "", name: str = "青溪发布", **options: str) -> Account:
    usual, told = WHOSE[platform]
    channel = Channel(adapter="manual", handle=handle or usual, options=options or ({} if handle else told))
    return Account(id="610900M001XX0001", code="610900M001XX0001", platform=platform, name=name, channels=(channel,))


def read(body: bytes, whose: Account, now: datetime = NOW, saved: bool = True) -> Upload:
    return READ(body, whose, now, saved)


def refused(body: bytes, whose: Account, **how: Any) -> str:
    with pytest.raises(BadInput) as caught:
        read(body, whose, **how)
    (line,) = caught.value.problems
    return line


PAGES: dict[str, tuple[Platform, str]] = {
    "weibo.list/relative_times.json": (W, "微博手机版列表（m.weibo.cn）"),
    "weibo.ajax/mymblog.json": (W, "微博网页版列表（weibo.com/ajax）"),
    "weibo.openapi/page.json": (W, "微博开放平台时间线"),
    "feed/weibo_rsshub.xml": (W, "订阅源"),
    "wechat.openapi/page.json": (X, "微信“发布”列表（freepublish/batchget）"),
    "wechat.lists/appmsgpublish.json": (X, "微信公众平台后台列表"),
    "wechat.article/article.html": (X, "微信文章页"),
    "feed/wechat_mixed_zones.xml": (X, "订阅源"),
    "douyin.gateway/page.json": (D, "抖音作品列表"),
    "toutiao.rows/page.json": (T, "头条列表"),
    "toutiao.rows/bare_array.json": (T, "头条列表"),
    "toutiao.rows/creator_list.json": (T, "头条创作者列表"),
    "toutiao.rows/odd_but_sound.json": (T, "头条列表"),
}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_we_know_is_told_by_its_own_marks_and_read_as_a_partial_view(name: str) -> None:
    platform, title = PAGES[name]
    body = (FIXTURES / name).read_bytes()

    found, snapshot, _ = read(body, account(platform))

    assert found == title
    assert snapshot.channel == "manual" and title in snapshot.partial and snapshot.posts
    assert (snapshot.covers_from, snapshot.covers_until, snapshot.unchanged) == (None, None, False)
    assert not snapshot.memory and not snapshot.profile and len(snapshot.digest) == 64
    assert all(post.visible and post.id.startswith(f"{platform}:610900M001XX0001:") for post in snapshot.posts)


@pytest.mark.parametrize("name", [name for name in PAGES if PAGES[name][0] is not X or name.endswith("html")])
def test_a_page_of_another_account_is_refused(name: str) -> None:
    others = {W: "6100000777", X: "x", D: "MS4wLjABAAAAsomebodyElseSomebodyElse", T: "MS4wLjABAAAAsomebodyElse"}
    platform = PAGES[name][0]
    told = {"biz": "MzI5MDAwMDc3Nw=="} if platform is X else {"user_id": "72000000002"}
    whose = account(platform, others[platform], **(told if platform in (X, T) else {"x": "y"}))

    if name.endswith("creator_list.json"):
        # A creator's own list names nobody: the person's word stands, and is said to.
        assert any("以 --account 为准" in remark for remark in read((FIXTURES / name).read_bytes(), whose)[2])
    else:
        assert "青溪发布" in refused((FIXTURES / name).read_bytes(), whose)


def test_a_list_of_another_wechat_account_is_refused() -> None:
    whose = account(X, "x", biz="MzI5MDAwMDc3Nw==")

    assert "不属于账号" in refused((FIXTURES / "wechat.openapi/page.json").read_bytes(), whose)


@pytest.mark.parametrize("name", ["weibo.list/relative_times.json", "douyin.gateway/page.json", "wechat.openapi/page.json"])
def test_a_page_of_another_platform_is_refused_by_name(name: str) -> None:
    assert "头条账号" in refused((FIXTURES / name).read_bytes(), account(T))


@pytest.mark.parametrize("platform", [W, D, T])
def test_without_an_id_in_the_roster_nothing_can_be_checked(platform: Platform) -> None:
    name = next(name for name in PAGES if PAGES[name][0] is platform)

    assert "名册里没有账号" in refused((FIXTURES / name).read_bytes(), account(platform, "x"))


def test_a_feed_of_short_links_is_believed_only_under_the_accounts_own_name() -> None:
    item = "<title>甲</title><link>https://mp.weixin.qq.com/s/abcdefghijklmnop</link><pubDate>Thu, 19 Nov 2026 10:00:00 GMT</pubDate>"
    feed = f"<rss><channel><title>青溪 发布</title><item>{item}</item></channel></rss>".encode()

    _, snapshot, remarks = read(feed, account(X))

    assert len(snapshot.posts) == 1 and "以 --account 为准" in remarks[0]
    assert "无法核对" in refused(feed, account(X, name="云州发布"))


def test_a_feed_that_only_mentions_the_account_is_not_its_feed() -> None:
    item = f"<item><title>转发</title><link>https://weibo.com/{UID}/QeguI006x</link><pubDate>Thu, 19 Nov 2026 10:00:00 GMT</pubDate></item>"
    feed = f"<rss><channel><title>别人的微博</title><link>https://weibo.com/6100000777/</link>{item}</channel></rss>".encode()

    assert "无法核对" in refused(feed, account(W))


def test_times_that_move_with_the_day_of_saving_count_only_when_that_is_known() -> None:
    body = (FIXTURES / "weibo.list/relative_times.json").read_bytes()
    saved_at = NOW - timedelta(days=30)

    _, known, _ = read(body, account(W), saved_at)

    assert max(post.published_at for post in known.posts) <= saved_at
    assert "--saved-at" in refused(body, account(W), saved=False)


REFUSALS = {
    "an empty file": (W, b"", "无法识别"),
    "half a file": (W, b'{"cards": [{"mblog"', "无法识别"),
    "a picture": (W, b"\x89PNG\r\n\x1a\n", "无法识别"),
    "a web page": (W, "<html><body>你好</body></html>".encode(), "无法识别"),
    "unknown names": (W, b'{"hello": "world"}', "无法识别"),
    "a captcha": (W, b'{"ok": -100, "url": "https://m.weibo.cn/captcha/show"}', "限流或验证"),
    "no content": (W, b'{"ok": 0, "msg": "x", "data": {"cards": []}}', "没有任何发布内容"),
    "an empty list": (T, b'{"message": "success", "data": [], "has_more": false}', "空列表不能证明没有发布"),
    "an access check": (T, b'{"decision": {"code": 1}}', "限流或验证"),
    "a refused gateway": (D, b'{"status_code": 0}', "限流或验证"),
    "no works": (D, b'{"status_code": 0, "aweme_list": [], "has_more": 0}', "空列表不能证明没有发布"),
    "a dead session": (X, b'{"base_resp": {"ret": 200003, "err_msg": "invalid session"}}', "登录"),
    "a bad token": (X, b'{"errcode": 40001, "errmsg": "invalid credential"}', "登录提示或权限"),
}


@pytest.mark.parametrize(("platform", "body", "word"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_no_list_is_refused_in_chinese(platform: Platform, body: bytes, word: str) -> None:
    assert word in refused(body, account(platform))


def test_hidden_and_deleted_posts_are_left_out_and_said_so() -> None:
    at, author = int(NOW.timestamp()), {"sec_uid": SEC_UID}
    works = [
        {"aweme_id": "7570000000000000003", "create_time": at - 60, "desc": "甲", "author": author, "status": {"is_delete": True}},
        {"aweme_id": "7570000000000000002", "create_time": at - 90, "desc": "乙", "author": author, "status": {"private_status": 1}},
        {"aweme_id": "7570000000000000001", "create_time": at - 99, "desc": "丙", "author": author},
    ]

    _, snapshot, remarks = read(json.dumps({"status_code": 0, "aweme_list": works}).encode(), account(D))

    assert [post.title for post in snapshot.posts] == ["丙"]
    assert remarks == ("2 条已删除或不公开，已略去",)


def test_the_ids_of_an_account_are_read_wherever_the_roster_has_them() -> None:
    assert ids_of(account(W, "http://rsshub.example:1200/weibo/user/6100000001")) == ("6100000001",)
    assert ids_of(account(W, "x", former="6100000002, 6100000003")) == ("6100000002", "6100000003")
    assert ids_of(account(D, f"http://rsshub.example/douyin/user/{SEC_UID}")) == (SEC_UID,)
    both = account(T, "MS4wLjABAAAAabcdefgh%3D", user_id="71000000001,71000000002")
    assert ids_of(both) == ("MS4wLjABAAAAabcdefgh=", "71000000001", "71000000002")
    assert ids_of(account(T, "http://rsshub.example/toutiao/user/token/MS4wLjABAAAAabcdefgh")) == ("MS4wLjABAAAAabcdefgh",)
    assert ids_of(account(X, "x", biz=f"{BIZ},3290000002")) == ("3290000001", "3290000002")
    assert ids_of(account(X, f"https://mp.weixin.qq.com/s?__biz={BIZ}&mid=1&idx=1")) == ("3290000001",)


def test_names_are_found_under_any_wrapping_and_inside_folded_text() -> None:
    inner = json.dumps({"list": [{"app_msg_ext_info": {}}]})

    assert {"data", "general_msg_list", "list", "app_msg_ext_info"} <= names_in(json.dumps({"data": {"general_msg_list": inner}}).encode())
    shape = shape_of(json.dumps({"code": 0, "result": {"data": {"aweme_list": []}}}).encode(), D)
    assert shape is not None and shape.title == "抖音作品列表"


NAMES = sorted({mark for name in PAGES if name.endswith("json") for mark in names_in((FIXTURES / name).read_bytes())})
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.sampled_from([UID, SEC_UID, "刚刚"]), st.text(max_size=9))
KEYS = st.sampled_from(NAMES)
TREES = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=30)


@settings(max_examples=200, deadline=None)
@given(body=st.one_of(st.binary(max_size=500), TREES.map(lambda tree: json.dumps(tree).encode())), platform=st.sampled_from(list(WHOSE)))
def test_any_bytes_are_read_or_refused(body: bytes, platform: Platform) -> None:
    try:
        title, snapshot, _ = read(body, account(platform), saved=False)
    except BadInput as error:
        assert len(error.problems) == 1
    else:
        assert title and snapshot.posts and snapshot.covers_from is None


SECONDS = 0.2
"""50 ms per 100 KB, as much again for looking for names, and twice that for a machine that is busy with other things."""
PIECES = [b"[", b'{"a":', b'{"cards":[', b'{"data":"{', b'"', b'{"items":[{', b"<rss>", b"<html>mp.weixin.qq.com js_article "]


@pytest.mark.parametrize("piece", PIECES)
def test_no_repetition_makes_the_reading_slow(piece: bytes) -> None:
    body = (piece * (100_000 // len(piece)))[:100_000]
    begun = time.process_time()

    refused(body, account(X))

    assert time.process_time() - begun < SECONDS


# -- what others recorded ---------------------------------------------------------------------------------------------------


RECORDINGS: dict[str, tuple[Account, str, int, str]] = {
    "weibo/m_weibo_cn/bison_6279793937_list_poll2.json": (account(W, "6279793937"), "微博手机版列表（m.weibo.cn）", 11, "2021-06-17"),
    "weibo/rss/CONSTRUCTED_rsshub_weibo_user.xml": (account(W, "6279793937"), "订阅源", 3, "2021-06-17"),
    "wechat/mp_backend/appmsgpublish_other_account_2026-07.json": (account(X, "x"), "微信公众平台后台列表", 6, "2026-07-25"),
    "wechat/official_api/freepublish_batchget.json": (account(X, "x"), "微信“发布”列表（freepublish/batchget）", 1, "2021-10-23"),
    "wechat/feeds/recorded_wechat_scholar/gh_c1f2e5989666.xml": (account(X, "x", biz="MzI5NDU2MDc0OA=="), "订阅源", 50, "2026-08-22"),
    "toutiao/fixture_user_feed_article_minimal.json": (account(T, "x", user_id="6733312456"), "头条列表", 1, "2026-09-15"),
    "toutiao/fixture_creator_assembleCell_item.json": (account(T), "头条创作者列表", 1, "2026-08-05"),
}


@needs_recordings
@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recorded_page_is_read(name: str) -> None:
    whose, title, count, newest = RECORDINGS[name]

    found, snapshot, _ = read((RECORDED / name).read_bytes(), whose, saved=False)

    assert (found, len(snapshot.posts)) == (title, count)
    assert snapshot.posts[0].published_at.date().isoformat() == newest and snapshot.covers_from is None


@needs_recordings
def test_a_recorded_list_of_douyin_is_read_as_that_of_its_author() -> None:
    body = (RECORDED / "douyin/web_aweme_post_cctvnews_20230524_trimmed.json").read_bytes()
    sec_uid = json.loads(body)["aweme_list"][0]["author"]["sec_uid"]

    title, snapshot, remarks = read(body, account(D, sec_uid), saved=False)

    assert (title, len(snapshot.posts), remarks) == ("抖音作品列表", 10, ())
    assert "不属于账号" in refused(body, account(D))


@needs_recordings
def test_a_recorded_list_with_relative_times_needs_the_time_of_saving() -> None:
    body = (RECORDED / "weibo/m_weibo_cn/koa2_5529945701_list_relative_times_2019.json").read_bytes()
    whose = account(W, "5529945701")

    assert "--saved-at" in refused(body, whose, saved=False)
    assert read(body, whose, datetime(2019, 6, 1, tzinfo=UTC))[1].posts


@needs_recordings
@pytest.mark.parametrize(
    "name",
    [
        "weibo/errors/m_getindex_okminus100_captcha.json",
        "weibo/errors/m_getindex_ok0_no_content.json",
        "douyin/fixture_v5_risk_control_captcha.json",
        "douyin/gateway_v4_bare_envelope_issue603.json",
        "wechat/mp_backend/invalid_session.json",
        "wechat/mp_backend/appmsgalbum_empty.json",
        "wechat/feeds/synthetic/wewe_rss_all.json",
        "toutiao/app_feed_recommend_rows_20170715.json",
        "toutiao/pc_feed_home_rows_20260910_mirror.json",
    ],
)
def test_a_recorded_refusal_or_a_mixed_list_is_taken_for_nobody(name: str) -> None:
    platform = {"weibo": W, "douyin": D, "wechat": X, "toutiao": T}[name.partition("/")[0]]

    assert refused((RECORDED / name).read_bytes(), account(platform))


# -- taking them in ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def app(mongod: str, database: str) -> AsyncIterator[App]:
    async with App(quick_settings(mongod, database), tables(), SetClock(NOW)) as made:
        await made.store.put_accounts([account(T)], {}, NOW)
        yield made


def saved(directory: Path, name: str, body: bytes | None = None) -> Path:
    path = directory / name.replace("/", "_")
    path.write_bytes((FIXTURES / name).read_bytes() if body is None else body)
    return path


async def take(app: App, *files: Path, saved_at: str | None = None, code: str = "610900M001XX0001") -> int:
    return await commands.import_export(app, files, code, saved_at, "张三")


async def test_a_taken_page_moves_the_last_update_and_never_the_sight(
    app: App, tmp_path: Path, raw: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await take(app, saved(tmp_path, "toutiao.rows/page.json"))

    (state,) = (await app.states(["610900M001XX0001"])).values()
    assert code == 0
    assert state.last_post is not None and state.last_post.published_at == NOW - timedelta(hours=2)
    assert state.sight.spans == () and state.last_good is None
    assert (state.failures, state.last_error, state.last_tried_at) == (0, None, None)
    (evidence,) = raw.looks.find()
    assert "张三" in evidence["by"] and "page.json" in evidence["by"] and len(evidence["digest"]) == 64
    assert len(evidence["posts"]) == 7
    assert "新增 7 条" in capsys.readouterr().out


async def test_the_same_page_again_adds_nothing(app: App, tmp_path: Path, raw: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, "toutiao.rows/page.json")
    await take(app, path)

    assert await take(app, path) == 0

    assert raw.posts.count_documents({}) == 7
    assert "新增 0 条" in capsys.readouterr().out


async def test_an_older_page_undoes_nothing_that_was_seen_since(app: App, tmp_path: Path, raw: Any) -> None:
    body = json.loads((FIXTURES / "toutiao.rows/page.json").read_bytes())
    await take(app, saved(tmp_path, "new.json", json.dumps(body).encode()))
    body["data"] = body["data"][3:]
    body["data"][-1]["title"] = "旧标题"
    before = (await app.states(["610900M001XX0001"]))["610900M001XX0001"].last_post

    await take(app, saved(tmp_path, "old.json", json.dumps(body).encode()))

    assert (await app.states(["610900M001XX0001"]))["610900M001XX0001"].last_post == before
    assert raw.posts.count_documents({"title": "旧标题"}) == 0


async def test_a_taken_page_proves_a_repost(app: App, tmp_path: Path) -> None:
    article = Article(
        id="task-1",
        title="云州市关于优化营商环境的若干措施",
        origins=("toutiao::7690000000000000900",),
        published_at=NOW - timedelta(days=1),
        due_at=NOW + timedelta(days=1),
    )
    await app.store.put_articles([article])
    await app.judge.refresh_articles(NOW)

    await take(app, saved(tmp_path, "toutiao.rows/page.json"))

    (found,) = (await app.store.reposts())["610900M001XX0001"]
    assert found.article_id == "task-1" and found.post_id.endswith(":7690000000000000004")


async def test_a_refused_file_holds_no_other_up_and_is_named(app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad, worse = saved(tmp_path, "坏的.json", b'{"x": 1}'), tmp_path / "没有.json"
    good = saved(tmp_path, "toutiao.rows/page.json")

    code = await take(app, bad, good, worse)

    told = capsys.readouterr()
    assert code == 1
    assert "（2/3）" in told.out and "已导入 1 个文件，未导入 2 个" in told.out
    assert "坏的.json：无法识别" in told.err and "没有.json：不是文件" in told.err
    with pytest.raises(BadInput) as caught:
        await take(app, bad, worse)
    assert len(caught.value.problems) == 2


async def test_an_account_and_a_time_of_saving_are_checked_first(app: App, tmp_path: Path) -> None:
    path = saved(tmp_path, "toutiao.rows/page.json")

    with pytest.raises(BadInput, match="610900M001XX0001"):
        await take(app, path, code="610900M001XX0002")
    for text, word in {"2026-11-19": "日期和时间", "2027-01-01 08:00": "不能晚于现在", "昨天": "--saved-at"}.items():
        with pytest.raises(BadInput, match=word):
            await take(app, path, saved_at=text)
    assert uploads.saved_at("2026-11-19 09:30", NOW) == datetime(2026, 11, 19, 1, 30, tzinfo=UTC)
    assert uploads.saved_at(None, NOON) is None


async def test_a_file_beyond_the_limit_is_not_read(app: App, tmp_path: Path) -> None:
    path = tmp_path / "大.json"
    with path.open("wb") as file:
        file.truncate(uploads.SIZE_LIMIT + 1)

    with pytest.raises(BadInput, match="MiB"):
        await take(app, path)


async def test_the_command_says_by_its_exit_code_what_was_taken(mongod: str, database: str, store: Store, tmp_path: Path) -> None:
    row = {"cell_type": 60, "group_id": "6800000000000000001", "title": "甲", "publish_time": 1590000000}
    listed = {"message": "success", "data": [{**row, "user_info": {"user_id": TOUTIAO_USER}}], "has_more": False}
    good, bad = saved(tmp_path, "old.json", json.dumps(listed).encode()), saved(tmp_path, "bad.json", b"{}")
    await store.put_accounts([account(T)], {}, NOW)
    environment = {**os.environ, "ZHENGWU_MONGO__URL": mongod, "ZHENGWU_MONGO__DATABASE": database}

    async def run(*files: Path) -> int:
        told = ("--account", "610900M001XX0001", "--by", "张三", "--saved-at", "2020-06-01 12:00")
        command = (sys.executable, str(ROOT / "daemon.py"), "import", "export", *map(str, files), *told)
        return await (await asyncio.create_subprocess_exec(*command, env=environment, cwd=tmp_path)).wait()

    assert [await run(good), await run(good, bad), await run(bad)] == [0, 1, 2]
