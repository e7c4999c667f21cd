"""Which way a letter goes, and what is said of a way that is not set up."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from mailroom import LETTER, Mailroom, open_mailroom, settings
from pydantic import SecretStr

from monitor.errors import NotifyError
from monitor.model import Role
from monitor.notify.post import Post, open_post
from monitor.ports import Letter
from monitor.settings import SmtpSettings, load

NO_MAIL = SmtpSettings()
ROBOTS = json.dumps([{"name": "监测群", "url": "json://127.0.0.1:1/Key", "role": "clerk"}], ensure_ascii=False)
TO_GROUP = replace(LETTER, to="robot:监测群")


class Kept:
    """A way that keeps what it is handed."""

    def __init__(self, *lacking: str) -> None:
        self.letters: list[Letter] = []
        self.lacking = list(lacking)
        self.rests = 0

    async def send(self, letter: Letter) -> None:
        self.letters.append(letter)

    async def rest(self) -> None:
        self.rests += 1

    async def check(self) -> list[str]:
        return self.lacking


async def test_robots_get_theirs_and_the_mail_server_the_rest() -> None:
    mail, robots = Kept(), Kept()
    post = Post(mail, robots)

    await post.send(LETTER)
    await post.send(TO_GROUP)
    await post.rest()

    assert (mail.letters, robots.letters) == ([LETTER], [TO_GROUP])
    assert (mail.rests, robots.rests) == (1, 1)


@pytest.mark.parametrize(
    ("post", "letter", "named", "recipient_only"),
    [
        pytest.param(Post(None, Kept()), LETTER, "smtp.host", False, id="no mail server, which is nobody's own fault"),
        pytest.param(Post(Kept(), None), TO_GROUP, "notify.robots", True, id="no robots, and mail goes on"),
    ],
)
async def test_a_way_that_is_not_set_up_keeps_its_letters_waiting(post: Post, letter: Letter, named: str, recipient_only: bool) -> None:
    with pytest.raises(NotifyError) as caught:
        await post.send(letter)

    assert named in str(caught.value)
    assert (caught.value.permanent, caught.value.recipient_only) == (False, recipient_only)
    assert not post.reaches(letter.to)
    await post.rest()


async def test_check_says_which_way_lacks_what() -> None:
    assert await Post(Kept("甲"), Kept("乙")).check() == ["邮件：甲", "群机器人：乙"]
    assert await Post(Kept(), None).check() == []
    assert await Post(None, Kept()).check() == ["邮件：未设置 smtp.host，不会发送任何邮件"]


async def test_what_is_set_up_is_opened() -> None:
    room = Mailroom()

    async with open_mailroom(room) as port:
        post = open_post(settings(port), SecretStr(ROBOTS))
        assert post is not None
        await post.send(LETTER)
        await post.rest()

    assert len(room.kept) == 1
    assert [(each.role, each.email, each.name) for each in post.contacts] == [(Role.CLERK, "robot:监测群", "监测群")]
    assert post.reaches("robot:监测群") and post.reaches(LETTER.to)
    assert open_post(NO_MAIL, SecretStr("")) is None


def test_the_setting_comes_from_the_environment_as_it_was_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ZHENGWU_NOTIFY__ROBOTS", ROBOTS)
    file = tmp_path / "settings.toml"
    file.write_text("")

    read = load(file)

    post = open_post(NO_MAIL, read.notify.robots)
    assert post is not None and post.reaches("robot:监测群") and not post.reaches(LETTER.to)
    assert "Key" not in repr(read)


def test_who_has_no_robots_does_not_load_their_library() -> None:
    script = "import sys; from monitor.notify.post import open_post; import monitor.app; print('apprise' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
