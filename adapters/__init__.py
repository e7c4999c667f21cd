"""The table of channels. A new channel is one file, one line here, and its fixtures in tests/fixtures."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.douyin_gateway import DouyinGateway
from adapters.douyin_openapi import DouyinOpenApi
from adapters.feed import Feed
from adapters.manual import Manual
from adapters.toutiao_rows import ToutiaoRows
from adapters.wechat_article import WechatArticle
from adapters.wechat_callback import WechatCallback
from adapters.wechat_openapi import WechatOpenApi
from adapters.weibo_openapi import WeiboOpenApi
from adapters.weibo_web import WeiboWeb
from monitor.ports import Adapter

ADAPTERS: Mapping[str, type[Adapter]] = {
    "weibo.openapi": WeiboOpenApi,
    "weibo.web": WeiboWeb,
    "wechat.openapi": WechatOpenApi,
    "wechat.article": WechatArticle,
    "wechat.callback": WechatCallback,
    "douyin.gateway": DouyinGateway,
    "douyin.openapi": DouyinOpenApi,
    "toutiao.rows": ToutiaoRows,
    "feed": Feed,
    "manual": Manual,
}
