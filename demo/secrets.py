"""The made-up secrets of the demo that several accounts share: worth nothing anywhere."""

from __future__ import annotations

from collections.abc import Mapping

from demo import ids
from demo.ways import Way

WEIBO_WEB = "weibo-web"
WEIBO_GUEST = "weibo-guest"
WEIBO_APP = "weibo-app"
WEIBO_BUSINESS = "weibo-business"
GATEWAY = "douyin-gateway"
COMPONENT = "wechat-component"

SHARED: Mapping[str, Mapping[str, str]] = {
    WEIBO_APP: {"access_token": f"2.00{ids.token(28, 'weibo app')}"},
    WEIBO_BUSINESS: {"access_token": f"2.00{ids.token(28, 'weibo business')}"},
    WEIBO_WEB: {"cookie": f"SUB={ids.token(40, 'weibo cookie')}; SUBP={ids.token(30, 'subp')}", "login": "1"},
    WEIBO_GUEST: {"cookie": f"SUB={ids.token(40, 'weibo visitor')}"},
    COMPONENT: {
        "component_appid": f"wx{ids.digest('component')[:16]}",
        "component_appsecret": ids.digest("component secret")[:32],
        "token": ids.digest("component token")[:24],
        "aes_key": ids.letters(43, "component key"),
    },
    GATEWAY: {"api_key": f"dtk_{ids.token(40, 'gateway')}"},
}
"""By the credential's name: its fields, as the credentials file has them."""
TICKET = f"ticket@@@{ids.token(60, 'component ticket')}"
"""What the third-party platform pushes every ten minutes."""

KINDS: Mapping[Way, str] = {
    Way.WEIBO_OWN: "token",
    Way.WECHAT_LIST: "app",
    Way.WECHAT_FULL: "app",
    Way.WECHAT_COMPONENT: "authorizer",
    Way.WECHAT_PUSH: "callback",
    Way.DOUYIN_OWN: "oauth",
    Way.DOUYIN_RETIRED: "oauth",
}
"""The ways that need a credential of the account's own, and its kind."""


def own_secrets(kind: str, serial: int) -> dict[str, str]:
    """Return the fields of an account's own credential."""
    match kind:
        case "token":
            return {"access_token": f"2.00{ids.token(28, 'token', serial)}"}
        case "app":
            return {"appid": f"wx{ids.digest('appid', serial)[:16]}", "secret": ids.digest("secret", serial)[:32]}
        case "authorizer":
            appid = f"wx{ids.digest('appid', serial)[:16]}"
            refresh = f"refreshtoken@@@{ids.token(43, 'authorizer', serial)}"
            return {"component": COMPONENT, "authorizer_appid": appid, "authorizer_refresh_token": refresh}
        case "callback":
            plain = {"appid": f"wx{ids.digest('appid', serial)[:16]}", "token": ids.digest("callback", serial)[:24]}
            # One account in the clear, the next sealed: both modes are offered by the platform.
            return plain if serial % 2 else plain | {"aes_key": ids.letters(43, "key", serial)}
        case "oauth":
            app = {"client_key": f"aw{ids.digest('douyin app')[:14]}", "client_secret": ids.digest("douyin secret")[:32]}
            tokens = {"access_token": f"act.{ids.token(40, 'old', serial)}", "refresh_token": f"rft.{ids.token(40, 'refresh', serial)}"}
            return app | tokens | {"open_id": f"_000{ids.token(32, 'open', serial)}"}
    return {}
