"""Settings: environment above file above defaults; every problem told at once, in Chinese; no secret anywhere to be read."""

from __future__ import annotations

import os
import tomllib
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.access.credentials import CredentialBook
from monitor.errors import AuthError, BadSettings
from monitor.ports import ChannelSettings
from monitor.settings import EMBEDDED, SECRETS, Settings, channel_settings, load, nearest

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "hunter2-of-the-mail-server"
URL = "mongodb://watcher:pa55word@db.example/"
BOOK = '{"city": {"appid": "wx1", "secret": "s3cr3t"}}'

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours is set, and no settings file lies in the working directory."""
    for name in [name for name in os.environ if name.upper().startswith("ZHENGWU_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def toml(tmp_path: Path) -> Write:
    def write(text: str, name: str = "settings.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def problems(path: Path | None = None) -> list[str]:
    with pytest.raises(BadSettings) as refusal:
        load(path)
    return refusal.value.problems


# -- where a value comes from -----------------------------------------------------------------------------------------------


def test_without_anything_the_defaults_hold() -> None:
    settings = load()

    assert settings.poll.in_flight == 64
    assert settings.mongo.url.get_secret_value() == EMBEDDED


def test_the_file_that_is_shipped_says_what_the_defaults_are() -> None:
    assert load(ROOT / "settings.toml").model_dump() == Settings().model_dump()


def test_every_default_stands_in_the_file_that_is_shipped() -> None:
    table = tomllib.loads((ROOT / "settings.toml").read_text(encoding="utf-8"))
    plug_ins = {"channels", "rules", "profiles", "credentials"}
    secrets = {keys for keys in SECRETS if len(keys) == 2}
    wanted = {
        (section, key)
        for section, field in Settings.model_fields.items()
        if section not in plug_ins
        for key in type(field.default).model_fields
    }

    assert {(section, key) for section, keys in table.items() for key in keys} == wanted - secrets


def test_the_environment_stands_above_the_file_key_by_key(monkeypatch: pytest.MonkeyPatch, toml: Write) -> None:
    path = toml('[poll]\nin_flight = 3\nlease_seconds = 9.0\n[log]\nlevel = "error"\n')
    monkeypatch.setenv("ZHENGWU_POLL__IN_FLIGHT", "7")

    settings = load(path)

    assert (settings.poll.in_flight, settings.poll.lease_seconds, settings.poll.idle_seconds) == (7, 9.0, 1.0)
    assert settings.log.level == "error"


def test_what_is_handed_in_stands_above_both(monkeypatch: pytest.MonkeyPatch, toml: Write) -> None:
    monkeypatch.setenv("ZHENGWU_WEB__PORT", "1")

    assert load(toml("[web]\nport = 2\n"), {"web": {"port": 3}}).web.port == 3


def test_the_file_is_found_by_its_variable_and_else_in_the_working_directory(monkeypatch: pytest.MonkeyPatch, toml: Write) -> None:
    toml("[web]\nport = 1\n")
    named = toml("[web]\nport = 2\n", "elsewhere.toml")

    assert load().web.port == 1
    monkeypatch.setenv("ZHENGWU_SETTINGS", str(named))
    assert load().web.port == 2


def test_lists_and_whole_sections_may_stand_in_the_environment_as_json(monkeypatch: pytest.MonkeyPatch, toml: Write) -> None:
    monkeypatch.setenv("ZHENGWU_NOTIFY__CLERKS", '["a@city.example"]')
    monkeypatch.setenv("ZHENGWU_CHANNELS", '{"weibo.openapi": {"spacing_seconds": 3}}')

    settings = load(toml('[channels."weibo.openapi"]\nin_flight = 2\n'))

    assert settings.notify.clerks == ("a@city.example",)
    assert settings.channels == {"weibo.openapi": {"in_flight": 2, "spacing_seconds": 3}}


@pytest.mark.parametrize(
    "line",
    [
        'clerks = ["张三 <zhangsan@example.gov.cn>"]',
        'clerks = ["a@example.gov.cn, b@example.gov.cn"]',
        'sysadmins = ["nobody"]',
        'sysadmins = ["a@example.gov.cn\\nBcc: b@example.gov.cn"]',
    ],
)
def test_a_reader_whose_address_is_none_is_refused_with_its_place(toml: Write, line: str) -> None:
    with pytest.raises(BadSettings) as refused:
        load(toml(f"[notify]\n{line}\n"))

    [problem] = refused.value.problems
    assert f"notify.{line.partition(' ')[0]}.0" in problem
    assert "邮件地址" in problem


@pytest.mark.parametrize("value", ['"25:00:00"', '"早上八点"', "true"])
def test_office_hours_that_are_no_time_are_refused(toml: Write, value: str) -> None:
    with pytest.raises(BadSettings) as refused:
        load(toml(f"[notify]\nopens = {value}\n"))

    assert "应为时间，如 08:30:00" in refused.value.problems[0]


# -- secrets ----------------------------------------------------------------------------------------------------------------


def test_secrets_come_from_the_environment_or_from_a_file_it_names(monkeypatch: pytest.MonkeyPatch, toml: Write) -> None:
    monkeypatch.setenv("ZHENGWU_MONGO__URL", URL)
    monkeypatch.setenv("ZHENGWU_SMTP__PASSWORD_FILE", str(toml(PASSWORD + "\n", "password")))
    monkeypatch.setenv("ZHENGWU_CREDENTIALS_FILE", str(toml(BOOK, "credentials.json")))
    before = dict(os.environ)

    settings = load()

    assert settings.mongo.url.get_secret_value() == URL
    assert settings.smtp.password.get_secret_value() == PASSWORD
    assert CredentialBook(settings.credentials).secret("city", "secret") == "s3cr3t"
    assert dict(os.environ) == before


SECRETS_IN_FILE = {
    "database": (f'[mongo]\nurl = "{URL}"\n', "ZHENGWU_MONGO__URL"),
    "mail": (f'[smtp]\npassword = "{PASSWORD}"\n', "ZHENGWU_SMTP__PASSWORD"),
    "platforms": ('[credentials.city]\nsecret = "s3cr3t"\n', "ZHENGWU_CREDENTIALS"),
}


@pytest.mark.parametrize("text,variable", SECRETS_IN_FILE.values(), ids=SECRETS_IN_FILE)
def test_a_secret_in_the_file_is_refused_and_its_place_is_named(toml: Write, text: str, variable: str) -> None:
    told = "\n".join(problems(toml(text)))

    assert variable in told
    assert not any(secret in told for secret in ("pa55word", PASSWORD, "s3cr3t"))


def test_the_marker_of_the_embedded_database_is_no_secret(toml: Write) -> None:
    assert load(toml('[mongo]\nurl = "embedded"\n')).mongo.url.get_secret_value() == EMBEDDED


def test_secrets_are_not_in_what_is_printed_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGWU_MONGO__URL", URL)
    monkeypatch.setenv("ZHENGWU_SMTP__PASSWORD", PASSWORD)
    monkeypatch.setenv("ZHENGWU_CREDENTIALS", BOOK)
    settings = load()

    book = CredentialBook(settings.credentials)
    shown = f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()} {book} {book!r} {vars(settings)}"

    assert not any(secret in shown for secret in ("pa55word", PASSWORD, "s3cr3t"))


HALF_RIGHT = {
    "a secret where a table should be": {"ZHENGWU_SMTP": PASSWORD},
    "a secret that is no text": {"ZHENGWU_SMTP__PASSWORD__X": PASSWORD},
    "a secret beside a mistake": {"ZHENGWU_SMTP__PASSWORD": PASSWORD, "ZHENGWU_SMTP__PORT": PASSWORD},
    "a section with a secret and a mistake": {"ZHENGWU_SMTP": f'{{"password": ["{PASSWORD}"], "port": "x"}}'},
}


@pytest.mark.parametrize("environment", HALF_RIGHT.values(), ids=HALF_RIGHT)
def test_no_error_quotes_a_secret_even_in_its_traceback(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(BadSettings) as refusal:
        load()

    assert PASSWORD not in "".join(traceback.format_exception(refusal.value))
    assert refusal.value.__context__ is None


@pytest.mark.parametrize("text", ["{", "[]", '{"city": "s3cr3t"}', "s3cr3t"])
def test_a_credentials_book_of_the_wrong_shape_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(BadSettings) as refusal:
        CredentialBook(SecretStr(text))

    assert "ZHENGWU_CREDENTIALS" in str(refusal.value)
    assert "s3cr3t" not in "".join(traceback.format_exception(refusal.value))


@pytest.mark.parametrize("name,field", [("", "secret"), ("county", "secret"), ("city", "password")])
def test_a_missing_credential_is_named_and_is_ours_to_mend(name: str, field: str) -> None:
    with pytest.raises(AuthError) as refusal:
        CredentialBook(SecretStr(BOOK)).secret(name, field)

    assert name in str(refusal.value)
    assert "s3cr3t" not in str(refusal.value)


def test_an_empty_book_is_a_book() -> None:
    assert CredentialBook(SecretStr("")).names() == frozenset()
    assert CredentialBook(SecretStr(BOOK)).names() == {"city"}


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, toml: Write) -> None:
    monkeypatch.setenv("ZHENGWU_MONGO__URL", URL)
    monkeypatch.setenv("ZHENGWU_MONGO__URL_FILE", str(toml(URL, "url")))

    assert any("ZHENGWU_MONGO__URL_FILE" in line for line in problems())


def test_a_secret_s_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ZHENGWU_MONGO__URL_FILE", str(tmp_path / "nowhere"))
    before = dict(os.environ)

    assert any("nowhere" in line for line in problems())
    assert dict(os.environ) == before


def test_an_empty_address_does_not_mean_whatever_database_listens_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGWU_MONGO__URL", "")

    assert problems() == ["环境变量 ZHENGWU_MONGO__URL：mongo.url：不得为空"]


# -- what is refused --------------------------------------------------------------------------------------------------------

MISSPELT = {
    "a key": ("[poll]\nin_fligth = 3\n", "poll.in_fligth", "in_flight"),
    "a section": ("[mogno]\n", "mogno", "mongo"),
}


@pytest.mark.parametrize("text,key,meant", MISSPELT.values(), ids=MISSPELT)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(toml: Write, text: str, key: str, meant: str) -> None:
    told = problems(toml(text))

    assert len(told) == 1
    assert f"不认识的设置项 {key}，是否想写 {meant}？" in told[0]


VARIABLES = {
    "a section": ("ZHENGWU_SMPT__HOST", "ZHENGWU_SMTP"),
    "a key": ("ZHENGWU_SMTP__HOTS", "HOST"),
    "a file for what is no secret": ("ZHENGWU_MONGO__DATABASE_FILE", "DATABASE"),
    "a file for a section": ("ZHENGWU_LOG_FILE", "ZHENGWU_LOG"),
    "a file for the settings": ("ZHENGWU_SETTINGS_FILE", "ZHENGWU_SETTINGS"),
}


@pytest.mark.parametrize("name,meant", VARIABLES.values(), ids=VARIABLES)
def test_an_unknown_variable_is_refused_with_the_nearest_known_one(monkeypatch: pytest.MonkeyPatch, name: str, meant: str) -> None:
    monkeypatch.setenv(name, "x")

    assert problems() == [f"环境变量 {name} 不对应任何设置项，是否想写 {meant}？"]


def test_a_key_that_ends_in_file_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGWU_SMTP__CA_FILE", "/etc/ca.pem")

    assert load().smtp.ca_file == "/etc/ca.pem"


def test_all_problems_are_told_at_once_each_with_where_it_stands(monkeypatch: pytest.MonkeyPatch, toml: Write) -> None:
    path = toml(f'[poll]\nlease_seconds = -1\nin_fligth = 3\n[smtp]\nsecurity = "ssl"\npassword = "{PASSWORD}"\n')
    monkeypatch.setenv("ZHENGWU_WEB__PORT", "http")
    monkeypatch.setenv("ZHENGWU_WBE__PORT", "1")

    told = "\n".join(problems(path))

    for line in (
        f"{path}：不认识的设置项 poll.in_fligth",
        f"{path}：smtp.password 是机密",
        f"{path}：smtp.security：应符合",
        f"{path}：poll.lease_seconds：应大于 0",
        "环境变量 ZHENGWU_WEB__PORT：web.port：应为整数",
        "环境变量 ZHENGWU_WBE__PORT 不对应任何设置项",
    ):
        assert line in told
    assert len(told.splitlines()) == 6


def test_a_list_that_is_no_json_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGWU_NOTIFY__CLERKS", "a@city.example")

    told = problems()

    assert len(told) == 1
    assert "ZHENGWU_NOTIFY" in told[0]
    assert "JSON" in told[0]


BROKEN = {"no TOML": b"[poll\n", "no text": b"\xff\xfe[poll]", "given twice": b"[poll]\n[poll]\n"}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)

    told = problems(path)

    assert len(told) == 1
    assert "broken.toml：不是有效的 TOML" in told[0]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "nowhere.toml：无法读取" in problems(tmp_path / "nowhere.toml")[0]


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().poll.__setattr__("in_flight", 3)


# -- what the plug-ins own --------------------------------------------------------------------------------------------------


class Gateway(ChannelSettings):
    region: str = "cn"


def test_a_channel_s_settings_are_checked_by_its_own_model(toml: Write) -> None:
    settings = load(toml('[channels."douyin.gateway"]\nregion = "hk"\nspacing_seconds = 1.5\n'))

    own = channel_settings(settings, "douyin.gateway", Gateway)

    assert isinstance(own, Gateway)
    assert (own.region, own.spacing_seconds) == ("hk", 1.5)


def test_a_channel_s_mistakes_are_all_told_with_the_nearest_key(toml: Write) -> None:
    settings = load(toml("[channels.feed]\nin_fligth = 2\nspacing_seconds = -1\n"))

    with pytest.raises(BadSettings) as refusal:
        channel_settings(settings, "feed", Gateway)

    assert refusal.value.problems == [
        "channels.feed.spacing_seconds：不得小于 0.0",
        "channels.feed.in_fligth：没有这个设置项，是否想写 in_flight？",
    ]


def test_a_word_like_no_other_gets_no_suggestion() -> None:
    assert nearest("xyzzy", ["mongo", "web"]) == ""
