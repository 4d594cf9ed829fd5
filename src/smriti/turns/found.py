"""What the first round trip of a turn reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self, cast

from smriti.agents.repository import agent_key
from smriti.auth.models import Asker
from smriti.db.table import Get, Item, ItemPage, Read
from smriti.memory.keys import core_query
from smriti.messages.repository import newest_messages
from smriti.payments.models import Subscription
from smriti.payments.repository import SUBSCRIPTIONS, load_subscription
from smriti.settings.models import ProviderSettings
from smriti.settings.repository import plan_and_providers
from smriti.turns.summary import summary_key
from smriti.users.models import User
from smriti.users.repository import user_key

HISTORY_PAGE: Final = 60
"""Messages read with the first round trip; more are read only while the window has room."""


def reads_of(asker: Asker, agent_id: str) -> list[Read]:
    """What a turn must know that is not of its conversation."""
    owner = asker.owner
    return [
        Get(user_key(owner)),
        Get(agent_key(owner, agent_id)),
        plan_and_providers(owner),
        core_query(agent_id, asker.user),
    ]


def past_of(conversation_id: str) -> list[Read]:
    """What was said, for who does not know it from the turn before."""
    return [Get(summary_key(conversation_id)), newest_messages(conversation_id, HISTORY_PAGE)]


@dataclass(frozen=True, slots=True)
class Found:
    """`newest` is None when what was said is known from the turn before."""

    account: User | None
    agent: Item | None
    settings: ItemPage
    memory: ItemPage
    newest: ItemPage | None
    summary: Item | None

    @classmethod
    def of(cls, answers: Sequence[Item | ItemPage | None]) -> Self:
        user, agent, settings, memory, *past = answers
        return cls(
            User.model_validate(user) if user else None,
            cast("Item | None", agent),
            cast("ItemPage", settings),
            cast("ItemPage", memory),
            cast("ItemPage", past[1]) if past else None,
            cast("Item | None", past[0]) if past else None,
        )

    @property
    def providers(self) -> list[ProviderSettings]:
        return [ProviderSettings.model_validate(item) for item in self._at("ProviderSettings#")]

    @property
    def subscriptions(self) -> list[Subscription]:
        return [load_subscription(item) for item in self._at(SUBSCRIPTIONS)]

    def _at(self, begins: str) -> list[Item]:
        return [item for item in self.settings.items if str(item["sk"]).startswith(begins)]
