"""Somebody who has something on every page of the app; what it says is up to the test."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Page, expect
from playwright.async_api import TimeoutError as Unseen

from smriti.web.router import STATIC
from tests.devices.in_thread import connected
from tests.devices.tool_server import ToolServer, answering
from tests.devices.ufo import UfoDevice
from tests.e2e.server import Json, ServerProcess
from tests.e2e.web.person import Person
from tests.fakes.faulty_model import FaultyModel, refused, says, tool_calls

MACHINE: Final = "lab-7"
_ROUTES: Final = re.compile(r'^  "?([\w/:]*)"?: \(\) => import', re.MULTILINE)
_READ: Final = r"""(text) => {
  const flat = (one) => one.replace(/\s+/g, " ");
  const shown = [...document.querySelectorAll("input, textarea, select")]
    .map((one) => one.selectedOptions?.[0]?.text ?? one.value);
  return flat([document.body.innerText, ...shown].join("\n"))
    .includes(flat(text)) || document.body.innerText.includes(JSON.stringify(text).slice(1, -1));
}"""
_UNFOLD: Final = """() => {
  const folded = [...document.querySelectorAll("details:not([open])")];
  for (const one of folded) one.open = true;
  return folded.length;
}"""

type Tell = Callable[[str, int], str]


@dataclass(frozen=True)
class Place:
    """A view: what follows `#/` in its address, and texts by which it is known to be complete.

    `folded` are shown once everything is unfolded.
    """

    path: str
    shows: tuple[str, ...]
    folded: tuple[str, ...] = ()


_REST = {
    "welcome": Place("welcome", ("OpenAI",)),
    "models": Place("models", ("Connected",)),
    "settings": Place("settings", ("Connected",)),
    "plan": Place("plan", ("Tokens",)),
    "pricing": Place("pricing", ("Tokens",)),
    "payments/success": Place("payments/success?session_id=nothing", ("We could not ask",)),
    "payments/cancel": Place("payments/cancel", ("Go on talking",)),
    "account": Place("account", ("Delete everything",)),
}


@dataclass(frozen=True)
class World:
    """`talk` has an answer, tools, a file and an error; `asked` waits for an approval.

    `tell` is what the texts were made with: what each is, and its most characters.
    """

    person: Person
    model: FaultyModel
    tell: Tell
    agent: Json
    talk: Json
    asked: Json
    tasks: Mapping[str, str]

    @property
    def places(self) -> dict[str, Place]:
        """By the patterns of the router."""
        return {**self._chats(), **self._memories(), **self._builder(), **self._machines(), **_REST}

    def _chats(self) -> dict[str, Place]:
        tell, talk = self.tell, self.talk["conversation_id"]
        title, agent = tell("Title", 200), tell("Agent", 100)
        said = (title, tell("Question", 2000), _file(tell), tell("Failure", 200))
        thoughts = (tell("Tool", 60), tell("Key", 60), tell("Argument", 500), tell("Thought", 500))
        return {
            "": Place("", (title,)),
            "c/:conversation": Place(f"c/{talk}", said, thoughts),
            "new": Place("new", (agent, title)),
            "new/:agent": Place(f"new/{self.agent['agent_id']}", (agent, title)),
            "context/:conversation": Place(f"context/{talk}", (tell("Persona", 2000),)),
        }

    def _memories(self) -> dict[str, Place]:
        memory = f"memory/{self.agent['agent_id']}"
        lines = (self.tell("Line", 400), self.tell("Block", 200))
        archive = (self.tell("Passage", 2000), self.tell("Tag", 50))
        return {
            "memory": Place("memory", lines),
            "memory/:agent": Place(memory, lines),
            "memory/:agent/archive": Place(f"{memory}/archive", archive),
            "memory/:agent/:block": Place(f"{memory}/human", lines[:1]),
        }

    def _builder(self) -> dict[str, Place]:
        agent = (self.tell("Agent", 100), self.tell("Persona", 2000), self.tell("Site", 100))
        return {
            "agents": Place("agents", (agent[0], self.tell("Title", 200))),
            "agents/new": Place("agents/new", ("Persona",)),
            "agents/:agent": Place(f"agents/{self.agent['agent_id']}", agent),
            "keys": Place("keys", (self.tell("Program", 100),)),
        }

    def _machines(self) -> dict[str, Place]:
        tell = self.tell
        label = tell("Label", 100)
        machine = (label, tell("Host", 500), tell("Fact", 500))
        task = (tell("Request", 1000), tell("Result", 2000))
        steps = (tell("Argument", 500), tell("Output", 2000))
        return {
            "devices": Place("devices", (label, tell("Machine key", 100))),
            "devices/:device": Place(f"devices/{MACHINE}", machine),
            "tasks/:session": Place(f"tasks/{self.tasks['completed']}", task, steps),
        }


async def visit(page: Page, world: World, path: str) -> None:
    """Go there, and see that what was shown before is gone."""
    address = f"{world.person.app}#/{path}"
    if page.url == address:
        return
    await page.evaluate("() => document.querySelector('main > *')?.setAttribute('data-old', '')")
    await page.goto(address)
    await expect(page.locator("main [data-old]")).to_have_count(0)
    await expect(page.get_by_role("heading", level=1).first).to_be_attached()


async def reads(page: Page, text: str) -> None:
    """It stands there or in a field; quoted will do, however it is broken into lines."""
    try:
        await page.wait_for_function(_READ, arg=text)
    except Unseen:
        there = await page.locator("body").inner_text()
        raise AssertionError(f"{text!r} is not seen at {page.url}:\n{there}") from None


async def unfold(page: Page) -> None:
    """Open whatever is folded, also inside of what was."""
    await page.wait_for_function(f"() => !({_UNFOLD})()")


def _file(tell: Tell) -> str:
    """A name that a file may have."""
    return re.sub(r"[/\\]", "|", tell("File", 200))


def patterns() -> list[str]:
    """Of every view that the router knows."""
    return _ROUTES.findall((STATIC / "router.js").read_text("utf-8").partition("panels")[0])


@contextmanager
def world(site: ServerProcess, name: str, tell: Tell, answer: str) -> Iterator[World]:
    """The model's answer, in Markdown, is in the conversation and can be asked for again."""
    with FaultyModel().running() as model, Person.signed_up(site, name) as person:
        caller = person.caller
        caller.post("/settings/providers/OpenAI", {"base_url": model.url, "model": "stub"})
        agent = caller.agent(
            agent_name=tell("Agent", 100),
            agent_persona=tell("Persona", 2000),
            agent_provider="OpenAI",
            capabilities="devices",
        )
        path = f"/agents/{agent['agent_id']}"
        block = {"name": "projects", "description": tell("Block", 200)}
        caller.post(f"{path}/memory-blocks", block)
        passage = {"content": tell("Passage", 2000), "tags": [tell("Tag", 50)]}
        caller.post(f"{path}/archival-memory", passage)
        caller.post(f"{path}/api-keys", {"name": tell("Site", 100)})
        program = {"name": tell("Program", 100), "scopes": ["chat"], "expires_in_days": 2}
        caller.post("/api-keys", program)
        talk = _talk(person, model, agent, tell, answer)
        with _machine(person, tell):
            asked, tasks = _worked(person, model, agent, tell)
            caller.http.put(
                f"/conversations/{talk['conversation_id']}", json={"title": tell("Title", 200)}
            )
            yield World(person, model, tell, agent, talk, asked, tasks)


def _talk(person: Person, model: FaultyModel, agent: Json, tell: Tell, answer: str) -> Json:
    """Two questions: one is answered with the help of tools, one ends in the provider's error."""
    talk = person.caller.conversation(agent)
    path = f"/agents/{agent['agent_id']}/{talk['conversation_id']}/send-message"
    remember = {"block": "human", "content": tell("Line", 400)}
    model.script(
        tool_calls(
            {"name": "core_memory_append", "arguments": remember},
            {"name": "core_memory_read", "arguments": {"block": "human"}},
            {"name": tell("Tool", 60), "arguments": {tell("Key", 60): tell("Argument", 500)}},
        ),
        says(answer, reasoning=tell("Thought", 500)),
        refused(tell("Failure", 200)),
    )
    content = b64encode(tell("Content", 2000).encode()).decode()
    file = {"filename": f"{_file(tell)}.md", "content": content}
    for question in (
        {"content": tell("Question", 2000), "attachments": [file]},
        {"content": tell("Again", 2000)},
    ):
        answered = person.caller.http.post(path, json=question)
        assert answered.is_success, answered.text
    return talk


def _worked(
    person: Person, model: FaultyModel, agent: Json, tell: Tell
) -> tuple[Json, Mapping[str, str]]:
    """A task that is done; one that failed; and a conversation whose task waits for an approval."""
    caller = person.caller
    settings = {"label": tell("Label", 100), "agent_id": agent["agent_id"]}
    assert caller.http.patch(f"/devices/{MACHINE}", json=settings).is_success
    uname = {"name": "uname", "arguments": {"note": tell("Argument", 500)}}
    task = {"client_id": MACHINE, "request": tell("Request", 1000)}
    model.script(tool_calls(uname), says(tell("Result", 2000)))
    done = caller.post("/api/dispatch", task)["session_id"]
    _until(person, done, "completed")
    model.script(refused(tell("Failure", 200)))
    failed = caller.post("/api/dispatch", task)["session_id"]
    _until(person, failed, "failed")
    assert caller.http.patch(f"/devices/{MACHINE}", json={"ask_before_commands": True}).is_success
    model.script(
        tool_calls(
            {
                "name": "device_task",
                "arguments": {"device": MACHINE, "request": tell("Request", 1000)},
            }
        ),
        tool_calls(uname),
    )
    asked = caller.conversation(agent)
    with caller.asking(asked, "Well?") as stream:
        waits = next(frame for frame in stream if b"APPROVAL_REQUIRED" in frame)
    waiting = re.search(rb'"session_id":"([^"]+)"', waits)
    assert waiting is not None
    return asked, {"completed": done, "failed": failed, "waiting": waiting[1].decode()}


def _until(person: Person, task: str, status: str) -> None:
    with person.caller.http.stream("GET", f"/api/sessions/{task}/events") as response:
        assert response.status_code == 200, response.read()
        response.read()
    session = person.caller.get(f"/api/sessions/{task}")
    assert session["status"] == status, session


class _Device(UfoDevice):
    info: Json

    def system_info(self) -> Json:
        return super().system_info() | self.info


@contextmanager
def _machine(person: Person, tell: Tell) -> Iterator[None]:
    made = person.caller.post("/devices/keys", {"name": tell("Machine key", 100), "kind": "device"})
    url = f"{person.site.url.replace('http', 'ws', 1)}/ws?token={made['key']}"
    tools = ToolServer(answering("uname", tell("Output", 2000)))
    device = _Device(url, MACHINE, agents={"LinuxAgent": tools})
    device.info = {
        "hostname": tell("Host", 500),
        "os_version": tell("System", 100),
        "supported_features": [tell("Feature", 100)],
        tell("Fact", 60): [tell("Fact", 500), {tell("Part", 60): 1}],
    }
    with connected(device):
        yield
