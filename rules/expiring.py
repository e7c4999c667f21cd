"""A token that ends soon and that nobody has renewed: told while there is still time to authorise again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from pydantic import Field

from monitor.model import SHANGHAI, Finding, Firing, Noun, Role, Severity
from monitor.ports import ChannelFacts, Expiry

DAY = 86_400.0
LABELS = {"access": "访问令牌", "refresh": "刷新令牌"}


class Expiring(Noun):
    """Fires so many days before a token's end. A token that lives no longer than that is renewed by the daemon all the time.

    What the daemon renews by itself is renewed well before these days: firing then means that renewing fails, or is used up.
    """

    name: ClassVar[str] = "expiring"
    about: ClassVar[Literal["account", "channel", "source"]] = "channel"

    access_days: float = Field(default=3.0, gt=0)
    refresh_days: float = Field(default=7.0, gt=0)

    def judge(self, facts: ChannelFacts) -> Iterable[Finding]:
        if not facts.expiries:
            return
        soon = [each for each in facts.expiries if self._is_near(each, facts)]
        if not soon:
            yield Finding(
                rule=self.name, status=Firing.CLEAR, subject=facts.channel.name, message=f"采集渠道{facts.channel.name}的授权在有效期内"
            )
            return
        first = min(soon, key=lambda each: each.at)
        over = first.at <= facts.now
        when = first.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        yield Finding(
            rule=self.name,
            status=Firing.FIRING,
            subject=facts.channel.name,
            severity=Severity.TROUBLE,
            rung=2 if over else 1,
            label="采集授权已到期" if over else "采集授权即将到期",
            message=(
                f"采集渠道{facts.channel.name}的{LABELS[first.part]}{'已于' if over else '将于'}{when}到期，"
                f"涉及{facts.channel.accounts}个账号，请重新授权并更新凭据"
            ),
            tells=(Role.SYSADMIN,),
            evidence={"accounts": facts.channel.accounts, "part": first.part, "expires_at": first.at.isoformat()},
        )

    def _is_near(self, each: Expiry, facts: ChannelFacts) -> bool:
        horizon = DAY * (self.access_days if each.part == "access" else self.refresh_days)
        lives_longer = each.lasts is None or each.lasts > horizon
        return lives_longer and (each.at - facts.now).total_seconds() <= horizon
