"""The error tree. A look's error class decides what happens next; its code is the metric label and the stored `last_error`.

MonitorError
├── LookError                what went wrong with one look; never evidence of silence
│   ├── TransportFault       the network or a 5xx: retried twice, then the account backs off
│   ├── RateLimited          our pace: the channel waits, at least `retry_after`
│   ├── AuthError            our credential: the channel with that credential waits; one alert for all its accounts
│   ├── SourceRetired        the platform closed the interface: off until the settings change
│   ├── AccountGone          the account: deleted, banned, private, migrated; looked at rarely
│   ├── Degraded             a partial view: its posts are kept, nothing is covered, the next channel is tried
│   └── ParseError           our code, or a body nobody expected: the head of the payload is kept
├── StoreAway                MongoDB cannot be reached now: wait, nothing is lost
├── NotifyError              a letter could not be handed over; `permanent` when trying again is pointless
├── BrokenLetter             a letter that cannot be written: it waits and is reported, the others go out
├── BadInput                 a file a person gave us; carries every bad row at once
├── BadSettings              settings that cannot be used; carries every problem at once
└── NoDatabase               no mongod could be found or started; says what to do
"""

from __future__ import annotations

from typing import ClassVar

from monitor.model import Fault, Snapshot

RETRY_AFTER_CAP = 24 * 3600.0
"""Whoever asks us to wait for more than a day is not believed; the pause rules then."""

HEAD_LIMIT = 2_000
"""Characters of a refused payload that are kept: enough to see what it is, too little to matter."""


class MonitorError(Exception):
    """Whatever this software raises on purpose."""


class LookError(MonitorError):
    """A look that failed. `code` is stable; the message holds no secret and no URL with a query."""

    code: ClassVar[str] = "look_error"

    ours: bool = False

    def __init__(self, message: str, *, retry_after: float | None = None, head: bytes | str = b"") -> None:
        super().__init__(message)
        # Bodies lie, also about time: epoch seconds would switch an account off for decades.
        self.retry_after = None if retry_after is None or retry_after != retry_after else min(max(0.0, retry_after), RETRY_AFTER_CAP)
        text = head.decode("utf-8", "replace") if isinstance(head, bytes) else head
        self.head = text[:HEAD_LIMIT]

    def fault(self, channel: str = "", credential: str = "") -> Fault:
        """Return this error as a value."""
        return Fault(
            code=self.code,
            message=str(self),
            channel=channel,
            credential=credential,
            retry_after=self.retry_after,
            head=self.head,
            ours=self.ours,
        )


class TransportFault(LookError):
    """No usable answer: network, time-out, 5xx, a fault the platform itself calls transient."""

    code = "transport_fault"


class RateLimited(LookError):
    """A quota, a throttle, a captcha or risk wall. `retry_after` is in seconds, None where the platform does not say.

    `ours` where it was our own budget that refused, and nothing was asked at all.
    """

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: float | None = None, head: bytes | str = b"", ours: bool = False) -> None:
        super().__init__(message, retry_after=retry_after, head=head)
        self.ours = ours


class AuthError(LookError):
    """A credential, a permission or a setting that only the operator can mend."""

    code = "auth_error"


class SourceRetired(LookError):
    """This interface is closed for good, for this account or for all."""

    code = "source_retired"


class AccountGone(LookError):
    """The platform says the account is deleted, banned, private, migrated or unknown."""

    code = "account_gone"


class Degraded(LookError):
    """Readable, but known to be incomplete. `snapshot` holds the posts that were shown; it covers nothing."""

    code = "degraded"

    def __init__(self, message: str, *, snapshot: Snapshot | None = None, head: bytes | str = b"") -> None:
        super().__init__(message, head=head)
        self.snapshot = snapshot


class ParseError(LookError):
    """The body is not what the documents and recordings say, or belongs to another account, or our request was wrong."""

    code = "parse_error"


LOOK_ERRORS: tuple[type[LookError], ...] = (
    TransportFault,
    RateLimited,
    AuthError,
    SourceRetired,
    AccountGone,
    Degraded,
    ParseError,
)


class StoreAway(MonitorError):
    """MongoDB cannot be reached, or did not confirm in time. A write may or may not have happened; all our writes may be repeated."""


class NotifyError(MonitorError):
    """A letter that was not accepted. `uncertain` when the server may have taken it before the line broke.

    `recipient_only` where the fault lies with this address or this letter, and those to others may well get through now.
    `told` is the same for the clerk, in Chinese where we have words of our own for it.
    """

    def __init__(
        self, message: str, *, permanent: bool = False, uncertain: bool = False, recipient_only: bool = False, told: str = ""
    ) -> None:
        super().__init__(message)
        self.told = told or message
        self.permanent = permanent
        self.uncertain = uncertain
        self.recipient_only = recipient_only


class BrokenLetter(MonitorError):
    """A letter that cannot be written: a template that is not in order, or a stored document nobody can read."""


class BadInput(MonitorError):
    """A file that was refused as a whole. `problems` are Chinese lines for the clerk, each with file, row and column."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class BadSettings(BadInput):
    """Settings that cannot be used; `problems` names each key and what is expected."""


class NoDatabase(MonitorError):
    """No mongod was found, or it would not start."""
