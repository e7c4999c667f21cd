"""The readmes and the design record: links lead somewhere, and commands, verdicts, rungs and examples are those of the code."""

from __future__ import annotations

import re
from typing import Any

import pytest
from documents import ROOT, rows
from typer.main import get_command

import daemon
from adapters import ADAPTERS
from monitor.matching.grading import Reason
from monitor.model import RepostVerdict, Role
from monitor.notify.robots import read_robots
from rules.profiles import GUOBAN_2019

READMES = ("README.md", "README.zh-CN.md")
UNLISTED = frozenset({"--help", "--settings"})
"""Options that every command has."""
TOLD_WHOLE = frozenset(
    {
        *("match", "status articles", "status alerts", "status trail", "release", "report"),
        *("acknowledge", "silence", "unsilence", "dismiss", "retry-address"),
    }
)
"""Commands whose row in the readmes names every option."""
LADDER = {
    "en": {Role.OPERATOR: "operator", Role.COUNTY: "county clerk", Role.CLERK: "city clerk"},
    "zh": {Role.OPERATOR: "信息员", Role.COUNTY: "县区", Role.CLERK: "市级"},
}
LINKED = (
    *READMES,
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "deploy/README.md",
    "deploy/grafana/README.md",
    "docs/design.md",
    "docs/platforms.md",
    "docs/platforms.zh-CN.md",
    "docs/runbook.md",
    "examples/README.md",
)
LINKLESS = ("examples/README.md", "CONTRIBUTING.md", "deploy/grafana/README.md", "docs/design.md")
"""Documents that need not name another by a link."""

both = pytest.mark.parametrize("language", LADDER)


@pytest.mark.parametrize("name", LINKED)
def test_every_link_between_our_documents_leads_somewhere(name: str) -> None:
    page = ROOT / name

    targets = [target for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")) if "://" not in target]

    assert targets or name in LINKLESS
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize(("name", "target"), [("README.md", "docs/platforms.md"), ("README.zh-CN.md", "docs/platforms.zh-CN.md")])
def test_the_readmes_lead_to_the_page_and_name_the_commands_that_take_what_it_describes(name: str, target: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert f"({target})" in text
    assert "`resolve" in text and "import export" in text
    assert all(f"`{channel}`" in text for channel in ADAPTERS)


@pytest.mark.parametrize("name", READMES)
def test_the_readmes_list_every_command_with_its_options(name: str) -> None:
    told = {row[0] for row in rows((ROOT / name).read_text(encoding="utf-8").replace("\\|", "/"))}

    known: Any = get_command(daemon.app)
    listings = [(f"status {listing}", made) for listing, made in known.commands["status"].commands.items()]
    for command, made in [*known.commands.items(), *listings]:
        cells = [cell for cell in told if re.match(rf"`{command}\b", cell)]
        assert cells, command
        if command in TOLD_WHOLE:
            options = [option for param in made.params for option in param.opts if option.startswith("--") and option not in UNLISTED]
            assert any(all(option in cell for option in options) for cell in cells), (command, options)


@pytest.mark.parametrize("name", READMES)
def test_the_readmes_name_every_verdict_and_every_reason_of_a_repost(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    told = {row[0] for row in rows(text)}
    assert told >= {verdict.label for verdict in RepostVerdict}
    assert [reason.label for reason in Reason if reason.label not in text] == []


@pytest.mark.parametrize("name", READMES)
def test_the_readmes_name_the_console_s_pages_and_the_settings_of_key_articles(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert {"/", "/articles"} <= {row[0].strip("`") for row in rows(text)}
    assert all(word in text for word in ("`[matching]`", "`[matching.form]`", "`[rules.missing_repost]`", "window_days", "tell_irregular"))


def test_the_design_names_only_modules_that_there_are() -> None:
    cells = [row[0] for row in rows((ROOT / "docs" / "design.md").read_text(encoding="utf-8")) if row[0].startswith("`monitor/")]

    named = {name.strip(" …") for cell in cells for name in cell.strip("`").removeprefix("monitor/").split(",")}
    assert named and {name for name in named if not list((ROOT / "monitor").glob(f"{name}*"))} == set()


@both
def test_the_readmes_say_of_every_rung_of_the_default_ladder_whom_it_is_told_to(language: str) -> None:
    text, names = (ROOT / READMES[language == "zh"]).read_text(encoding="utf-8"), LADDER[language]
    ladder = [row for row in rows(text) if re.match(r"\d+ (?:days|天)", row[0])]

    told = {int(days): row for row in ladder for days in re.findall(r"(\d+) (?:days|天)", row[0])}
    assert told.keys() == {rung.days for rung in GUOBAN_2019.rungs}
    for rung in GUOBAN_2019.rungs:
        _, subject, people = told[rung.days]
        assert f"【{rung.labels[0]}】" in subject
        assert people in ("the same", "同上") or {role for role, name in names.items() if name in people} == set(rung.tells), rung.days


@pytest.mark.parametrize("name", READMES)
def test_the_robots_of_the_readmes_are_taken(name: str) -> None:
    shown = re.search(r"ZHENGWU_NOTIFY__ROBOTS='(\[.*?\])'", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)

    assert shown and {robot.role for robot in read_robots(shown[1])} == {"clerk", "sysadmin"}
