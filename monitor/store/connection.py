"""The connection: the client, its collections and indexes, and the one place where the driver's errors become ours."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from types import SimpleNamespace
from typing import Any, Literal

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING, DESCENDING, IndexModel, ReadPreference, UpdateOne, WriteConcern
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    CollectionInvalid,
    ConfigurationError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

from monitor.errors import BadSettings, StoreAway
from monitor.keepings import COLLECTIONS as KEEPINGS
from monitor.keepings import Keepings
from monitor.model import Account, Stage
from monitor.telling.correspondence import COLLECTIONS as CORRESPONDENCE
from monitor.telling.correspondence import Correspondence, entry_document
from monitor.telling.trail import Entry

DUPLICATE_KEY = 11000
NAMESPACE_EXISTS = 48

_WAITING_HELPS = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)
_TIMED_OUT = (ExecutionTimeout, NetworkTimeout, WaitQueueTimeoutError, WTimeoutError)
"""Somebody is there and does not answer in time; finding no server at all is being away, however long it was looked for."""

Seen = Callable[[Literal["timeout", "away"]], None]


Moved = Callable[[str, Stage], None]


def _unseen(kind: str) -> None:
    """Count nothing."""


def _unmoved(rule: str, stage: Stage) -> None:
    """Count nothing."""


_COLLECTIONS = (
    *("accounts", "articles", "states", "posts", "reposts", "alerts", "polls", "channels", "looks", "leases"),
    *KEEPINGS,
    *CORRESPONDENCE,
)

_INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "accounts": [IndexModel([("channels.handle", ASCENDING)])],
    "states": [IndexModel([("due_at", ASCENDING), ("lane", ASCENDING)])],
    "posts": [IndexModel([("account_id", ASCENDING), ("published_at", DESCENDING)])],
    "reposts": [IndexModel([("account_id", ASCENDING), ("article_id", ASCENDING)])],
    "alerts": [
        # One alert at a time may be alive for a finding, whoever opens it.
        IndexModel([("key", ASCENDING)], unique=True, partialFilterExpression={"alive": True}),
        IndexModel([("account_id", ASCENDING), ("alive", ASCENDING)]),
        IndexModel([("stage", ASCENDING), ("resolved_at", ASCENDING)]),
    ],
    "looks": [IndexModel([("account_id", ASCENDING), ("at", DESCENDING)])],
    "trail": [
        IndexModel([("account_id", ASCENDING), ("at", DESCENDING)]),
        IndexModel([("alert_id", ASCENDING)]),
        IndexModel([("at", DESCENDING)]),
    ],
    "letters": [IndexModel([("at", DESCENDING)])],
}

_RETIRED_INDEXES = (("posts", "keys_1"),)
"""What older versions made and nobody asks any more."""


class Connection:
    """What every part of the store stands on. `open` makes collections and indexes."""

    def __init__(self, url: str, database: str, *, poll_record_days: int = 90, selection_seconds: float = 30.0) -> None:
        self.poll_record_days = poll_record_days
        self._recent: dict[tuple[str, str], Account] = {}
        # Motor binds to the running loop; a store is therefore made inside it.
        self._client: Any = client(url, selection_seconds)
        self._database: Any = self._client.get_database(
            database,
            codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
            read_preference=ReadPreference.PRIMARY,
            write_concern=WriteConcern(w="majority", j=True, wtimeout=30_000),
        )
        # Made once: the driver builds a collection anew at each mention of its name.
        self._db: Any = SimpleNamespace(**{name: self._database[name] for name in _COLLECTIONS})
        self.keepings = Keepings(self._db, self.translated)
        self.correspondence = Correspondence(self._db, self.translated, self._note)
        self.seen: Seen = _unseen
        self.moved: Moved = _unmoved

    async def open(self) -> None:
        """Create what is missing: the poll records as a time-series collection with expiry, and all indexes; drop those of older versions.

        Raises `BadSettings` when the login is refused.
        """
        with self.translated(), login_told():
            await self._make_poll_records(self.poll_record_days * 86_400)
            for name, indexes in _INDEXES.items():
                await self._database[name].create_indexes(list(indexes))
            for name, index in _RETIRED_INDEXES:
                if index in await self._database[name].index_information():
                    await self._database[name].drop_index(index)

    async def _make_poll_records(self, expiry: int) -> None:
        try:
            await self._database.create_collection(
                "polls",
                timeseries={"timeField": "at", "metaField": "account_id", "granularity": "minutes"},
                expireAfterSeconds=expiry,
            )
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:
                raise
        except CollectionInvalid:
            # It is there: the setting may have changed since.
            await self._database.command({"collMod": "polls", "expireAfterSeconds": expiry})

    async def ping(self) -> None:
        """Raise `StoreAway` when the database does not answer."""
        with self.translated():
            await self._client.admin.command("ping")

    async def _note(self, entries: Sequence[Entry]) -> None:
        """Add to the audit log, within whatever writes; a step noted before stays as it was."""
        if entries:
            steps = [UpdateOne({"_id": each.id}, {"$setOnInsert": entry_document(each)}, upsert=True) for each in entries]
            await self._db.trail.bulk_write(steps, ordered=False)

    def translated(self) -> contextlib.AbstractContextManager[None]:
        """Translate the driver's errors; `seen` hears of each that waiting may mend, which is how time-outs are counted."""
        return translated(self.seen)

    def close(self) -> None:
        self._client.close()

    async def leave(self, seconds: float) -> None:
        """Close, but wait no longer than so long: the driver says good-bye to a database that may not answer."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(self._client.close), seconds)


_URL_SETTING = "mongo.url（环境变量 ZHENGWU_MONGO__URL）"
_LOGIN_REFUSED = {
    13: "数据库要求登录，或该用户没有读写权限，请核对用户名及其角色",
    18: "数据库登录未成功，请核对用户名、密码和 authSource",
}
"""Unauthorized, AuthenticationFailed: only the operator can mend these."""


def client(url: str, selection_seconds: float) -> Any:
    """Return the driver's client. Raises `BadSettings` for an address it cannot use; the driver's words, which quote it, end here."""
    try:
        return AsyncIOMotorClient(
            url,
            tz_aware=True,
            tzinfo=UTC,
            retryWrites=True,
            appname="zhengwu-monitor",
            serverSelectionTimeoutMS=int(selection_seconds * 1000),
            connectTimeoutMS=10_000,
            socketTimeoutMS=60_000,
        )
    except (ConfigurationError, ValueError, OSError):
        expected = "应如 mongodb://用户名:密码@主机:27017/，用户名和密码中的特殊字符须写成 %40 这样的百分号编码"
        raise BadSettings([f"{_URL_SETTING}：不是可用的数据库地址，{expected}"]) from None


@contextlib.contextmanager
def login_told() -> Iterator[None]:
    try:
        yield
    except ConfigurationError as error:
        raise BadSettings([f"{_URL_SETTING}：其中的选项与数据库不符（{type(error).__name__}）"]) from None
    except OperationFailure as error:
        if error.code not in _LOGIN_REFUSED:
            raise
        raise BadSettings([f"{_URL_SETTING}：{_LOGIN_REFUSED[error.code]}"]) from None


@contextlib.contextmanager
def translated(seen: Seen = _unseen) -> Iterator[None]:
    try:
        yield
    except BulkWriteError as error:
        if _waiting_mends(error):
            seen("timeout")
            raise StoreAway("the database did not confirm a batch in time") from error
        raise
    except _WAITING_HELPS as error:
        seen("timeout" if isinstance(error, _TIMED_OUT) else "away")
        raise StoreAway(f"the database cannot be reached: {type(error).__name__}") from error
    except DuplicateKeyError:
        raise
    except OperationFailure as error:
        # The driver's own mark for errors that pass: elections, shutdown, interrupted operations.
        if error.has_error_label("RetryableWriteError") or error.code in _PASSING_CODES:
            seen("away")
            raise StoreAway(f"the database is changing: code {error.code}") from error
        raise


_PASSING_CODES = frozenset({91, 189, 10107, 11600, 11602, 13435, 13436})
"""ShutdownInProgress, PrimarySteppedDown, NotWritablePrimary, Interrupted…, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary."""


def _waiting_mends(error: BulkWriteError) -> bool:
    """Whether a batch failed only because the database was going or coming; duplicates beside that will be found again."""
    details = error.details or {}
    codes = {each["code"] for each in details.get("writeErrors", [])} - {DUPLICATE_KEY}
    return codes <= _PASSING_CODES and bool(codes or details.get("writeConcernErrors"))


def duplicates_only(error: BulkWriteError) -> set[int]:
    """Return the indexes refused as duplicates; raise when anything else went wrong."""
    details = error.details or {}
    errors = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(each["code"] != DUPLICATE_KEY for each in errors):
        raise error
    return {each["index"] for each in errors}
