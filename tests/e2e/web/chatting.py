"""What tests of the chat say and see."""

from playwright.async_api import Locator, Page

from tests.e2e.server import Json


async def say(page: Page, text: str) -> None:
    """Write it, and send it with Enter."""
    await page.get_by_label("Message", exact=True).fill(text)
    await page.keyboard.press("Enter")


def questions(page: Page) -> Locator:
    return page.locator(".chat-user .chat-bubble")


def answers(page: Page) -> Locator:
    """The texts that agents have said."""
    return page.locator(".chat-assistant > .prose")


def tools(page: Page) -> Locator:
    return page.locator(".call")


def stop(page: Page) -> Locator:
    return page.get_by_role("button", name="Stop", exact=True)


def notice(page: Page) -> Locator:
    return page.locator(".chat-notice")


def listed(page: Page) -> Locator:
    """The conversations in the navigation."""
    return page.locator(".chat-row > a")


def link_to(page: Page, conversation: Json) -> Locator:
    return page.locator(f'a.nav-row[href$="{conversation["conversation_id"]}"]')
