"""A character file becomes an agent, and an agent a character file: who it is and what it knows."""

import asyncio
import json
from typing import Final

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.dump import dump
from tests.home import Home
from tests.transfer.characters import (
    HARBOUR_MASTER,
    HARBOUR_MASTER_PERSONA,
    OLD_SAILOR,
    SECRET,
)
from tests.transfer.files import Json, export_agent, import_file, send_file

_PUBLIC: Final = HARBOUR_MASTER["settings"] | {"secrets": None, "DATABASE_URL": None}
_KEPT: Final = {
    **{name: value for name, value in HARBOUR_MASTER.items() if name != "secrets"},
    "settings": {name: value for name, value in _PUBLIC.items() if value is not None},
}


async def _character(client: httpx2.AsyncClient, agent_id: str) -> Json:
    response = await client.get(f"/agents/{agent_id}/export?format=character")
    assert response.status_code == 200, response.text
    document: Json = response.json()
    return document


def _sorted(character: Json) -> Json:
    """Knowledge that is no text comes first in an export."""
    return character | {"knowledge": sorted(character.get("knowledge", []), key=str)}


async def test_a_character_is_seen_in_the_prompt(home: Home) -> None:
    await home.post("/settings/providers/OpenAI", {"base_url": "http://model.test/v1"})
    imported = await import_file(home.client, HARBOUR_MASTER)

    talk = await home.conversation(imported)
    context = await home.get(f"/conversations/{talk['conversation_id']}/context?question=Hi")

    assert imported["agent_name"] == "Runa"
    assert f"<persona>\n{HARBOUR_MASTER_PERSONA}\n</persona>" in context["system"]


async def test_an_import_says_what_it_made_of_a_character(home: Home) -> None:
    imported = await import_file(home.client, HARBOUR_MASTER)
    agent = await home.get(f"/agents/{imported['agent_id']}")

    assert imported["memories"] == 2
    assert (agent["agent_provider"], agent["temperature"], agent["max_output_tokens"]) == (
        *("OpenAI", 0.4),
        2000,
    )
    assert imported["warnings"] == [
        "Agent 'Runa': knowledge in other files did not come with it: 1.",
        "Agent 'Runa': kept for an export, but of no effect here: username, templates, plugins.",
        "Agent 'Runa': secrets are not kept: settings.secrets, settings.DATABASE_URL, secrets.",
        "Agent 'Runa': you have not set up the provider 'OpenAI'. It cannot answer before that is "
        "done.",
    ]


async def test_what_a_character_knows_is_in_the_archive(home: Home) -> None:
    imported = await import_file(home.client, HARBOUR_MASTER)

    path = f"/agents/{imported['agent_id']}/archival-memory"
    found = await home.get(f"{path}?query=berth")

    assert found["items"][0]["content"] == "Berth 4 has 3.2 metres at low water"
    assert found["items"][0]["tags"] == ["knowledge"]


async def test_a_character_comes_back_as_it_was(home: Home) -> None:
    modern = await import_file(home.client, HARBOUR_MASTER)
    old = await import_file(home.client, OLD_SAILOR)

    assert _sorted(await _character(home.client, modern["agent_id"])) == _sorted(_KEPT)
    assert await _character(home.client, old["agent_id"]) == OLD_SAILOR | {"knowledge": []}


async def test_no_secret_of_a_character_is_stored(home: Home) -> None:
    await import_file(home.client, HARBOUR_MASTER)

    assert SECRET not in str(await dump(home.table))


async def test_a_changed_persona_is_exported_as_the_system_prompt(home: Home) -> None:
    imported = await import_file(home.client, HARBOUR_MASTER)
    path = f"/agents/{imported['agent_id']}"
    await home.client.put(path, json={"agent_persona": "Has left the harbour."})

    changed = await _character(home.client, imported["agent_id"])
    await home.client.delete(path)
    again = await import_file(home.client, changed)

    assert changed == {
        **{name: _KEPT[name] for name in ("username", "templates", "plugins", "settings")},
        "name": "Runa",
        "system": "Has left the harbour.",
        "bio": [],
        "knowledge": sorted(HARBOUR_MASTER["knowledge"], key=lambda entry: isinstance(entry, str)),
    }
    agent = await home.get(f"/agents/{again['agent_id']}")
    assert agent["agent_persona"] == "Has left the harbour."


async def test_an_agent_that_never_was_a_character_becomes_one(home: Home) -> None:
    agent = await home.agent()
    path = f"/agents/{agent['agent_id']}"
    await home.post(f"{path}/archival-memory", {"content": "Alice has a cello"})
    await home.post(f"{path}/archival-memory", {"content": "Shelf 7", "tags": ["knowledge"]})

    character = await _character(home.client, agent["agent_id"])
    await home.client.delete(path)
    again = await import_file(home.client, character)

    assert character == {
        "name": "Librarian",
        "system": "Knows every shelf.",
        "bio": [],
        "knowledge": ["Shelf 7"],
    }
    assert await _character(home.client, again["agent_id"]) == character


async def test_a_character_travels_in_the_file_of_its_agent(home: Home) -> None:
    imported = await import_file(home.client, HARBOUR_MASTER)
    file = await export_agent(home.client, imported["agent_id"])
    await home.client.delete(f"/agents/{imported['agent_id']}")

    again = await import_file(home.client, file)

    assert _sorted(await _character(home.client, again["agent_id"])) == _sorted(_KEPT)


async def test_a_second_one_of_its_name_gets_a_number(home: Home) -> None:
    await import_file(home.client, OLD_SAILOR)

    again = await import_file(home.client, OLD_SAILOR)

    character = await _character(home.client, again["agent_id"])
    assert character == OLD_SAILOR | {"name": "Bjarne (2)", "knowledge": []}


async def test_nothing_is_left_of_a_character_that_is_deleted(home: Home) -> None:
    imported = await import_file(home.client, HARBOUR_MASTER)
    there = await home.items_with(imported["agent_id"])

    await home.client.delete(f"/agents/{imported['agent_id']}")

    assert any(item["sk"] == "Character" for item in there)
    assert await home.items_with(imported["agent_id"]) == []


async def test_another_users_character_is_not_found(home: Home) -> None:
    imported = await import_file(home.client, HARBOUR_MASTER)

    async with home.sign_up("bob") as bob:
        response = await bob.get(f"/agents/{imported['agent_id']}/export?format=character")

    assert response.status_code == 404


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"name": " "}, "name: String should have at least 1 character"),
        ({"name": "n" * 101}, "name: String should have at most 100 characters"),
        ({"bio": 5}, "bio: Input should be a valid list"),
        ({"lore": ["a", {}]}, "lore[1]: Input should be a valid string"),
        ({"style": {"chat": 1}}, "style.chat: Input should be a valid list"),
        ({"settings": []}, "settings: Input should be a valid dictionary"),
        ({"name": 5}, "Nobody here knows this kind of file. Known are: Smriti"),
    ],
)
async def test_what_is_no_character_is_refused(home: Home, members: Json, fault: str) -> None:
    before = await dump(home.table)

    response = await send_file(home.client, OLD_SAILOR | members)

    assert response.status_code == 422
    assert response.json()["detail"][: len(fault)] == fault
    assert await dump(home.table) == before


async def test_a_character_in_an_agents_file_must_be_one(home: Home) -> None:
    agent = {**_AGENT, "character": {"bio": "Nameless"}}

    response = await send_file(
        home.client, {"format": "smriti-agent", "version": 1, "agent": agent}
    )

    assert response.status_code == 422
    assert response.json()["detail"] == (
        "agent.character: Value error, must be the file of a character"
    )


_AGENT: Final = {
    "agent_name": "Librarian",
    "agent_architecture": "krishna-memgpt",
    "agent_provider": "Demo",
    "agent_persona": "Knows every shelf.",
}
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["all", "user", "content", "text", "key"]), inner)
    ),
    max_leaves=8,
)
_lines = st.lists(_texts, max_size=4) | _texts
_dialogs = st.lists(
    st.lists(
        st.fixed_dictionaries(
            {"user": st.sampled_from(["{{user1}}", "Bjarne", ""]), "content": _lines | _json}
        )
    ),
    max_size=3,
)
_told: Final = ("system", "bio", "lore", "adjectives", "topics", "postExamples", "modelProvider")
_sound = st.fixed_dictionaries(
    {"name": st.sampled_from(["Bjarne", " Bjarne ", "B"]), "bio": _lines},
    optional={
        **dict.fromkeys(_told[2:-1], _lines),
        **dict.fromkeys(("system", "modelProvider"), _texts),
        **dict.fromkeys(("id", "knowledge", "secrets", "templates"), _json),
        "plugins": st.lists(_json, max_size=3),
        "settings": st.dictionaries(_texts | st.sampled_from(["model", "temperature"]), _json),
        "style": st.fixed_dictionaries({}, optional={"all": _lines, "post": _lines}),
        "messageExamples": _dialogs,
    },
)
_spoilt = st.dictionaries(st.sampled_from(["name", "style", "settings", *_told]), _json, max_size=1)


@given(document=st.builds(lambda sound, spoilt: sound | spoilt, _sound, _spoilt))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_file_is_refused_or_comes_back_the_same_twice(
    document: Json, runner: asyncio.Runner, open_for_all: Home
) -> None:
    runner.run(_check(open_for_all.client, document))


async def _check(client: httpx2.AsyncClient, document: Json) -> None:
    response = await send_file(client, json.dumps(document).encode())
    if response.status_code == 422:
        return
    assert response.status_code == 201, response.text
    first, told = await _exported_and_deleted(client, response.json()["agent_id"])
    again = await import_file(client, first)
    assert await _exported_and_deleted(client, again["agent_id"]) == (first, told)


async def _exported_and_deleted(client: httpx2.AsyncClient, agent_id: str) -> tuple[Json, str]:
    agent = (await client.get(f"/agents/{agent_id}")).json()
    character = await _character(client, agent_id)
    await client.delete(f"/agents/{agent_id}")
    return character, agent["agent_persona"]
