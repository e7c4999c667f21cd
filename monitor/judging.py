"""Hands facts to the rules and turns their findings into alert changes. Reads and writes the store; judges nothing itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from monitor import inspection, tasks
from monitor.after import sane
from monitor.carrying import carried_by, indexed, revision_of, same_article
from monitor.decisions import Decision, decided
from monitor.gate import Gate, settled
from monitor.matching import ArticleIndex, MatchingSettings
from monitor.model import (
    Account,
    AccountState,
    Alert,
    Article,
    Channel,
    ChannelState,
    Finding,
    Firing,
    Platform,
    Poll,
    Post,
    Repost,
    Severity,
    Snapshot,
    Source,
    Stage,
    Standing,
    Status,
    Verdict,
)
from monitor.picture import Picture as Picture
from monitor.poller import source_name
from monitor.ports import AccountFacts, Adapter, ChannelFacts, Expiry, Grader, RepostGrader, Rule, SourceFacts
from monitor.settings import GuardSettings
from monitor.store import Store
from monitor.writes import AlertChange

log = structlog.get_logger("judging")

ARTICLE_LIFE = timedelta(days=14)
"""How long after its deadline an article is still looked for and judged: nine in ten reposts come within six days."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Articles not yet matched with all that is stored, and accounts not yet matched with any. Taken before the reposts are read:
    what a walk finds and ends in between would else be missing from both."""

    articles: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()


class Judge:
    """Holds what the rules need beside an account: the live key articles and the health of the sources."""

    def __init__(
        self,
        store: Store,
        rules: Sequence[Rule],
        grader: Grader,
        adapters: Mapping[str, Adapter],
        guards: GuardSettings,
        matching: MatchingSettings,
    ) -> None:
        self._store = store
        self.grader = grader
        self._account_rules = [grader, *(rule for rule in rules if rule.about == "account")]
        self._channel_rules = [rule for rule in rules if rule.about == "channel"]
        self._source_rules = [rule for rule in rules if rule.about == "source"]
        self._repost_grader = next((rule for rule in rules if isinstance(rule, RepostGrader)), None)
        self._adapters = adapters
        self._first_hand = {name: adapter.first_hand for name, adapter in adapters.items()}
        self._guards = guards
        self._gate = Gate(store, guards)
        self._matching = matching
        self._refreshing = asyncio.Lock()
        self.unmatched = Unmatched()
        self._due: tuple[Article, ...] = ()
        self.live: tuple[Article, ...] = ()
        self.index = ArticleIndex((), matching)
        self.revisions: Mapping[str, str] = {}
        self.settled = False
        self.decisions: Mapping[str, Decision] = {}
        self.sources: dict[tuple[Platform, str], Source] = {}

    # -- one account --------------------------------------------------------------------------------------------------------

    def facts(
        self, account: Account, state: AccountState, now: datetime, reposts: Sequence[Repost], unmatched: Unmatched | None = None
    ) -> AccountFacts:
        """Put together what the rules may know of the account; `unmatched` is what was when the reposts were read."""
        state = sane(state, now)
        owed = tuple(article for article in self.live if article.published_at <= now and article.audience.includes(account))
        return AccountFacts(
            account=account,
            state=state,
            now=now,
            source=self._source(account, state),
            articles=owed,
            reposts=decided(reposts, self.decisions),
            unmatched=self._unmatched_for(account, unmatched or Unmatched()),
        )

    def _unmatched_for(self, account: Account, before: Unmatched) -> frozenset[str]:
        waits = account.id in self.unmatched.accounts or account.id in before.accounts
        return frozenset(self.revisions) if waits else self.unmatched.articles | before.articles

    def name_of(self, channel: Channel) -> str:
        """Return what a channel looks through: two bridges of one adapter are two sources."""
        adapter = self._adapters.get(channel.adapter)
        return source_name(adapter, channel) if adapter is not None else channel.adapter

    def _source(self, account: Account, state: AccountState) -> Source | None:
        key = inspection.source_of(account, state, self.name_of)
        return self.sources.get(key) if key else None

    def believed(self, account: Account, poll: Poll) -> Poll:
        """Return the poll with what a second-hand source covers cut to the moment it was last proven alive.

        A bridge that stands still answers like a silent account. It is believed up to the newest post that anybody behind it was seen
        to publish, this page included: so what it did not show while it stood still is never taken for silence, not even afterwards.
        """
        return replace(poll, snapshots=tuple(self._believed(account, poll, snapshot) for snapshot in poll.snapshots))

    def _believed(self, account: Account, poll: Poll, snapshot: Snapshot) -> Snapshot:
        start, until = snapshot.covers_from, snapshot.covers_until
        if start is None or until is None or self._first_hand.get(snapshot.channel, False):
            return snapshot
        name = next((outcome.source for outcome in poll.outcomes if outcome.channel.adapter == snapshot.channel and outcome.source), "")
        source = self.sources.get((account.platform, name))
        alive = [post.published_at for post in snapshot.posts if post.published_at <= poll.at]
        if source is not None and source.newest_post_at is not None:
            alive.append(source.newest_post_at)
        proven = min(until, max(alive)) if alive else None
        if proven is None or proven <= start:
            return snapshot.model_copy(update={"covers_from": None, "covers_until": None})
        return snapshot if proven == until else snapshot.model_copy(update={"covers_until": proven})

    def changes(self, facts: AccountFacts, alive: Mapping[str, Alert]) -> list[AlertChange]:
        """Return what the rules' words now change about the account's alerts."""
        return settled(alive, self.findings(facts), facts.now)

    def findings(self, facts: AccountFacts) -> list[Finding]:
        """Return what every rule says; a rule that fails is logged and says nothing, the others are still heard."""
        said: list[Finding] = []
        facts = self.graded(facts)
        for rule in self._account_rules:
            try:
                said += rule.judge(facts)
            except Exception:
                log.exception("a rule failed", rule=rule.name, account=facts.account.id)
        return said

    def graded(self, facts: AccountFacts) -> AccountFacts:
        """Return the facts with the account's standing, for rules that look ahead from it."""
        if facts.standing is not None:
            return facts
        try:
            return replace(facts, standing=self.grader.stand(facts))
        except Exception:
            log.exception("a rule failed", rule=self.grader.name, account=facts.account.id)
            return facts

    def carried(self, posts: Iterable[Post], account: Account) -> list[Repost]:
        """Return which live articles these posts carry, or seem to carry."""
        return [each for post in posts for each in carried_by(self.index, post, account)] if self.live else []

    # -- key articles -------------------------------------------------------------------------------------------------------

    async def refresh_articles(self, now: datetime) -> None:
        """Read the key articles again, and how far each has been matched with the posts already stored; match none.

        A new index is made outside the event loop, since ten thousand articles take seconds; until then the old one serves.
        """
        async with self._refreshing:
            known = await self._store.articles()
            due = tuple(article for article in known if now <= article.due_at + ARTICLE_LIFE)
            if due != self._due:
                index, revisions = await asyncio.to_thread(indexed, due, self._matching)
                changed = {each for each, revision in revisions.items() if self.revisions.get(each) != revision}
                self._due, self.live, self.index, self.revisions = due, index.articles, index, revisions
                # A look that is judged before the progress is read must not accuse anybody of missing what has just come.
                self.unmatched = replace(self.unmatched, articles=self.unmatched.articles | changed)
            await self.refresh_progress()

    async def refresh_progress(self) -> None:
        """Read how far each live article has been matched, which accounts wait to be, and what people decided."""
        revisions = self.revisions
        progress = await self._store.keepings.progress(revisions)
        waiting = frozenset(await self._store.keepings.unmatched_accounts())
        self.decisions = await self._store.keepings.decisions(revisions)
        if revisions is not self.revisions:
            # Others have been adopted meanwhile; whoever did that reads anew.
            return
        as_is = [each for each in progress.values() if each.revision == revisions[each.article_id] and not each.left]
        rounds = {each.article_id: each.rounds for each in as_is}
        self.unmatched = Unmatched(frozenset(each for each in revisions if rounds.get(each, 0) < 1), waiting)
        self.settled = self.matched and all(rounds[each] > 1 for each in revisions)

    async def never_matched(self, articles: Iterable[Article]) -> frozenset[str]:
        """Return the ids of those out of their time that were never matched, as they stand, with what is stored: nobody will."""
        past = {each.id: revision_of(each, self._matching) for each in articles if each.id not in self.revisions}
        progress = await self._store.keepings.progress(past)
        once = {each.article_id for each in progress.values() if each.rounds and same_article(each.revision, past[each.article_id])}
        return frozenset(past.keys() - once)

    @property
    def matched(self) -> bool:
        """Whether every live article has been matched with all that was stored before it came."""
        return not self.unmatched.articles and not self.unmatched.accounts

    # -- the whole roster ---------------------------------------------------------------------------------------------------

    async def tick(self, now: datetime) -> Picture:
        """Judge every account as it stands, without looking: deadlines pass whether or not anybody publishes.

        1. Read the articles anew, and the health of every source.
        2. Let the rules speak on each account; write the alerts that changed.
        3. Open or hold the accusations that wait, platform by platform.
        """
        picture = await self.look_around(now)
        async for accounts in self._store.roster():
            await self._judge_batch(accounts, picture)
        await self._judge_sources(picture)
        await self._gate.settle(picture)
        await self._close_orphans(picture)
        return picture

    async def look_around(self, now: datetime) -> Picture:
        """Read the key articles and the health of every source; judge nobody."""
        picture = Picture(taken_at=now)
        await self.refresh_articles(now)
        await self._survey(picture)
        return picture

    async def _survey(self, picture: Picture) -> None:
        pairs: list[tuple[Account, AccountState]] = []
        async for batch in self._store.watched():
            for account, state in batch:
                pairs.append((account, _slim(state)))
                picture.platforms[account.id] = account.platform
                if account.status is not Status.CLOSED:
                    picture.untried[account.platform] += state.last_tried_at is None
                for channel in account.channels:
                    if channel.adapter not in self._adapters:
                        # Switched off: nobody asks it, so what was last known of it would stand for ever.
                        continue
                    key = (channel.adapter, channel.credential)
                    picture.served[key] = picture.served.get(key, 0) + 1
        self.sources = inspection.source_health(pairs, self._first_hand, self._guards, picture.taken_at, self.name_of)
        picture.sources = self.sources
        picture.activity = pairs

    async def _judge_batch(self, accounts: list[Account], picture: Picture) -> None:
        ids = [account.id for account in accounts]
        # Alerts before states: a look that ends an alert in between is then seen whole, never as silence that opens another.
        alive = await self._store.alive_alerts(ids)
        states = await self._store.states(ids)
        unmatched = self.unmatched
        reposts = await self._store.reposts(ids, [article.id for article in self.live]) if self.live else {}
        changes: list[AlertChange] = []
        graded: list[tuple[Account, Standing]] = []
        for account in accounts:
            state = states.get(account.id) or AccountState(account_id=account.id)
            facts = self.graded(self.facts(account, state, picture.taken_at, reposts.get(account.id, ()), unmatched))
            findings = self.findings(facts)
            mine = alive.get(account.id, {})
            picture.firing |= {finding.key for finding in findings if finding.status is Firing.FIRING}
            moved = settled(mine, findings, picture.taken_at)
            changes += moved
            alerts = {**{alert.id: alert for alert in mine.values()}, **{change.after.id: change.after for change in moved}}
            standing = facts.standing or self.grader.stand(facts)
            graded.append((account, standing))
            picture.standings.append((account, heard(standing, alerts.values(), self.grader.name)))
            if self._repost_grader is not None and facts.articles:
                owed = self._repost_grader.reposts(facts)
                picture.reposts += tasks.heard(owed, alerts.values(), self._repost_grader.name)
        picture.judged.update(inspection.judged_by_platform(graded))
        await self._store.put_alerts(changes)

    async def _judge_sources(self, picture: Picture) -> None:
        findings = [
            finding
            for source in picture.sources.values()
            for rule in self._source_rules
            for finding in rule.judge(SourceFacts(source=source, now=picture.taken_at))
        ]
        await self._settle_ours(findings, picture.taken_at)

    async def _close_orphans(self, picture: Picture) -> None:
        """End, without a letter, alerts whose subject nobody judges any more: an article out of its time, or that its account owes no more
        or not yet, since one of both was corrected; a source or credential unused."""
        live = {article.id: article for article in self.live}
        accounts = {account.id: account for account, _ in picture.standings}
        names = {ChannelState(adapter=adapter, credential=credential).name for adapter, credential in picture.served}
        names |= {source.name for source in picture.sources.values()}
        changes = []
        for alert in await self._store.alerts([Stage.PENDING, Stage.HELD, Stage.OPEN]):
            finding = alert.finding
            outlived = finding.article_id is not None and finding.article_id not in live
            unowed = not outlived and self._is_unowed(finding, live, accounts, picture.taken_at)
            unused = finding.account_id is None and finding.rule != "quorum" and finding.subject not in names
            if outlived or unowed or unused:
                over = {"stage": Stage.RESOLVED, "resolved_at": picture.taken_at}
                changes.append(AlertChange(alert, alert.model_copy(update=over)))
        await self._store.put_alerts(changes)
        # A resolved alert with nobody told of it owes nobody a recovery.
        await self._store.put_told([change.after.model_copy(update={"told": {}, "tries": {}}) for change in changes])

    def _is_unowed(self, finding: Finding, live: Mapping[str, Article], accounts: Mapping[str, Account], now: datetime) -> bool:
        article, account = live.get(finding.article_id or ""), accounts.get(finding.account_id or "")
        if article is None or account is None:
            return False
        early = finding.severity is Severity.ACCUSATION and now <= article.due_at
        return early or now < article.published_at or not article.audience.includes(account)

    async def judge_channels(self, channels: Iterable[ChannelState], expiries: Sequence[Expiry], now: datetime) -> None:
        """Let the rules speak about each adapter with each credential, and the ends of its tokens."""
        ends: dict[str, tuple[Expiry, ...]] = {}
        for each in expiries:
            ends[each.credential] = (*ends.get(each.credential, ()), each)
        findings = [
            finding
            for channel in channels
            for rule in self._channel_rules
            for finding in rule.judge(ChannelFacts(channel=channel, now=now, expiries=ends.get(channel.credential, ())))
        ]
        await self._settle_ours(findings, now)

    async def _settle_ours(self, findings: Sequence[Finding], now: datetime) -> None:
        alive = (await self._store.alive_alerts([None])).get(None, {})
        await self._store.put_alerts(settled(alive, findings, now))

    async def release(self, platform: Platform | None, now: datetime, by: str) -> int:
        """Open what the quorum gate holds, by this person's word; return how many."""
        return await self._gate.release(platform, now, by)


def heard(standing: Standing, alerts: Iterable[Alert], rule: str) -> Standing:
    """Return the standing as it may be shown: a failure that still waits at the gate is not yet one."""
    if standing.verdict is not Verdict.FAILED:
        return standing
    stage = next((a.stage for a in alerts if a.finding.rule == rule and a.stage is not Stage.RESOLVED), Stage.PENDING)
    if stage not in tasks.WAITING:
        return standing
    return standing.model_copy(update={"verdict": Verdict.UNDETERMINED, "reason": tasks.WAITING[stage]})


def _slim(state: AccountState) -> AccountState:
    """Leave out what a survey does not need, so that a large roster fits."""
    return state.model_copy(update={"seen": {}, "memory": {}})
