"""A server where each group robot's service would be, served to the tests that tell one: a plugin of fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from groups import Group

from monitor.notify import group_plugins


@pytest.fixture
async def group(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Group]:
    """A server where each service's own host would be."""
    group = Group()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", group.answer)
    async with TestServer(app) as server:
        group.url = str(server.make_url("/")).rstrip("/")
        monkeypatch.setattr(group_plugins.WeCom, "notify_url", group.url + "/cgi-bin/webhook/send?key={key}")
        monkeypatch.setattr(group_plugins.DingTalk, "notify_url", group.url + "/robot/send?access_token={token}")
        monkeypatch.setattr(group_plugins.Feishu, "notify_url", group.url + "/open-apis/bot/v2/hook/{token}")
        yield group
