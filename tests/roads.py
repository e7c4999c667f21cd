"""Every way in which a channel asks, with secrets that are marked, and servers that answer a whole look or repeat what they hear."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from channels import EXAMPLES, FIXTURES, NOW, Reply, Served, account, adapter, fixtures
from pydantic import SecretStr

from adapters.http import Door
from monitor import poller
from monitor.access.credentials import CredentialBook, Vault
from monitor.access.pauses import Pauses
from monitor.model import Account, AccountState
from monitor.ports import Adapter, Grant
from monitor.schedule import Backoff

FETCHING = [name for name, example in EXAMPLES.items() if example.fetches]
BACKOFF = Backoff(start=900.0, cap=6 * 3600.0, gone=24 * 3600.0, auth=6 * 3600.0, rate=900.0)
MARKER = "must-never-be-shown"
SECRET_FIELDS = ("access_token", "refresh_token", "secret", "api_key", "k", "key", "auth_key", "cookie")
FIXED = {"appid": "wx0demo", "client_key": "key-of-the-app", "open_id": "open-id-demo", "login": "1"}
EVERYTHING = {**{field: f"{field}-that-{MARKER}/+=&{number}" for number, field in enumerate(SECRET_FIELDS)}, **FIXED}
EVERYTHING["cookie"] = f"SUB=cookie-that-{MARKER}; _T_WM=second-part-that-{MARKER}"
"""A credential with every field that any channel reads; what is secret in it holds the marker, and what real ones hold that gets quoted."""
COMPONENT = {
    "component": "marked",
    "component_appid": "wx0component",
    "authorizer_appid": "wx0demo",
    **{field: f"{field}-that-{MARKER}/+=&9" for field in ("component_appsecret", "authorizer_refresh_token")},
}
ROADS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    **{name: (name, {}) for name in FETCHING},
    "weibo.openapi, many": ("weibo.openapi", {"without": (), "mode": "batch"}),
    "weibo.openapi, business": ("weibo.openapi", {"without": (), "mode": "other"}),
    "wechat.openapi, token obtained": ("wechat.openapi", {"without": ("access_token",)}),
    "wechat.openapi, through a component": ("wechat.openapi", {"without": ("access_token",), "more": COMPONENT}),
    "weibo.web, login asked for": ("weibo.web", {"without": ("login",)}),
    "douyin.openapi, token obtained": ("douyin.openapi", {"without": ("access_token",)}),
    "douyin.openapi, token given": ("douyin.openapi", {"without": ("refresh_token",)}),
    "douyin.gateway, version 4": ("douyin.gateway", {"without": (), "version": "4"}),
    "feed, key in a header": ("feed", {"without": ("k", "key")}),
}
"""Ways a channel asks that differ in which secrets go where: the fields its credential lacks, and options."""


class Clock:
    """Stands still."""

    def now(self) -> datetime:
        return NOW

    def elapsed(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


async def road(name: str, door: Door, base_url: str) -> tuple[Adapter, Account, Vault]:
    """Return the adapter with a vault of marked secrets, the account it looks at, and the vault."""
    channel, given = ROADS[name]
    fields = {field: value for field, value in EVERYTHING.items() if field not in given.get("without", ())}
    vault = Vault(CredentialBook(SecretStr(json.dumps({"marked": {**fields, **given.get("more", {})}}))))
    await vault.keep("marked", "wechat.component_ticket", Grant(f"ticket-that-{MARKER}", NOW, NOW + timedelta(hours=12)))
    options = {option: value for option, value in given.items() if option not in ("without", "more")}
    wishes = {"gather_seconds": 0.01, "business_url": base_url} if channel == "weibo.openapi" else {}
    watched = account(channel, base_url, credential="marked", **options)
    return adapter(channel, door, base_url, vault, **wishes), watched, vault


async def polled(made: Adapter, watched: Account, vault: Vault, memory: Mapping[str, Any] | None = None) -> Any:
    """Look as the daemon does: with secrets blotted out of what faults quote."""
    channel = watched.channels[0]
    state = AccountState(account_id=watched.id, memory={channel.key: memory or {}})
    return await poller.look(watched, state, {channel.adapter: made}, Pauses(BACKOFF), Clock(), 60.0, blotted=vault.blotted)


def shown(poll: Any) -> str:
    """Return everything a poll keeps, as text."""
    faults = [outcome.fault.model_dump_json() for outcome in poll.outcomes if outcome.fault]
    snapshots = [snapshot.model_dump_json() for snapshot in poll.snapshots]
    return "\n".join([*faults, *snapshots, *(outcome.source + outcome.digest for outcome in poll.outcomes)])


def tells(text: str) -> list[str]:
    """Return what a text gives away of the secrets, however it is quoted."""
    forms = (text, unquote(text), text.replace("\\/", "/"))
    return [form[max(0, form.find(MARKER) - 40) :][:120] for form in forms if MARKER in form]


def good(channel: str) -> bytes:
    """Return a body that the channel reads whole."""
    stem = {"wechat.article": "article", "feed": "wechat_mixed_zones"}.get(channel, "page")
    return next(path for path in fixtures(channel) if path.stem == stem).read_bytes()


def echo(request: web.Request, body: bytes) -> str:
    """Return all that was sent, as it came and decoded."""
    heads = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
    sent = body.decode("utf-8", "replace")
    return "\n".join([request.method, str(request.url), unquote(str(request.rel_url)), heads, sent, unquote(sent)])


class Talk:
    """What each road's server answers, path by path: enough for a whole look, tokens and all."""

    TOKEN = json.dumps({"access_token": f"obtained-that-{MARKER}", "expires_in": 7200}).encode()
    OAUTH = {"access_token": f"obtained-that-{MARKER}", "refresh_token": f"renewed-that-{MARKER}", "expires_in": 1_296_000}
    REFRESH = json.dumps({"data": {**OAUTH, "refresh_expires_in": 2_592_000, "open_id": "open-id-demo", "error_code": 0}}).encode()
    COMPONENT_TOKEN = json.dumps({"component_access_token": f"component-that-{MARKER}", "expires_in": 7200}).encode()
    AUTHORIZER = {"authorizer_access_token": f"authorized-that-{MARKER}", "authorizer_refresh_token": f"next-that-{MARKER}"}
    LOGIN = json.dumps({"ok": 1, "data": {"login": True}}).encode()
    QUEUED = json.dumps({"success": True, "data": {"task_id": "t1", "state": "queued"}}).encode()
    BY_PATH: Mapping[str, bytes] = {
        "/cgi-bin/stable_token": TOKEN,
        "/oauth/refresh_token/": REFRESH,
        "/cgi-bin/component/api_component_token": COMPONENT_TOKEN,
        "/cgi-bin/component/api_authorizer_token": json.dumps({**AUTHORIZER, "expires_in": 7200}).encode(),
        "/api/config": LOGIN,
        "/datacube/getarticletotaldetail": (FIXTURES / "wechat.datacube" / "silent_day.json").read_bytes(),
        "/api/v1/tasks/t1": good("douyin.gateway"),
        "/api/v1/douyin/user/posts": QUEUED,
    }


def talking(served: Served, channel: str) -> None:
    served.replies = [Reply(good(channel))]
    served.by_path = {path: [Reply(body)] for path, body in Talk.BY_PATH.items()}
