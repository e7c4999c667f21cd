"""What rules say, and the life of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import IntEnum, StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from monitor.model.accounts import Role
from monitor.model.base import Identifier, Moment, Noun


class Firing(StrEnum):
    """A rule's word. There is no third: a rule that cannot tell says nothing."""

    FIRING = "firing"
    CLEAR = "clear"


class Severity(StrEnum):
    """How grave a finding is. An accusation names an account as failing and passes the quorum gate before anybody hears of it."""

    NOTICE = "notice"
    WARNING = "warning"
    ACCUSATION = "accusation"
    TROUBLE = "trouble"


class Finding(Noun):
    """A rule's word now about one subject. `rung` rises with gravity; a higher rung is told again.

    `subject` is the account's id, or a source's or credential's name where the finding is about us.
    `tells` names the roles that hear of it.
    """

    rule: str
    status: Firing
    subject: Identifier
    severity: Severity = Severity.NOTICE
    rung: int = 0
    label: str = ""
    message: str = ""
    account_id: str | None = None
    article_id: str | None = None
    tells: tuple[Role, ...] = ()
    evidence: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the finding is about: one alert at a time may be alive for it."""
        return " ".join(part for part in (self.rule, self.subject, self.article_id) if part)


class Stage(StrEnum):
    """Where an alert stands. Pending and held accusations are told to nobody."""

    PENDING = "pending"
    HELD = "held"
    OPEN = "open"
    RESOLVED = "resolved"


class Step(IntEnum):
    """How far telling one person of one rung has gone; a higher step is told again.

    `PRESSING`: told once more on the last working day before it is too late. `RECTIFY`: 整改通知, with a deadline. `OVERDUE`: that
    deadline passed without an answer.
    """

    SAID = 0
    PRESSING = 1
    RECTIFY = 2
    OVERDUE = 3


class Told(Noun):
    """What a person was last told of an alert. `letter` is the letter's number, `thread` that of the first one about this alert.

    `due` is the deadline that a 整改通知 named.
    """

    at: Moment
    rung: int
    recovered: bool = False
    step: Step = Step.SAID
    letter: str = ""
    thread: str = ""
    due: date | None = None


class PersonsWord(Noun):
    """What a person said of an alert, and when; `rung` is what it stood on then. `by` is a name or an address."""

    by: str
    at: Moment
    rung: int = 0
    reason: str = ""


def _spoken(value: Any) -> Any:
    # Alerts written before people could answer hold an empty text here.
    return value or None


class Alert(Noun):
    """The life of a finding. It is its own outbox entry: `told` says who has heard of which rung.

    `tries` counts letters handed to the mail server whose fate is unknown (we died in between): see monitor.alerting.
    """

    id: str
    finding: Finding
    stage: Stage
    opened_at: Moment
    last_seen_at: Moment
    resolved_at: Moment | None = None
    acknowledged: Annotated[PersonsWord | None, BeforeValidator(_spoken)] = None
    told: Mapping[str, Told] = Field(default_factory=dict)
    tries: Mapping[str, int] = Field(default_factory=dict)
