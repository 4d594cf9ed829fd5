"""What may run, and what may not."""

import shlex
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smriti.devices.client.checks import STANDARD, words_of
from smriti.tools.toolset import ToolFailed

ALLOWED = [
    ("ls -la /var/log", ["ls", "-la", "/var/log"]),
    ("grep 'a|b; c > $d' notes.txt", ["grep", "a|b; c > $d", "notes.txt"]),
    ('grep "it\'s (fine)" x', ["grep", "it's (fine)", "x"]),
    ("find . -name '*.py' -newer setup.cfg", ["find", ".", "-name", "*.py", "-newer", "setup.cfg"]),
    ("sort -k2,2 -n --check data", ["sort", "-k2,2", "-n", "--check", "data"]),
    ("date -u +%s", ["date", "-u", "+%s"]),
    ("date -Iseconds", ["date", "-Iseconds"]),
    ("hostname -I", ["hostname", "-I"]),
    ("uniq -c words", ["uniq", "-c", "words"]),
    ("python3 --version", ["python3", "--version"]),
    (r"echo a\;b c~d e#f", ["echo", "a;b", "c~d", "e#f"]),
]
REFUSED = [
    *("", "  ", "rm -rf /", "/bin/ls", "./ls", "../ls", "LS", "bash -c ls", "env ls"),
    *("ls; id", "ls | wc", "ls && id", "ls & id", "ls > x", "cat < x", "(ls)", "ls `id`"),
    *("ls $(id)", 'ls "$(id)"', 'ls "`id`"', "ls $HOME", 'ls "$HOME"', "ls *", "ls a?", "ls [a]"),
    *("ls ~", "ls #x", "ls\nid", "ls\rid", "ls\0", "ls\x1b[2K", "echo 'a", 'echo "a', "echo a\\"),
    *("find . -exec id {} +", "find . -execdir id", "find . -ok id", "find . -okdir id"),
    *("find . -delete", "find . -fprint x", "find . -fprint0 x", "find . -fprintf x y"),
    *("find . -fls x", "find . '-delete'", "find . -del'e'te"),
    *("sort -o x y", "sort -uo x y", "sort -ox y", "sort --output=x y", "sort --out x y"),
    *("sort --compress-program=id x", "sort --comp id x"),
    *("date -s 12:00", "date -us 12:00", "date --set=12:00", "date --se 12:00", "date 01021504"),
    *("hostname evil", "hostname -F x", "hostname -b x", "uniq a b", "uniq -- a -b", "uniq - b"),
    *("uniq -f 1 a", "file -C -m x", "file --compile", "file -bC", "python", "python x.py"),
    *("python3 -c 1", "python3 -V x", "python -m http.server", "x" * 9000),
]


@pytest.mark.parametrize(("command", "words"), ALLOWED)
def test_programs_that_look_may_run(command: str, words: list[str]) -> None:
    assert words_of(command) == words


@pytest.mark.parametrize("command", REFUSED)
def test_what_could_do_harm_may_not(command: str) -> None:
    with pytest.raises(ToolFailed):
        words_of(command)


def test_what_was_allowed_besides_may_do_anything() -> None:
    also = frozenset({"git", "python3"})

    assert words_of("git commit -m 'It works'", also=also) == ["git", "commit", "-m", "It works"]
    assert words_of("python3 -c 'print(1)'", also=also) == ["python3", "-c", "print(1)"]
    with pytest.raises(ToolFailed, match="There is no shell here"):
        words_of("git log | head", also=also)


def test_a_refusal_says_what_may_run() -> None:
    with pytest.raises(ToolFailed, match=r"'curl' may not run on this device.* basename cal cat"):
        words_of("curl http://example.org")


PIECES = st.one_of(
    st.sampled_from(sorted(STANDARD)),
    st.sampled_from(list(" \t'\"\\$`;|&<>()*?[]{}~#!=-+.,:@%^/\n\r\0")),
    st.text(max_size=3),
    st.sampled_from(["-exec", "-delete", "--output", "-o", "-s", "${x}", "$(id)", "ü", "a b"]),
)
COMMANDS = st.one_of(
    st.lists(PIECES, max_size=12).map("".join),
    st.lists(PIECES, max_size=8).map(lambda pieces: "echo " + "".join(pieces)),
    st.lists(st.text(max_size=8), min_size=1, max_size=4).map(shlex.join),
)


@given(command=COMMANDS)
def test_only_programs_of_the_list_come_through(command: str) -> None:
    try:
        program, *_ = words_of(command)
    except ToolFailed:
        return
    assert program in STANDARD


PRINTED = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8"))


@given(words=st.lists(PRINTED, max_size=5))
def test_what_is_quoted_arrives_as_it_is(words: list[str]) -> None:
    assert words_of(shlex.join(["echo", *words])) == ["echo", *words]


@given(command=COMMANDS)
@example(command='echo "a\\b" \'c\'d"e"\\f')
@example(command="echo a\\ ~b")
def test_what_comes_through_means_the_same_to_a_shell(command: str) -> None:
    """The shell gets the arguments of `echo`, to print each with a NUL behind it."""
    try:
        program, *arguments = words_of(command)
    except ToolFailed:
        return
    if program != "echo" or not command.startswith("echo"):
        return
    script = "printf '%s\\0' x " + command.removeprefix("echo")
    ran = subprocess.run(["sh", "-c", script], capture_output=True, check=True)

    assert ran.stdout == b"".join(word.encode() + b"\0" for word in ["x", *arguments])
