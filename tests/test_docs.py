"""docs/platforms: every example of both pages is read by the daemon's own readers, every figure and line is what the code says.

`python tests/test_docs.py` (with tests/ and the checkout on the path) prints the tables that are made from the code.
"""

from __future__ import annotations

import csv
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from channels import NOW, Reply, serving
from documents import ROOT, fences, rows
from pydantic import SecretStr

from adapters import ADAPTERS
from adapters.http import Door
from adapters.reading.dialects import DIALECTS, PLAIN
from daemon import tables
from monitor.access.credentials import CredentialBook, Vault, moment_of
from monitor.app import App
from monitor.errors import LOOK_ERRORS, AuthError, Degraded, LookError, TransportFault
from monitor.model import Account, Channel
from monitor.ports import ChannelSettings
from monitor.roster import read_accounts
from monitor.settings import channel_settings, load
from rules.missing_repost import MissingRepost

PAGES = {"en": ROOT / "docs" / "platforms.md", "zh": ROOT / "docs" / "platforms.zh-CN.md"}
TEXTS = {language: page.read_text(encoding="utf-8") for language, page in PAGES.items()}
WORDS = {"en": {True: "yes", False: "no", "silent": "proven", "whole": "only with `whole=1`"}}
WORDS["zh"] = {True: "是", False: "否", "silent": "可以证明", "whole": "仅在 `whole=1` 时"}
PARTS = {
    "en": ("**Covers.**", "**Cannot see:**", "**Errors.**", "*Checked:*"),
    "zh": ("**覆盖。**", "**看不到：**", "**错误。**", "*检查过：*"),
}
"""What every section tells; a person's own eyes miss nothing that we could name."""
PLATFORMS = {"weibo": "新浪微博", "douyin": "抖音短视频", "toutiao": "今日头条号"}
"""Of a channel's name the part before the dot; what has another one is entered as WeChat's."""
UNASKED = frozenset({"wechat.callback", "manual"})
"""Channels that ask nobody."""
OPTIONS: Mapping[str, frozenset[str]] = {
    "weibo.openapi": frozenset({"mode"}),
    "weibo.web": frozenset(),
    "wechat.openapi": frozenset({"biz", "reconcile"}),
    "wechat.article": frozenset({"biz"}),
    "wechat.callback": frozenset(),
    "douyin.gateway": frozenset({"version"}),
    "douyin.openapi": frozenset({"open_id"}),
    "toutiao.rows": frozenset({"url", "user_id", "category"}),
    "feed": frozenset({"biz", "dialect", "sync_url", "tz", "whole"}),
    "manual": frozenset(),
}
"""What each channel can be told in the roster beside what all know."""
COMMON_OPTIONS = frozenset({"base_url", "credential", "delay_hours", "former"})
AT_DEFAULT_BY_WORDS = frozenset({"user_agent"})
"""Settings whose default is too long for a table."""

both = pytest.mark.parametrize("language", PAGES)
every_channel = pytest.mark.parametrize("channel", ADAPTERS)


def cells(text: str) -> list[str]:
    """Return the examples of the roster's column, one a line."""
    return [line for block in fences(text, "roster") for line in block.splitlines()]


def section(text: str, channel: str) -> str:
    """Return the part of a page that is about a channel, "" where there is none."""
    found = re.search(rf"^### `{re.escape(channel)}`\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    return found[1] if found else ""


def marked(text: str, name: str) -> list[list[str]]:
    """Return the table between two comments, without its head."""
    return rows(text.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0])[1:]


def written(value: Any) -> str:
    """Return a default as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(f'{each:g}' for each in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def own(channel: str) -> set[str]:
    """Return the settings that a channel adds, or has another default of."""
    kind = ADAPTERS[channel].Settings
    return set(kind.__annotations__) if kind is not ChannelSettings else set()


def figures(language: str) -> Iterator[list[str]]:
    for name, kind in ADAPTERS.items():
        wishes = kind.Settings()
        yield [
            f"`{name}`",
            str(WORDS[language][wishes.enabled]),
            f"{wishes.spacing_seconds:g}",
            f"{wishes.timeout_seconds:g}",
            f"{wishes.min_interval_minutes:g}–{wishes.max_interval_minutes:g}",
            f"{wishes.daily_budget}",
            f"{wishes.daily_requests or '–'}",
            ", ".join(f"{each:g}" for each in wishes.breaker_minutes),
            f"{wishes.breaker_refusals} / {wishes.breaker_accounts}",
        ]


def dialects(language: str) -> Iterator[list[str]]:
    for each in (*DIALECTS, PLAIN):
        yield [f"`{each.name}`", f"{each.delay_hours:g}", str(WORDS[language]["whole" if each.doubt else "silent"])]


def book(text: str) -> dict[str, dict[str, str]]:
    """Return all credentials of a page together; no two may have one name."""
    found = [pair for block in fences(text, "json") for pair in json.loads(block).items()]
    assert len(dict(found)) == len(found)
    return dict(found)


def accounts_of(lines: Iterable[str], directory: Path) -> tuple[Account, ...]:
    """Return what the roster's own reader makes of cells, one account each."""
    path = directory / "名册.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["平台", "账号名称", "采集渠道"])
        writer.writerows([PLATFORMS.get(re.split(r"[ .]", line)[0], "微信订阅号"), f"青溪{n}", line] for n, line in enumerate(lines))
    return read_accounts(path, ADAPTERS).accounts


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("ZHENGWU_")]:
        monkeypatch.delenv(name)


@both
@every_channel
def test_every_channel_has_its_section_with_cell_settings_errors_and_certainty(language: str, channel: str) -> None:
    text = section(TEXTS[language], channel)

    missing = [word for word in PARTS[language] if word not in text]
    assert missing == ([PARTS[language][1]] if channel == "manual" else [])
    assert [row for row in rows(text) if row[0] in ("claim", "结论")]
    # A bridge's cells stand where its platform is written about.
    assert channel == "feed" or any(entry.split()[0] == channel for line in cells(text) for entry in line.split("；"))


@both
def test_the_table_of_limits_says_what_the_code_does(language: str) -> None:
    assert marked(TEXTS[language], "figures") == list(figures(language))


@both
def test_the_table_of_bridges_says_what_the_code_does(language: str) -> None:
    assert marked(TEXTS[language], "dialects") == list(dialects(language))


@both
def test_the_settings_of_every_channel_stand_at_their_defaults(language: str) -> None:
    general = TEXTS[language].partition("\n## Weibo" if language == "en" else "\n## 微博")[0]

    told = {row[0].strip("`"): row[1].strip("`") for row in rows(general) if len(row) == 3}

    for name, field in ChannelSettings.model_fields.items():
        assert told.get(name) == written(field.default), name


@both
@every_channel
def test_the_settings_of_a_channel_stand_at_their_defaults(language: str, channel: str) -> None:
    text = re.sub(r"<!-- (\w+) -->.*?<!-- /\1 -->", "", section(TEXTS[language], channel), flags=re.DOTALL)
    table = [row for row in rows(text) if len(row) == 3 and re.fullmatch(r"`[a-z_]+`", row[0])]

    wishes = ADAPTERS[channel].Settings()
    told = {row[0].strip("`"): row[1].strip("`") for row in table}
    assert told.keys() == own(channel)
    assert {name: value for name, value in told.items() if name not in AT_DEFAULT_BY_WORDS} == {
        name: written(getattr(wishes, name)) for name in own(channel) - AT_DEFAULT_BY_WORDS
    }
    assert all(row[2] for row in table)


def test_both_pages_give_the_same_examples_and_the_same_certainty() -> None:
    for kind in ("roster", "json", "toml"):
        assert fences(TEXTS["en"], kind) == fences(TEXTS["zh"], kind)
    for channel in ADAPTERS:
        marks = [re.findall(r"\[[VCRI?]\]", section(TEXTS[language], channel)) for language in PAGES]
        assert sorted(marks[0]) == sorted(marks[1]), channel
        # What a person writes down is no claim about a platform.
        assert marks[0] or channel in ("manual",)
    assert [len(row) for row in rows(TEXTS["en"])] == [len(row) for row in rows(TEXTS["zh"])]


@both
def test_every_error_and_its_remedy_are_told(language: str) -> None:
    told = {row[0].strip("`"): row for row in rows(TEXTS[language]) if len(row) == 4}

    assert told.keys() >= {error.code for error in LOOK_ERRORS}
    assert all(all(told[error.code]) for error in LOOK_ERRORS)


@both
def test_every_cell_is_taken_by_the_roster(language: str, tmp_path: Path) -> None:
    made = accounts_of(cells(TEXTS[language]), tmp_path)

    assert {channel.adapter for account in made for channel in account.channels} == set(ADAPTERS)
    for account in made:
        for channel in account.channels:
            assert channel.options.keys() <= OPTIONS[channel.adapter] | COMMON_OPTIONS, channel


def test_every_option_that_a_channel_is_said_to_have_is_told_of() -> None:
    assert OPTIONS.keys() == ADAPTERS.keys()
    for channel, options in OPTIONS.items():
        for language, text in TEXTS.items():
            assert all(f"{option}=" in text or f"`{option}`" in text for option in options), (language, channel)


@both
def test_every_credential_is_taken_and_used(language: str, tmp_path: Path) -> None:
    text = TEXTS[language]
    kept = CredentialBook(SecretStr(json.dumps(book(text))))

    named = {channel.credential for account in accounts_of(cells(text), tmp_path) for channel in account.channels if channel.credential}
    behind = {kept.optional(name, "component") for name in kept.names()} - {""}
    assert named | behind == kept.names()
    ends = [kept.optional(name, field) for name in kept.names() for field in ("expires_at", "refresh_expires_at")]
    assert all(moment_of(end) for end in ends if end) and any(ends)


@both
async def test_every_cell_gets_as_far_as_the_network(language: str, tmp_path: Path) -> None:
    text = TEXTS[language]
    vault = Vault(CredentialBook(SecretStr(json.dumps(book(text)))))
    outcomes: dict[str, LookError] = {}
    async with serving(Reply(status=500)) as served, Door(retry_wait=0.0) as door:
        here = [re.sub(r"https?://[a-z0-9-]+\.example\.invalid(?::\d+)?", served.base_url, line) for line in cells(text)]
        for account in accounts_of(here, tmp_path):
            for channel in account.channels:
                asked = len(served.requests)
                outcomes[channel.key] = await failure(channel, account, door, vault, served.base_url)
                waits = isinstance(outcomes[channel.key], AuthError) or channel.adapter in UNASKED
                assert (len(served.requests) > asked) is not waits, channel.key

    for key, error in outcomes.items():
        # Only WeChat itself can bring the ticket of a component; nobody else is wanting anything that the page does not give.
        expected = Degraded if key.split()[0] in UNASKED else AuthError if "component_verify_ticket" in str(error) else TransportFault
        assert type(error) is expected, (key, error)
    assert sum(isinstance(error, AuthError) for error in outcomes.values()) == 1


async def failure(channel: Channel, account: Account, door: Door, vault: Vault, base_url: str) -> LookError:
    """Return how a look ends at a server that only ever fails."""
    kind: Any = ADAPTERS[channel.adapter]
    addresses = {name: base_url for name in ("base_url", "business_url") if name in kind.Settings.model_fields}
    pace = {name: 0.0 for name in ("spacing_seconds", "gather_seconds") if name in kind.Settings.model_fields}
    made = kind(kind.Settings(**addresses, **pace, timeout_seconds=5), door, vault)
    with pytest.raises(LookError) as caught:
        await made.look(account, channel, {}, NOW)
    return caught.value


@both
@pytest.mark.parametrize("number", range(len(fences(TEXTS["en"], "toml"))))
def test_every_settings_example_is_taken(language: str, number: int, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(fences(TEXTS[language], "toml")[number], encoding="utf-8")

    assert App(load(path), tables())


def test_an_example_with_a_mistake_would_not_be_taken(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[channels."douyin.gateway"]\nsigned = true\n', encoding="utf-8")

    with pytest.raises(Exception, match="signed_in"):
        App(load(path), tables())


# -- settings.toml ----------------------------------------------------------------------------------------------------------


def uncommented() -> str:
    """Return the examples at the end of settings.toml as what they would be without their marks."""
    lines = (ROOT / "settings.toml").read_text(encoding="utf-8").splitlines()
    return "\n".join(line.removeprefix("# ") for line in lines if re.match(r"# (?:\[[a-z]|[a-z_]+ = )", line))


def test_the_shipped_settings_show_every_knob_of_every_channel_at_its_default() -> None:
    channels = tomllib.loads(uncommented())["channels"]

    assert channels.keys() == ADAPTERS.keys()
    for name, table in channels.items():
        wishes = ADAPTERS[name].Settings()
        assert table.keys() >= own(name), name
        for key, value in table.items():
            told = tuple(value) if isinstance(value, list) else value
            assert told == getattr(wishes, key), f"{name}.{key}"
    assert channels["weibo.openapi"].keys() == ADAPTERS["weibo.openapi"].Settings.model_fields.keys()


def test_the_shipped_settings_show_the_rule_of_key_articles_at_its_defaults() -> None:
    assert tomllib.loads(uncommented())["rules"][MissingRepost.name] == MissingRepost().model_dump()


def test_the_shipped_settings_hold_without_their_marks(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(uncommented(), encoding="utf-8")

    settings = load(path)

    assert App(settings, tables())
    assert channel_settings(settings, "weibo.web", ADAPTERS["weibo.web"].Settings) == ADAPTERS["weibo.web"].Settings()


def test_every_knob_in_the_shipped_settings_says_why() -> None:
    knobs = [line for line in (ROOT / "settings.toml").read_text(encoding="utf-8").splitlines() if re.match(r"(?:# )?[a-z_]+ = ", line)]

    assert knobs and not [line for line in knobs if "  # " not in line.removeprefix("# ") and " # " not in line.removeprefix("# ")]


if __name__ == "__main__":
    for language in PAGES:
        for table in (figures(language), dialects(language)):
            print(*(f"| {' | '.join(row)} |" for row in table), "", sep="\n")
