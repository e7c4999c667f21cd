"""Key articles and whom they concern."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from monitor.model.accounts import Account, Status
from monitor.model.base import Moment, Noun


class Audience(Noun):
    """Whom a key article concerns. Empty tuples mean everybody; text accounts only unless said otherwise."""

    groups: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    text_only: bool = True

    def includes(self, account: Account) -> bool:
        """Whether the account owes the repost; exempt, closed and abandoned accounts never do."""
        if account.status not in (Status.ACTIVE, Status.CLOSING):
            return False
        if self.text_only and not account.platform.carries_text:
            return False
        return (
            (not self.groups or bool(set(self.groups) & set(account.groups)))
            and (not self.levels or account.level in self.levels)
            and (not self.regions or account.region in self.regions)
        )


class Article(Noun):
    """A key article that its audience must repost before it is due.

    `origins` are the platforms' own ids of the original post, as `platform:account:post`, for a match by citation.
    """

    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
    title: str
    text: str = ""
    urls: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    source: str = ""
    published_at: Moment
    due_at: Moment
    audience: Audience = Audience()
