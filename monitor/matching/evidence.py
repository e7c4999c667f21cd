"""What a match rests on, by name; pure values. Strongest first: who reads a list of evidence reads the best word on top."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Evidence(StrEnum):
    """By what a post is known to carry an article, strongest first. `label` is what people read."""

    ORIGINAL = "original"
    CITATION = "citation"
    LINK = "link"
    PERSON = "person"
    TITLE = "title"
    DRESSED_TITLE = "dressed_title"
    TEXT = "text"
    EDITED_TITLE = "edited_title"
    TITLE_PART = "title_part"
    RESEMBLANCE = "resemblance"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Evidence.ORIGINAL: "原文本身",
    Evidence.CITATION: "平台原文编号一致",
    Evidence.LINK: "链接指向原文",
    Evidence.PERSON: "人工核定",
    Evidence.TITLE: "标题一致",
    Evidence.DRESSED_TITLE: "标题仅多栏目名、来源等前后缀",
    Evidence.TEXT: "正文一致或为其节选",
    Evidence.EDITED_TITLE: "标题略有改动",
    Evidence.TITLE_PART: "标题为原标题的一部分",
    Evidence.RESEMBLANCE: "疑似",
}


class Doubt(StrEnum):
    """Why a post that seems to carry an article is left to a person."""

    PICTURE = "picture"
    TITLE_ALONE = "title_alone"
    RECURRING = "recurring"
    OUT_OF_WINDOW = "out_of_window"
    SHORT_LINK = "short_link"
    ALIKE = "alike"
    OTHER_TEXT = "other_text"

    @property
    def label(self) -> str:
        return _DOUBTS[self]


_DOUBTS = {
    Doubt.PICTURE: "标题或话题相符，内容为图片或海报",
    Doubt.TITLE_ALONE: "标题近似，未取得正文可供比对",
    Doubt.RECURRING: "同名标题反复出现，且不在转载时间窗内",
    Doubt.OUT_OF_WINDOW: "内容相符，但不在转载时间窗内",
    Doubt.SHORT_LINK: "只有短链接，未能得知指向何处",
    Doubt.ALIKE: "正文部分相似，不足以认定",
    Doubt.OTHER_TEXT: "标题一致，正文不同",
}


@dataclass(frozen=True, slots=True)
class Match:
    """A post and an article that belong together, or nearly. `left` is what the post says in `field`, `right` what the article says.

    `standing`: the post carries the article; a person must look, and `doubt` says why; or it was weighed and refused, and `why` says
    in Chinese what spoke against it. `covered` is the share of the article's text found in the post, None where that was not compared.
    """

    article_id: str
    post_id: str
    by: Evidence
    field: str
    score: float
    left: str
    right: str
    standing: Literal["found", "candidate", "refused"] = "found"
    doubt: Doubt | None = None
    why: str = ""
    covered: float | None = None
