"""The demo's world: 423 accounts whose verdicts are known beforehand, the same for the same seed and moment."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import islice

from demo.answers import Expected, expect
from demo.articles import GROUP, key_articles, reposts
from demo.faults import TABLE
from demo.names import FAILING, OFFICE, UNITS_OF_A_DIVISION, Failing, Unit, units
from demo.pages import LETTERS, Page, Trouble
from demo.rhythm import JUST_NOW, Item, Rhythm, history, write
from demo.secrets import SHARED
from demo.ways import Way, shared_by
from monitor.model import Account, Article, Platform, local_date

SEED = 2020
LIVE_SECONDS = 3.0
"""So often one of the healthy accounts publishes while the demo runs."""
PUSHED_EVERY = 4
RENEWABLE = timedelta(days=8)
"""How long the authorisations of Douyin accounts still last: they are renewed ten days before, and alarmed of seven days before."""


@dataclass(frozen=True, slots=True)
class Cast:
    """How many accounts of a platform play which part. `healthy` counts canaries, quiet, audience and ordinary ones.

    `quiet` gives each its idle days, in the span of the reminders. All are watched the `usual` way but for some `members` of the
    audience and some `ordinary` accounts, by their places.
    """

    healthy: int
    canaries: int
    quiet: tuple[int, ...]
    audience: int
    troubles: tuple[Trouble, ...]
    usual: Way
    members: Mapping[range, tuple[Way, ...]] = field(default_factory=dict)
    ordinary: Mapping[range, tuple[Way, ...]] = field(default_factory=dict)

    def ways(self, place: int, special: Mapping[range, tuple[Way, ...]]) -> tuple[Way, ...]:
        """Return how the account in this place is watched: specially, where a range of places says so."""
        return next((ways for places, ways in special.items() if place in places), (self.usual,))


WECHAT_SPECIAL = {
    range(12): (Way.WECHAT_LIST, Way.WECHAT_FEED),
    range(12, 17): (Way.WECHAT_FULL,),
    range(17, 20): (Way.WECHAT_COMPONENT, Way.WECHAT_FEED),
    range(20, 24): (Way.WEWE_RSS,),
    range(42, 44): (Way.WEWE_RSS,),
    range(24, 27): (Way.WE_MP_RSS,),
    range(45, 46): (Way.WE_MP_RSS,),
    range(27, 30): (Way.WECHAT2RSS,),
    range(30, 32): (Way.WECHAT_DOWNLOAD,),
    range(35, 37): (Way.WECHAT_PUSH, Way.WECHAT_FEED),
    # They publish at least on working days: a file that is some hours late shows no silence of theirs.
    range(38, 39): (Way.WECHAT_STATIC,),
    range(40, 41): (Way.WECHAT_STATIC,),
    range(47, 49): (Way.MANUAL,),
}
DOUYIN_SPECIAL = {range(4): (Way.DOUYIN_V5,), range(4, 6): (Way.DOUYIN_RSSHUB,), range(6, 8): (Way.DOUYIN_V5, Way.DOUYIN_V4)} | {
    range(8, 10): (Way.DOUYIN_OWN,),
    range(10, 12): (Way.DOUYIN_RETIRED, Way.DOUYIN_V4),
}
TOUTIAO_SPECIAL = {range(2): (Way.TOUTIAO_ROWS,), range(2, 3): (Way.TOUTIAO_ROWS, Way.TOUTIAO_RSSHUB)}
WEIBO_BATCH_PLACES = (0, 1, 3, 5, 7, 8)
"""Those of the first who publish at least on working days, and not several times a day: their newest twenty posts show each of them."""
WEIBO_BUSINESS_PLACES = (22, 24, 26, 28, 29)
"""These as well."""
WEIBO_SPECIAL = {
    **{range(place, place + 1): (Way.WEIBO_BATCH,) for place in WEIBO_BATCH_PLACES},
    **{range(place, place + 1): (Way.WEIBO_BUSINESS_BATCH,) for place in WEIBO_BUSINESS_PLACES},
    range(10, 13): (Way.WEIBO_OWN, Way.WEIBO_RSSHUB),
    range(13, 15): (Way.WEIBO_RSSHUB,),
    range(15, 18): (Way.WEIBO_WEB,),
    range(18, 20): (Way.WEIBO_GUEST, Way.WEIBO_OWN),
    range(20, 22): (Way.WEIBO_BUSINESS,),
}
CASTS = {
    Platform.WECHAT: Cast(
        237,
        6,
        (7, 8, 9, 10, 10, 11, 12, 13, 13),
        39,
        (Trouble.BROKEN_SOURCE,),
        usual=Way.WECHAT_FEED,
        members={range(10): (Way.WECHAT_LIST, Way.WECHAT_FEED)},
        ordinary=WECHAT_SPECIAL,
    ),
    Platform.WEIBO: Cast(
        125,
        4,
        (7, 9, 10, 12, 13),
        18,
        (Trouble.DEAD_CREDENTIAL, Trouble.DELETED),
        usual=Way.WEIBO_OWN,
        ordinary=WEIBO_SPECIAL,
    ),
    Platform.DOUYIN: Cast(39, 4, (8, 10, 13), 0, (Trouble.GUEST_VIEW,), usual=Way.DOUYIN_V4, ordinary=DOUYIN_SPECIAL),
    Platform.TOUTIAO: Cast(4, 0, (), 0, (), usual=Way.TOUTIAO_RSSHUB, ordinary=TOUTIAO_SPECIAL),
}
RHYTHMS = (Rhythm.DAILY, Rhythm.WORKDAYS, Rhythm.WEEKLY, Rhythm.DAILY, Rhythm.SLOW, Rhythm.WORKDAYS, Rhythm.SEVERAL)
"""The habits of the ordinary healthy accounts, in turn."""
AUDIENCE_RHYTHMS = {
    Platform.WECHAT: (Rhythm.DAILY, Rhythm.WORKDAYS, Rhythm.WEEKLY),
    # The official interface shows the newest five posts: with one of its own a week, three reposts still leave the older one in view.
    Platform.WEIBO: (Rhythm.WEEKLY,),
}
GUEST_IDLE_DAYS = 45
"""The newest post that a guest is shown; the other troubled accounts are as old behind their troubles."""
OWING_TROUBLES = (Trouble.BROKEN_SOURCE, Trouble.DEAD_CREDENTIAL)
"""These two owe the reposts as well: what cannot be seen is neither reposted nor missing."""


@dataclass(frozen=True, slots=True)
class HandLook:
    """A row that a person entered: when the account was last updated, when that was seen, and by whom."""

    last_update: date | None
    looked_at: datetime
    by: str = "抽查员"


@dataclass(frozen=True, slots=True)
class World:
    """Pages, key articles and the answers. Nothing in it changes; what is published live comes from `live`."""

    seed: int
    now: datetime
    pages: tuple[Page, ...]
    articles: tuple[Article, ...]
    by_code: Mapping[str, Page] = field(repr=False)

    @classmethod
    def build(cls, now: datetime, seed: int = SEED) -> World:
        """Build the world as it stands at `now`; idle days count back from the Shanghai date of that moment."""
        articles = key_articles(now)
        pages = tuple(_Casting(seed, now, articles).pages())
        return cls(seed, now, pages, articles, {page.code: page for page in pages})

    def roster(self, base_url: str) -> tuple[Account, ...]:
        """Return the accounts as they are watched at the platforms that answer at `base_url`."""
        return tuple(page.account(base_url) for page in self.pages)

    def credentials(self) -> dict[str, dict[str, str]]:
        """Return the credentials file: made-up secrets that the simulated platforms ask for."""
        own = {page.credential: page.secrets | self._ends(page) for page in self.pages if page.credential}
        return own | {name: dict(SHARED[name]) for name in sorted({name for page in self.pages for name in shared_by(page.ways)})}

    def _ends(self, page: Page) -> dict[str, str]:
        """Return when an authorisation ends, where the credentials file says so: soon enough for it to be renewed at the first look."""
        return {"refresh_expires_at": (self.now + RENEWABLE).isoformat(timespec="seconds")} if Way.DOUYIN_OWN in page.ways else {}

    @property
    def expected(self) -> Expected:
        """What the final summary must show."""
        return expect(self.pages, self.articles, self.now)

    def expected_under(self, fault: str) -> Expected:
        """What it must show under a fault of the table; an empty name means none."""
        return expect(self.pages, self.articles, self.now, TABLE[fault]) if fault else self.expected

    def hand_looks(self) -> Iterator[tuple[Page, HandLook]]:
        """Yield what a person entered, a little before `now`, of the accounts that are looked at by hand."""
        for page in self.pages:
            if Way.MANUAL in page.ways:
                yield page, HandLook(local_date(page.items[0].at), self.now - JUST_NOW)

    def live(self, number: int) -> tuple[Page, Item]:
        """Return the number-th live post, counted from 1: it appears so many times LIVE_SECONDS after `now`.

        Its author is one of those who publish at least on working days, so it changes no answer.
        """
        rng = random.Random(f"{self.seed} live {number}")
        authors = [page for page in self.pages if page.lively]
        told = [page for page in authors if Way.WECHAT_PUSH in page.ways]
        # Often enough one of those whose posts are pushed, so that one sees it happen.
        page = told[number // PUSHED_EVERY % len(told)] if number % PUSHED_EVERY == 0 else rng.choice(authors)
        moment = (self.now + timedelta(seconds=number * LIVE_SECONDS)).replace(microsecond=0)
        return page, page.publishing(write(rng, page.place, moment))


class _Casting:
    """Hands the parts to the units, platform by platform."""

    def __init__(self, seed: int, now: datetime, articles: tuple[Article, ...]) -> None:
        self.seed, self.now, self.articles = seed, now, articles
        self.units = units()
        self.taken = {(line.division, line.unit, line.platform) for line in FAILING}

    def pages(self) -> Iterator[Page]:
        yield from (self._failing(serial, line) for serial, line in enumerate(FAILING, 1))
        serial = len(FAILING) + 1
        for platform, cast in CASTS.items():
            for page in self._platform(platform, cast, serial):
                yield page
                serial += 1

    def _failing(self, serial: int, line: Failing) -> Page:
        unit = next(each for each in self.units if (each.division.code, each.name) == (line.division, line.unit))
        blank = _blank(serial, unit, line.platform)
        page = replace(blank, name=line.name, status=line.status, failing=True, idle_days=line.idle_days, fate=line.fate)
        return page if line.idle_days is None else self._lived(page, Rhythm.WEEKLY, line.idle_days)

    def _platform(self, platform: Platform, cast: Cast, serial: int) -> Iterator[Page]:
        chosen = self._choose(platform, cast)
        blanks = iter([_blank(number, unit, platform) for number, unit in enumerate(chosen, serial)])
        for page in islice(blanks, cast.canaries):
            yield self._lived(replace(page, canary=True), Rhythm.DAILY, 0)
        for trouble, page in zip(cast.troubles, blanks, strict=False):
            yield self._troubled(page, trouble)
        for idle, page in zip(cast.quiet, blanks, strict=False):
            yield self._lived(replace(page, idle_days=idle), Rhythm.SLOW, idle)
        for member, page in enumerate(islice(blanks, cast.audience)):
            yield self._member(replace(page, member=member, ways=cast.ways(member, cast.members)))
        for place, page in enumerate(blanks):
            yield self._ordinary(replace(page, ways=cast.ways(place, cast.ordinary)), RHYTHMS[place % len(RHYTHMS)])

    def _choose(self, platform: Platform, cast: Cast) -> list[Unit]:
        """Return the units that have a healthy or troubled account here; the first are offices that speak for a county, as canaries."""
        free = [unit for unit in self.units if unit.number <= UNITS_OF_A_DIVISION and not self._is_taken(unit, platform)]
        random.Random(f"{self.seed} {platform}").shuffle(free)
        voices = [unit for unit in free if unit.name.endswith(OFFICE)][: cast.canaries]
        return (voices + [unit for unit in free if unit not in voices])[: cast.healthy + len(cast.troubles)]

    def _is_taken(self, unit: Unit, platform: Platform) -> bool:
        return (unit.division.code, unit.name, platform) in self.taken

    def _troubled(self, page: Page, trouble: Trouble) -> Page:
        groups = (GROUP,) if trouble in OWING_TROUBLES else ()
        return self._lived(replace(page, trouble=trouble, groups=groups), Rhythm.WEEKLY, GUEST_IDLE_DAYS)

    def _member(self, page: Page) -> Page:
        rhythms, member = AUDIENCE_RHYTHMS[page.platform], page.member or 0
        rhythm = rhythms[member % len(rhythms)]
        page = self._lived(replace(page, groups=(GROUP,)), rhythm, self._idle(page, rhythm))
        return page.showing((*page.items, *reposts(self._rng(page, "reposts"), page.platform, member, self.articles)))

    def _ordinary(self, page: Page, rhythm: Rhythm) -> Page:
        # What is published after a person looked is not known here.
        lively = rhythm in (Rhythm.DAILY, Rhythm.WORKDAYS) and Way.MANUAL not in page.ways
        return self._lived(replace(page, lively=lively), rhythm, self._idle(page, rhythm))

    def _idle(self, page: Page, rhythm: Rhythm) -> int:
        """At least a day where a single post carries the answer: today's may still lie ahead of `now`."""
        return self._rng(page, "idle").randint(1, 5) if rhythm in (Rhythm.WEEKLY, Rhythm.SLOW) else 0

    def _lived(self, page: Page, rhythm: Rhythm, idle: int) -> Page:
        return page.showing(history(self._rng(page, "history"), page.place, rhythm, idle, self.now))

    def _rng(self, page: Page, purpose: str) -> random.Random:
        return random.Random(f"{self.seed} {page.code} {purpose}")


def _blank(serial: int, unit: Unit, platform: Platform) -> Page:
    code = f"{unit.division.code}M{unit.number:03d}{LETTERS[platform]}0001"
    return Page(serial, code, unit, platform, unit.voice, ways=(CASTS[platform].usual,))
