"""Makes labelled posts out of made articles, in every shape the repost benchmark knows. Pure, seeded: one seed, one set.

Who carries an article posts it within ten days of it; who carries none posts when such a post would come, so dates alone decide little.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import accumulate
from random import Random

from opencc import OpenCC

from benchmarks import phrases
from benchmarks.labelled import LabelledArticle, LabelledPost
from benchmarks.made_articles import Written, chatter, written

SPARE = 3
"""Articles that are no key articles, for each that is: what the posts without a key article are made of."""
DELAYS = (0, 0, 0, 1, 1, 2, 3, 5, 7, 10)
"""Days from an article to its repost: half within a day or two, the last within ten (handbook 5.4)."""
CUT = 140
"""Characters after which a Weibo post is folded."""
DISTURBED = 0.045
"""Share of the characters that a heavy hand disturbs."""
EXCERPT = 60
"""Characters an excerpt has at least: less is a quotation."""

SHARES = (
    *(("exact", 3.5), ("retitled", 3.5), ("boilerplate", 3.5), ("noise", 3.5), ("traditional", 3.5)),
    *(("title_link", 3.5), ("title_edit_link", 3.5), ("title_clause", 3.5)),
    *(("first_para", 3.5), ("trunc140", 3.5), ("mid_excerpt", 3.5), ("light_edit", 3.5), ("heavy_edit", 3.5)),
    *(("n_random", 26.0), ("n_short", 12.0), ("n_topic", 6.5), ("n_same_title", 2.0), ("n_template", 4.5), ("n_title_year", 3.5)),
)
"""Posts of each class, in hundredths of all; far more that carry an article than a real day has, so that each class is of some size."""

_SENTENCE = re.compile(r"[^。！？\n]+[。！？]?\n?")
_DIGITS = re.compile(r"\d+")
_YEAR = re.compile(r"20\d\d")
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_MARKS = str.maketrans(*phrases.MARKS)


@dataclass(frozen=True, slots=True)
class Made:
    """A set: the key articles, and posts that carry one or none."""

    articles: tuple[LabelledArticle, ...]
    posts: tuple[LabelledPost, ...]


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a maker of posts draws from: the key articles, the others, and those of either that share title or topic."""

    random: Random
    keys: tuple[Written, ...]
    spare: tuple[Written, ...]
    namesakes: tuple[Written, ...]
    figured: tuple[Written, ...]

    def other(self, key: Written) -> Written:
        """Return another article on the key article's topic."""
        kin = [one for one in self.spare if one.topic == key.topic]
        return self.random.choice(kin or self.spare)


def make(articles: int = 200, posts: int = 2_000, seed: int = 1) -> Made:
    """Return a set of so many articles and posts, in an order that says nothing."""
    random = Random(seed)
    drawn = written(articles * (1 + SPARE), random.randrange(2**32))
    random.shuffle(drawn)
    desk = _desk(random, tuple(drawn[:articles]), tuple(drawn[articles:]))
    kinds, bounds = [kind for kind, _ in SHARES], list(accumulate(share for _, share in SHARES))
    chosen = (kinds[bisect(bounds, random.random() * bounds[-1])] for _ in range(posts))
    return Made(tuple(one.article for one in desk.keys), tuple(_post(desk, kind) for kind in chosen))


def _desk(random: Random, keys: tuple[Written, ...], spare: tuple[Written, ...]) -> _Desk:
    titles = {one.article.title for one in keys}
    namesakes = tuple(one for one in spare if one.recurring and one.article.title in titles)
    figured = tuple(one for one in keys if len(_DIGITS.findall(one.article.text)) >= 4)
    return _Desk(random, keys, spare, namesakes or spare, figured or keys)


def _post(desk: _Desk, kind: str) -> LabelledPost:
    if kind in _NONE:
        return _NONE[kind](desk)
    key = desk.random.choice(desk.keys)
    return _on(key, _SHAPES[kind](desk.random, key.article), desk.random.choice(DELAYS), kind, key.article.id)


def _on(basis: Written, text: str, delay: int, kind: str, truth: str | None = None) -> LabelledPost:
    return LabelledPost(text, (basis.day + timedelta(days=delay)).isoformat(), truth, kind)


# What carries an article: the text of a post, from the article alone.


def _exact(random: Random, article: LabelledArticle) -> str:
    return random.choice((article.text, _headed(random, article.title, article.text)))


def _retitled(random: Random, article: LabelledArticle) -> str:
    return _headed(random, _dressed(random, _reworded(article.title)), article.text)


def _boilerplate(random: Random, article: LabelledArticle) -> str:
    return "\n".join((random.choice(phrases.HEADERS), article.title, article.text, random.choice(phrases.FOOTERS)))


def _noise(random: Random, article: LabelledArticle) -> str:
    """Return title and text with invisible characters, stray blanks, faces at the ends of lines and full-width digits."""
    kept = []
    for character in _headed(random, article.title, article.text).translate(_WIDE):
        if character == "\n" and random.random() < 0.5:
            kept.append(random.choice(phrases.FACES))
        kept.append(character)
        if random.random() < 0.05:
            kept.append(random.choice("\u200b\u200d\ufeff 　"))
    return "".join(kept)


def _traditional(random: Random, article: LabelledArticle) -> str:
    return str(_converter().convert(_headed(random, article.title, article.text)))


@cache
def _converter() -> OpenCC:
    return OpenCC("s2t")


def _title_link(random: Random, article: LabelledArticle) -> str:
    return f"【{article.title}】{_link(random)}"


def _title_edit_link(random: Random, article: LabelledArticle) -> str:
    return f"{_dressed(random, _reworded(article.title))} {_link(random)}"


def _title_clause(random: Random, article: LabelledArticle) -> str:
    clause = max(article.title.split(), key=len)
    return f"{random.choice(phrases.TAGS)} {random.choice(phrases.PREFIXES)}{clause} {_link(random)}"


def _first_para(random: Random, article: LabelledArticle) -> str:
    paragraphs = article.text.splitlines()
    lead = paragraphs[0] if len(paragraphs[0]) >= EXCERPT else "".join(paragraphs[:2])
    return f"{random.choice(phrases.PREFIXES)}{lead}…全文 {_link(random)}"


def _trunc140(random: Random, article: LabelledArticle) -> str:
    return f"{random.choice(phrases.TAGS)}{_headed(random, article.title, article.text)}"[:CUT] + "...全文"


def _mid_excerpt(random: Random, article: LabelledArticle) -> str:
    """Return sentences in a row from anywhere, none of the title."""
    sentences = _sentences(article.text)
    first = random.randrange(len(sentences))
    excerpt = ""
    for sentence in (*sentences[first:], *reversed(sentences[:first])):
        excerpt += sentence
        if len(excerpt) >= EXCERPT * random.uniform(1, 2):
            break
    return f"{random.choice(phrases.FACES)}{excerpt.strip()} {_link(random)}"


def _light_edit(random: Random, article: LabelledArticle) -> str:
    return _headed(random, _reworded(article.title), _reworded(article.text).translate(_MARKS))


def _heavy_edit(random: Random, article: LabelledArticle) -> str:
    """Return the text with a quarter of its sentences cut, the rest in another order, and one character in twenty disturbed."""
    sentences = _sentences(_reworded(article.text))
    kept = random.sample(sentences, max(1, round(len(sentences) * 0.75)))
    return _headed(random, _reworded(article.title), _disturbed(random, "".join(kept)))


def _disturbed(random: Random, text: str) -> str:
    """Return the text with characters dropped, doubled or put in from elsewhere."""
    return "".join(_slip(random, character, text) if random.random() < DISTURBED else character for character in text)


def _slip(random: Random, character: str, text: str) -> str:
    return random.choice(("", character * 2, character + random.choice(text), random.choice(text)))


_SHAPES: dict[str, Callable[[Random, LabelledArticle], str]] = {
    "exact": _exact,
    "retitled": _retitled,
    "boilerplate": _boilerplate,
    "noise": _noise,
    "traditional": _traditional,
    "title_link": _title_link,
    "title_edit_link": _title_edit_link,
    "title_clause": _title_clause,
    "first_para": _first_para,
    "trunc140": _trunc140,
    "mid_excerpt": _mid_excerpt,
    "light_edit": _light_edit,
    "heavy_edit": _heavy_edit,
}

# What carries none.


def _n_random(desk: _Desk) -> LabelledPost:
    return _as_any(desk, desk.random.choice(desk.spare), "n_random")


def _n_short(desk: _Desk) -> LabelledPost:
    day = desk.random.choice(desk.keys)
    return _on(day, chatter(desk.random, day.day), desk.random.choice(DELAYS), "n_short")


def _n_topic(desk: _Desk) -> LabelledPost:
    """Return another article on a key article's topic, posted when that one would be."""
    key = desk.random.choice(desk.keys)
    return _on(key, _as_any(desk, desk.other(key), "n_topic").text, desk.random.choice(DELAYS), "n_topic")


def _n_same_title(desk: _Desk) -> LabelledPost:
    """Return the bulletin of a week that is none of the key articles, on its own day."""
    other = desk.random.choice(desk.namesakes)
    return _on(other, _headed(desk.random, other.article.title, other.article.text), desk.random.choice(DELAYS), "n_same_title")


def _n_template(desk: _Desk) -> LabelledPost:
    """Return a key article with every number another one, from the weeks after it."""
    key = desk.random.choice(desk.figured)
    text = _headed(desk.random, key.article.title, key.article.text)
    return _on(key, _DIGITS.sub(lambda number: _another(desk.random, number[0]), text), desk.random.randint(5, 30), "n_template")


def _n_title_year(desk: _Desk) -> LabelledPost:
    """Return a key article's title with another year, over a link or another article's text."""
    key, other = desk.random.choice(desk.keys), desk.random.choice(desk.spare)
    year = str(key.day.year + desk.random.choice((-2, -1, 1)))
    title = _YEAR.sub(year, key.article.title) if _YEAR.search(key.article.title) else f"{year}年{key.article.title}"
    text = desk.random.choice((f"【{title}】{_link(desk.random)}", f"【{title}】{other.article.text}"))
    return _on(key, text, desk.random.randint(0, 30), "n_title_year")


_NONE: dict[str, Callable[[_Desk], LabelledPost]] = {
    "n_random": _n_random,
    "n_short": _n_short,
    "n_topic": _n_topic,
    "n_same_title": _n_same_title,
    "n_template": _n_template,
    "n_title_year": _n_title_year,
}


def _as_any(desk: _Desk, other: Written, kind: str) -> LabelledPost:
    """Return an article that is no key article in a shape that shows more than a title: a bulletin's title alone would tell nothing."""
    shapes = [shape for name, shape in _SHAPES.items() if not (other.recurring and name.startswith("title_"))]
    return _on(other, desk.random.choice(shapes)(desk.random, other.article), desk.random.choice(DELAYS), kind)


def _headed(random: Random, title: str, text: str) -> str:
    return random.choice((f"【{title}】{text}", f"{title}\n{text}"))


def _dressed(random: Random, title: str) -> str:
    """Return the title with a prefix, a suffix or both."""
    before, after = random.choice(((True, False), (False, True), (True, True)))
    return f"{random.choice(phrases.PREFIXES) if before else ''}{title}{random.choice(phrases.SUFFIXES) if after else ''}"


def _reworded(text: str) -> str:
    for word, other in phrases.SYNONYMS:
        text = text.replace(word, other)
    return text


def _sentences(text: str) -> list[str]:
    return _SENTENCE.findall(text)


def _another(random: Random, number: str) -> str:
    """Return another number of as many digits."""
    low, high = (1, 9) if len(number) == 1 else (10 ** (len(number) - 1), 10 ** len(number) - 1)
    drawn = random.randint(low, high - 1)
    return str(drawn + (str(drawn) >= number))


def _link(random: Random) -> str:
    return "http://t.cn/A6" + "".join(random.choices("abcdefghkmnpqrstuvwxyzABCDEFGHKMNPQRSTUVWXYZ23456789", k=6))
