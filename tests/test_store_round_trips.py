"""Whatever is put into the store comes out as it was, odd keys and all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from clocks import NOON
from makers import DAY, FEED, account, failed, poll, post, snapshot
from storing import LEASE, NEXT, claim_one, enrol, finding, looked, stored, write

from monitor.after import after
from monitor.model import (
    BEGINNING,
    Account,
    Alert,
    Article,
    Audience,
    Channel,
    ChannelState,
    Citation,
    Contact,
    Kind,
    PersonsWord,
    Platform,
    Role,
    Severity,
    Sight,
    Stage,
    Status,
    Step,
    Told,
)
from monitor.store import Store
from monitor.writes import AlertChange, PollWrite

ODD = {"https://bridge.example/a.xml?x=1&$y=2": {"$etag": 'W/"1.2"', "seen.at": 7, "deep": {"a.b": [1, "$c"]}}, "": {"": ""}, "$where": {}}
"""Keys with all that MongoDB treats specially: dots, dollars, nothing at all."""


async def test_an_account_comes_back_as_it_was(store: Store) -> None:
    full = Account(
        id="610922M001XL0001",
        code="610922M001XL0001",
        platform=Platform.DOUYIN,
        name="石泉统计\u200b😀",
        unit="统计局",
        supervisor="县政府",
        region="石泉县",
        level="县级",
        kind=Kind.SERVICE,
        status=Status.CLOSING,
        canary=True,
        opened_on=date(2019, 4, 22),
        exempt_until=date(2026, 12, 31),
        groups=("政务", "$公安"),
        contacts=(Contact(role=Role.COUNTY, email="a.b@city.gov.example", name="张三"),),
        channels=(FEED, Channel(adapter="weibo.openapi", handle="1", options={"credential": "city", "delay.hours": "$2"})),
    )

    await enrol(store, full)

    assert await store.accounts() == [full]
    assert [each async for each in store.watched()] == [[(full, (await store.states([full.id]))[full.id])]]


async def test_a_state_comes_back_as_it_was(store: Store) -> None:
    await enrol(store, account())
    claim = await claim_one(store)
    full = after(claim.state, poll(snapshot(post(1), post("$2.b"), since=BEGINNING), at=NOON)).state
    full = full.model_copy(
        update={
            "memory": {**full.memory, **ODD},
            "sight": Sight(spans=((BEGINNING, NOON - 9 * DAY), (NOON - DAY, NOON))),
            "failures": 3,
            "failing_since": NOON,
            "last_error": failed("rate_limited", retry_after=2.5).fault,
            "next_poll_at": NEXT,
            "profile": {"na.me": "$x"},
            "activity": 1.25,
        }
    )

    await store.commit([PollWrite(poll=poll(), state=full, claim=claim, lane="lane")])

    assert (await store.states(["a"]))["a"] == full
    assert (await store.claim_due("us", NEXT, LEASE, 1))[0].state == full.model_copy(update={"next_poll_at": NEXT + LEASE})


async def test_a_post_comes_back_as_it_was(store: Store) -> None:
    await enrol(store, account())
    full = post(
        "$1.2",
        text="正文\n$第二行",
        kind="video",
        pinned=True,
        private=True,
        precision="day",
        deleted_at=NEXT,
        citation=Citation(url="https://gov.example/1.html", title="通知", account="5", post_id="49"),
    )
    claim = await claim_one(store)

    await store.commit([write(claim, poll(snapshot()), new=stored(full))])

    assert await store.posts("a") == [full]


async def test_an_article_comes_back_as_it_was(store: Store) -> None:
    full = Article(
        id="k1",
        title="通知",
        text="全文",
        urls=("https://gov.example/1",),
        origins=("weibo:5:49",),
        source="中国政府网",
        published_at=NOON,
        due_at=NEXT,
        audience=Audience(groups=("政务",), levels=("县级",), regions=("石泉县",), text_only=False),
    )

    await store.put_articles([full])
    await store.put_articles([full.model_copy(update={"id": "k0"})])

    assert [each.id for each in await store.articles()] == ["k0", "k1"]
    assert (await store.articles())[1] == full


async def test_an_alert_comes_back_as_it_was(store: Store) -> None:
    full = Alert(
        id="idle a 1",
        finding=finding(
            severity=Severity.ACCUSATION,
            rung=4,
            message="已14天未更新",
            article_id="k1",
            tells=(Role.OPERATOR, Role.CLERK),
            evidence=dict(ODD),
        ),
        stage=Stage.HELD,
        opened_at=NOON,
        last_seen_at=NEXT,
        resolved_at=NEXT,
        acknowledged=PersonsWord(by="李四", at=NOON, rung=4, reason="已联系"),
        told={"a.b@c.example": Told(at=NOON, rung=2, recovered=True, step=Step.RECTIFY, letter="l2", thread="l1", due=date(2026, 3, 9))},
        tries={"$a.b@c.example 4": 1},
    )

    await store.put_alerts([AlertChange(None, full)])

    assert await store.alerts() == [full]
    assert await store.alive_alerts(["a"]) == {"a": {full.finding.key: full}}


async def test_a_channel_s_standing_comes_back_as_it_was(store: Store) -> None:
    full = ChannelState(
        adapter="weibo.openapi",
        credential="city.$1",
        last_good_at=NOON,
        last_failed_at=NEXT,
        failing_since=NEXT,
        last_error=failed("auth_error").fault,
        paused_until=NEXT + DAY,
        retired=True,
        accounts=12,
    )

    await store.put_channels([full])
    await store.put_channels([full])

    assert await store.channels() == [full]


async def test_moments_come_back_aware_in_utc_cut_to_milliseconds(store: Store) -> None:
    await enrol(store, account())
    shanghai = datetime.fromisoformat("2026-03-04T11:00:00.123999+08:00")

    await looked(store, poll(snapshot(post(at=shanghai))))

    stored_at = (await store.posts("a"))[0].published_at
    assert stored_at == datetime(2026, 3, 4, 3, 0, 0, 123_000, tzinfo=UTC)
    assert stored_at.utcoffset() == timedelta(0)
    mark = (await store.states(["a"]))["a"].last_post
    assert mark is not None
    assert mark.published_at == stored_at


async def test_a_hand_check_is_kept_as_evidence_once(store: Store, raw: Any) -> None:
    await enrol(store, account())
    by_hand = poll(snapshot(post("hand"), channel="manual", digest="sheet 1, row 2"))

    for _ in range(2):
        await store.put_hand_check(write(await claim_one(store), by_hand), "王五")

    looks = list(raw.looks.find())
    assert [(each["account_id"], each["by"]) for each in looks] == [("a", "王五")]
    assert len(await store.posts("a")) == 1
