"""Usage and plan: meters, months, and a plan that is bought, changed, cancelled and taken back."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.browser import context
from tests.e2e.server import ServerProcess, spoken
from tests.e2e.web.looks import axe, both_schemes, overflows
from tests.e2e.web.person import Person
from tests.fakes.stripe_server import FakeStripe
from tests.payments.story.shop import MONTH_S, offer, pricing_file


@pytest.fixture(scope="module")
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe().running() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, stripe: FakeStripe) -> Iterator[ServerProcess]:
    """A server that sells plans. Free are one agent and two messages a month."""
    folder = tmp_path_factory.mktemp("shop")
    with ServerProcess.running(
        folder / "data",
        PRICING_CONFIG=str(pricing_file(folder, offer(stripe))),
        STRIPE_SECRET_KEY=stripe.key,
        STRIPE_WEBHOOK_SECRET=stripe.secret,
        STRIPE_API_BASE=stripe.url,
        PLAN_LIMITS="on",
        SHUTDOWN_GRACE_S="0.1",
    ) as server:
        yield server


async def test_a_reached_limit_is_lifted_by_the_plan_that_is_bought(
    page: Page, person: Person
) -> None:
    talk = person.caller.conversation(person.caller.agent())
    for _ in range(2):
        person.caller.ask(talk, "Hi")
    await page.goto(person.at("plan"))
    await expect(_meter(page, "Messages")).to_contain_text("2 of 2")
    await expect(_meter(page, "Messages")).to_contain_text("All used. Resets on")
    await expect(_meter(page, "Agents")).to_contain_text("1 of 1")

    await _tier(page, "Starter").get_by_role("button", name="Choose").click()
    await page.get_by_role("button", name="Subscribe").click()  # on Stripe's page

    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    await expect(page.get_by_text("Your plan is Starter.")).to_be_visible()
    await page.get_by_role("link", name="See the plan").click()
    await expect(_meter(page, "Messages")).to_contain_text("2 of 4")
    await expect(_tier(page, "Starter")).to_contain_text("Your plan")
    await expect(_tier(page, "Starter").get_by_role("button")).to_have_count(0)
    await expect(_tier(page, "Free").get_by_role("button")).to_have_count(0)
    assert spoken(person.caller.ask(talk, "Hi again"))


async def test_the_way_back_from_a_payment_may_be_gone_twice(
    page: Page, person: Person, stripe: FakeStripe
) -> None:
    session_id = _buy(person, stripe)
    back = person.at("payments", f"success?session_id={session_id}")
    await page.goto(back)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")

    await page.reload()

    await expect(page.get_by_role("heading", level=1)).to_have_text("This payment is noted")
    await expect(page.get_by_text("Your plan is Starter.")).to_be_visible()


async def test_who_leaves_the_checkout_has_bought_nothing(page: Page, person: Person) -> None:
    await page.goto(person.at("payments", "cancel"))
    await expect(page.get_by_text("Nothing was charged")).to_be_visible()

    await page.get_by_role("link", name="Back to the plans").click()

    await expect(_tier(page, "Free")).to_contain_text("Your plan")


async def test_a_plan_is_cancelled_and_taken_back_and_its_invoices_are_at_stripe(
    page: Page, person: Person, stripe: FakeStripe
) -> None:
    _buy(person, stripe)
    await page.route(f"{stripe.url}/p/session/**", lambda route: route.fulfill(body="Invoices"))
    await page.goto(person.at("plan"))
    bought = page.get_by_role("region", name="Your subscription")
    await expect(bought).to_contain_text("Starter goes on by itself on")

    await bought.get_by_role("button", name="Cancel plan").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel plan").click()
    await expect(bought).to_contain_text("Starter ends on")
    await bought.get_by_role("button", name="Keep the plan").click()
    await expect(bought).to_contain_text("Starter goes on by itself on")

    await bought.get_by_role("button", name="Invoices and payment").click()
    await expect(page.get_by_text("Invoices", exact=True)).to_be_visible()


async def test_who_pays_already_is_asked_before_the_difference_is_paid(
    page: Page, person: Person, stripe: FakeStripe
) -> None:
    _buy(person, stripe)
    await page.goto(person.at("plan"))
    await _tier(page, "Pro").get_by_role("button", name="Choose").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("the difference is paid now")

    await dialog.get_by_role("button", name="Change to Pro").click()

    await expect(page.get_by_text("Your plan is Pro.")).to_be_visible()


async def test_a_payment_that_failed_says_where_to_change_the_card(
    page: Page, person: Person, stripe: FakeStripe
) -> None:
    _buy(person, stripe)
    stripe.set_card(stripe.all("subscription")[0]["customer"], works=False)
    stripe.advance(MONTH_S)
    with person.site.client() as http:
        for delivery in stripe.deliveries():
            answer = http.post(
                "/payments/stripe/webhook", content=delivery.body, headers=delivery.headers()
            )
            assert answer.is_success, answer.text

    await page.goto(person.at("plan"))

    await expect(page.get_by_role("alert")).to_contain_text("The last payment for Starter")


async def test_the_months_are_bars_and_a_table(page: Page, person: Person) -> None:
    person.caller.ask(person.caller.conversation(person.caller.agent()), "Hi")
    now = datetime.now(UTC)
    await page.goto(person.at("plan"))

    bars = page.get_by_role("img")
    await expect(bars).to_have_accessible_name(re.compile(f"^Messages .*, {now:%B} 1$"))
    await page.get_by_text("As a table").click()
    rows = page.get_by_role("table").get_by_role("row")
    await expect(rows).to_have_count(13)
    await expect(rows.nth(1)).to_contain_text(f"{now:%B %Y}")
    await page.get_by_label("Tokens").check()
    await expect(bars).to_have_accessible_name(re.compile("^Tokens by month"))


async def test_the_plan_is_for_everybody(page: Page, person: Person, stripe: FakeStripe) -> None:
    _buy(person, stripe)
    await page.goto(person.at("pricing"))
    await expect(_tier(page, "Pro")).to_be_visible()
    await expect(page).to_have_title("Plan and usage · Smriti")

    await page.set_viewport_size({"width": 360, "height": 740})
    assert not await overflows(page)
    async for scheme in both_schemes(page):
        assert await axe(page) == [], scheme
    for path in ("success", "cancel"):
        await page.goto(person.at("payments", path))
        await expect(page.get_by_role("link", name="Go on talking")).to_be_visible()
        async for scheme in both_schemes(page):
            assert await axe(page) == [], scheme


@pytest.mark.parametrize("prices", [True, False], ids=["no key of Stripe", "no prices"])
async def test_where_nothing_can_be_bought_no_button_says_so(
    browser: Browser, stripe: FakeStripe, tmp_path: Path, *, prices: bool
) -> None:
    config = {"PRICING_CONFIG": str(pricing_file(tmp_path, offer(stripe) if prices else {}))}
    with (
        ServerProcess.running(tmp_path / "data", PLAN_LIMITS="on", **config) as server,
        Person.signed_up(server, "ada") as person,
    ):
        async with context(browser) as windows:
            await person.enter(windows)
            page = await windows.new_page()
            await page.goto(person.at("plan"))
            if prices:
                await _tier(page, "Starter").get_by_role("button", name="Choose").click()
            await expect(page.get_by_text("Plans cannot be bought on this server.")).to_be_visible()
            await expect(_tier(page, "Starter")).to_be_visible()
            await expect(page.get_by_role("button", name="Choose")).to_have_count(0)


def _buy(person: Person, stripe: FakeStripe) -> str:
    """Pay for the first plan. The Checkout session's id."""
    order = {"planKey": "starter", "billingCycle": "monthly"}
    person.caller.post("/payments/stripe/checkout", order)
    session_id = str(stripe.all("checkout.session")[0]["id"])
    stripe.pay(session_id)
    return session_id


def _tier(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name))


def _meter(page: Page, label: str) -> Locator:
    return page.get_by_role("main").locator(".meter").filter(has=page.get_by_label(label))
