"""What is logged: a secret that a traceback quotes is blotted out, in both formats and in what libraries log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from monitor.access.credentials import CredentialBook, Vault
from monitor.logs import configure
from monitor.settings import LogSettings

TOKEN = "a-token-that-must-never-be-logged"


@pytest.fixture
def vault() -> Iterator[Vault]:
    yield Vault(CredentialBook(SecretStr(json.dumps({"city": {"access_token": TOKEN, "appid": "wx0123456789"}}))))
    structlog.reset_defaults()
    for handler in logging.getLogger().handlers:
        handler.setFormatter(None)


def fail() -> None:
    header = f"OAuth2 {TOKEN}"
    raise ValueError(f"no such header: {header!r} for wx0123456789")


@pytest.mark.parametrize("layout", ["json", "console"])
def test_a_traceback_that_quotes_a_token_is_logged_without_it(layout: str, vault: Vault, capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogSettings.model_validate({"format": layout}), vault.blotted)

    try:
        fail()
    except ValueError:
        structlog.get_logger("test").exception("a look failed", account="a")

    told = capsys.readouterr().err
    assert "a look failed" in told and "ValueError" in told and "wx0123456789" in told
    assert TOKEN not in told and "***" in told


def test_what_a_library_logs_goes_without_our_tokens_too(vault: Vault) -> None:
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    kept = Kept()
    logging.getLogger().addHandler(kept)
    try:
        configure(LogSettings(), vault.blotted)
        try:
            fail()
        except ValueError:
            logging.getLogger("some.library").exception("task failed with %s", TOKEN)
    finally:
        logging.getLogger().removeHandler(kept)

    assert "some.library task failed with ***" in lines[0] and "ValueError" in lines[0]
    assert TOKEN not in lines[0]
