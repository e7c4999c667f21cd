"""The roster from end to end: good files give accounts, each mistake is named with row, column and what is expected."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from monitor.errors import BadInput
from monitor.model import Channel, Contact, Kind, Platform, PostMark, Role, Status
from monitor.roster import COLUMNS, HANDLE_LIMIT, RosterFile, difference, read_accounts, render_difference
from monitor.roster.articles import read_articles
from monitor.roster.cells import Cell, Refused, day, emails, identifier, moment
from monitor.roster.sheets import Remark

FIXTURES = Path(__file__).parent / "fixtures" / "roster"
ADAPTERS = ("feed", "weibo.openapi", "wechat.openapi", "manual")


def problems_of(name: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read_accounts(FIXTURES / name, ADAPTERS)
    return caught.value.problems


def roster(directory: Path, header: str, *rows: str) -> Path:
    path = directory / "名单.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["good.csv", "good-bom.csv", "good-english.csv", "good-gb18030.csv"])
def test_a_good_file_gives_its_accounts(name: str) -> None:
    file = read_accounts(FIXTURES / name, ADAPTERS)

    account = file.accounts[0]
    assert (account.id, account.platform, account.name, account.unit) == ("999900M001WX0001", Platform.WECHAT, "示例发布", "示例市政府办")
    assert account.channels == (Channel(adapter="feed", handle="http://b.example.invalid/1.rss"),)


def test_every_column_reaches_its_field(tmp_path: Path) -> None:
    header = "标识码,平台,帐号名称,开办单位,主管单位,县区,层级,类别,状态,报备截止,开通时间,哨兵,分组,信息员,邮箱,县区联系人邮箱,采集渠道"
    row = (
        "999921M003XL0001,新浪微博,示例公安,示例县公安局,示例县政府,示例县,县级,服务类,报备,2022年6月30日,2018. 5. 1,是,公安；重点;夜班,"
        "甲；乙,a@example.invalid；b@example.invalid,c@example.invalid,"
        "feed http://b.example.invalid/x.rss;y=1 credential=none ; weibo.openapi 6100068350 credential=luan-fabu；manual 示例公安"
    )

    account = read_accounts(roster(tmp_path, header, row), ADAPTERS).accounts[0]

    assert (account.platform, account.kind, account.status, account.canary) == (Platform.WEIBO, Kind.SERVICE, Status.EXEMPT, True)
    assert (account.exempt_until, account.opened_on) == (date(2022, 6, 30), date(2018, 5, 1))
    assert account.groups == ("公安", "重点", "夜班")
    assert account.contacts == (
        Contact(role=Role.OPERATOR, email="a@example.invalid", name="甲"),
        Contact(role=Role.OPERATOR, email="b@example.invalid", name="乙"),
        Contact(role=Role.COUNTY, email="c@example.invalid"),
    )
    assert account.channels == (
        Channel(adapter="feed", handle="http://b.example.invalid/x.rss;y=1", options={"credential": "none"}),
        Channel(adapter="weibo.openapi", handle="6100068350", options={"credential": "luan-fabu"}),
        Channel(adapter="manual", handle="示例公安"),
    )


@pytest.mark.parametrize(
    ("word", "platform"),
    [
        ("微信", Platform.WECHAT), ("微信公众号", Platform.WECHAT), ("微信订阅号", Platform.WECHAT), ("微信服务号", Platform.WECHAT),
        ("微博", Platform.WEIBO), ("新浪微博", Platform.WEIBO), ("抖音短视频", Platform.DOUYIN), ("今日头条号", Platform.TOUTIAO),
        ("APP", Platform.OTHER), ("移动客户端（APP）", Platform.OTHER), ("其他", Platform.OTHER), ("WeChat", Platform.WECHAT),
    ],
)  # fmt: skip
def test_platforms_go_by_the_names_that_bulletins_use(word: str, platform: Platform, tmp_path: Path) -> None:
    path = roster(tmp_path, "标识码,平台,账号名称", f"x,{word},甲")

    assert read_accounts(path).accounts[0].platform is platform


def test_without_a_code_the_first_channels_handle_names_the_account(tmp_path: Path) -> None:
    path = roster(tmp_path, "平台,账号名称,渠道,平台账号", "微博,示例发布,weibo.openapi,6100068350")

    account = read_accounts(path, ADAPTERS).accounts[0]

    assert account.id == "weibo:6100068350"
    assert account.channels == (Channel(adapter="weibo.openapi", handle="6100068350"),)


MISTAKES = {
    "unknown-column.csv": ["第 1 行", "不认识的列“联系邮相”"],
    "missing-column.csv": ["缺少必需的列：平台"],
    "column-twice.csv": ["“开办单位”与“主办单位”是同一列"],
    "header-only.csv": ["没有任何账号"],
    "empty.csv": ["没有内容"],
    "null-byte.csv": ["空字节"],
    "utf16.csv": ["UTF-16"],
    "not-text.csv": ["文字编码无法识别"],
    "open-quote.csv": ["第 2 行", "引号不成对"],
    "web-page.csv": ["网页"],
    "too-many-cells.csv": ["第 2 行", "“多”", "多了逗号"],
    "unknown-platform.csv": ["第 2 行“平台”列", "“维信”", "是否想写 微信"],
    "no-name.csv": ["第 2 行“账号名称”列：不能为空"],
    "no-identity.csv": ["第 2 行", "标识码和采集渠道至少填写一项"],
    "code-scientific.csv": ["第 2 行“标识码”列", "末尾数字已丢失", "1.23457E+18"],
    "handle-scientific.csv": ["第 2 行“采集渠道”列", "末尾数字已丢失", "4.64575E+15"],
    "handle-rounded.csv": ["末尾数字已丢失", "1234567890123450000"],
    "handle-decimal.csv": ["不应带小数点", "1234567890.0"],
    "unknown-adapter.csv": ["没有名为“fead”的采集渠道，是否想写 feed？"],
    "channel-without-handle.csv": ["渠道 平台账号", "“feed”"],
    "option-without-value.csv": ["选项“credential”应写成 名称=值"],
    "secret-in-option.csv": ["名单中不能写密钥（token）", "credential=名称"],
    "login-in-link.csv": ["不能带用户名或密码"],
    "channel-twice.csv": ["同一渠道写了两次"],
    "invisible-in-handle.csv": ["不可见字符"],
    "name-with-newline.csv": ["“账号名称”列：不能换行"],
    "name-turned.csv": ["文字方向"],
    "code-twice.csv": ["第 3 行", "与第 2 行重复", "999900M001WX0001"],
    "handle-twice.csv": ["第 3 行", "与第 2 行重复", "http://b.example.invalid/1.rss"],
    "date-serial.csv": ["“开通日期”列", "日期序号", "“43870”"],
    "date-ambiguous.csv": ["月和日的先后无法判断", "“03/04/2020”"],
    "date-impossible.csv": ["日期不存在", "“2020-2-30”"],
    "date-too-old.csv": ["年份应在 2000 至 2100 之间"],
    "exempt-without-end.csv": ["报备截止", "状态为 报备 时必须填写"],
    "unknown-status.csv": ["“状态”列：应为 正常、报备、注销中、已注销 或 停运未注销", "“停用中”"],
    "unknown-kind.csv": ["“类别”列：应为 发布类 或 服务类"],
    "flag-unclear.csv": ["“哨兵”列：应填 是 或 否"],
    "email-invalid.csv": ["“邮箱”列：应为有效的邮箱地址"],
    "email-injection.csv": ["“邮箱”列：应为有效的邮箱地址"],
}


@pytest.mark.parametrize(("name", "expected"), MISTAKES.items(), ids=MISTAKES)
def test_each_mistake_is_named_with_its_place_and_what_is_expected(name: str, expected: list[str]) -> None:
    problems = problems_of(name)

    assert len(problems) == 1
    assert problems[0].startswith(f"{name}：")
    assert all(part in problems[0] for part in expected), problems
    assert "\n" not in problems[0]


def test_every_bad_file_is_tested() -> None:
    elsewhere = {"several-mistakes.csv", "articles-good.csv", "articles-bad.csv", "looks-bad.csv"}

    files = {path.name for path in FIXTURES.iterdir() if not path.name.startswith("good")}

    assert files == set(MISTAKES) | elsewhere


def test_all_mistakes_are_reported_at_once() -> None:
    problems = problems_of("several-mistakes.csv")

    places = [
        ("第 2 行“平台”", "维信"),
        ("第 2 行“账号名称”", "为空"),
        ("第 4 行", "至少填写一项"),
        ("第 5 行“标识码”", "E+18"),
        ("第 5 行", "“feed”"),
    ]
    assert len(problems) == len(places)
    assert all(where in problem and what in problem for problem, (where, what) in zip(problems, places, strict=True)), problems


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(1.23457e18, "末尾数字已丢失", id="19 digits"),
        pytest.param(4645748019299849, "末尾数字已丢失", id="16 digits, though below 2 to the 53rd"),
        pytest.param(12.5, "不是小数", id="fraction"),
        pytest.param(True, "不是 TRUE/FALSE", id="truth value"),
        pytest.param(date(2020, 2, 9), "变成了日期", id="date"),
    ],
)
def test_what_excel_spoilt_in_a_text_cell_is_refused(value: object, expected: str, tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["标识码", "平台", "账号名称", "渠道", "平台账号"])
    book.worksheets[0].append(["x", "微博", "甲", "feed", value])
    book.save(tmp_path / "名单.xlsx")

    with pytest.raises(BadInput, match=expected):
        read_accounts(tmp_path / "名单.xlsx")


def test_a_short_number_cell_and_a_real_date_cell_are_fine(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["平台", "账号名称", "渠道", "平台账号", "开通日期", "哨兵"])
    book.worksheets[0].append(["微博", "甲", "feed", 6100068350, datetime(2020, 2, 9), True])
    book.save(tmp_path / "名单.xlsx")

    account = read_accounts(tmp_path / "名单.xlsx").accounts[0]

    assert account.id == "weibo:6100068350" and account.opened_on == date(2020, 2, 9) and account.canary


def test_text_that_looks_like_a_formula_is_only_text(tmp_path: Path) -> None:
    path = roster(tmp_path, "标识码,平台,账号名称", 'x,微信,"=HYPERLINK(""http://x"")"')

    assert read_accounts(path).accounts[0].name == '=HYPERLINK("http://x")'


@pytest.mark.parametrize(
    "text", ["2020-2-9", "2020. 2. 9", "2020/2/9", "2020年2月9日", "2020-02-09", "2020-02-09T10:00:00", "２０２０．２．９", "2020/2/9 0:00"]
)
def test_dates_are_read_in_every_clear_form(text: str) -> None:
    assert day(text) == date(2020, 2, 9)


@pytest.mark.parametrize("cell", ["43870", 43870, 43870.0, "03/04/2020", "2020-13-1", "2020-2-9x", "昨天", "20200209", True, "9999-1-1"])
def test_dates_are_refused_in_every_doubtful_form(cell: Cell) -> None:
    with pytest.raises(Refused):
        day(cell)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-05-15 18:00", datetime(2022, 5, 15, 10, 0, tzinfo=UTC)),
        ("2022-05-15T18:00:30", datetime(2022, 5, 15, 10, 0, 30, tzinfo=UTC)),
        ("2022-05-15T18:00:00Z", datetime(2022, 5, 15, 18, 0, tzinfo=UTC)),
        ("2022-05-15 18:00+09:00", datetime(2022, 5, 15, 9, 0, tzinfo=UTC)),
        ("2022年5月15日 18时30分", datetime(2022, 5, 15, 10, 30, tzinfo=UTC)),
        ("2022-05-15", datetime(2022, 5, 14, 16, 0, tzinfo=UTC)),
    ],
)
def test_times_are_shanghai_unless_they_say_otherwise(text: str, expected: datetime) -> None:
    assert moment(text) == expected


@pytest.mark.parametrize("text", ["2022-05-15 25:00", "2022-05-15 18", "2022-05-15 18:00 左右", "18:00", "2022-05-15T18:00:00+99:00"])
def test_unclear_times_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a@b",
        "a b@example.invalid",
        "a@example..invalid",
        ".a@example.invalid",
        "a@-x.invalid",
        "甲@example.invalid",
        "a@example.invalid\x00",
        "<a@example.invalid>",
        "a" * 250 + "@x.invalid",
    ],
)
def test_addresses_that_mail_servers_would_refuse_are_refused_here(text: str) -> None:
    with pytest.raises(Refused):
        assert not emails(text)


@pytest.mark.parametrize(
    "text", ["6100068350", "gh_c1f2e5989666", "MS4wLjABAAAAx-y_z", "4645748019299849", "1e10x", "http://x.example.invalid/a?b=1"]
)
def test_honest_ids_pass(text: str) -> None:
    assert identifier(text) == text


@pytest.mark.parametrize(
    ("row", "column", "hint"),
    [
        pytest.param("９９９９00M001WX0001,微信,甲,,,", "标识码", "999900M001WX0001", id="digits of a code"),
        pytest.param("999900Ｍ001WX0001,微信,甲,,,", "标识码", "999900M001WX0001", id="a letter of a code"),
        pytest.param("x,微博,甲,,weibo.openapi,６１０００６８３５０", "平台账号", "6100068350", id="a handle"),
        pytest.param("x,微信,甲,feed gh＿1,,", "采集渠道", "gh_1", id="a low line in a channel's handle"),
        pytest.param("x,微信,甲,manual 示例Ａ,,", "采集渠道", "示例A", id="a letter beside Chinese"),
    ],
)
def test_full_width_digits_and_letters_in_what_names_an_account_are_refused(row: str, column: str, hint: str, tmp_path: Path) -> None:
    path = roster(tmp_path, "标识码,平台,账号名称,采集渠道,渠道,平台账号", row)

    with pytest.raises(BadInput) as caught:
        read_accounts(path, ADAPTERS)

    (problem,) = caught.value.problems
    assert f"第 2 行“{column}”列" in problem and "应为半角" in problem and f"“{hint}”" in problem


def test_chinese_brackets_in_a_handle_are_no_full_width_slip(tmp_path: Path) -> None:
    path = roster(tmp_path, "标识码,平台,账号名称,采集渠道", "x,微信,甲,manual 示例（发布）")

    assert read_accounts(path, ADAPTERS).accounts[0].channels[0].handle == "示例（发布）"


def test_the_longest_handle_makes_ids_that_fit(tmp_path: Path) -> None:
    handle = "http://b.example.invalid/" + "x" * (HANDLE_LIMIT - 25)
    account = read_accounts(roster(tmp_path, "平台,账号名称,采集渠道", f"微博,甲,feed {handle}"), ADAPTERS).accounts[0]

    mark = PostMark(id=f"{account.id}:{'y' * 600}", published_at=datetime(2022, 5, 15, tzinfo=UTC), url="")

    assert len(mark.id) > 1000


def test_the_lint_warns_and_the_import_goes_on(tmp_path: Path) -> None:
    path = roster(
        tmp_path,
        "标识码,平台,账号名称,主办单位,联系人",
        "341500M040XL0018,微信,甲,市公安局,某人",
        '"341503M02\n3DY0001",抖音,乙,乙,',
        "61090000112,微信,丙,某局,",
    )

    file = read_accounts(path)

    assert [account.id for account in file.accounts] == ["341500M040XL0018", "341503M023DY0001", "61090000112"]
    assert [(remark.level, remark.row) for remark in file.warnings] == [("error", 2), ("error", 4), ("info", 3), ("info", 3), ("info", 2)]


def test_a_file_in_gb18030_says_so_among_the_warnings() -> None:
    file = read_accounts(FIXTURES / "good-gb18030.csv")

    assert any("GB18030" in remark.text for remark in file.warnings)
    assert all(isinstance(remark, Remark) for remark in file.warnings)


# -- the column 账号网址 ----------------------------------------------------------------------------------------------------

SEC_UID = "MS4wLjABAAAAdemoDEMOdemoDEMOdemoDEMOdemoDEMOdemo_001-ab"
WITH_URL = "标识码,平台,账号名称,采集渠道,渠道,平台账号,账号网址"


def about_urls(file: RosterFile) -> list[Remark]:
    return [remark for remark in file.warnings if "网址" in remark.text]


@pytest.mark.parametrize("title", ["账号网址", "网址", "链接", "主页", "主页地址", "URL", "weibo_url"])
def test_an_address_fills_the_handle_that_is_empty(title: str, tmp_path: Path) -> None:
    path = roster(tmp_path, f"平台,账号名称,渠道,{title}", "微博,甲,weibo.openapi,http://weibo.com/u/6100000001?s=6cm7D0")

    file = read_accounts(path, ADAPTERS)

    assert file.accounts[0].id == "weibo:6100000001"
    assert file.accounts[0].channels == (Channel(adapter="weibo.openapi", handle="6100000001"),)
    assert file.warnings == ()


def test_an_address_alone_names_the_account_and_says_that_a_channel_is_wanted(tmp_path: Path) -> None:
    path = roster(tmp_path, WITH_URL, ",微信,甲,,,,https://mp.weixin.qq.com/mp/profile_ext?__biz=MzI5MDAwMDAwMQ==#wechat_redirect")

    file = read_accounts(path, ADAPTERS)

    assert (file.accounts[0].id, file.accounts[0].channels) == ("wechat:MzI5MDAwMDAwMQ==", ())
    (remark,) = file.warnings
    assert (remark.level, remark.row) == ("info", 2)
    assert remark.text == "账号网址识别为微信 MzI5MDAwMDAwMQ==，尚未填写采集渠道"


def test_an_article_as_address_is_to_be_checked_by_a_person(tmp_path: Path) -> None:
    row = "x,微信,甲,manual 甲,,,https://mp.weixin.qq.com/s?__biz=MzI5MDAwMDAwMQ==&mid=1&idx=1"

    (remark,) = about_urls(read_accounts(roster(tmp_path, WITH_URL, row), ADAPTERS))

    assert (remark.level, remark.row) == ("warning", 2) and "请核对文章确由该号发布" in remark.text


@pytest.mark.parametrize(
    ("row", "says"),
    [
        pytest.param("x,微博,甲,,,,http://weibo.com/m/qingxifabu/?s=6cm7D0", "个性域名 qingxifabu", id="a custom domain"),
        pytest.param("x,微博,甲,weibo.openapi 6100000001,,,http://weibo.com/qingxifabu", "个性域名 qingxifabu", id="beside a channel"),
        pytest.param("x,微博,甲,,weibo.openapi,,http://weibo.com/qingxifabu", "个性域名 qingxifabu", id="where the handle is empty"),
        pytest.param("x,抖音,甲,,,,长按复制 https://v.douyin.com/iXyZ12/ 查看", "短链接", id="a share text"),
        pytest.param("x,微信,甲,,,,https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrSt12", "短链接", id="a short article link"),
        pytest.param("x,微博,甲,,,,http://jyj.example.gov.cn/", "不是微博", id="another site"),
    ],
)
def test_an_address_that_names_nobody_is_remarked_upon_and_stops_nothing(row: str, says: str, tmp_path: Path) -> None:
    file = read_accounts(roster(tmp_path, WITH_URL, row), ADAPTERS)

    (remark,) = about_urls(file)
    assert (remark.level, remark.row) == ("warning", 2)
    assert "账号网址无法识别" in remark.text and says in remark.text and "；" in remark.text and "6cm7D0" not in remark.text
    assert len(file.accounts) == 1


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        pytest.param(
            "x,微博,甲,weibo.openapi 6100000002,,,https://weibo.com/u/6100000001?did=S3CRET", "账号网址", "不是同一账号", id="another uid"
        ),
        pytest.param("x,微博,甲,,weibo.openapi,6100000002,weibo.com/u/6100000001", "账号网址", "6100000001", id="the short way"),
        pytest.param(
            "x,微信,甲,feed http://b.invalid/1.rss biz=3290000002,,,https://mp.weixin.qq.com/s?__biz=MzI5MDAwMDAwMQ==&mid=1&idx=1",
            "账号网址", "不是同一账号", id="another __biz",
        ),
        pytest.param(f"x,微博,甲,,,,https://www.douyin.com/user/{SEC_UID}?msToken=S3CRET", "账号网址", "这是抖音的网址", id="a platform"),
        pytest.param("x,微博,甲,,,,https://www.douyin.com/video/73?msToken=S3CRET", "账号网址", "这是抖音的网址", id="a work elsewhere"),
        pytest.param("x,其他,甲,,,,https://weibo.com/u/6100000001", "账号网址", "应为其他账号的网址", id="no platform of ours"),
        pytest.param("x,维信,甲,,,,https://weibo.com/u/6100000001", "平台", "“维信”", id="a platform that cannot be read is said once"),
        pytest.param("x,微博,甲,,,,6.1E+09", "账号网址", "末尾数字已丢失", id="spoilt by Excel"),
        pytest.param("x,微博,甲,,,,https://weibo.com/u/1?s=S3CRET\x07", "账号网址", "控制字符", id="a control character"),
        pytest.param("x,微博,甲,,feed,,https://weibo.com/u/6100000001", "平台账号", "同时填写", id="a feed wants its own address"),
        pytest.param(",微博,甲,,,,http://weibo.com/qingxifabu", "", "个性域名 qingxifabu", id="nothing else names the account"),
    ],
)  # fmt: skip
def test_an_address_that_contradicts_the_row_is_an_error_in_its_place(row: str, column: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read_accounts(roster(tmp_path, WITH_URL, row), ADAPTERS)

    (problem,) = caught.value.problems
    assert (f"第 2 行“{column}”列" if column else "第 2 行") in problem and says in problem
    assert "S3CRET" not in problem and "\n" not in problem


def test_a_former_id_is_the_accounts_own(tmp_path: Path) -> None:
    row = "x,微信,甲,feed http://b.invalid/1.rss biz=MzI5MDAwMDAwMg== former=3290000001,,,https://mp.weixin.qq.com/mp/homepage?__biz=MzI5MDAwMDAwMQ=="

    file = read_accounts(roster(tmp_path, WITH_URL, row), ADAPTERS)

    assert file.accounts[0].channels[0].options == {"biz": "MzI5MDAwMDAwMg==", "former": "3290000001"}
    assert about_urls(file) == []


@pytest.mark.parametrize("biz", ["MzI5MDAwMDAwMQ==", "3290000001", "MP_WXS_3290000001", "MzI5MDAwMDAwMQ", "MzI5MDAwMDAwMQ%3D%3D"])
def test_a_biz_may_be_written_in_any_of_its_forms(biz: str, tmp_path: Path) -> None:
    path = roster(tmp_path, WITH_URL, f"x,微信,甲,feed http://b.invalid/1.rss biz={biz},,,")

    assert read_accounts(path, ADAPTERS).accounts[0].channels[0].options["biz"] == "MzI5MDAwMDAwMQ=="


def test_two_rows_with_one_address_are_one_account_twice(tmp_path: Path) -> None:
    path = roster(tmp_path, WITH_URL, ",微博,甲,,,,weibo.com/u/6100000001", ",微博,乙,,,,https://m.weibo.cn/u/6100000001")

    with pytest.raises(BadInput, match="与第 2 行重复"):
        read_accounts(path, ADAPTERS)


def test_a_bare_number_cell_under_the_address_is_an_id(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["平台", "账号名称", "账号网址"])
    book.worksheets[0].append(["微博", "甲", 6100000001])
    book.save(tmp_path / "名单.xlsx")

    assert read_accounts(tmp_path / "名单.xlsx").accounts[0].id == "weibo:6100000001"


def test_column_titles_are_unambiguous() -> None:
    titles = [title for column in COLUMNS for title in {column.field, column.title, *column.aliases}]

    assert len(titles) == len(set(titles))


def test_a_second_import_shows_what_was_added_changed_and_removed(tmp_path: Path) -> None:
    header = "标识码,平台,账号名称,主办单位,状态,采集渠道,邮箱"
    old = read_accounts(roster(tmp_path, header, "a,微信,甲,某局,,,", "b,微信,乙,某局,,,", "c,微博,丙,某局,,,")).accounts
    new = read_accounts(
        roster(
            tmp_path, header, "a,微信,甲,某局,,,", "b,微信,新乙,某局,注销中,feed http://x.invalid/1,b@example.invalid", "d,抖音,丁,某局,,,"
        )
    ).accounts

    found = difference(old, new)
    text = render_difference(found)

    assert [account.id for account in found.added] == ["d"] and [account.id for account in found.removed] == ["c"]
    assert [change.field for change in found.changed[0].changes] == ["name", "status", "contacts", "channels"]
    assert text.splitlines() == [
        "新增 1 个，变更 1 个，移除 1 个",
        "  + 丁（抖音，d）",
        "  ~ 新乙（微信，b）：账号名称 乙 → 新乙；状态 正常 → 注销中；联系人 （空） → b@example.invalid；采集渠道 （空） → feed http://x.invalid/1",
        "  - 丙（微博，c）",
    ]
    assert render_difference(difference(old, old)) == "名单没有变化"


def test_articles_are_read_with_deadline_and_audience(tmp_path: Path) -> None:
    articles = read_articles(FIXTURES / "articles-good.csv")

    assert articles[0].published_at == datetime(2022, 5, 15, 10, tzinfo=UTC)
    assert articles[0].due_at == datetime(2022, 5, 16, 10, tzinfo=UTC)
    assert articles[1].published_at == datetime(2022, 5, 15, 16, tzinfo=UTC)
    assert articles[1].due_at == datetime(2022, 5, 17, 15, 59, 59, 999000, tzinfo=UTC)
    assert articles[1].origins == ("weibo:1234567890:4900000000000001",)


def test_video_accounts_owe_an_article_only_where_it_says_so(tmp_path: Path) -> None:
    file = tmp_path / "articles.csv"
    rows = ("编号,标题,发布时间,含视频类", "a,全市防汛工作会议召开情况通报,2022-5-15,", "b,全民国家安全教育日主题短片上线,2022-5-15,是")
    file.write_text("\n".join(rows), encoding="utf-8")

    usual, everybody = read_articles(file)

    assert (usual.audience.text_only, everybody.audience.text_only) == (True, False)


def test_every_mistake_in_an_article_is_named() -> None:
    with pytest.raises(BadInput) as caught:
        read_articles(FIXTURES / "articles-bad.csv")

    expected = [
        ("第 2 行“编号”", "只能用字母"),
        ("第 3 行“标题”", "过短"),
        ("第 4 行“链接”", "不是网站首页"),
        ("第 5 行“原文标识”", "平台:账号:原文编号"),
        ("第 6 行“截止时间”", "不能早于发布时间"),
        ("第 7 行“发布时间”", "不能为空"),
        ("第 8 行“编号”", "与第 7 行重复"),
        ("第 8 行“发布时间”", "应为时间"),
    ]
    problems = caught.value.problems
    assert len(problems) == len(expected)
    assert all(where in problem and what in problem for problem, (where, what) in zip(problems, expected, strict=True)), problems


def test_a_large_file_of_wrong_rows_is_refused_within_seconds(tmp_path: Path) -> None:
    path = roster(tmp_path, "标识码,平台,账号名称", *(f"999900M{n % 1000:03}WX{n // 1000:04},维信,示例{n}" for n in range(20_000)))

    with pytest.raises(BadInput) as caught:
        read_accounts(path)

    assert len(caught.value.problems) == 20_000
