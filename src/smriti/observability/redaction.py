"""Keeps secrets out of logs: by the name of the field, and by the look of the text."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from structlog.typing import EventDict, WrappedLogger

_MASK: Final = "***"
_SECRET_NAME: Final = re.compile(
    r"authorization|cookie|token|passw|secret|credential"
    r"|(?:api|private|encryption|access)[-_ ]?key|^jwt",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(
    r"sk_smriti_[\w-]{8,}"  # our own, also after the %3D of an address in an address
    r"|\b[sr]k[-_][\w-]{8,}"  # keys of model providers and of Stripe
    r"|\bwhsec_\w+"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # a JWT: base64url of '{"'
    r"|(bearer )[\w.~+/=-]{8,}"
    r"|([?&](?:token|code|key)=)[^&\s\"']+"
    r"|(://)[^/?#\s@]+(?=@)",  # who asks, and the password
    re.IGNORECASE,
)
_MASKED_TEXT: Final = rf"\1\2\3{_MASK}"


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor. Numbers pass under any name: `tokens=812` is a count, not a secret."""
    return {name: _redacted(value, secret=_is_secret(name)) for name, value in event.items()}


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _redacted(value: object, *, secret: bool) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {
            str(name): _redacted(inner, secret=secret or _is_secret(str(name)))
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(inner, secret=secret) for inner in value]
    return _MASK if secret else _SECRET_TEXT.sub(_MASKED_TEXT, str(value))
