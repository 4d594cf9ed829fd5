"""The words of signing in."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from smriti.users.models import normal_email

type Username = Annotated[
    str,
    Field(pattern=r"^ *[A-Za-z0-9._-]{1,40} *$", examples=["ada"]),
    AfterValidator(normal_email),
]
type NewPassword = Annotated[
    SecretStr, Field(min_length=8, max_length=1024, examples=["correct horse"])
]
type GivenPassword = Annotated[SecretStr, Field(max_length=1024, examples=["correct horse"])]


class Claims(BaseModel):
    """What a dashboard token says; its signature and its expiry have been checked."""

    model_config = ConfigDict(frozen=True)

    sub: str
    name: str
    picture: str | None = None
    iat: int
    exp: int
    type: Literal["user"]
    token_version: int


class Credentials(BaseModel):
    username: Username
    password: GivenPassword


class NewAccount(BaseModel):
    username: Username
    password: NewPassword


class PasswordChange(BaseModel):
    current_password: GivenPassword
    new_password: NewPassword


class LinkToken(BaseModel):
    """The `token` of a sign-in link."""

    token: Annotated[str, Field(max_length=200)]


class SignedIn(BaseModel):
    """A bearer token, good for 7 days, and whose it is."""

    token: str
    email: str
    name: str


class Profile(BaseModel):
    email: str
    name: str
    picture: str | None


class DeletionStarted(BaseModel):
    message: Literal["Account deletion initiated"] = "Account deletion initiated"
    status: Literal["processing"] = "processing"
