"""Where the web server logs: errors of ours with all that is known; what is no HTTP, and who hung up, not at all.

Whatever scans a network sends such requests by the thousand, and what the library would quote of them may be a link or a cookie.
"""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.http import HttpProcessingError


def server_log() -> logging.Logger:
    """Return the logger to run the application with."""
    log = logging.getLogger("web.server")
    if _is_ours not in log.filters:
        log.addFilter(_is_ours)
    return log


def _is_ours(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | web.RequestPayloadError | ConnectionError)
