"""The profiles we ship: ladders of cities and years, as handbook 4.1 and 4.2 give them. Labels are kept as each place writes them."""

from __future__ import annotations

from monitor.model import Role, Severity
from rules.idle import Idle, Rung

TWO_WEEKS = 14
"""国办秘函〔2019〕19号: no update within the two weeks before the point of monitoring fails an account."""

THURSDAY = 3

OPERATOR = (Role.OPERATOR,)
COUNTY = (Role.OPERATOR, Role.COUNTY)
EVERYBODY = (Role.OPERATOR, Role.COUNTY, Role.CLERK)


def _warns(days: int, *labels: str, tells: tuple[Role, ...] = OPERATOR) -> Rung:
    return Rung(days=days, labels=labels, severity=Severity.WARNING, tells=tells)


def _fails(days: int, *labels: str) -> Rung:
    return Rung(days=days, labels=labels, severity=Severity.ACCUSATION, tells=EVERYBODY)


GUOBAN_2019 = Idle(
    profile="guoban-2019",
    title="国办2019（14天）",
    line=TWO_WEEKS,
    rungs=(
        Rung(days=7, labels=("更新提醒",), severity=Severity.NOTICE, tells=OPERATOR),
        _warns(10, "预警", "还有{left}天到期"),
        _warns(13, "预警", "明日到期", tells=COUNTY),
        _fails(TWO_WEEKS, "内容不更新"),
        # The product owner asks for these two; they add a label and leave the line where it is.
        _fails(30, "内容不更新", "近一个月未更新"),
        _fails(60, "内容不更新", "近两个月未更新", "僵尸账号"),
    ),
)

ANKANG_2020 = Idle(
    profile="ankang-2020",
    title="安康2020（14天，僵尸微信/僵尸微博）",
    line=TWO_WEEKS,
    rungs=(_warns(10, "预警", "还有{left}天到期"), _fails(TWO_WEEKS, "僵尸{platform}")),
    # The bulletin classes an account without any post with the zombies; 无内容 stands in its date cell.
    never_labels=("僵尸{platform}",),
)

LUAN_2020Q4 = Idle(
    profile="luan-2020q4",
    title="六安2020年四季度（14/30/60/90天）",
    line=TWO_WEEKS,
    rungs=(
        _warns(10, "预警", "还有{left}天到期"),
        _fails(TWO_WEEKS, "内容不更新"),
        _fails(30, "近一个月未更新"),
        _fails(60, "近两个月未更新"),
        _fails(90, "僵尸帐号"),
    ),
    never_labels=("僵尸帐号",),
)

FUYANG_MONTHLY = Idle(
    profile="fuyang-monthly",
    title="阜阳月度（7个工作日）",
    unit="working_days",
    # More than seven working days fail: the eighth does.
    line=8,
    rungs=(_warns(5, "预警", "还有{left}个工作日到期"), _fails(8, "超期")),
    never_labels=("超期", "无内容"),
    update_classes=True,
)

GANSU_WEEKLY = Idle(
    profile="gansu-weekly",
    title="甘肃每周（周四预警，14天）",
    line=TWO_WEEKS,
    rungs=(
        # Every Thursday whoever is idle for more than seven days.
        Rung(days=8, labels=("更新预警",), severity=Severity.WARNING, tells=OPERATOR, weekday=THURSDAY),
        _fails(TWO_WEEKS, "内容不更新"),
    ),
)

GUIZHOU_2025 = Idle(
    profile="guizhou-2025",
    title="贵州2025（14天，90天列入僵尸清单）",
    line=TWO_WEEKS,
    rungs=(_warns(10, "预警", "还有{left}天到期"), _fails(TWO_WEEKS, "内容不更新"), _fails(90, "内容不更新", "僵尸清单")),
)
