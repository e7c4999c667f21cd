"""Pages about a WeChat account: what they say, what they leave open, and when they are taken for an account of the roster."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from channels import BIZ, FIXTURES, NOW
from daemons import SetClock, quick_settings
from recordings import RECORDINGS, needs_recordings

from adapters.reading.uploads import Upload
from adapters.reading.wechat_about import About, Naming, read_about
from daemon import tables
from monitor.app import App
from monitor.cli import commands
from monitor.errors import BadInput, ParseError
from monitor.hand_checks import take_in
from monitor.model import Account, Channel, Firing, Platform, Snapshot
from monitor.ports import AccountFacts
from rules.drift import Drift

PAGES = FIXTURES / "wechat.about"
RECORDED = RECORDINGS / "wechat" / "account_pages"
READ = tables().read_upload
CODE = "610900M001WX0001"
OFFICE = "青溪市人民政府办公室"


def page(name: str) -> bytes:
    return next(path for path in PAGES.glob(f"{name}.*") if not path.name.endswith(".expected.json")).read_bytes()


def account(handle: str = "x", name: str = "青溪发布", unit: str = OFFICE, **options: str) -> Account:
    channel = Channel(adapter="manual", handle=handle, options=options)
    return Account(id=CODE, code=CODE, platform=Platform.WECHAT, name=name, unit=unit, channels=(channel,))


def read(body: bytes, whose: Account) -> Upload:
    return READ(body, whose, NOW, False)


def refused(body: bytes, whose: Account) -> str:
    with pytest.raises(BadInput) as caught:
        read(body, whose)
    (line,) = caught.value.problems
    return line


# -- the page ---------------------------------------------------------------------------------------------------------------


def record(*lines: str) -> About:
    body = page("migrated").decode()
    start, end = body.index('<p class="js_item"'), body.index("</div>", body.index("js_div_rename_history"))
    told = "".join(f'<p class="js_item" data-scene="4">\n {line}\n</p>' for line in lines)
    return read_about((body[:start] + told + body[end:]).encode())


OLDER, NEWER = "2021年11月30日 “青溪在线”改名“青溪政务”", "2024年03月05日 “青溪政务”改名“青溪发布”"
RECORDS: dict[str, tuple[str, ...]] = {
    "in another order": (OLDER, NEWER),
    "that is broken": (NEWER, "2019年08月01日 注册“青溪在线”"),
    "whose first line is not understood": ("2025年01月01日 名称“青溪发布”已回收", NEWER, OLDER),
    "with a line that is not understood": (NEWER, OLDER, "很久以前 注册“青溪在线”"),
    "with a day there never was": ("2024年02月30日 “青溪政务”改名“青溪发布”", OLDER),
    "of names with quotes in them": ("2024年03月05日 “青溪“政务””改名“青溪“发布””",),
    "without lines": (),
}


@pytest.mark.parametrize("lines", RECORDS.values(), ids=RECORDS)
def test_a_record_of_names_leaves_the_present_name_open_when_it_is(lines: tuple[str, ...]) -> None:
    about = record(*lines)

    assert about.name == "" and "name" not in about.profile


def test_a_sound_record_tells_the_present_name() -> None:
    about = record(NEWER, OLDER)

    assert about.name == "青溪发布" and not about.migrated
    assert about.former == (("青溪政务", date(2024, 3, 5)), ("青溪在线", date(2021, 11, 30)))


def test_two_account_numbers_on_one_page_prove_neither() -> None:
    body = page("certified").decode()
    other = '<a href="https://mp.weixin.qq.com/mp/getverifyinfo?__biz=MzI5MDAwMDc3Nw==">x</a>'

    assert read_about(body.replace("某某排版", other).encode()).biz == ""


def test_what_the_owner_wrote_is_taken_for_no_field() -> None:
    about = read_about(page("certified"))

    assert (about.alias, about.biz, about.gh) == ("qingxifabu", "3290000001", "")


def test_a_subject_nobody_certified_is_not_compared() -> None:
    certified, registered = read_about(page("certified")), read_about(page("migrated"))

    assert certified.profile["subject"] == OFFICE
    assert registered.subject and not registered.certified and "subject" not in registered.profile


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"<html><body>x</body></html>", b'<html><div class="about-page"></div></html>', b'{"identity_name": 1}', b'{"data": {}}'],
)
def test_a_body_that_tells_nothing_is_no_such_page(body: bytes) -> None:
    with pytest.raises(ParseError):
        read_about(body)


def test_a_refused_export_is_no_page() -> None:
    body = json.loads(page("parsed"))
    body["base_resp"]["ret"] = -6

    with pytest.raises(ParseError, match="got nothing"):
        read_about(json.dumps(body).encode())


BEGUN = b'<html><div class="about-page">'
PIECES = [
    b'<div class="item-title">',
    '<div class="item-title">微信号</div><div class="item-desc">'.encode(),
    '<div class="item-title">认证主体</div><a '.encode(),
    b'<a class="x item-desc',
    b'<div id="js_div_rename_history"><p class="js_item">',
    '<p class="js_item">2024年03月05日 “'.encode(),
    "“青溪”改名".encode(),
    b'href="https://mp.weixin.qq.com/mp/getverifyinfo?__biz=MzI5',
    b"window.ip_wording = {",
    b"<i ",
    b"&#",
]


@pytest.mark.parametrize("piece", PIECES)
def test_no_repetition_makes_the_reading_slow(piece: bytes) -> None:
    body = (BEGUN + b'<div id="js_div_rename_history">' + piece * (100_000 // len(piece)))[:100_000]
    begun = time.process_time()

    with suppress(ParseError):
        read_about(body)

    assert time.process_time() - begun < 0.05 * 2, "50 ms per 100 KB, and twice that for a machine that is busy with other things"


# -- whose it is ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["certified", "migrated"])
def test_a_page_with_the_rosters_number_is_the_accounts_and_shows_no_posts(name: str) -> None:
    title, snapshot, remarks = read(page(name), account(biz=BIZ))

    assert title == "关于公众号" and title in snapshot.partial
    assert (snapshot.posts, snapshot.covers_from, snapshot.covers_until, snapshot.unchanged) == ((), None, None, False)
    assert snapshot.profile == read_about(page(name)).profile and len(snapshot.digest) == 64
    assert "平台编号与名册一致" in remarks


def test_the_remarks_say_in_chinese_what_the_page_says() -> None:
    assert read(page("migrated"), account(biz=BIZ))[2] == (
        "名称“青溪发布”",
        "微信号 gh_000000000001",
        "主体（页面未显示认证）“青溪市融媒体中心”",
        "类型 事业单位",
        "IP属地 陕西",
        "曾用名 “青溪政务”（2024-03-05 停用）、“青溪在线”（2021-11-30 停用）",
        "有账号迁移记录，迁移前的平台编号不同",
        "平台编号与名册一致",
        "名称与名册一致",
        f"主体不是名册的主办单位“{OFFICE}”，请核对",
    )


def test_another_name_is_said_and_kept_for_the_rule_to_compare() -> None:
    _, snapshot, remarks = read(page("migrated"), account(name="青溪旅游", biz=BIZ))

    assert "名称与名册不同：名册为“青溪旅游”，页面为“青溪发布”，请核对是否更名或填错账号" in remarks
    assert snapshot.profile["name"] == "青溪发布"


@pytest.mark.parametrize(
    "whose",
    [
        account(biz="MzI5MDAwMDc3Nw=="),
        account("http://bridge.example/feeds/MP_WXS_3290000777.rss"),
        account("http://feeds.example/gh_000000000888.xml"),
    ],
    ids=["biz", "bridge", "gh"],
)
def test_the_page_of_another_account_is_refused_where_the_ids_are_known(whose: Account) -> None:
    line = refused(page("migrated"), whose)

    assert "不属于账号“青溪发布”" in line and BIZ in line and "请先在名册中补充编号" in line


def test_a_former_number_in_the_roster_is_the_accounts_too() -> None:
    assert "平台编号与名册一致" in read(page("migrated"), account(biz="MzI5MDAwMDc3Nw==", former=BIZ))[2]


def test_the_original_id_ties_a_page_without_a_number() -> None:
    _, snapshot, remarks = read(page("personal"), account("http://feeds.example/gh_000000000777.xml", name="青溪闲话"))

    assert "平台编号与名册一致" in remarks and snapshot.profile == {"name": "青溪闲话"}


def test_without_ids_in_the_roster_the_name_or_the_unit_ties_a_page() -> None:
    by_name = read(page("migrated"), account(unit=""))
    by_unit = read(page("certified"), account())

    assert by_name[1].profile["id"] == BIZ and f"平台编号为 {BIZ}，名册中没有，归属以 --account 为准" in by_name[2]
    assert by_unit[1].profile["subject"] == OFFICE


def test_a_page_that_nothing_ties_to_the_account_leaves_its_name_alone_behind() -> None:
    _, snapshot, remarks = read(page("migrated"), account(name="云州发布", unit=""))

    assert snapshot.profile == {"name": "青溪发布"} and remarks[-1] == "无法核对属于谁，只记录名称"


@pytest.mark.parametrize("name", ["certified", "parsed", "author"])
def test_a_page_that_can_be_held_against_nothing_is_refused(name: str) -> None:
    assert "无法核对属于谁" in refused(page(name), account(unit="云州市统计局"))


@pytest.mark.parametrize(("name", "title"), [("parsed", "关于公众号（导出）"), ("author", "微信作者信息（导出）")])
def test_an_exporters_form_is_known_by_its_marks(name: str, title: str) -> None:
    assert read(page(name), account())[0] == title


def test_the_page_is_none_of_a_weibo_account() -> None:
    whose = Account(id="a", platform=Platform.WEIBO, name="青溪发布", channels=(Channel(adapter="manual", handle="6100000001"),))

    assert refused(page("migrated"), whose) == "这是关于公众号，而账号“青溪发布”是微博账号"


# -- taking it in -----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def app(mongod: str, database: str) -> AsyncIterator[App]:
    async with App(quick_settings(mongod, database), tables(), SetClock(NOW)) as made:
        await made.store.put_accounts([account(biz=BIZ, name="青溪旅游")], {}, NOW)
        yield made


async def take(app: App, directory: Path, name: str, saved_at: str | None = None) -> int:
    path = directory / f"{name}.html"
    path.write_bytes(page(name))
    return await commands.import_export(app, [path], CODE, saved_at, "张三")


async def test_a_taken_page_is_a_look_without_posts_that_moves_nothing_but_the_profile(
    app: App, tmp_path: Path, raw: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (await app.states([CODE]))[CODE]

    code = await take(app, tmp_path, "migrated")

    state = (await app.states([CODE]))[CODE]
    assert code == 0
    assert state.profile["name"] == state.profile["first_name"] == "青溪发布" and state.profile["id"] == BIZ
    assert state.last_post is None and state.sight.spans == () and state.last_good is None
    assert (state.failures, state.last_error, state.last_tried_at) == (before.failures, before.last_error, before.last_tried_at)
    assert raw.posts.count_documents({}) == 0
    (evidence,) = raw.looks.find()
    assert evidence["posts"] == [] and "migrated.html" in evidence["by"] and len(evidence["digest"]) == 64
    told = capsys.readouterr().out.replace("\n", "")
    assert "没有发布内容，只记录账号信息" in told and "名称与名册不同" in told and "已导入 1 个文件" in told


async def test_the_rule_compares_what_a_taken_page_told(app: App, tmp_path: Path) -> None:
    await take(app, tmp_path, "migrated")

    state = (await app.states([CODE]))[CODE]
    (finding,) = Drift().judge(AccountFacts(account=account(biz=BIZ, name="青溪旅游"), state=state, now=NOW))
    assert finding.status is Firing.FIRING and "青溪发布" in finding.message


@pytest.mark.parametrize(("saved_at", "name"), [("2026-01-05 09:30", "青溪旅游"), ("2026-11-17 09:30", "青溪发布"), (None, "青溪发布")])
async def test_a_page_saved_long_before_the_last_look_undoes_no_name_told_since(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str], saved_at: str | None, name: str
) -> None:
    looked = NOW - timedelta(hours=1)
    since = Snapshot(channel="feed", covers_from=looked - timedelta(days=9), covers_until=looked, profile={"name": "青溪旅游"})
    await take_in(app.store, account(biz=BIZ, name="青溪旅游"), since, at=looked, now=NOW, by="a look")

    await take(app, tmp_path, "migrated", saved_at)

    profile = (await app.states([CODE]))[CODE].profile
    assert profile["name"] == name and profile["id"] == BIZ
    assert ("已知的账号信息不改" in capsys.readouterr().out.replace("\n", "")) == (name == "青溪旅游")


# -- what others recorded ---------------------------------------------------------------------------------------------------


def named(day: str, new: str, old: str = "", migrated: bool = False) -> Naming:
    return Naming(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).date(), new, old, migrated)


TOLD: dict[str, About] = {
    "aboutbiz_personal_renamed.html": About(
        name="波元霸",
        gh="gh_139c40f8a7c6",
        kind="个人",
        place="浙江",
        names=(named("2022-09-23", "波元霸", "怡红分院"), named("2022-05-11", "怡红分院", "浪主堂"), named("2019-08-27", "浪主堂")),
    ),
    "aboutbiz_public_institution_school.html": About(
        alias="bj54zx", biz="3018558862", kind="事业单位", subject="北京市第五十四中学", certified=True, place="北京"
    ),
    "aboutbiz_renamed_migrated.html": About(
        name="神光的编程秘籍",
        gh="gh_7aed10cde089",
        biz="3879630932",
        kind="企业",
        subject="新罗区神光网络技术服务部",
        place="山东",
        names=(named("2021-08-02", "神光的编程秘籍", "编译与前端", migrated=True), named("2021-05-26", "编译与前端")),
    ),
    "aboutbiz_service_account_company.html": About(
        alias="bishengkehuanle", biz="2399349152", kind="企业", subject="百胜(中国)投资有限公司", certified=True, place="上海"
    ),
    "aboutbiz_shanghai_federation_of_trade_unions.html": About(
        alias="shengongshewx", biz="2398317165", kind="其他组织", subject="上海市总工会", certified=True, place="上海"
    ),
    "aboutbiz_parsed_via_exporter_api.json": About(alias="shengongshewx", kind="其他组织", subject="上海市总工会", place="上海"),
    "authorinfo_via_exporter_api.json": About(subject="上海市总工会", certified=True),
}


@needs_recordings
def test_no_recorded_account_page_is_left_out() -> None:
    assert {path.name for path in RECORDED.iterdir()} == set(TOLD)


@needs_recordings
@pytest.mark.parametrize("name", TOLD)
def test_a_recorded_account_page_says_this(name: str) -> None:
    assert read_about((RECORDED / name).read_bytes()) == TOLD[name]


@needs_recordings
@pytest.mark.parametrize("name", TOLD)
def test_a_recorded_account_page_is_taken_by_its_marks(name: str) -> None:
    about = TOLD[name]
    whose = account(name=about.name or "某号", unit=about.subject)

    title, snapshot, _ = read((RECORDED / name).read_bytes(), whose)

    assert title in ("关于公众号", "关于公众号（导出）", "微信作者信息（导出）") and snapshot.profile == about.profile
