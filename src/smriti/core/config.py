"""The process's configuration, read from the environment: a field is the variable of its name."""

import re
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

type Environment = Literal["local", "production"]
type Switch = Literal["on", "off"]
type WindowsKind = Literal["memory", "table"]
type EmbeddingsKind = Literal["none", "openai", "bedrock", "local"]

_HTTP: Final = re.compile(r"https?://[^/\s]+")
_OLLAMA: Final = re.compile(
    r"(?:(https?)://)?(\[[0-9a-fA-F:]+\]|[\w.-]*)(?::(\d{1,5}))?((?:/[\w.-]+)*)/?"
)
_OLLAMA_PORTS: Final = {None: "11434", "http": "80", "https": "443"}
_LAST_PORT: Final = 65535
_EVERYWHERE: Final = {"", "0.0.0.0", "[::]"}  # noqa: S104 - where Ollama listens, not we

_TAKEN_BY: Final[dict[EmbeddingsKind, set[str]]] = {
    "none": set(),
    "openai": {
        "EMBEDDING_MODEL",
        "EMBEDDING_BASE_URL",
        "EMBEDDING_API_KEY",
        "EMBEDDING_DIMENSIONS",
    },
    "bedrock": {"EMBEDDING_MODEL", "EMBEDDING_API_KEY", "EMBEDDING_DIMENSIONS"},
    "local": set(),
}


class ConfigurationError(Exception):
    """The settings contradict each other; the text says which to change."""


def _listed(text: str) -> list[str]:
    return [part for each in text.split(",") if (part := each.strip())]


def faults_of(error: ValidationError) -> str:
    """What is wrong with a file of settings, and where in it."""
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in error.errors()
    )


class Config(BaseSettings):
    """Every setting. `.env.example` lists the same names; a test compares the two."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore"
    )

    environment: Environment = "local"
    smriti_data_dir: Path = Path("data")
    api_base_url: str | None = None
    frontend_url: str | None = None
    cors_origins: str | None = None
    trusted_proxies: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    metrics_token: SecretStr | None = None
    max_body_bytes: Annotated[int, Field(ge=1024)] = 10 * 1024 * 1024
    import_max_bytes: Annotated[int, Field(ge=1024)] = 256 * 1024 * 1024
    stream_keep_alive_s: Annotated[float, Field(gt=0)] = 15.0
    pricing_config: Path | None = None
    stripe_secret_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None
    stripe_api_base: str | None = None
    plan_limits: Switch | None = None
    rate_limits: Switch | None = None
    rate_windows: WindowsKind | None = None
    chat_requests_per_minute: Annotated[int, Field(ge=1)] = 60
    requests_per_hour: Annotated[int, Field(ge=1)] = 1000
    superuser_emails: str = ""
    model_catalog: Path | None = None

    dynamodb_table: str | None = None
    dynamodb_endpoint: str | None = None
    aws_region_name: str = "eu-west-2"
    sqlite_durability: Literal["bounded", "full"] = "bounded"
    index_cache_mb: Annotated[int, Field(ge=1)] = 256
    index_snapshots_mb: Annotated[int, Field(ge=0)] = 1024

    jwt_secret: SecretStr | None = None
    encryption_key: SecretStr | None = None
    google_client_id: str | None = None
    google_client_secret: SecretStr | None = None
    google_issuer: str = "https://accounts.google.com"
    local_accounts: Switch | None = None

    smriti_device_key: SecretStr | None = None

    allow_private_networks: Switch | None = None
    openai_api_key: SecretStr | None = None
    openai_base_url: str = "https://api.openai.com/v1"
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str = "https://api.anthropic.com"
    aws_bearer_token_bedrock: SecretStr | None = None
    bedrock_region: str = "us-east-1"
    ollama_host: str = ""
    model_timeout_s: Annotated[float, Field(gt=0)] = 120.0
    max_concurrent_turns: Annotated[int, Field(ge=1)] = 256
    shutdown_grace_s: Annotated[float, Field(ge=0)] = 20.0

    embeddings: EmbeddingsKind = "none"
    embedding_model: str | None = None
    embedding_base_url: str | None = None
    embedding_api_key: SecretStr | None = None
    embedding_dimensions: Annotated[int, Field(ge=1, le=8192)] | None = None
    relevance_threshold: Annotated[float, Field(ge=0, le=1)] = 0.38
    top_k_results: Annotated[int, Field(ge=0, le=20)] = 4
    max_history_length: Annotated[int, Field(ge=1, le=200)] = 20
    eliza_create: str = ""
    eliza_query: str = ""
    tools_set: str = ""
    tools_query: str = ""

    @property
    def local(self) -> bool:
        return self.environment == "local"

    @property
    def database(self) -> Path:
        """The file of the embedded store."""
        return self.smriti_data_dir / "smriti.db"

    @property
    def snapshots(self) -> Path:
        """The directory of saved search indexes."""
        return self.smriti_data_dir / "indexes"

    @property
    def store_name(self) -> str:
        """Which table this is, among those that the same directory may have been used with."""
        if self.dynamodb_table is None:
            return "sqlite"
        where = self.dynamodb_endpoint or self.aws_region_name
        return f"dynamodb {where} {self.dynamodb_table}"

    @property
    def accounts_open(self) -> bool:
        """Whether people may sign up with a name and a password: on at home, off in production."""
        return self.local if self.local_accounts is None else self.local_accounts == "on"

    @property
    def private_networks_allowed(self) -> bool:
        """At home a model runs on the same machine; in public such an address is an attack."""
        if self.allow_private_networks is None:
            return self.local
        return self.allow_private_networks == "on"

    @property
    def ollama_url(self) -> str:
        """Where Ollama is, as its own programs read OLLAMA_HOST: [scheme://][host][:port][/path].

        https://github.com/ollama/ollama/blob/main/envconfig/config.go
        """
        given = _OLLAMA.fullmatch(self.ollama_host)
        scheme, host, port, path = given.groups() if given else (None, "", None, "")
        where = "127.0.0.1" if host in _EVERYWHERE else host
        return f"{scheme or 'http'}://{where}:{port or _OLLAMA_PORTS[scheme]}{path}"

    @property
    def google_configured(self) -> bool:
        return self.google_client_id is not None and self.google_client_secret is not None

    @property
    def origins(self) -> list[str]:
        """The web origins that may call the API: CORS_ORIGINS, by default FRONTEND_URL."""
        given = self.cors_origins if self.cors_origins is not None else self.frontend_url or ""
        return [origin.rstrip("/") for origin in _listed(given)]

    @property
    def plans_enforced(self) -> bool:
        """A person at home has no plan."""
        return self._public if self.plan_limits is None else self.plan_limits == "on"

    @property
    def rates_enforced(self) -> bool:
        return self._public if self.rate_limits is None else self.rate_limits == "on"

    @property
    def superusers(self) -> frozenset[str]:
        """Whom no limit of a plan stops, by their normal e-mails."""
        return frozenset(_listed(self.superuser_emails.lower()))

    @property
    def _public(self) -> bool:
        return not self.local or self.stripe_secret_key is not None

    @model_validator(mode="after")
    def _embeddings_have_what_they_need(self) -> Self:
        kind = self.embeddings
        given = {
            "EMBEDDING_MODEL": self.embedding_model,
            "EMBEDDING_BASE_URL": self.embedding_base_url,
            "EMBEDDING_API_KEY": self.embedding_api_key,
            "EMBEDDING_DIMENSIONS": self.embedding_dimensions,
        }
        idle = [name for name, value in given.items() if value and name not in _TAKEN_BY[kind]]
        if idle:
            raise ValueError(f"EMBEDDINGS={kind} does not use {', '.join(idle)}: remove it.")
        if kind == "openai" and self.embedding_base_url and not self.embedding_model:
            raise ValueError("EMBEDDING_BASE_URL needs EMBEDDING_MODEL: a model that it serves.")
        if kind == "openai" and not (self.embedding_base_url or self.embedding_api_key):
            raise ValueError("EMBEDDINGS=openai needs EMBEDDING_API_KEY (or EMBEDDING_BASE_URL).")
        return self

    @property
    def elizas(self) -> list[tuple[str, str]]:
        """Of each Eliza server where it makes agents, and where it answers; either may be empty."""
        return list(
            zip_longest(_listed(self.eliza_create), _listed(self.eliza_query), fillvalue="")
        )

    @property
    def tool_servers(self) -> list[tuple[str, str]]:
        return list(zip_longest(_listed(self.tools_set), _listed(self.tools_query), fillvalue=""))

    @model_validator(mode="after")
    def _relays_are_servers(self) -> Self:
        for names, pairs in (
            ("ELIZA_CREATE and ELIZA_QUERY", self.elizas),
            ("TOOLS_SET and TOOLS_QUERY", self.tool_servers),
        ):
            given = [address for pair in pairs for address in pair if address]
            if len(given) not in {len(pairs), 2 * len(pairs)}:
                raise ValueError(f"{names} must name the same servers, in the same order.")
            if not all(_HTTP.match(address) for address in given):
                raise ValueError(f"{names} must be addresses that begin with http:// or https://.")
        return self

    @field_validator("ollama_host")
    @classmethod
    def _is_an_address(cls, host: str) -> str:
        given = _OLLAMA.fullmatch(host)
        if not given or int(given[3] or 0) > _LAST_PORT:
            raise ValueError("Give an address such as 127.0.0.1:11434 or http://ollama:11434.")
        return host

    @model_validator(mode="after")
    def _production_is_complete(self) -> Self:
        if self.local:
            return self
        missing = [
            name
            for name, value in (
                ("JWT_SECRET", self.jwt_secret),
                ("ENCRYPTION_KEY", self.encryption_key),
            )
            if value is None
        ]
        if not (self.google_configured or self.accounts_open):
            missing.append("GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET (or LOCAL_ACCOUNTS=on)")
        if missing:
            raise ValueError(f"ENVIRONMENT=production needs {', '.join(missing)}.")
        return self
