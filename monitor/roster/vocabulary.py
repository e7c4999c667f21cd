"""The words rosters use for platforms, kinds and states, as literal tables."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.model import Kind, Platform, Status
from monitor.roster.cells import Cell, Refused, one_of
from monitor.roster.sheets import Problems, Row

PLATFORM_WORDS: Mapping[str, Platform] = {
    **{platform.value: platform for platform in Platform},
    **dict.fromkeys(["微信", "微信公众号", "微信订阅号", "微信服务号", "公众号", "订阅号", "服务号", "政务微信"], Platform.WECHAT),
    **dict.fromkeys(["微博", "新浪微博", "政务微博"], Platform.WEIBO),
    **dict.fromkeys(["抖音", "抖音短视频", "抖音号", "抖音政务号"], Platform.DOUYIN),
    **dict.fromkeys(["今日头条", "今日头条号", "头条", "头条号"], Platform.TOUTIAO),
    **dict.fromkeys(["其他", "其它", "app", "移动客户端", "移动客户端(app)", "客户端", "小程序", "微信小程序"], Platform.OTHER),
    **dict.fromkeys(["快手", "人民号", "百家号", "视频号", "微信视频号", "小红书", "哔哩哔哩", "b站", "知乎", "学习强国"], Platform.OTHER),
}
KIND_WORDS: Mapping[str, Kind] = {
    **{kind.value: kind for kind in Kind},
    **{kind.label: kind for kind in Kind},
    "发布": Kind.PUBLISHING,
    "服务": Kind.SERVICE,
}
STATUS_WORDS: Mapping[str, Status] = {
    **{status.value: status for status in Status},
    **{status.label: status for status in Status},
    "在用": Status.ACTIVE,
    "关停": Status.CLOSED,
    "注销": Status.CLOSED,
}
_EXPECTED_PLATFORM = f"应为 {'、'.join(platform.label for platform in Platform)} 之一"


def platform_of(row: Row, problems: Problems) -> Platform | None:
    """Return the row's platform; None after noting that it is missing or unknown."""

    def read(cell: Cell) -> Platform | None:
        try:
            return one_of(cell, PLATFORM_WORDS, _EXPECTED_PLATFORM, None)
        except Refused as reason:
            raise Refused(f"{reason}{problems.hint(str(cell), PLATFORM_WORDS)}") from None

    before = len(problems.lines)
    platform = problems.take(row, "platform", read, None)
    if platform is None and len(problems.lines) == before:
        problems.at(row, "platform", "不能为空")
    return platform
