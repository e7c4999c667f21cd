"""Sixty days of one unit, hour by hour: real rules on invented posts, and every letter that anybody gets. No database, no mail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from judging import mark, saw

from monitor import alerting, life
from monitor.alerting import Decision, Notice, Silence, Wishes
from monitor.model import (
    BEGINNING,
    SHANGHAI,
    Account,
    AccountState,
    Alert,
    Article,
    Channel,
    Contact,
    GoodLook,
    Platform,
    Repost,
    Role,
    Stage,
)
from monitor.ports import AccountFacts
from monitor.telling import mailboxes, marks
from monitor.telling.mailboxes import Mailbox
from monitor.telling.marks import address
from monitor.telling.reasons import Why
from rules import PROFILES
from rules.holiday import Holiday
from rules.missing_repost import MissingRepost

LADDER, HOLIDAY, REPOST = PROFILES["guoban-2019"], Holiday(), MissingRepost()
OPERATOR = Contact(email="xinxi@shiquan.example", name="信息员")
SHOUTED = Contact(email="Xinxi@Shiquan.Example")
COUNTY = Contact(email="xianqu@shiquan.example", role=Role.COUNTY)
HOURLY = tuple(time(hour, 5) for hour in range(24))
ENDLESS = datetime(2200, 1, 1, tzinfo=BEGINNING.tzinfo)
OFTEN = tuple(time(hour, 35) for hour in (0, 6, 8, 10, 14, 17, 21))


def unit(*contacts: Contact) -> tuple[Account, ...]:
    """Return the unit's accounts on three platforms; the same operator is typed differently on one of them."""
    people = contacts or (OPERATOR, COUNTY)
    shouted = tuple(SHOUTED if each is OPERATOR else each for each in people)
    kinds = ((Platform.WEIBO, people), (Platform.WECHAT, shouted), (Platform.DOUYIN, people))
    channel = Channel(adapter="feed", handle="http://bridge.example/x.rss")
    return tuple(
        Account(id=f"610922M001XL000{number}", platform=platform, name="石泉统计", channels=(channel,), contacts=theirs)
        for number, (platform, theirs) in enumerate(kinds, 1)
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """One letter."""

    at: datetime
    to: str
    notice: Notice

    @property
    def day(self) -> date:
        return self.at.astimezone(SHANGHAI).date()

    def of(self, alert: Alert) -> Decision:
        return self.notice.decisions[alert.id]


@dataclass
class Unit:
    """The world: who published when, and what came of it. `reposts` are by article and account.

    `deleted`: when a post was gone again, by account and the time it was published. `refuses`: addresses that take no letter. `moved`: from
    when on the accounts have other people. `gate`: until when the accusations of an account are held.
    """

    accounts: tuple[Account, ...]
    posts: Mapping[str, Sequence[datetime]]
    articles: tuple[Article, ...] = ()
    reposts: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    silences: Mapping[str, Silence] = field(default_factory=dict)
    answers: Mapping[str, datetime] = field(default_factory=dict)
    wishes: Wishes = field(default_factory=Wishes)
    deleted: Mapping[tuple[str, datetime], datetime] = field(default_factory=dict)
    refuses: frozenset[str] = frozenset()
    moved: tuple[datetime, tuple[Account, ...]] | None = None
    gate: Mapping[str, datetime] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    boxes: dict[str, Mailbox] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    turned_away: list[tuple[datetime, str]] = field(default_factory=list)
    began: datetime = BEGINNING
    ended: datetime = BEGINNING

    def live(self, first: date, days: int, at: Sequence[time] = HOURLY) -> list[Sent]:
        """Let the days pass: at each of these times everything is looked at, judged, and told."""
        passing = list(moments(first, days, at))
        self.began, self.ended = passing[0], passing[-1]
        for now in passing:
            if self.moved is not None and now >= self.moved[0]:
                self.accounts = self.moved[1]
            self._judge(now)
            self._answer(now)
            self._tell(now)
        return self.sent

    def _judge(self, now: datetime) -> None:
        for account in self.accounts:
            mine = [each for each in self.alerts.values() if each.finding.account_id == account.id]
            alive = {each.finding.key: each for each in mine if each.stage is not Stage.RESOLVED}
            changed = life.settle(alive, findings(self._facts(account, now)), now)
            self.alerts |= {each.id: each for each in changed}
            unheard = [each for each in self.alerts.values() if each.finding.account_id == account.id and each.stage in life.UNHEARD]
            let = life.hold if now < self.gate.get(account.id, BEGINNING) else life.release
            self.alerts |= {each.id: each for each in let(unheard, now)}

    def _facts(self, account: Account, now: datetime) -> AccountFacts:
        posts = [at for at in self.posts.get(account.id, ()) if at <= now < self.deleted.get((account.id, at), ENDLESS)]
        look = GoodLook(channel="feed http://bridge.example/x.rss", at=now, covers_until=now)
        state = AccountState(
            account_id=account.id,
            last_post=mark(max(posts)) if posts else None,
            sight=saw((BEGINNING, now)),
            last_good=look,
            last_tried_at=now,
        )
        owed = tuple(each for each in self.articles if each.published_at <= now and each.audience.includes(account))
        done = [
            Repost(article_id=article, account_id=who, post_id=f"weibo:{who}:{article}", published_at=at)
            for (article, who), at in self.reposts.items()
            if who == account.id and at <= now
        ]
        known = AccountFacts(account=account, state=state, now=now, articles=owed, reposts=tuple(done))
        return replace(known, standing=LADDER.stand(known))

    def _answer(self, now: datetime) -> None:
        for alert in list(self.alerts.values()):
            at = self.answers.get(alert.finding.account_id or "")
            if at is not None and at <= now and alert.stage is Stage.OPEN and (alert.acknowledged is None):
                self.alerts[alert.id] = marks.acknowledged(alert, OPERATOR.email, now)

    def _tell(self, now: datetime) -> None:
        self.alerts |= {each.id: each for each in marks.lowered(self.alerts.values())}
        for notice in alerting.notices(self.decisions(now)):
            email = address(notice.person.email)
            if email in self.refuses:
                self.turned_away.append((now, email))
                self.boxes[email] = mailboxes.turned_away(self.boxes.get(email, Mailbox(email)), "550 no such user", now)
                continue
            for each in (*notice.opened, *notice.recovered):
                step, due = notice.step(each), notice.due(each)
                self.alerts[each.id] = marks.told(self.alerts[each.id], email, now, step=step, due=due, letter=f"{len(self.sent)}")
            self.boxes[email] = mailboxes.delivered(self.boxes.get(email, Mailbox(email)), now, duty=notice.duty)
            self.sent.append(Sent(now, email, notice))

    def decisions(self, now: datetime) -> list[Decision]:
        people = {account.id: account.contacts for account in self.accounts}
        return alerting.decide(
            self.alerts.values(), lambda alert: people[alert.finding.account_id or ""], self.boxes, self.silences, self.wishes, now
        )


def findings(known: AccountFacts) -> list[Any]:
    return [each for rule in (LADDER, HOLIDAY, REPOST) for each in rule.judge(known)]


def moments(first: date, days: int, at: Sequence[time]) -> Iterator[datetime]:
    for number in range(days):
        for each in at:
            yield datetime.combine(first + timedelta(days=number), each, SHANGHAI).astimezone(BEGINNING.tzinfo)


def told(sent: Sequence[Sent], *whys: Why) -> Iterator[tuple[Sent, Alert, Decision]]:
    """Yield each thing that a letter told, of these kinds."""
    for letter in sent:
        for alert in (*letter.notice.opened, *letter.notice.recovered):
            decision = letter.of(alert)
            if not whys or decision.why in whys:
                yield letter, alert, decision
