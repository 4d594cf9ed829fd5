"""How often visitors may ask: each for themselves, and not on account of the owner."""

from smriti.realtime.memory_windows import MemoryWindows
from smriti.usage.rates import RequestRates
from tests.fakes.clock import Clock
from tests.widget.shop import Shop


def _limit(shop: Shop, *, chat: int = 100, hour: int = 1000) -> None:
    clock = Clock(1_800_000_000)
    rates = RequestRates(MemoryWindows(clock), chat_per_minute=chat, per_hour=hour, clock=clock)
    shop.home.services.add(rates)


async def test_every_visitor_has_messages_of_their_own(shop: Shop) -> None:
    own = await shop.home.conversation(shop.agent)
    async with shop.visit(email="bo@x.org") as bo, shop.visit(email="cy@x.org") as cy:
        talk, other = await bo.conversation(), await cy.conversation()
        _limit(shop, chat=2)
        answers = [await bo.send(talk, "Hi") for _ in range(3)]
        others = await cy.send(other, "Hi")
        path = f"/widget/conversations/{talk['conversation_id']}/messages"
        kept = (await bo.http.get(path)).json()
    owners = await shop.home.send(own, {"content": "Hi"})

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["type"] == "/problems/rate-limited"
    assert int(answers[2].headers["Retry-After"]) > 0
    assert [others.status_code, owners.status_code] == [200, 200]
    assert len(kept) == 4


async def test_nameless_visitors_of_one_address_share_its_messages(shop: Shop) -> None:
    own = await shop.home.conversation(shop.agent)
    async with shop.visit() as first, shop.visit() as second:
        talks = [(each, await each.conversation()) for each in (first, second, first)]
        _limit(shop, chat=2)
        answers = [await each.send(talk, "Hi") for each, talk in talks]
    owners = await shop.home.send(own, {"content": "Hi"})

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert owners.status_code == 200


async def test_one_address_does_not_become_visitors_without_end(shop: Shop) -> None:
    _limit(shop, hour=3)

    async with shop.page() as page:
        answers = [await page.post("/widget/auth/anonymous") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].headers["Access-Control-Allow-Origin"] == page.headers["Origin"]
