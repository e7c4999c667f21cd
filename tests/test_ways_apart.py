"""A group robot and the mail server are two ways: a fault of one keeps no letter of the other waiting."""

from __future__ import annotations

from clocks import NOON, FrozenClock
from outbox import CLERK, OneLine, notify, opened, unit
from storing import alert

from monitor.metrics.registry import Metrics
from monitor.model import Contact, Role, Severity
from monitor.notify.items import Words
from monitor.notify.mail import SmtpNotifier
from monitor.notify.post import Post
from monitor.ports import Letter
from monitor.settings import SmtpSettings
from monitor.store import Store
from monitor.telling.digest_round import DigestRound
from monitor.telling.posting import Posting, readers_of, wishes_of
from monitor.telling.rounds import Telling
from monitor.writes import AlertChange

CLERKS, WATCH = Contact(role=Role.CLERK, email="robot:监测群"), Contact(role=Role.SYSADMIN, email="robot:运维群")


class Group:
    """A group that takes everything."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def send(self, letter: Letter) -> None:
        self.heard.append(letter.to)

    async def rest(self) -> None:
        """Nothing is kept open."""

    async def check(self) -> list[str]:
        return []


def telling(store: Store, port: int, group: Group, clock: FrozenClock) -> Telling:
    wishes = notify(clerks=(CLERK,))
    post = Post(SmtpNotifier(SmtpSettings(host="127.0.0.1", port=port, security="none", sender="jiance@example.invalid"), clock), group)
    posting, readers = Posting(store, post, wishes, Metrics(), clock), readers_of(wishes, (CLERKS, WATCH))
    return Telling(posting, Words(), wishes_of(wishes), readers, DigestRound(posting, OneLine(), readers, wishes))


async def stalled(store: Store) -> None:
    """Open a trouble of ours, which the sysadmins' group is to hear of."""
    told = {"severity": Severity.TROUBLE, "tells": (Role.SYSADMIN,), "account_id": None, "message": "微信源连续6小时无有效数据"}
    await store.put_alerts([AlertChange(None, alert(at=NOON, id="source feed", rule="source", subject="feed", **told))])


async def test_the_groups_hear_their_digest_and_their_trouble_while_the_mail_server_is_down(store: Store, unused_tcp_port: int) -> None:
    clock, group = FrozenClock(NOON), Group()
    await opened(store, unit(1))
    await stalled(store)
    loop = telling(store, unused_tcp_port, group, clock)

    sent = await loop.round()

    assert (sent, sorted(group.heard)) == (2, [CLERKS.email, WATCH.email])
    clock.advance(loop.pause / 2)
    assert await loop.round() == 0


async def test_what_comes_up_while_the_mail_server_rests_reaches_the_group_at_once(store: Store, unused_tcp_port: int) -> None:
    clock, group = FrozenClock(NOON), Group()
    await opened(store, unit(1))
    loop = telling(store, unused_tcp_port, group, clock)
    await loop.round()
    group.heard.clear()

    await stalled(store)
    clock.advance(1)
    await loop.round()

    assert group.heard == [WATCH.email]
