"""Signing in, out and away: tokens, passwords, links, Google, and deleting the account."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from smriti.auth.dependencies import (
    Accounts,
    ClientAddress,
    Cookie,
    CurrentUser,
    Google,
    Landings,
    Links,
    TokensService,
    Users,
    no_store,
)
from smriti.auth.google import GoogleAnswer
from smriti.auth.keys.dependencies import AdminUser
from smriti.auth.models import (
    Credentials,
    DeletionStarted,
    LinkToken,
    NewAccount,
    PasswordChange,
    Profile,
    SignedIn,
    SignInMethods,
)
from smriti.auth.profiles import profile_of
from smriti.core.edge import PROBLEMS

router = APIRouter(tags=["auth"], responses=PROBLEMS, dependencies=[Depends(no_store)])


@router.get("/auth/me", summary="Show who is signed in")
async def get_me(user: AdminUser) -> Profile:
    return profile_of(user)


@router.get("/auth/methods", summary="Ask in which ways one may sign in")
async def get_methods(accounts: Accounts, google: Google, links: Links) -> SignInMethods:
    return SignInMethods(
        local_accounts=accounts.is_open, google=google.is_configured, link=links.is_open
    )


@router.post("/auth/local/signup", summary="Make an account with a name and a password")
async def sign_up(new: NewAccount, accounts: Accounts, cookie: Cookie) -> SignedIn:
    signed_in = await accounts.sign_up(new)
    cookie.welcome(signed_in.token)
    return signed_in


@router.post("/auth/local/login", summary="Sign in with a name and a password")
async def log_in(
    given: Credentials, accounts: Accounts, client: ClientAddress, cookie: Cookie
) -> SignedIn:
    signed_in = await accounts.log_in(given, client)
    cookie.welcome(signed_in.token)
    return signed_in


@router.post("/auth/local/password", summary="Change the password and end every other sign-in")
async def change_password(
    change: PasswordChange,
    user: CurrentUser,
    accounts: Accounts,
    client: ClientAddress,
    cookie: Cookie,
) -> SignedIn:
    signed_in = await accounts.change_password(user, change, client)
    cookie.replace(signed_in.token)
    return signed_in


@router.post("/auth/link", summary="Change the token of a sign-in link for a bearer token")
async def redeem_link(link: LinkToken, links: Links, tokens: TokensService) -> SignedIn:
    return tokens.sign_in(await links.redeem(link.token))


@router.post("/auth/sign-out", status_code=204, summary="Forget the session cookie")
async def sign_out(cookie: Cookie) -> None:
    cookie.clear()


@router.post("/auth/sign-out-everywhere", status_code=204, summary="End every sign-in")
async def sign_out_everywhere(user: CurrentUser, users: Users, cookie: Cookie) -> None:
    await users.sign_out_everywhere(user.email)
    cookie.clear()


@router.delete("/users/me", summary="Delete the account and everything it owns")
async def delete_account(user: CurrentUser, users: Users, cookie: Cookie) -> DeletionStarted:
    await users.delete(user.email)
    cookie.clear()
    return DeletionStarted()


@router.get(
    "/login",
    summary="Open a sign-in link in a browser",
    status_code=303,
    response_class=RedirectResponse,
    responses={401: {"content": {"text/html": {}}, "description": "The link is used or too old."}},
)
async def open_link(
    request: Request, landing: Landings, token: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    return await landing.by_link(request, token)


@router.get(
    "/auth/google",
    summary="Sign in with Google",
    status_code=307,
    response_class=RedirectResponse,
)
async def go_to_google(request: Request, google: Google, landing: Landings) -> Response:
    return landing.to_google(request, await google.depart(landing.callback_url(request)))


@router.get(
    "/auth/callback",
    summary="Come back from Google",
    status_code=307,
    response_class=RedirectResponse,
    responses={303: {"description": "Signed in to this server's own page."}},
)
@router.get(
    "/auth/callback/google",
    summary="Come back from Google (older address)",
    status_code=307,
    response_class=RedirectResponse,
    responses={303: {"description": "Signed in to this server's own page."}},
)
async def come_from_google(
    request: Request, answer: Annotated[GoogleAnswer, Query()], google: Google, landing: Landings
) -> Response:
    outcome = await google.arrive(answer, landing.attempt(request))
    return landing.from_google(request, outcome)
