"""Markers are planted as secrets, the platforms answer with all they were sent, and everything that is written is searched for them."""

from __future__ import annotations

import email
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from channels import SEC_UID, UID
from daemons import enrol, quick_settings, running, until
from structlog.testing import capture_logs

from demo.mailbox import Mailbox
from monitor.app import App
from monitor.model import Account, Channel, Contact, Platform, Role

MARK = "MARKER-that-must-not-be-written"
BOOK = {
    "weibo": {"access_token": f"{MARK}-weibo"},
    "web": {"cookie": f"SUB={MARK}-cookie; XSRF-TOKEN={MARK}-xsrf", "login": "1"},
    "wechat": {"appid": "wx0000000000000001", "secret": f"{MARK}-secret"},
    "ready": {"access_token": f"{MARK}-ready"},
    "douyin": {"client_key": "ck1", "client_secret": f"{MARK}-cs", "refresh_token": f"{MARK}-refresh", "open_id": "open-1"},
    "gateway": {"api_key": f"dtk_{MARK}"},
    "bridge": {"k": f"{MARK}-k", "auth_key": f"{MARK}-auth"},
    "push": {"token": f"{MARK}-push", "aes_key": (MARK + "a" * 43)[:43], "appid": "wx0000000000000002"},
}
OBTAINED = f"{MARK}-obtained"
"""What the platforms hand out as tokens: as secret as what was sent."""

Answer = Callable[[web.Request, str], web.Response]


def echo(request: web.Request, sent: str) -> web.Response:
    return web.json_response({"error": sent, "errmsg": sent, "message": sent, "data": {"description": sent}, "errcode": 99999})


def refuse(request: web.Request, sent: str) -> web.Response:
    return web.Response(status=403, text=json.dumps({"error": f"who are you: {sent}", "error_code": 21327}))


def fail(request: web.Request, sent: str) -> web.Response:
    return web.Response(status=502, text=f"<html>upstream said {sent} and {unquote(sent)}</html>")


def redirect(request: web.Request, sent: str) -> web.Response:
    return web.Response(status=302, headers={"Location": f"{request.url.origin()}/elsewhere?{sent}", "Set-Cookie": f"s={MARK}"}, text=sent)


def chatter(request: web.Request, sent: str) -> web.Response:
    return web.Response(text=f"{sent} " * 40, content_type="text/plain")


ANSWERS: dict[str, Answer] = {"echo": echo, "refuse": refuse, "fail": fail, "redirect": redirect, "chatter": chatter}


@asynccontextmanager
async def platform(answer: Answer) -> AsyncIterator[tuple[TestServer, list[str]]]:
    seen: list[str] = []

    async def every(request: web.Request) -> web.Response:
        sent = f"{request.path_qs} {dict(request.headers)} {await request.text()}"
        seen.append(sent)
        if request.path.endswith("stable_token"):
            return web.json_response({"access_token": OBTAINED, "expires_in": 7200})
        if "refresh_token" in request.path:
            tokens = {"access_token": OBTAINED, "refresh_token": f"{MARK}-again", "open_id": "open-1"}
            return web.json_response({"data": {**tokens, "expires_in": 1296000, "refresh_expires_in": 2592000, "error_code": 0}})
        return answer(request, sent)

    site = web.Application()
    site.router.add_route("*", "/{path:.*}", every)
    async with TestServer(site) as server:
        yield server, seen


def accounts(base: str) -> list[Account]:
    """One account for each channel that sends a secret."""
    ways = {
        "weibo.openapi": (Platform.WEIBO, UID, "weibo"),
        "weibo.web": (Platform.WEIBO, UID, "web"),
        "wechat.openapi": (Platform.WECHAT, "gh_000000000001", "wechat"),
        "wechat.openapi ready": (Platform.WECHAT, "gh_000000000002", "ready"),
        "douyin.openapi": (Platform.DOUYIN, SEC_UID, "douyin"),
        "douyin.gateway": (Platform.DOUYIN, SEC_UID, "gateway"),
        "feed": (Platform.WECHAT, f"{base}/feed/1.xml", "bridge"),
        "toutiao.rows": (Platform.TOUTIAO, "MS4wLjABAAAAdemoTOUTIAO", "gateway"),
    }
    person = Contact(role=Role.OPERATOR, email="xxy@example.invalid")
    return [
        Account(
            id=f"acc{number}",
            platform=platform,
            name=f"第{number}发布",
            contacts=(person,),
            channels=(Channel(adapter=name.split(" ")[0], handle=handle, options={"credential": credential}),),
        )
        for number, (name, (platform, handle, credential)) in enumerate(ways.items())
    ]


def settings(mongod: str, database: str, base: str, mail_port: int) -> Any:
    names = ("weibo.openapi", "weibo.web", "wechat.openapi", "douyin.openapi", "douyin.gateway", "toutiao.rows", "feed")
    quick = {"spacing_seconds": 0, "timeout_seconds": 5}
    channels: dict[str, Any] = {name: {**quick, "base_url": base, "enabled": True} for name in names}
    channels["weibo.openapi"]["business_url"] = base
    return quick_settings(
        mongod,
        database,
        channels=channels,
        credentials=json.dumps(BOOK),
        web={"enabled": True, "port": 0},
        smtp={"host": "127.0.0.1", "port": mail_port, "security": "none", "sender": "z@example.invalid"},
        notify={"sysadmins": ("root@example.invalid",), "clerks": ("clerk@example.invalid",), "interval_seconds": 0.1},
        rules={"unseen": {"hours": 0.0001}},
    )


def written(raw: Any) -> dict[str, str]:
    """Return all that stands in the database, without the collection that is there to keep tokens."""
    return {name: repr(list(raw[name].find({}))) for name in raw.list_collection_names() if name != "grants"}


def letter(path: Path) -> str:
    """Return a mail's headers and its parts, decoded."""
    mail = email.message_from_bytes(path.read_bytes(), policy=default)
    return f"{mail.items()} " + " ".join(str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text")


async def page(app: App, path: str) -> str:
    async with aiohttp.ClientSession() as browser, browser.get(app.web_address.rstrip("/") + path) as answer:
        return await answer.text()


@pytest.mark.parametrize("answer", ANSWERS)
async def test_no_secret_is_in_anything_that_is_written(
    answer: str, mongod: str, database: str, raw: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with platform(ANSWERS[answer]) as (server, seen), Mailbox(tmp_path / "mails") as mailbox:
        base = str(server.make_url("")).rstrip("/")
        watched = accounts(base)
        with capture_logs() as logs:
            async with running(settings(mongod, database, base, mailbox.port)) as app:
                await enrol(app, *watched)

                async def all_tried() -> bool:
                    return (await app.store.counts(app.clock.now()))["tried"] == len(watched)

                await until(all_tried)
                await until(lambda: len(mailbox.mails) > 0)
                await app.books.save()
                pages = {path: await page(app, path) for path in ("/", "/metrics", "/readyz")}

    sent = " ".join(seen)
    assert all(value in sent or quote(value, safe="") in sent for value in (f"{MARK}-weibo", f"{MARK}-secret", f"dtk_{MARK}", f"{MARK}-k"))
    told = {path.name: letter(path) for path in (tmp_path / "mails").glob("*.eml")}
    output = capfd.readouterr()
    everything = {**written(raw), **pages, **told, "logs": repr(logs), "stdout": output.out, "stderr": output.err}
    assert {name: text[max(0, text.index(MARK) - 200) : text.index(MARK) + 60] for name, text in everything.items() if MARK in text} == {}
    assert "error" in everything["states"] and told and logs
