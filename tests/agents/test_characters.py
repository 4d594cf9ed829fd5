"""A character file becomes a persona, a definition, and what is kept for an export."""

from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from smriti.agents.characters.definition import agent_of
from smriti.agents.characters.keeping import MAX_BYTES, kept_of
from smriti.agents.characters.models import Character
from smriti.agents.characters.persona import composed, persona_of
from smriti.agents.models import MAX_PERSONA
from tests.transfer.characters import HARBOUR_MASTER, HARBOUR_MASTER_PERSONA, OLD_SAILOR, SECRET

_HELLO: Final = {"user": "{{user1}}", "content": {"text": "Hi"}}
_ANSWER: Final = {"name": "Bjarne", "content": {"text": "What?"}}
_TOLD: Final = "User: Hi\nBjarne: What?"


def _character(**members: Any) -> Character:
    return Character.model_validate({"name": "Bjarne"} | members)


def test_a_character_is_told_section_by_section() -> None:
    character = Character.model_validate(HARBOUR_MASTER)

    assert composed(character).text == HARBOUR_MASTER_PERSONA
    assert composed(character).cut == []


def test_a_character_of_the_older_form_is_told_as_well() -> None:
    persona = persona_of(Character.model_validate(OLD_SAILOR))

    assert persona.startswith("Who you are:\n- A sailor who has retired, and regrets it\n\nWhat is")
    assert "\n- Owes the harbour master a bottle\n\n" in persona
    assert "\n\nUser: What is a sheet?\nBjarne: A rope. Everything is a rope.\n\n" in persona


@pytest.mark.parametrize(
    ("examples", "told"),
    {
        "conversations": ([[_HELLO, _ANSWER], [_HELLO]], f"{_TOLD}\n\nUser: Hi"),
        "groups of them": ([{"examples": [_HELLO, _ANSWER]}], _TOLD),
        "messages with their answers": ([_HELLO | {"response": "What?"}], _TOLD),
        "one conversation": ([_HELLO, _ANSWER], _TOLD),
        "plain texts": ([["Hi", "What?"]], _TOLD),
        "texts for content": ([[{"user": "user1", "content": "Hi"}, "What?"]], _TOLD),
        "the agent by its role": ([[_HELLO, _ANSWER | {"name": "assistant"}]], _TOLD),
        "somebody else": ([[_HELLO | {"user": "{{user2}}"}]], "User 2: Hi"),
        "nobody": ([[{"content": {"text": "Hi"}}, {"content": {"text": "What?"}}]], _TOLD),
    }.values(),
)
def test_examples_of_every_form_are_told(examples: Any, told: str) -> None:
    persona = persona_of(_character(messageExamples=examples))

    assert persona.partition("\n\n")[2] == told


@pytest.mark.parametrize("examples", [None, 5, "Hi", {}, [], [[]], [5, None], [[{"content": 5}]]])
def test_examples_that_are_none_are_passed_over(examples: Any) -> None:
    assert persona_of(_character(messageExamples=examples)) == "You are Bjarne."


def test_names_stand_where_placeholders_were() -> None:
    lines = ["{{agentName}} meets {{user1}}, {{ user }} and {{user3}}", "{{char}}; {{knowledge}}"]

    assert persona_of(_character(bio=lines)) == (
        "Who you are:\n- Bjarne meets User, User and User 3\n- Bjarne; {{knowledge}}"
    )


def test_of_a_long_character_each_part_has_some_room() -> None:
    members = {"bio": ["long " * 9_000, "b"], "lore": ["l" * 300] * 90, "topics": ["knots"]}
    style = {"all": ["short"] * 900, "post": ["p" * 90] * 90}
    examples = [[_HELLO, _ANSWER | {"content": {"text": "x" * 300}}]] * 90

    persona = composed(
        _character(system="s" * 2_000, style=style, messageExamples=examples, **members)
    )

    assert MAX_PERSONA - 400 < len(persona.text) <= MAX_PERSONA
    assert persona.cut == ["bio", "lore", "style", "style.post", "messageExamples"]
    assert all(each in persona.text for each in ("s" * 2_000, "long…\n", "knots", "lll", "User:"))


def test_a_system_prompt_may_fill_the_persona() -> None:
    system = " word" * (MAX_PERSONA // 5)

    whole = composed(_character(system=system, lore=["left out"]))
    longer = composed(_character(system=f"{system} word"))

    assert (whole.text, whole.cut) == (system, ["lore"])
    assert (longer.text, longer.cut) == (system.removesuffix(" word") + "…", ["system"])


@pytest.mark.parametrize(
    ("members", "provider", "model"),
    [
        ({"modelProvider": "anthropic"}, "Anthropic", "m-1"),
        ({"modelProvider": "groq"}, "groq", "m-1"),
        ({"plugins": ["@elizaos/plugin-sql", "@elizaos/plugin-openai"]}, "OpenAI", None),
        ({"plugins": [{"name": "?"}, None]}, "Demo", None),
        ({"modelProvider": None}, "Demo", None),
    ],
)
def test_the_provider_is_the_one_that_it_names(
    members: dict[str, Any], provider: str, model: str | None
) -> None:
    agent = agent_of(_character(settings={"model": "m-1"}, **members))

    assert (agent.agent_provider, agent.agent_model) == (provider, model)


def test_what_may_be_set_here_is_set() -> None:
    settings = {"temperature": "0.4", "maxTokens": 2000, "modelConfig": {"presence_penalty": 9}}

    agent = agent_of(_character(settings=settings))

    assert agent.model_dump(exclude_defaults=True) == {
        "agent_name": "Bjarne",
        "agent_architecture": "krishna-memgpt",
        "agent_provider": "Demo",
        "agent_persona": "You are Bjarne.",
        "temperature": 0.4,
        "max_output_tokens": 2000,
    }


def test_secrets_are_not_kept() -> None:
    document = HARBOUR_MASTER | {"clients": [{"telegram": {"botToken": SECRET}}]}

    kept = kept_of(document)

    assert SECRET not in str(kept.document)
    assert kept.secrets == [
        *("settings.secrets", "settings.DATABASE_URL", "secrets", "clients[0].telegram.botToken")
    ]
    assert kept.document["settings"] == {
        name: HARBOUR_MASTER["settings"][name]
        for name in ("model", "temperature", "maxTokens", "avatar")
    }


def test_what_is_too_large_is_not_kept() -> None:
    lines = ["l" * 1_000] * (MAX_BYTES // 2_000)

    kept = kept_of({"name": " Bjarne ", "bio": lines, "lore": [*lines, "more"], "topics": ["t"]})

    assert kept.too_large == ["lore"]
    assert kept.document == {"name": "Bjarne", "bio": lines, "topics": ["t"]}
    assert len(orjson.dumps(kept.document)) <= MAX_BYTES


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["all", "user", "name", "content", "text", "examples", "response"]),
            inner,
        )
    ),
    max_leaves=12,
)
_lines = st.lists(st.text(max_size=60) | st.just("long " * 3_000), max_size=60) | st.text()


@given(st.dictionaries(st.sampled_from([*HARBOUR_MASTER, *OLD_SAILOR]), _lines | _json))
def test_whatever_a_file_holds_it_is_an_agent_or_refused(document: dict[str, Any]) -> None:
    try:
        character = Character.model_validate({"name": "Bjarne"} | document)
    except ValidationError:
        return
    agent = agent_of(character)
    kept = kept_of({"name": "Bjarne"} | document).document

    assert 0 < len(agent.agent_persona) <= MAX_PERSONA
    assert agent.agent_persona == persona_of(Character.model_validate(kept))
