"""Makes key articles from our phrases: distinct reports, and bulletins that come back week by week under one title. Pure, seeded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from benchmarks import phrases
from benchmarks.labelled import LabelledArticle
from benchmarks.phrases import BULLETINS, EVENTS, Topic

FIRST_DAY = date(2026, 1, 5)
DAYS = 180
"""The articles of a set fall into half a year, so a bulletin's weeks lie both within and beyond any window."""
BULLETIN_SHARE = 0.08
"""Of all articles: about what a city's key articles hold of meetings, receptions and weekly figures."""
SENTENCES = (5, 9)
"""Middle sentences of a report; with lead and tail that makes 250 to 600 characters."""

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Written:
    """An article, with what a maker of posts needs to know of it. `topic` numbers the grammar that it was written by."""

    article: LabelledArticle
    topic: int
    recurring: bool

    @property
    def day(self) -> date:
        return date.fromisoformat(self.article.published_on)


class Writer:
    """Fills the slots of one article: names and the figures of the title once, others and clauses afresh.

    `at_home`: city, people and guests are those of one city, whose bulletins so come to share their titles.
    """

    def __init__(self, random: Random, day: date, at_home: bool = False) -> None:
        self._random = random
        self._day = day
        self._names = _names(random) | (_home(random) if at_home else {})

    def fill(self, text: str) -> str:
        """Return the text with every `{slot}` filled."""
        return _SLOT.sub(lambda slot: self._word(slot[1]), text)

    def _word(self, slot: str) -> str:
        draw = self._random
        match slot:
            case "measure" | "effect" | "voice":
                return draw.choice({"measure": phrases.MEASURES, "effect": phrases.EFFECTS, "voice": phrases.VOICES}[slot])
            case "small":
                return str(draw.randint(2, 9))
            case "week":
                return str(draw.randint(3, 7))
            case "n":
                return str(draw.randint(11, 98))
            case "hour":
                return str(draw.randint(8, 22))
            case "big":
                return str(draw.randint(103, 9_870))
            case "pct" | "money":
                return f"{draw.uniform(1, 90 if slot == 'pct' else 20):.1f}"
            case "year" | "month" | "day":
                return str(getattr(self._day, slot))
        return self._names[slot]


def written(count: int, seed: int) -> list[Written]:
    """Return so many articles in the order of their days; no two have one text, and only bulletins share titles."""
    random = Random(seed)
    made: list[Written] = []
    titles: set[str] = set()
    while len(made) < count:
        recurring = random.random() < BULLETIN_SHARE
        one = _write(random, FIRST_DAY + timedelta(days=random.randrange(DAYS)), recurring, len(made))
        if recurring or one.article.title not in titles:
            titles.add(one.article.title)
            made.append(one)
    return sorted(made, key=lambda one: one.day)


def chatter(random: Random, day: date) -> str:
    """Return a short post about nothing in particular."""
    return Writer(random, day).fill(random.choice(phrases.CHATTER))


def _write(random: Random, day: date, recurring: bool, number: int) -> Written:
    topics = BULLETINS if recurring else EVENTS
    place = random.randrange(len(topics))
    topic = topics[place]
    writer = Writer(random, day, at_home=recurring)
    title, text = writer.fill(random.choice(topic.titles)), writer.fill(_body(random, topic))
    return Written(LabelledArticle(f"m{number:05d}", title, text, day.isoformat()), place + len(EVENTS) * recurring, recurring)


def _body(random: Random, topic: Topic) -> str:
    """Return lead, middle and tail as paragraphs of one to three sentences, slots still open. A bulletin has one order, week by week."""
    paragraphs = [random.choice(topic.leads)]
    count = min(random.randint(*SENTENCES), len(topic.sentences))
    rest = list(topic.sentences) if topic.recurring else [*random.sample(topic.sentences, count), random.choice(phrases.TAILS)]
    while rest:
        size = random.randint(1, 3)
        paragraphs.append("".join(rest[:size]))
        rest = rest[size:]
    return "\n".join(paragraphs)


def _names(random: Random) -> dict[str, str]:
    places = iter(random.sample([first + last for first in phrases.SYLLABLES[0] for last in phrases.SYLLABLES[1]], 3))
    return {
        "city": next(places) + "市",
        "place": next(places) + random.choice(("县", "区", "新区")),
        "town": next(places) + random.choice(("镇", "乡", "街道")),
        "organ": random.choice(phrases.ORGANS),
        "project": random.choice(phrases.PROJECTS),
        "person": random.choice(phrases.PEOPLE) + random.choice(phrases.SURNAMES) + random.choice(phrases.GIVEN),
        "host": random.choice(phrases.HOSTS),
        "ware": random.choice(phrases.WARES),
        "fixed": str(random.randint(11, 98)),
        "few": str(random.randint(2, 9)),
        "total": str(random.randint(103, 9_870)),
        "sum": f"{random.uniform(1, 20):.1f}",
    }


def _home(random: Random) -> dict[str, str]:
    return {"city": phrases.HOME, "person": random.choice(phrases.HOME_PEOPLE), "host": random.choice(phrases.HOSTS[:3])}
