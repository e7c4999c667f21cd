"""The secrets of the channels, and the tokens obtained with them. Secrets come from the settings; tokens live in the database.

Nothing here is ever printed: what is logged or raised names a credential and a field, never a value.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
import re
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

    async def grants(self, name: str = "", kind: str = "") -> list[Kept]:
        """Return all grants, or the one of this credential and kind."""
        ...

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
        self._writing = asyncio.Lock()
        self._given: frozenset[str] | None = None
        self._obtained_forms: tuple[set[str], tuple[str, ...]] = set(), ()

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
        # One writing at a time: an older token must not arrive after the one that has replaced it.
        async with self._writing:
            await self._write(self._store)

    async def _write(self, store: GrantStore) -> None:
        for (name, kind), grant in list(self._unwritten.items()):
            if self._unwritten.get((name, kind), grant) is not grant:
                continue
            try:
                if grant is None:
                    await store.drop_grant(name, kind)
                else:
                    await store.put_grant(Kept(name, kind, self._book.origin(name), grant))
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
            await self._catch_up(name, kind)
            yield

    async def _catch_up(self, name: str, kind: str) -> None:
        """Take over a newer grant that another daemon has obtained: some refresh tokens serve only once."""
        if self._store is None or (name, kind) in self._unwritten:
            return
        try:
            found = await self._store.grants(name, kind)
        except StoreAway:
            return
        ours = self._grants.get((name, kind))
        for kept in found:
            if kept.origin == self._book.origin(name) and (ours is None or kept.grant.issued_at > ours.issued_at):
                self._grants[name, kind] = kept.grant

    def blotted(self, text: str) -> str:
        """Return what somebody else said, without our secrets: a platform may answer with the very token it was sent."""
        if not text:
            return text
        for form in self._forms():
            if form[:SHORTEST_SECRET] in text:
                text = _without_beginning(text.replace(form, BLOT), form)
        return text

    def _forms(self) -> tuple[str, ...]:
        """Return every way our secrets may be written, the longest first: none must be hidden from us by a part of itself.

        Made once for what the settings hold: a city has hundreds of tokens, and a source that fails is asked all day.
        """
        if self._given is None:
            self._given = frozenset(form for value in self._book.secrets() for form in _forms_of(value))
        obtained = {value for grant in self._grants.values() for value in (grant.value, grant.refresh)}
        if obtained != self._obtained_forms[0]:
            forms = self._given | {form for value in obtained for form in _forms_of(value)}
            self._obtained_forms = obtained, tuple(sorted(forms, key=len, reverse=True))
        elif not self._obtained_forms[1]:
            self._obtained_forms = obtained, tuple(sorted(self._given, key=len, reverse=True))
        return self._obtained_forms[1]

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


def _forms_of(value: str) -> Iterable[str]:
    """Return the ways in which a secret comes back: as it is, escaped for an address, for JSON (also with `\\/`), for a page.

    A cookie may come back in parts: its values are secrets of their own.
    """
    parts = [part.partition("=")[2].strip() for part in value.split(";")] if ";" in value else []
    for each in {value, *parts}:
        if len(each) < SHORTEST_SECRET:
            continue
        told = json.dumps(each)[1:-1]
        escaped = [quote(each, safe=""), quote(each), quote_plus(each)]
        yield from (each, told, json.dumps(each, ensure_ascii=False)[1:-1], told.replace("/", "\\/"), html.escape(each))
        yield from (*escaped, *(_PERCENT.sub(lambda found: found[0].lower(), form) for form in escaped))


_PERCENT = re.compile(r"%[0-9A-F]{2}")


def _without_beginning(text: str, secret: str) -> str:
    """Return the text without a beginning of the secret at its end, where a payload was cut."""
    start = text.find(secret[:SHORTEST_SECRET], max(0, len(text) - len(secret) + 1))
    while start >= 0:
        if secret.startswith(text[start:]):
            return text[:start] + BLOT
        start = text.find(secret[:SHORTEST_SECRET], start + 1)
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
