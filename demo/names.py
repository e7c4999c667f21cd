"""Who lives in the demo's city: units, account names and what they write. All invented but the fourteen of the published table."""

from __future__ import annotations

from dataclasses import dataclass

from demo.fates import Fate
from monitor.model import Platform, Status

CITY = "安康市"
CITY_DIVISION = "610900"


@dataclass(frozen=True, slots=True)
class Division:
    """A county: `short` stands in account names, `full` in unit names and as the region."""

    code: str
    short: str
    full: str


COUNTIES = (
    Division("610902", "汉滨", "汉滨区"),
    Division("610921", "汉阴", "汉阴县"),
    Division("610922", "石泉", "石泉县"),
    Division("610923", "宁陕", "宁陕县"),
    Division("610924", "紫阳", "紫阳县"),
    Division("610925", "岚皋", "岚皋县"),
    Division("610926", "平利", "平利县"),
    Division("610927", "镇坪", "镇坪县"),
    Division("610928", "旬阳", "旬阳市"),
    Division("610929", "白河", "白河县"),
)
DIVISIONS = (Division(CITY_DIVISION, "安康", "市直部门"), *COUNTIES)


@dataclass(frozen=True, slots=True)
class Unit:
    """An office that runs accounts. `number` is its place in its division's codes, `voice` the name its accounts bear."""

    division: Division
    number: int
    name: str
    voice: str
    level: str


OFFICE = "人民政府办公室"
"""The unit whose account speaks for the whole county; the canaries are chosen among these."""

COUNTY_OFFICES = (
    (OFFICE, "{}发布"),
    ("教育体育局", "{}教体之窗"),
    ("公安局", "平安{}"),
    ("民政局", "{}民政"),
    ("司法局", "{}普法"),
    ("财政局", "{}财政"),
    ("人力资源和社会保障局", "{}人社"),
    ("自然资源局", "{}自然资源"),
    ("住房和城乡建设局", "{}住建"),
    ("交通运输局", "{}交通"),
    ("水利局", "{}水利"),
    ("农业农村局", "{}三农"),
    ("卫生健康局", "健康{}"),
    ("应急管理局", "{}应急"),
    ("退役军人事务局", "{}双拥"),
)
CITY_OFFICES = (
    *COUNTY_OFFICES,
    ("发展和改革委员会", "{}发改"),
    ("科学技术局", "{}科技"),
    ("工业和信息化局", "{}工信"),
    ("生态环境局", "绿水青山{}"),
    ("商务局", "{}商务"),
    ("审计局", "{}审计"),
    ("城市管理局", "{}城管在线"),
)
UNITS_OF_A_DIVISION = 22
TOWN_HEADS = "青白龙石云松竹梅柳桃"
TOWN_TAILS = "溪河坪湾岭沟关"
TOWN_VOICES = ("{}之声", "美丽{}", "{}微政务", "幸福{}", "{}新风", "{}播报", "我的{}")


@dataclass(frozen=True, slots=True)
class Failing:
    """A line of the table of 2020Q1: who was idle, and how many days before the day of the check; None = nothing ever published."""

    division: str
    unit: str
    platform: Platform
    name: str
    idle_days: int | None
    status: Status = Status.ACTIVE
    fate: Fate | None = None


FAILING = (
    Failing("610900", "市住房公积金中心", Platform.WECHAT, "安康住房公积金", 23),
    Failing("610900", "市住房公积金中心", Platform.WEIBO, "安康公积金", 14),
    Failing("610922", "石泉县扶贫开发局", Platform.WEIBO, "石泉县扶贫开发局", 19, fate=Fate.GREYLISTED),
    Failing("610922", "石泉县统计局", Platform.WEIBO, "石泉统计", 50, fate=Fate.RETRIED),
    Failing("610924", "双安镇人民政府", Platform.WECHAT, "富硒双安", 25, fate=Fate.ANSWERED),
    Failing("610921", "汉阴县农林科技局", Platform.WECHAT, "汉阴农林科技", 316, Status.ABANDONED),
    Failing("610921", "汉阴县电商办", Platform.WECHAT, "汉阴县电子商务", 26, fate=Fate.CLOSING),
    Failing("610925", "岚皋县政务服务中心", Platform.WECHAT, "岚皋政务微平台", 22, fate=Fate.BOUNCED),
    Failing("610925", "岚皋县公安局交通警察大队", Platform.WECHAT, "岚皋交警", 14),
    Failing("610925", "岚皋县公安局交通警察大队", Platform.WEIBO, "岚皋交警", None),
    Failing("610927", "镇坪县市场监管局", Platform.WECHAT, "镇坪市场监管", 14),
    Failing("610927", "镇坪县公安局", Platform.WEIBO, "镇坪公安", 34),
    Failing("610927", "镇坪县司法局", Platform.WEIBO, "法治镇坪", 22, fate=Fate.RECTIFY),
    Failing("610929", "文旅广电局", Platform.WECHAT, "文旅白河", 32, fate=Fate.SILENCED),
)
"""Names, platforms and idle days as published (安政办函〔2020〕21号); the codes they get here are invented."""


def units() -> tuple[Unit, ...]:
    """Return the 242 units of the demo, 22 to a division; those of the failing table that are not among them follow after."""
    found = [unit for place, division in enumerate(DIVISIONS) for unit in _units_of(division, place)]
    known = {(unit.division.code, unit.name) for unit in found}
    numbers = {division.code: UNITS_OF_A_DIVISION for division in DIVISIONS}
    for line in FAILING:
        if (line.division, line.unit) in known:
            continue
        known.add((line.division, line.unit))
        numbers[line.division] += 1
        division = next(each for each in DIVISIONS if each.code == line.division)
        found.append(Unit(division, numbers[line.division], line.unit, line.name, _level(division)))
    return tuple(found)


def _units_of(division: Division, place: int) -> list[Unit]:
    if division.code == CITY_DIVISION:
        return [
            Unit(division, number, f"市{office}", voice.format(division.short), "市直")
            for number, (office, voice) in enumerate(CITY_OFFICES, 1)
        ]
    offices = [
        Unit(division, number, f"{division.full}{office}", voice.format(division.short), "县区")
        for number, (office, voice) in enumerate(COUNTY_OFFICES, 1)
    ]
    return offices + [_town(division, place, each) for each in range(len(TOWN_TAILS))]


def _town(division: Division, place: int, each: int) -> Unit:
    name = TOWN_HEADS[(place + 3 * each) % len(TOWN_HEADS)] + TOWN_TAILS[each]
    number = len(COUNTY_OFFICES) + 1 + each
    return Unit(division, number, f"{division.full}{name}镇人民政府", TOWN_VOICES[each].format(name), "乡镇")


def _level(division: Division) -> str:
    return "市直" if division.code == CITY_DIVISION else "县区"


SUBJECTS = (
    "安全生产专项检查",
    "政务服务“一件事一次办”改革",
    "乡村振兴重点工作",
    "义务植树活动",
    "防汛抗旱准备工作",
    "反诈宣传进社区",
    "老旧小区改造",
    "高标准农田建设",
    "青年志愿服务",
    "食品安全“你点我检”",
    "河长制巡河",
    "就业招聘专场",
    "普法宣传进校园",
    "道路交通安全整治",
    "医保政策宣讲",
    "秸秆禁烧巡查",
)
HEADLINES = (
    "{where}召开{what}推进会",
    "{where}：{what}见实效",
    "一图读懂：{where}这样做好{what}",
    "{where}扎实开展{what}",
    "{what}，{where}在行动",
    "记者走基层丨{where}{what}侧记",
    "{where}{what}工作提示",
    "身边的变化：{where}{what}惠及群众",
)
BODIES = (
    "近日，{where}组织干部职工围绕{what}深入一线，现场协调解决群众反映的问题，明确责任人和完成时限。",
    "为做好{what}，{where}细化工作清单，坚持每周调度、每月通报，确保各项任务落到实处。",
    "{where}有关负责人表示，下一步将继续推进{what}，欢迎广大群众提出意见建议。",
)
