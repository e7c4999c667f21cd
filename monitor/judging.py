"""Hands facts to the rules and turns their findings into alert changes. Reads and writes the store; judges nothing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from monitor import alerting, inspection
from monitor.after import sane
from monitor.matching import ArticleIndex, keys_of_article
from monitor.matching import repost as make_repost
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
    RepostStanding,
    Role,
    Severity,
    Snapshot,
    Source,
    Stage,
    Standing,
    Status,
    Verdict,
)
from monitor.poller import source_name
from monitor.ports import AccountFacts, Adapter, ChannelFacts, Expiry, Grader, RepostGrader, Rule, SourceFacts
from monitor.settings import GuardSettings
from monitor.store import Store
from monitor.writes import AlertChange

log = structlog.get_logger("judging")

ARTICLE_LIFE = timedelta(days=14)
"""How long after its deadline an article is still looked for and judged: nine in ten reposts come within six days."""

BEFORE_PUBLICATION = timedelta(hours=25)
"""How far back stored posts are read for a new article: a post known to the day only may stand at that day's start."""

MATCH_ROUNDS = 2
"""How often an article that came or changed is matched against the stored posts."""

_UNHEARD = {Stage.HELD: "同批异常账号过多，暂扣待人工核实", Stage.PENDING: "待本轮采集结束后核对"}


@dataclass(slots=True)
class Picture:
    """What one tick saw of the whole roster, for the console, the metrics and the summary."""

    taken_at: datetime
    standings: list[tuple[Account, Standing]] = field(default_factory=list)
    reposts: list[RepostStanding] = field(default_factory=list)
    sources: dict[tuple[Platform, str], Source] = field(default_factory=dict)
    served: dict[tuple[str, str], int] = field(default_factory=dict)
    untried: Counter[Platform] = field(default_factory=Counter)
    judged: Counter[Platform] = field(default_factory=Counter)
    firing: set[str] = field(default_factory=set)
    platforms: dict[str, Platform] = field(default_factory=dict)
    activity: list[tuple[Account, AccountState]] = field(default_factory=list)


class Judge:
    """Holds what the rules need beside an account: the live key articles and the health of the sources."""

    def __init__(self, store: Store, rules: Sequence[Rule], grader: Grader, adapters: Mapping[str, Adapter], guards: GuardSettings) -> None:
        self._store = store
        self.grader = grader
        self._account_rules = [grader, *(rule for rule in rules if rule.about == "account")]
        self._channel_rules = [rule for rule in rules if rule.about == "channel"]
        self._source_rules = [rule for rule in rules if rule.about == "source"]
        self._repost_grader = next((rule for rule in rules if isinstance(rule, RepostGrader)), None)
        self._adapters = adapters
        self._first_hand = {name: adapter.first_hand for name, adapter in adapters.items()}
        self._guards = guards
        self._articles: dict[str, Article] = {}
        self._matched: dict[str, tuple[Article, int]] = {}
        self.live: tuple[Article, ...] = ()
        self.index = ArticleIndex(())
        self.sources: dict[tuple[Platform, str], Source] = {}

    # -- one account --------------------------------------------------------------------------------------------------------

    def facts(self, account: Account, state: AccountState, now: datetime, reposts: Sequence[Repost]) -> AccountFacts:
        """Put together what the rules may know of the account."""
        state = sane(state, now)
        owed = tuple(article for article in self.live if article.published_at <= now and article.audience.includes(account))
        return AccountFacts(
            account=account, state=state, now=now, source=self._source(account, state), articles=owed, reposts=tuple(reposts)
        )

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
        for rule in self._account_rules:
            try:
                said += rule.judge(facts)
            except Exception:
                log.exception("a rule failed", rule=rule.name, account=facts.account.id)
        return said

    def carried(self, posts: Iterable[Post], account: Account) -> list[Repost]:
        """Return which live articles these posts carry, or seem to carry."""
        return [each for post in posts for each in carried(self.index, self._articles, post, account)]

    # -- key articles -------------------------------------------------------------------------------------------------------

    async def refresh_articles(self, now: datetime, *, match: bool = True) -> None:
        """Read the key articles again; with `match`, look for those that are new or corrected among the posts already stored.

        An article is matched twice, in this round and in the next: a poll that was made before it came may be written after the
        first. It counts as known only when its matching has succeeded.
        """
        known = {article.id: article for article in await self._store.articles()}
        self.live = tuple(article for article in known.values() if now <= article.due_at + ARTICLE_LIFE)
        if self._articles != known:
            self.index = ArticleIndex(self.live)
        self._articles = known
        if not match:
            return
        fresh = [article for article in self.live if self._rounds(article) < MATCH_ROUNDS]
        if not fresh:
            return
        # What is stored is read before the posts: a repost that a poll writes meanwhile must not look like one that no longer holds.
        stored = await self._store.reposts(article_ids=[article.id for article in fresh])
        near = await self._near(fresh, now)
        for article in fresh:
            before = {each.id for reposts in stored.values() for each in reposts if each.article_id == article.id}
            await self._rematch(article, near.get(article.id, ()), before)
            self._matched[article.id] = (article, self._rounds(article) + 1)

    def _rounds(self, article: Article) -> int:
        """Return how often the article, as it stands now, has been matched."""
        matched, rounds = self._matched.get(article.id, (article, 0))
        return rounds if matched == article else 0

    async def _near(self, articles: Sequence[Article], now: datetime) -> dict[str, list[Repost]]:
        """Return the candidates among the stored posts, by article. No key leads to them: one walk over the posts serves all articles."""
        index, known = ArticleIndex(articles), {article.id: article for article in articles}
        since = min(article.published_at for article in articles) - BEFORE_PUBLICATION
        found: dict[str, list[Repost]] = {}
        async for accounts in self._store.roster():
            owing = {account.id: account for account in accounts if any(article.audience.includes(account) for article in articles)}
            async for post in self._store.posts_since(owing, since, now):
                for match in index.near(post, owing[post.account_id]):
                    found.setdefault(match.article_id, []).append(make_repost(match, known[match.article_id], post))
        return found

    async def _rematch(self, article: Article, near: Iterable[Repost], before: set[str]) -> None:
        posts = await self._store.posts_with_keys(keys_of_article(article), article.published_at - BEFORE_PUBLICATION)
        accounts = {account.id: account for account in await self._store.accounts({post.account_id for post in posts})}
        index = ArticleIndex((article,))
        mine = [post for post in posts if post.account_id in accounts]
        found = [each for post in mine for each in carried(index, {article.id: article}, post, accounts[post.account_id])]
        sure = {repost.id for repost in found}
        found += [repost for repost in near if repost.id not in sure]
        gone = before - {repost.id for repost in found}
        await self._store.drop_reposts(sorted(gone - await self._of_hidden(article, index, gone)))
        await self._store.put_reposts(found)
        if found:
            log.info("key article matched against stored posts", article=article.id, reposts=len(found))

    async def _of_hidden(self, article: Article, index: ArticleIndex, gone: set[str]) -> set[str]:
        """Return which of these reposts hold but for their post's having been deleted since: that it stood there stays proven."""
        posts = await self._store.posts_by_id({each.partition(" ")[2] for each in gone}) if gone else []
        hidden = [post.model_copy(update={"deleted_at": None, "private": False}) for post in posts if not post.visible]
        accounts = {account.id: account for account in await self._store.accounts({post.account_id for post in hidden})} if hidden else {}
        mine = [post for post in hidden if post.account_id in accounts]
        return {each.id for post in mine for each in carried(index, {article.id: article}, post, accounts[post.account_id])}

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
        await self._gate(picture)
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
        reposts = await self._store.reposts(ids, [article.id for article in self.live]) if self.live else {}
        changes: list[AlertChange] = []
        graded: list[tuple[Account, Standing]] = []
        for account in accounts:
            state = states.get(account.id) or AccountState(account_id=account.id)
            facts = self.facts(account, state, picture.taken_at, reposts.get(account.id, ()))
            findings = self.findings(facts)
            mine = alive.get(account.id, {})
            picture.firing |= {finding.key for finding in findings if finding.status is Firing.FIRING}
            moved = settled(mine, findings, picture.taken_at)
            changes += moved
            alerts = {**{alert.id: alert for alert in mine.values()}, **{change.after.id: change.after for change in moved}}
            standing = self.grader.stand(facts)
            graded.append((account, standing))
            picture.standings.append((account, heard(standing, alerts.values(), self.grader.name)))
            if self._repost_grader is not None and facts.articles:
                picture.reposts += self._repost_grader.reposts(facts)
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
        """End, without a letter, alerts whose subject nobody judges any more: an article out of its time, a source or credential unused."""
        live = {article.id for article in self.live}
        names = {ChannelState(adapter=adapter, credential=credential).name for adapter, credential in picture.served}
        names |= {source.name for source in picture.sources.values()}
        changes = []
        for alert in await self._store.alerts([Stage.PENDING, Stage.HELD, Stage.OPEN]):
            finding = alert.finding
            outlived = finding.article_id is not None and finding.article_id not in live
            unused = finding.account_id is None and finding.rule != "quorum" and finding.subject not in names
            if outlived or unused:
                over = {"stage": Stage.RESOLVED, "resolved_at": picture.taken_at}
                changes.append(AlertChange(alert, alert.model_copy(update=over)))
        await self._store.put_alerts(changes)
        # A resolved alert with nobody told of it owes nobody a recovery.
        await self._store.put_told([change.after.model_copy(update={"told": {}, "tries": {}}) for change in changes])

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

    # -- the quorum gate ----------------------------------------------------------------------------------------------------

    async def _gate(self, picture: Picture) -> None:
        """Open or hold the accusations whose sweep is over, and which the rules have just confirmed."""
        now = picture.taken_at
        pending = [alert for alert in await self._store.alerts([Stage.PENDING]) if self._ripe(alert, picture)]
        standing = await self._store.alerts([Stage.OPEN, Stage.HELD])
        gate = inspection.quorum(pending, standing, picture.platforms, picture.judged, self._guards, now)
        before = {alert.id: alert for alert in pending}
        moved = [*alerting.release(gate.release, now), *alerting.hold(gate.hold, now)]
        await self._store.put_alerts([AlertChange(before[alert.id], alert) for alert in moved])
        for wave in gate.waves:
            log.warning("quorum gate tripped", rule=wave.rule, platform=wave.platform, accused=wave.accused, judged=wave.judged)
        held = [*(alert for alert in standing if alert.stage is Stage.HELD), *(alert for alert in moved if alert.stage is Stage.HELD)]
        findings = [
            _quorum_finding(rule, platform, len(batch), picture.judged[platform])
            for (rule, platform), batch in _batches(held, picture).items()
        ]
        await self._settle_quorum(findings, now)

    def _ripe(self, alert: Alert, picture: Picture) -> bool:
        """Whether the alert's sweep is over: all of its platform were tried, time for company has passed, the rule still says so."""
        platform = picture.platforms.get(alert.finding.account_id or "")
        settled_for = picture.taken_at - inspection.accused_at(alert)
        return (
            platform is not None
            and not picture.untried[platform]
            and settled_for >= timedelta(seconds=self._guards.settle_seconds)
            and alert.finding.key in picture.firing
        )

    async def _settle_quorum(self, findings: list[Finding], now: datetime) -> None:
        alive = (await self._store.alive_alerts([None])).get(None, {})
        over = [a.finding for a in alive.values() if a.finding.rule == "quorum" and a.finding.key not in {f.key for f in findings}]
        findings += [finding.model_copy(update={"status": Firing.CLEAR, "message": "暂扣的账号已处理"}) for finding in over]
        await self._store.put_alerts(settled(alive, findings, now))

    async def release(self, platform: Platform | None, now: datetime) -> int:
        """Open what the gate holds, by a person's word; return how many."""
        held = await self._store.alerts([Stage.HELD])
        platforms = {account.id: account.platform for account in await self._store.accounts()}
        chosen = [a for a in held if platform is None or platforms.get(a.finding.account_id or "") is platform]
        originals = {alert.id: alert for alert in chosen}
        await self._store.put_alerts([AlertChange(originals[a.id], a) for a in alerting.release(chosen, now)])
        return len(chosen)


def settled(alive: Mapping[str, Alert], findings: Iterable[Finding], now: datetime) -> list[AlertChange]:
    """Return the alert changes, each beside the alert as it was."""
    before = {alert.id: alert for alert in alive.values()}
    return [AlertChange(before.get(alert.id), alert) for alert in alerting.settle(alive, findings, now)]


def carried(index: ArticleIndex, articles: Mapping[str, Article], post: Post, account: Account) -> list[Repost]:
    """Return what the post carries or, as candidates, seems to carry.

    Who published the original itself owes nothing more: that stands as its repost, on time.
    """
    matches = [*index.find(post, account), *index.near(post, account)]
    found = [make_repost(match, articles[match.article_id], post) for match in matches]
    own = [
        Repost(article_id=each, account_id=account.id, post_id=post.id, published_at=post.published_at, evidence={"by": "original"})
        for each in index.originals(post, account)
    ]
    return [*found, *own]


def heard(standing: Standing, alerts: Iterable[Alert], rule: str) -> Standing:
    """Return the standing as it may be shown: a failure that still waits at the gate is not yet one."""
    if standing.verdict is not Verdict.FAILED:
        return standing
    stage = next((a.stage for a in alerts if a.finding.rule == rule and a.stage is not Stage.RESOLVED), Stage.PENDING)
    if stage not in _UNHEARD:
        return standing
    return standing.model_copy(update={"verdict": Verdict.UNDETERMINED, "reason": _UNHEARD[stage]})


def _slim(state: AccountState) -> AccountState:
    """Leave out what a survey does not need, so that a large roster fits."""
    return state.model_copy(update={"seen": {}, "memory": {}})


def _batches(alerts: Iterable[Alert], picture: Picture) -> dict[tuple[str, Platform], list[Alert]]:
    batches: dict[tuple[str, Platform], list[Alert]] = {}
    for alert in alerts:
        platform = picture.platforms.get(alert.finding.account_id or "")
        if platform is not None:
            batches.setdefault((alert.finding.rule, platform), []).append(alert)
    return batches


def _quorum_finding(rule: str, platform: Platform, count: int, judged: int) -> Finding:
    return Finding(
        rule="quorum",
        status=Firing.FIRING,
        subject=f"{platform} {rule}",
        severity=Severity.TROUBLE,
        rung=1,
        label="集中异常",
        message=f"{platform.label}有{count}个账号（共{judged}个）在同一轮新判为不合格，已暂扣，请人工核实后用 release 命令放行",
        tells=(Role.SYSADMIN, Role.CLERK),
        evidence={"count": count, "judged": judged, "rule": rule},
    )
