"""The table of channels. A new channel is one file, one line here, and its fixtures in tests/fixtures."""

from __future__ import annotations
