"""Alerts, which are the outbox too; channels; and what one daemon at a time may do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError
from pymongo import ASCENDING, ReplaceOne, UpdateOne
from pymongo.errors import (
    BulkWriteError,
    DuplicateKeyError,
)

from monitor import documents
from monitor.life import CLOCK_TROUBLE, UNHEARD
from monitor.model import Alert, ChannelState, Stage
from monitor.store.connection import Connection, duplicates_only
from monitor.telling.trail import DAEMON, Entry, steps_behind, steps_of
from monitor.writes import AlertChange

log = structlog.get_logger("store")

BATCH = 200
"""Alerts decoded in one go: the loop that reads them polls, too."""
STEPS = 5_000
"""Steps of alerts looked up in one question: a month of a large city's alerts is more than one may hold."""


def _alert_of(doc: Mapping[str, Any]) -> Alert | None:
    try:
        return documents.alert(doc)
    except ValidationError as error:
        fields = sorted({str(problem["loc"][0]) for problem in error.errors() if problem["loc"]})
        log.error("an alert cannot be read, nobody is told of it", alert=str(doc.get("_id")), fields=fields)
        return None


class Alerts(Connection):
    """Judging writes findings and stages, telling writes who was told: they never touch the same fields."""

    async def alerts(self, stages: Iterable[Stage] | None = None) -> list[Alert]:
        """Return alerts, oldest first."""
        query = {} if stages is None else {"stage": {"$in": [str(stage) for stage in stages]}}
        with self.translated():
            return [documents.alert(doc) async for doc in self._db.alerts.find(query).sort("opened_at", ASCENDING)]

    async def alert(self, id: str) -> Alert | None:
        """Return one alert, alive or over; None where there is none of that id."""
        with self.translated():
            doc = await self._db.alerts.find_one({"_id": id})
        return None if doc is None else documents.alert(doc)

    async def alive_alerts(self, account_ids: Iterable[str | None]) -> dict[str | None, dict[str, Alert]]:
        """Return the living alerts of these accounts, by account and by the finding's key; None stands for those about us."""
        alerts: dict[str | None, dict[str, Alert]] = {}
        with self.translated():
            async for doc in self._db.alerts.find({"account_id": {"$in": list(account_ids)}, "alive": True}):
                alerts.setdefault(doc["account_id"], {})[doc["key"]] = documents.alert(doc)
        return alerts

    async def outbox(self, since: datetime) -> list[Alert]:
        """Return what somebody may have to hear of: open alerts, and those resolved since the moment.

        A document that nobody can read is reported and left out: it must not keep everybody else from being told.
        """
        return await self._readable({"$or": [{"stage": Stage.OPEN}, {"stage": Stage.RESOLVED, "resolved_at": {"$gte": since}}]})

    async def unheard(self, account_ids: Collection[str]) -> list[Alert]:
        """Return the accusations of these accounts that wait for their sweep or for the gate; one that nobody can read as above."""
        waits = {"account_id": {"$in": list(account_ids)}, "alive": True, "stage": {"$in": [str(stage) for stage in UNHEARD]}}
        return await self._readable(waits) if account_ids else []

    async def _readable(self, query: Mapping[str, Any]) -> list[Alert]:
        with self.translated():
            found = self._db.alerts.find(query).sort("opened_at", ASCENDING).batch_size(BATCH)
            read = [_alert_of(doc) async for doc in found]
        return [alert for alert in read if alert is not None]

    async def put_alerts(self, changes: Sequence[AlertChange], by: str = DAEMON, at: datetime | None = None) -> None:
        """Write alerts; `by` is the person who decided so, where one did, and `at` when."""
        with self.translated():
            await self._put_alerts(changes, by, at)

    async def _put_alerts(self, changes: Sequence[AlertChange], by: str = DAEMON, at: datetime | None = None) -> None:
        """Write alerts, and each step in the audit log; those that end go first, since one finding may end an alert and open the next
        under the same key."""
        for batch in ([c for c in changes if c.before is not None], [c for c in changes if c.before is None]):
            if not batch:
                continue
            writes = [UpdateOne(*documents.alert_change(change), upsert=change.before is None) for change in batch]
            lost: set[int] = set()
            try:
                written = await self._db.alerts.bulk_write(writes, ordered=False)
                missed = written.matched_count + written.upserted_count < len(batch)
            except BulkWriteError as error:
                # Another writer opened the same alert first: one is enough.
                duplicates_only(error)
                missed, lost = False, {each["index"] for each in error.details["writeErrors"]}
            went = [change for place, change in enumerate(batch) if place not in lost]
            written_so = await self._as_written(went) if missed else went
            for change in written_so:
                if change.before is None or change.before.stage is not change.after.stage:
                    self.moved(change.after.finding.rule, change.after.stage)
            await self._note(steps_of(written_so, by, at))

    async def complete_trail(self, since: datetime, until: datetime) -> int:
        """Note the steps of living alerts, and of those resolved between the two moments, that a killed daemon wrote and did not note.

        Younger steps are left alone: another daemon may be about to note them, with the person who took them. Returns how many there were.
        """
        query = {"$or": [{"alive": True}, {"stage": Stage.RESOLVED, "resolved_at": {"$gte": since}}]}
        missing, steps = 0, []
        with self.translated():
            async for doc in self._db.alerts.find(query).batch_size(BATCH):
                steps += [step for step in steps_behind(alert) if step.at < until] if (alert := _alert_of(doc)) else []
                if len(steps) >= STEPS:
                    missing, steps = missing + await self._note_missing(steps), []
            return missing + await self._note_missing(steps)

    async def _note_missing(self, steps: Sequence[Entry]) -> int:
        noted = {doc["_id"] async for doc in self._db.trail.find({"_id": {"$in": [step.id for step in steps]}}, {"_id": 1})}
        missing = [step for step in steps if step.id not in noted]
        await self._note(missing)
        return len(missing)

    async def _as_written(self, changes: Sequence[AlertChange]) -> list[AlertChange]:
        """Return those whose alert is now as they would have it: another writer moved the others first, and nothing came of them."""
        found = self._db.alerts.find({"_id": {"$in": [change.after.id for change in changes]}}, {"stage": 1})
        stages = {doc["_id"]: doc["stage"] async for doc in found}
        return [change for change in changes if stages.get(change.after.id) == change.after.stage]

    async def put_told(self, alerts: Sequence[Alert]) -> None:
        """Write who was told of what; judging writes the rest of an alert and never these fields."""
        writes = [UpdateOne({"_id": a.id}, {"$set": {"told": documents.told(a), "tries": dict(a.tries)}}) for a in alerts]
        with self.translated():
            if writes:
                await self._db.alerts.bulk_write(writes, ordered=False)

    async def hold(self, name: str, owner: str, now: datetime, lease: timedelta) -> bool:
        """Take or keep what one daemon at a time may do, until the lease ends; False while it is another owner's.

        A lease that ends further ahead than anybody takes one was taken by a clock that ran ahead, and holds nobody up.
        """
        ahead = now + 2 * lease + CLOCK_TROUBLE
        free = {"_id": name, "$or": [{"until": {"$lte": now}}, {"until": {"$gt": ahead}}, {"owner": owner}]}
        with self.translated():
            try:
                await self._db.leases.update_one(free, {"$set": {"owner": owner, "until": now + lease}}, upsert=True)
            except DuplicateKeyError:
                return False
        return True

    async def channels(self) -> list[ChannelState]:
        with self.translated():
            return [ChannelState.model_validate(documents.fields(doc)) async for doc in self._db.channels.find({})]

    async def put_channels(self, channels: Sequence[ChannelState]) -> None:
        with self.translated():
            if channels:
                await self._db.channels.bulk_write(
                    [ReplaceOne({"_id": c.name}, c.model_dump(), upsert=True) for c in channels], ordered=False
                )
