"""The story that is told on every engine: from the free plan to a paid one, and back."""

from tests.payments.story.shop import APP, MONTH_S, Shop, free

_LIMIT = {"tier": "free", "upgrade_url": f"{APP}/pricing"}


async def the_story(shop: Shop) -> None:
    """Sign-up, limit, checkout, webhook, limit lifted, upgrade, failed payment, end, free again."""
    agent = await shop.home.agent(agent_name="First")
    talk = await shop.home.conversation(agent)
    await _meets_the_limits_of_free(shop, talk)
    await _subscribes(shop)
    await _has_room_again(shop, talk)
    await _upgrades(shop)
    await _fails_to_pay(shop)
    await _ends(shop, talk)


async def _meets_the_limits_of_free(shop: Shop, talk: dict[str, str]) -> None:
    assert await shop.status() == free()
    for _ in range(2):
        assert (await shop.said(talk)).status_code == 200

    message = await shop.said(talk)
    agent = await shop.home.client.post("/agents", json=_SECOND)

    assert (message.status_code, agent.status_code) == (429, 429)
    assert message.json()["detail"] == {
        "message": "Monthly message limit reached (2). Upgrade for more.",
        "limit": 2,
        "current": 2,
        **_LIMIT,
    }
    assert agent.json()["detail"] == {
        "message": "Agent limit reached (1). Upgrade to create more.",
        "limit": 1,
        "current": 1,
        **_LIMIT,
    }


async def _subscribes(shop: Shop) -> None:
    subscription_id = await shop.buy("starter")

    (item,) = shop.stripe.object(subscription_id)["items"]["data"]
    assert await shop.status() == {
        "tier": "starter",
        "status": "active",
        "current_period_start": str(item["current_period_start"]),
        "current_period_end": str(item["current_period_end"]),
        "is_active": True,
        "cancel_at_period_end": False,
    }


async def _has_room_again(shop: Shop, talk: dict[str, str]) -> None:
    agent = await shop.home.client.post("/agents", json=_SECOND)
    third = await shop.home.client.post("/agents", json=_SECOND | {"agent_name": "Third"})
    messages = [(await shop.said(talk)).status_code for _ in range(3)]

    assert (agent.status_code, third.status_code) == (201, 429)
    assert messages == [200, 200, 429]


async def _upgrades(shop: Shop) -> None:
    response = await shop.checkout("pro")
    await shop.deliver_all()

    assert response.status_code == 200, response.text
    (subscription,) = shop.stripe.all("subscription")
    (item,) = subscription["items"]["data"]
    assert item["price"]["id"] == shop.prices["pro"]["monthly"]
    prorated = shop.stripe.object(subscription["latest_invoice"])["lines"]["data"]
    assert [line["amount"] for line in prorated] == [-1000, 3000]
    assert await shop.plan() == ("pro", "active")


async def _fails_to_pay(shop: Shop) -> None:
    """What is past due still counts until Stripe gives up."""
    (subscription,) = shop.stripe.all("subscription")
    shop.stripe.set_card(subscription["customer"], works=False)
    shop.stripe.advance(MONTH_S)
    await shop.deliver_all()

    assert await shop.plan() == ("pro", "past_due")


async def _ends(shop: Shop, talk: dict[str, str]) -> None:
    shop.stripe.give_up(shop.subscription_id)
    await shop.deliver_all()

    assert (await shop.plan())[0] == "free"
    assert not (await shop.status())["is_active"]
    assert (await shop.said(talk)).status_code == 429


_SECOND = {
    "agent_name": "Second",
    "agent_architecture": "krishna-memgpt",
    "agent_provider": "Demo",
    "agent_persona": "Knows every shelf.",
}
