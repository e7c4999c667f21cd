"""The frame that the three dashboards share: head, variables, links to each other, annotations, and the placing of panels on the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deploy.grafana.parts import BLUE, GRID, HELD, QUALIFIED, SOON, SOURCE, TROUBLE, UNDETERMINED, Json, Words

OVERVIEW, REPOSTS, HEALTH = "zhengwu-overview", "zhengwu-reposts", "zhengwu-health"
TITLES = {OVERVIEW: "总览", REPOSTS: "重要信息转载", HEALTH: "采集健康"}
CONSOLE = "http://127.0.0.1:8780"
"""Where the browser of a reader finds the console; `make.py --console` writes another."""

PLATFORMS: Mapping[str, str] = {"wechat": "微信", "weibo": "微博", "douyin": "抖音", "toutiao": "今日头条", "other": "其他"}
PLATFORM_WORDS: Words = {key: (text, BLUE) for key, text in PLATFORMS.items()}
PLATFORM_LINES: Words = dict(zip(PLATFORMS, zip(PLATFORMS.values(), (BLUE, SOON, HELD, QUALIFIED, UNDETERMINED), strict=True), strict=True))
"""The same where each platform is a line of its own."""

REGION_WORDS: Words = {"none": ("未填县区", "text"), "other": ("其他县区", "text")}
"""What the metrics say of accounts without a county, and of the counties beyond the largest 500."""

OF_PLATFORM = 'platform=~"$platform"'
OF_PLACE = f'{OF_PLATFORM},region=~"$region"'
OF_UNIT = f'{OF_PLACE},unit=~"$unit"'


def board(uid: str, about: str, panels: Sequence[Json], variables: Sequence[Json], notes: Sequence[Json] = (), **more: str) -> Json:
    """Put a dashboard together; `notes` are annotations beside those that every one has."""
    return {
        "uid": uid,
        "title": f"{TITLES[uid]} · 政务新媒体监测",
        "description": about,
        "tags": ["zhengwu"],
        "timezone": "Asia/Shanghai",
        "weekStart": "monday",
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": more.get("refresh", "1m"),
        "time": {"from": more.get("since", "now-7d"), "to": "now"},
        "timepicker": {},
        "fiscalYearStartMonth": 0,
        "links": [_to(other) for other in TITLES if other != uid],
        "annotations": {"list": [_own_notes(), *_annotations(), *notes]},
        "templating": {"list": [_data_source(), *variables]},
        "panels": placed(panels),
    }


def placed(panels: Sequence[Json]) -> list[Json]:
    """Number the panels and lay them out from left to right; one that does not fit beside the last begins a new line."""
    x = y = high = 0
    for number, panel in enumerate(panels, start=1):
        place = panel["gridPos"]
        if x + place["w"] > GRID:
            x, y, high = 0, y + high, 0
        panel["id"] = number
        panel["gridPos"] = {"x": x, "y": y, "w": place["w"], "h": place["h"]}
        x, high = x + place["w"], max(high, place["h"])
    return list(panels)


def _to(uid: str) -> Json:
    return {
        "title": TITLES[uid],
        "type": "link",
        "url": f"/d/{uid}",
        "icon": "dashboard",
        "tooltip": f"打开“{TITLES[uid]}”，时间范围和筛选条件不变",
        "tags": [],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
    }


# -- variables ---------------------------------------------------------------------------------------------------------------


def _data_source() -> Json:
    return {
        "name": "datasource",
        "label": "数据源",
        "type": "datasource",
        "query": "prometheus",
        "regex": "",
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "refresh": 1,
        "skipUrlSync": False,
        "options": [],
        "current": {"selected": False, "text": "Prometheus", "value": "zhengwu-prometheus"},
    }


def asked(name: str, label: str, query: str, *, several: bool = True, regex: str = "", sort: int = 1) -> Json:
    """A variable whose values Prometheus knows; where several may be chosen all are at first. Asked again with the time range."""
    variable: Json = {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "regex": regex,
        "hide": 0,
        "multi": several,
        "includeAll": several,
        "refresh": 2,
        "sort": sort,
        "skipUrlSync": False,
        "options": [],
    }
    return variable | (_ALL if several else {})


def listed(name: str, label: str, words: Mapping[str, str], chosen: Sequence[str] = ()) -> Json:
    """A variable with values of our own, shown in Chinese; without a choice all are chosen."""
    variable: Json = {
        "name": name,
        "label": label,
        "type": "custom",
        "query": ",".join(f"{text} : {value}" for value, text in words.items()),
        "hide": 0,
        "multi": True,
        "includeAll": True,
        "skipUrlSync": False,
        "options": [{"text": text, "value": value, "selected": value in chosen} for value, text in words.items()],
        **_ALL,
    }
    if chosen:
        variable["current"] = {"selected": True, "text": [words[each] for each in chosen], "value": list(chosen)}
    return variable


_ALL: Json = {"allValue": ".*", "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}


def constant(name: str, label: str, value: str) -> Json:
    """A hidden variable. It is not taken from an address: a link to a dashboard must not lead its reader to another console."""
    chosen = {"selected": True, "text": value, "value": value}
    return {
        "name": name,
        "label": label,
        "type": "constant",
        "query": value,
        "hide": 2,
        "skipUrlSync": True,
        "options": [chosen],
        "current": chosen,
    }


def platform() -> Json:
    return listed("platform", "平台", PLATFORMS)


def region(label: str = "县区") -> Json:
    return asked("region", label, f"label_values(zhengwu_accounts{{{OF_PLATFORM}}}, region)")


def unit(label: str) -> Json:
    return asked("unit", label, f"label_values(zhengwu_account_info{{{OF_PLACE}}}, unit)")


# -- annotations -------------------------------------------------------------------------------------------------------------


def _own_notes() -> Json:
    """What people write onto a graph by hand; every dashboard of Grafana has it."""
    return {
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": BLUE,
        "name": "人工标注",
        "type": "dashboard",
    }


def _annotations() -> list[Json]:
    # Grafana marks values above zero only, so a source that is well leaves no mark.
    started = 'zhengwu_build_info * on (instance) group_left () process_start_time_seconds{job="zhengwu"} * 1000'
    return [
        _note("程序启动与升级", BLUE, started, title="程序启动 {{version}}", at_value=True),
        _note("采集异常", TROUBLE, 'zhengwu_source_state{state="frozen"}', title="采集异常", text="{{source}}：期间不作判定"),
    ]


def due_note() -> Json:
    due = 'zhengwu_article_due_timestamp_seconds{article="$article"} * 1000'
    return _note("转载截止", TROUBLE, due, title="转载截止", at_value=True)


def _note(name: str, colour: str, expr: str, *, title: str, text: str = "", at_value: bool = False) -> Json:
    return {
        "name": name,
        "datasource": SOURCE,
        "enable": True,
        "iconColor": colour,
        "expr": expr,
        "step": "60s",
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": "",
        "useValueForTime": at_value,
    }
