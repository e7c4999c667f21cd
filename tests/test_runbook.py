"""docs/runbook.md: every alert has its section, and what a section tells to type, set or look for exists."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from alert_rules import ALERTS, RUNBOOK_PATH, every_alert
from tools import ROOT
from typer.core import TyperGroup
from typer.main import get_command

import daemon
from monitor.settings import PREFIX, Settings

RUNBOOK = (ROOT / RUNBOOK_PATH).read_text(encoding="utf-8")
SECTIONS = {found[1]: found[2] for found in re.finditer(r"^### (\S+)\n(.*?)(?=^##|\Z)", RUNBOOK, re.DOTALL | re.MULTILINE)}
SECTION_PARTS = ("含义", "影响", "查看", "处理", "结束")


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    headings = re.findall(r"^### (.+)$", RUNBOOK, re.MULTILINE)

    assert len(headings) == len(set(headings))
    assert set(SECTIONS) == set(headings) == set(ALERTS)


@every_alert
def test_every_section_begins_with_the_alerts_words_and_has_all_parts(alert: str) -> None:
    words = re.split(r"（\{\{|\{\{", ALERTS[alert]["annotations"]["summary"])[0]
    lines = SECTIONS[alert].strip().splitlines()

    parts = [found[1] for line in lines if (found := re.match(r"- \*\*(\w+)\*\*：\S", line))]

    assert lines[0].startswith("**") and (words in lines[0] or lines[0].strip("*") in words)
    assert parts == list(SECTION_PARTS)


def commands() -> list[list[str]]:
    return [found.split() for found in re.findall(r"`python daemon\.py ([^`]+)`", RUNBOOK)]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_of_ours_that_is_named_exists_with_its_options(words: list[str]) -> None:
    command: Any = get_command(daemon.app)
    while isinstance(command, TyperGroup) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]

    known = {option for parameter in command.params for option in parameter.opts}

    assert command.name != get_command(daemon.app).name, words
    assert [word for word in words if word.startswith("--") and word not in known] == []
    # Whatever else stands there is an argument, and the command takes one.
    assert all(word.startswith("--") for word in words[:1]) or any(each.param_type_name == "argument" for each in command.params)


def test_every_setting_that_is_named_is_one() -> None:
    named = set(re.findall(r"\bZHENGWU_\w+", RUNBOOK))

    for variable in named:
        section, _, key = variable.removeprefix(PREFIX).lower().partition("__")
        assert section in Settings.model_fields, variable
        model = Settings.model_fields[section].annotation
        assert not key or key in model.model_fields, variable  # type: ignore[union-attr]


def test_every_line_of_the_log_that_is_quoted_is_logged() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "monitor").rglob("*.py"))

    quoted = [text for text in re.findall(r"`(?!docker)([a-z][a-z ,]+)`", RUNBOOK) if text.count(" ") >= 3]

    assert quoted
    assert [text for text in quoted if f'"{text}"' not in source] == []


def test_every_page_that_is_linked_is_there_and_every_service_named_is_in_compose() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    linked = re.findall(r"\]\(([^)#]+)\)", RUNBOOK)

    named = re.findall(r"docker compose (?:logs --since 1h|ps|up -d|restart|run --rm) ?(\w+)?`", RUNBOOK)

    assert [page for page in linked if not (ROOT / "docs" / page).exists()] == []
    assert {service for service in named if service} <= set(services)
