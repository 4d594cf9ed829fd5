"""Subscriptions in the table.

User#<email>  Subscription#<subscription_id>
"""

from smriti.db.repository import Repository
from smriti.db.table import Key, Query
from smriti.payments.models import Subscription

PREFIX = "Subscription#"


class SubscriptionRepository(Repository[Subscription]):
    entity = Subscription

    def key(self, entity: Subscription) -> Key:
        return f"User#{entity.user_email}", f"{PREFIX}{entity.subscription_id}"

    async def all_of(self, email: str) -> list[Subscription]:
        return await self._all(Query(f"User#{email}", begins=PREFIX))
