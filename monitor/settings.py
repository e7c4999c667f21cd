"""The only reader of the environment. Settings come from the environment, then settings.toml, then the defaults here.

Secrets (database URL, mail password, platform credentials) come from the environment or from a file named by `…_FILE`; a secret in
settings.toml is refused. Unknown keys are refused with the nearest known one named. All problems are reported at once.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError, TomlConfigSettingsSource

from monitor.complaints import complaint
from monitor.errors import BadSettings
from monitor.matching.wishes import MatchingSettings
from monitor.ports import ChannelSettings
from monitor.workdays import Announcement, at_odds

M = TypeVar("M", bound=BaseModel)
PREFIX = "ZHENGWU_"
EMBEDDED = "embedded"
"""As `mongo.url`: start a private mongod instead of joining the operator's."""


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MongoSettings(Section):
    # Empty, the driver would take whatever database listens on this machine.
    url: SecretStr = Field(default=SecretStr(EMBEDDED), min_length=1)
    database: str = "zhengwu"
    mongod: str = ""
    data_directory: Path = Path("var/mongo")
    poll_record_days: int = Field(default=90, ge=1)
    server_selection_seconds: float = Field(default=30.0, gt=0)


class WebSettings(Section):
    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = Field(default=8780, ge=0, le=65535)
    public_url: str = ""


class SmtpSettings(Section):
    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: str = Field(default="starttls", pattern="^(starttls|tls|none)$")
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: str = ""
    ca_file: str = ""
    timeout_seconds: float = Field(default=30.0, gt=0)


Cadence = Literal["daily", "weekly", "off"]
Address = Annotated[str, Field(pattern=r"^[^\s@<>(),;:\"\[\]\\]{1,64}@[^\s@<>(),;:\"\[\]\\]{1,253}$")]
"""A bare mail address; a name beside it, or two in one, would be sent to nobody."""


LINK_KEY_MINIMUM = 32
"""Characters: with fewer a key could be found by trying, and links be forged."""


class NotifySettings(Section):
    """How people are told. `robots` and `link_key` are secrets: a robot's address opens its group, the key signs links in letters."""

    city: str = ""
    clerks: tuple[Address, ...] = ()
    sysadmins: tuple[Address, ...] = ()
    interval_seconds: float = Field(default=60.0, gt=0)
    retry_seconds: float = Field(default=20.0, gt=0)
    opens: time = time(8, 30)
    closes: time = time(18, 0)
    working_days_only: bool = True
    one_a_day: bool = True
    repeat_days: int = Field(default=7, ge=0)
    flap_minutes: float = Field(default=60.0, ge=0)
    rectify_days: int = Field(default=7, ge=0)
    rectify_working_days: int = Field(default=5, ge=1)
    clerk_digest: Cadence = "daily"
    county_digest: Cadence = "weekly"
    weekly_on: int = Field(default=0, ge=0, le=6)
    letters_kept_days: int = Field(default=400, ge=1)
    link_days: int = Field(default=7, ge=1, le=90)
    link_key: SecretStr = SecretStr("")
    robots: SecretStr = SecretStr("")

    @field_validator("link_key")
    @classmethod
    def _long_enough(cls, key: SecretStr) -> SecretStr:
        if 0 < len(key.get_secret_value()) < LINK_KEY_MINIMUM:
            raise ValueError(f"至少 {LINK_KEY_MINIMUM} 个字符，如 openssl rand -hex 32 的输出；不设置则自动生成")
        return key


class CalendarSettings(Section):
    """Holidays that the library of calendars does not know yet, or that were changed within the year."""

    holidays: tuple[Announcement, ...] = ()

    @field_validator("holidays")
    @classmethod
    def _agree(cls, holidays: tuple[Announcement, ...]) -> tuple[Announcement, ...]:
        if days := at_odds(holidays):
            raise ValueError(f"{days[0]} 重复列为放假，或既放假又上班")
        return holidays


class WatchSettings(Section):
    """How we are watched. `heartbeat_url` is a secret: whoever knows it can vouch for us."""

    per_account: bool = True
    heartbeat_url: SecretStr = SecretStr("")
    heartbeat_seconds: float = Field(default=60.0, gt=0)


class PollSettings(Section):
    in_flight: int = Field(default=64, ge=1)
    lease_seconds: float = Field(default=180.0, gt=0)
    idle_seconds: float = Field(default=1.0, gt=0)
    stop_seconds: float = Field(default=10.0, gt=0)
    retry_wait_seconds: float = Field(default=1.0, ge=0)
    verify_seconds: float = Field(default=60.0, gt=0)
    body_cap_bytes: int = Field(default=5 * 1024 * 1024, ge=1024)
    proxy_from_environment: bool = False


class ScheduleSettings(Section):
    backoff_start_minutes: float = Field(default=15.0, gt=0)
    backoff_cap_hours: float = Field(default=6.0, gt=0)
    gone_hours: float = Field(default=24.0, gt=0)
    auth_pause_hours: float = Field(default=6.0, gt=0)
    rate_pause_minutes: float = Field(default=15.0, gt=0)
    solve_seconds: float = Field(default=600.0, gt=0)


class GuardSettings(Section):
    canary_max_idle_hours: float = Field(default=72.0, gt=0)
    canary_unseen_hours: float = Field(default=12.0, gt=0)
    canary_share: float = Field(default=0.5, gt=0, le=1)
    witness_hours: float = Field(default=72.0, gt=0)
    quorum_share: float = Field(default=0.05, gt=0, le=1)
    quorum_count: int = Field(default=3, ge=0)
    quorum_window_hours: float = Field(default=24.0, gt=0)
    settle_seconds: float = Field(default=600.0, ge=0)


class JudgeSettings(Section):
    profile: str = "guoban-2019"
    tick_seconds: float = Field(default=300.0, gt=0)


class LogSettings(Section):
    level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    format: str = Field(default="console", pattern="^(console|json)$")


class Settings(BaseSettings):
    """Every knob. `channels`, `rules` and `profiles` hold what the plug-ins own; daemon.py checks them against its tables."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, nested_model_default_partial_update=True
    )

    mongo: MongoSettings = MongoSettings()
    web: WebSettings = WebSettings()
    smtp: SmtpSettings = SmtpSettings()
    notify: NotifySettings = NotifySettings()
    calendar: CalendarSettings = CalendarSettings()
    watch: WatchSettings = WatchSettings()
    poll: PollSettings = PollSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    guards: GuardSettings = GuardSettings()
    judge: JudgeSettings = JudgeSettings()
    matching: MatchingSettings = MatchingSettings()
    log: LogSettings = LogSettings()
    channels: dict[str, dict[str, Any]] = Field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = Field(default_factory=dict)
    profiles: dict[str, dict[str, Any]] = Field(default_factory=dict)
    credentials: SecretStr = SecretStr("")

    toml_file: ClassVar[Path | None] = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources = [init_settings, env_settings]
        if cls.toml_file is not None:
            sources.append(TomlConfigSettingsSource(settings_cls, cls.toml_file))
        return tuple(sources)


SECRETS = {
    ("mongo", "url"),
    ("smtp", "password"),
    ("credentials",),
    ("notify", "link_key"),
    ("notify", "robots"),
    ("watch", "heartbeat_url"),
}
"""Where a secret may stand: in the environment only. The embedded database's marker is no secret."""

_SECRET_NAMES = frozenset(PREFIX + "__".join(keys).upper() for keys in SECRETS)


def load(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings. Raises `BadSettings` with every problem, in Chinese, each naming its key.

    `path` defaults to `$ZHENGWU_SETTINGS`, then `settings.toml` in the working directory where there is one.
    """
    path = path or _default_path()
    table = _read_toml(path)
    problems = [f"{path}：{line}" for line in _secret_problems(table) + _unknown_keys(table, Settings)]
    problems += _unknown_variables()
    made, more = _make(path, overrides or {})
    # An unknown key was named above, with its nearest neighbour; its own line would say it twice.
    problems += [text for unknown, text in more if not (unknown and any(unknown in line.lower() for line in problems))]
    if made is None or problems:
        raise BadSettings(problems)
    return made


def _make(path: Path | None, overrides: Mapping[str, Any]) -> tuple[Settings | None, list[tuple[str, str]]]:
    """Return the settings, or what is wrong: pairs of the unknown key, if it is one, and a Chinese line. Errors would quote values."""
    scoped = type("Settings", (Settings,), {"toml_file": path})
    try:
        with _secret_files():
            return scoped(**overrides), []
    except BadSettings as error:
        return None, [("", line) for line in error.problems]
    except SettingsError as error:
        return None, [("", _not_json(error))]
    except ValidationError as error:
        return None, [(_unknown(problem), _told(path, problem)) for problem in error.errors(include_url=False)]


def _unknown(problem: Any) -> str:
    return str(problem["loc"][-1]).lower() if problem["type"] == "extra_forbidden" else ""


def _not_json(error: SettingsError) -> str:
    field = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), "")
    return f'环境变量 {PREFIX}{field.upper()}…：列表和成组的设置应写成 JSON，如 ["甲", "乙"]'


def _default_path() -> Path | None:
    named = os.environ.get(PREFIX + "SETTINGS")
    if named:
        return Path(named)
    here = Path("settings.toml")
    return here if here.exists() else None


def _read_toml(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSettings([f"{path}：无法读取设置文件（{error.strerror or '未知错误'}）"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings([f"{path}：不是有效的 TOML（{error}）"]) from error


def _secret_problems(table: Mapping[str, Any]) -> list[str]:
    problems = []
    for keys in sorted(SECRETS):
        value: Any = table
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value and value != EMBEDDED:
            name = PREFIX + "__".join(keys).upper()
            problems.append(f"{'.'.join(keys)} 是机密，不得写入设置文件；请用环境变量 {name} 或 {name}_FILE")
    return problems


def _unknown_keys(table: Mapping[str, Any], model: type[BaseModel], above: str = "") -> list[str]:
    problems = []
    for key, value in table.items():
        if key not in model.model_fields:
            problems.append(f"不认识的设置项 {above}{key}{nearest(key, model.model_fields)}")
            continue
        inner = _section(model, key)
        if inner is not None and isinstance(value, Mapping):
            problems += _unknown_keys(value, inner, f"{above}{key}.")
    return problems


def _section(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    kind = model.model_fields[key].annotation
    candidates = [kind, *get_args(kind)]
    return next((each for each in candidates if isinstance(each, type) and issubclass(each, BaseModel)), None)


def nearest(word: str, known: Any) -> str:
    """Return `，是否想写 X？` with the closest known word, or nothing when none is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"，是否想写 {close[0]}？" if close else ""


def _unknown_variables() -> list[str]:
    problems = []
    fields = {f"{PREFIX}{name}".upper(): name for name in Settings.model_fields}
    fields[PREFIX + "SETTINGS"] = "settings"
    for name in sorted(os.environ):
        if not name.startswith(PREFIX):
            continue
        secret = name.removesuffix("_FILE")
        head, _, rest = (secret if secret in _SECRET_NAMES else name).partition("__")
        if head not in fields:
            problems.append(f"环境变量 {name} 不对应任何设置项{nearest(head, fields)}")
            continue
        section = _section(Settings, fields[head]) if fields[head] in Settings.model_fields else None
        known = {key.upper() for key in section.model_fields} if section else set()
        if section and rest and rest.partition("__")[0] not in known:
            problems.append(f"环境变量 {name} 不对应任何设置项{nearest(rest.upper(), known)}")
    return problems


class _secret_files:
    """While open, `X_FILE` stands in the environment as X for every secret X; afterwards it is as before."""

    def __enter__(self) -> None:
        self.added: list[str] = []
        problems = []
        for name in sorted(_SECRET_NAMES):
            file = os.environ.get(name + "_FILE")
            if not file:
                continue
            if name in os.environ:
                problems.append(f"{name} 与 {name}_FILE 只能设置一个")
                continue
            try:
                os.environ[name] = Path(file).read_text(encoding="utf-8").strip()
                self.added.append(name)
            except (OSError, UnicodeDecodeError) as error:
                problems.append(f"{name}_FILE：无法读取 {file}（{type(error).__name__}）")
        self.hidden = {n: v for n, v in os.environ.items() if n.startswith(PREFIX) and n.endswith("_FILE")}
        for name in self.hidden:
            if name.removesuffix("_FILE") in _SECRET_NAMES:
                del os.environ[name]
        if problems:
            self.__exit__()
            raise BadSettings(problems)

    def __exit__(self, *_: object) -> None:
        for name in self.added:
            os.environ.pop(name, None)
        os.environ.update(self.hidden)


def _told(path: Path | None, problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    section: type[BaseModel] | None = Settings
    for part in problem["loc"][:-1]:
        section = _section(section, str(part)) if section and str(part) in section.model_fields else None
    hint = nearest(str(problem["loc"][-1]), section.model_fields) if problem["type"] == "extra_forbidden" and section else ""
    variable = PREFIX + "__".join(str(part) for part in problem["loc"]).upper()
    origin = f"环境变量 {variable}" if variable in os.environ or path is None else str(path)
    return f"{origin}：{where}：{complaint(problem)}{hint}"


def channel_settings(settings: Settings, name: str, model: type[ChannelSettings]) -> ChannelSettings:
    """Return a channel's settings, validated by the adapter's own model. Raises `BadSettings`."""
    return owned(model, settings.channels.get(name, {}), f"channels.{name}")


def owned(model: type[M], table: Mapping[str, Any], where: str) -> M:
    """Return a plug-in's own settings, validated by its model. Raises `BadSettings` naming each key."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        problems = []
        for problem in error.errors(include_url=False):
            key = ".".join(str(part) for part in problem["loc"])
            hint = nearest(key, model.model_fields) if problem["type"] == "extra_forbidden" else ""
            problems.append(f"{where}.{key}：{complaint(problem)}{hint}")
        raise BadSettings(problems) from None
