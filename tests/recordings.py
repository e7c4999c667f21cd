"""Where other people's recordings of the platforms lie, beside this checkout; without them their tests are skipped, and fail in CI."""

from __future__ import annotations

import os

import pytest
from tools import ROOT

RECORDINGS = ROOT.parent / "shared" / "recorded"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir() and not os.environ.get("CI"), reason="the recordings are not at hand")
