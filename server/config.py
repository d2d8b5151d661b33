"""One frozen `Config` from one TOML file. The only reader of the environment.

The file is the one named by `--config` or `POINTSMAN_CONFIG`, else `pointsman.toml` in the user's configuration
folder. The working directory is never searched: clients start servers inside projects, and a project must not be
able to bring a policy of its own.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from bridges.browser.words import BrowserOptions, origin_of
from bridges.egress.rules import NetworkRules
from bridges.known_models import facts_of
from bridges.secrets import SecretBinding, Secrets
from tools.budget import Budget

__all__ = ["BadConfig", "BrowserConfig", "Config", "Keys", "ModelsConfig", "load"]

_ENVIRONMENT = "POINTSMAN_CONFIG"


class BadConfig(Exception):
    """The configuration cannot be used; the message says where and why."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _site(text: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+/?", text):
        raise ValueError(f"{text!r} is no site: scheme and host are wanted, such as https://reports.example")
    return origin_of(text)


def _model_name(text: str) -> str:
    facts_of(text)
    return text


_Origin = Annotated[str, AfterValidator(_site)]
_ModelName = Annotated[str, AfterValidator(_model_name)]


class BrowserConfig(_Section):
    """`[browser]`. `origins` are the sites that sessions may work on without asking first.

    `evaluate` allows `browser_evaluate`, which asks each time. `endpoint` is a browser that runs already, a CDP address
    or a Playwright server's; `unbounded` permits one on another machine, out of reach of the network boundary.
    `warm` starts the browser with the server instead of with the first call that needs it.
    `network` is "open" for the public web or "listed" for `origins` and `allow` alone; private addresses are reached
    only where they are listed or a session was sent there; `deny` wins.
    """

    executable: str = ""
    headless: bool = True
    sandbox: bool = True
    width: int = Field(1280, ge=320, le=4096)
    height: int = Field(800, ge=240, le=4096)
    origins: tuple[_Origin, ...] = ()
    evaluate: bool = False
    endpoint: str = Field("", pattern=r"^((https?|wss?)://\S+)?$")
    unbounded: bool = False
    warm: bool = False
    sessions: int = Field(8, ge=1, le=100)
    idle_minutes: float = Field(30, gt=0)
    life_hours: float = Field(8, gt=0)
    network: Literal["open", "listed"] = "open"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_rules(self) -> "BrowserConfig":
        self.rules()
        return self

    def rules(self) -> NetworkRules:
        """Return what sessions may reach.

        Raises:
            ValueError: An entry is neither an origin nor a host.
        """
        return NetworkRules(web=self.network, allowed=(*self.origins, *self.allow), denied=self.deny)


class ModelsConfig(_Section):
    """`[models]`: which model plays which role. `script` names a file for stand-ins that play both, labelled so."""

    thinker: _ModelName = "claude-opus-4-7"
    operator: _ModelName = "gpt-5.4"
    anthropic_base_url: str | None = None
    openai_base_url: str | None = None
    script: Path | None = None


class BudgetConfig(_Section):
    """`[budget]`: the most that one run may use. `usd = 0` lifts the bound on money."""

    turns: int = Field(40, ge=1, le=400)
    actions: int = Field(120, ge=1, le=4000)
    seconds: float = Field(900.0, gt=0, le=86_400)
    usd: float = Field(2.0, ge=0)


class SecretConfig(_Section):
    """`[secrets.NAME]`: where a secret may be typed, and the environment variable that holds its value.

    `user` instead of `field` makes it that user's password for signing in to the origin by HTTP.
    """

    origin: _Origin
    field: str = ""
    user: str = ""
    env: str = ""

    @model_validator(mode="after")
    def _has_a_place(self) -> "SecretConfig":
        if bool(self.field) == bool(self.user):
            raise ValueError("give field (where it is typed) or user (who signs in by HTTP with it)")
        return self


class SurfaceConfig(_Section):
    """`[surface]`: tools to list besides the default ones."""

    pin: tuple[str, ...] = ()


class _File(_Section):
    data: Path | None = None
    policy: Path | None = None
    recipes: tuple[Path, ...] = ()
    browser: BrowserConfig = Field(default_factory=lambda: BrowserConfig.model_validate({}))
    models: ModelsConfig = ModelsConfig()
    budget: BudgetConfig = Field(default_factory=lambda: BudgetConfig.model_validate({}))
    secrets: dict[str, SecretConfig] = Field(default_factory=dict[str, SecretConfig])
    surface: SurfaceConfig = SurfaceConfig()

    @model_validator(mode="after")
    def _signs_in_once(self) -> "_File":
        users = [name for name, secret in self.secrets.items() if secret.user]
        if len(users) > 1:
            raise ValueError(f"a browser signs in by HTTP to one origin, and {' and '.join(users)} are for that")
        return self


class Keys(_Section):
    """What the environment holds for the vendors; a field that is None is a role that cannot be played live."""

    anthropic: str | None = Field(None, repr=False)
    openai: str | None = Field(None, repr=False)


class Config(_Section):
    """Everything the process was told, read once and passed down."""

    source: Path | None
    data: Path
    policy: Path | None
    recipes: tuple[Path, ...]
    browser: BrowserConfig
    models: ModelsConfig
    budget_limits: BudgetConfig
    surface: SurfaceConfig
    keys: Keys
    secret_bindings: dict[str, SecretConfig]
    secret_values: dict[str, str] = Field(repr=False)

    @property
    def artefacts(self) -> Path:
        """The folder for downloads, screenshots and results."""
        return self.data / "artefacts"

    def browser_options(self) -> BrowserOptions:
        """Return what the browser bridge wants to know."""
        return BrowserOptions(
            executable=self.browser.executable,
            headless=self.browser.headless,
            sandbox=self.browser.sandbox,
            viewport=(self.browser.width, self.browser.height),
            artefacts=str(self.artefacts),
            profiles=str(self.data / "profiles"),
            baselines=str(self.data / "baselines"),
            evaluate=self.browser.evaluate,
            endpoint=self.browser.endpoint,
            unbounded=self.browser.unbounded,
            most_sessions=self.browser.sessions,
            idle_s=self.browser.idle_minutes * 60,
            life_s=self.browser.life_hours * 3600,
        )

    def secrets(self) -> Secrets:
        """Return the secrets with their values; model keys are scrubbed too, though nothing may type them."""
        bindings = {
            name: SecretBinding(name=name, origin=secret.origin, field=secret.field, user=secret.user)
            for name, secret in self.secret_bindings.items()
        }
        keys = {"anthropic-key": self.keys.anthropic or "", "openai-key": self.keys.openai or ""}
        return Secrets(bindings, self.secret_values | keys)

    def budget(self) -> Budget:
        """Return the bounds of a run."""
        limits = self.budget_limits
        usd = Decimal(str(limits.usd)) if limits.usd else None
        return Budget(turns=limits.turns, actions=limits.actions, seconds=limits.seconds, usd=usd)


def load(path: Path | None = None, *, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration.

    Args:
        path: The file to read; None means the usual places.
        environment: Where keys and secret values come from.

    Raises:
        BadConfig: A file that was named is missing, is not TOML, or has fields that are unknown or out of range;
            a script of stand-ins cannot be read, or is none.
    """
    named = path or (Path(environment[_ENVIRONMENT]) if environment.get(_ENVIRONMENT) else None)
    source = named or Path(platformdirs.user_config_dir("pointsman")) / "pointsman.toml"
    if named and not source.is_file():
        raise BadConfig(f"there is no configuration file {str(source)!r}")
    stated = _parsed(source) if source.is_file() else _File()
    folder = source.parent
    data = stated.data or Path(platformdirs.user_data_dir("pointsman"))
    return Config(
        source=source if source.is_file() else None,
        data=_under(folder, data),
        policy=_under(folder, stated.policy) if stated.policy else None,
        recipes=tuple(_under(folder, recipe) for recipe in stated.recipes),
        browser=stated.browser,
        models=_models(stated.models, folder, environment),
        budget_limits=stated.budget,
        surface=stated.surface,
        keys=Keys(
            anthropic=environment.get("ANTHROPIC_API_KEY") or None,
            openai=environment.get("OPENAI_API_KEY") or None,
        ),
        secret_bindings=stated.secrets,
        secret_values={
            name: environment.get(secret.env or _variable(name), "") for name, secret in stated.secrets.items()
        },
    )


def _models(stated: ModelsConfig, folder: Path, environment: Mapping[str, str]) -> ModelsConfig:
    """Return the section with paths made whole and the vendors' usual variables for another endpoint heeded."""
    script = _under(folder, stated.script) if stated.script else None
    if script is not None:
        _check_script(script)
    heeded = {
        "script": script,
        "anthropic_base_url": stated.anthropic_base_url or environment.get("ANTHROPIC_BASE_URL"),
        "openai_base_url": stated.openai_base_url or environment.get("OPENAI_BASE_URL"),
    }
    return stated.model_copy(update=heeded)


def _check_script(path: Path) -> None:
    from bridges.scripted import BadScript, load_script

    try:
        load_script(path)
    except (BadScript, OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"models.script: {error}") from error


def _parsed(path: Path) -> _File:
    try:
        stated: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return _File.model_validate(stated)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadConfig(f"{path}: {error}") from error
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
        raise BadConfig(f"{path}: {'; '.join(problems)}") from error


def _under(folder: Path, path: Path) -> Path:
    return (folder / path.expanduser()).resolve()


def _variable(name: str) -> str:
    return "POINTSMAN_SECRET_" + name.upper().replace("-", "_")
