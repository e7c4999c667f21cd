"""采集健康: for the sysadmin. Do the sources answer, are we on time, do the letters leave, how is the process."""

from __future__ import annotations

from deploy.grafana.boards import HEALTH, OF_PLATFORM, asked, board, platform
from deploy.grafana.parts import (
    AGO,
    BLUE,
    HELD,
    MOMENT,
    PALE,
    QUALIFIED,
    RATIO,
    SECONDS,
    SOON,
    TROUBLE,
    UNDETERMINED,
    Column,
    Json,
    Query,
    Words,
    course,
    row,
    stat,
    states,
    table,
)
from deploy.grafana.running import LAG, OBJECTIVE, PER_MINUTE, PROCESS, lag, process, telling

OUTCOMES: Words = {
    "ok": ("成功", QUALIFIED),
    "degraded": ("数据不全", PALE),
    "transport_fault": ("网络故障", SOON),
    "rate_limited": ("被限速", HELD),
    "auth_error": ("授权失效", TROUBLE),
    "source_retired": ("接口已关闭", "#8a5a2b"),
    "account_gone": ("账号不存在", UNDETERMINED),
    "parse_error": ("内容无法识别", "#b08900"),
    "unexpected": ("程序异常", "#1f1f1f"),
    "no_channel": ("渠道已停用", "#b9c0c8"),
}
STATES: Words = {"0": ("正常", QUALIFIED), "1": ("尚未证实", UNDETERMINED), "2": ("采集异常", TROUBLE)}
CANARIES: Words = {"fresh": ("正常更新", QUALIFIED), "stale": ("停止更新", TROUBLE), "unseen": ("看不到", UNDETERMINED)}
CHANNELS: Words = {"0": ("正常", QUALIFIED), "1": ("最近失败", SOON), "2": ("已失效", TROUBLE)}
REASONS: dict[str, tuple[str, str]] = {key: (text, colour) for key, (text, colour) in OUTCOMES.items() if key != "ok"}

PAUSED = "zhengwu_channel_paused_until_timestamp_seconds > time() unless on (instance, channel) zhengwu_channel_retired == 1"
"""Channels left alone for a while; a closed interface is left alone for good and said elsewhere."""
FAILED_LATELY = (
    "zhengwu_channel_last_failed_timestamp_seconds > zhengwu_channel_last_good_timestamp_seconds"
    " or zhengwu_channel_last_failed_timestamp_seconds unless zhengwu_channel_last_good_timestamp_seconds"
)
"""Channels whose last look failed, or that never had a good one."""
CHOSEN = f'{OF_PLATFORM},channel=~"$channel"'
WEEK, DAY = 7 * 86_400, 86_400


def make() -> Json:
    return board(
        HEALTH,
        "采集渠道、限额、凭据、积压、发信和程序本身的运行情况。供系统管理员查看。",
        [*_today(), *_looks(), *_channels(), *lag(), *telling(), *process()],
        [platform(), asked("channel", "渠道", f"label_values(zhengwu_polls_total{{{OF_PLATFORM}}}, channel)")],
        since="now-24h",
    )


def _today() -> list[Json]:
    working: Words = {"1": ("正常", QUALIFIED), "0": ("没有应答", TROUBLE)}
    return [
        stat("监测程序", f"max(up{PROCESS}) or vector(0)", words=working, graph="none", note="Prometheus 能否取到监测程序的指标。"),
        stat("数据库", "min(zhengwu_store_up) or vector(0)", words=working, graph="none"),
        stat("判定时间", "max(zhengwu_rollup_timestamp_seconds) * 1000", AGO, graph="none", note="最近一次全面判定的时间。"),
        stat("采集积压", LAG, SECONDS, ((None, QUALIFIED), (600, SOON), (3600, TROUBLE)), note="等待最久的账号已经超过应采集时间多久。"),
        stat(
            "按时采集率",
            "min(zhengwu:freshness:ratio)",
            RATIO,
            ((None, TROUBLE), (0.95, SOON), (OBJECTIVE, QUALIFIED)),
            decimals=1,
            note="在两倍采集间隔之内看过的账号占比，目标 99%。",
        ),
        stat(
            "采集异常的数据源",
            'sum(zhengwu_source_state{state="frozen"}) or vector(0)',
            steps=((None, QUALIFIED), (1, TROUBLE)),
            note="哨兵账号也停止更新的数据源数。期间不作判定，不会误报。",
        ),
        stat(
            "待发邮件",
            "sum(zhengwu_letters_waiting) or vector(0)",
            steps=((None, QUALIFIED), (50, SOON)),
            note="现在就可以发出而尚未发出的邮件数。",
        ),
        stat("版本", "max by (version) (zhengwu_build_info)", legend="{{version}}", name=True, graph="none"),
    ]


def _looks() -> list[Json]:
    polls = f"zhengwu:polls:rate5m{{{CHOSEN}}}"
    looks = 'sum by (channel, le) (rate(zhengwu_look_duration_seconds_bucket{channel=~"$channel"}[$__rate_interval]))'
    return [
        row("采集"),
        course(
            "采集结果",
            Query(f"sum by (outcome) ({polls}) * 60", "{{outcome}}"),
            unit=PER_MINUTE,
            stacked=True,
            words=OUTCOMES,
            min=0,
            note="每分钟通过各渠道看账号的次数，按结果叠加。",
        ),
        course(
            "错误分类",
            Query(f'sum by (outcome) (zhengwu:polls:rate5m{{{CHOSEN},outcome!="ok"}}) * 60', "{{outcome}}"),
            unit=PER_MINUTE,
            words=REASONS,
            min=0,
        ),
        course(
            "各渠道成功率（一小时）",
            Query('max by (channel) (zhengwu:channel_ok:ratio_rate1h{channel=~"$channel"})', "{{channel}}"),
            unit=RATIO,
            min=0,
            max=1,
            note="只取得部分数据的渠道（例如游客页面）本来就不会显示为成功。",
        ),
        course("各渠道采集次数", Query(f"sum by (channel) ({polls}) * 60", "{{channel}}"), unit=PER_MINUTE, min=0),
        course("采集耗时（中位数）", Query(f"histogram_quantile(0.5, {looks})", "{{channel}}"), unit=SECONDS, min=0),
        course("采集耗时（95% 分位）", Query(f"histogram_quantile(0.95, {looks})", "{{channel}}"), unit=SECONDS, min=0),
    ]


def _channels() -> list[Json]:
    state = (
        'max by (source) (2 * zhengwu_source_state{state="frozen"} or zhengwu_source_state{state="unproven"}'
        ' or 0 * zhengwu_source_state{state="live"})'
    )
    none = 'label_replace(vector(0), "reason", "none", "", "")'
    return [
        row("渠道、限额与凭据"),
        _channel_table(),
        states("数据源状态", Query(state, "{{source}}"), STATES, note="采集异常：哨兵账号看起来也停止了更新，期间不作判定。"),
        course(
            "哨兵账号",
            Query("sum by (state) (zhengwu_canaries)", "{{state}}"),
            stacked=True,
            words=CANARIES,
            min=0,
            decimals=0,
            note="已知每天更新的账号。它们看起来停更，就是我们没有看到。",
        ),
        _budget_table(),
        _credential_table(),
        course(
            "熔断中的线路",
            Query(f"count by (reason) (zhengwu_lane_rests_until_timestamp_seconds > time()) or {none}", "{{reason}}"),
            words=REASONS | {"none": ("没有", QUALIFIED)},
            min=0,
            decimals=0,
            note="连续失败后暂停访问的线路数，按原因。没有时为零。",
        ),
        course(
            "暂停或失败的渠道",
            Query("sum(zhengwu_channel_failing)", "已失效", TROUBLE),
            Query(f"count({FAILED_LATELY}) or vector(0)", "最近失败", BLUE),
            Query(f"count({PAUSED}) or vector(0)", "暂停", SOON),
            Query("sum(zhengwu_channel_retired)", "已关闭", UNDETERMINED),
            min=0,
            decimals=0,
        ),
    ]


def _channel_table() -> Json:
    return table(
        "渠道",
        {
            "A": f"max by (channel, reason) (2 * (zhengwu_channel_failing == 1) or on (instance, channel) ({FAILED_LATELY}) ^ 0"
            " or on (instance, channel) zhengwu_channel_failing)",
            "B": "max by (channel) (zhengwu_channel_accounts)",
            "C": "max by (channel) (zhengwu_channel_last_good_timestamp_seconds) * 1000",
            "D": f"max by (channel) ({PAUSED}) * 1000",
            "E": "max by (channel) (zhengwu_channel_retired)",
        },
        "channel",
        [
            Column("channel", "渠道"),
            Column("A", "状态", words=CHANNELS, width=90),
            Column("reason", "原因", words=REASONS, width=130),
            Column("B", "账号数", width=80),
            Column("C", "最近成功", AGO, width=130),
            Column("D", "暂停至", MOMENT, width=150),
            Column("E", "接口", words={"0": ("开放", QUALIFIED), "1": ("已关闭", TROUBLE)}, width=80),
        ],
        sort=("-状态", "-账号数"),
        none="—",
        note="渠道名称后面是凭据名称。最近失败：最后一次采集没有成功；已失效：凭据被拒绝或接口已关闭。失效和失败的在前。",
    )


def _budget_table() -> Json:
    used, limit = "zhengwu_budget_used_requests", "zhengwu_budget_limit_requests"

    def lane(expr: str, by: str = "lane") -> str:
        # One window has several lengths; the two labels together are the row.
        return f'max by ({by}) (label_join({expr}, "lane", " · ", "window", "seconds"))'

    return table(
        "访问限额",
        {
            "A": lane(f"{used} / {limit}", "lane, window, seconds"),
            "B": lane(used),
            "C": lane(limit),
            "D": lane(f"{limit} - {used}"),
        },
        "lane",
        [
            Column("window", "限额"),
            Column("seconds", "时长（秒）", width=90),
            Column("B", "已用", width=70),
            Column("C", "上限", width=80),
            Column("D", "剩余", width=80),
            Column("A", "使用率", RATIO, steps=((None, QUALIFIED), (0.8, SOON), (1, TROUBLE)), bar=1, decimals=0, width=120),
        ],
        width=12,
        sort=("-使用率",),
        none="—",
    )


def _credential_table() -> Json:
    expiry = "zhengwu_credential_expiry_timestamp_seconds"
    # The other tokens last hours and renew themselves: they would stand at the top for ever.
    by_hand = f'{expiry}{{part="refresh"}} or {expiry}{{kind="given"}}'
    left = f'label_join({by_hand}, "token", " · ", "credential", "kind", "part")'
    return table(
        "凭据到期",
        {
            "A": f"min by (token, credential, kind, part) ({left} - time())",
            "B": f"min by (token) ({left}) * 1000",
        },
        "token",
        [
            Column("credential", "凭据"),
            Column("kind", "种类", width=130),
            Column("A", "剩余", SECONDS, steps=((None, TROUBLE), (DAY, SOON), (WEEK, QUALIFIED)), width=110),
            Column("B", "到期时间", MOMENT, width=150),
        ],
        width=12,
        sort=("剩余",),
        none="—",
        note="只列到期后必须由人重新授权的凭据，最先到期的在前。几小时一换的短期令牌由程序自动续期，不在此列。",
    )
