"""All that leaves the house, put together: letters, digests, the links in them, and who reads them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from monitor.metrics.registry import Metrics
from monitor.model import Contact, Platform, Role, Stage
from monitor.notify.items import Words
from monitor.notify.mail import OVERALL_FACTOR
from monitor.notify.post import Post
from monitor.picture import Picture
from monitor.ports import Clock, Notifier
from monitor.settings import Settings
from monitor.store import Store
from monitor.tasks import WAITING
from monitor.telling.digest_round import DigestRound, Digests
from monitor.telling.errands import Errands
from monitor.telling.links import Links
from monitor.telling.marks import address
from monitor.telling.posting import Posting, Readers, readers_of, wishes_of
from monitor.telling.rounds import Telling

KEY_BYTES = 32
"""Of the key that signs links, where the settings bring none."""


class Outgoing:
    """Holds `telling` and `errands`, and `readers` and `wishes` for those who ask why somebody was told or not."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        metrics: Metrics,
        notifier: Notifier | None,
        digests: Digests,
        links: Links,
        readers: Readers,
        owner: str,
        on_recheck: Callable[[], None],
        titles: Mapping[str, str],
    ) -> None:
        self.readers, self.wishes = readers, wishes_of(settings.notify)
        slowest = timedelta(seconds=settings.smtp.timeout_seconds * OVERALL_FACTOR)
        posting = Posting(store, notifier, settings.notify, metrics, clock, owner, slowest)
        words = Words(
            city=settings.notify.city,
            console_url=settings.web.public_url,
            link=lambda ask, alert, to: links.link(ask, alert, to, clock.now()),
            rectify_days=settings.notify.rectify_days,
            titles=titles,
        )
        self.telling = Telling(posting, words, self.wishes, readers, DigestRound(posting, digests, readers, settings.notify))
        self.errands = Errands(store, links, metrics.observe_link, on_recheck)


async def links_of(store: Store, settings: Settings) -> Links:
    """Return who signs links: with the key of the settings, else with one that the first daemon on this database made."""
    given = settings.notify.link_key.get_secret_value()
    key = given or await store.correspondence.key("links", secrets.token_urlsafe(KEY_BYTES))
    return Links(key, settings.web.public_url, timedelta(days=settings.notify.link_days))


class Roll:
    """The readers beside the accounts' own contacts, as the last picture of the roster knows them."""

    def __init__(self, picture: Callable[[], Picture | None]) -> None:
        self._picture = picture
        self._known: tuple[Picture | None, tuple[Contact, ...]] = (None, ())

    def counties(self) -> Iterable[Contact]:
        """Return each county clerk whom an account names, once; made anew only for a new picture."""
        picture = self._picture()
        if picture is not None and picture is not self._known[0]:
            found: dict[str, Contact] = {}
            for account, _ in picture.standings:
                for person in account.contacts:
                    if person.role is Role.COUNTY and address(person.email):
                        found.setdefault(address(person.email), person)
            self._known = (picture, tuple(found.values()))
        return self._known[1]

    def known(self) -> bool:
        """Whether there is a picture of the roster."""
        return self._picture() is not None

    def settled(self) -> bool:
        """Whether every account was tried at least once and no accusation waits for its sweep: a digest is then worth reading."""
        picture = self._picture()
        if picture is None or any(picture.untried[platform] for platform in Platform):
            return False
        return not any(standing.reason == WAITING[Stage.PENDING] for _, standing in picture.standings)


def readers_with(settings: Settings, roll: Roll, post: Post | None) -> Readers:
    """Return everybody who reads beside the accounts' own contacts, and who of them can be reached."""
    named = readers_of(settings.notify, post.contacts if post else ())
    everybody = replace(named, counties=roll.counties, known=roll.known, settled=roll.settled)
    return replace(everybody, reaches=post.reaches) if post else everybody
