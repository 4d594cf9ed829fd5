"""An account as its owner sees it."""

from smriti.auth.links import OWNER_EMAIL
from smriti.auth.models import Profile, SignInWay
from smriti.users.models import LOCAL_DOMAIN, User


def profile_of(user: User) -> Profile:
    return Profile(
        email=user.email,
        name=user.name,
        picture=user.picture,
        has_password=user.password_hash is not None,
        sign_in=_way(user.email),
    )


def _way(email: str) -> SignInWay:
    if email == OWNER_EMAIL:
        return "link"
    return "local" if email.endswith(LOCAL_DOMAIN) else "google"
