"""What people may set about matching and grading, with defaults; pure. Section `[matching]` of the settings is one `MatchingSettings`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class FormLimits(BaseModel):
    """When a repost is 转载不规范 (handbook 5.3). A reason whose limit is switched off is never given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    retitled: bool = Field(default=True, description="改标题: the title is neither the article's nor that with a known prefix or suffix")
    unsourced: bool = Field(default=True, description="无来源: neither issuer nor source medium is named in title, head, foot or card")
    source_reach: int = Field(default=200, ge=20, le=5_000, description="characters at head and foot in which a source is looked for")
    link_only: int = Field(default=40, ge=0, le=1_000, description="仅链接: fewer characters beside title and link; 0 never")
    cut_share: float = Field(default=0.6, ge=0, le=1, description="截断/摘要: less than this share of the article's text; 0 never")
    changed_share: float = Field(default=0.1, ge=0, le=1, description="内容改动: more of the sentences altered, or a figure; 1 never")
    picture: bool = Field(default=True, description="图片: a post that carries the article and has no text of its own")


class MatchingSettings(BaseModel):
    """How posts are matched with key articles.

    `prefixes`, `suffixes`: column and media names that may be added to a title, beside those of the data file. `others`: words that make
    another document of a title that holds an article's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_days: float = Field(default=14.0, gt=0, le=3_650, description="a text alone proves a repost only so long after the article")
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    form: FormLimits = FormLimits()
