"""Does this post carry that article, and how well; pure."""

from monitor.matching.evidence import Doubt as Doubt
from monitor.matching.evidence import Evidence as Evidence
from monitor.matching.evidence import Match as Match
from monitor.matching.ids import bid_to_mid as bid_to_mid
from monitor.matching.ids import mid_to_bid as mid_to_bid
from monitor.matching.match import MATCHER_VERSION as MATCHER_VERSION
from monitor.matching.match import ArticleIndex as ArticleIndex
from monitor.matching.references import origin_of as origin_of
from monitor.matching.text import bracket_title as bracket_title
from monitor.matching.text import normalise_title as normalise_title
from monitor.matching.text import title_key as title_key
from monitor.matching.urls import canonical_url as canonical_url
from monitor.matching.urls import links_in as links_in
from monitor.matching.urls import reference_of as reference_of
from monitor.matching.wishes import MatchingSettings as MatchingSettings
