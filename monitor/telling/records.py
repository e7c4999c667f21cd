"""What is kept of a letter, and what people ask for by its links. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Ask(StrEnum):
    """What an operator asks for with one click; the value stands in the link's address and in the log."""

    RECHECK = "recheck"
    EXEMPTION = "exemption"
    CLOSURE = "closure"
    RECEIVED = "received"

    @property
    def label(self) -> str:
        return {
            Ask.RECHECK: "已更新，请复查",
            Ask.EXEMPTION: "申请报备",
            Ask.CLOSURE: "申请关停",
            Ask.RECEIVED: "确认收到",
        }[self]


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for an account, until a clerk has dealt with it. `by` is the address the link was sent to."""

    account_id: str
    kind: Ask
    by: str
    at: datetime
    alert_id: str = ""


@dataclass(frozen=True, slots=True)
class LetterRecord:
    """A letter as it was sent, without its secrets. `outcome` is sent, uncertain, failed or refused; `units` whom it was about."""

    number: str
    to: str
    at: datetime
    subject: str
    text: str
    html: str
    about: str
    outcome: str
    name: str = ""
    units: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    why: str = ""
