"""A token that ends soon reaches the sysadmin by mail while it still works."""

from __future__ import annotations

import email
import json
from datetime import UTC, datetime, timedelta
from email.policy import default
from pathlib import Path

from channels import UID, Reply, fixtures, serving
from daemons import SetClock, enrol, quick_settings, running, until

from demo.mailbox import Mailbox
from monitor.model import Account, Channel, Platform

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


async def test_a_token_that_ends_in_two_days_is_told_with_what_to_do(mongod: str, database: str, tmp_path: Path) -> None:
    ends = (NOW + timedelta(days=2)).isoformat()
    book = {"weibo-city": {"access_token": "never-shown", "expires_at": ends}}
    page = next(path for path in fixtures("weibo.openapi") if path.stem == "page")
    watched = Account(
        id="acc1",
        platform=Platform.WEIBO,
        name="青溪发布",
        channels=(Channel(adapter="weibo.openapi", handle=UID, options={"credential": "weibo-city"}),),
    )
    async with serving(Reply.of(page)) as served, Mailbox(tmp_path / "mails") as mailbox:
        settings = quick_settings(
            mongod,
            database,
            channels={"weibo.openapi": {"base_url": served.base_url, "spacing_seconds": 0}},
            credentials=json.dumps(book),
            smtp={"host": "127.0.0.1", "port": mailbox.port, "security": "none", "sender": "z@example.invalid"},
            notify={"sysadmins": ("root@example.invalid",), "interval_seconds": 0.1},
        )
        async with running(settings, SetClock(NOW)) as app:
            await enrol(app, watched)
            await until(lambda: any("到期" in mail.subject for mail in mailbox.mails))
            metrics = app.metrics.render()[0].decode()

    told = next(mail for mail in mailbox.mails if "到期" in mail.subject)
    letter = email.message_from_bytes(told.path.read_bytes(), policy=default)
    text = " ".join(str(part.get_content()) for part in letter.walk() if part.get_content_type() == "text/plain")
    assert told.to == "root@example.invalid"
    assert "weibo.openapi/weibo-city" in text and "2026-11-22 12:00" in text and "重新授权" in text
    assert "never-shown" not in text
    assert 'zhengwu_credential_expiry_timestamp_seconds{credential="weibo-city"' in metrics
