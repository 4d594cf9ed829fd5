"""An OpenID Connect issuer that speaks through httpx2's mock transport."""

import base64
import hashlib
from functools import cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwk, jwt

from smriti.core.clock import unix_now

ISSUER = "https://issuer.example"
CLIENT_ID = "smriti-client"
CLIENT_SECRET = "client-secret-of-the-tests"


@cache
def rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def other_rsa_key() -> str:
    return rsa_key.__wrapped__()


class FakeGoogle:
    """`claims` replaces members of the identity token; `sign_with` is the key that signs it."""

    def __init__(self, issuer: str = ISSUER) -> None:
        self.issuer = issuer
        self.claims: dict[str, Any] = {}
        self.sign_with = rsa_key()
        self.kid = "key-1"
        self.broken = False
        self.access_token = "granted"
        self.asked: list[str] = []
        self._asked_for: dict[str, str] = {}

    def approve(self, location: str) -> dict[str, str]:
        """The person says yes on the consent page; what comes back in the query."""
        self._asked_for = dict(parse_qsl(urlsplit(location).query))
        return {"code": "the-code", "state": self._asked_for["state"]}

    def http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self.answer))

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.path)
        if self.broken:
            raise httpx2.ConnectError("Nobody is there.")
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx2.Response(
                    200,
                    json={
                        "issuer": self.issuer,
                        "authorization_endpoint": f"{self.issuer}/authorize",
                        "token_endpoint": f"{self.issuer}/token",
                        "jwks_uri": f"{self.issuer}/keys",
                    },
                )
            case "/keys":
                public = jwk.construct(rsa_key(), "RS256").public_key().to_dict()
                return httpx2.Response(200, json={"keys": [public | {"kid": "key-1"}]})
            case "/token":
                return self._token({k: v[0] for k, v in parse_qs(request.content.decode()).items()})
            case _:
                return httpx2.Response(404)

    def _token(self, form: dict[str, str]) -> httpx2.Response:
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if (
            form["code"] != "the-code"
            or form["client_secret"] != CLIENT_SECRET
            or form["redirect_uri"] != self._asked_for["redirect_uri"]
            or base64.urlsafe_b64encode(digest).decode().rstrip("=")
            != self._asked_for["code_challenge"]
        ):
            return httpx2.Response(400, json={"error": "invalid_grant"})
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "1234567890",
            "iat": unix_now(),
            "exp": unix_now() + 600,
            "nonce": self._asked_for["nonce"],
            "email": " Ada@Example.com",
            "email_verified": True,
            "name": "Ada Lovelace",
            "picture": "https://pictures.example/ada.png",
            **self.claims,
        }
        id_token = jwt.encode(
            claims, self.sign_with, "RS256", {"kid": self.kid}, access_token="granted"
        )
        return httpx2.Response(200, json={"id_token": id_token, "access_token": self.access_token})
