"""How log lines look: constant text, fields beside it; colours on a terminal, JSON where asked for."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import structlog

from monitor.settings import LogSettings

LAYOUT = "%(name)s %(message)s"


class Blotting(logging.Formatter):
    """Formats what libraries log, with our secrets blotted out of it."""

    def __init__(self, layout: str, blotted: Callable[[str], str]) -> None:
        super().__init__(layout)
        self._blotted = blotted

    def format(self, record: logging.LogRecord) -> str:
        return self._blotted(super().format(record))


def configure(settings: LogSettings, blotted: Callable[[str], str] = str) -> None:
    """Set up logging, to standard error. `blotted` takes our secrets out of a text: a traceback may quote what a request was made of."""
    level = getattr(logging, settings.level.upper())
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format=LAYOUT)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(Blotting(LAYOUT, blotted))
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            structlog.processors.format_exc_info,
            _without_secrets(blotted),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def _without_secrets(blotted: Callable[[str], str]) -> structlog.typing.Processor:
    def blot(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        # Only tracebacks hold what nobody has chosen to log; all else is named in the code, and clean already.
        if isinstance(event.get("exception"), str):
            event["exception"] = blotted(event["exception"])
        return event

    return blot
