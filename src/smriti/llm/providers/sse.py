"""Reading server-sent events."""

from typing import Final

from smriti.llm.providers.failures import StreamBroken

MAX_LINE_BYTES: Final = 1024 * 1024


class DataLines:
    """The `data:` lines of an event stream, from bytes however they were cut.

    The model APIs put one document into one line, and some servers forget the blank line between
    events; so a line is an event here. Comments and other fields are passed over.
    """

    def __init__(self, *, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._rest = b""

    def feed(self, received: bytes) -> list[bytes]:
        """The payloads of the lines that `received` completes. `StreamBroken`."""
        if b"\r" in received:  # CR, LF and CRLF end a line; an empty line more does no harm
            received = received.replace(b"\r", b"\n")
        *lines, self._rest = (self._rest + received).split(b"\n")
        if len(self._rest) > self._max_bytes:
            raise StreamBroken("sent a line that is too long.")
        return [line[5:].strip() for line in lines if line.startswith(b"data:")]
