"""What is said to Eliza and to Tools, and what their answers mean."""

from typing import Final, Protocol
from urllib.parse import quote

from smriti.turns.relay.models import Likeness, Link, Question
from smriti.turns.relay.pool import Json

_DEEPEST: Final = 8
_LONGEST_ID: Final = 1000
_TEXTS: Final = ("text", "result", "response", "answer", "message", "content")


class Wire(Protocol):
    """One kind of server. `tool` is its name among an agent's tools; `field` is where a `Link` has
    the agent's ids at servers of this kind, `id_name` what these call them."""

    name: str
    tool: str
    field: str
    id_name: str

    def making(self, agent_id: str, likeness: Likeness) -> Json:
        """The request that makes an agent, which has this id here."""
        ...

    def asking(self, address: str, agent_id: str, question: Question) -> tuple[str, Json]:
        """Where and how the agent is asked."""
        ...

    def ids(self, link: Link) -> dict[str, str]: ...


class Eliza:
    """Makes an agent of a character file. In its address `{agent_id}` stands for the agent; behind
    one that ends in a slash `<agent id>/message` follows, as with the older server."""

    name = "Eliza"
    tool = "eliza"
    field = "eliza"
    id_name = "id"

    def making(self, agent_id: str, likeness: Likeness) -> Json:
        # Without an id Eliza takes one from the name: agents of two people would be the same.
        return {"characterJson": {**likeness.character, "id": agent_id}}

    def asking(self, address: str, agent_id: str, question: Question) -> tuple[str, Json]:
        if address.endswith("/"):
            address += "{agent_id}/message"
        body: Json = {
            "text": question.text,
            "user": "user",
            "userId": question.user_id,
            "roomId": question.conversation_id,
            "agent_id": agent_id,
        }
        return address.replace("{agent_id}", quote(agent_id, safe="")), body

    def ids(self, link: Link) -> dict[str, str]:
        return link.eliza


class Tools:
    """Takes the keys of an agent's tools, and knows them by an id of its own."""

    name = "Tools"
    tool = "extra_tools"
    field = "tools"
    id_name = "unique_id"

    def making(self, agent_id: str, likeness: Likeness) -> Json:  # noqa: ARG002 - it gives its own
        return {"api_keys": likeness.env}

    def asking(self, address: str, agent_id: str, question: Question) -> tuple[str, Json]:
        return address, {"unique_id": agent_id, "query": question.text}

    def ids(self, link: Link) -> dict[str, str]:
        return link.tools


def made_id(answer: Json, name: str) -> str | None:
    """The id under which an agent was made, unless it is too long to keep."""
    value = answer.get(name) if isinstance(answer, dict) else None
    made = str(value) if isinstance(value, str | int) and value else ""
    return made if 0 < len(made) <= _LONGEST_ID else None


def text_of(answer: Json, *, deepest: int = _DEEPEST) -> str:
    """What an answer says to a person; empty when it says nothing."""
    match answer:
        case str():
            return answer.strip()
        case list() if deepest:
            said = [text_of(each, deepest=deepest - 1) for each in answer]
            return "\n\n".join(filter(None, said))
        case dict() if deepest:
            said = [text_of(answer.get(name), deepest=deepest - 1) for name in _TEXTS]
            return next(filter(None, said), "")
        case _:
            return ""
