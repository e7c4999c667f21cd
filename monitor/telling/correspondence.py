"""What was said to whom and what they answered: letters, the state of each address, silences, requests, used links, the audit log.

It works on the collections the store hands it and imports no driver; errors are translated by the store's own door.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from monitor.alerting import Silence
from monitor.model import Alert
from monitor.telling.mailboxes import Mailbox
from monitor.telling.records import Ask, LetterRecord, Request
from monitor.telling.trail import Act, Entry

BATCH = 500
"""Documents decoded in one go: with the server's own batches of 16 MB a large roster would hold the loop up for a second."""
COLLECTIONS = ("mailboxes", "silences", "letters", "trail", "requests", "links", "keys")


class Correspondence:
    """Every method may raise `StoreAway`."""

    def __init__(
        self,
        collections: Any,
        translated: Callable[[], AbstractContextManager[None]],
        note: Callable[[Sequence[Entry]], Awaitable[None]],
    ) -> None:
        self._db = collections
        self._translated, self._note = translated, note

    # -- addresses ----------------------------------------------------------------------------------------------------------

    async def mailboxes(self, addresses: Iterable[str] | None = None) -> dict[str, Mailbox]:
        """Return what is known of these addresses, or of all that anything is known of."""
        return await self._mailboxes({} if addresses is None else {"_id": {"$in": list(addresses)}})

    async def refused_mailboxes(self) -> dict[str, Mailbox]:
        """Return the addresses that took no letter when one was last sent."""
        return await self._mailboxes({"refused_at": {"$ne": None}})

    async def _mailboxes(self, query: Mapping[str, Any]) -> dict[str, Mailbox]:
        with self._translated():
            found = self._db.mailboxes.find(query).batch_size(BATCH)
            return {doc["_id"]: _mailbox(doc) async for doc in found}

    async def put_mailbox(self, box: Mailbox) -> None:
        document = asdict(box)
        document["digests"], document["tries"] = dict(box.digests), dict(box.tries)
        del document["address"]
        with self._translated():
            await self._db.mailboxes.replace_one({"_id": box.address}, document, upsert=True)

    # -- silences, requests, answers ----------------------------------------------------------------------------------------

    async def silences(self, now: datetime) -> dict[str, Silence]:
        """Return the silences in force, by subject."""
        with self._translated():
            found = self._db.silences.find({"until": {"$gt": now}})
            return {doc["_id"]: Silence(doc["_id"], doc["until"], doc["by"], doc["reason"], doc["at"]) async for doc in found}

    async def put_silence(self, silence: Silence) -> None:
        document = {name: value for name, value in asdict(silence).items() if name != "subject"}
        with self._translated():
            await self._db.silences.replace_one({"_id": silence.subject}, document, upsert=True)

    async def end_silence(self, subject: str) -> bool:
        """Return whether there was one."""
        with self._translated():
            return bool((await self._db.silences.delete_one({"_id": subject})).deleted_count)

    async def requests(self, since: datetime | None = None) -> list[Request]:
        """Return what was asked for, newest first."""
        query = {} if since is None else {"at": {"$gte": since}}
        with self._translated():
            found = [doc async for doc in self._db.requests.find(query)]
        read = [Request(doc["account_id"], Ask(doc["kind"]), doc["by"], doc["at"], doc.get("alert_id", "")) for doc in found]
        return sorted(read, key=lambda each: each.at, reverse=True)

    async def put_request(self, request: Request) -> None:
        with self._translated():
            document = asdict(request) | {"kind": str(request.kind)}
            await self._db.requests.replace_one({"_id": f"{request.account_id} {request.kind}"}, document, upsert=True)

    async def end_request(self, account_id: str, kind: Ask) -> bool:
        """Note that a clerk has dealt with it; return whether there was one."""
        with self._translated():
            return bool((await self._db.requests.delete_one({"_id": f"{account_id} {kind}"})).deleted_count)

    async def put_acknowledged(self, alert: Alert) -> None:
        """Write a person's answer to an alert; judging and telling never write this field."""
        with self._translated():
            word = alert.acknowledged.model_dump() if alert.acknowledged else None
            await self._db.alerts.update_one({"_id": alert.id}, {"$set": {"acknowledged": word}})

    async def carry_acknowledged(self, alert: Alert) -> None:
        """Write an answer that was given to an earlier alert of the episode, where nobody has answered this one meanwhile."""
        if alert.acknowledged is not None:
            unanswered = {"_id": alert.id, "acknowledged": {"$in": [None, ""]}}
            with self._translated():
                await self._db.alerts.update_one(unanswered, {"$set": {"acknowledged": alert.acknowledged.model_dump()}})

    # -- links --------------------------------------------------------------------------------------------------------------

    async def key(self, name: str, fresh: str) -> str:
        """Return the key kept under a name; `fresh` becomes it where there is none yet, whoever comes first."""
        with self._translated():
            await self._db.keys.update_one({"_id": name}, {"$setOnInsert": {"value": fresh}}, upsert=True)
            found = await self._db.keys.find_one({"_id": name})
        return str(found["value"])

    async def use_link(self, mark: str, at: datetime) -> bool:
        """Use a single-use link up; False where it was used before."""
        with self._translated():
            done = await self._db.links.update_one({"_id": mark}, {"$setOnInsert": {"at": at}}, upsert=True)
        return done.upserted_id is not None

    async def link_used(self, mark: str) -> bool:
        with self._translated():
            return await self._db.links.find_one({"_id": mark}) is not None

    # -- the record ---------------------------------------------------------------------------------------------------------

    async def put_letter(self, record: LetterRecord) -> None:
        document = asdict(record)
        del document["number"]
        with self._translated():
            await self._db.letters.replace_one({"_id": record.number}, document, upsert=True)

    async def letters(self, since: datetime | None = None, limit: int = 0) -> list[LetterRecord]:
        """Return letters without their bodies, newest first."""
        query = {} if since is None else {"at": {"$gte": since}}
        with self._translated():
            found = self._db.letters.find(query, {"text": 0, "html": 0}).sort([("at", -1), ("_id", 1)]).limit(limit)
            return [_letter(doc) async for doc in found]

    async def letters_found(self, search: str, outcome: str, skip: int, limit: int) -> tuple[list[LetterRecord], int]:
        """Return a stretch of the letters without their bodies, newest first, and how many there are.

        `search` is a whole address, or a part of one behind its @, of a unit's name or of a subject; "" finds all. An address is never
        found by a part of what stands before the @: whoever may not read addresses must not be able to guess one letter by letter.
        """
        query: dict[str, Any] = {"at": {"$type": "date"}, **({"outcome": outcome} if outcome else {})}
        if search:
            named = {"$eq": [{"$toLower": _text("$to")}, {"$literal": search.lower()}]}
            query["$expr"] = {"$or": [named, *(_holds(field, search) for field in (_DOMAIN, _UNITS, _text("$subject")))]}
        with self._translated():
            total = await self._db.letters.count_documents(query)
            # By the index alone: a second key would make it sort all letters, bodies and all.
            found = self._db.letters.find(query, {"text": 0, "html": 0}).sort([("at", -1)]).skip(skip).limit(limit)
            return [_letter(doc) async for doc in found], total

    async def letter(self, number: str) -> LetterRecord | None:
        with self._translated():
            doc = await self._db.letters.find_one({"_id": number, "at": {"$type": "date"}})
        return None if doc is None else _letter(doc)

    async def forget(self, letters_before: datetime, links_before: datetime) -> None:
        """Drop letters and used-up links older than these moments; the audit log stays for good."""
        with self._translated():
            await self._db.letters.delete_many({"at": {"$lt": letters_before}})
            await self._db.links.delete_many({"at": {"$lt": links_before}})

    async def note(self, entries: Sequence[Entry]) -> None:
        """Add to the audit log; a step noted before stays as it was."""
        with self._translated():
            await self._note(entries)

    async def trail(
        self, account_id: str = "", since: datetime | None = None, acts: Iterable[Act] = (), alert_ids: Iterable[str] = (), limit: int = 0
    ) -> list[Entry]:
        """Return the log, newest first, of one account, since a moment, of these kinds, of these alerts."""
        query: dict[str, Any] = {"account_id": account_id} if account_id else {}
        query |= {} if since is None else {"at": {"$gte": since}}
        query |= {"act": {"$in": [str(act) for act in acts]}} if acts else {}
        query |= {"alert_id": {"$in": list(alert_ids)}} if alert_ids else {}
        with self._translated():
            return [_entry(doc) async for doc in self._db.trail.find(query).sort([("at", -1), ("_id", 1)]).limit(limit)]


def _text(field: Any) -> dict[str, Any]:
    return {"$convert": {"input": field, "to": "string", "onError": "", "onNull": ""}}


_DOMAIN = {"$arrayElemAt": [{"$split": [_text("$to"), "@"]}, -1]}
_JOINED = {"$concat": ["$$value", " ", _text("$$this")]}
_UNITS = {"$reduce": {"input": {"$cond": [{"$isArray": "$units"}, "$units", []]}, "initialValue": "", "in": _JOINED}}


def _holds(field: Any, search: str) -> dict[str, Any]:
    # As a plain text and not as a pattern: whoever types a search writes no expressions.
    return {"$gte": [{"$indexOfCP": [{"$toLower": field}, {"$literal": search.lower()}]}, 0]}


def entry_document(entry: Entry) -> dict[str, Any]:
    """Return the document of a step, without its id."""
    return {name: value for name, value in asdict(entry).items() if name not in ("id", "act")} | {"act": str(entry.act)}


def _mailbox(doc: Mapping[str, Any]) -> Mailbox:
    known = {name: doc[name] for name, kind in _BOX_FIELDS.items() if isinstance(doc.get(name), kind)}
    return Mailbox(address=doc["_id"], **known)


_BOX_FIELDS: Mapping[str, type] = {
    **dict.fromkeys(("last_at", "refused_at", "failing_since", "next_try_at"), datetime),
    "refused_why": str,
    "failures": int,
    **dict.fromkeys(("digests", "tries"), dict),
}
"""What an address is known by. A field of another kind is as good as none: it must not keep everybody from being told."""


def _letter(doc: Mapping[str, Any]) -> LetterRecord:
    known = {name: doc[name] for name in LetterRecord.__dataclass_fields__ if name in doc}
    for name in ("units", "alerts"):
        known[name] = tuple(known.get(name) or ())
    return LetterRecord(number=doc["_id"], **{**dict.fromkeys(_WORDS, ""), **known})


_WORDS = ("to", "subject", "text", "html", "about", "outcome")
"""What a listing leaves unread, or a document of another version may lack."""


def _entry(doc: Mapping[str, Any]) -> Entry:
    known = {name: doc[name] for name in Entry.__dataclass_fields__ if name in doc}
    return Entry(id=doc["_id"], **{**known, "act": Act(doc["act"])})
