"""What is typed into a chat, and what is shown."""

import io

import httpx2
import pytest

from smriti.agents.models import Agent
from smriti.cli.conversation import Chatting
from smriti.cli.screen import Screen
from tests.cli.fake_server import (
    AGENT,
    CANCEL,
    EVENTS,
    SEND,
    Answer,
    FakeServer,
    answer,
    block,
    frame,
    said,
    stream,
)

BLOCK = "/agents/a1/memory-blocks/human/content"
DONE = frame("STREAM_COMPLETE", "Response complete")


class Talk:
    """A chat with a fake server, and all that it has shown."""

    def __init__(self, answers: dict[str, list[Answer]] | None = None) -> None:
        self.server = FakeServer(answers)
        self._out = io.StringIO()
        screen = Screen(self._out, styled=False)
        self.chatting = Chatting(self.server.remote(), Agent.model_validate(AGENT), screen)

    def type(self, *lines: str) -> str:
        """Everything shown since the last time."""
        for line in lines:
            assert self.chatting.take(line)
        shown = self._out.getvalue()
        self._out.seek(0)
        self._out.truncate()
        return shown


def test_an_answer_is_shown_with_its_tools() -> None:
    reply = stream(
        frame("LIFECYCLE_NOTIFICATION", "Loading agent information..."),
        frame("MESSAGE_SAVED", "User message saved"),
        frame("AGENT_THOUGHTS", "A name!"),
        frame("TOOL_CALL_START", "Calling…", tool_name="note", tool_args={"text": "Name: \u009bA"}),
        frame("TOOL_CALL_RESULT", "Noted\nwell", tool_name="note", success=True),
        frame("TOOL_CALL_RESULT", "No shelf", tool_name="find", success=False),
        frame("SOMETHING_NEW", "later versions know"),
        said("Hello"),
        said(", Alice!"),
        DONE,
    )
    talk = Talk({SEND: [reply]})

    shown = talk.type("My name is Alice")

    assert shown == (
        'A name!\n> note(text="Name: A")\n  Noted well\n  failed: No shelf\nHello, Alice!\n'
    )
    assert not talk.chatting.failed


def test_a_conversation_begins_with_the_first_question_and_again_after_new() -> None:
    talk = Talk({SEND: [stream(said("1"), DONE), stream(said("2"), DONE), stream(said("3"), DONE)]})

    shown = talk.type("One", "", "   ", " Two ", "/new", "Three")

    assert shown == "1\n2\nA new conversation. The agent keeps what it remembers.\n3\n"
    assert talk.server.sent("POST /conversations/") == [{"agent_id": "a1"}] * 2
    assert [body["content"] for body in talk.server.sent(SEND)] == ["One", "Two", "Three"]


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (stream(said("Half"), frame("ERROR", "The model failed.")), "Half\n! The model failed.\n"),
        (answer({"detail": "Conversation not found"}, 404), "! Conversation not found\n"),
        (stream(b"data: {]\n\n"), "! What answers there is no Smriti server"),
    ],
)
def test_a_failed_answer_is_told(reply: httpx2.Response, shown: str) -> None:
    talk = Talk({SEND: [reply]})

    assert talk.type("Hello").startswith(shown)
    assert talk.chatting.failed


def test_an_interrupted_answer_is_stopped() -> None:
    half, whole = stream(said("Half"), KeyboardInterrupt()), stream(said("Whole"), DONE)
    talk = Talk({SEND: [half, whole], CANCEL: [answer({"status": "cancelled"})]})

    shown = talk.type("Hello", "Again")

    assert shown == "Half\n(stopped; what was said so far is kept)\nWhole\n"
    assert len(talk.server.asked(CANCEL)) == 1
    assert not talk.chatting.failed


def test_an_answer_that_cannot_be_stopped_is_told() -> None:
    half = stream(said("Half"), KeyboardInterrupt())
    talk = Talk({SEND: [half], CANCEL: [httpx2.ConnectError("refused")]})

    assert talk.type("Hello") == "Half\n! No server answers there: refused.\n"


def test_a_turn_that_is_not_known_yet_is_only_not_shown() -> None:
    talk = Talk({SEND: [stream(KeyboardInterrupt())]})

    assert talk.type("Hello") == "\n(not shown any more; the agent may answer all the same)\n"


def test_a_second_interrupt_leaves() -> None:
    class Impatient(FakeServer):
        def _answer(self, request: httpx2.Request) -> httpx2.Response:
            if request.url.path.endswith("/cancel"):
                raise KeyboardInterrupt
            return super()._answer(request)

    screen = Screen(io.StringIO(), styled=False)
    server = Impatient({SEND: [stream(said("Half"), KeyboardInterrupt())]})
    chatting = Chatting(server.remote(), Agent.model_validate(AGENT), screen)

    with pytest.raises(KeyboardInterrupt):
        chatting.take("Hello")


def test_a_lost_connection_is_told_and_the_answer_goes_on() -> None:
    talk = Talk(
        {
            SEND: [stream(said("One, ", 3), httpx2.ReadError("reset"))],
            EVENTS: [stream(said("two.", 4), DONE)],
        }
    )

    shown = talk.type("Count")

    assert shown == "One, \n(the connection is lost; trying again)\ntwo.\n"
    assert not talk.chatting.failed


def test_an_answer_that_is_told_anew_says_so() -> None:
    resumed = frame("TURN_RESUMED", "The answer goes on.")
    talk = Talk({SEND: [stream(said("One, tw"), resumed, said("One, two."), DONE)]})

    assert talk.type("Count") == "One, tw\n(interrupted; the answer is told anew)\nOne, two.\n"


def test_of_a_snapshot_only_what_is_new_is_shown() -> None:
    snapshot = frame("SNAPSHOT", "One, two, three, ")
    resumed = frame("TURN_RESUMED", "The answer goes on.")
    events = [said("One, "), snapshot, said("four."), resumed, said("One, "), snapshot, DONE]
    talk = Talk({SEND: [stream(*events)]})

    assert talk.type("Count") == (
        "One, two, three, four.\n(interrupted; the answer is told anew)\nOne, two, three, \n"
    )


def test_memory_is_shown_line_by_line() -> None:
    blocks = [
        {"block_name": name, "description": what, "word_limit": 5000, "is_default": True}
        | {"word_count": 0, "capacity_percent": 0, "created_at": "2026-01-01T00:00:00Z"}
        for name, what in (("human", "Facts"), ("persona", "Traits"))
    ]
    talk = Talk(
        {
            "GET /agents/a1/memory-blocks": [answer(blocks)],
            f"GET {BLOCK}": [block("Name: Alice", "Likes \x1b[31mtea")],
            "GET /agents/a1/memory-blocks/persona/content": [block(name="persona")],
        }
    )

    shown = talk.type("/memory")

    assert shown == (
        "human: Facts\n  1: Name: Alice\n  2: Likes [31mtea\npersona: Traits\n  (empty)\n"
    )


def test_lines_are_added_changed_and_removed() -> None:
    talk = Talk(
        {
            f"GET {BLOCK}": [block("A", version=1), block("A", "B", version=2), block("A", "C")],
            f"PUT {BLOCK}": [block("A", "B"), block("A", "C"), block("C")],
        }
    )

    shown = talk.type("/remember  B ", "/edit human 2  C", "/forget human 1")

    assert talk.server.sent(f"PUT {BLOCK}") == [
        {"lines": ["A", "B"], "version": 1},
        {"lines": ["A", "C"], "version": 2},
        {"lines": ["C"], "version": 1},
    ]
    assert shown == '  1: A\n  2: B\n  1: A\n  2: C\nForgotten: "A"\n  1: C\n'


def test_a_line_that_is_another_by_now_is_left_alone() -> None:
    talk = Talk(
        {
            f"GET {BLOCK}": [block("A"), block("New", "A", "B")],
            f"PUT {BLOCK}": [block("A", "B")],
        }
    )
    talk.type("/remember B")

    shown = talk.type("/forget human 1")

    assert shown.startswith("  1: New\n  2: A\n  3: B\n! These lines have changed")
    assert len(talk.server.sent(f"PUT {BLOCK}")) == 1


def test_a_line_that_is_not_removed_is_not_called_forgotten() -> None:
    refused = httpx2.Response(409, json={"detail": "It was changed meanwhile."})
    talk = Talk({f"GET {BLOCK}": [block("A")], f"PUT {BLOCK}": [refused]})

    assert talk.type("/forget human 1") == "! It was changed meanwhile.\n"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/forget human", "! Type /forget BLOCK LINE"),
        ("/forget human 3", "! human has lines 1 to 2."),
        ("/forget human 0", "! human has lines 1 to 2."),
        ("/forget human -1", "! human has lines 1 to 2."),
        ("/forget human ²", "! human has lines 1 to 2."),
        ("/edit human 1", "! Type /edit BLOCK LINE TEXT"),
        ("/remember", "! Type /remember TEXT."),
        ("/memory search", "! Type /memory, or /memory search WORDS."),
        ("/memory human", "! Type /memory, or /memory search WORDS."),
        ("/memorise this", "! There is no command /memorise."),
        ("/", "! There is no command /."),
    ],
)
def test_a_command_that_cannot_be_meant_says_how_it_is_typed(typed: str, told: str) -> None:
    talk = Talk({f"GET {BLOCK}": [block("A", "B")]})

    assert talk.type(typed).startswith(told)


def test_the_archive_is_searched() -> None:
    passage = {
        "memory_id": "m1",
        "content": "Drinks tea at noon",
        "content_hash": "0",
        "created_at": "2026-01-15T10:00:00Z",
    }
    path = "GET /agents/a1/archival-memory"
    talk = Talk({path: [answer({"items": [passage]}), answer({"items": []})]})

    shown = talk.type("/memory search tea & cake", "/memory search coffee")

    assert shown == "[1] (2026-01-15) Drinks tea at noon\nNothing in the archive matches.\n"
    assert talk.server.requests[0].url.params["query"] == "tea & cake"


def test_agents_are_listed_with_a_mark_at_this_one() -> None:
    other = AGENT | {"agent_id": "a2", "agent_name": "Cook", "agent_model": "stub"}
    talk = Talk({"GET /agents": [answer([AGENT, other])]})

    assert talk.type("/agents") == "* Librarian (Demo)\n  Cook (Demo stub)\n"


def test_help_names_every_command() -> None:
    shown = Talk().type("/help")

    assert all(f"  {word}" in shown for word in ("/memory", "/edit", "/forget", "/new", "/quit"))


@pytest.mark.parametrize("typed", ["/quit", " /exit "])
def test_quit_ends_the_talk(typed: str) -> None:
    assert not Talk().chatting.take(typed)
