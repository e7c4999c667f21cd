"""The lower half of 采集健康: are we on time, do the letters leave, how is the process."""

from __future__ import annotations

from deploy.grafana.boards import OF_PLATFORM, PLATFORM_LINES
from deploy.grafana.parts import (
    BLUE,
    BYTES,
    HELD,
    PALE,
    QUALIFIED,
    RATIO,
    SECONDS,
    SOON,
    TROUBLE,
    UNDETERMINED,
    Json,
    Query,
    Words,
    bars,
    course,
    row,
    stat,
)

HELD_WHY: Words = {
    "hours": ("非工作时间", BLUE),
    "daily": ("今日已发过一封", PALE),
    "flapping": ("刚恢复，观察中", HELD),
    "backing_off": ("对方暂时拒收", SOON),
    "refused": ("地址被退信", TROUBLE),
    "broken": ("邮件生成出错", "#8a5a2b"),
}
LETTERS: Words = {
    "sent": ("已发出", QUALIFIED),
    "failed": ("失败，将重试", SOON),
    "uncertain": ("结果不明", HELD),
    "deferred": ("对方暂时拒收", PALE),
    "refused": ("被永久拒收", TROUBLE),
    "broken": ("无法生成", "#8a5a2b"),
}
LINKS: Words = {
    "done": ("已执行", QUALIFIED),
    "expired": ("已过期", PALE),
    "used": ("重复使用", UNDETERMINED),
    "forged": ("伪造", TROUBLE),
    "failed": ("未能执行", SOON),
}
CLAIMS: Words = {"claimed": ("已领取", QUALIFIED), "stale": ("已失效", SOON), "given_back": ("已退回", UNDETERMINED)}
STORE_ERRORS: Words = {"timeout": ("超时", SOON), "away": ("连接不上", TROUBLE)}
HEARTBEATS: Words = {"ok": ("成功", QUALIFIED), "failed": ("失败", TROUBLE)}
PROCESS = '{job="zhengwu"}'
PER_MINUTE = "suffix: 次/分"
LAG = "max(time() - zhengwu_oldest_due_timestamp_seconds) or vector(0)"
"""For how many seconds the account that waits longest should have been looked at."""
OBJECTIVE = 0.99
"""Of the watched accounts so many are to be looked at within twice their interval."""


def lag() -> list[Json]:
    return [
        row("积压与按时"),
        course(
            "采集积压变化",
            Query(LAG, "等待最久的账号", TROUBLE),
            unit=SECONDS,
            min=0,
            width=8,
        ),
        course(
            "等待与进行中的采集",
            Query("sum(zhengwu_accounts_due)", "到期待采", SOON),
            Query("sum(zhengwu_polls_in_flight)", "进行中", BLUE),
            width=8,
            min=0,
            decimals=0,
        ),
        course(
            "账号领取",
            Query("sum by (outcome) (rate(zhengwu_claims_total[$__rate_interval])) * 60", "{{outcome}}"),
            unit=PER_MINUTE,
            width=8,
            words=CLAIMS,
            min=0,
        ),
        course(
            "按时采集率变化",
            Query("min(zhengwu:freshness:ratio)", "当前", BLUE),
            Query("min(zhengwu:freshness:ratio_avg1h)", "1小时", QUALIFIED),
            Query("min(zhengwu:freshness:ratio_avg6h)", "6小时", SOON),
            Query("min(zhengwu:freshness:ratio_avg3d)", "3天", HELD),
            unit=RATIO,
            max=1,
            decimals=2,
            line=(OBJECTIVE, TROUBLE),
            note="在两倍采集间隔之内看过的账号占比。虚线是目标 99%。",
        ),
        course(
            "未按时采集的账号",
            Query(f"sum by (platform) (zhengwu_accounts_behind{{{OF_PLATFORM}}})", "{{platform}}"),
            words=PLATFORM_LINES,
            min=0,
            decimals=0,
        ),
    ]


def telling() -> list[Json]:
    age = "max(time() - zhengwu_outbox_oldest_timestamp_seconds) or vector(0)"
    return [
        row("通知"),
        course("待发邮件变化", Query("sum(zhengwu_letters_waiting)", "待发", BLUE), width=6, min=0, decimals=0),
        course("最早一封待发已等待", Query(age, "等待", SOON), unit=SECONDS, width=6, min=0),
        course(
            "每小时邮件",
            Query("sum by (outcome) (increase(zhengwu_letters_total[1h]))", "{{outcome}}"),
            width=6,
            words=LETTERS,
            min=0,
            decimals=0,
        ),
        course(
            "每小时一键办理",
            Query("sum by (outcome) (increase(zhengwu_links_total[1h]))", "{{outcome}}"),
            width=6,
            words=LINKS,
            min=0,
            decimals=0,
            note="收件人点击邮件中的链接办理的次数。",
        ),
        bars(
            "暂不发送的通知",
            *(Query(f'sum(zhengwu_notices_held{{why="{key}"}}) or vector(0)', text, colour) for key, (text, colour) in HELD_WHY.items()),
            width=8,
            height=7,
            note="应当通知而现在不能发的（人和问题各算一对），按原因。到时候自动发出。",
        ),
        stat(
            "被退信的地址",
            "sum(zhengwu_addresses_refused) or vector(0)",
            steps=((None, QUALIFIED), (1, TROUBLE)),
            width=4,
            height=7,
            note="邮件服务器永久拒收的地址，请核对联系人。",
        ),
        course(
            "对外心跳",
            Query("sum by (outcome) (increase(zhengwu_heartbeats_total[1h]))", "{{outcome}}"),
            width=6,
            height=7,
            words=HEARTBEATS,
            min=0,
            decimals=0,
            note="每小时向外部值守服务报平安的次数。没有配置时为零。",
        ),
        stat(
            "工作日历数据至",
            "max(zhengwu_calendar_known_until_timestamp_seconds) * 1000",
            "time:YYYY-MM-DD",
            width=6,
            height=7,
            graph="none",
            note="国务院公布的放假调休安排收录到哪一天。次年安排公布后请升级程序。",
        ),
    ]


def process() -> list[Json]:
    matching = "sum by (le) (rate(zhengwu_matching_seconds_bucket[$__rate_interval]))"
    return [
        row("程序"),
        course(
            "比对耗时",
            Query(f"histogram_quantile(0.5, {matching})", "中位数", BLUE),
            Query(f"histogram_quantile(0.95, {matching})", "95% 分位", SOON),
            unit=SECONDS,
            width=8,
            min=0,
            note="把一次看到的内容与重要信息比对所用的时间。",
        ),
        course("判定耗时", Query("max(zhengwu_rollup_seconds)", "判定与生成指标", BLUE), unit=SECONDS, width=8, min=0),
        course(
            "错误",
            Query("sum by (kind) (increase(zhengwu_store_errors_total[15m]))", "{{kind}}"),
            Query("sum(increase(zhengwu_unexpected_errors_total[15m])) or vector(0)", "未预料的错误", HELD),
            width=8,
            words=STORE_ERRORS,
            min=0,
            note="15分钟内访问数据库的错误，和程序中未预料的错误。",
        ),
        course("处理器", Query(f"rate(process_cpu_seconds_total{PROCESS}[$__rate_interval])", "占用", BLUE), unit=RATIO, width=6, min=0),
        course("内存", Query(f"process_resident_memory_bytes{PROCESS}", "常驻内存", BLUE), unit=BYTES, width=6, min=0),
        course(
            "文件句柄",
            Query(f"process_open_fds{PROCESS}", "已打开", BLUE),
            Query(f"process_max_fds{PROCESS}", "上限", UNDETERMINED),
            width=6,
            min=0,
            decimals=0,
        ),
        course(
            "垃圾回收",
            Query(f"rate(python_gc_collections_total{PROCESS}[$__rate_interval]) * 60", "第{{generation}}代"),
            unit=PER_MINUTE,
            width=6,
            min=0,
        ),
    ]
