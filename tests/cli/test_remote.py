"""The client's side of the wire."""

import httpx2
import pytest

from smriti.cli.failures import CommandFailed
from smriti.cli.remote import Refused, connect
from smriti.conversations.models import Conversation
from tests.cli.fake_server import (
    AGENT,
    EVENTS,
    SEND,
    TALK,
    Answer,
    FakeServer,
    answer,
    frame,
    said,
    stream,
)

DONE = frame("STREAM_COMPLETE", "Response complete")
CONVERSATION = Conversation.model_validate(TALK)


def test_the_bearer_is_kept_in_memory_and_renewed() -> None:
    signed_in = {"token": "first", "email": "owner@local", "name": "Owner"}
    server = FakeServer(
        {
            "POST /auth/link": [answer(signed_in)],
            "GET /agents": [answer([AGENT], refreshed="second"), answer([])],
        }
    )
    remote = server.remote()

    remote.sign_in_by_link("one-time")
    remote.agents()
    remote.agents()

    assert server.sent("POST /auth/link") == [{"token": "one-time"}]
    assert [request.headers.get("authorization") for request in server.requests] == [
        None,
        "Bearer first",
        "Bearer second",
    ]


def test_a_stream_is_read_however_it_is_cut() -> None:
    whole = b": keep-alive\n\n" + said("naïve") + b": keep-alive\n\n" + said(" 🙂") + DONE
    for size in (1, 2, 7, len(whole)):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        remote = FakeServer({SEND: [stream(*pieces)]}).remote()

        events = list(remote.ask(CONVERSATION, "Hello"))

        assert [(event.event_type, event.content) for event in events] == [
            ("AGENT_RESPONSE_TO_USER", "naïve"),
            ("AGENT_RESPONSE_TO_USER", " 🙂"),
            ("STREAM_COMPLETE", "Response complete"),
        ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (answer({"detail": "Agent not found"}, 404), "Agent not found"),
        (answer({"detail": {"message": "The plan allows 5 agents."}}, 429), "The plan allows 5"),
        (
            answer({"detail": "Validation error", "errors": [{"msg": "too long"}]}, 422),
            "Validation error: too long",
        ),
        (httpx2.Response(502, text="<html>Bad gateway</html>"), "The server answered 502."),
        (answer(["what"], 500), "The server answered 500."),
    ],
)
def test_a_refusal_says_what_the_server_says(given: httpx2.Response, sentence: str) -> None:
    remote = FakeServer({"GET /agents": [given]}).remote()

    with pytest.raises(Refused, match=sentence) as refused:
        remote.agents()

    assert refused.value.status == given.status_code


def test_a_lost_stream_is_gone_on_with_after_the_last_event() -> None:
    lost = httpx2.ReadError("reset")
    notice = frame("LIFECYCLE_NOTIFICATION", "Thinking...", seq=4)
    server = FakeServer(
        {
            SEND: [stream(frame("MESSAGE_SAVED", "saved", seq=3), notice, lost)],
            EVENTS: [
                httpx2.ConnectError("refused"),
                httpx2.Response(503, json={"detail": "Restarting."}),
                stream(b": too far behind, attach again\n\n"),
                stream(b"id: 5\n" + said("One", 5) + b"id: 6\ndata: {"),
                stream(said("two", 6), frame("STREAM_COMPLETE", seq=7)),
            ],
        }
    )

    events = list(server.remote().ask(CONVERSATION, "Count"))

    assert [event.content for event in events if event.event_type != "CONNECTION_LOST"] == [
        "saved",
        "Thinking...",
        "One",
        "two",
        None,
    ]
    assert [request.url.params["after"] for request in server.asked(EVENTS)] == [
        *("4", "4", "4", "4"),
        "5",
    ]
    assert server.pauses == [0.5, 1.0, 2.0, 4.0, 0.5]


def test_a_question_that_may_not_have_arrived_is_sent_again_under_its_name() -> None:
    notice = frame("LIFECYCLE_NOTIFICATION", "Loading...")
    at_it = httpx2.Response(409, headers={"Retry-After": "1"}, json={"detail": "Being done."})
    answers: list[Answer] = [
        httpx2.ConnectError("refused"),
        at_it,
        stream(notice, httpx2.ReadError("reset")),
        stream(notice, said("Hello"), DONE),
        stream(DONE),
    ]
    server = FakeServer({SEND: answers})
    remote = server.remote()

    first = list(remote.ask(CONVERSATION, "Hello"))
    list(remote.ask(CONVERSATION, "Hello"))

    *keys, other = [request.headers["idempotency-key"] for request in server.asked(SEND)]
    assert [event.content for event in first if event.event_type == "AGENT_RESPONSE_TO_USER"] == [
        "Hello"
    ]
    assert len(keys) == 4
    assert len(set(keys)) == 1
    assert other not in keys


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (stream(b": too far behind, attach again\n\n"), "The answer broke off."),
        (httpx2.ConnectError("refused"), "No server answers there: refused."),
        (httpx2.ReadTimeout("silent"), "The connection to the server broke off."),
        (answer({"detail": "The store does not answer."}, 503), "The store does not answer."),
    ],
)
def test_a_server_that_stays_away_is_given_up(given: Answer, sentence: str) -> None:
    lost: list[Answer] = [httpx2.ConnectError("refused")] * 7
    server = FakeServer({SEND: [stream(said("Half"))], EVENTS: [*lost[1:], given]})

    with pytest.raises(CommandFailed, match=sentence):
        list(server.remote().ask(CONVERSATION, "Hello"))

    assert server.pauses == sorted(server.pauses)
    assert len(server.pauses) == len(lost)


def test_a_refused_question_says_why() -> None:
    refusal = answer({"detail": "Conversation not found"}, 404)
    remote = FakeServer({SEND: [refusal]}).remote()

    with pytest.raises(Refused, match="Conversation not found"):
        list(remote.ask(CONVERSATION, "Hello"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (httpx2.ConnectError("[Errno 111] Connection refused"), "No server answers there"),
        (httpx2.ReadTimeout("silent"), "The connection to the server broke off"),
        (httpx2.Response(200, text="<html>Welcome</html>"), "no Smriti server"),
    ],
)
def test_what_is_no_server_is_told(given: httpx2.Response | Exception, sentence: str) -> None:
    remote = FakeServer({"GET /agents": [given]}).remote()

    with pytest.raises(CommandFailed, match=sentence):
        remote.agents()


@pytest.mark.parametrize("url", ["", "example.org", "ftp://example.org", "http://", "/path"])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(CommandFailed, match="is not an address such as"):
        connect(url, local=False)
