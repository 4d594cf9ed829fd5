"""Agents to begin with, over HTTP: each can be made and talked to without a key of any provider."""

import pytest

from smriti.agents.templates import TEMPLATES
from tests.home import Home, spoken

_NAMES = ["Companion", "Research notebook", "Writing partner", "Tutor", "Machine keeper"]


async def test_five_templates_are_offered(home: Home) -> None:
    templates = await home.get("/agents/templates")

    assert [template["title"] for template in templates] == _NAMES
    assert [template["values"]["agent_name"] for template in templates] == _NAMES
    assert [template["values"]["capabilities"] for template in templates] == [
        *([] for _ in range(4)),
        ["devices"],
    ]
    assert len({template["template_id"] for template in templates}) == 5
    for template in templates:
        assert 60 <= len(template["values"]["agent_persona"].split()) <= 150
        assert len(set(template["starters"])) == 3


@pytest.mark.parametrize("number", range(5), ids=[each.template_id for each in TEMPLATES])
async def test_an_agent_made_of_a_template_answers_with_the_demo_model(
    number: int, home: Home
) -> None:
    template = (await home.get("/agents/templates"))[number]
    agent = await home.agent(**template["values"])
    conversation = await home.conversation(agent)

    answers = [spoken(await home.say(conversation, starter)) for starter in template["starters"]]

    assert all(answers)
    assert not any("did not work" in answer for answer in answers)
    assert agent["agent_persona"] == template["values"]["agent_persona"]
