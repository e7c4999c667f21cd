"""What other methods make of the same posts: a title look-up, rapidfuzz, scikit-learn's TF-IDF and datasketch's MinHash.

Each reads NFKC without blanks, respects the same window of days, and has one threshold that was chosen before it was run; the reason
stands beside it. They come with the extra `bench`; one that is not installed is said to be missing and left out.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.labelled import LabelledArticle, LabelledPost
from monitor.matching.text import bracket_title, first_line, normalise_title

HEAD = 200
"""Characters of a post's first line that may be a title."""
BATCH = 200
"""Posts that a peer gets at once: they are made for batches, so their time per post is that of a batch."""
TITLE_RATIO = 80.0
"""A column's name of eight characters around a title of twenty leaves 83; titles of two events on one topic share far less."""
BODY_RATIO = 80.0
"""Of an excerpt found whole 100 is left, of one with each tenth character another 90; two reports on one topic stay around 50."""
COSINE = 0.5
"""Half of the weighted n-grams in common: a text with header and footer keeps more, another text on the topic has much less."""
JACCARD = 0.5
"""Half of the shingles in common: a whole text with header and footer keeps that. The library's .9 would find bare copies only."""
PERMUTATIONS = 128
SHINGLE = 5
"""Characters, as for the other n-gram methods."""

Say = Callable[[Sequence[LabelledPost]], list[str | None]]


@dataclass(frozen=True, slots=True)
class Peer:
    """A method by its name. `most` is how many posts it gets at most: the slow ones are measured on fewer."""

    name: str
    needs: str
    most: int
    build: Callable[[Sequence[LabelledArticle], float | None], Say]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a peer said of the posts at these places, and its CPU time. `missing`: it could not run, and that is how to get it."""

    peer: Peer
    places: range = range(0)
    said: tuple[str | None, ...] = ()
    seconds_to_index: float = 0.0
    microseconds_per_post: float = 0.0
    missing: str = ""


def verdicts(
    articles: Sequence[LabelledArticle], posts: Sequence[LabelledPost], window_days: float | None, peers: Sequence[Peer] = ()
) -> Iterator[Verdicts]:
    """Yield what each peer (all of `PEERS`, unless some are named) says, each on posts from all over the set."""
    for peer in peers or PEERS:
        if peer.needs and find_spec(peer.needs) is None:
            yield Verdicts(peer, missing='not installed: pip install -e ".[bench]"')
        elif articles and posts:
            yield _run(peer, articles, posts, window_days)


def _run(peer: Peer, articles: Sequence[LabelledArticle], posts: Sequence[LabelledPost], window_days: float | None) -> Verdicts:
    begun = time.process_time()
    say = peer.build(articles, window_days)
    built = time.process_time()
    places = range(0, len(posts), -(-len(posts) // peer.most))
    said: list[str | None] = []
    for first in range(0, len(places), BATCH):
        said += say([posts[place] for place in places[first : first + BATCH]])
    spent = (time.process_time() - built) / len(places)
    return Verdicts(peer, places, tuple(said), built - begun, spent * 1e6)


class _Window:
    """Which articles a post of a day may carry: every one where there is no window."""

    def __init__(self, articles: Sequence[LabelledArticle], days: float | None) -> None:
        self._published = np.array([_ordinal(article.published_on) for article in articles])
        self._days = days

    def open(self, posts: Sequence[LabelledPost]) -> NDArray[np.bool_]:
        """Return a row for each post, a column for each article."""
        if self._days is None:
            return np.ones((len(posts), len(self._published)), dtype=np.bool_)
        lag = np.array([[_ordinal(post.published_on)] for post in posts]) - self._published[None, :]
        return np.asarray((lag >= 0) & (lag <= self._days))


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _whole(article: LabelledArticle) -> str:
    return _plain(article.title + article.text)


def _head(post: LabelledPost) -> str:
    return (bracket_title(post.text) or first_line(post.text))[:HEAD]


def _best(articles: Sequence[LabelledArticle], scores: NDArray[Any], least: float) -> list[str | None]:
    """Return for each row the article of the highest score that reaches `least`."""
    columns = scores.argmax(axis=1)
    return [articles[column].id if row[column] >= least else None for row, column in zip(scores, columns, strict=True)]


def _exact_title(articles: Sequence[LabelledArticle], days: float | None) -> Say:
    """Look the normalised title up, as this project did before it read bodies."""
    places: dict[str, list[int]] = {}
    for place, article in enumerate(articles):
        places.setdefault(normalise_title(article.title), []).append(place)
    window = _Window(articles, days)

    def say(posts: Sequence[LabelledPost]) -> list[str | None]:
        return [_first(articles, places.get(normalise_title(_head(post)), []), window.open([post])[0]) for post in posts]

    return say


def _first(articles: Sequence[LabelledArticle], places: Sequence[int], open_: NDArray[np.bool_]) -> str | None:
    return next((articles[place].id for place in places if open_[place]), None)


def _fuzzy_title(articles: Sequence[LabelledArticle], days: float | None) -> Say:
    from rapidfuzz import fuzz, process

    titles, window = [_plain(article.title) for article in articles], _Window(articles, days)

    def say(posts: Sequence[LabelledPost]) -> list[str | None]:
        scores = process.cdist([_plain(_head(post)) for post in posts], titles, scorer=fuzz.ratio, score_cutoff=TITLE_RATIO)
        return _best(articles, scores * window.open(posts), TITLE_RATIO)

    return say


def _fuzzy_body(articles: Sequence[LabelledArticle], days: float | None) -> Say:
    from rapidfuzz import fuzz, process

    texts, window = [_whole(article) for article in articles], _Window(articles, days)

    def say(posts: Sequence[LabelledPost]) -> list[str | None]:
        scores = process.cdist([_plain(post.text) for post in posts], texts, scorer=fuzz.partial_ratio, score_cutoff=BODY_RATIO)
        return _best(articles, scores * window.open(posts), BODY_RATIO)

    return say


def _tfidf(articles: Sequence[LabelledArticle], days: float | None) -> Say:
    from sklearn.feature_extraction.text import TfidfVectorizer

    reader = TfidfVectorizer(analyzer="char", ngram_range=(3, 5), lowercase=False)
    known = reader.fit_transform([_whole(article) for article in articles]).T.tocsr()
    window = _Window(articles, days)

    def say(posts: Sequence[LabelledPost]) -> list[str | None]:
        scores = (reader.transform([_plain(post.text) for post in posts]) @ known).toarray()
        return _best(articles, scores * window.open(posts), COSINE)

    return say


def _minhash(articles: Sequence[LabelledArticle], days: float | None) -> Say:
    from datasketch import MinHash, MinHashLSH

    def sketch(text: str) -> Any:
        made = MinHash(num_perm=PERMUTATIONS)
        made.update_batch({text[at : at + SHINGLE].encode("utf-8") for at in range(max(1, len(text) - SHINGLE + 1))})
        return made

    lsh, window = MinHashLSH(threshold=JACCARD, num_perm=PERMUTATIONS), _Window(articles, days)
    known = [sketch(_whole(one)) for one in articles]
    for place, made in enumerate(known):
        lsh.insert(place, made)

    def nearest(post: LabelledPost) -> str | None:
        made, open_ = sketch(_plain(post.text)), window.open([post])[0]
        scores = {place: made.jaccard(known[place]) for place in lsh.query(made) if open_[place]}
        best = max(scores, key=lambda place: (scores[place], -place), default=-1)
        return articles[best].id if best >= 0 and scores[best] >= JACCARD else None

    return lambda posts: [nearest(post) for post in posts]


PEERS = (
    Peer("exact title", "", 2_000, _exact_title),
    Peer("rapidfuzz, titles", "rapidfuzz", 2_000, _fuzzy_title),
    Peer("rapidfuzz, bodies", "rapidfuzz", 100, _fuzzy_body),
    Peer("scikit-learn TF-IDF", "sklearn", 2_000, _tfidf),
    Peer("datasketch MinHash LSH", "datasketch", 2_000, _minhash),
)
