"""Secrets at rest."""

import base64
import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12  # NIST SP 800-38D §5.2.1.1: 96 bits


class SecretUnreadable(Exception):
    """The ciphertext was made with another key, for another place, or was changed."""


class SecretBox:
    """Encrypts text with AES-256-GCM under one key, derived once per process.

    `place` says where the secret belongs (owner, name); a ciphertext moved elsewhere does not open.
    """

    def __init__(self, key: str) -> None:
        # The key is a random secret, not a password: one SHA-256 is enough to make 32 bytes of it.
        self._aead = AESGCM(hashlib.sha256(key.encode()).digest())

    def seal(self, text: str, *, place: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(
            nonce + self._aead.encrypt(nonce, text.encode(), place.encode())
        ).decode()

    def open(self, sealed: str, *, place: str) -> str:
        """The text, or `SecretUnreadable`."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            return self._aead.decrypt(
                raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode()
            ).decode()
        except (ValueError, InvalidTag) as error:
            raise SecretUnreadable("This secret cannot be opened with the current key.") from error
