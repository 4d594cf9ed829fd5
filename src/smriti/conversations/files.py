"""An attachment as a response: bytes to look at or to keep, never a page of this server."""

import base64
from typing import Any, Final
from urllib.parse import quote

from fastapi.responses import Response

from smriti.messages.models import IMAGE_TYPES, Attachment

_TEXT: Final = "text/plain; charset=utf-8"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, max-age=86400",
}

FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file: a picture as what it is, everything else as plain text.",
        "content": {
            kind: {"schema": {"type": "string", "contentMediaType": kind}}
            for kind in ("text/plain", *sorted(set(IMAGE_TYPES.values())))
        },
    }
}


def file_response(file: Attachment) -> Response:
    """Pictures may be shown in place; other files are for keeping."""
    image = file.image if file.is_image else None
    kind = "inline" if image else "attachment"
    named = f"{kind}; filename*=UTF-8''{quote(file.filename, safe='')}"
    return Response(
        base64.b64decode(image.data) if image else file.content.encode(),
        media_type=image.media_type if image else _TEXT,
        headers={**_HEADERS, "Content-Disposition": named},
    )
