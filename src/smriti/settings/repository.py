"""Provider settings in the table.

User#<email>  ProviderSettings#<provider>
"""

from typing import Final

from smriti.db.repository import Repository
from smriti.db.table import Delete, Key, Query
from smriti.settings.models import ProviderSettings

_MANY: Final = 1000


def plan_and_providers(email: str) -> Query:
    """A user's provider settings, subscriptions and usage: what a turn must know, in one query."""
    return Query(f"User#{email}", between=("ProviderSettings#", "Usage#~"), limit=_MANY)


def _key(email: str, provider: str) -> Key:
    return f"User#{email}", f"ProviderSettings#{provider}"


class ProviderSettingsRepository(Repository[ProviderSettings]):
    entity = ProviderSettings

    def key(self, entity: ProviderSettings) -> Key:
        return _key(entity.user_email, entity.provider_name)

    async def find(self, email: str, provider: str) -> ProviderSettings | None:
        return await self._find(_key(email, provider))

    async def all_of(self, email: str) -> list[ProviderSettings]:
        return await self._all(Query(f"User#{email}", begins="ProviderSettings#"))

    async def save(self, settings: ProviderSettings) -> None:
        await self._table.bulk(puts=[self.item(settings)])

    async def delete(self, email: str, provider: str) -> None:
        await self._table.write(Delete(_key(email, provider)))
