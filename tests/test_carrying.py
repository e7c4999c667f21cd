"""What an edited post and a corrected article do to a repost that was found: nothing that was proven is taken away by an edit."""

from __future__ import annotations

from typing import Any

from clocks import NOON
from makers import DAY, HOUR, post

from monitor.carrying import EDITED_AWAY, after_changes, after_correction, revision_of
from monitor.matching import MatchingSettings
from monitor.model import Article, Repost


def article(**fields: Any) -> Article:
    return Article(**{"id": "t1", "title": "全市优化营商环境大会召开", "published_at": NOON - 3 * DAY, "due_at": NOON - 2 * DAY, **fields})


def repost(grade: str = "in_order", number: int = 1, **evidence: Any) -> Repost:
    return Repost.model_validate(
        {
            "article_id": "t1",
            "account_id": "a",
            "post_id": f"weibo:a:{number}",
            "grade": grade,
            "published_at": NOON,
            "evidence": {"by": "title", **evidence},
        }
    )


def test_an_edit_takes_no_proof_away_but_is_noted() -> None:
    sure, at = repost(), NOON + HOUR
    marked = sure.model_copy(update={"evidence": {"by": "title", EDITED_AWAY: at.isoformat()}})

    assert after_changes([sure], [post(1)], [], at) == [marked]
    assert after_changes([sure], [post(1)], [repost("candidate")], at) == [marked]
    assert after_changes([marked], [post(1)], [repost("candidate")], at + HOUR) == []


def test_an_edit_that_still_carries_the_article_counts_as_it_stands_now() -> None:
    irregular = repost("irregular")

    assert after_changes([repost()], [post(1)], [irregular], NOON) == [irregular]
    assert after_changes([repost("candidate")], [post(1)], [repost()], NOON) == [repost()]


def test_other_posts_deleted_posts_and_candidates_are_left_as_they_are() -> None:
    known = [repost(number=1), repost(number=2), repost("candidate", number=3)]

    assert after_changes(known, [post(2, deleted_at=NOON), post(3)], [], NOON) == []


def test_a_correction_drops_what_no_longer_holds_except_what_was_only_deleted_and_doubts_what_was_edited() -> None:
    plain, hidden = repost(number=1), repost(number=2)
    edited, lost = (repost(number=number, **{EDITED_AWAY: "x"}) for number in (3, 4))

    dropped, doubted = after_correction([plain, hidden, edited, lost], [post(1), post(2), post(3)], [hidden])

    assert dropped == [plain.id, lost.id]
    assert [(each.id, each.grade) for each in doubted] == [(edited.id, "candidate")]
    assert "修改" in doubted[0].evidence["why"]
    assert after_correction(doubted, [post(3)], []) == ([], [])


def test_a_revision_tells_articles_and_wishes_apart_and_nothing_else() -> None:
    plain = revision_of(article(), MatchingSettings())

    assert revision_of(article(), MatchingSettings()) == plain
    assert revision_of(article(text="\ud800"), MatchingSettings()) != plain
    assert revision_of(article(), MatchingSettings(suffixes=("（全文）",))) != plain
