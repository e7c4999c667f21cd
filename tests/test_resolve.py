"""The command `resolve`: one line for every address, the network only when asked for, and never further than one redirect."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from channels import BOOK, TOKEN, Reply, Served, serving
from typer.testing import CliRunner

from adapters.http import Door
from adapters.resolving import SHORT_LINKS, Resolver, cell, read_user
from daemon import app
from monitor.access.credentials import Vault
from monitor.cli.resolving import Wishes, resolve
from monitor.errors import AccountGone, AuthError, BadInput, LookError, ParseError, RateLimited, TransportFault

SEC_UID = "MS4wLjABAAAAdemoDEMOdemoDEMOdemoDEMOdemoDEMOdemo_001-ab"
SHORT = "https://v.douyin.com/iXyZ12/"
WEIBO = "https://weibo.com/u/6100000001"


@asynccontextmanager
async def resolver(served: Served) -> AsyncIterator[Resolver]:
    async with Door(retry_wait=0.01) as door:
        links = dict.fromkeys(SHORT_LINKS, served.base_url)
        yield Resolver(door, Vault(BOOK), weibo=served.base_url, short_links=links, spacing=0)


def moved(location: str, status: int = 302) -> Reply:
    return Reply(b"", status, {"Location": location})


@asynccontextmanager
async def nowhere() -> AsyncIterator[Resolver]:
    raise AssertionError("the network was not asked for")
    yield


async def told(*texts: str, served: Served | None = None, capsys: pytest.CaptureFixture[str], **wishes: Any) -> tuple[int, str]:
    code = await resolve(Wishes(texts, online=served is not None, **wishes), cell, (lambda: resolver(served)) if served else nowhere)
    return code, capsys.readouterr().out


# -- without the network ----------------------------------------------------------------------------------------------------


async def test_every_address_has_its_line_and_its_cell(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = await told(
        *(WEIBO, f"https://www.douyin.com/user/{SEC_UID}", "MP_WXS_3290000001", f"https://www.toutiao.com/c/user/token/{SEC_UID}/"),
        capsys=capsys,
    )

    assert code == 0
    assert out.splitlines() == [
        "1　微博　6100000001　采集渠道：weibo.openapi 6100000001 credential=凭据名",
        f"2　抖音　{SEC_UID}　采集渠道：douyin.gateway {SEC_UID}",
        "3　微信　MzI5MDAwMDAwMQ==　采集渠道：feed 订阅源地址 biz=MzI5MDAwMDAwMQ==",
        f"4　今日头条　{SEC_UID}　采集渠道：feed RSSHub地址/toutiao/user/token/{SEC_UID}",
    ]


async def test_one_unknown_address_makes_the_command_fail_and_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = await told(WEIBO, "http://weibo.com/m/qingxifabu/?s=6cm7D0", capsys=capsys)

    assert code == 1
    assert "2　微博　weibo.com/m/qingxifabu/　未识别：个性域名 qingxifabu 不含账号的数字编号" in out
    assert "办法：" in out and "6cm7D0" not in out


async def test_an_article_says_that_a_person_should_look(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = await told("https://mp.weixin.qq.com/s?__biz=MzI5MDAwMDAwMQ==&mid=1&idx=1&sn=x", capsys=capsys)

    assert code == 0 and "注意：取自一篇文章的链接" in out


async def test_another_platform_than_the_one_named_is_not_resolved(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = await told(WEIBO, capsys=capsys, platform="抖音")

    assert code == 1 and "这是微博的账号，不是抖音" in out


async def test_a_bare_id_is_known_where_the_platform_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = await told("6100000001", capsys=capsys, platform="新浪微博")

    assert code == 0 and "weibo.openapi 6100000001" in out


async def test_an_unknown_platform_is_wrong_usage() -> None:
    with pytest.raises(BadInput, match="没有平台 维信"):
        await resolve(Wishes([WEIBO], platform="维信"), cell, nowhere)


def test_lines_come_from_standard_input() -> None:
    told = CliRunner().invoke(app, ["resolve", "-"], input=f"{WEIBO}\n\n   \nhttps://m.weibo.cn/u/6100000002\n")

    assert told.exit_code == 0 and [line.split("　")[2] for line in told.output.splitlines()] == ["6100000001", "6100000002"]


def test_no_line_at_all_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["resolve", "-"], input="\n").exit_code == 2


async def test_json_is_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = await told(WEIBO, f"{SHORT}?did=S3CRET", capsys=capsys, as_json=True)

    known, unknown = json.loads(out)
    assert code == 1
    assert known == {
        "number": 1, "platform": "weibo", "resolved": True, "handle": "6100000001", "address": WEIBO, "certainty": "certain",
        "note": "", "channel": "weibo.openapi 6100000001 credential=凭据名",
    }  # fmt: skip
    assert (unknown["resolved"], unknown["address"]) == (False, "v.douyin.com/iXyZ12/") and "S3CRET" not in out


def test_the_command_line_speaks_chinese_and_gives_the_exit_code() -> None:
    run = CliRunner()

    assert run.invoke(app, ["resolve", WEIBO]).exit_code == 0
    assert run.invoke(app, ["resolve", "https://example.invalid/"]).exit_code == 1
    assert run.invoke(app, ["resolve", WEIBO, "--platform", "维信"]).exit_code == 2
    assert "识别网址" in run.invoke(app, ["resolve", "--help"]).output


# -- with the network -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_short_link_is_followed_once_without_opening_where_it_leads(status: int, capsys: pytest.CaptureFixture[str]) -> None:
    target = f"https://www.iesdouyin.com/share/user/12345678901?sec_uid={SEC_UID}&did=S3CRET&iid=S3CRET"
    async with serving(moved(target, status)) as served:
        code, out = await told(f"查看TA的更多作品。 {SHORT}复制", served=served, capsys=capsys)

    assert code == 0 and SEC_UID in out and "S3CRET" not in out
    assert [(request.method, request.path_qs) for request in served.requests] == [("GET", "/iXyZ12/")]
    assert "Authorization" not in served.requests[0].headers and "Cookie" not in served.requests[0].headers


async def test_a_toutiao_short_link_is_followed(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(moved(f"/c/user/token/{SEC_UID}/?iid=1")) as served:
        code, out = await told("https://m.toutiao.com/is/iAbCd/", served=served, capsys=capsys)

    assert code == 0 and f"今日头条　{SEC_UID}" in out


async def test_a_second_redirect_is_not_followed(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(moved("https://v.douyin.com/other1/")) as served:
        code, out = await told(SHORT, served=served, capsys=capsys)

    assert code == 1 and "查询后仍未识别：短链接" in out
    assert len(served.requests) == 1


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example.invalid/user/" + SEC_UID, "https://www.douyin.com@evil.example.invalid/",
        "https://notdouyin.com/user/" + SEC_UID, "javascript:alert(1)", "snssdk1128://user/profile/1", "http://[::1", "", "file:///etc/passwd",
    ],
)  # fmt: skip
async def test_a_link_that_leads_elsewhere_resolves_nothing(location: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(moved(location)) as served:
        code, out = await told(SHORT, served=served, capsys=capsys)

    assert code == 1 and "链接指向了别处" in out and "evil" not in out


async def test_a_work_behind_a_short_link_is_no_account(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(moved("https://www.iesdouyin.com/share/video/7300000000000000001/?sec_did=1")) as served:
        code, out = await told(SHORT, served=served, capsys=capsys)

    assert code == 1 and "查询后仍未识别：这是一个作品" in out


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(b"", 200), "无法识别"),
        (Reply(b"", 404), "链接已失效"),
        (Reply(b"", 429), "限制访问频次"),
        (Reply(b"", 503), "没有应答"),
        (Reply(b"", 403), "没有权限"),
    ],
)
async def test_a_refused_question_says_so_and_keeps_the_advice(reply: Reply, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(reply) as served:
        code, out = await told(SHORT, served=served, capsys=capsys)

    assert code == 1 and words in out and "办法：" in out


async def test_only_listed_hosts_are_asked() -> None:
    async with serving() as served, resolver(served) as asking:
        for link in ("https://evil.example.invalid/x", "https://weibo.com/x", "http://127.0.0.1/x", ""):
            with pytest.raises(ParseError, match="not a short link"):
                await asking.ask("follow", link, "")

    assert served.requests == []


def user(**fields: Any) -> Reply:
    return Reply(
        json.dumps({"id": 6100000001, "idstr": "6100000001", "screen_name": "青溪发布", "domain": "qingxifabu", **fields}).encode()
    )


async def test_a_custom_domain_is_asked_of_weibo_with_the_named_credential(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(user()) as served:
        code, out = await told("https://weibo.com/QingXiFaBu", served=served, capsys=capsys, credential="demo")

    (request,) = served.requests
    assert code == 0 and "weibo.openapi 6100000001" in out
    assert (request.path, dict(request.query)) == ("/2/users/domain_show.json", {"domain": "QingXiFaBu"})
    assert request.headers["Authorization"] == f"OAuth2 {TOKEN}" and TOKEN not in out


async def test_a_nickname_is_asked_of_weibo(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(user()) as served:
        code, out = await told("https://weibo.com/n/青溪发布", served=served, capsys=capsys, credential="demo")

    (request,) = served.requests
    assert code == 0 and "6100000001" in out
    assert (request.path, dict(request.query)) == ("/2/users/show.json", {"screen_name": "青溪发布"})


async def test_without_a_credential_weibo_is_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(user()) as served:
        code, out = await told("https://weibo.com/qingxifabu", served=served, capsys=capsys)

    assert code == 1 and "凭据缺失" in out and served.requests == []


async def test_a_token_does_not_travel_along_a_redirect(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(moved("/elsewhere")) as served:
        code, out = await told("https://weibo.com/qingxifabu", served=served, capsys=capsys, credential="demo")

    assert code == 1 and len(served.requests) == 1 and TOKEN not in out


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (user(domain="another"), ParseError),
        (user(id=None, idstr=None), ParseError),
        (user(id=True, idstr=[]), ParseError),
        (Reply(b"<html>"), ParseError),
        (Reply(b"[]"), ParseError),
        (Reply(b'{"error_code":20401,"error":"x"}', 400), AccountGone),
        (Reply(b'{"error_code":"20003"}', 400), AccountGone),
        (Reply(b'{"error_code":21327}', 403), AuthError),
        (Reply(b'{"error_code":10014}', 403), AuthError),
        (Reply(b'{"error_code":10023}', 403), RateLimited),
        (Reply(b'{"error_code":99999}', 400), ParseError),
        (Reply(b'{"error_code":"?"}', 200), ParseError),
        (Reply(b"", 502), TransportFault),
        (Reply(b"", 404), ParseError),
    ],
)
async def test_an_answer_about_somebody_else_or_nobody_is_refused(reply: Reply, error: type[LookError]) -> None:
    async with serving(reply) as served, resolver(served) as asking:
        with pytest.raises(error) as caught:
            await asking.ask("domain", "qingxifabu", "demo")

    assert TOKEN not in f"{caught.value} {caught.value.head}"


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b"\xff\xfe", b'{"id":' + b"9" * 5000 + b"}", b"[" * 50_000, b'{"id":1e400}'])
def test_any_body_is_an_account_or_an_error(body: bytes) -> None:
    with pytest.raises(LookError):
        read_user(body, "domain", "qingxifabu")


def test_the_pure_half_touches_nothing_of_the_world() -> None:
    package = Path(__file__).resolve().parents[1] / "monitor" / "identity"

    text = "".join(path.read_text("utf-8") for path in package.glob("*.py"))

    assert not any(f"import {name}" in text for name in ("asyncio", "aiohttp", "os", "time", "random", "socket", "pathlib"))
