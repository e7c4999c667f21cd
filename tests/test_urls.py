"""One form for every address of one post; nothing for what is no address; ids there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matching.ids import bid_to_mid, mid_to_bid
from monitor.matching.urls import PostReference, canonical_url, is_specific, links_in, reference_of, wechat_account

WECHAT = "https://mp.weixin.qq.com/s?__biz=MTIzNDU2Nzg5MA==&mid=2247515628&idx=1"
WEIBO = "https://weibo.com/detail/4900000000000001"
PAGE = "https://www.example.gov.cn/zwgk/202205/t1.html"


@pytest.mark.parametrize(("mid", "bid"), [("4645748019299849", "Kjc77D1jz"), ("3883508428444973", "Cz2r0zqVf")])
def test_published_pairs_of_mid_and_bid(mid: str, bid: str) -> None:
    assert mid_to_bid(mid) == bid
    assert bid_to_mid(bid) == mid


@given(st.integers(min_value=1, max_value=10**19 - 1).map(str))
def test_a_mid_comes_back_from_its_bid(mid: str) -> None:
    assert bid_to_mid(mid_to_bid(mid)) == mid


@given(st.text(alphabet="0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", max_size=14))
def test_a_bid_is_either_refused_or_comes_back(bid: str) -> None:
    mid = bid_to_mid(bid)

    assert mid == "" or mid_to_bid(mid) == bid


@pytest.mark.parametrize("text", ["", "0", "012", "-1", "１２３", "4645748019299849 ", "a", "9" * 20])
def test_what_is_no_mid_has_no_bid(text: str) -> None:
    assert mid_to_bid(text) == ""


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        pytest.param(
            "http://mp.weixin.qq.com/s?__biz=MTIzNDU2Nzg5MA==&mid=2247515628&idx=1&sn=ab&chksm=cd&scene=0&xtrack=1#rd",
            WECHAT,
            id="feed link",
        ),
        pytest.param(
            "https://mp.weixin.qq.com/s?__biz=MTIzNDU2Nzg5MA%3D%3D&amp;mid=2247515628&amp;idx=1&amp;sn=ab#wechat_redirect",
            WECHAT,
            id="entities",
        ),
        pytest.param("http://mp.weixin.qq.com/s?__biz=MTIzNDU2Nzg5MA==&amp;amp;mid=2247515628&amp;amp;idx=1", WECHAT, id="entities twice"),
        pytest.param(r"http:\/\/mp.weixin.qq.com\/s?__biz=MTIzNDU2Nzg5MA==&mid=2247515628&idx=1", WECHAT, id="escaped slashes"),
        pytest.param(r"https://mp.weixin.qq.com/s?__biz=MTIzNDU2Nzg5MA==\x26amp;mid=2247515628\x26amp;idx=1", WECHAT, id="script escapes"),
        pytest.param("mp.weixin.qq.com/s?idx=1&mid=2247515628&__biz=MTIzNDU2Nzg5MA==", WECHAT, id="no scheme, other order"),
        pytest.param("https://mp.weixin.qq.com/s?__biz=1234567890&mid=2247515628&idx=1", WECHAT, id="account as number"),
        pytest.param(
            "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv?scene=1", "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv", id="short"
        ),
        pytest.param("https://weibo.com/1234567890/" + mid_to_bid("4900000000000001"), WEIBO, id="weibo bid"),
        pytest.param("http://m.weibo.cn/status/4900000000000001?luicode=1", WEIBO, id="weibo status"),
        pytest.param("https://m.weibo.cn/detail/" + mid_to_bid("4900000000000001") + "#comment", WEIBO, id="weibo detail by bid"),
        pytest.param("https://www.weibo.com/detail/4900000000000001/", WEIBO, id="weibo detail"),
        pytest.param("https://m.weibo.cn/1234567890/4900000000000001", WEIBO, id="weibo uid and mid"),
        pytest.param("https://m.weibo.cn/statuses/show?id=" + mid_to_bid("4900000000000001"), WEIBO, id="weibo show"),
        pytest.param(
            "https://weibo.com/1234567890/followers", "https://weibo.com/1234567890/followers", id="weibo page that looks like a bid"
        ),
        pytest.param(
            "https://weibo.com/ttarticle/p/show?id=2309404900000000000001&mod=zw",
            "https://weibo.com/ttarticle/p/show?id=2309404900000000000001",
            id="weibo article",
        ),
        pytest.param(
            "https://weibo.cn/sinaurl?luicode=1&u=http%3A%2F%2Fwww.example.gov.cn%2Fzwgk%2F202205%2Ft1.html", PAGE, id="weibo wrapper"
        ),
        pytest.param(
            "https://weibo.cn/sinaurl/blocked1a?url=http%3A%2F%2Fwww.example.gov.cn%2Fzwgk%2F202205%2Ft1.html", PAGE, id="blocked wrapper"
        ),
        pytest.param("sinaweibo://browser?url=https%3A%2F%2Fwww.example.gov.cn%2Fzwgk%2F202205%2Ft1.html", PAGE, id="app wrapper"),
        pytest.param(
            "https://www.iesdouyin.com/share/video/7300000000000000001/?region=CN",
            "https://www.douyin.com/video/7300000000000000001",
            id="douyin share",
        ),
        pytest.param(
            "https://www.douyin.com/note/7300000000000000001", "https://www.douyin.com/video/7300000000000000001", id="douyin note"
        ),
        pytest.param(
            "http://toutiao.com/group/7300000000000000001/?iid=1", "https://www.toutiao.com/article/7300000000000000001", id="toutiao group"
        ),
        pytest.param(
            "https://www.toutiao.com/a7300000000000000001/", "https://www.toutiao.com/article/7300000000000000001", id="toutiao old"
        ),
        pytest.param(
            "https://m.toutiao.com/w/7300000000000000001/", "https://www.toutiao.com/w/7300000000000000001", id="toutiao short post"
        ),
        pytest.param(
            "HTTP://WWW.Example.gov.cn:80/zwgk/202205/t1.html?utm_source=x&from=timeline&isappinstalled=0#top",
            PAGE,
            id="gov page with tracking",
        ),
        pytest.param("//www.example.gov.cn/zwgk/202205/t1.html", PAGE, id="no scheme"),
        pytest.param(PAGE + " 转发", PAGE, id="text after it"),
        pytest.param(
            "http://www.example.gov.cn:8081/c?b=2&a=1&a=0", "https://www.example.gov.cn:8081/c?a=0&a=1&b=2", id="query in order, port kept"
        ),
        pytest.param("https://www.example.gov.cn/公开/一", "https://www.example.gov.cn/%E5%85%AC%E5%BC%80/%E4%B8%80", id="Chinese path"),
    ],
)
def test_each_way_to_write_an_address_ends_in_one_form(link: str, expected: str) -> None:
    assert canonical_url(link) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "不是链接",
        "javascript:alert(1)",
        "ftp://example.gov.cn/a",
        "http://",
        "http://[::1",
        "http://localhost/a",
        "https://a b",
        "http://x.y:99999999/",
        "mailto:a@example.invalid",
        "http://" + "a" * 70 + ".cn/",
        "https://www.example.gov.cn/" + "a" * 5000,
        "sinaweibo://detail?id=1",
        "\ud800",
    ],
)
def test_what_is_no_address_gives_nothing(text: str) -> None:
    assert canonical_url(text) == ""


def test_wrappers_within_wrappers_end_somewhere() -> None:
    from urllib.parse import quote

    link = PAGE
    for _ in range(10):
        link = "https://weibo.cn/sinaurl?u=" + quote(link, safe="")

    assert canonical_url(link) == ""


@given(st.one_of(st.text(max_size=80), st.from_regex(r"(https?:)?//[a-z.]{1,12}\.cn(:[0-9]{1,3})?/[^\n]{0,40}", fullmatch=True)))
def test_the_one_form_stays_itself_and_nothing_raises(text: str) -> None:
    once = canonical_url(text)

    assert canonical_url(once) == once
    reference_of(once)
    links_in(text)


PIECES = (
    "s sinaurl status detail statuses show ? & = u= url= id= __biz= mid= idx= MTIzNDU2Nzg5MA== %3D + %2B % &amp; \\/ \\x26 # // 123456789"
)
HOSTS = ["mp.weixin.qq.com", "weibo.com", "m.weibo.cn", "weibo.cn", "www.douyin.com", "www.toutiao.com", "www.example.gov.cn"]


@given(host=st.sampled_from(HOSTS), pieces=st.lists(st.sampled_from([*PIECES.split(), "4900000000000001", "http://b.cn/x"]), max_size=8))
def test_links_put_together_from_pieces_have_one_form_too(host: str, pieces: list[str]) -> None:
    for joint in ("", "/"):
        once = canonical_url(f"http://{host}/{joint.join(pieces)}")

        assert canonical_url(once) == once


def test_a_link_tells_which_post_it_names() -> None:
    assert reference_of(WECHAT) == PostReference("wechat", "1234567890", "2247515628_1")
    assert reference_of(WEIBO) == PostReference("weibo", "", "4900000000000001")
    assert reference_of(PAGE) is None
    assert reference_of("") is None


@pytest.mark.parametrize("text", ["MTIzNDU2Nzg5MA==", "MTIzNDU2Nzg5MA%3D%3D", "MTIzNDU2Nzg5MA", "1234567890"])
def test_a_wechat_account_is_one_number_in_all_its_forms(text: str) -> None:
    assert wechat_account(text) == "1234567890"


@pytest.mark.parametrize("text", ["gh_0123456789ab", "", "示例", "=", "abcdefgh"])
def test_other_names_of_wechat_accounts_stay_as_they_are(text: str) -> None:
    assert wechat_account(text) == text


def test_links_are_found_between_chinese_words() -> None:
    text = "详见（https://www.example.gov.cn/a.html）。转发http://t.cn/A6abc，另见 https://x.example.invalid/b?c=1."

    assert links_in(text) == ("https://www.example.gov.cn/a.html", "http://t.cn/A6abc", "https://x.example.invalid/b?c=1")


def test_a_text_full_of_links_gives_the_first_twenty() -> None:
    assert len(links_in("https://www.example.gov.cn/a " * 5000)) == 20


def test_a_whole_site_is_not_one_page() -> None:
    assert not is_specific("https://www.example.gov.cn")
    assert is_specific("https://www.example.gov.cn?id=1")
    assert is_specific(PAGE)
