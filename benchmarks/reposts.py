"""How well and how fast the monitor tells which key article a post carries, on labelled posts.

    python -m benchmarks.reposts --articles FILE --posts FILE --predictions OUT [--window-days N] [--peers]
    python -m benchmarks.reposts --make DIR [--articles-count N] [--posts-count N] [--seed S]

The first measures the matcher that the daemon runs: it prints one JSON object and writes one prediction a line, in the order of the posts.
The second writes a set of our own, articles.jsonl.gz and posts.jsonl.gz. FILE is JSON lines, plain or gzipped (see benchmarks/README.md).
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import fmean, median
from typing import Any

from benchmarks.labelled import BadLine, LabelledArticle, LabelledPost, Score, read_articles, read_posts, score, write_lines
from benchmarks.made_posts import make
from benchmarks.peers import Verdicts, verdicts
from monitor.matching import ArticleIndex
from monitor.matching.wishes import MatchingSettings
from monitor.model import Account, Article, Platform, Post, start_of_day

NO_WINDOW_DAYS = 3_650
"""The longest window there may be, ten years, stands for none."""
PUBLISHED_AT = timedelta(hours=8)
"""The hour of an article, of which the file knows the day only; posts have no hour (`precision="day"`)."""
DUE = timedelta(days=1)
CHUNK = 500
"""Posts that are in memory at once, so that a long file costs no more than a short one."""
MEGABYTE = 1e6
STATM = Path("/proc/self/statm")
MISUSED = 2
"""Exit code for wrong arguments and unreadable files; 0 is the only other."""


@dataclass
class Run:
    """What was said of each post in turn, and what it cost. Seconds are of CPU; memory is resident, in bytes, None where unknown."""

    articles: int
    window_days: float | None
    seconds_to_index: float = 0.0
    bytes_of_articles: int | None = None
    bytes_of_index: int | None = None
    peak_bytes: int = 0
    said: list[str | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def measure(articles: Iterable[LabelledArticle], posts: Iterable[LabelledPost], window_days: float | None = None) -> Run:
    """Return what the matcher says of each post. Only what it holds to be found counts; a candidate for a person does not.

    1. Read the articles. 2. Build the index. 3. Ask it about every post; only the asking is timed.
    """
    before = _resident()
    nouns = [_article(one) for one in articles]
    loaded = _resident()
    begun = time.process_time()
    index = ArticleIndex(nouns, MatchingSettings(window_days=window_days or NO_WINDOW_DAYS))
    run = Run(len(nouns), window_days, time.process_time() - begun, _grown(before, loaded), _grown(loaded, _resident()))
    account = Account(id="bench", platform=Platform.WEIBO, name="bench")
    for chunk in _chunks(posts):
        _ask(run, index, account, [_post(one, len(run.said) + place) for place, one in enumerate(chunk)])
        _progress(len(run.said))
    run.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return run


def _ask(run: Run, index: ArticleIndex, account: Account, posts: Sequence[Post]) -> None:
    clock = time.process_time
    for post in posts:
        begun = clock()
        matches = index.find(post, account)
        run.seconds.append(clock() - begun)
        run.said.append(next((match.article_id for match in matches if match.standing == "found"), None))


def _article(one: LabelledArticle) -> Article:
    published = start_of_day(date.fromisoformat(one.published_on)) + PUBLISHED_AT
    return Article(id=one.id, title=one.title, text=one.text, published_at=published, due_at=published + DUE)


def _post(one: LabelledPost, number: int) -> Post:
    moment: datetime = start_of_day(date.fromisoformat(one.published_on))
    return Post(
        id=f"weibo:bench:{number}",
        account_id="bench",
        published_at=moment,
        first_seen_at=moment + timedelta(days=1),
        text=one.text,
        kind="text",
        whole=not one.text.rstrip().endswith("全文"),
        precision="day",
    )


def _chunks(posts: Iterable[LabelledPost]) -> Iterator[list[LabelledPost]]:
    rest = iter(posts)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _resident() -> int | None:
    """Return the bytes of this process in memory; None where the system does not tell."""
    gc.collect()
    if not STATM.exists():
        return None
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


def _grown(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else max(0, after - before)


def _progress(done: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} posts", end="", file=sys.stderr, flush=True)


def report(run: Run, scored: Score | None = None, peers: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Return the run as it is printed; the score only where the posts have labels."""
    told: dict[str, Any] = {
        "posts": len(run.said),
        "articles": run.articles,
        "window_days": run.window_days,
        "microseconds_per_post": round(fmean(run.seconds or [0.0]) * 1e6, 1),
        "microseconds_per_post_median": round(median(run.seconds or [0.0]) * 1e6, 1),
        "seconds_to_index": round(run.seconds_to_index, 2),
        "articles_megabytes": _megabytes(run.bytes_of_articles),
        "index_megabytes": _megabytes(run.bytes_of_index),
        "memory_measured_by": "growth of resident memory while read, and while indexed",
        "peak_rss_megabytes": _megabytes(run.peak_bytes),
        "found": sum(name is not None for name in run.said),
    }
    if scored is not None:
        told |= {"f1": round(scored.f1, 4), "precision": round(scored.precision, 4), "recall": round(scored.recall, 4)}
        told["classes"] = {kind: round(share, 4) for kind, share in scored.shares.items()}
    return told | ({"peers": list(peers)} if peers else {})


def _megabytes(size: int | None) -> float | None:
    return None if size is None else round(size / MEGABYTE, 1)


def beside(run: Run, posts: Sequence[LabelledPost], peer: Verdicts) -> dict[str, Any]:
    """Return a peer's figures and ours on the very posts it was given."""
    if peer.missing:
        return {"name": peer.peer.name, "missing": peer.missing}
    asked = [posts[place] for place in peer.places]
    ours = fmean(run.seconds[place] for place in peer.places) * 1e6
    told: dict[str, Any] = {
        "name": peer.peer.name,
        "posts": len(asked),
        "seconds_to_index": round(peer.seconds_to_index, 2),
        "microseconds_per_post": round(peer.microseconds_per_post, 1),
        "our_microseconds_per_post": round(ours, 1),
        "times_ours": round(peer.microseconds_per_post / ours, 2),
    }
    if labelled(asked):
        told["f1"] = round(score(asked, peer.said).f1, 4)
        told["our_f1"] = round(score(asked, [run.said[place] for place in peer.places]).f1, 4)
    return told


def labelled(posts: Sequence[LabelledPost]) -> bool:
    """Whether the posts say what they carry: each names its class."""
    return bool(posts) and all(post.kind for post in posts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    parser = _parser()
    wishes = parser.parse_args(arguments)
    try:
        if wishes.make is not None:
            return _make(wishes)
        if not (wishes.articles and wishes.posts and wishes.predictions):
            parser.error("--articles, --posts and --predictions are wanted, or --make")
        return _measure(wishes)
    except (BadLine, OSError, EOFError, zlib.error) as error:
        print(f"reposts: {error}", file=sys.stderr)
        return MISUSED


def _measure(wishes: argparse.Namespace) -> int:
    wishes.predictions.touch()
    run = measure(read_articles(wishes.articles), read_posts(wishes.posts), wishes.window_days)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    write_lines(wishes.predictions, ({"article": name} for name in run.said))
    posts = list(read_posts(wishes.posts))
    peers = verdicts(list(read_articles(wishes.articles)), posts, wishes.window_days) if wishes.peers else ()
    compared = [beside(run, posts, peer) for peer in peers]
    print(json.dumps(report(run, score(posts, run.said) if labelled(posts) else None, compared), ensure_ascii=False, indent=1))
    return 0


def _make(wishes: argparse.Namespace) -> int:
    made = make(wishes.articles_count, wishes.posts_count, wishes.seed)
    wishes.make.mkdir(parents=True, exist_ok=True)
    for name, lines in (("articles", made.articles), ("posts", made.posts)):
        write_lines(wishes.make / f"{name}.jsonl.gz", (one.line() for one in lines))
    print(f"{wishes.make}: {len(made.articles):,} articles, {len(made.posts):,} posts, seed {wishes.seed}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    said, _, usage = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reposts", description=said, epilog=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=Path, metavar="FILE", help="the key articles")
    parser.add_argument("--posts", type=Path, metavar="FILE", help="the posts, with or without labels")
    parser.add_argument("--predictions", type=Path, metavar="OUT", help="where to write what was found")
    parser.add_argument("--window-days", type=days, metavar="N", help="days in which a post may carry an article; none: any")
    parser.add_argument("--peers", action="store_true", help='measure other methods beside it (pip install -e ".[bench]")')
    parser.add_argument("--make", type=Path, metavar="DIR", help="write a set of our own there")
    parser.add_argument("--articles-count", type=count, default=200, metavar="N", help="key articles of that set (%(default)s)")
    parser.add_argument("--posts-count", type=count, default=2_000, metavar="N", help="posts of that set (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, another set (%(default)s)")
    return parser


def days(text: str) -> float:
    """Return the days of a window; raises ArgumentTypeError for what is none."""
    number = float(text)
    if not 0 < number <= NO_WINDOW_DAYS:
        raise argparse.ArgumentTypeError(f"more than 0 and at most {NO_WINDOW_DAYS} days are wanted")
    return number


def count(text: str) -> int:
    """Return the size of a set; raises ArgumentTypeError for what is none."""
    number = int(text)
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError("1 to 1,000,000 are wanted")
    return number


if __name__ == "__main__":
    sys.exit(main())
