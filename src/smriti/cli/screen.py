"""What a conversation looks like in a terminal, or in a file it is piped to."""

from typing import Final, TextIO

_CONTROL: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)))
_PLAIN: Final = {code: None for code in _CONTROL if chr(code) not in "\n\t"}
_ONE_LINE: Final = _PLAIN | {ord("\n"): " ", ord("\t"): " "}
_DIM, _NORMAL = "\x1b[2m", "\x1b[0m"


def plain(text: str) -> str:
    """Text from elsewhere that can only be read: no control characters but \\n and \\t."""
    return text.translate(_PLAIN)


def one_line(text: str) -> str:
    return text.translate(_ONE_LINE)


class Screen:
    """Writes what is said as it comes. `styled`: whether `out` understands ANSI styles."""

    def __init__(self, out: TextIO, *, styled: bool) -> None:
        self._out = out
        self._styled = styled
        self._at_line_start = True
        self._thinking = False

    def say(self, text: str) -> None:
        """A piece of an answer, right after the piece before."""
        if self._thinking:
            self.end_line()
        self._write(plain(text))

    def think(self, text: str) -> None:
        """A piece of what the model thinks, dimly."""
        if not self._thinking:
            self.end_line()
        self._thinking = True
        self._write(plain(text), dim=True)

    def aside(self, text: str) -> None:
        """One dim line."""
        self.end_line()
        self._write(one_line(text), dim=True)
        self.end_line()

    def line(self, text: str = "") -> None:
        """Whole lines, below whatever was said."""
        self.end_line()
        self._write(f"{plain(text)}\n")

    def end_line(self) -> None:
        self._thinking = False
        if not self._at_line_start:
            self._write("\n")

    def _write(self, text: str, *, dim: bool = False) -> None:
        if text:
            self._out.write(f"{_DIM}{text}{_NORMAL}" if dim and self._styled else text)
            self._out.flush()
            self._at_line_start = text.endswith("\n")
