"""What visitors leave goes with the agent, and with its owner's account."""

import pytest

from smriti.auth.tokens import InvalidKey
from smriti.conversations.service import ConversationService
from smriti.users.service import UserService
from smriti.widget.keys.service import WidgetKeyService
from smriti.widget.models import WidgetConversationCreate
from smriti.widget.repository import WidgetConversationRepository
from smriti.widget.service import WidgetService
from smriti.widget.tokens import VisitorTokens
from tests.api.dump import dump
from tests.home import Home
from tests.widget.shop import Shop


async def _visited(home: Home) -> Shop:
    shop = await Shop.opened(home)
    async with shop.visit() as visit:
        await visit.say(await visit.conversation(), "My name is Bo and I work at Acme")
        await visit.conversation()
    return shop


async def _left(home: Home) -> list[str]:
    """The keys of items in which the visitor, or the agent's widget, is named."""
    items = await dump(home.table)
    return [str(key) for key, item in items.items() if "visitor:" in str(item)] + [
        str(key) for key in items if key[1].startswith("ApiKey") or "#Widget" in key[0]
    ]


async def test_a_deleted_agent_leaves_nothing_of_its_visitors(home: Home) -> None:
    shop = await _visited(home)
    assert len(await _left(home)) > 5

    await home.client.delete(f"/agents/{shop.agent['agent_id']}")

    assert await _left(home) == []
    assert await home.items_with("MESSAGE#") == []


async def test_a_deleted_account_leaves_nothing_of_its_visitors(home: Home) -> None:
    await _visited(home)

    await home.client.delete("/users/me")
    await home.services.get(UserService).close()

    assert await _left(home) == []
    assert await home.items_with("MESSAGE#") == []


async def test_from_its_first_moment_nobody_begins_who_was_let_in_before(shop: Shop) -> None:
    services = shop.home.services
    key = await services.get(WidgetKeyService).verify(shop.key["public_key"])
    async with shop.visit() as visit:
        token = visit.http.headers["Authorization"].removeprefix("Bearer ")
    visitor = services.get(VisitorTokens).read(token, key)
    await shop.home.client.delete(shop.key_path)

    with pytest.raises(InvalidKey):
        await services.get(WidgetService).begin(visitor, WidgetConversationCreate())

    assert await shop.home.items_with("CONVERSATION#") == []


async def test_deleting_goes_on_where_a_crash_ended_it(home: Home) -> None:
    shop = await _visited(home)
    agent_id = shop.agent["agent_id"]
    await home.services.get(WidgetKeyService).delete_all_of(agent_id)
    record = (await WidgetConversationRepository(home.table).all_of(agent_id))[0]
    conversations = home.services.get(ConversationService)
    await conversations.delete(record.user, record.conversation_id)

    await home.client.delete(f"/agents/{agent_id}")

    assert await _left(home) == []
