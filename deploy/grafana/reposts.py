"""重要信息转载: one key article after the other. How far it has been reposted against its deadline, and who is missing."""

from __future__ import annotations

from deploy.grafana.boards import OF_UNIT, PLATFORM_WORDS, REGION_WORDS, REPOSTS, asked, board, constant, due_note, platform, region, unit
from deploy.grafana.parts import (
    AGO,
    BLUE,
    FAILED,
    PALE,
    QUALIFIED,
    RATIO,
    SOON,
    UNDETERMINED,
    Column,
    Json,
    Query,
    bars,
    course,
    link,
    row,
    stat,
    table,
)

VERDICTS = {
    "done": ("已转载", QUALIFIED),
    "irregular": ("转载不规范", SOON),
    "late": ("转载不及时", PALE),
    "missing": ("未转载", FAILED),
    "undetermined": ("无法判定", UNDETERMINED),
    "not_yet": ("未到截止", BLUE),
}
OWED = "done|irregular|late|missing|undetermined|not_yet"
MISSING = f'zhengwu_repost_missing_info{{article="$article",{OF_UNIT}}}'
MISSING_ANY = f"zhengwu_repost_missing_info{{{OF_UNIT}}}"

SHORT_MOMENT = "time:MM-DD HH:mm"
"""Of articles of these months the year is known, and the title needs the room."""

TITLE_OF = "zhengwu_article_published_timestamp_seconds * on (instance, article) group_left (title) zhengwu_article_info"
# Labels come in alphabetical order; a quote inside a title is escaped.
ID_AND_TITLE = r'/article="(?<value>[^"]+)".*title="(?<text>(?:[^"\\]|\\.)*)"/'


def make(console: str) -> Json:
    return board(
        REPOSTS,
        "每篇重要信息的转载进度、转载率和未转载名单。应转载账号只含文字信息类（微信、微博、今日头条）。",
        [*_article(), *_missing(), *_all()],
        [
            asked("article", "重要信息", f"query_result(sort_desc({TITLE_OF}))", several=False, regex=ID_AND_TITLE, sort=0),
            platform() | {"label": "平台（只筛选名单）"},
            region("县区（只筛选名单）"),
            unit("单位（只筛选名单）"),
            constant("console", "监测台地址", console),
        ],
        [due_note()],
    )


def of(verdicts: str) -> str:
    return f'sum(zhengwu_reposts{{article="$article",verdict=~"{verdicts}"}})'


def _article() -> list[Json]:
    ratio = 'max(zhengwu:repost:ratio{article="$article"})'
    strict = 'max(zhengwu:repost:strict_ratio{article="$article"})'
    page = [link("在监测台打开这篇重要信息", "${console:raw}/articles/${article:percentencode}")]
    return [
        stat("应转载账号", of(OWED), links=page, width=4),
        stat("已转载", of("done|irregular|late"), steps=((None, QUALIFIED),), width=4, note="含不规范和不及时的。"),
        stat("未转载", of("missing"), steps=((None, QUALIFIED), (1, FAILED)), width=4, links=page, note="截止后仍未检测到转载的账号数。"),
        stat(
            "转载率",
            ratio,
            RATIO,
            none="尚无结果",
            decimals=1,
            width=4,
            note="已转载（含不规范、不及时）÷ 应判定。未到截止和无法判定的不计入。",
        ),
        stat("规范转载率", strict, RATIO, decimals=1, width=4, none="尚无结果", note="按时并规范转载 ÷ 应判定。"),
        stat(
            "截止时间",
            'max(zhengwu_article_due_timestamp_seconds{article="$article"}) * 1000',
            AGO,
            width=4,
            graph="none",
            note="距离转载截止时间。",
        ),
        course(
            "转载进度",
            *(Query(of(key), text, colour) for key, (text, colour) in VERDICTS.items()),
            stacked=True,
            axis="账号",
            min=0,
            decimals=0,
            width=14,
            height=10,
            note="全部应转载账号，按情况叠加。橙色竖线是截止时间。",
        ),
        course(
            "转载率变化",
            Query(ratio, "转载率", QUALIFIED),
            Query(strict, "规范转载率", BLUE),
            unit=RATIO,
            min=0,
            max=1,
            decimals=1,
            width=10,
            height=10,
        ),
    ]


def _missing() -> list[Json]:
    labels = "account, name, unit, region, platform"
    pair = link("在监测台查看依据", "${console:raw}/articles/${article:percentencode}/${__data.fields.account:percentencode}")
    return [
        row("未转载账号"),
        table(
            "未转载名单",
            {"A": f"max by ({labels}) ({MISSING})"},
            "account",
            [
                Column("name", "账号名称", links=[pair], width=160),
                Column("unit", "主办单位"),
                Column("region", "县区", width=90, words=REGION_WORDS, plain=True),
                Column("platform", "平台", words={key: (text, UNDETERMINED) for key, (text, _) in PLATFORM_WORDS.items()}, width=80),
                Column("account", "标识码", width=160),
            ],
            width=14,
            sort=("县区", "主办单位"),
            none="没有未转载的账号",
            note="所选重要信息截止后仍未检测到转载的账号。点击账号名称到监测台看依据。",
        ),
        bars(
            "各县区未转载账号数",
            Query(f"sort_desc(count by (region) ({MISSING}))", "{{region}}"),
            width=4,
            height=10,
            steps=((None, FAILED),),
            none="没有未转载的账号",
        ),
        table(
            "未转载最多的账号",
            {"A": f"topk(20, count by (name, unit) ({MISSING_ANY}))"},
            "name",
            [Column("name", "账号名称"), Column("unit", "主办单位"), Column("A", "篇数", width=70)],
            width=6,
            sort=("-篇数",),
            none="没有未转载的账号",
            note="全部在办的重要信息合计，最多20个。",
        ),
    ]


def _all() -> list[Json]:
    kept = "${__url_time_range}&${datasource:queryparam}"
    here = link("查看这篇的进度", f"/d/{REPOSTS}?{kept}&var-article=${{__data.fields.article:percentencode}}")
    page = link("在监测台打开", "${console:raw}/articles/${__data.fields.article:percentencode}")

    def counted(verdicts: str) -> str:
        return f'sum by (article) (zhengwu_reposts{{verdict=~"{verdicts}"}})'

    return [
        row("全部在办的重要信息"),
        table(
            "重要信息一览",
            {
                "A": "max by (article, title) (zhengwu_article_info)",
                "B": "max by (article) (zhengwu_article_published_timestamp_seconds) * 1000",
                "C": "max by (article) (zhengwu_article_due_timestamp_seconds) * 1000",
                "D": counted(OWED),
                "E": counted("done"),
                "F": counted("irregular|late"),
                "G": counted("missing"),
                "H": counted("not_yet"),
                "I": counted("undetermined"),
                "J": "max by (article) (zhengwu:repost:ratio)",
                "K": "max by (article) (zhengwu:repost:strict_ratio)",
            },
            "article",
            [
                Column("title", "标题", links=[here, page]),
                Column("B", "发布时间", SHORT_MOMENT, width=95),
                Column("C", "截止时间", SHORT_MOMENT, width=95),
                Column("D", "应转载", width=65),
                Column("E", "已转载", width=65),
                Column("F", "不规范或不及时", width=115),
                Column("G", "未转载", steps=((None, QUALIFIED), (1, FAILED)), width=65),
                Column("H", "未到截止", width=75),
                Column("I", "无法判定", steps=((None, UNDETERMINED),), width=75),
                Column("J", "转载率", RATIO, steps=((None, BLUE),), bar=1, decimals=1, width=115),
                Column("K", "规范转载率", RATIO, steps=((None, BLUE),), bar=1, decimals=1, width=115),
                Column("article", "编号", width=100),
            ],
            sort=("-截止时间",),
            none="—",
            note="点击标题选择查看这篇的进度，或到监测台打开。未到截止的重要信息没有转载率。",
        ),
    ]
