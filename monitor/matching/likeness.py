"""How alike two titles are, and by which words they differ: a synonym, another place, another person, another figure. Pure.

Alike titles may tell of one thing, or in the same words of another one: news and notices are worded by habit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from monitor.matching.text import normalise_words

EDITED = 0.75
"""Likeness from which a title of twelve characters or more is the same but for a word or two: one synonym in twenty costs .15."""
SIMILAR = 0.65
"""Likeness from which a person should see the pair: a title put in another order, with another word for the same."""
SHORTENED, SHORTENED_SHARE = 0.85, 0.45
"""Of a title's pairs of characters that stand in the article's, and of the article's in it, where it is that one made shorter."""
STATEMENT = 12
"""Characters of a title, or a clause of it, that is a statement of its own: 省委书记出席开工典礼并宣布动工 has fifteen."""
LENGTH_LIMIT = 500
"""Characters of a title that is compared by its words."""

_FORMAL = re.compile(
    r"关于.+的(?:通知|通告|公告|公示|意见|方案|决定|决议|批复|函|报告|请示|规定|办法|建议|命令|令|倡议|倡议书)$|印发|预警|响应"
)
"""A document's name is not reworded: with another word in it, it is another document."""
_ACTING = re.compile("到|赴|在|来|前往|深入|率|带队|会见|会谈|调研|检查|督导|督查|视察|考察|出席|参加|主持|走访|慰问|看望|宣讲|接待")
"""Before one of these stands who does it: with another name there, it is another's doing."""
_ACTOR = 5
"""Characters of a name with a short office (副市长沈嘉)."""
_DEICTIC = frozenset("我全本该")
"""我市 is the city by whose account it is said."""
_LEVELS = frozenset("国省市县区州旗镇乡村")
_RELATING = frozenset("到赴在于至来往对向与和同及将把") | {"前往", "来到", "深入", "走进"}
"""Exchanged for one another, they name no other place, though one stands behind them."""
_FIRST = {"首": "1", "20": "20"}
"""首次 is 第1次; 20 is no year."""
_SPEAKER = re.compile(r"\s*(\w{2,8})[：:]")
_PLACE = re.compile("[省市县区镇乡村州旗盟街路庄岛港湖河江山岭屯寨国]")
_NAME = 2
"""Characters behind an exchanged one that may still belong to the same name: 樾 of 樾洲县."""
_NUMBERS = re.compile(r"\d+|[首末]")


def are_similar(one: str, other: str) -> bool:
    """Whether a person should see the pair: much of both is the same, or one is the other made shorter."""
    if max(len(one), len(other)) > LENGTH_LIMIT:
        return False
    if likeness(one, other) >= SIMILAR:
        return True
    mine, yours = pairs(one), pairs(other)
    both = len(mine & yours)
    return both >= SHORTENED * len(yours) and both >= SHORTENED_SHARE * len(mine)


def may_be_one(one: str, other: str) -> bool:
    """Whether one of them has all figures of the other: titles are shortened, but no figure becomes another."""
    mine, yours = ({_FIRST.get(number, number.removeprefix("20")) for number in _NUMBERS.findall(text)} for text in (one, other))
    return mine <= yours or yours <= mine


def is_other_speaker(one: str, other: str) -> bool:
    """Whether both titles, as they stand, begin with who says it, and these are two."""
    mine, yours = _SPEAKER.match(one), _SPEAKER.match(other)
    return mine is not None and yours is not None and normalise_words(mine[1]) != normalise_words(yours[1])


def is_same(one: str, other: str) -> bool:
    """Whether similar titles differ in a word or two only, none of which may be another person, place, figure or document."""
    if len(one) < STATEMENT or likeness(one, other) < EDITED or _NUMBERS.findall(one) != _NUMBERS.findall(other):
        return False
    changes = exchanges(one, other)
    return not any(change.is_place or change.is_actor for change in changes) and not (changes and _FORMAL.search(one))


def likeness(one: str, other: str) -> float:
    """Return the share of pairs of neighbouring characters that both have, seen from both sides."""
    mine, yours = pairs(one), pairs(other)
    return 2 * len(mine & yours) / (len(mine) + len(yours))


@dataclass(frozen=True, slots=True)
class Exchange:
    """Words of a title for which the other has different ones: `at` in the first, and what follows in both."""

    at: int
    mine: str
    yours: str
    mine_on: str
    yours_on: str

    @property
    def is_figure(self) -> bool:
        return self.mine.isdigit() and self.yours.isdigit() and self.mine.removeprefix("20") != self.yours.removeprefix("20")

    @property
    def is_place(self) -> bool:
        """Whether a place is among them on either side: two counties' news are worded alike."""
        return not self._is_same_place and bool(_PLACE.search(self._mine_long) or _PLACE.search(self._yours_long))

    @property
    def is_place_for_place(self) -> bool:
        return not self._is_same_place and bool(_PLACE.search(self._mine_long) and _PLACE.search(self._yours_long))

    @property
    def is_actor(self) -> bool:
        """Whether another may be the one who acts: other words at the head, or before what officials do."""
        if self._is_same_place or set(self.mine) & set(self.yours) or max(len(self.mine), len(self.yours)) > _ACTOR:
            return False
        return self.at == 0 or bool(_ACTING.match(self.mine_on) and _ACTING.match(self.yours_on))

    @property
    def _is_same_place(self) -> bool:
        """Whether the one says 我市 and the other its name, or both say 到 and 赴."""
        deictic = self.mine in _DEICTIC or self.yours in _DEICTIC
        same_level = self.mine_on[:1] == self.yours_on[:1] and self.mine_on[:1] in _LEVELS
        return (deictic and same_level) or (self.mine in _RELATING and self.yours in _RELATING)

    @property
    def _mine_long(self) -> str:
        return self.mine + self.mine_on[:_NAME]

    @property
    def _yours_long(self) -> str:
        return self.yours + self.yours_on[:_NAME]


def exchanges(one: str, other: str) -> list[Exchange]:
    """Return where one title has other words than the other; what only one of them has at all is none."""
    steps = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return [Exchange(a, one[a:b], other[c:d], one[b:], other[d:]) for step, a, b, c, d in steps if step == "replace"]


def pairs(text: str) -> set[str]:
    """Return the pairs of neighbouring characters; of a single character, that."""
    return {text[at : at + 2] for at in range(max(len(text) - 1, 1))}
