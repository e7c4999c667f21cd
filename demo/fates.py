"""What became of some accounts in the weeks before the demo begins, and how the mail server takes the letters of some operators."""

from __future__ import annotations

from enum import StrEnum


class Fate(StrEnum):
    """A part beside the one an account plays on the ladder.

    The first four were told, or silenced, before the demo begins. The last three belong to the operator's address: refused for good,
    refused for now on the first try of this run, and refused for now a moment before it.
    """

    RECTIFY = "told a week ago, nothing happened since"
    ANSWERED = "told, and the operator confirmed it"
    CLOSING = "told, and the operator asked to close the account"
    SILENCED = "silenced by a clerk, with a reason"
    BOUNCED = "550"
    GREYLISTED = "450"
    RETRIED = "450 before"

    @property
    def days_told(self) -> int | None:
        """How many days before today the account was told of; None where it was not."""
        return {Fate.RECTIFY: 8, Fate.ANSWERED: 11, Fate.CLOSING: 12}.get(self)

    @property
    def quiet(self) -> bool:
        """Whether nobody is written to about the account now."""
        return self in (Fate.ANSWERED, Fate.CLOSING, Fate.SILENCED)
