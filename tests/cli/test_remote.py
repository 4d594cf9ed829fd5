"""The client's side of the wire."""

import httpx2
import pytest

from smriti.cli.failures import CommandFailed
from smriti.cli.remote import Refused, connect
from smriti.conversations.models import Conversation
from tests.cli.fake_server import AGENT, SEND, TALK, FakeServer, answer, frame, said, stream

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
