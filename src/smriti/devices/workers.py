"""Who works on a device: the agent that its owner has chosen, or a default one."""

from dataclasses import dataclass
from typing import Final

from smriti.agents.repository import AgentRepository
from smriti.core.errors import Conflict
from smriti.devices.models import Device
from smriti.llm.provider import Credentials, Provider
from smriti.llm.retry import RetryingProvider
from smriti.llm.service import ModelService
from smriti.llm.types import Sampling
from smriti.settings.service import ProviderNotConfigured, ProviderService

_NAME: Final = "Krishna"
_DEMO: Final = "Demo"


class NoModel(Conflict):
    slug = "no-model"


@dataclass(frozen=True, slots=True)
class Worker:
    """A model that is ready to be asked, and whom it plays. `context_tokens`: the agent's word."""

    name: str
    persona: str | None
    provider: Provider
    model: str
    sampling: Sampling
    context_tokens: int | None = None


class Workers:
    def __init__(
        self, agents: AgentRepository, providers: ProviderService, models: ModelService
    ) -> None:
        self._agents = agents
        self._providers = providers
        self._models = models

    async def find(self, owner: str, device: Device | None) -> Worker:
        """The device's agent; without one, the provider saved last with its model.

        `ProviderNotConfigured`, `NoModel`, `ModelFailed`.
        """
        configured = await self._providers.configured(owner)
        chosen = device.agent_id if device is not None else None
        agent = await self._agents.find(owner, chosen) if chosen is not None else None
        if agent is None:
            return await self._default(owner, configured)
        name = agent.agent_provider
        if name not in configured:
            raise ProviderNotConfigured(name)
        connected = await self._models.connect(name, configured[name])
        model = agent.agent_model or await self._model(name, configured[name])
        return Worker(
            agent.agent_name,
            agent.agent_persona,
            RetryingProvider(connected, fallback_model=agent.fallback_model),
            model,
            agent.sampling,
            agent.context_tokens,
        )

    async def _default(self, owner: str, configured: dict[str, Credentials]) -> Worker:
        saved = await self._providers.shown(owner)
        newest_first = sorted(saved, key=lambda entry: entry.updated_at or entry.created_at)[::-1]
        names = [entry.provider_name for entry in newest_first] + list(configured)
        name = next((name for name in names if name in configured and name != _DEMO), None)
        if name is None:
            raise NoModel(
                "There is no model to work with. Save a provider's settings first: "
                "POST /settings/providers/{provider_name}. Or choose an agent for the device."
            )
        connected = await self._models.connect(name, configured[name])
        model = await self._model(name, configured[name])
        return Worker(_NAME, None, RetryingProvider(connected), model, Sampling())

    async def _model(self, name: str, credentials: Credentials) -> str:
        if typed := credentials.get("model"):
            return typed
        listed = await self._models.models(name, credentials)
        if not listed:
            raise NoModel(
                f"{name} lists no models. Save the name of one in its settings: "
                f"POST /settings/providers/{name}."
            )
        return listed[0].model_id
