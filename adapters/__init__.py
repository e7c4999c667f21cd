"""The table of channels. A new channel is one file, one line here, and its fixtures in tests/fixtures."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.douyin_gateway import DouyinGateway
from adapters.feed import Feed
from adapters.manual import Manual
from adapters.wechat_openapi import WechatOpenApi
from adapters.weibo_openapi import WeiboOpenApi
from monitor.ports import Adapter

ADAPTERS: Mapping[str, type[Adapter]] = {
    "weibo.openapi": WeiboOpenApi,
    "wechat.openapi": WechatOpenApi,
    "douyin.gateway": DouyinGateway,
    "feed": Feed,
    "manual": Manual,
}
