"""What a terminal gets to see."""

import io

import pytest

from smriti.cli.screen import Screen, one_line, plain

HOSTILE = "a\x1b]0;title\x07b\x1b[2Jc\rd\x9b31me\x7f\x08\x00f"


def test_no_control_character_passes_but_line_breaks_and_tabs() -> None:
    assert plain(HOSTILE) == "a]0;titleb[2Jcd31mef"
    assert plain("one\n\ttwo") == "one\n\ttwo"
    assert one_line("one\n\ttwo") == "one  two"
    assert plain("naïve 日本 🙂") == "naïve 日本 🙂"


@pytest.mark.parametrize("styled", [True, False])
def test_nothing_from_a_server_steers_the_terminal(styled: bool) -> None:
    out = io.StringIO()
    screen = Screen(out, styled=styled)
    for write in (screen.say, screen.think, screen.aside, screen.line):
        write(HOSTILE)

    ours = out.getvalue().replace("\x1b[2m", "").replace("\x1b[0m", "")
    assert ours.isprintable() or ours.replace("\n", "").isprintable()


def test_an_answer_runs_on_and_asides_stand_on_their_own_lines() -> None:
    out = io.StringIO()
    screen = Screen(out, styled=True)

    screen.think("Let me ")
    screen.think("see.")
    screen.say("It ")
    screen.say("is")
    screen.aside("> look(\n)")
    screen.say("done.")
    screen.line("bye")

    assert out.getvalue() == (
        "\x1b[2mLet me \x1b[0m\x1b[2msee.\x1b[0m\nIt is\n\x1b[2m> look( )\x1b[0m\ndone.\nbye\n"
    )


def test_without_styles_there_is_only_text() -> None:
    out = io.StringIO()
    screen = Screen(out, styled=False)

    screen.aside("quietly")
    screen.say("")
    screen.end_line()

    assert out.getvalue() == "quietly\n"
