"""The nouns: what is watched, what was seen, what was judged. Frozen values without behaviour that touches the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from monitor.sight import BEGINNING as BEGINNING
from monitor.sight import Sight as Sight

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Every date an official rule speaks of is a calendar date here, whatever zone the server keeps."""


def cut(moment: datetime) -> datetime:
    """Return the moment in UTC, cut to milliseconds, as MongoDB keeps no more; refuse a time without a zone."""
    if moment.tzinfo is UTC and not moment.microsecond % 1000:
        return moment
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def local_date(moment: datetime) -> date:
    """Return the calendar date of the moment in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).date()


def start_of_day(day: date) -> datetime:
    """Return the moment at which the day begins in Asia/Shanghai, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """Return the last millisecond of the day in Asia/Shanghai, in UTC: the moment a bulletin judges at."""
    return start_of_day(day + timedelta(days=1)) - timedelta(milliseconds=1)


Moment = Annotated[datetime, AfterValidator(cut)]
Identifier = Annotated[str, Field(min_length=1, max_length=1024)]


class Noun(BaseModel):
    """A frozen value that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Platform(StrEnum):
    """Where an account lives. `label` is the short Chinese name used in labels and mails; `carries_text` marks the audience of reposts."""

    WECHAT = "wechat"
    WEIBO = "weibo"
    DOUYIN = "douyin"
    TOUTIAO = "toutiao"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _PLATFORM_LABELS[self]

    @property
    def carries_text(self) -> bool:
        """True for 文字信息类: the accounts that owe reposts (handbook 5.1)."""
        return self in _TEXT_PLATFORMS


_PLATFORM_LABELS = {
    Platform.WECHAT: "微信",
    Platform.WEIBO: "微博",
    Platform.DOUYIN: "抖音",
    Platform.TOUTIAO: "今日头条",
    Platform.OTHER: "其他",
}
_TEXT_PLATFORMS = frozenset({Platform.WECHAT, Platform.WEIBO, Platform.TOUTIAO})


class Kind(StrEnum):
    """What an account is for. The two-week line aims at publishing accounts."""

    PUBLISHING = "publishing"
    SERVICE = "service"

    @property
    def label(self) -> str:
        return {Kind.PUBLISHING: "发布类", Kind.SERVICE: "服务类"}[self]


class Status(StrEnum):
    """Where an account stands in its life, from the roster (handbook 3.3)."""

    ACTIVE = "active"
    EXEMPT = "exempt"
    CLOSING = "closing"
    CLOSED = "closed"
    ABANDONED = "abandoned"

    @property
    def label(self) -> str:
        return _STATUS_LABELS[self]


_STATUS_LABELS = {
    Status.ACTIVE: "正常",
    Status.EXEMPT: "报备",
    Status.CLOSING: "注销中",
    Status.CLOSED: "已注销",
    Status.ABANDONED: "停运未注销",
}


class Role(StrEnum):
    """Who a message is for."""

    OPERATOR = "operator"
    COUNTY = "county"
    CLERK = "clerk"
    SYSADMIN = "sysadmin"


class Contact(Noun):
    """A person to tell, by e-mail."""

    role: Role = Role.OPERATOR
    email: str
    name: str = ""


class Channel(Noun):
    """One way of looking at one account: an adapter, the account's handle there, and options the adapter reads.

    `options["credential"]` names an entry of the credentials file; options never hold a secret.
    """

    adapter: Identifier
    handle: Identifier
    options: Mapping[str, str] = Field(default_factory=dict)

    @property
    def credential(self) -> str:
        """The name of the credential this channel looks with; empty when it needs none."""
        return self.options.get("credential", "")

    @property
    def key(self) -> str:
        """Name this channel within its account, for the per-channel memory."""
        return f"{self.adapter} {self.handle}"


class Account(Noun):
    """A page we watch. `id` is the identification code, else `platform:handle`; the name is never a key."""

    id: Identifier
    code: str = ""
    platform: Platform
    name: str
    unit: str = ""
    supervisor: str = ""
    region: str = ""
    level: str = ""
    kind: Kind = Kind.PUBLISHING
    status: Status = Status.ACTIVE
    canary: bool = False
    opened_on: date | None = None
    exempt_until: date | None = None
    groups: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    channels: tuple[Channel, ...] = ()


class Audience(Noun):
    """Whom a key article concerns. Empty tuples mean everybody; text accounts only unless said otherwise."""

    groups: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    text_only: bool = True

    def includes(self, account: Account) -> bool:
        """Whether the account owes the repost; exempt, closed and abandoned accounts never do."""
        if account.status not in (Status.ACTIVE, Status.CLOSING):
            return False
        if self.text_only and not account.platform.carries_text:
            return False
        return (
            (not self.groups or bool(set(self.groups) & set(account.groups)))
            and (not self.levels or account.level in self.levels)
            and (not self.regions or account.region in self.regions)
        )


class Article(Noun):
    """A key article that its audience must repost before it is due.

    `origins` are the platforms' own ids of the original post, as `platform:account:post`, for a match by citation.
    """

    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
    title: str
    text: str = ""
    urls: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    source: str = ""
    published_at: Moment
    due_at: Moment
    audience: Audience = Audience()


class Citation(Noun):
    """What a post points at: the original it forwards, or the page it links to. Ids are the platform's own."""

    url: str = ""
    title: str = ""
    account: str = ""
    post_id: str = ""


class Post(Noun):
    """What an account published. `id` is `platform:account:post`; `private` marks what the public cannot see.

    `precision` says what the source told: a hand check knows the day only, and then `published_at` is that day's start.
    `whole`: `text` is all that a reader of the post reads, by the source's own form; what may be cut, folded or a summary is not.
    """

    id: Identifier
    account_id: Identifier
    published_at: Moment
    first_seen_at: Moment
    deleted_at: Moment | None = None
    url: str = ""
    title: str = ""
    text: str = ""
    kind: str = "article"
    whole: bool = False
    pinned: bool = False
    private: bool = False
    precision: Literal["second", "minute", "day"] = "second"
    citation: Citation | None = None

    @property
    def visible(self) -> bool:
        """Whether the public can see it: only such posts count as updates."""
        return not self.private and self.deleted_at is None


class Snapshot(Noun):
    """What one look showed, newest first.

    `covers_from`..`covers_until` is the span in which every public post would have been in this snapshot; both are None
    for a partial view, and `partial` then says why. `unchanged` means: the source answered that nothing is new since the
    memory handed in, so `posts` is empty and says nothing about silence by itself. `skipped` counts items left out, by reason.
    `digest` is the hash of the raw answer, kept as evidence. `memory` is what the adapter wants back at its next look.
    """

    channel: str
    posts: tuple[Post, ...] = ()
    covers_from: Moment | None = None
    covers_until: Moment | None = None
    partial: str = ""
    unchanged: bool = False
    skipped: Mapping[str, int] = Field(default_factory=dict)
    digest: str = ""
    memory: Mapping[str, Any] = Field(default_factory=dict)
    profile: Mapping[str, str] = Field(default_factory=dict)


class Fault(Noun):
    """Why a look failed: the error's code (also its metric label), its text without secrets, and where it happened.

    `ours`: our own budget refused it, the platform was not asked.
    """

    code: str
    message: str = ""
    channel: str = ""
    credential: str = ""
    retry_after: float | None = None
    head: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one channel fared within a poll. `fault` is None when it gave a complete snapshot.

    `source` names what the channel looks through: the adapter where the platform itself answers, else the adapter's lane.
    `passed_over`: the channel was not asked at all, since it is paused for this fault. `seconds` is what asking it took.
    """

    channel: Channel
    source: str = ""
    passed_over: bool = False
    fault: Fault | None = None
    digest: str = ""
    skipped: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Poll:
    """One attempt to look at an account: what each channel said, and the snapshots that came of it.

    Made once per look and never stored as such: a plain value, where the others are checked models. `at` is in UTC.
    """

    account_id: str
    at: datetime
    seconds: float = 0.0
    outcomes: tuple[Outcome, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()

    @property
    def fault(self) -> Fault | None:
        """The fault that the account is left with: none if any channel gave a complete view, else the last channel's."""
        if any(outcome.fault is None for outcome in self.outcomes):
            return None
        return self.outcomes[-1].fault if self.outcomes else Fault(code="no_channel", message="the roster names no channel")


class PostMark(Noun):
    """A pointer to a post, small enough to keep in the account's state as evidence; `channel` is what last showed it."""

    id: str
    channel: str = ""
    published_at: Moment
    url: str = ""
    title: str = ""
    precision: Literal["second", "minute", "day"] = "second"


class GoodLook(Noun):
    """The last look that showed all there was to see: the second of the two clocks.

    `source` is what it looked through. `covers_until` is None where the page, though whole, reached back less far than its source lags.
    """

    channel: str
    source: str = ""
    at: Moment
    digest: str = ""
    covers_until: Moment | None = None


class AccountState(Noun):
    """All that is remembered of an account between two looks.

    `seen` maps the posts of the last snapshots to their content hashes, so a poll with nothing new writes no post.
    `aliases` maps the names under which a second channel shows posts to those they are kept under (see monitor.merging).
    `activity` is the exponentially weighted number of posts at `activity_at` (see monitor.schedule).
    """

    account_id: Identifier
    last_post: PostMark | None = None
    sight: Sight = Sight()
    last_good: GoodLook | None = None
    last_tried_at: Moment | None = None
    failures: int = 0
    failing_since: Moment | None = None
    last_error: Fault | None = None
    next_poll_at: Moment | None = None
    memory: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    seen: Mapping[str, str] = Field(default_factory=dict)
    aliases: Mapping[str, str] = Field(default_factory=dict)
    activity: float = 0.0
    activity_at: Moment | None = None
    profile: Mapping[str, str] = Field(default_factory=dict)


class Repost(Noun):
    """A post that carries a key article. `lag` is how long after the deadline it came, zero when in time.

    Grade `candidate`: it only seems to carry it, so a person must look; it counts neither for nor against the account.
    """

    article_id: str
    account_id: str
    post_id: str
    grade: Literal["in_order", "irregular", "candidate"] = "in_order"
    reasons: tuple[str, ...] = ()
    published_at: Moment
    lag: timedelta = timedelta(0)
    evidence: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.article_id} {self.post_id}"


class Firing(StrEnum):
    """A rule's word. There is no third: a rule that cannot tell says nothing."""

    FIRING = "firing"
    CLEAR = "clear"


class Severity(StrEnum):
    """How grave a finding is. An accusation names an account as failing and passes the quorum gate before anybody hears of it."""

    NOTICE = "notice"
    WARNING = "warning"
    ACCUSATION = "accusation"
    TROUBLE = "trouble"


class Finding(Noun):
    """A rule's word now about one subject. `rung` rises with gravity; a higher rung is told again.

    `subject` is the account's id, or a source's or credential's name where the finding is about us.
    `tells` names the roles that hear of it.
    """

    rule: str
    status: Firing
    subject: Identifier
    severity: Severity = Severity.NOTICE
    rung: int = 0
    label: str = ""
    message: str = ""
    account_id: str | None = None
    article_id: str | None = None
    tells: tuple[Role, ...] = ()
    evidence: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the finding is about: one alert at a time may be alive for it."""
        return " ".join(part for part in (self.rule, self.subject, self.article_id) if part)


class Stage(StrEnum):
    """Where an alert stands. Pending and held accusations are told to nobody."""

    PENDING = "pending"
    HELD = "held"
    OPEN = "open"
    RESOLVED = "resolved"


class Step(IntEnum):
    """How far telling one person of one rung has gone; a higher step is told again.

    `PRESSING`: told once more on the last working day before it is too late. `RECTIFY`: 整改通知, with a deadline. `OVERDUE`: that
    deadline passed without an answer.
    """

    SAID = 0
    PRESSING = 1
    RECTIFY = 2
    OVERDUE = 3


class Told(Noun):
    """What a person was last told of an alert. `letter` is the letter's number, `thread` that of the first one about this alert.

    `due` is the deadline that a 整改通知 named.
    """

    at: Moment
    rung: int
    recovered: bool = False
    step: Step = Step.SAID
    letter: str = ""
    thread: str = ""
    due: date | None = None


class PersonsWord(Noun):
    """What a person said of an alert, and when; `rung` is what it stood on then. `by` is a name or an address."""

    by: str
    at: Moment
    rung: int = 0
    reason: str = ""


def _spoken(value: Any) -> Any:
    # Alerts written before people could answer hold an empty text here.
    return value or None


class Alert(Noun):
    """The life of a finding. It is its own outbox entry: `told` says who has heard of which rung.

    `tries` counts letters handed to the mail server whose fate is unknown (we died in between): see monitor.alerting.
    """

    id: str
    finding: Finding
    stage: Stage
    opened_at: Moment
    last_seen_at: Moment
    resolved_at: Moment | None = None
    acknowledged: Annotated[PersonsWord | None, BeforeValidator(_spoken)] = None
    told: Mapping[str, Told] = Field(default_factory=dict)
    tries: Mapping[str, int] = Field(default_factory=dict)


class Verdict(StrEnum):
    """An account's standing. Undetermined never counts as failed."""

    QUALIFIED = "qualified"
    FAILED = "failed"
    UNDETERMINED = "undetermined"

    @property
    def label(self) -> str:
        return _VERDICT_LABELS[self]


_VERDICT_LABELS = {Verdict.QUALIFIED: "合格", Verdict.FAILED: "不合格", Verdict.UNDETERMINED: "无法判定"}


class Standing(Noun):
    """An account's verdict at a moment with its reason; `verdict` is None where the account is not judged at all.

    `idle_days` counts in the profile's unit from the last known update to the moment, None when nothing was ever published
    or nothing is known. `days_left` is what remains until the failing line, `line_on` the day on which a passing account will fail
    unless it publishes, None where that cannot be said (no date to count from, a year without a calendar).
    """

    account_id: str
    verdict: Verdict | None
    label: str = ""
    labels: tuple[str, ...] = ()
    reason: str = ""
    idle_days: int | None = None
    days_left: int | None = None
    line_on: date | None = None
    last_post: PostMark | None = None
    last_good: GoodLook | None = None


class RepostVerdict(StrEnum):
    """An account's standing on one key article (handbook 5.2); `NOT_YET` while the deadline lies ahead and nothing is found."""

    DONE = "done"
    IRREGULAR = "irregular"
    LATE = "late"
    MISSING = "missing"
    UNDETERMINED = "undetermined"
    NOT_YET = "not_yet"

    @property
    def label(self) -> str:
        return _REPOST_LABELS[self]


_REPOST_LABELS = {
    RepostVerdict.DONE: "已转载",
    RepostVerdict.IRREGULAR: "转载不规范",
    RepostVerdict.LATE: "转载不及时",
    RepostVerdict.MISSING: "未转载",
    RepostVerdict.UNDETERMINED: "无法判定",
    RepostVerdict.NOT_YET: "未到期",
}


class RepostStanding(Noun):
    """What is to be said of one account and one key article at a moment."""

    article_id: str
    account_id: str
    verdict: RepostVerdict
    reason: str = ""
    repost: Repost | None = None


class SourceState(StrEnum):
    """What is known of a source: all accounts of one platform seen through one adapter."""

    LIVE = "live"
    FROZEN = "frozen"
    UNPROVEN = "unproven"


class CanaryState(StrEnum):
    """What a canary shows of its source. Stale: no post of late. Unseen: no good look of late, or none yet."""

    FRESH = "fresh"
    STALE = "stale"
    UNSEEN = "unseen"


class Source(Noun):
    """A source's health. Frozen: its canaries look stale or unreachable. Unproven: nothing recent was seen through it at all."""

    platform: Platform
    adapter: str
    state: SourceState = SourceState.UNPROVEN
    reason: str = ""
    newest_post_at: Moment | None = None
    canaries: Mapping[CanaryState, int] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.platform}/{self.adapter}"


class ChannelState(Noun):
    """How an adapter fares with one credential, over all its accounts."""

    adapter: str
    credential: str = ""
    last_good_at: Moment | None = None
    failing_since: Moment | None = None
    last_error: Fault | None = None
    paused_until: Moment | None = None
    retired: bool = False
    accounts: int = 0

    @property
    def name(self) -> str:
        return f"{self.adapter}/{self.credential}" if self.credential else self.adapter
