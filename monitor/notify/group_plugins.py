"""The only importer of apprise: says a text in a group through its robot, and hears what the service made of it. Blocking.

Apprise knows the addresses and the forms of the services; what it does not know is put right here, each with a test:

- The three services answer 200 whatever they think, and name a refusal in the body only; its plugins take any 200 for a success.
- The plugin for 钉钉 quotes its signature, and `requests` quotes it once more: no signed message would ever be taken.
- The plugin for 飞书 ends the address with a stroke that the platform's own documents do not have.
- It writes addresses with their keys into its log.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
from apprise.exception import AppriseException
from apprise.plugins.base import NotifyBase
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot

SPACING_SECONDS = 3
"""Between two messages to one group: 企业微信 and 钉钉 take 20 a minute from a robot, and 钉钉 then shuts it out for ten minutes."""
ANSWER_CAP = 64 * 1024
"""Bytes of an answer that are read: a verdict has a hundred."""
REFUSED = 422
"""What a refusal in the body is for the plugin: any status but 200."""
VERDICTS = ("errcode", "code", "StatusCode")
"""Where the services say it, 0 for accepted: 企业微信 and 钉钉, 飞书, 飞书 in its older form."""
NEVER_LEFT = frozenset({"ConnectTimeout", "SSLError", "ProxyError", "InvalidURL", "NewConnectionError", "NameResolutionError"})
"""Faults by which the text certainly did not leave; after any other the group may have it."""

# Their words hold the addresses, and an address opens the group.
logging.getLogger("apprise").disabled = True
logging.getLogger("urllib3").setLevel(logging.WARNING)


class DingTalk(NotifyDingTalk):
    request_rate_per_sec = SPACING_SECONDS

    def get_signature(self) -> tuple[str, str]:
        sign: Any = super().get_signature
        timestamp, quoted = sign()
        return timestamp, unquote(quoted)


class Feishu(NotifyFeishu):
    request_rate_per_sec = SPACING_SECONDS
    notify_url = NotifyFeishu.notify_url.removesuffix("/")


class WeCom(NotifyWeComBot):
    request_rate_per_sec = SPACING_SECONDS


class Webhook(NotifyJSON):
    request_rate_per_sec = 0


KINDS: dict[str, type[NotifyBase]] = {"wecombot": WeCom, "dingtalk": DingTalk, "feishu": Feishu, "json": Webhook, "jsons": Webhook}


@dataclass(slots=True)
class Heard:
    """What became of one text: taken, or the status, the service's own code, or the class of the fault that ended it."""

    proxied: bool = False
    taken: bool = False
    status: int = 0
    code: str = ""
    fault: str = ""

    @property
    def uncertain(self) -> bool:
        """The group may have it all the same."""
        return bool(self.fault) and self.fault not in NEVER_LEFT

    @property
    def reason(self) -> str:
        """Return why it was not taken; neither the address nor the service's own words, which may quote it."""
        return self.fault or (f"code {self.code}" if self.code else f"HTTP {self.status}")


@dataclass(frozen=True, slots=True)
class Answer:
    """All that the plugins look at."""

    status_code: int
    content: bytes


_hearing: ContextVar[Heard] = ContextVar("hearing")


class Ear:
    """Stands where a plugin's module has `requests`: asks with bounds of our own, notes the verdict, and turns a refusal into a status."""

    def __init__(self, requests: Any, *, judges_body: bool) -> None:
        self._requests = requests
        self._judges_body = judges_body

    def __getattr__(self, name: str) -> Any:
        return getattr(self._requests, name)

    def post(self, url: str, **options: Any) -> Answer:
        return self.request("POST", url, **options)

    def request(self, method: str, url: str, **options: Any) -> Answer:
        heard = _hearing.get()
        try:
            with self._requests.Session() as session:
                # Else it would read the environment and ~/.netrc.
                session.trust_env = heard.proxied
                with session.request(method, url, stream=True, **options) as answer:
                    heard.status, body = answer.status_code, _head(answer)
        except self._requests.RequestException as error:
            heard.fault = _named(error)
            raise
        if self._judges_body and heard.status == self._requests.codes.ok:
            heard.code = _refusal(body)
        return Answer(REFUSED if heard.code else heard.status, body)


for _plugin, _judges in ((NotifyWeComBot, True), (NotifyDingTalk, True), (NotifyFeishu, True), (NotifyJSON, False)):
    _module: Any = sys.modules[_plugin.__module__]
    if not isinstance(_module.requests, Ear):
        _module.requests = Ear(_module.requests, judges_body=_judges)


def make(url: str) -> NotifyBase | None:
    """Return the plugin for an address such as wecombot://…; None for an address it cannot use, or one that turns verification off."""
    kind = KINDS.get(url.partition("://")[0].strip().lower())
    try:
        parts = kind.parse_url(url) if kind else None
        if kind is None or not parts or not parts.get("verify", True):
            return None
        made: NotifyBase = kind(**parts)
    except (AppriseException, TypeError, ValueError):
        return None
    # A redirect would carry the key to wherever it points.
    made.redirects = False
    return made


def say(plugin: NotifyBase, title: str, body: str, timeout_seconds: float, *, proxied: bool = False) -> Heard:
    """Say it and return what was heard; raises nothing. `timeout_seconds` is for the connection and for each piece of the answer."""
    heard = Heard(proxied=proxied)
    plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout_seconds
    mark = _hearing.set(heard)
    try:
        webhook = isinstance(plugin, NotifyJSON)
        heard.taken = bool(plugin.send(body=body if webhook else f"{title}\n{body}".strip(), title=title if webhook else ""))
    except Exception as error:
        heard.fault = heard.fault or type(error).__name__
    finally:
        _hearing.reset(mark)
    return heard


def _head(answer: Any) -> bytes:
    body = b""
    for piece in answer.iter_content(4096):
        body += piece
        if len(body) >= ANSWER_CAP:
            break
    return body


def _refusal(body: bytes) -> str:
    """Return the service's code for a refusal, empty for its consent; a page that is no verdict at all is none."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        told = None
    code = next((told[key] for key in VERDICTS if key in told), None) if isinstance(told, dict) else None
    if type(code) is not int:
        return "missing"
    return "" if code == 0 else str(code)


def _named(error: BaseException) -> str:
    """Return the class of a fault, of the innermost one that tells whether anything left."""
    inner: Any = error.args[0] if error.args else None
    names = [type(each).__name__ for each in (getattr(inner, "reason", None), error) if each is not None]
    return next((name for name in names if name in NEVER_LEFT), type(error).__name__)
