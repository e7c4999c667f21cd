"""Claims under leases and fences: nobody looks twice at once, nothing is lost, a late writer changes no state."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from clocks import NOON
from makers import HOUR, account, poll, post, snapshot
from storing import LEASE, NEXT, claim_one, enrol, looked, write

from monitor.store import Store


async def test_a_new_account_is_due_at_once(store: Store) -> None:
    await enrol(store, account("a"), account("b"))

    claims = await store.claim_due("us", NOON, LEASE, 10)

    assert {claim.state.account_id for claim in claims} == {"a", "b"}
    assert all(claim.until == NOON + LEASE for claim in claims)


async def test_two_claimers_never_get_one_account(store: Store) -> None:
    await enrol(store, *(account(f"a{n:02}") for n in range(40)))

    ours = await store.claim_due("us", NOON, LEASE, 25)
    theirs = await store.claim_due("them", NOON, LEASE, 25)

    assert len(ours) == 25
    assert len(theirs) == 15
    assert not {claim.state.account_id for claim in ours} & {claim.state.account_id for claim in theirs}


async def test_claims_that_race_share_the_due_among_them(store: Store) -> None:
    await enrol(store, *(account(f"a{n:02}") for n in range(60)))

    # One of them twice in one millisecond: an owner's own claims must not overlap either.
    owners = ["us", "us", "them", "others"]
    batches = await asyncio.gather(*(store.claim_due(owner, NOON, LEASE, 60) for owner in owners))

    lent = [claim.state.account_id for batch in batches for claim in batch]
    assert len(lent) == len(set(lent))
    assert len(lent) == 60


async def test_the_longest_due_come_first_and_what_is_not_due_does_not_come(store: Store) -> None:
    await enrol(store, account("late"), now=NOON - HOUR)
    await enrol(store, account("late"), account("now"), now=NOON)
    await enrol(store, account("late"), account("now"), account("soon"), now=NOON + HOUR)

    first = await store.claim_due("us", NOON, LEASE, 1)
    rest = await store.claim_due("us", NOON, LEASE, 10)

    assert [claim.state.account_id for claim in first] == ["late"]
    assert [claim.state.account_id for claim in rest] == ["now"]


async def test_a_lane_gets_only_what_it_can_take(store: Store) -> None:
    lanes = {f"s{n}": "slow" for n in range(10)} | {f"q{n}": "quick" for n in range(3)} | {"f": "full"}
    await store.put_accounts([account(id) for id in lanes], lanes, NOON)

    left = {"slow": 2, "quick": 100, "full": 100}

    def accept(lane: str) -> bool:
        left[lane] -= 1
        return left[lane] >= 0

    claims = await store.claim_due("us", NOON, LEASE, 10, accept, full=["full"])

    got = sorted(lanes[claim.state.account_id] for claim in claims)
    assert got == ["quick"] * 3 + ["slow"] * 2


async def test_a_dead_claimer_s_accounts_come_back_when_the_lease_ends(store: Store) -> None:
    await enrol(store, account())
    lost = await claim_one(store)

    assert await store.claim_due("them", NOON + LEASE - timedelta(milliseconds=1), LEASE, 10) == []
    again = await store.claim_due("them", NOON + LEASE, LEASE, 10)

    assert [claim.state.account_id for claim in again] == ["a"]
    assert again[0].fence == lost.fence + 1


async def test_a_late_writer_changes_no_state_but_its_posts_are_kept(store: Store) -> None:
    await enrol(store, account())
    late = await claim_one(store)
    new = (await store.claim_due("them", NOON + LEASE, LEASE, 1))[0]
    await store.commit([write(new, poll(snapshot(post(2), digest="theirs"), at=NOON + LEASE))])

    written = await store.commit([write(late, poll(snapshot(post(1), digest="late")))])

    after_all = (await store.states(["a"]))["a"]
    assert written.stale == {"a"}
    assert after_all.last_good is not None
    assert after_all.last_good.digest == "theirs"
    assert after_all.next_poll_at == NOON + LEASE + HOUR
    assert {each.id for each in await store.posts("a")} == {"weibo:a:1", "weibo:a:2"}


async def test_a_commit_releases_the_account_until_its_next_look(store: Store) -> None:
    await enrol(store, account())

    await looked(store, poll(snapshot(post())))

    assert await store.claim_due("us", NEXT - timedelta(milliseconds=1), LEASE, 10) == []
    assert len(await store.claim_due("us", NEXT, LEASE, 10)) == 1


async def test_what_is_given_back_is_due_at_once_unless_somebody_else_has_it(store: Store) -> None:
    await enrol(store, account("a"), account("b"))
    ours = {claim.state.account_id: claim for claim in await store.claim_due("us", NOON, LEASE, 10)}
    taken = await store.claim(["b"], "them", NOON, LEASE, force=True)

    await store.give_back(ours.values(), NOON)

    again = await store.claim_due("others", NOON, LEASE, 10)
    assert [claim.state.account_id for claim in again] == ["a"]
    assert len(taken) == 1


async def test_an_account_may_be_claimed_before_it_is_due_but_not_while_it_is_lent(store: Store) -> None:
    await enrol(store, account())
    await looked(store, poll(snapshot()))

    early = await store.claim(["a"], "us", NOON, LEASE)
    twice = await store.claim(["a"], "them", NOON, LEASE)
    forced = await store.claim(["a"], "them", NOON, LEASE, force=True)

    assert len(early) == 1
    assert twice == []
    assert forced[0].fence == early[0].fence + 1
