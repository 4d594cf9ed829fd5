"""The file out of a form (multipart/form-data), while that arrives."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from smriti.core.errors import Invalid

_FIELD: Final = b"file"


class FormInvalid(Invalid):
    slug = "import-form-invalid"

    def __init__(self, message: str) -> None:
        super().__init__(
            f"The form {message}.",
            errors=[{"type": "import_form", "loc": ["body", "file"], "msg": message}],
        )


async def file_in(form: AsyncIterator[bytes], boundary: bytes) -> AsyncIterator[bytes]:
    """What the field `file` of a form holds. `FormInvalid` when there is not just one."""
    reader = _FormReader(boundary)
    async for block in form:
        if found := await asyncio.to_thread(reader.read, block):
            yield found
    reader.check()


class _FormReader:
    def __init__(self, boundary: bytes) -> None:
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_begin": self._begin_header,
                "on_header_field": self._add_name,
                "on_header_value": self._add_value,
                "on_header_end": self._end_header,
                "on_part_data": self._add_data,
                "on_end": self._end,
            },
        )
        self._name, self._value = bytearray(), bytearray()
        self._found = bytearray()
        self._is_file = self._ended = False
        self._files = 0

    def read(self, block: bytes) -> bytes:
        """What this next block of the form holds of the file."""
        try:
            self._parser.write(block)
        except FormParserError as error:
            raise FormInvalid("is not multipart/form-data") from error
        found = bytes(self._found)
        self._found.clear()
        return found

    def check(self) -> None:
        if not self._ended:
            raise FormInvalid("is cut off")
        if self._files != 1:
            raise FormInvalid(f"must have one file in its field 'file', and has {self._files}")

    def _begin_part(self) -> None:
        self._is_file = False

    def _begin_header(self) -> None:
        self._name.clear()
        self._value.clear()

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._name.lower() != b"content-disposition":
            return
        _, options = parse_options_header(self._value.decode("latin-1"))
        self._is_file = options.get(b"name") == _FIELD
        self._files += self._is_file

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._found += data[start:end]

    def _end(self) -> None:
        self._ended = True
