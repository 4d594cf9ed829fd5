"""What a model would see: the window as a bar and a table, the prompt, the messages."""

from playwright.async_api import Page, expect

from tests.e2e.server import Json
from tests.e2e.web.person import Person

_MARKUP = "<img src=x onerror=alert(1)>"
_FIGURES = """() => {
  const figures = [...document.querySelectorAll("tbody td:nth-child(2)")].map((cell) => Number(cell.textContent.replaceAll(",", "")));
  const widths = [...document.querySelectorAll(".context-bar > *")].map((part) => part.getBoundingClientRect().width);
  return [figures, widths];
}"""  # noqa: E501


async def figures(page: Page) -> tuple[list[int], list[float]]:
    """Of the table, and of the bar."""
    found: tuple[list[int], list[float]] = await page.evaluate(_FIGURES)
    return found


async def shown(page: Page, person: Person, conversation: Json) -> None:
    await page.goto(person.at("context", conversation["conversation_id"]))
    await expect(page.get_by_role("heading", name="What the model sees")).to_be_visible()


async def test_the_parts_of_the_bar_are_the_window(page: Page, person: Person) -> None:
    agent = person.caller.agent(agent_persona=f"Knows every shelf. {_MARKUP}")
    talk = person.seed(agent, messages=40)
    context = person.caller.get(f"/conversations/{talk['conversation_id']}/context")

    await shown(page, person, talk)

    amounts, widths = await figures(page)
    assert sum(amounts) == context["tokens"]["window"]
    filled = [amount for amount in amounts if amount]
    order = sorted(range(len(filled)), key=filled.__getitem__)
    assert [widths[n] for n in order] == sorted(widths)
    prompt = page.get_by_role("region", name="System prompt")
    await expect(prompt).to_contain_text(f"Knows every shelf. {_MARKUP}")
    for name in context["tools"]:
        await expect(page.get_by_text(name, exact=True)).to_be_visible()


async def test_a_question_takes_its_place_in_the_window(page: Page, person: Person) -> None:
    talk = person.seed(person.caller.agent(), messages=6)
    await shown(page, person, talk)
    messages = page.get_by_role("region", name="Messages").get_by_role("listitem")
    await expect(messages).to_have_count(6)

    await page.get_by_label("If you asked this now").fill(_MARKUP)

    await expect(messages).to_have_count(7)
    await messages.last.locator("summary").click()
    await expect(messages.last.locator("p")).to_contain_text(_MARKUP)


async def test_a_conversation_that_is_not_there(page: Page, person: Person) -> None:
    await page.goto(person.at("context", "nothing"))
    await expect(page.get_by_role("heading", name="There is no such conversation")).to_be_visible()
