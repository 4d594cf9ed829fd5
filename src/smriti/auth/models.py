"""The words of signing in."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic.config import JsonDict

from smriti.users.models import normal_email

type Username = Annotated[
    str,
    Field(pattern=r"^ *[A-Za-z0-9._-]{1,40} *$"),
    AfterValidator(normal_email),
]


def _without_halves(password: SecretStr) -> SecretStr:
    try:
        password.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("a password cannot hold half of a character") from None
    return password


type NewPassword = Annotated[
    SecretStr, Field(min_length=8, max_length=1024), AfterValidator(_without_halves)
]
type GivenPassword = Annotated[SecretStr, Field(max_length=1024), AfterValidator(_without_halves)]


class TokenClaims(BaseModel):
    """What every token of ours says; its signature has been checked. Times are Unix seconds."""

    model_config = ConfigDict(frozen=True)

    sub: str
    name: str
    picture: str | None = None
    iat: int
    exp: int


class Claims(TokenClaims):
    """What a dashboard token says."""

    type: Literal["user"] = "user"
    token_version: int


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom an agent works. `owner` has the agent and pays; `user` speaks, and is remembered:
    somebody else only where the owner lets strangers talk to the agent.

    `claims`: of the token that says so; None when a key does.
    """

    owner: str
    user: str
    claims: Claims | None = None


_ACCOUNT: Final[JsonDict] = {"username": "ada", "password": "correct horse"}


class Credentials(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _ACCOUNT})

    username: Username
    password: GivenPassword


class NewAccount(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _ACCOUNT})

    username: Username
    password: NewPassword


class PasswordChange(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"current_password": "correct horse", "new_password": "battery staple"}
        }
    )

    current_password: GivenPassword
    new_password: NewPassword


class LinkToken(BaseModel):
    """The `token` of a sign-in link."""

    model_config = ConfigDict(json_schema_extra={"example": {"token": "q1w2…"}})

    token: Annotated[str, Field(max_length=200)]


class SignInMethods(BaseModel):
    """What a sign-in page may offer; `link`: `smriti login-link` prints one."""

    local_accounts: bool
    google: bool
    link: bool


class SignedIn(BaseModel):
    """A bearer token, good for 7 days, and whose it is."""

    token: str
    email: str
    name: str


type SignInWay = Literal["local", "google", "link"]


class Profile(BaseModel):
    """`sign_in`: by a name and a password, by Google, or by a link, as this server's owner."""

    email: str
    name: str
    picture: str | None
    has_password: bool
    sign_in: SignInWay


class DeletionStarted(BaseModel):
    message: Literal["Account deletion initiated"] = "Account deletion initiated"
    status: Literal["processing"] = "processing"
