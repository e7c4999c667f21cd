"""Where a letter goes: robots have addresses of their own, all others are mail."""

from __future__ import annotations

from typing import Protocol

from pydantic import SecretStr

from monitor.errors import NotifyError
from monitor.notify.mail import SmtpNotifier
from monitor.notify.robots import RobotNotifier, is_robot, read_robots
from monitor.ports import Clock, Letter, Notifier
from monitor.settings import SmtpSettings


class Way(Notifier, Protocol):
    """A notifier that can say what it lacks."""

    async def check(self) -> list[str]: ...


class Post:
    """Hands each letter to the way its address asks for; either way may be absent, and its letters then wait."""

    def __init__(self, mail: Way | None, robots: Way | None) -> None:
        self._mail, self._robots = mail, robots

    async def send(self, letter: Letter) -> None:
        """Raise `NotifyError` where the way is not set up: never permanent, and no reason to keep the other way's letters back."""
        way, missing = (self._robots, "notify.robots") if is_robot(letter.to) else (self._mail, "smtp.host")
        if way is None:
            raise NotifyError(f"{missing} is not set up", recipient_only=True)
        await way.send(letter)

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
    return Post(mail, groups) if mail or groups else None
