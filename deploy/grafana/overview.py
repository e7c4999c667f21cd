"""总览: what the clerk and the leader open first. Who failed, who soon will, whom we cannot judge; where, and how it went."""

from __future__ import annotations

from deploy.grafana.boards import (
    OF_PLACE,
    OF_PLATFORM,
    OF_UNIT,
    OVERVIEW,
    PLATFORM_LINES,
    PLATFORM_WORDS,
    REGION_WORDS,
    board,
    constant,
    listed,
    platform,
    region,
    unit,
)
from deploy.grafana.parts import (
    AGO,
    BLUE,
    FAILED,
    HELD,
    MOMENT,
    QUALIFIED,
    RATIO,
    SOON,
    UNDETERMINED,
    Column,
    Json,
    Query,
    Words,
    bars,
    course,
    link,
    row,
    stacks,
    stat,
    table,
)

VERDICTS = {"failed": "不合格", "undetermined": "无法判定", "qualified": "合格"}
RANKED = {3: "failed", 2: "undetermined", 1: "qualified"}
RANKS: Words = {"3": ("不合格", FAILED), "2": ("无法判定", UNDETERMINED), "1": ("合格", QUALIFIED)}
IDLE = {
    "0-6": "0–6天",
    "7-9": "7–9天",
    "10-12": "10–12天",
    "13": "13天",
    "14-29": "14–29天",
    "30-59": "30–59天",
    "60+": "60天及以上",
    "never": "从未发布",
    "unknown": "无法得知",
}
SHANGHAI = 8 * 3600
DAY = 86_400
SOON_DAYS = 3
NEVER_DAYS = 1_000_000
"""Stands for no day at all: who never published comes first among those that failed, as in the console."""

INFO = f"zhengwu_account_info{{{OF_UNIT}}}"
BASE = f'zhengwu_accounts{{{OF_PLACE},verdict=~"qualified|failed"}}'
LISTED = f'zhengwu_account_verdict{{{OF_PLATFORM},verdict=~"$verdict"}}'
SOON_ONES = f"(zhengwu_account_left_until_line{{{OF_PLATFORM}}} <= {SOON_DAYS})"
NAMES = "account, name, unit, region, platform"


def counted(verdict: str) -> str:
    return f'zhengwu_accounts{{{OF_PLACE},verdict="{verdict}"}}'


def days_since(moment: str) -> str:
    """Calendar days in Shanghai between a moment and now: the ladder counts dates, not spans of 24 hours."""
    here = f"(time() + {SHANGHAI})"
    # PromQL's floor() takes no scalar.
    return f"({here} - {here} % {DAY}) / {DAY} - floor(({moment} + {SHANGHAI}) / {DAY})"


def make(console: str) -> Json:
    return board(
        OVERVIEW,
        "政务新媒体账号更新情况：不合格、将超期、无法判定的账号及其变化。供办事人员和领导查看，数字与监测台一致。",
        [*_today(), *_course(), *_where(), *_accounts()],
        [
            platform(),
            region(),
            unit("单位（只筛选账号列表）"),
            listed("verdict", "列表显示", VERDICTS, ("failed", "undetermined")),
            constant("console", "监测台地址", console),
        ],
        since="now-30d",
        refresh="5m",
    )


def _today() -> list[Json]:
    def opened(verdict: str) -> list[Json]:
        return [link("在监测台打开名单", f"${{console:raw}}/?verdict={verdict}")]

    ratio = f"sum({counted('qualified')}) / sum({BASE})"
    held = 'sum(zhengwu_alerts{stage="held"}) or vector(0)'
    return [
        stat(
            "不合格",
            f"sum({counted('failed')})",
            steps=((None, QUALIFIED), (1, FAILED)),
            links=opened("failed"),
            note="今日判定为不合格的账号数。",
        ),
        stat(
            "3天内将超期",
            f"sum(zhengwu_accounts_soon{{{OF_PLACE}}})",
            steps=((None, QUALIFIED), (1, SOON)),
            links=opened("soon"),
            note="目前合格，但3天内不发布就会超期的账号数。",
        ),
        stat(
            "无法判定",
            f"sum({counted('undetermined')})",
            steps=((None, UNDETERMINED),),
            links=opened("undetermined"),
            note="没有看全、不能下结论的账号数。不计入不合格，也不计入合格率，请人工核查。",
        ),
        stat("合格", f"sum({counted('qualified')})", steps=((None, QUALIFIED),), links=opened("qualified")),
        stat("合格率", ratio, RATIO, ((None, BLUE),), decimals=1, note="合格 ÷（合格 + 不合格）。无法判定的不计入。"),
        stat("应判定账号", f'sum(zhengwu_accounts{{{OF_PLACE},verdict!="excluded"}})', note="不含已注销、报备和其他不作判定的账号。"),
        stat("暂缓待核实", held, steps=((None, BLUE), (1, HELD)), note="一次新增过多、暂缓通知、等待人工核实放行的问题数（全部平台）。"),
        stat("判定时间", "max(zhengwu_rollup_timestamp_seconds) * 1000", AGO, graph="none", note="以上数字是什么时候判定的。"),
    ]


def _course() -> list[Json]:
    by_platform = f"sum by (platform) ({counted('qualified')}) / sum by (platform) ({BASE})"
    return [
        row("变化"),
        course(
            "合格率变化",
            Query(f"sum({counted('qualified')}) / sum({BASE})", "全部", QUALIFIED),
            unit=RATIO,
            max=1,
            decimals=1,
            width=8,
            note="合格 ÷（合格 + 不合格），按所选平台和县区计算。",
        ),
        course("各平台合格率", Query(by_platform, "{{platform}}"), unit=RATIO, max=1, decimals=1, width=8, words=PLATFORM_LINES),
        course(
            "问题账号数变化",
            Query(f"sum({counted('failed')})", "不合格", FAILED),
            Query(f"sum(zhengwu_accounts_soon{{{OF_PLACE}}})", "3天内将超期", SOON),
            Query(f"sum({counted('undetermined')})", "无法判定", UNDETERMINED),
            width=8,
            min=0,
            decimals=0,
        ),
    ]


def _where() -> list[Json]:
    columns = [
        Column("A", "不合格", steps=((None, FAILED),)),
        Column("C", "无法判定", steps=((None, UNDETERMINED),)),
        Column("D", "合格", steps=((None, QUALIFIED),)),
    ]
    kept = "${__url_time_range}&${datasource:queryparam}&${platform:queryparam}&${verdict:queryparam}"
    here = [link("只看这个县区", f"/d/{OVERVIEW}?{kept}&var-region=${{__value.raw:percentencode}}")]
    idle = [
        Query(f'sum(zhengwu_accounts_idle{{{OF_PLACE},days="{key}"}}) or vector(0)', text, _idle_colour(key))
        for key, text in IDLE.items()
    ]
    return [
        row("平台与县区"),
        stacks("按平台", _by("platform"), Column("platform", "平台", words=PLATFORM_WORDS), columns, width=7, height=10),
        table(
            "按县区",
            _by("region") | {"E": f"sum by (region) ({counted('qualified')}) / sum by (region) ({BASE})"},
            "region",
            [
                Column("region", "县区", links=here, words=REGION_WORDS, plain=True),
                Column("A", "不合格", steps=((None, QUALIFIED), (1, FAILED)), width=70),
                Column("B", "将超期", steps=((None, QUALIFIED), (1, SOON)), width=70),
                Column("C", "无法判定", steps=((None, UNDETERMINED),), width=80),
                Column("D", "合格", width=60),
                Column("E", "合格率", RATIO, steps=((None, BLUE),), bar=1, decimals=1),
            ],
            width=10,
            height=10,
            sort=("-不合格", "-将超期"),
            note="问题最多的县区在前。点击县区名称只看该县区。",
        ),
        bars("未更新天数分布", *idle, width=7, height=10, note="应判定账号距最近一次更新的天数。"),
    ]


def _by(label: str) -> dict[str, str]:
    return {
        "A": f"sum by ({label}) ({counted('failed')})",
        "B": f"sum by ({label}) (zhengwu_accounts_soon{{{OF_PLACE}}})",
        "C": f"sum by ({label}) ({counted('undetermined')})",
        "D": f"sum by ({label}) ({counted('qualified')})",
    }


def _idle_colour(days: str) -> str:
    # Days alone are no verdict, so none of them is red.
    return UNDETERMINED if days == "unknown" else SOON if days in ("10-12", "13") else BLUE


def _accounts() -> list[Json]:
    # A number for each verdict, so that the worst can be sorted to the top.
    ranked = " or ".join(f'{rank} * ({LISTED} and zhengwu_account_verdict{{verdict="{verdict}"}})' for rank, verdict in RANKED.items())
    return [
        row("账号"),
        table(
            "账号列表（问题最重的在前）",
            {"A": f"max by ({NAMES}) ({INFO} * on (instance, account) group_left () ({ranked}))"} | _dates(LISTED),
            "account",
            [*_who(), Column("A", "判定", words=RANKS, width=80), *_dated()],
            height=14,
            sort=("-判定", "-未更新天数"),
            none="—",
            note="在“列表显示”中选择看哪些账号。天数按自然日计（北京时间）；点击账号名称到监测台看依据。",
        ),
        table(
            "3天内将超期的账号",
            {"A": f"max by ({NAMES}) ({INFO} * on (instance, account) group_left () {SOON_ONES})"} | _dates(SOON_ONES),
            "account",
            [*_who(), Column("A", "剩余天数", steps=((None, SOON),), width=80), *_dated()],
            height=10,
            sort=("剩余天数",),
            none="—",
            note="目前合格。在此之前发布一次即可，不会列入不合格。",
        ),
    ]


def _dates(chosen: str) -> dict[str, str]:
    """Return what else is known of the chosen accounts, as series by account alone: a label shown twice would make two columns."""

    def of(expr: str) -> str:
        return f"max by (account) ({expr} and on (instance, account) {chosen} and on (instance, account) {INFO})"

    posted = of(f"zhengwu_account_last_post_timestamp_seconds{{{OF_PLATFORM}}}")
    looked = of(f"zhengwu_account_last_good_look_timestamp_seconds{{{OF_PLATFORM}}}")
    return {"B": f"{_never(chosen)} or {days_since(posted)}", "C": f"{posted} * 1000", "D": f"{looked} * 1000"}


def _never(chosen: str) -> str:
    """Return a number that sorts above all days for those of the chosen that failed without ever having published."""
    failed = f'({chosen}) and on (instance, account) zhengwu_account_verdict{{verdict="failed"}}'
    silent = f"{failed} unless on (instance, account) zhengwu_account_last_post_timestamp_seconds"
    return f"{NEVER_DAYS} * max by (account) (({silent} and on (instance, account) {INFO}) ^ 0)"


def _who() -> list[Column]:
    evidence = [link("在监测台查看依据", "${console:raw}/?q=${__data.fields.account:percentencode}")]
    return [
        Column("name", "账号名称", links=evidence, width=180),
        Column("unit", "主办单位"),
        Column("region", "县区", width=90, words=REGION_WORDS, plain=True),
        Column("platform", "平台", words={key: (text, UNDETERMINED) for key, (text, _) in PLATFORM_WORDS.items()}, width=80),
    ]


def _dated() -> list[Column]:
    return [
        Column("B", "未更新天数", width=100, decimals=0, words={str(NEVER_DAYS): ("从未发布", "text")}, plain=True),
        Column("C", "最近更新", MOMENT, width=140),
        Column("D", "最近看全", AGO, width=110),
        Column("account", "标识码", width=160),
    ]
