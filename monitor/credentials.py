"""The secrets of the channels, and the tokens obtained with them. Secrets come from the settings; tokens live in the database.

Nothing here is ever printed: what is logged or raised names a credential and a field, never a value.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol
from urllib.parse import quote, quote_plus

import structlog
from pydantic import SecretStr

from monitor.errors import AuthError, BadSettings, StoreAway
from monitor.model import SHANGHAI
from monitor.ports import Expiry, Grant
from monitor.settings import PREFIX

log = structlog.get_logger("credentials")

PUBLIC = frozenset(
    {"appid", "component", "component_appid", "authorizer_appid", "client_key", "open_id", "login", "expires_at", "refresh_expires_at"}
)
"""Fields that are no secret: they may stand in what a platform answers."""
SHORTEST_SECRET = 6
"""Characters of a value that is looked for in texts; a shorter one would blot out half of them."""
BLOT = "***"


class CredentialBook:
    """The platform credentials: a JSON object {name: {field: value}} from `ZHENGWU_CREDENTIALS` or the file it names."""

    def __init__(self, text: SecretStr) -> None:
        self._book: dict[str, dict[str, str]] = {}
        raw = text.get_secret_value().strip()
        if not raw:
            return
        try:
            book = json.loads(raw)
            self._book = {str(name): {str(k): str(v) for k, v in fields.items()} for name, fields in book.items()}
        except (ValueError, AttributeError):
            # The value itself must not appear: a parser's message quotes it.
            raise BadSettings([f'{PREFIX}CREDENTIALS：应为 JSON 对象 {{"名称": {{"字段": "值"}}}}']) from None

    def __repr__(self) -> str:
        return f"CredentialBook({len(self._book)} names)"

    def names(self) -> frozenset[str]:
        return frozenset(self._book)

    def secret(self, name: str, field: str) -> str:
        """Return the secret; raises `AuthError` naming the credential and field that are missing."""
        if not name:
            raise AuthError("the channel names no credential")
        value = self.optional(name, field)
        if not value:
            raise AuthError(f"credential {name!r} has no field {field!r}")
        return value

    def optional(self, name: str, field: str) -> str:
        """Return the secret, "" where there is none."""
        return self._book.get(name, {}).get(field, "")

    def secrets(self) -> Iterable[str]:
        """Return every secret value, for blotting it out of what others say."""
        return (value for fields in self._book.values() for name, value in fields.items() if name not in PUBLIC)

    def origin(self, name: str) -> str:
        """Return a hash that changes when any secret of the credential is replaced: older tokens then serve no more."""
        fields = json.dumps(self._book.get(name, {}), sort_keys=True)
        return hashlib.blake2b(fields.encode("utf-8", "surrogatepass"), digest_size=16, key=b"zhengwu credential").hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """A grant as the database keeps it, with the hash of the secrets it was obtained with."""

    name: str
    kind: str
    origin: str
    grant: Grant


class GrantStore(Protocol):
    """Where grants are kept. Every method may raise `StoreAway`."""

    async def grants(self) -> list[Kept]: ...
    async def put_grant(self, kept: Kept) -> None: ...
    async def drop_grant(self, name: str, kind: str) -> None: ...


class Vault:
    """The credentials adapters are handed: secrets from the book, tokens from memory and the database.

    While the database is away tokens are kept in memory and written later: a token just obtained must not be lost, for some are
    handed out only once.
    """

    def __init__(self, book: CredentialBook) -> None:
        self._book = book
        self._store: GrantStore | None = None
        self._grants: dict[tuple[str, str], Grant] = {}
        self._turns: dict[tuple[str, str], asyncio.Lock] = {}
        self._unwritten: dict[tuple[str, str], Grant | None] = {}

    def __repr__(self) -> str:
        return f"Vault({self._book!r}, {len(self._grants)} grants)"

    async def open(self, store: GrantStore) -> None:
        """Read what was kept, and keep there from now on. Grants of secrets that were replaced, or that are gone, are left alone."""
        self._store = store
        for kept in await store.grants():
            if kept.name in self._book.names() and kept.origin == self._book.origin(kept.name):
                self._grants.setdefault((kept.name, kept.kind), kept.grant)

    def names(self) -> frozenset[str]:
        return self._book.names()

    def secret(self, name: str, field: str) -> str:
        return self._book.secret(name, field)

    def optional(self, name: str, field: str) -> str:
        return self._book.optional(name, field)

    def grant(self, name: str, kind: str) -> Grant | None:
        return self._grants.get((name, kind))

    async def keep(self, name: str, kind: str, grant: Grant) -> None:
        """Hand this grant out from now on, and write it down."""
        self._grants[name, kind] = grant
        self._unwritten[name, kind] = grant
        await self.flush()

    async def drop(self, name: str, kind: str) -> None:
        """Forget a grant that the platform no longer takes."""
        if self._grants.pop((name, kind), None) is not None:
            self._unwritten[name, kind] = None
            await self.flush()

    async def flush(self) -> None:
        """Write what could not be written before; while the database is away it waits for the next call."""
        if self._store is None:
            self._unwritten.clear()
            return
        for (name, kind), grant in list(self._unwritten.items()):
            try:
                if grant is None:
                    await self._store.drop_grant(name, kind)
                else:
                    await self._store.put_grant(Kept(name, kind, self._book.origin(name), grant))
            except StoreAway:
                log.warning("database away, a token waits to be written", credential=name, kind=kind)
                return
            if self._unwritten.get((name, kind)) is grant:
                del self._unwritten[name, kind]

    def turn(self, name: str, kind: str) -> AbstractAsyncContextManager[None]:
        return self._turn(name, kind)

    @asynccontextmanager
    async def _turn(self, name: str, kind: str) -> AsyncIterator[None]:
        async with self._turns.setdefault((name, kind), asyncio.Lock()):
            yield

    def blotted(self, text: str) -> str:
        """Return what somebody else said, without our secrets: a platform may answer with the very token it was sent."""
        if not text:
            return text
        obtained = (value for grant in self._grants.values() for value in (grant.value, grant.refresh))
        for value in {*self._book.secrets(), *obtained}:
            if len(value) >= SHORTEST_SECRET:
                for form in {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], html.escape(value)}:
                    text = _without_beginning(text.replace(form, BLOT), form)
        return text

    def expiries(self) -> list[Expiry]:
        """Return when tokens end: those obtained, and those whose end the operator wrote beside them (`expires_at`)."""
        return sorted((*self._obtained(), *self._told()), key=lambda each: each.at)

    def _obtained(self) -> Iterable[Expiry]:
        for (name, kind), grant in self._grants.items():
            if grant.until is not None:
                yield Expiry(name, kind, "access", grant.until, (grant.until - grant.issued_at).total_seconds())
            if grant.refresh_until is not None:
                yield Expiry(name, kind, "refresh", grant.refresh_until, (grant.refresh_until - grant.issued_at).total_seconds())

    def _told(self) -> Iterable[Expiry]:
        fields: Mapping[str, Literal["access", "refresh"]] = {"expires_at": "access", "refresh_expires_at": "refresh"}
        for name in self._book.names():
            for field, part in fields.items():
                at = moment_of(self._book.optional(name, field))
                if at is not None and not any(known == name for known, _ in self._grants):
                    yield Expiry(name, "given", part, at, None)


def _without_beginning(text: str, secret: str) -> str:
    """Return the text without a beginning of the secret at its end, where a payload was cut."""
    for length in range(min(len(secret) - 1, len(text)), SHORTEST_SECRET - 1, -1):
        if text.endswith(secret[:length]):
            return text[:-length] + BLOT
    return text


def moment_of(text: str) -> datetime | None:
    """Return the moment an operator wrote: Unix seconds or ISO 8601, in Asia/Shanghai where no zone stands; None for anything else."""
    text = text.strip()
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
