"""The repost benchmark: the matcher on made sets, and that the benchmark itself tells the truth. How fast it is, is not asserted."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks import peers, reposts
from benchmarks.labelled import BadLine, LabelledArticle, LabelledPost, Score, read_articles, read_posts, score, write_lines
from benchmarks.made_posts import SHARES, Made, make

SEEDS = (1, 2)
LEAST_F1 = {None: 0.98, 14.0: 0.98}
"""By the window in days; None is without one."""
MOST_FALSE = {"n_random": 0.02, "n_short": 0.01, "n_topic": 0.02, "n_same_title": 0.05, "n_template": 0.05, "n_title_year": 0.03}
"""Share of a class, of which a made set has 40 to 500 posts: one post more or less must not turn the build red."""

ARTICLE = {"id": "a1", "title": "桐湾大桥通车", "text": "桐湾大桥今天通车。", "published_on": "2026-03-02"}
POST = {"text": "【桐湾大桥通车】", "published_on": "2026-03-03", "article": "a1", "class": "title_link"}


@cache
def made(seed: int) -> Made:
    return make(seed=seed)


@cache
def scored(seed: int, window_days: float | None) -> Score:
    posts = made(seed).posts
    return score(posts, reposts.measure(made(seed).articles, posts, window_days).said)


def post(text: str = "x", article: str | None = None, kind: str = "n_short", published_on: str = "2026-03-03") -> LabelledPost:
    return LabelledPost(text, published_on, article, kind)


def wrote(path: Path, *lines: object) -> Path:
    write_lines(path, lines)
    return path


def run(
    folder: Path, capsys: pytest.CaptureFixture[str], *more: str, article: object = ARTICLE, posts: Sequence[object] = (POST,)
) -> dict[str, Any]:
    """Run the command on one article and some posts; return what it prints."""
    articles, posted = wrote(folder / "articles.jsonl", article), wrote(folder / "posts.jsonl.gz", *posts)
    out = folder / "predictions.jsonl"
    assert reposts.main(["--articles", str(articles), "--posts", str(posted), "--predictions", str(out), *more]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


# -- the matcher ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window_days", LEAST_F1)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_matcher_tells_what_made_posts_carry(seed: int, window_days: float | None) -> None:
    reached = scored(seed, window_days)

    assert reached.f1 >= LEAST_F1[window_days], reached


@pytest.mark.parametrize("kind", MOST_FALSE)
@pytest.mark.parametrize("window_days", LEAST_F1)
@pytest.mark.parametrize("seed", SEEDS)
def test_false_alarms_stay_under_the_ceiling_of_their_class(seed: int, window_days: float | None, kind: str) -> None:
    reached = scored(seed, window_days)

    assert reached.shares[kind] <= MOST_FALSE[kind], reached


# -- the made sets ----------------------------------------------------------------------------------------------------------


def test_one_seed_makes_one_set_and_another_seed_another() -> None:
    again, other = make(seed=1), made(2)

    assert again == made(1)
    assert not {one.text for one in again.articles} & {one.text for one in other.articles}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_class_is_made_and_only_carriers_name_an_article(seed: int) -> None:
    posts, names = made(seed).posts, {one.id for one in made(seed).articles}

    assert {one.kind for one in posts} == {kind for kind, _ in SHARES}
    assert all(one.article is None if one.kind.startswith("n_") else one.article in names for one in posts)


def test_made_articles_differ_and_some_come_back_under_one_title() -> None:
    articles = made(1).articles

    assert len({one.text for one in articles}) == len(articles) == 200
    assert len({one.title for one in articles}) < 200
    assert all(150 <= len(one.text) <= 700 for one in articles)
    assert not any("{" in one.text + one.title for one in articles)


def test_a_written_set_is_the_set_that_was_made(tmp_path: Path) -> None:
    assert reposts.main(["--make", str(tmp_path / "set"), "--articles-count", "20", "--posts-count", "50", "--seed", "7"]) == 0

    twin = make(20, 50, 7)
    assert tuple(read_articles(tmp_path / "set" / "articles.jsonl.gz")) == twin.articles
    assert tuple(read_posts(tmp_path / "set" / "posts.jsonl.gz")) == twin.posts


# -- the command ------------------------------------------------------------------------------------------------------------


def test_the_command_writes_one_prediction_a_post_and_prints_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(tmp_path, capsys, "--window-days", "14", posts=(POST, POST | {"text": "晚安", "article": None, "class": "n_short"}))

    written = (tmp_path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in written] == [{"article": "a1"}, {"article": None}]
    assert (told["posts"], told["articles"], told["found"], told["f1"]) == (2, 1, 1, 1.0)
    assert told["classes"] == {"n_short": 0.0, "title_link": 1.0}
    assert {"microseconds_per_post", "microseconds_per_post_median", "seconds_to_index", "index_megabytes", "peak_rss_megabytes"} <= {*told}


def test_the_window_is_the_one_that_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = {"text": made(1).articles[0].text, "published_on": "2028-05-01"}

    within = run(tmp_path, capsys, "--window-days", "14", article=made(1).articles[0].line(), posts=[late])
    without = run(tmp_path, capsys, article=made(1).articles[0].line(), posts=[late])

    assert (within["window_days"], within["found"]) == (14.0, 0)
    assert (without["window_days"], without["found"]) == (None, 1)


def test_posts_without_labels_are_told_apart_but_not_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(tmp_path, capsys, posts=[{"text": POST["text"], "published_on": POST["published_on"]}])

    assert told["found"] == 1
    assert not {"f1", "classes"} & {*told}


def test_an_empty_file_of_posts_is_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, capsys, posts=())["posts"] == 0


BROKEN_LINES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b'{"id": "a2"', "no JSON"),
    "no object": (b"[1]", "object"),
    "no UTF-8": (b'{"id": "\xff"}', "no JSON"),
    "an unknown kind of id": (json.dumps({**ARTICLE, "id": "a 2"}).encode(), '"id"'),
    "an id twice": (json.dumps(ARTICLE).encode(), '"id"'),
    "a title that is missing": (b'{"id": "a2"}', '"title"'),
    "a title that is a number": (json.dumps({**ARTICLE, "id": "a2", "title": 3}).encode(), '"title"'),
    "half of a character": (json.dumps({**ARTICLE, "id": "a2", "title": "\ud800"}).encode(), '"title"'),
    "a day that does not exist": (json.dumps({**ARTICLE, "id": "a2", "published_on": "2026-02-30"}).encode(), '"published_on"'),
}


@pytest.mark.parametrize("name", BROKEN_LINES)
def test_a_broken_line_is_refused_with_its_number(tmp_path: Path, name: str) -> None:
    line, why = BROKEN_LINES[name]
    path = tmp_path / "articles.jsonl"
    path.write_bytes(json.dumps(ARTICLE).encode() + b"\n\n" + line + b"\n")

    with pytest.raises(BadLine, match=why) as refused:
        list(read_articles(path))

    assert refused.value.line == 3
    assert str(path) in str(refused.value)


def test_the_command_says_in_one_line_what_it_cannot_read(tmp_path: Path) -> None:
    cut = tmp_path / "posts.jsonl.gz"
    cut.write_bytes(gzip.compress(json.dumps(POST).encode() * 100)[:-12])
    articles = wrote(tmp_path / "articles.jsonl", ARTICLE)

    for file in (cut, tmp_path / "missing.jsonl"):
        command = ["--articles", str(articles), "--posts", str(file), "--predictions", str(tmp_path / "out")]
        ended = subprocess.run([sys.executable, "-m", "benchmarks.reposts", *command], capture_output=True, text=True, check=False)

        assert ended.returncode == reposts.MISUSED
        assert ended.stderr.startswith("reposts: ") and ended.stderr.count("\n") == 1


@pytest.mark.parametrize("window_days", ["0", "-1", "nan", "soon", "4000"])
def test_a_window_that_is_none_is_refused(window_days: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        reposts.main(["--window-days", window_days])

    assert refused.value.code == reposts.MISUSED
    assert "--window-days" in capsys.readouterr().err


# -- scores and peers -------------------------------------------------------------------------------------------------------


def test_a_wrong_name_is_both_a_miss_and_a_false_alarm() -> None:
    posts = [post(article="a1", kind="exact"), post(article="a2", kind="exact"), post(), post()]

    reached = score(posts, ["a1", "a1", "a1", None])

    assert (reached.precision, reached.recall) == (1 / 3, 1 / 2)
    assert reached.f1 == pytest.approx(0.4)
    assert reached.shares == {"exact": 0.5, "n_short": 0.5}


@pytest.mark.parametrize("said", [[None, None], ["a9", "a9"]])
def test_nothing_found_is_scored_as_nothing(said: list[str | None]) -> None:
    assert score([post(article="a1", kind="exact"), post()], said).f1 == 0


def test_a_peer_that_is_not_installed_is_named_with_the_way_to_get_it() -> None:
    absent = peers.Peer("absent", "a_library_that_does_not_exist", 10, lambda articles, days: lambda posts: [])

    [told] = peers.verdicts([LabelledArticle(**ARTICLE)], [post()], None, [absent])

    assert "pip install" in told.missing


def test_a_slow_peer_gets_posts_from_all_over_the_set() -> None:
    slow = peers.Peer("slow", "", 10, lambda articles, days: lambda posts: [one.text for one in posts])

    [told] = peers.verdicts([LabelledArticle(**ARTICLE)], [post(str(place)) for place in range(95)], None, [slow])

    assert told.said == tuple(str(place) for place in range(0, 95, 10))


def test_a_peer_respects_the_window() -> None:
    posts = [post("【桐湾大桥通车】", published_on=day) for day in ("2026-03-01", "2026-03-02", "2026-03-16", "2026-03-17")]

    [told] = peers.verdicts([LabelledArticle(**ARTICLE)], posts, 14, peers.PEERS[:1])

    assert told.said == (None, "a1", "a1", None)


@pytest.mark.parametrize("peer", peers.PEERS[1:], ids=lambda peer: peer.needs + peer.name[-6:])
def test_a_peer_finds_a_text_that_is_the_same(peer: peers.Peer) -> None:
    articles = made(1).articles[:5]
    posts = [post(f"{one.title}\n{one.text}", published_on=one.published_on) for one in articles]

    [told] = peers.verdicts(articles, posts, None, [peer])

    assert told.said == tuple(one.id for one in articles)
