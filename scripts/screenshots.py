"""Takes the pictures of the web app that README.md shows, from a server with made-up data.

    uv run python scripts/screenshots.py                    all of them, into docs/screenshots
    uv run python scripts/screenshots.py --only chat        one page, light and dark

It starts a server on an empty directory, fills it through its HTTP API, connects a machine, and
looks at every page with Chromium. Ids and times differ from run to run, the rest does not.
"""

import argparse
import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Browser, Page, async_playwright, expect

_ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.extend([str(_ROOT), str(_ROOT / "bench")])

from screenshots_demo import MACHINE, Demo, ScriptedModel, furnish  # noqa: E402 - after the path
from tests.e2e.server import ServerProcess  # noqa: E402
from tests.e2e.web.machine import machine  # noqa: E402
from tests.e2e.web.person import Person  # noqa: E402

TARGET: Final = _ROOT / "docs/screenshots"
_SCHEMES: Final[Sequence[Literal["light", "dark"]]] = ("light", "dark")
_PATIENCE_MS: Final = 20_000


@dataclass(frozen=True)
class Scene:
    """A tab in which `person` is signed in, and what there is to show; `newcomer` has nothing."""

    page: Page
    person: Person
    newcomer: Person
    demo: Demo

    async def go(self, *path: str) -> None:
        await self.page.goto(self.person.at(*path))
        await expect(self.page.get_by_role("heading", level=1)).to_be_visible()


async def welcome(scene: Scene) -> None:
    await scene.newcomer.enter(scene.page.context)
    await scene.go("welcome")
    await scene.page.get_by_role("button", name="Go on").click()
    await expect(scene.page.get_by_text("Someone to talk to")).to_be_visible()


async def chat(scene: Scene) -> None:
    await scene.go("c", scene.demo.conversation_id)
    await scene.page.get_by_role("button", name="Memory").click()
    await expect(scene.page.get_by_text("Facts about the user")).to_be_visible()
    await expect(scene.page.locator("strong").last).to_be_visible()
    await scene.page.locator(".call").filter(has_text="core_memory_append").click()


async def chat_narrow(scene: Scene) -> None:
    await scene.page.set_viewport_size({"width": 360, "height": 740})
    await scene.go("c", scene.demo.conversation_id)
    await expect(scene.page.locator("strong").last).to_be_visible()


async def memory(scene: Scene) -> None:
    await scene.go("memory", scene.demo.agent_id)
    await scene.page.get_by_role("button", name="History of human").click()
    await scene.page.get_by_role("button", name="Version 3").click()
    await expect(scene.page.get_by_role("button", name="Restore this version")).to_be_visible()


async def archive(scene: Scene) -> None:
    await scene.go("memory", scene.demo.agent_id, "archive?q=how far bees fly home")
    await expect(scene.page.locator("mark").first).to_be_visible()


async def builder(scene: Scene) -> None:
    await scene.go("agents", "new")
    await scene.page.get_by_text("Research notebook").last.click()
    await expect(scene.page.get_by_label("Persona")).to_have_value(re.compile("research notebook"))


async def context(scene: Scene) -> None:
    await scene.go("context", scene.demo.conversation_id)
    await expect(scene.page.get_by_role("region", name="System prompt")).to_be_visible()


async def device_task(scene: Scene) -> None:
    await scene.go("tasks", scene.demo.session_id)
    await expect(scene.page.get_by_role("button", name="Approve")).to_be_visible()


async def plan(scene: Scene) -> None:
    await scene.go("plan")
    await expect(scene.page.get_by_text("The last 12 months")).to_be_visible()


async def search(scene: Scene) -> None:
    await scene.go("c", scene.demo.conversation_id)
    await scene.page.keyboard.press("Control+k")
    await scene.page.get_by_role("combobox").fill("map")
    await expect(scene.page.get_by_role("group", name="Memories")).to_be_visible()


PICTURES: Final[Mapping[str, Callable[[Scene], Awaitable[None]]]] = {
    "welcome": welcome,
    "chat": chat,
    "chat-narrow": chat_narrow,
    "memory": memory,
    "archive": archive,
    "builder": builder,
    "context": context,
    "device-task": device_task,
    "plan": plan,
    "search": search,
}


def files_of(name: str) -> list[Path]:
    """The files that a picture is written into, light and dark."""
    return [TARGET / f"{name}-{scheme}.png" for scheme in _SCHEMES]


async def take(names: Sequence[str]) -> None:
    """Write these pictures."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        ScriptedModel().running() as model,
        ServerProcess.running(Path(folder) / "data", SHUTDOWN_GRACE_S="0.1") as server,
        Person.signed_up(server, "ada") as person,
        Person.signed_up(server, "grace") as newcomer,
    ):
        async with machine(person, _disk(Path(folder)), name=MACHINE, key="Workshop"):
            demo = await asyncio.to_thread(furnish, person.caller, model.url)
            async with _browser() as browser:
                for name in names:
                    windows = await browser.new_context(
                        viewport={"width": 1280, "height": 800},
                        locale="en-GB",
                        timezone_id="UTC",
                        reduced_motion="reduce",
                    )
                    await person.enter(windows)
                    scene = Scene(await windows.new_page(), person, newcomer, demo)
                    await PICTURES[name](scene)
                    await _shoot(scene.page, name)
                    await windows.close()


def _disk(folder: Path) -> Path:
    """What the machine has to show."""
    backup = folder / "machine/backup"
    backup.mkdir(parents=True)
    log = "02:00 begun\n02:14 4,182 files, 61 GB\n02:14 list written: files.sha256\n"
    for name, text in (("log.txt", log), ("files.sha256", ""), ("home.tar.zst", "")):
        (backup / name).write_text(text, encoding="utf-8")
    return backup.parent


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=_PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        await browser.close()


async def _shoot(page: Page, name: str) -> None:
    for scheme, path in zip(_SCHEMES, files_of(name), strict=True):
        await page.emulate_media(color_scheme=scheme)
        await expect(page.locator(".skeleton")).to_have_count(0)
        await page.screenshot(path=path, caret="hide", animations="disabled")


def _shrink(files: Sequence[Path]) -> None:
    subprocess.run(["uv", "run", "--quiet", _ROOT / "scripts/shrink_png.py", *files], check=True)
    for file in files:
        print(f"{_shown(file)}: {file.stat().st_size / 1024:.0f} KB")


def _shown(file: Path) -> str:
    return str(file.relative_to(_ROOT))


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the pictures of README.md.")
    parser.add_argument("--only", choices=PICTURES, help="one page, light and dark")
    parser.add_argument("--list", action="store_true", help="print the files, and take none")
    given = parser.parse_args()
    names = [given.only] if given.only else list(PICTURES)
    files = [file for name in names for file in files_of(name)]
    if given.list:
        print(*map(_shown, files), sep="\n")
        return
    asyncio.run(take(names))
    _shrink(files)


if __name__ == "__main__":
    main()
