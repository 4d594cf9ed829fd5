"""What the pictures of `screenshots.py` show: an account with a week of work in it.

Everything goes through the HTTP API. The answers are written below; a scripted model gives them,
so that the tools are really called and the memory is really written by the agent.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.e2e.server import Caller, Json
from tests.fakes.stub_model import StubModel
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable

from stub_model import text_of

MACHINE: Final = "workshop"
MODEL: Final = "house-model"
_TASK: Final = "Is last night's backup complete? Check it against its list."
_PATIENCE_S: Final = 30.0

_KEEP: Final = (
    "I read Menzel 2005 today: bees that were carried a few hundred metres away flew home by a "
    "route that they had never flown before. Please keep that."
)
_WEIGH: Final = (
    "What speaks for a map in a bee's head, and what against it? Look through my notes, and "
    "always show me both sides."
)
_NOTE: Final = (
    "Menzel et al. 2005 (PNAS): bees that were caught at the feeder and released elsewhere first "
    "flew as if nothing had happened, searched, and then went straight home from where they were. "
    "Followed by harmonic radar."
)
_WEIGHED: Final = """\
Your notes have evidence on both sides:

- **For a map:** *Menzel 2005* and *Cheeseman 2014*. Displaced bees flew home by a new route, even \
with a shifted inner clock.
- **Without one:** *Cruse & Wehner 2011*. Separate memories and a path integrator make the same \
short cuts.

They differ **where no landmark is known**. From now on you get both sides without asking."""

_SCRIPT: Final[Mapping[str, str]] = {
    _KEEP: f"[tool:archival_memory_insert|content={_NOTE}|tags=navigation]"
    "[say:It is in your archive, under *navigation*. It sits next to two notes that "
    "disagree with it; ask me to weigh them whenever you like.]",
    _WEIGH: "[tool:archival_memory_search|query=map home route landmarks]"
    "[tool:core_memory_append|block=human|content=Wants to see both sides of every question]"
    f"[say:{_WEIGHED}]",
    "How long should the talk for the beekeepers be?": "[tool:core_memory_replace|block=human|"
    "line_number=3|new_content=Gives a talk to the beekeepers of Lund on 12 December, 20 minutes]"
    "[say:Twenty minutes, then. I have noted it. One idea and three pictures fit into that.]",
    _TASK: "[tool:list_directory|path=backup][tool:read_file|path=backup/log.txt]"
    "[tool:execute_command|command=sha256sum -c backup/files.sha256]",
}
_HUMAN: Final = (
    ["Name: Ada", "Teaches biology at a school in Lund"],
    [
        "Name: Ada",
        "Teaches biology at a school in Lund",
        "Gives a talk to the beekeepers of Lund in December",
        "Wants sources with every statement",
    ],
)
_PERSONA: Final = (
    ["Says where each statement comes from"],
    ["Says where each statement comes from", "Keeps findings and guesses apart"],
)
_QUESTIONS: Final = (
    ["Does the waggle dance tell the distance, or the effort?"],
    [
        "What do bees measure when they measure a distance?",
        "How do clouds change the dance?",
    ],
)
_ARCHIVE: Final[Sequence[tuple[str, str, list[str]]]] = (
    (
        "2026-11-09T19:20:00Z",
        "Srinivasan et al. 2000 (Science): bees that flew through a narrow, patterned tunnel "
        "danced as for a much longer way. They measure distance by how fast the picture moves.",
        ["distance", "dance"],
    ),
    (
        "2026-11-12T20:05:00Z",
        "Cruse & Wehner 2011 (PLoS Computational Biology): no need for a cognitive map. Separate "
        "memories and a path integrator lead the model home, by short cuts too.",
        ["navigation", "model"],
    ),
    (
        "2026-11-16T18:42:00Z",
        "Cheeseman et al. 2014 (PNAS): bees with a shifted inner clock found home after they were "
        "displaced. The sun alone cannot have shown them the way; landmarks must have.",
        ["navigation", "clock"],
    ),
    (
        "2026-11-20T21:10:00Z",
        "Wittlinger, Wehner & Wolf 2006 (Science): desert ants on stilts walk past their nest, "
        "ants on stumps stop short of it. They count steps on the way home.",
        ["distance", "ants"],
    ),
    (
        "2026-11-23T17:30:00Z",
        "von Frisch 1967: the angle of the waggle run to the vertical is the angle of the flight "
        "to the sun.",
        ["dance", "sun"],
    ),
)
_EARLIER: Final[Sequence[tuple[str, str, str, str]]] = (
    ("tutor", "Spanish: the two pasts", "Fui or iba?", "What happened once is *fui*."),
    ("writing-partner", "Invitation for the talk", "Shorter, please.", "Half as long, then:"),
    ("companion", "A quiet Sunday", "I slept well at last.", "I am glad. What was different?"),
)


class ScriptedModel(StubModel):
    """The stub model, told by the script above what each question leads to."""

    async def answer(
        self, request: Json, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        for message in request["messages"]:
            if message["role"] == "user":
                text = text_of(message)
                told = [what for question, what in _SCRIPT.items() if question in text]
                message["content"] = text + "".join(told)
        await super().answer(request, receive, send)


@dataclass(frozen=True)
class Demo:
    """Where the pictures are taken: ids of what was made."""

    agent_id: str
    conversation_id: str
    session_id: str


def furnish(caller: Caller, model_url: str) -> Demo:
    """Fill the account. Its machine must be connecting by now; its task waits for an approval."""
    caller.post("/settings/providers/OpenAI", {"base_url": model_url, "model": MODEL})
    templates: list[Json] = caller.get("/agents/templates")
    agents = {each["template_id"]: _agent(caller, each["values"]) for each in templates}
    notebook = agents["research-notebook"]
    _remember(caller, notebook)
    for template, *talk in _EARLIER:
        _talked(caller, agents[template], *talk)
    _conversation(caller, notebook, "Slides for the beekeepers", list(_SCRIPT)[2])
    talk_id = _conversation(caller, notebook, "Do bees have a map?", _KEEP, _WEIGH)
    for name, scopes in (("Reading list sync", ["agents:read"]), ("Garden display", ["chat"])):
        caller.post("/api-keys", {"name": name, "scopes": scopes, "expires_in_days": 90})
    session_id = _task(caller, agents["machine-keeper"])
    return Demo(notebook["agent_id"], talk_id, session_id)


def _agent(caller: Caller, values: Json) -> Json:
    agent: Json = caller.post("/agents", {**values, "agent_provider": "OpenAI"})
    return agent


def _remember(caller: Caller, agent: Json) -> None:
    memory = f"/agents/{agent['agent_id']}"
    block = {"name": "open_questions", "description": "What is still to be found out"}
    caller.post(f"{memory}/memory-blocks", block)
    blocks = {"human": _HUMAN, "persona": _PERSONA, "open_questions": _QUESTIONS}
    for name, versions in blocks.items():
        for lines in versions:
            path = f"{memory}/memory-blocks/{name}/content"
            caller.http.put(path, json={"lines": lines}).raise_for_status()
    passages = [{"created_at": at, "content": text, "tags": tags} for at, text, tags in _ARCHIVE]
    caller.post(f"{memory}/archival-memory:batch", {"items": passages})


def _conversation(caller: Caller, agent: Json, title: str, *questions: str) -> str:
    made: Json = caller.post("/conversations/", {"agent_id": agent["agent_id"], "title": title})
    for question in questions:
        caller.ask(made, question)
    conversation_id: str = made["conversation_id"]
    return conversation_id


def _talked(caller: Caller, agent: Json, title: str, question: str, answer: str) -> None:
    conversation_id = _conversation(caller, agent, title)
    said = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    caller.post(f"/conversations/{conversation_id}/messages:import", {"messages": said})


def _task(caller: Caller, keeper: Json) -> str:
    """A task on the machine, as far as its first command, which waits for its owner's word."""
    _until(caller, f"/devices/{MACHINE}", lambda device: device["online"])
    change = {"label": "Workshop", "ask_before_commands": True, "agent_id": keeper["agent_id"]}
    caller.http.patch(f"/devices/{MACHINE}", json=change).raise_for_status()
    task: Json = caller.post("/api/dispatch", {"client_id": MACHINE, "request": _TASK})
    session = f"/api/sessions/{task['session_id']}"
    for tool in ("list_directory", "read_file"):
        decision = {"approval_id": _asked(caller, session, tool), "approve": True}
        caller.post(f"{session}/approvals", decision)
    _asked(caller, session, "execute_command")
    session_id: str = task["session_id"]
    return session_id


def _asked(caller: Caller, session: str, tool: str) -> str:
    """The id of the approval, once a call of this tool waits for it."""
    waiting = _until(caller, session, lambda now: (now["approval"] or {}).get("tool_name") == tool)
    approval_id: str = waiting["approval"]["approval_id"]
    return approval_id


def _until(caller: Caller, path: str, is_so: Callable[[Json], bool]) -> Json:
    """What is there, once it is so."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        answer = caller.http.get(path)
        if answer.is_success and is_so(answer.json()):
            found: Json = answer.json()
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(answer.text)
        time.sleep(0.1)
