"""Taking in saved files: pages that a person exported, each a partial look at one account, kept as evidence with its hash and name.

What is known already stays as it is: a file may be older than the last poll, so it only adds posts nobody had seen. A page about the
account has no posts; what it says of names and subject is kept as the account's profile, which the rule `drift` compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from monitor.errors import BadInput
from monitor.hand_checks import Carried, take_in
from monitor.model import Account, AccountState, Snapshot, cut
from monitor.roster.cells import Refused, moment
from monitor.settings import nearest
from monitor.store import Store
from monitor.wording import minute

SIZE_LIMIT = 20 * 1024 * 1024
"""Bytes of one file: the largest honest page has 1 MB, an article page with its scripts 5."""

STILL_TRUE = timedelta(days=7)
"""What a page tells of names and subject is taken for the present while it is no older: accounts are renamed a few times in years."""

ReadUpload = Callable[[bytes, Account, datetime, bool], tuple[str, Snapshot, tuple[str, ...]]]
"""Reads a saved body: what it is, what it shows, remarks. The time is that of saving where the flag says that it is known."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person asks for: files of one account, when they were saved (None: not known), and who uploads them."""

    files: Sequence[Path]
    account: str
    saved_at: datetime | None
    by: str


@dataclass(frozen=True, slots=True)
class Taking:
    """What taking in needs of the daemon, and where to say what happens: `say` progress, `complain` what is wrong."""

    store: Store
    read: ReadUpload
    carried: Carried
    say: Callable[[str], None]
    complain: Callable[[str], None]


def saved_at(text: str | None, now: datetime) -> datetime | None:
    """Return when the files were saved, None where that is not said. Raises `BadInput` for a bare date, a time ahead, or no time."""
    if not text:
        return None
    expected = "应为日期和时间，如 2026-11-20 09:30（北京时间）"
    try:
        at = moment(text)
    except Refused as reason:
        raise BadInput([f"--saved-at：{reason}；{expected}"]) from None
    if at is None or ":" not in text.replace("：", ":"):
        # "5 minutes ago" in a file is worth nothing when only the day of saving is known.
        raise BadInput([f"--saved-at：{expected}"])
    if at > now:
        raise BadInput(["--saved-at：不能晚于现在"])
    return cut(at)


def account_named(code: str, accounts: Iterable[Account]) -> Account:
    """Return the account by its code or id. Raises `BadInput` with the nearest one there is."""
    known = {name: account for account in accounts for name in (account.code, account.id) if name}
    if code.strip() not in known:
        raise BadInput([f"--account：名册中没有 {code}{nearest(code, known)}"])
    return known[code.strip()]


async def take(taking: Taking, wishes: Wishes, accounts: Iterable[Account], now: datetime) -> int:
    """Take the files in, one by one; 0 when all were, 1 when some were refused. Raises `BadInput` when all of them were.

    A refused file holds no other up; every refusal stands in one list at the end, with the name of its file.
    """
    account = account_named(wishes.account, accounts)
    problems: list[str] = []
    refusals = 0
    for number, path in enumerate(wishes.files, 1):
        try:
            told = await _take_one(taking, wishes, path, account, now)
        except BadInput as refused:
            refusals += 1
            problems += [f"{path.name}：{line}" for line in refused.problems]
        else:
            taking.say(f"（{number}/{len(wishes.files)}）{path.name}：{told}")
    taken = len(wishes.files) - refusals
    taking.say(f"{account.name}（{account.platform.label}）：已导入 {taken} 个文件，未导入 {refusals} 个。")
    if not taken:
        raise BadInput(problems)
    for problem in problems:
        taking.complain(problem)
    return 1 if problems else 0


async def _take_one(taking: Taking, wishes: Wishes, path: Path, account: Account, now: datetime) -> str:
    body = _body(path)
    title, snapshot, remarks = taking.read(body, account, wishes.saved_at or now, wishes.saved_at is not None)
    states = await taking.store.states([account.id])
    state = states.get(account.id)
    fresh = unknown(snapshot, state, now)
    if state is not None and snapshot.profile and _is_old(wishes.saved_at, state, now):
        fresh = fresh.model_copy(update={"profile": {key: told for key, told in fresh.profile.items() if key not in state.profile}})
        remarks = (*remarks, "保存时间较早，已知的账号信息不改")
    name = "".join(letter for letter in path.name if letter.isprintable())[:120]
    count = await take_in(taking.store, account, fresh, at=now, now=now, by=f"{wishes.by}：{name}"[:200], carried=taking.carried)
    return "；".join([_what(title, snapshot, count), *remarks])


def _is_old(saved: datetime | None, state: AccountState, now: datetime) -> bool:
    """Whether a page was saved so long ago, and looked at since, that a name it tells may have been given up by now."""
    looked = [at for at in (state.last_tried_at, state.last_good.at if state.last_good else None) if at is not None]
    return saved is not None and now - saved > STILL_TRUE and any(at > saved for at in looked)


def _what(title: str, snapshot: Snapshot, count: int) -> str:
    newest = max((post.published_at for post in snapshot.posts), default=None)
    if newest is None:
        return f"{title}，没有发布内容，只记录账号信息"
    return f"{title}，{len(snapshot.posts)} 条，新增 {count} 条，最新 {minute(newest)}"


def _body(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BadInput(["不是文件，或没有这个文件"])
        if path.stat().st_size > SIZE_LIMIT:
            raise BadInput([f"文件超过 {SIZE_LIMIT // 1024 // 1024} MiB"])
        return path.read_bytes()
    except OSError as error:
        raise BadInput([f"无法读取（{error.strerror}）"]) from error


def unknown(snapshot: Snapshot, state: AccountState | None, now: datetime) -> Snapshot:
    """Return the snapshot with the posts that were never seen, first seen now: an older file must not undo what a poll has seen since."""
    known = set(state.seen) | set(state.aliases) if state else set()
    if state is not None and state.last_post is not None:
        known.add(state.last_post.id)
    posts = tuple(post.model_copy(update={"first_seen_at": now}) for post in snapshot.posts if post.id not in known)
    return snapshot.model_copy(update={"posts": posts})
