"""Which key articles does this post carry, by which evidence, and what was weighed and refused: the chain from reference to resemblance.

Strongest first: the platform's own reference to the original; its address among the post's links; its title; its title with a known
prefix or suffix; its text, whole or in part; a clause of its title. What only resembles is left to a person, with the doubt named. A text
proves a repost only within the window after the article; a reference proves it whenever it was made. Pure; knows nothing of accounts
beyond the audience.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from monitor.matching.bodies import BodyIndex, Overlap, Words
from monitor.matching.evidence import Evidence, Match
from monitor.matching.hints import Hint, Hints
from monitor.matching.numerals import has_range, in_digits
from monitor.matching.reading import BODY_MINIMUM, TITLE_MINIMUM, Offer, Reading, latest_moment, read
from monitor.matching.references import Clue, clues_of, keys_of_article, own_keys
from monitor.matching.reposts import original, repost
from monitor.matching.text import fold, normalise_title
from monitor.matching.titles import Compared, Relation, Titles
from monitor.matching.verdicts import SLACK, TITLE_SHOWN
from monitor.matching.weighing import BodyVerdict, Decision, Sighting, weigh
from monitor.matching.wishes import MatchingSettings
from monitor.model import Account, Article, Post, Repost, local_date

MATCHER_VERSION = 2
"""Raised when the same post and article would be decided otherwise: what is stored is then matched again."""

EARLY = timedelta(hours=1)
"""A post so much older than the article's stated publication may still carry it: clerks round times, platforms cut seconds."""
FRESH = timedelta(days=14)
"""Within so long of the article even a part of its title, or that with a word exchanged, means it; a window that is set longer changes
nothing about that, since news are worded alike from month to month."""
LEFT_LIMIT = 300
"""Characters of the matched field that are kept as evidence."""
SUMMARY_LIMIT = 130
"""Folded characters that a summary has at most: WeChat takes 120."""
OWN_TEXT = 100
"""Folded characters of a text that tells of its own: what an editor says of an article in place of it has hardly so many on Weibo."""
TITLE_SHARE = 0.6
"""Of an article's title that must stand in a post for its title to speak: of one with a word or two exchanged, more does."""
TITLE_SEEN = 0.45
"""Of an article's title, in runs that stand in the post, to compare the titles: one that was shortened or put in order anew has less."""
TITLE_SCORE, DRESSED_SCORE, CANDIDATE_SCORE = 1.0, 0.95, 0.5

_RANKS = {evidence: rank for rank, evidence in enumerate(Evidence)}
_EQUAL = (Relation.EQUAL, Relation.DRESSED)
_EQUAL_TITLE = Compared(Relation.EQUAL, "", 1.0)
_NO_TITLE = Compared(Relation.DIFFERENT, "", 0.0)
_BY_CLOSENESS = (
    *(Relation.EQUAL, Relation.DRESSED, Relation.OTHER_DOCUMENT),
    *(Relation.INSIDE, Relation.PART, Relation.EDITED, Relation.SIMILAR, Relation.DIFFERENT),
)
_CLOSENESS = {relation: place for place, relation in enumerate(_BY_CLOSENESS)}
_REFERENCES = (Evidence.CITATION, Evidence.LINK)
_STANDINGS = ("found", "candidate", "refused")
DEFAULT_WISHES = MatchingSettings()
RIVALLED = "同样的文字更符合另一篇重点稿件"
TITLE_TAKES = 0.4
"""Of the post, by a title in a line of its own: it rivals only what takes up nearly all of the post."""
RIVALS = 1.2
"""Shares of the post that two articles may take up together if both are carried: a round-up has two halves, a twin has it all twice."""


@dataclass(frozen=True, slots=True)
class _Weighed:
    number: int
    match: Match
    compared: Compared
    overlap: Overlap | None = None
    line: str = ""

    @property
    def of_post(self) -> float:
        """How much of the post this article takes up: all of it where a title alone was compared, none where a reference was enough."""
        if self.match.by in _REFERENCES:
            return 0.0
        return self.overlap.of_post if self.overlap else 1.0

    @property
    def strength(self) -> float:
        title = 1.0 if self.compared.relation in _EQUAL else self.compared.share / 2
        return title + (self.overlap.of_post + self.overlap.of_article if self.overlap else 0.0)


class ArticleIndex:
    """The key articles, ready to be looked for. Making it takes about a millisecond an article: do it once, off the event loop."""

    def __init__(self, articles: Iterable[Article], wishes: MatchingSettings = DEFAULT_WISHES) -> None:
        self.articles = tuple(articles)
        self.wishes = wishes
        self._by_id = {article.id: article for article in self.articles}
        self._window = timedelta(days=wishes.window_days)
        self._titles = Titles.of(wishes)
        self._references: dict[str, list[tuple[int, str]]] = {}
        self._cores: dict[str, list[int]] = {}
        for number, article in enumerate(self.articles):
            for key, text in keys_of_article(article):
                self._references.setdefault(key, []).append((number, text))
            for core in self._titles.cores(article.title):
                if len(core) >= TITLE_MINIMUM:
                    self._cores.setdefault(core, []).append(number)
        self._heads: dict[str, list[str]] = {}
        for core in self._cores:
            self._heads.setdefault(core[:TITLE_MINIMUM], []).append(core)
        self._bare = [normalise_title(article.title) for article in self.articles]
        self._texts = [len(fold(article.text[: 4 * BODY_MINIMUM])) >= BODY_MINIMUM for article in self.articles]
        self._documents = [self._document(number) for number in range(len(self.articles))]
        self._recurring = [
            len({self._documents[each] for each in self._cores.get(bare, ())}) > 1 or self._titles.recurring(article.title)
            for bare, article in zip(self._bare, self.articles, strict=True)
        ]
        self._hints = Hints(self.articles, self._bare, self._texts, self._cores)
        self._bodies = BodyIndex([(article.title, article.text) for article in self.articles])

    def find(self, post: Post, account: Account) -> tuple[Match, ...]:
        """Return what the post carries and what it may carry, one match per article, what is found before what is doubtful.

        Nothing for a post that the public cannot see, that is older than the article, whose account is not in the article's audience,
        or that is itself the original.

        1. By reference: the platform's own, then links.
        2. By title and text, for the articles that a title or rare runs of the text lead to.
        3. Of articles that the same words lead to, the likeliest is kept: by its text, else the one published last before the post.
        4. By a title that stands among other words, or a link that leads nowhere known, for a person to look at.
        """
        return tuple(match for match in self._matches(post, account) if match.standing != "refused")

    def weigh(self, post: Post, account: Account, article_id: str) -> tuple[Match, ...]:
        """Return what there is to say of the post and this one article: the match, or that it was refused and what spoke against it."""
        told = tuple(match for match in self._matches(post, account) if match.article_id == article_id)
        number = next((each for each, article in enumerate(self.articles) if article.id == article_id), None)
        if told or number is None or not post.visible or not self._may_carry(post, account, number):
            return told
        # Nothing led to the article: its title is compared all the same.
        weighed = self._weigh(read(post), number, None)
        return (weighed.match,) if weighed is not None and weighed.match.standing == "refused" else ()

    def _matches(self, post: Post, account: Account) -> list[Match]:
        if not post.visible or not self.articles:
            return []
        sure = self._by_reference(post, account)
        reading = read(post)
        weighed = [each for each in self._by_words(reading, account) if each.match.article_id not in sure]
        kept = self._settled([_Weighed(number, match, _NO_TITLE) for number, match in sure.values()], weighed, post)
        # One that lost to a likelier one may still be named in so many words.
        told = {each.match.article_id for each in kept if each.match.why != RIVALLED}
        live = partial(self._is_live, post, account)
        more = [self._candidate(post, hint) for hint in self._hints.of(reading, live) if self.articles[hint.number].id not in told]
        hinted = {match.article_id for match in more}
        return sorted([*(each.match for each in kept if each.match.article_id not in hinted), *more], key=_order)

    def originals(self, post: Post, account: Account) -> tuple[str, ...]:
        """Return the ids of the articles this account owes whose original is this very post: it has published them already."""
        if not post.visible or not self._references:
            return ()
        numbers = {number for key in own_keys(post) for number, _ in self._references.get(key, ())}
        return tuple(self.articles[n].id for n in sorted(numbers) if self.articles[n].audience.includes(account))

    def reposts(self, post: Post, account: Account) -> list[Repost]:
        """Return what the post carries or seems to carry, graded, as it is kept. The original itself stands as its own repost, on time."""
        found = [repost(match, self._by_id[match.article_id], post, self.wishes, account) for match in self.find(post, account)]
        return [*found, *(original(self._by_id[each], post) for each in self.originals(post, account))]

    # -- by reference -------------------------------------------------------------------------------------------------------

    def _by_reference(self, post: Post, account: Account) -> dict[str, tuple[int, Match]]:
        found: dict[str, tuple[int, Match]] = {}
        if not self._references:
            return found
        for clue in clues_of(post):
            for number, right in self._references.get(clue.key, ()):
                article = self.articles[number]
                if article.id not in found and self._may_carry(post, account, number):
                    found[article.id] = number, _pointed(article, post, clue, right)
        return found

    def _may_carry(self, post: Post, account: Account, number: int) -> bool:
        article = self.articles[number]
        in_time = latest_moment(post) >= article.published_at - EARLY
        return in_time and article.audience.includes(account) and not self._is_original(post, number)

    def _in_window(self, post: Post, number: int) -> bool:
        article = self.articles[number]
        return post.published_at <= max(article.published_at + self._window, article.due_at)

    def _is_original(self, post: Post, number: int) -> bool:
        return any(number == each for key in own_keys(post) for each, _ in self._references.get(key, ()))

    # -- by title and text --------------------------------------------------------------------------------------------------

    def _by_words(self, reading: Reading, account: Account) -> Iterator[_Weighed]:
        overlaps = {overlap.number: overlap for overlap in self._bodies.overlaps(reading.words)}
        speaking = {number for number, overlap in overlaps.items() if _speaks(overlap)}
        for offer in reading.offers:
            if reading.says_little_beside(offer):
                # Then the title alone leads to the article: what stands below it does not.
                speaking |= {overlap.number for overlap in self._bodies.overlaps(Words(offer.text)) if _speaks(overlap)}
        for number in sorted(speaking | self._titled(reading.offers)):
            if self._may_carry(reading.post, account, number):
                weighed = self._weigh(reading, number, overlaps.get(number))
                if weighed is not None:
                    yield weighed

    def _titled(self, offers: Iterable[Offer]) -> set[int]:
        """Return the articles whose title, or what remains of it without known prefixes and suffixes, is a line of the post."""
        return {number for offer in offers for key in self._keys(offer) for number in self._cores.get(key, ())}

    def _keys(self, offer: Offer) -> tuple[str, ...]:
        """Return the forms under which a line is looked up; taking it apart is costly, and done where some title stands in it."""
        if offer.bare in self._cores or offer.running:
            return (offer.bare,)
        return self._titles.cores(offer.text) if has_range(offer.text) or self._stands_in(in_digits(offer.bare)) else ()

    def _stands_in(self, line: str) -> bool:
        heads = self._heads.keys() & {line[at : at + TITLE_MINIMUM] for at in range(len(line) - TITLE_MINIMUM + 1)}
        return any(core in line for head in heads for core in self._heads[head])

    def _weigh(self, reading: Reading, number: int, overlap: Overlap | None) -> _Weighed | None:
        article, post = self.articles[number], reading.post
        compared, offer = self._compared(number, reading.offers)
        body = self._body(reading, number, compared, offer, overlap)
        is_other = overlap is None or overlap.verdict == "other"
        may_be_apart = reading.may_be_summary or (offer is not None and reading.is_card(offer))
        seen = Sighting(
            relation=compared.relation,
            body=body,
            rest=compared.rest[:LEFT_LIMIT],
            clash=compared.clash if compared.share >= TITLE_SHARE else "",
            picture=reading.is_picture,
            in_window=self._in_window(post, number),
            fresh=post.published_at <= max(article.published_at + min(FRESH, self._window), article.due_at),
            recurring=self._recurring[number] or compared.only_lacks_which,
            whole=post.whole and reading.size >= OWN_TEXT,
            short=reading.size < BODY_MINIMUM,
            summary=body is None and is_other and self._texts[number] and may_be_apart and reading.size > BODY_MINIMUM,
        )
        decision = weigh(seen)
        if decision is None:
            return None
        match = _decided(article, post, decision, compared, offer, overlap if body else None)
        return _Weighed(number, match, compared, overlap if body else None, offer.text if offer else "")

    def _compared(self, number: int, offers: Sequence[Offer]) -> tuple[Compared, Offer | None]:
        article = self.articles[number]
        equal = next((offer for offer in offers if offer.bare == self._bare[number]), None)
        if equal is not None:
            return _EQUAL_TITLE, equal
        pairs = [(_heard(self._titles.compare(article.title, offer.text), offer), offer) for offer in offers]
        return min(pairs, key=lambda pair: (_CLOSENESS[pair[0].relation], -pair[0].share), default=(_NO_TITLE, None))

    def _body(self, reading: Reading, number: int, compared: Compared, offer: Offer | None, overlap: Overlap | None) -> BodyVerdict | None:
        """Return what the texts say to one another; None where one of them has too little beside its title to speak.

        What a list shows below a title may be an editor's summary, which need not stand in the article: only a text that is whole,
        or longer than a summary, speaks against it.
        """
        is_title = offer is not None and compared.relation not in (Relation.SIMILAR, Relation.DIFFERENT)
        beside = reading.size - (len(offer.bare) if is_title and offer is not None else 0)
        if not self._texts[number]:
            return None
        verdict = overlap.verdict if overlap is not None else "other"
        if beside < BODY_MINIMUM:
            # Of so few words the engine says "part" where they are the article's opening sentence or one whole clause of its title; also
            # where they are its title but for a word: that is for the titles to judge.
            reworded = overlap is not None and overlap.of_title >= TITLE_SHOWN and beside <= len(self._bare[number]) + SLACK
            return "part" if verdict == "part" and not is_title and not reworded else None
        is_comment = offer is not None and is_title and reading.is_card(offer)
        return None if verdict == "other" and (is_comment or (reading.may_be_summary and beside < SUMMARY_LIMIT)) else verdict

    def _document(self, number: int) -> int:
        """Return what two articles share that are one document: asked for twice, by two offices or with two deadlines."""
        article = self.articles[number]
        text = fold(article.text) if self._texts[number] else local_date(article.published_at).isoformat()
        return hash((self._bare[number] or article.id, text))

    def _settled(self, sure: Sequence[_Weighed], weighed: Iterable[_Weighed], post: Post) -> list[_Weighed]:
        """Return all, with the rivals of likelier ones refused: articles that the very same words would stand for."""

        def likelihood(each: _Weighed) -> tuple[int, float, timedelta]:
            distance = abs(latest_moment(post) - self.articles[each.number].published_at)
            return _STANDINGS.index(each.match.standing), -round(each.strength, 1), distance

        kept = list(sure)
        for each in sorted(weighed, key=likelihood):
            lost = any(self._are_rivals(each, other) for other in kept if other.match.standing == "found")
            kept.append(_lost(each) if lost else each)
        return kept

    def _are_rivals(self, one: _Weighed, other: _Weighed) -> bool:
        if self._documents[one.number] == self._documents[other.number]:
            return False
        if self._bare[one.number] == self._bare[other.number]:
            return True
        in_its_own_line = one.overlap is None and one.line != other.line
        return (TITLE_TAKES if in_its_own_line else one.of_post) + other.of_post > RIVALS

    # -- for a person -------------------------------------------------------------------------------------------------------

    def _is_live(self, post: Post, account: Account, number: int) -> bool:
        return self._in_window(post, number) and self._may_carry(post, account, number)

    def _candidate(self, post: Post, hint: Hint) -> Match:
        article = self.articles[hint.number]
        left, right = hint.text[:LEFT_LIMIT], article.title[:LEFT_LIMIT]
        return Match(article.id, post.id, Evidence.RESEMBLANCE, "text", CANDIDATE_SCORE, left, right, "candidate", hint.doubt)


def _heard(compared: Compared, offer: Offer) -> Compared:
    """Take from a sentence of running text what it says for a title, not what it says against it."""
    against = compared.clash or (compared.relation is Relation.OTHER_DOCUMENT and compared.share < 1)
    return _NO_TITLE if offer.running and against else compared


def _speaks(overlap: Overlap) -> bool:
    """Whether the overlap is worth a look at the titles."""
    return overlap.verdict != "other" or overlap.of_title >= TITLE_SEEN


def _lost(each: _Weighed) -> _Weighed:
    match = replace(each.match, standing="refused", by=Evidence.RESEMBLANCE, score=CANDIDATE_SCORE, doubt=None, why=RIVALLED)
    return replace(each, match=match) if each.match.standing != "refused" else each


def _order(match: Match) -> tuple[int, int, float]:
    return _STANDINGS.index(match.standing), _RANKS[match.by], -match.score


def _pointed(article: Article, post: Post, clue: Clue, right: str) -> Match:
    return Match(article.id, post.id, clue.by, clue.field, 1.0, clue.text[:LEFT_LIMIT], right[:LEFT_LIMIT])


def _decided(
    article: Article, post: Post, decision: Decision, compared: Compared, offer: Offer | None, overlap: Overlap | None
) -> Match:
    by_text = decision.by is Evidence.TEXT or offer is None or compared.relation is Relation.DIFFERENT
    return Match(
        article_id=article.id,
        post_id=post.id,
        by=decision.by,
        field="text" if by_text or offer is None else offer.field,
        score=_score(decision, compared, overlap),
        left=(post.text or post.title if by_text or offer is None else offer.text)[:LEFT_LIMIT],
        right=(article.text if by_text else article.title)[:LEFT_LIMIT],
        standing=decision.standing,
        doubt=decision.doubt,
        why=decision.why,
        covered=overlap.of_article if overlap else None,
    )


def _score(decision: Decision, compared: Compared, overlap: Overlap | None) -> float:
    if decision.by is Evidence.TITLE:
        return TITLE_SCORE
    if decision.by is Evidence.DRESSED_TITLE:
        return DRESSED_SCORE
    if decision.by in (Evidence.TITLE_PART, Evidence.EDITED_TITLE):
        return round(compared.share, 3)
    if decision.by is Evidence.TEXT and overlap is not None:
        return round(max(overlap.of_post, overlap.of_article), 3)
    return CANDIDATE_SCORE
