"""No recording is left out: which test module reads which of them, file by file. Skipped where the recordings are not at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from recordings import RECORDINGS, needs_recordings

TESTS = Path(__file__).parent
RECORDED = RECORDINGS
pytestmark = needs_recordings

READ_BY: Mapping[str, str] = {
    "douyin/*.json": "test_douyin_recorded",
    "toutiao/*.json": "test_toutiao_recorded",
    "wechat/account_pages/*": "test_wechat_about",
    "wechat/article_pages*/*.html": "test_wechat_pages_recorded",
    "wechat/crossposts/exact_title_groups_official.jsonl": "test_crossposts",
    "wechat/crossposts/prefix_variant_pairs_official.jsonl": "test_crossposts",
    "wechat/errors/*.json": "test_recorded_bodies",
    "wechat/feeds/bridge_json/*.json": "test_feed_recorded",
    "wechat/feeds/recorded_wechat_scholar/*.xml": "test_recorded_bodies",
    "wechat/feeds/recorded_wechat_scholar/*.tar.gz": "test_feed_recorded",
    "wechat/feeds/recorded_wechat_scholar/channels.json": "test_recorded_bodies",
    "wechat/feeds/synthetic/*": "test_recorded_bodies",
    "wechat/mp_backend/*": "test_wechat_lists",
    "wechat/official_api/SYNTHETIC_*token_response.json": "test_wechat_tokens",
    "wechat/official_api/*datacube*.json": "test_wechat_datacube",
    "wechat/official_api/error_47009_old_datacube_offline.json": "test_wechat_datacube",
    "wechat/official_api/event_*.xml": "test_wechat_pages_recorded",
    "wechat/official_api/freepublish_batchget*.json": "test_recorded_bodies",
    "wechat/official_api/freepublish_[!b]*.json": "test_wechat_datacube",
    "wechat/profile_ext/*": "test_wechat_lists",
    "weibo/app_api/*.json": "test_weibo_recorded",
    "weibo/errors/*.json": "test_weibo_recorded",
    "weibo/m_weibo_cn/*.json": "test_weibo_recorded",
    "weibo/open_api/*.json": "test_weibo_recorded",
    "weibo/rss/*": "test_feed_recorded",
    "weibo/web_ajax/*.json": "test_weibo_recorded",
}
"""Which module holds what each file is expected to be read as."""
NO_BODIES = {"README.md", "MANIFEST.md"}


def files(pattern: str) -> set[str]:
    return {str(path.relative_to(RECORDED)) for path in RECORDED.glob(pattern) if path.is_file() and path.name not in NO_BODIES}


def test_every_recording_is_read_by_a_module() -> None:
    covered = set[str]().union(*(files(pattern) for pattern in READ_BY))

    assert files("**/*") - covered == set()


@pytest.mark.parametrize("pattern", READ_BY)
def test_every_line_stands_for_recordings_there_are(pattern: str) -> None:
    assert files(pattern)


@pytest.mark.parametrize(("pattern", "module"), READ_BY.items(), ids=READ_BY)
def test_the_module_reads_each_of_them_by_its_name_or_the_folder_whole(pattern: str, module: str) -> None:
    text = (TESTS / f"{module}.py").read_text("utf-8")
    folder, _, names = pattern.rpartition("/")

    assert folder.rpartition("/")[2] in text
    assert f"{folder}/{names}" in text or [name for name in sorted(files(pattern)) if not is_named(Path(name), text)] == []


def is_named(path: Path, text: str) -> bool:
    """Whether the text names the file, be it without its endings: a table may hold them once for all."""
    return path.name.partition(".")[0] in text
