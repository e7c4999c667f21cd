"""Whose account an address is: every form of the platforms' pages, and nothing of what was pasted beside it."""

from __future__ import annotations

import csv
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import RECORDINGS, needs_recordings

from monitor.identity import Ask, Identity, Missing, agrees, fills, identify
from monitor.matching.ids import account_key, account_kind, bid_to_mid, biz_to_bizuin, bizuin_to_biz, mid_to_bid
from monitor.model import Channel, Platform

FORMS = json.loads((Path(__file__).parent / "fixtures" / "identity" / "forms.json").read_text("utf-8"))
ROSTER = Path(__file__).resolve().parents[2] / "shared" / "domain" / "ground_truth" / "luan_2018q3_websites.csv"
SEC_UID = "MS4wLjABAAAAdemoDEMOdemoDEMOdemoDEMOdemoDEMOdemo_001-ab"
OTHER_SEC_UID = "MS4wLjABAAAAotherOTHERotherOTHERotherOTHERother_002-cd"
TOKEN = "MS4wLjABAAAAtokenTOKENtokenTOKENtokenTOKENtoken_003.ef"


def known(text: str, platform: Platform | None = None) -> Identity:
    found = identify(text, platform)
    assert isinstance(found, Identity), found
    return found


def missing(text: str, platform: Platform | None = None) -> Missing:
    found = identify(text, platform)
    assert isinstance(found, Missing), found
    return found


@pytest.mark.parametrize("form", [pytest.param(form, id=f"{form['platform']}-{form['why']}") for form in FORMS["accounts"]])
def test_an_address_names_its_account(form: dict[str, Any]) -> None:
    found = known(form["text"], Platform(form["hint"]) if "hint" in form else None)

    assert (found.platform.value, found.handle, found.certainty) == (form["platform"], form["handle"], form.get("certainty", "certain"))
    assert bool(found.note) == (found.certainty == "likely")
    assert found.raw == form["text"]


@pytest.mark.parametrize("form", [pytest.param(form, id=form["why"]) for form in FORMS["missing"]])
def test_an_address_without_an_account_says_what_is_missing_and_how_to_get_it(form: dict[str, Any]) -> None:
    found = missing(form["text"], Platform(form["hint"]) if "hint" in form else None)

    assert (found.platform.value if found.platform else None) == form["platform"]
    assert form["says"] in found.what
    assert found.how
    assert found.ask == (Ask(*form["ask"]) if "ask" in form else None)


def test_the_canonical_address_of_an_account_names_it_again() -> None:
    for form in FORMS["accounts"]:
        found = known(form["text"], Platform(form["hint"]) if "hint" in form else None)

        assert known(found.address).key == found.key


LUAN = ["6100068350", "ahljaj", "5110803966", "5408275784", "5862279490", "3744383325", "6102877858"]


@pytest.mark.skipif(not ROSTER.exists() and not os.environ.get("CI"), reason="the ground-truth tables are not beside this checkout")
def test_the_roster_of_2018_is_identified_but_for_its_one_custom_domain() -> None:
    with ROSTER.open(encoding="utf-8", newline="") as file:
        found = [identify(row["weibo_url"], Platform.WEIBO) for row in csv.DictReader(file)]

    told = [each.handle if isinstance(each, Identity) else each.ask and each.ask.value for each in found]
    assert told == LUAN
    assert [isinstance(each, Identity) for each in found] == [True, False, *[True] * 5]


# -- what is never shown ----------------------------------------------------------------------------------------------------

MARK = "S3CRETmark"
BESIDE = [
    "?did={m}&iid={m}&sec_did={m}&u_code={m}&msToken={m}&a_bogus={m}&sessionid={m}",
    "?sessionid={m}#{m}",
    ";jsessionid={m}",
    "&msToken={m}",
    "%3Fsessionid%3D{m}",
    "#sessionid={m}",
]
PAGES = [
    "https://weibo.com/u/6100000001", "https://weibo.com/qingxifabu", "https://weibo.com/detail/4900000000000001",
    "https://mp.weixin.qq.com/cgi-bin/home", "https://mp.weixin.qq.com/mp/profile_ext", f"https://www.douyin.com/user/{SEC_UID}",
    "https://www.iesdouyin.com/share/user/", "https://v.douyin.com/iXyZ12/", "https://www.douyin.com/video/7300000000000000001",
    f"https://www.toutiao.com/c/user/token/{TOKEN}/", "https://m.toutiao.com/is/iAbCd/", "https://www.toutiao.com/article/7300000000000000001/",
    "https://unknown.example.invalid/", f"https://user:{MARK}@weibo.com/u/6100000001", "snssdk1128://user/profile/12345678901",
]  # fmt: skip


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("page", PAGES)
def test_a_secret_pasted_beside_an_address_never_comes_back(page: str, beside: str) -> None:
    found = identify(page + beside.format(m=MARK))

    shown = [repr(found), str(found), *(getattr(found, name, "") or "" for name in ("address", "shown", "handle", "note", "ask"))]
    assert not any(MARK in str(each) for each in shown)


def test_letters_of_an_id_keep_their_case_and_those_of_a_host_do_not_matter() -> None:
    assert known(f"HTTPS://WWW.DouYin.COM/user/{SEC_UID}").handle == SEC_UID
    assert known("http://WeiBo.com/U/6100000001").handle == "6100000001"


def test_an_address_ends_at_white_space() -> None:
    row = "http://weibo.com/u/6100000001?s=6cm7D0\t示例教育局发布 5110000002"

    assert known(row).handle == "6100000001"


def test_a_host_that_only_looks_like_a_platforms_names_nobody() -> None:
    for url in ("https://weibo.com@evil.example.invalid/u/6100000001", "https://weibo.com.evil.example.invalid/u/6100000001",
                "https://notweibo.com/u/6100000001", "weibo.com.evil.example.invalid/u/6100000001"):  # fmt: skip
        assert missing(url).platform is None


def test_two_accounts_in_one_text_are_nobody_and_one_account_twice_is_one() -> None:
    two = "https://weibo.com/u/6100000001 https://weibo.com/u/6100000002"
    twice = "https://weibo.com/u/6100000001，https://m.weibo.cn/u/6100000001"

    assert "几个不同账号" in missing(two).what
    assert known(twice).handle == "6100000001"
    assert "几个不同账号" in missing(two.replace(" ", ",")).what


def test_of_two_platforms_in_one_text_the_expected_one_counts() -> None:
    text = f"https://weibo.com/u/6100000001 https://www.douyin.com/user/{SEC_UID}"

    assert known(text, Platform.DOUYIN).handle == SEC_UID
    assert isinstance(identify(text), Missing)


def test_two_sec_uids_in_one_address_are_nobody() -> None:
    assert "两个不同" in missing(f"https://www.iesdouyin.com/share/user/{SEC_UID}?sec_uid={OTHER_SEC_UID}").what


def test_an_account_of_another_platform_is_returned_as_what_it_is() -> None:
    assert known("https://weibo.com/u/6100000001", Platform.DOUYIN).platform is Platform.WEIBO


@given(st.text(max_size=300), st.sampled_from([None, *Platform]))
def test_any_text_has_an_answer(text: str, platform: Platform | None) -> None:
    assert isinstance(identify(text, platform), (Identity, Missing))


PIECES = ["https://", "weibo.com", "m.weibo.cn", "/u/", "/p/100505", "6100000001", "mp.weixin.qq.com/s", "?__biz=", "MzI5MDAwMDAwMQ==",
          "www.douyin.com/user/", SEC_UID, "v.douyin.com/", "?url=", "%", "&amp;", "[", "]", ":99999", "@", "\\/", "\x00", "　",
          "\ud800"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_pieces_of_addresses_have_an_answer(text: str) -> None:
    found = identify(text)

    assert isinstance(found, Missing) or found.handle


def seconds(text: str) -> float:
    begun = time.process_time()
    identify(text)
    return time.process_time() - begun


@pytest.mark.parametrize("piece", ["a.", "weibo.com", "http://weibo.com/", "&amp;", "&a", "/", "%25", "[", ",http://"])
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))

    # The best of three: another process may have the machine for a moment.
    assert min(seconds(text) for _ in range(3)) < 0.05


# -- ids in several forms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "biz"), [("3294560748", "MzI5NDU2MDc0OA=="), ("3075193430", "MzA3NTE5MzQzMA=="), ("12345678", "MTIzNDU2Nzg=")]
)
def test_published_pairs_of_bizuin_and_biz(number: str, biz: str) -> None:
    assert bizuin_to_biz(number) == biz
    assert biz_to_bizuin(biz) == biz_to_bizuin(biz.rstrip("=")) == number


@given(st.integers(min_value=100_000, max_value=10**11 - 1).map(str))
def test_a_bizuin_comes_back_from_its_biz(number: str) -> None:
    assert biz_to_bizuin(bizuin_to_biz(number)) == number


@pytest.mark.parametrize("text", ["", "0", "012345678", "abc", "MzI5NDU2MDc0OA===", "MzI5NDU2MDc0OB==", "gh_c1f2e5989666", "3294560748"])
def test_what_is_no_biz_has_no_bizuin(text: str) -> None:
    assert biz_to_bizuin(text) == ""


def test_ids_of_one_account_have_one_key() -> None:
    assert {account_key(each) for each in ("MzI5NDU2MDc0OA==", "MzI5NDU2MDc0OA", "3294560748", "MP_WXS_3294560748")} == {"3294560748"}
    assert account_key(f"{TOKEN}==") == account_key(TOKEN)
    assert account_key("6100068350") == "6100068350"


def test_only_ids_of_one_kind_may_be_compared() -> None:
    kinds = [account_kind(account_key(each)) for each in ("MzI5NDU2MDc0OA==", SEC_UID, "gh_c1f2e5989666", "wxid_4302923029011", "x-1")]

    assert kinds == ["number", "sec", "gh", "wxid", ""]


RECORDED = RECORDINGS / "weibo"


def pairs(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        mid, bid = value.get("mid"), value.get("bid") or value.get("mblogid")
        if mid and bid:
            yield str(mid), str(bid)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from pairs(inner)


@needs_recordings
def test_every_recorded_pair_of_mid_and_bid_fits() -> None:
    found: set[tuple[str, str]] = set()
    for path in RECORDED.rglob("*.json"):
        try:
            found |= set(pairs(json.loads(path.read_bytes())))
        except ValueError:
            continue

    assert len(found) > 50
    assert [(mid, bid) for mid, bid in found if mid_to_bid(mid) != bid or bid_to_mid(bid) != mid] == []


# -- channels ---------------------------------------------------------------------------------------------------------------

PAGE = "https://weibo.com/u/6100000001"
BIZ = "https://mp.weixin.qq.com/mp/profile_ext?__biz=MzI5MDAwMDAwMQ=="


@pytest.mark.parametrize(
    ("adapter", "handle", "options", "url", "agreed"),
    [
        pytest.param("weibo.openapi", "6100000001", {}, "https://weibo.com/u/6100000001", True, id="the same uid"),
        pytest.param("weibo.openapi", "6100000002", {}, "https://weibo.com/u/6100000001", False, id="another uid"),
        pytest.param("weibo.openapi", "6100000002", {"former": "1,6100000001"}, "https://weibo.com/u/6100000001", True, id="a former uid"),
        pytest.param("feed", "http://b.example/x.rss", {}, BIZ, True, id="a feed that does not say whose it is"),
        pytest.param("feed", "http://b.example/x.rss", {"biz": "3290000001"}, BIZ, True, id="the decimal of the __biz"),
        pytest.param("feed", "http://b.example/x.rss", {"biz": "MzI5MDAwMDAwMg==,MzI5MDAwMDAwMQ"}, BIZ, True, id="one of two"),
        pytest.param("feed", "http://b.example/x.rss", {"biz": "MzI5MDAwMDAwMg=="}, BIZ, False, id="another __biz"),
        pytest.param("feed", "http://b.example/x.rss", {"biz": "MzI5MDAwMDAwMg==", "former": "MP_WXS_3290000001"}, BIZ, True, id="former"),
        pytest.param("feed", "http://b.example/feeds/MP_WXS_3290000002.rss", {}, BIZ, False, id="a bridge's feed of another account"),
        pytest.param("feed", "http://r.example/weibo/user/6100000002", {}, PAGE, False, id="RSSHub's of another"),
        pytest.param("feed", "http://r.example/weibo/user/6100000001/readable=1", {}, PAGE, True, id="RSSHub's"),
        pytest.param("feed", f"http://r.example/douyin/user/{OTHER_SEC_UID}", {}, f"www.douyin.com/user/{SEC_UID}", False, id="sec"),
        pytest.param("feed", f"http://r.example/toutiao/user/token/{TOKEN}", {}, f"toutiao.com/c/user/token/{TOKEN}==/", True, id="token"),
        pytest.param("wechat.openapi", "gh_000000000001", {}, BIZ, True, id="an id of another kind"),
        pytest.param("manual", "123456", {}, "https://weibo.com/u/6100000001", True, id="a name by hand"),
    ],
)  # fmt: skip
def test_a_channel_is_held_against_an_address(adapter: str, handle: str, options: dict[str, str], url: str, agreed: bool) -> None:
    assert agrees(Channel(adapter=adapter, handle=handle, options=options), known(url)) is agreed


def test_an_id_becomes_the_handle_of_channels_that_want_it() -> None:
    weibo, wechat = known("https://weibo.com/u/6100000001"), known(BIZ)

    assert fills("weibo.openapi", weibo) and fills("manual", weibo) and fills("wechat.openapi", wechat)
    assert not any(fills(adapter, wechat) for adapter in ("feed", "wechat.callback", "wechat.article", "weibo.openapi"))


UIDS = ("1111111111", "2222222222")


@pytest.mark.parametrize(
    "link",
    [
        "https://m.weibo.cn/u/{}?uid={}",
        "https://m.weibo.cn/u/{}?containerid=100505{}",
        "https://m.weibo.cn/profile/{}?value={}",
        "https://m.weibo.cn/{}/4900000000000000?uid={}",
        "https://m.weibo.cn/api/container/getIndex?type=uid&value={}&containerid=107603{}",
    ],
)
def test_a_mobile_page_that_names_two_accounts_names_nobody(link: str) -> None:
    found = identify(link.format(*UIDS))

    assert isinstance(found, Missing) and "几个不同的账号编号" in found.what
    same = identify(link.format(UIDS[0], UIDS[0]))
    assert isinstance(same, Identity) and same.handle == UIDS[0]


@pytest.mark.parametrize("page", ["status", "detail"])
def test_a_uid_beside_a_post_is_only_likely_its_author_s(page: str) -> None:
    found = identify(f"https://m.weibo.cn/{page}/4900000000000000?uid={UIDS[0]}")

    assert isinstance(found, Identity) and (found.handle, found.certainty) == (UIDS[0], "likely")


@pytest.mark.parametrize(
    "link",
    {
        "a user part": "https://weibo.com@evil.example/u/1234567890",
        "a password": "https://weibo.com:80@evil.example/u/1234567890",
        "a longer host": "https://weibo.com.evil.example/u/1234567890",
        "a host that ends alike": "https://evilweibo.com/u/1234567890",
        "a Cyrillic letter": "https://w\u0435ibo.com/u/1234567890",
        "a backslash": "https://evil.example\\@weibo.com/u/1234567890",
        "a fragment": "https://evil.example#@weibo.com/u/1234567890",
    }.values(),
)
def test_an_address_that_only_looks_like_the_platform_s_names_nobody(link: str) -> None:
    assert isinstance(identify(link), Missing)
