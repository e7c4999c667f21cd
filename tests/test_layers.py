"""The arrows of the house, read from the imports: who may know whom, and what has one owner."""

from __future__ import annotations

import ast
import fnmatch
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("monitor", "adapters", "rules", "demo")
FILES = sorted(path.relative_to(ROOT).as_posix() for part in PARTS for path in (ROOT / part).rglob("*.py"))
WORLD = [
    *("asyncio*", "aiohttp*", "motor*", "pymongo*", "os", "os.*", "time", "random", "socket", "pathlib"),
    *("subprocess", "threading", "tempfile"),
]
SHARED_READING = ("adapters.channel", "adapters.http", "adapters.reading*", "adapters.unfolding")

FORBIDDEN = {
    "the core knows no channel, no rule and no demo": ("monitor/*", ["adapters*", "rules*", "demo*", "daemon"], []),
    "an adapter knows the nouns and seams, and no other channel": (
        "adapters/[!_]*",
        ["monitor*", "adapters*", "rules*", "demo*", "daemon"],
        ["monitor.model", "monitor.errors", "monitor.ports", "monitor.matching*", *SHARED_READING],
    ),
    "a rule knows the nouns and seams": (
        "rules/*",
        ["monitor*", "adapters*", "demo*", "daemon"],
        ["monitor.model", "monitor.errors", "monitor.ports", "monitor.matching*", "monitor.workdays"],
    ),
    "a rule touches nothing of the world": ("rules/*", WORLD, []),
    **{
        f"{part} knows neither the console nor the commands": (f"monitor/{part}*", ["monitor.web*", "monitor.cli*", "monitor.app"], [])
        for part in ("access/", "alerting", "matching/", "metrics/", "notify/", "reports/", "roster/", "store/", "telling/")
    },
    "the console and the commands know nothing of each other": ("monitor/web/*", ["monitor.cli*"], []),
    "nobody makes HTTP requests behind our back": ("*", ["requests*", "httpx*", "urllib.request", "http.client", "urllib3*"], []),
}
PURE = (
    *("after", "alerting", "carrying", "decisions", "freshness", "inspection", "life", "merging", "schedule", "sight", "tasks"),
    *("urgency", "wording", "workdays", "identity/*", "matching/*", "model/*", "access/budgets", "access/pauses"),
    *("metrics/exposition", "metrics/gauges", "metrics/rollup", "metrics/table"),
    *("notify/digest_*", "notify/facts", "notify/heaps", "notify/items", "notify/letters", "notify/paper", "notify/phrases"),
    *("notify/report_words", "notify/wire", "reports/burden", "reports/cases", "reports/courses", "reports/digests", "reports/leading"),
    *("telling/episodes", "telling/hours", "telling/mailboxes", "telling/marks", "telling/reasons", "telling/records", "telling/trail"),
)
"""What takes values and `now`, and touches nothing."""
SHELL = [*WORLD, "monitor.store*", "monitor.app", "monitor.telling.correspondence", "monitor.settings"]

OWNERS = {
    "aiohttp": (["adapters/http.py"], ["monitor/web/*", "monitor/app.py", "demo/*"]),
    "motor": (["monitor/store/connection.py"], []),
    "pymongo": (["monitor/store/*"], []),
    "bson": (["monitor/store/*"], []),
    "chinese_calendar": (["monitor/workdays.py"], []),
    "prometheus_client": (["monitor/metrics/registry.py"], []),
    "css_inline": (["monitor/notify/pages.py"], []),
    "aiosmtplib": (["monitor/notify/mail.py"], []),
    "smtplib": (["monitor/notify/mail.py"], []),
    "apprise": (["monitor/notify/group_plugins.py"], []),
    "itsdangerous": (["monitor/telling/links.py"], []),
}
"""A library, its one importer (the store is one, in several files), and who may use its server half (and its errors) only."""

CALLS = {
    "the environment": ({"os.environ", "os.getenv", "os.putenv"}, ["monitor/settings.py", "demo/*"]),
    "the time": (
        {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.monotonic", "time.perf_counter"},
        ["monitor/clock.py"],
    ),
}


def nodes(file: str) -> Iterator[ast.AST]:
    return ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))


def imports(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Return the full names imported, wherever in a file: `from a import b` is `a.b` where that is a module of ours, else `a`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import, which this test cannot follow"
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                is_module = any((ROOT / (deeper.replace(".", "/") + ending)).exists() for ending in (".py", "/__init__.py"))
                yield deeper if is_module or deeper == "aiohttp.web" else str(node.module)


def touches(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Return every `name.attribute` that is spoken of, as an attribute or imported by name."""
    for node in nodes:
        if isinstance(node, ast.Attribute):
            yield ".".join(ast.unparse(node).split(".")[-2:])
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


@pytest.mark.parametrize("where,banned,allowed", FORBIDDEN.values(), ids=FORBIDDEN)
def test_no_arrow_points_back(where: str, banned: list[str], allowed: list[str]) -> None:
    wrong = [(file, name) for file in FILES if fnmatch.fnmatch(file, where) for name in imports(nodes(file)) if matches(name, banned)]

    assert [(file, name) for file, name in wrong if not matches(name, allowed)] == []


@pytest.mark.parametrize("part", PURE)
def test_the_pure_core_touches_nothing_of_the_world(part: str) -> None:
    files = [file for file in FILES if fnmatch.fnmatch(file, f"monitor/{part}.py")]

    assert files
    assert [(file, name) for file in files for name in imports(nodes(file)) if matches(name, SHELL)] == []


def test_nobody_looks_into_the_store() -> None:
    outside = [file for file in FILES if not file.startswith("monitor/store/")]

    assert [(file, name) for file in outside for name in imports(nodes(file)) if name.startswith("monitor.store.")] == []


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_has_one_importer(library: str) -> None:
    owners, served = OWNERS[library]
    importers = {(file, name) for file in FILES for name in imports(nodes(file)) if name.split(".")[0] == library}

    assert any(matches(file, owners) for file, _ in importers) or library in ("bson", "smtplib")
    others = {(file, name) for file, name in importers if not matches(file, owners)}
    half = ("aiohttp.web", "aiohttp.http")
    assert {(file, name) for file, name in others if not (name.startswith(half) and matches(file, served))} == set()


@pytest.mark.parametrize("what", CALLS)
def test_the_outside_world_is_read_in_one_place(what: str) -> None:
    words, owners = CALLS[what]

    assert {(file, word) for file in FILES for word in touches(nodes(file)) if word in words and not matches(file, owners)} == set()


def test_the_files_read_here_are_all_there_are() -> None:
    assert {"monitor/model/base.py", "monitor/store/connection.py", "adapters/http.py", "rules/idle.py", "demo/run.py"} <= set(FILES)


def test_the_wiring_alone_knows_both_tables() -> None:
    assert {"adapters", "rules"} <= {name.split(".")[0] for name in imports(nodes("daemon.py"))}


SMUGGLED = """
import os.path as p, time
from datetime import datetime
from monitor import store
from monitor.store import Store
from aiohttp import web, ClientSession
def late():
    import adapters.feed
    return datetime.now(), os.environ["X"], p
"""


def test_nothing_slips_past_the_reader() -> None:
    read = list(ast.walk(ast.parse(SMUGGLED)))

    found = {"os.path", "time", "datetime", "monitor.store", "aiohttp.web", "aiohttp", "adapters.feed"}
    assert set(imports(iter(read))) == found
    assert {"datetime.now", "os.environ"} <= set(touches(iter(read)))
