"""One operator as a person would be: reads its letter, publishes, opens the letter's link and presses the button."""

from __future__ import annotations

import asyncio
import email
import random
import re
from email.message import EmailMessage
from email.policy import default
from urllib.parse import urlsplit

from demo.mailbox import Mail, Mailbox
from demo.pages import Page
from demo.pushes import post
from demo.rhythm import write
from demo.stage import Stage
from monitor.telling.records import Ask

PRESSES = 5
"""How often the button is pressed while the account is just being looked at."""
PAUSE = 0.3
TAKEN = "已登记".encode()


class Operator:
    """Answers one letter. `presses` counts the links that were taken."""

    def __init__(self, stage: Stage, mailbox: Mailbox, page: Page | None) -> None:
        self._stage, self._mailbox, self.page = stage, mailbox, page
        self.presses = 0

    async def act(self) -> None:
        """Publish a post and ask for another look, if there was a letter to answer."""
        letter = self._letter()
        if self.page is None or letter is None:
            return
        moment = self._stage.clock.now().replace(microsecond=0)
        rng = random.Random(f"{self.page.code} {moment}")
        self._stage.publish(self.page, write(rng, self.page.place, moment))
        links = links_in(letter, Ask.RECHECK)
        self.presses += bool(links) and await _pressed(links[0])

    @property
    def awaited(self) -> frozenset[str]:
        """Whose letter on the recovery is still to come."""
        if self.page is None or not self.presses:
            return frozenset()
        return self.page.readers - self._mailbox.recovered

    def _letter(self) -> Mail | None:
        return next((mail for mail in self._mailbox.mails if self.page and mail.to == self.page.operator), None)


def links_in(mail: Mail, ask: Ask) -> list[str]:
    """Return the links of this kind in the order in which they stand in the letter's plain text."""
    letter = email.message_from_bytes(mail.path.read_bytes(), _class=EmailMessage, policy=default)
    body = letter.get_body(("plain",))
    text = str(body.get_content()) if body else ""
    return re.findall(rf"{ask.label}\S*?[：:]\s*(http://\S+/do/\S+)", text)


async def _pressed(link: str) -> bool:
    for _ in range(PRESSES):
        try:
            answer = await post(urlsplit(link)._replace(fragment="").geturl(), b"")
        except OSError:
            return False
        if TAKEN in answer:
            return True
        await asyncio.sleep(PAUSE)
    return False
