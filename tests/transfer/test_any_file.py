"""Whatever an agent has learnt and said: it is exported, imported and exported again unchanged."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.home import Home
from tests.transfer.files import Json, comparable, export_agent, import_file

_EVENTS = 12
_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\u2028",
        "שלום",
        "日本語",
        "👩‍👩‍👧",
        "e\u0301",
        '{"a": "\\ud800"}',
        "\x1b[31m",
        "a" * 70_000,
    ]
)
_seen = _texts.map(lambda text: f"x{text}"[:90])
_names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
_times = st.integers(0, 10**14).map(
    lambda ticks: (_BEGINNING + timedelta(microseconds=ticks)).isoformat()
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


def _some(**members: Any) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(
        {name: value for name, value in members.items() if not name.startswith("maybe_")},
        optional={
            name.removeprefix("maybe_"): value
            for name, value in members.items()
            if name.startswith("maybe_")
        },
    )


_agents = _some(
    agent_name=_seen,
    agent_architecture=st.sampled_from(["krishna-memgpt", "krishna-mini"]),
    agent_provider=st.just("Demo"),
    agent_persona=_seen,
    maybe_agent_model=_seen,
    maybe_temperature=st.floats(0, 2),
    maybe_session_timeout_minutes=st.integers(0, 525_600),
    maybe_capabilities=st.lists(_seen, max_size=3),
)
_lines = st.lists(_texts.map(lambda text: text[:200]), max_size=5)


@st.composite
def _blocks(draw: st.DrawFn) -> list[Json]:
    names = draw(st.lists(_names | st.sampled_from(["human", "persona"]), max_size=4, unique=True))
    blocks = []
    for name in names:
        version = draw(st.integers(1, 5))
        history = [
            {"version": past, "lines": draw(_lines), "updated_by": draw(st.sampled_from(["owner"]))}
            for past in range(version)
        ]
        block = {"name": name, "lines": draw(_lines), "version": version, "history": history[::-1]}
        blocks.append(block | {"description": draw(_seen), "updated_at": draw(_times)})
    return blocks


_passages = st.lists(
    _some(
        content=_seen,
        created_at=_times,
        maybe_author=_seen,
        maybe_conversation_id=st.sampled_from(["talk 0", "talk 1", "elsewhere"]),
        maybe_sequence=st.integers(0, 2**53),
        maybe_tags=st.lists(_seen.map(lambda text: text[:50]), max_size=3),
    ),
    max_size=6,
)
_parts = st.lists(
    _some(type=st.just("text"), text=_texts)
    | _some(type=st.just("reasoning"), text=_texts)
    | _some(
        type=st.just("tool_call"),
        call_id=_texts,
        name=_texts,
        arguments=st.dictionaries(_texts, _json, max_size=3),
    )
    | _some(
        type=st.just("tool_result"),
        call_id=_texts,
        name=_texts,
        text=_texts,
        success=st.booleans(),
    ),
    max_size=4,
)
_files = st.lists(
    _some(filename=st.sampled_from(["a.md", "b.py"]), content=_texts)
    | _some(filename=st.just("c.png"), content=st.sampled_from(["", "iVBORw0KGgo="])),
    max_size=2,
)


@st.composite
def _messages(draw: st.DrawFn) -> list[Json]:
    moments = sorted(draw(st.lists(st.integers(0, 50), max_size=_EVENTS)))
    return [
        {
            "role": draw(st.sampled_from(["user", "assistant", "system"])),
            "content": draw(_texts),
            "created_at": (_BEGINNING + timedelta(microseconds=moment)).isoformat(),
            "status": draw(st.sampled_from(["complete", "failed", "cancelled"])),
            "parts": draw(_parts),
            "attachments": draw(_files),
            "active": draw(st.booleans()),
        }
        for moment in moments
    ]


@st.composite
def _documents(draw: st.DrawFn) -> Json:
    talks = [
        {
            "conversation_id": f"talk {number}",
            "title": draw(_seen),
            "created_at": draw(_times),
            "messages": draw(_messages()),
        }
        for number in range(draw(st.integers(0, 2)))
    ]
    memory = {"blocks": draw(_blocks()), "archive": draw(_passages)}
    head = {"format": "smriti-agent", "version": 1, "agent": draw(_agents)}
    return head | {"memory": memory, "conversations": talks}


@given(document=_documents())
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_any_file_comes_back_as_it_was(
    document: Json, runner: asyncio.Runner, open_for_all: Home
) -> None:
    runner.run(_check(open_for_all, document))


async def _check(home: Home, document: Json) -> None:
    imported = await import_file(home.client, document)
    first = await export_agent(home.client, imported["agent_id"])
    again = await import_file(home.client, json.dumps(first, indent=1).encode())
    second = await export_agent(home.client, again["agent_id"])
    for agent_id in (imported["agent_id"], again["agent_id"]):
        await home.client.delete(f"/agents/{agent_id}")

    for file in (first, second):
        file["agent"].pop("agent_name")
    assert comparable(second) == comparable(first)
    _check_said(document, first)
    _check_kept(document, first)


def _check_said(document: Json, exported: Json) -> None:
    """Word for word. Conversations come in order of their age, to the millisecond."""
    names = ("role", "content", "status", "parts")
    given = sorted(document["conversations"], key=lambda talk: _milliseconds(talk["created_at"]))
    for talk, other in zip(given, exported["conversations"], strict=True):
        assert talk["title"] == other["title"]
        for message, told in zip(talk["messages"], other["messages"], strict=True):
            assert {name: told[name] for name in names} == {name: message[name] for name in names}
            assert told.get("active", True) == message["active"]
            files = [(file["filename"], file["content"]) for file in told["attachments"]]
            assert files == [(f["filename"], f["content"]) for f in message["attachments"]]


def _milliseconds(moment: str) -> int:
    return (datetime.fromisoformat(moment) - _BEGINNING) // timedelta(milliseconds=1)


def _check_kept(document: Json, exported: Json) -> None:
    blocks = {block["name"]: block for block in exported["memory"]["blocks"]}
    for block in document["memory"]["blocks"]:
        kept = blocks[block["name"]]
        assert kept["version"] == block["version"]
        assert len(kept["lines"]) == len(block["lines"])
        assert [past["version"] for past in kept["history"]] == [
            past["version"] for past in block["history"]
        ]
    given = {passage["content"].strip() for passage in document["memory"]["archive"]}
    assert {passage["content"] for passage in exported["memory"]["archive"]} == given
