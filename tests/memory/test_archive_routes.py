"""The archive over HTTP: batches from elsewhere, and lists that are narrowed down."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smriti.core.clock import read_moment
from tests.home import Home

Json = dict[str, Any]

SAID: list[Json] = [
    {
        "content": content,
        "author": author,
        "created_at": f"2023-05-{day:02}T13:56:00Z",
        "conversation_id": f"session-{day}",
        "sequence": sequence,
        "tags": tags,
    }
    for day, sequence, author, content, tags in [
        (8, 0, "Caroline", "I adopted a beagle!", ["Pets"]),
        (8, 1, "Melanie", "How lovely. What is the name of the beagle?", ["question", "pets"]),
        (8, 2, "Caroline", "Biscuit.", []),
        (9, 0, "Melanie", "The beagle ate my shoes", ["pets", "shoes"]),
        (10, 0, "Caroline", "I paint sunsets", ["art"]),
    ]
]


@pytest.fixture
async def archive(home: Home) -> str:
    """The path of an agent's archive."""
    return f"/agents/{(await home.agent())['agent_id']}/archival-memory"


async def _import(home: Home, archive: str, *items: Json) -> list[Json]:
    items_of: list[Json] = (await home.post(f"{archive}:batch", {"items": items}))["items"]
    return items_of


async def _contents(home: Home, archive: str, **query: str | list[str] | int) -> list[str]:
    """What all pages together show."""
    found: list[str] = []
    while True:
        answer = await home.client.get(archive, params={"limit": 1, **query})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [item["content"] for item in page["items"]]
        if not page["has_more"]:
            return found
        query["cursor"] = page["next_cursor"]


async def test_a_batch_is_stored_and_shown(home: Home, archive: str) -> None:
    stored = await _import(home, archive, *SAID)

    assert [item["created"] for item in stored] == [True] * 5
    shown = await home.get(f"{archive}/{stored[0]['memory_id']}")
    assert shown.pop("content_hash")
    assert shown == {**SAID[0], "memory_id": stored[0]["memory_id"]} | {
        "updated_at": None,
        "turn_id": None,
    }


async def test_a_batch_sent_again_changes_nothing(home: Home, archive: str) -> None:
    stored = await _import(home, archive, *SAID)
    before = await home.items_with("Archi")

    again = await _import(home, archive, *reversed(SAID), SAID[0])

    assert again == [
        {"memory_id": item["memory_id"], "created": False} for item in [*stored[::-1], stored[0]]
    ]
    assert await home.items_with("Archi") == before


async def test_a_batch_without_more_than_texts(home: Home, archive: str) -> None:
    stored = await _import(home, archive, {"content": " tea "}, {"content": "tea"})

    assert [item["created"] for item in stored] == [True, False]
    assert (await home.post(archive, {"content": "tea"}))["memory_id"] == stored[0]["memory_id"]
    assert await _import(home, archive) == []


async def test_whole_batch_or_nothing_when_an_item_is_wrong(home: Home, archive: str) -> None:
    soon = datetime.now(UTC) + timedelta(days=2)
    wrong: list[Json] = [
        {},
        {"content": " "},
        {"content": "x" * 100_001},
        {"author": "x" * 201},
        {"author": "\n"},
        {"conversation_id": "x" * 201},
        {"conversation_id": ""},
        {"sequence": -1},
        {"sequence": 2**53 + 1},
        {"sequence": 1.5},
        {"sequence": "1"},
        {"sequence": True},
        {"tags": ["x"] * 21},
        {"tags": ["x" * 51]},
        {"created_at": "yesterday"},
        {"created_at": 1683554160},
        {"created_at": "1969-12-31T23:59:59Z"},
        {"created_at": "1970-01-01T00:00:00+01:00"},
        {"created_at": "0001-01-01T00:00:00+14:00"},
        {"created_at": soon.isoformat()},
    ]
    for item in wrong:
        bad = ({"content": "fine"} | item) if item else {}
        answer = await home.client.post(
            f"{archive}:batch", json={"items": [{"content": "fine"}, bad]}
        )

        assert answer.status_code == 422, item
        assert answer.json()["errors"][0]["loc"][:3] == ["body", "items", 1]
    too_many = await home.client.post(f"{archive}:batch", json={"items": [{"content": "x"}] * 1001})
    assert too_many.status_code == 422
    assert "at most 1000 items" in too_many.text
    assert (await home.get(archive))["items"] == []


async def test_times_are_understood_with_and_without_a_zone(home: Home, archive: str) -> None:
    times = {
        "2023-05-08": "2023-05-08T00:00:00Z",
        "2023-05-08T13:56:00": "2023-05-08T13:56:00Z",
        "2023-05-08T13:56:00.1239+02:00": "2023-05-08T11:56:00.123000Z",
        "1970-01-01": "1970-01-01T00:00:00Z",
    }
    await _import(home, archive, *({"content": t, "created_at": t} for t in times))

    shown = (await home.get(archive))["items"]

    assert {item["content"]: item["created_at"] for item in shown} == times


@pytest.mark.parametrize("query", [{}, {"query": "beagle shoes sunsets biscuit"}])
@pytest.mark.parametrize(
    ("narrow", "places"),
    [
        ({"tags": "PETS"}, {0, 1, 3}),
        ({"tags": ["pets", "shoes"]}, {3}),
        ({"any_tags": ["art", "shoes"]}, {3, 4}),
        ({"tags": "pets", "any_tags": ["question", "art"]}, {1}),
        ({"tags": "tag:pets"}, set()),
        ({"after": "2023-05-09"}, {3, 4}),
        ({"after": "2023-05-09T13:56:00Z", "before": "2023-05-10T13:56:00Z"}, {3}),
        ({"before": "2023-05-09"}, {0, 1, 2}),
        ({"before": "2023-05-08T15:56:00+02:00"}, set()),
        ({"after": "2023-05-09", "before": "2023-05-09"}, set()),
        ({"after": "2023-05-11", "before": "2023-05-09"}, set()),
        ({"tags": "pets", "after": "2023-05-09", "before": "9999-12-31"}, {3}),
    ],
)
async def test_a_list_and_a_search_are_narrowed_down(
    home: Home, archive: str, query: Json, narrow: Json, places: set[int]
) -> None:
    await _import(home, archive, *SAID)

    found = await _contents(home, archive, **query, **narrow)

    wanted = {SAID[place]["content"] for place in places}
    assert sorted(found) == sorted(wanted)


async def test_what_is_found_has_a_score_and_is_lit(home: Home, archive: str) -> None:
    await _import(home, archive, *SAID)

    found = (await home.get(f"{archive}?query=sunset"))["items"]
    listed = (await home.get(f"{archive}?limit=1"))["items"]

    best = found[0]
    assert best["content"] == "I paint sunsets"
    assert 0 < best["score"] <= 1
    assert [best["content"][start:end] for start, end in best["highlights"]] == ["sunsets"]
    assert (listed[0]["score"], listed[0]["highlights"]) == (None, [])


@pytest.mark.parametrize(
    "query",
    [
        "after=yesterday",
        "before=2026",
        "after=2026-02-30",
        "before=0001-01-01T00:00:00%2B14:00",
        "after=",
        "tags=",
        "tags=" + "x" * 51,
        "&".join(f"any_tags={number}" for number in range(21)),
    ],
)
async def test_what_cannot_narrow_a_list(home: Home, archive: str, query: str) -> None:
    answer = await home.client.get(f"{archive}?{query}")

    assert answer.status_code == 422
    if not query.startswith(("tags", "any")):
        assert "must be a date like 2026-03-01" in answer.json()["errors"][0]["msg"]


async def test_somebody_elses_archive_takes_no_batch(home: Home, archive: str) -> None:
    async with home.sign_up("mallory") as client:
        answer = await client.post(f"{archive}:batch", json={"items": SAID})

    assert answer.status_code == 404
    assert (await home.get(archive))["items"] == []


async def test_a_batch_with_a_key_is_answered_again(home: Home, archive: str) -> None:
    headers = {"Idempotency-Key": "batch"}
    body = {"items": [{"content": f"Fact {number}"} for number in range(1000)]}

    first = await home.client.post(f"{archive}:batch", json=body, headers=headers)
    again = await home.client.post(f"{archive}:batch", json=body, headers=headers)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert len({item["memory_id"] for item in first.json()["items"]}) == 1000


def test_a_moment_is_in_utc() -> None:
    assert read_moment(" 2023-05-08T13:56:00+02:00 ") == datetime(2023, 5, 8, 11, 56, tzinfo=UTC)


async def test_what_is_too_long_is_told_in_characters(home: Home, archive: str) -> None:
    wrong = {"items": [{"content": "x", "tags": ["x" * 51], "author": "x" * 201}]}

    answer = await home.client.post(f"{archive}:batch", json=wrong)

    assert {error["msg"] for error in answer.json()["errors"]} == {
        "String should have at most 50 characters",
        "String should have at most 200 characters",
    }
