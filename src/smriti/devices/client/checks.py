"""Which commands may run: one program of a list, named without a path, with harmless arguments.

No shell runs them. What only a shell would understand is refused, so that an accepted command
means to us the words that it would mean to a shell.
"""

import re
import shlex
from collections.abc import Callable, Sequence
from typing import Final

from smriti.tools.toolset import ToolFailed

MAX_CHARACTERS: Final = 8000
_LOOKING: Final = (
    "ls pwd cat head tail grep find which whereis wc sort uniq cut tr uname hostname whoami id "
    "uptime free df du ps ping traceroute nslookup dig host file stat md5sum sha256sum python "
    "python3 echo date cal basename dirname realpath diff test"
)
STANDARD: Final = frozenset(_LOOKING.split())
"""Programs that look and do not touch, as far as `_HARMLESS` keeps them to it."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_QUOTED: Final = re.compile(r"""\\.|'[^']*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_FOR_A_SHELL: Final = re.compile(r"[$`;|&<>()*?[]|(?<!\S)[~#]")


def words_of(command: str, *, also: frozenset[str] = frozenset()) -> list[str]:
    """The program and its arguments; `ToolFailed` says what is not allowed, and what to do.

    `also`: programs that may run besides, with any arguments.
    """
    if len(command) > MAX_CHARACTERS:
        raise ToolFailed(f"A command has at most {MAX_CHARACTERS} characters.")
    if _CONTROL.search(command):
        raise ToolFailed("A command is one line, without control characters.")
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ToolFailed(f"The quotes of the command do not match: {error}.") from error
    if not words:
        raise ToolFailed("The command is empty.")
    if found := _FOR_A_SHELL.search(_QUOTED.sub(_still_seen, command)):
        raise ToolFailed(
            f"There is no shell here, so {found[0]} cannot do what it does in one: no pipes, "
            "redirections, variables, patterns or sequences. Run one program at a time, and put "
            "what is meant literally into single quotes."
        )
    _check(words[0], words[1:], also)
    return words


def _still_seen(quoted: re.Match[str]) -> str:
    """What of a quoted piece a shell would act on: what double quotes leave to it."""
    text = quoted[0]
    return "_" + "".join(c for c in text if c in "$`") if text.startswith('"') else "_"


def _check(program: str, arguments: Sequence[str], also: frozenset[str]) -> None:
    if program in also:
        return
    if program not in STANDARD:
        known = " ".join(sorted(STANDARD | also))
        raise ToolFailed(
            f"{program!r} may not run on this device. Programs are named without a path; "
            f"these may run: {known}."
        )
    harmless = _HARMLESS.get(program)
    if harmless and not harmless(arguments):
        raise ToolFailed(
            f"{program} may not run with these arguments on this device: they write, or start "
            "something else."
        )


def _none_like(pattern: str) -> Callable[[Sequence[str]], bool]:
    return lambda arguments: not any(re.match(pattern, argument) for argument in arguments)


def _all_like(pattern: str) -> Callable[[Sequence[str]], bool]:
    return lambda arguments: all(re.fullmatch(pattern, argument) for argument in arguments)


def _reads_one_file(arguments: Sequence[str]) -> bool:
    """A second file is written to, and behind `--` a name may look like an option."""
    files = [argument for argument in arguments if not re.match("-.", argument)]
    return len(files) <= 1 and "--" not in arguments


def _asks_its_version(arguments: Sequence[str]) -> bool:
    return list(arguments) in (["--version"], ["-V"])


# Long options may be abbreviated, and short ones written together; it is no harm to refuse more.
_HARMLESS: Final = {
    "find": _none_like(r"-(exec|ok|delete|fprint|fls)"),
    "sort": _none_like(r"-[^-]*o|--(o|co)"),
    "file": _none_like(r"-[^-]*C|--co"),
    "date": _none_like(r"-[Ru]*s|--s|\d{2,}(\.\d\d)?$"),
    "hostname": _all_like(r"-[adfiIsA]+|--(alias|all-fqdns|all-ip-addresses|fqdn|long|short)"),
    "uniq": _reads_one_file,
    "python": _asks_its_version,
    "python3": _asks_its_version,
}
