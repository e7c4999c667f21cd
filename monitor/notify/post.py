"""Where a letter goes: robots have addresses of their own, all others are mail."""

from __future__ import annotations

from typing import Protocol

from pydantic import SecretStr

from monitor.errors import NotifyError
from monitor.model import Contact, Role
from monitor.notify.mail import SmtpNotifier
from monitor.notify.robots import RobotNotifier, is_robot, read_robots
from monitor.ports import Clock, Letter, Notifier
from monitor.settings import SmtpSettings


class Way(Notifier, Protocol):
    """A notifier that can say what it lacks."""

    async def check(self) -> list[str]: ...


class Post:
    """Hands each letter to the way its address asks for; either way may be absent, and its letters then wait.

    `contacts` are the robots as readers, each in its role.
    """

    def __init__(self, mail: Way | None, robots: Way | None, contacts: tuple[Contact, ...] = ()) -> None:
        self._mail, self._robots, self.contacts = mail, robots, contacts

    async def send(self, letter: Letter) -> None:
        """Raise `NotifyError`, never permanent, where the way is not set up."""
        if is_robot(letter.to):
            if self._robots is None:
                raise NotifyError("notify.robots is not set up", recipient_only=True, told="未设置群机器人（notify.robots）")
            await self._robots.send(letter)
        elif self._mail is None:
            # Not the recipient's fault: it must not be marked for it.
            raise NotifyError("smtp.host is not set up", told="未设置 smtp.host")
        else:
            await self._mail.send(letter)

    def reaches(self, address: str) -> bool:
        """Whether there is a way to the address at all."""
        return (self._robots if is_robot(address) else self._mail) is not None

    async def rest(self) -> None:
        for way in (self._mail, self._robots):
            if way is not None:
                await way.rest()

    async def check(self) -> list[str]:
        """Return Chinese lines on what is missing, each with its way."""
        problems = [] if self._mail else ["邮件：未设置 smtp.host，不会发送任何邮件"]
        for label, way in (("邮件", self._mail), ("群机器人", self._robots)):
            problems += [f"{label}：{line}" for line in await way.check()] if way else []
        return problems


def open_post(smtp: SmtpSettings, robots: SecretStr, clock: Clock | None = None, *, proxy_from_environment: bool = False) -> Post | None:
    """Return the ways that are set up, None where none is. Raises `BadSettings`."""
    known = read_robots(robots.get_secret_value())
    mail = SmtpNotifier(smtp, clock) if smtp.host else None
    groups = RobotNotifier(known, proxy_from_environment=proxy_from_environment) if known else None
    contacts = tuple(Contact(role=Role(robot.role), email=robot.address, name=robot.name) for robot in known)
    return Post(mail, groups, contacts) if mail or groups else None
