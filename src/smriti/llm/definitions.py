"""What each provider asks of its user, and how the answers are checked."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx2
import orjson

from smriti.core.errors import BadRequest, Invalid
from smriti.core.forms import FormInput, FormOption
from smriti.llm.headers import parse_headers
from smriti.llm.provider import Credentials

_MAX_CHARACTERS: Final = 8_000
_ADDRESS: Final = ("base_url", "region")
# It becomes a part of the host's name that the credentials are sent to.
_REGION: Final = re.compile(r"[a-z]{2}(-gov)?-[a-z]{4,12}-[1-9]")


class InvalidCredentials(Invalid):
    slug = "invalid-credentials"


@dataclass(frozen=True)
class ProviderDefinition:
    """A provider's form and the rules for what is put into it.

    `secrets` are the fields that are never shown again, in groups that are replaced as a whole.
    """

    form_inputs: list[FormInput] = field(default_factory=list)
    required: tuple[str, ...] = ()
    secrets: tuple[tuple[str, ...], ...] = ()
    check: Callable[[Credentials], Credentials] = dict

    def validate(self, values: Mapping[str, object]) -> Credentials:
        """The form's filled fields, trimmed, as text; members that it does not ask for are dropped.

        `BadRequest` when a required one is missing, `Invalid` when one cannot be right.
        """
        names = [form_input.name for form_input in self.form_inputs]
        given = {name: _text(name, values.get(name)) for name in names}
        missing = [name for name in self.required if not given[name]]
        if missing:
            raise BadRequest(f"Missing required fields: {missing}")
        return self.check({name: text for name, text in given.items() if text})

    def validate_again(self, values: Mapping[str, object], before: Credentials) -> Credentials:
        """The same over what was saved: secrets that are left empty stay, those of null go.

        None stays when the address changes: a secret is for who was told it.
        """
        kept = {
            name: before[name]
            for group in self.secrets
            if not any(_is_touched(values, name) for name in group)
            for name in group
            if name in before
        }
        if not kept:
            return self.validate(values)
        whole = self.validate({**values, **kept})
        same = all(whole.get(name) == before.get(name) for name in _ADDRESS)
        return whole if same else self.validate(values)


def _is_touched(values: Mapping[str, object], name: str) -> bool:
    value = values.get(name, "")
    return not isinstance(value, str) or value.strip() != ""


def _text(name: str, value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            text = value.strip()
        case bool() | int() | float():
            text = str(value)
        case dict():
            text = _json(name, value)
        case _:
            raise InvalidCredentials(f"{name!r} must be a text.")
    if len(text) > _MAX_CHARACTERS:
        raise InvalidCredentials(f"{name!r} is longer than {_MAX_CHARACTERS} characters.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidCredentials(f"{name!r} holds half of a character.") from None
    return text


def _json(name: str, value: Mapping[str, object]) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # half of a character, a number of more than 64 bits, too many levels
        raise InvalidCredentials(f"{name!r} cannot be kept as JSON.") from None


def _check_openai(given: Credentials) -> Credentials:
    parse_headers(given.get("default_headers", ""))
    _check_keys(given, "api_key")
    if given.get("api", _APIS[0].value) not in {option.value for option in _APIS}:
        raise InvalidCredentials("'api' is none of the APIs that it can be.")
    url = _base_url(given["base_url"]).removesuffix("/chat/completions").removesuffix("/responses")
    return given | {"base_url": url.rstrip("/")}


def _check_anthropic(given: Credentials) -> Credentials:
    _check_keys(given, "api_key")
    url = _base_url(given["base_url"]).removesuffix("/messages").rstrip("/")
    checked = given | {"base_url": url.removesuffix("/v1").rstrip("/")}
    if "thinking_budget" in given:
        checked["thinking_budget"] = str(_budget(given["thinking_budget"]))
    return checked


def _budget(text: str) -> int:
    """The API's own limits: at least 1,024, and less than any model says at all."""
    number = int(text) if re.fullmatch(r"[0-9]{1,7}", text) else 0
    if not 1_024 <= number <= 1_000_000:
        raise InvalidCredentials("'thinking_budget' must be a number from 1024 to 1000000.")
    return number


def _check_bedrock(given: Credentials) -> Credentials:
    keys = ("aws_access_key_id", "aws_secret_access_key")
    _check_keys(given, "api_key", "aws_session_token", *keys)
    if not _REGION.fullmatch(given["region"]):
        raise InvalidCredentials("'region' is not the name of a region, such as us-east-1.")
    missing = [name for name in keys if name not in given]
    if missing and "api_key" not in given:
        raise BadRequest(f"Missing required fields: {missing}, or an 'api_key' instead")
    return given


def _check_keys(given: Credentials, *names: str) -> None:
    for name in names:
        key = given.get(name, "")
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise InvalidCredentials(f"{name!r} holds characters that no key has.")


def _base_url(text: str) -> str:
    """The address, if it is one. Never repeated in errors: it may hold a secret."""
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise InvalidCredentials("'base_url' is not a web address.") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise InvalidCredentials("'base_url' must be an address that begins with http(s)://.")
    if url.userinfo or url.query or url.fragment:
        raise InvalidCredentials(
            "'base_url' must be a plain address, without a name, a password, '?' or '#'."
        )
    return text.rstrip("/")


_APIS: Final = [
    FormOption(value="auto", label="Automatic: Responses at OpenAI, chat completions elsewhere"),
    FormOption(value="chat", label="Chat completions"),
    FormOption(value="responses", label="Responses"),
]

OPENAI: Final = ProviderDefinition(
    form_inputs=[
        FormInput(
            input_type="text",
            name="base_url",
            label="Base URL",
            value="https://api.openai.com/v1",
            attr={"type": "url", "placeholder": "http://localhost:11434/v1"},
        ),
        FormInput(input_type="password", name="api_key", label="API Key (none for a local model)"),
        FormInput(
            input_type="text",
            name="model",
            label="Model, when an agent names none",
            attr={"placeholder": "gpt-4.1-mini"},
        ),
        FormInput(
            input_type="text_area",
            name="default_headers",
            label="Default headers",
            attr={"placeholder": "Name: value"},
        ),
        FormInput(
            input_type="select", name="api", label="API", value=_APIS[0].value, options=_APIS
        ),
    ],
    required=("base_url",),
    secrets=(("api_key",), ("default_headers",)),
    check=_check_openai,
)

ANTHROPIC: Final = ProviderDefinition(
    form_inputs=[
        FormInput(input_type="password", name="api_key", label="API Key"),
        FormInput(
            input_type="text",
            name="base_url",
            label="Base URL",
            value="https://api.anthropic.com",
            attr={"type": "url"},
        ),
        FormInput(
            input_type="text",
            name="model",
            label="Model, when an agent names none",
            attr={"placeholder": "claude-sonnet-5-5"},
        ),
        FormInput(
            input_type="text",
            name="thinking_budget",
            label="Thinking, in tokens (empty: as the model does by itself)",
            attr={"type": "number", "min": "1024", "placeholder": "8192"},
        ),
    ],
    required=("api_key", "base_url"),
    secrets=(("api_key",),),
    check=_check_anthropic,
)

BEDROCK: Final = ProviderDefinition(
    form_inputs=[
        FormInput(input_type="text", name="aws_access_key_id", label="AWS access key ID"),
        FormInput(
            input_type="password", name="aws_secret_access_key", label="AWS secret access key"
        ),
        FormInput(
            input_type="password",
            name="aws_session_token",
            label="AWS session token (of temporary keys)",
        ),
        FormInput(
            input_type="password",
            name="api_key",
            label="Bedrock API key (in the place of the AWS keys)",
        ),
        FormInput(input_type="text", name="region", label="Region", value="us-east-1"),
        FormInput(
            input_type="text",
            name="model",
            label="Model, when an agent names none",
            attr={"placeholder": "us.anthropic.claude-haiku-4-5-20251001-v1:0"},
        ),
    ],
    required=("region",),
    secrets=(("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "api_key"),),
    check=_check_bedrock,
)

PROVIDERS: Final[Mapping[str, ProviderDefinition]] = {
    "Demo": ProviderDefinition(),
    "OpenAI": OPENAI,
    "Anthropic": ANTHROPIC,
    "Bedrock": BEDROCK,
}
"""Every provider by the name that agents and settings use. Demo asks nothing: it is ready."""
