"""What other people recorded of Weibo, file by file, with what our readers make of it. Skipped where the recordings are not at hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from channels import asked
from recordings import RECORDINGS, needs_recordings

from adapters.reading.page import Asked
from adapters.reading.weibo_ajax import read_ajax
from adapters.reading.weibo_cards import read_cards, read_page, read_whole_text
from adapters.reading.weibo_statuses import read_statuses
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import Post, Snapshot

RECORDED = RECORDINGS / "weibo"
pytestmark = needs_recordings
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def ask() -> Asked:
    return replace(asked("weibo.openapi", now=NOW), channel="weibo.list")


def body(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


class Expected(NamedTuple):
    """How many posts a list shows of the account, which one is the newest, which are pinned, which are cut, from when it covers."""

    uid: str
    name: str
    posts: int
    newest: str
    pinned: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    covers_from: str = ""


LISTS = {
    "bison_6279793937_list_poll1.json": Expected(
        "6279793937",
        "明日方舟Arknights",
        10,
        "4649031014551911",
        ("4645748019299849",),
        ("4645748019299849", "4649031014551911", "4647212359090479", "4646569834450357", "4646502071534367", "4646192191903210"),
        "2021-06-09T07:00:03+00:00",
    ),
    "bison_6279793937_list_poll2.json": Expected(
        "6279793937",
        "明日方舟Arknights",
        11,
        "4649106427873349",
        ("4645748019299849",),
        ("4645748019299849", "4649031014551911", "4647212359090479", "4646569834450357", "4646502071534367", "4646192191903210"),
        "2021-06-09T07:00:03+00:00",
    ),
    # Days are told without hours: the page reaches back to the end of its oldest day only.
    "gott_1669879400_list_mmdd_2019.json": Expected(
        "1669879400", "Dear-迪丽热巴", 10, "4383183661430868", covers_from="2026-06-01T16:00:00+00:00"
    ),
    "koa2_5529945701_list_relative_times_2019.json": Expected(
        "5529945701",
        "绝地求生刺激战场游戏攻略",
        11,
        "4394384827138748",
        ("4387933362623405",),
        ("4393264377139656",),
        "2026-07-07T16:00:00+00:00",
    ),
    "list_retweet_of_deleted_2019.redacted.json": Expected(
        "9000000001", "", 1, "4367574618304478", covers_from="2026-05-02T16:00:00+00:00"
    ),
    "cirplan_1223178222_retweet_edit_region_2022.json": Expected(
        "1223178222", "胡歌", 1, "4804608494665869", covers_from="2022-08-20T10:29:52+00:00"
    ),
}


def mid(post: Post) -> str:
    return post.id.rsplit(":", 1)[1]


@pytest.mark.parametrize(("name", "expected"), LISTS.items(), ids=LISTS)
def test_a_list_of_cards_seen_signed_in(name: str, expected: Expected) -> None:
    snapshot, folded = read_page(body(f"m_weibo_cn/{name}"), ask(), expected.uid, signed_in=True)

    assert (len(snapshot.posts), mid(snapshot.posts[0]), snapshot.skipped) == (expected.posts, expected.newest, {})
    assert tuple(mid(post) for post in snapshot.posts if post.pinned) == expected.pinned
    assert {mark.partition("/")[0] for mark in folded.values()} == set(expected.folded)
    assert snapshot.covers_from == datetime.fromisoformat(expected.covers_from) and snapshot.partial == ""
    assert snapshot.profile["id"] == expected.uid and (snapshot.profile["name"] == expected.name or not expected.name)
    assert not any(word in post.text[-4:] for post in snapshot.posts for word in ("全文", "展开", "\u200b"))


@pytest.mark.parametrize(("name", "expected"), LISTS.items(), ids=LISTS)
def test_a_list_of_cards_seen_by_nobody_knows_whom_covers_nothing(name: str, expected: Expected) -> None:
    snapshot = read_cards(body(f"m_weibo_cn/{name}"), ask(), expected.uid)

    assert len(snapshot.posts) == expected.posts and snapshot.partial and snapshot.covers_from is None


CITATIONS = {
    ("bison_6279793937_list_poll2.json", "4648806186747944"): ("6279793937", "4645748019299849"),
    ("gott_1669879400_list_mmdd_2019.json", "4383180406740606"): ("9000000001", "4383031864995274"),
    ("koa2_5529945701_list_relative_times_2019.json", "4387933362623405"): ("6362811275", "4387930325701338"),
    ("list_retweet_of_deleted_2019.redacted.json", "4367574618304478"): ("", "4367289639894573"),
    ("cirplan_1223178222_retweet_edit_region_2022.json", "4804608494665869"): ("3116716801", "4804268794315521"),
}


@pytest.mark.parametrize(("where", "original"), CITATIONS.items(), ids=[mid for _, mid in CITATIONS])
def test_a_retweet_cites_its_original(where: tuple[str, str], original: tuple[str, str]) -> None:
    name, number = where
    snapshot = read_cards(body(f"m_weibo_cn/{name}"), ask(), LISTS[name].uid)

    retweets = [post for post in snapshot.posts if post.kind == "repost"]
    assert [mid(post) for post in retweets] == [number]
    assert retweets[0].citation is not None
    assert (retweets[0].citation.account, retweets[0].citation.post_id) == original


def test_a_link_behind_a_redirect_page_is_cited_and_a_birthday_page_is_not() -> None:
    video = {mid(post): post for post in read_cards(body("m_weibo_cn/bison_6279793937_list_poll1.json"), ask(), "6279793937").posts}
    birthday = {mid(post): post for post in read_cards(body("m_weibo_cn/gott_1669879400_list_mmdd_2019.json"), ask(), "1669879400").posts}

    cited = video["4647211990255467"].citation
    assert cited is not None and cited.url == "https://share.b23.tv/av758611233"
    assert birthday["4378893399854472"].citation is None
    assert video["4645748019299849"].title == "2021明日方舟音律联觉专场演出官方录播预告PV"


PROFILES = {"bison_6279793937_profile.json": ("6279793937", "1553"), "gott_1669879400_userinfo_2019.json": ("1669879400", "1008")}


@pytest.mark.parametrize(("name", "account"), PROFILES.items(), ids=PROFILES)
def test_a_profile_tells_of_the_account_and_shows_no_posts(name: str, account: tuple[str, str]) -> None:
    with pytest.raises(Degraded, match="profile") as caught:
        read_cards(body(f"m_weibo_cn/{name}"), ask(), account[0])

    assert caught.value.snapshot is not None and caught.value.snapshot.posts == ()
    assert (caught.value.snapshot.profile["id"], caught.value.snapshot.profile["posts"]) == account


WHOLE_TEXTS = {
    "m_weibo_cn/bison_statuses_extend_4645748019299849.json": ("#明日方舟#", "<br />"),
    "m_weibo_cn/bison_statuses_extend_4649031014551911.json": ("#明日方舟#", "</a>"),
    "web_ajax/longtext_2026.redacted.json": ("某某", "\n"),
}


@pytest.mark.parametrize(("name", "holds"), WHOLE_TEXTS.items(), ids=WHOLE_TEXTS)
def test_a_whole_text_is_read(name: str, holds: tuple[str, str]) -> None:
    markup = read_whole_text(body(name))

    assert all(each in markup for each in holds)


SINGLE = {
    "m_weibo_cn/gott_statuses_show_retweet_2019.redacted.json": ("4383411844046171", "4383404751066167", ""),
    "web_ajax/post_article_card_url_struct_2025.redacted.json": (
        "5141556386336514",
        "",
        "https://weibo.com/ttarticle/p/show?id=2309405141556389609508",
    ),
    "web_ajax/post_retweet_of_deleted_2019.redacted.json": ("4417861625776206", "4417843292323593", ""),
}


@pytest.mark.parametrize(("name", "expected"), SINGLE.items(), ids=SINGLE)
@pytest.mark.parametrize("read", [read_cards, read_ajax], ids=["cards", "ajax"])
def test_a_single_post_is_kept_and_covers_nothing(read: object, name: str, expected: tuple[str, str, str]) -> None:
    reader = read_cards if read is read_cards else read_ajax
    with pytest.raises(Degraded, match="one post") as caught:
        reader(body(name), ask(), "9000000001")

    assert caught.value.snapshot is not None
    (post,) = caught.value.snapshot.posts
    assert post.citation is not None
    assert (mid(post), post.citation.post_id) == expected[:2] and post.citation.url.startswith(expected[2])
    assert not post.pinned and not post.private


def test_an_article_card_gives_its_own_title_and_the_links_beside_it() -> None:
    with pytest.raises(Degraded) as caught:
        read_ajax(body("web_ajax/post_article_card_url_struct_2025.redacted.json"), ask(), "9000000001")

    assert caught.value.snapshot is not None
    (post,) = caught.value.snapshot.posts
    assert post.title == "07" and post.citation is not None and post.citation.title == "07"
    assert "https://weibo.com/9000000002/5141239977217903" in post.text and "vote.weibo" not in post.text


def test_the_card_on_a_retweet_of_an_article_is_the_originals() -> None:
    snapshot = read_ajax(body("web_ajax/post_retweet_of_article_card_2021.redacted.json"), ask(), "9000000001", signed_in=True)

    (post,) = snapshot.posts
    assert (post.kind, post.title) == ("repost", "") and post.citation is not None
    assert (post.citation.account, post.citation.post_id) == ("9000000002", "4607667449893429")
    assert post.citation.title.startswith("欧盟17国联手砸下1.2万亿")
    assert snapshot.covers_from == post.published_at


# The one who kept these trimmed the posts to a few fields and cut their authors: whose they are cannot be told any more.
NOBODYS = ("mymblog_2026_page1_trimmed.json", "mymblog_2026_page2_trimmed_longtext.redacted.json", "searchProfile_2026_page1_trimmed.json")


@pytest.mark.parametrize("name", NOBODYS)
def test_posts_without_authors_are_nobodys(name: str) -> None:
    with pytest.raises(ParseError, match="no_author"):
        read_ajax(body(f"web_ajax/{name}"), ask(), "9000000001", signed_in=True)


def test_the_end_of_a_search_is_no_silence() -> None:
    with pytest.raises(Degraded):
        read_ajax(body("web_ajax/searchProfile_2026_end_of_range.json"), ask(), "9000000001", signed_in=True)


APP: dict[str, tuple[str, ...]] = {
    "1113218211": ("3885107444271687",),
    "1314608344": ("3886044107301168", "3883663500115857", "3883650107731248", "3883513914938724"),
    "1618051664": ("3883661856727095", "3883649344496507", "3883508428444973"),
    "1642720480": ("3885105392982124",),
    "1644489953": ("3885107674515791", "3883665832114832", "3883657015839766"),
    "1893801487": ("3883663475299819",),
    "2093492691": ("3883664893383186", "3883482495136430", "3883479907215858", "3883461628956558", "3883450886960860"),
    "2410626252": ("3886038475141468", "3885105074097319"),
}
APP_LINKS = {
    "3883661856727095": "http://news.sina.com.cn/s/qw/2015-09-05/doc-ifxhqhui4815551.shtml",
    "3883508428444973": "http://news.sina.com.cn/o/2015-09-04/doc-ifxhqhun8367990.shtml",
    "3885107674515791": "http://ndapp.oeeee.com/app.php?m=News&a=show&id=44965&ndfrom=",
    "3883663500115857": "http://news.xinhuanet.com/local/2015-09/05/c_128196846.htm",
    "3885105074097319": "http://www.acfun.tv/v/ac2180187",
}


@pytest.mark.parametrize(("uid", "mids"), APP.items(), ids=APP)
def test_the_apps_timeline_gives_each_account_its_posts_and_the_pages_they_point_at(uid: str, mids: tuple[str, ...]) -> None:
    snapshot = read_statuses(body("app_api/yykit_2015_media_and_police_subset.json"), ask(), uid, partial="others' posts among them")

    assert tuple(mid(post) for post in snapshot.posts) == mids
    assert snapshot.skipped == {"foreign": 20 - len(mids)} and snapshot.covers_from is None
    for post in snapshot.posts:
        if mid(post) in APP_LINKS:
            assert post.citation is not None and post.citation.url == APP_LINKS[mid(post)]


def test_a_police_accounts_retweet_cites_the_post_and_not_the_link_under_it() -> None:
    (post,) = read_statuses(body("app_api/yykit_2015_media_and_police_subset.json"), ask(), "1113218211").posts

    assert (post.kind, post.text) == ("repost", "唉") and post.citation is not None
    assert (post.citation.account, post.citation.post_id) == ("2328516855", "3885105061639833")
    assert post.citation.title == "男子连扇交警耳光：“从小到大都是我打人”"


TIMELINES: dict[str, dict[str, int]] = {
    "home_timeline_2018_5cf35be": {"9000000003": 4},
    "public_timeline_2012": {"1916577653": 1},
    "statuses_2011": {"1650111241": 1},
    "repost_timeline_including_deleted_2011": {"9000000014": 3, "9000000019": 1},
}


@pytest.mark.parametrize("name", TIMELINES)
def test_a_timeline_of_the_open_platform_gives_one_accounts_posts(name: str) -> None:
    for uid, posts in TIMELINES[name].items():
        snapshot = read_statuses(body(f"open_api/{name}.redacted.json"), ask(), uid)

        assert len(snapshot.posts) == posts and snapshot.skipped["foreign"] > 0
        assert all(len(mid(post)) == 16 and post.url.startswith(f"https://weibo.com/{uid}/") for post in snapshot.posts)


def test_what_is_no_list_of_posts_is_refused() -> None:
    for name in ("timeline_ids", "oauth2_access_token_response_placeholder"):
        with pytest.raises(ParseError):
            read_statuses(body(f"open_api/{name}.json"), ask(), "9000000001")


ERRORS: dict[str, type[LookError]] = {
    "openapi_10006_missing_appkey_doc_sample": AuthError,
    "openapi_10023_user_rate": RateLimited,
    "openapi_10023_user_rate_short": RateLimited,
    "openapi_20502_doc_sample": AuthError,
    "openapi_21325_invalid_grant": AuthError,
    "openapi_21327_expired_token": AuthError,
    "openapi_21332_invalid_access_token": AuthError,
    "m_getindex_ok0_no_content": Degraded,
    "m_getindex_okminus100_captcha": RateLimited,
    "m_ok0_100001_server_lost": TransportFault,
    "m_ok0_100005_too_frequent": RateLimited,
    "web_ajax_okminus100_login": AuthError,
    "web_ajax_show_ok0_20112_no_permission": Degraded,
}


@pytest.mark.parametrize(("name", "kind"), ERRORS.items(), ids=ERRORS)
def test_a_recorded_refusal_has_its_class(name: str, kind: type[LookError]) -> None:
    read = read_statuses if name.startswith("openapi") else read_ajax if name.startswith("web") else read_cards

    with pytest.raises(LookError) as caught:
        read(body(f"errors/{name}.json"), ask(), "6100000001")

    assert type(caught.value) is kind


def test_no_recorded_body_is_left_out() -> None:
    read = {
        *(f"m_weibo_cn/{name}" for name in (*LISTS, *PROFILES)),
        *WHOLE_TEXTS,
        *SINGLE,
        *(f"web_ajax/{name}" for name in NOBODYS),
        "web_ajax/post_retweet_of_article_card_2021.redacted.json",
        "web_ajax/searchProfile_2026_end_of_range.json",
        "app_api/yykit_2015_media_and_police_subset.json",
        *(f"open_api/{name}.redacted.json" for name in TIMELINES),
        "open_api/timeline_ids.json",
        "open_api/oauth2_access_token_response_placeholder.json",
        *(f"errors/{name}.json" for name in ERRORS),
    }

    assert {str(path.relative_to(RECORDED)) for path in RECORDED.glob("*/*.json")} == read


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*/*.json")) if RECORDED.is_dir() else [], ids=lambda path: path.stem)
def test_no_recorded_body_reads_as_silence(path: Path) -> None:
    for read in (read_cards, read_ajax, read_statuses):
        try:
            found: Snapshot = read(path.read_bytes(), ask(), "9000000001")
        except LookError:
            continue
        assert found.posts
