"""Decisions about provider settings: what a form accepts, and who is configured."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import orjson

from smriti.auth.links import OWNER_EMAIL
from smriti.core.clock import utc_now
from smriti.core.crypto import SecretBox, SecretUnreadable
from smriti.core.errors import BadRequest, Conflict
from smriti.core.forms import FormInput
from smriti.llm.definitions import PROVIDERS, ProviderDefinition
from smriti.llm.provider import Credentials, ModelFailed, ModelInfo
from smriti.llm.service import ModelService
from smriti.settings.models import (
    ProviderCheck,
    ProviderForm,
    ProviderListing,
    ProviderSettings,
    ProviderStatus,
    ProviderSummary,
)
from smriti.settings.repository import ProviderSettingsRepository

_HARMLESS: Final = ("base_url", "region", "model", "api", "thinking_budget")
"""Fields of forms that hold no secret: an address with one in it is refused."""


class UnknownProvider(BadRequest):
    slug = "unknown-provider"

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown provider {name!r}. Known are: {', '.join(PROVIDERS)}.")


class ProviderNotConfigured(Conflict):
    slug = "provider-not-configured"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Provider '{name}' is not configured. Save its settings first: "
            f"POST /settings/providers/{name}."
        )


class CredentialsUnreadable(Conflict):
    slug = "credentials-unreadable"


class ProviderService:
    """Model providers as one user sees them.

    `own` are the process's own credentials, from its environment; they serve the local owner alone.
    """

    def __init__(
        self,
        settings: ProviderSettingsRepository,
        models: ModelService,
        box: SecretBox,
        *,
        own: Mapping[str, Credentials],
    ) -> None:
        self._settings = settings
        self._models = models
        self._box = box
        self._own = dict(own)

    async def listing(self, email: str) -> list[ProviderListing]:
        saved = {entry.provider_name: entry for entry in await self._settings.all_of(email)}
        return [
            ProviderListing(
                provider_name=name,
                form=ProviderForm(
                    form_name=f"{name} settings",
                    submit_path=f"/settings/providers/{name}",
                    form_inputs=self._filled(definition, saved.get(name)),
                ),
                is_configured=name in saved or self._preset(email, name) is not None,
            )
            for name, definition in PROVIDERS.items()
        ]

    async def status(self, email: str, name: str) -> ProviderStatus:
        _definition(name)
        saved = await self._settings.find(email, name)
        if saved is None:
            configured = self._preset(email, name) is not None
            return ProviderStatus(provider_name=name, is_configured=configured)
        return ProviderStatus(
            provider_name=name,
            is_configured=True,
            created_at=saved.created_at,
            updated_at=saved.updated_at,
        )

    async def save(self, email: str, name: str, values: Mapping[str, object]) -> ProviderStatus:
        """Store the form's values, encrypted.

        Saving again keeps `created_at`, and at the same address the secrets that are left empty.
        """
        definition = _definition(name)
        before = await self._settings.find(email, name)
        credentials = definition.validate_again(values, self._readable(before))
        settings = ProviderSettings(
            user_email=email,
            provider_name=name,
            encrypted_credentials=self._box.seal(
                orjson.dumps(credentials).decode(), place=_place(email, name)
            ),
        )
        if before is not None:
            settings.created_at, settings.updated_at = before.created_at, utc_now()
        await self._settings.save(settings)
        return await self.status(email, name)

    async def check(self, email: str, name: str, values: Mapping[str, object]) -> ProviderCheck:
        """Whether the provider would answer if these values were saved. Nothing is."""
        definition = _definition(name)
        before = await self._settings.find(email, name)
        credentials = definition.validate_again(values, self._readable(before))
        try:
            models = await self._models.offered(name, credentials)
        except ModelFailed as failure:
            return ProviderCheck(ok=False, problem=failure.in_our_words)
        return ProviderCheck(ok=True, models=models)

    async def delete(self, email: str, name: str) -> None:
        _definition(name)
        await self._settings.delete(email, name)

    async def shown(self, email: str) -> list[ProviderSummary]:
        """What the user has set up, without anything that is, or may hold, a secret."""
        return [
            ProviderSummary(
                provider_name=entry.provider_name,
                created_at=entry.created_at,
                updated_at=entry.updated_at,
                settings=self._harmless(entry),
            )
            for entry in await self._settings.all_of(email)
        ]

    def _filled(
        self, definition: ProviderDefinition, entry: ProviderSettings | None
    ) -> list[FormInput]:
        """The form with what was saved, where that is no secret."""
        saved = {} if entry is None else self._harmless(entry)
        return [
            field.model_copy(update={"value": saved.get(field.name, field.value)})
            for field in definition.form_inputs
        ]

    def _harmless(self, entry: ProviderSettings) -> dict[str, str]:
        credentials = self._readable(entry)
        return {name: credentials[name] for name in _HARMLESS if name in credentials}

    def _readable(self, entry: ProviderSettings | None) -> Credentials:
        """What was saved; nothing where nothing was, or it cannot be opened any more."""
        if entry is None:
            return {}
        try:
            return self._open(entry)
        except CredentialsUnreadable:
            return {}

    async def configured(self, email: str) -> dict[str, Credentials]:
        """Every provider that is ready for this user, with what it takes to call it.

        One whose settings cannot be opened any more is left out: it must not keep the others away.
        """
        saved = await self._settings.all_of(email)
        found = {name: self._preset(email, name) for name in PROVIDERS}
        for entry in saved:
            if entry.provider_name in PROVIDERS:
                with suppress(CredentialsUnreadable):
                    found[entry.provider_name] = self._open(entry)
        return {name: credentials for name, credentials in found.items() if credentials is not None}

    def credentials(self, email: str, name: str, saved: Sequence[ProviderSettings]) -> Credentials:
        """The credentials of one provider, out of the user's settings that were read already."""
        for entry in saved:
            if entry.provider_name == name:
                return self._open(entry)
        preset = self._preset(email, name)
        if preset is None:
            raise ProviderNotConfigured(name)
        return preset

    async def models(self, email: str, name: str) -> list[ModelInfo]:
        """The models of one provider, [] when it is unknown, not configured, or does not answer."""
        known = {provider.lower(): provider for provider in PROVIDERS}.get(name.lower())
        credentials = (await self.configured(email)).get(known) if known else None
        if known is None or credentials is None:
            return []
        return await self._models.models(known, credentials)

    async def all_models(self, email: str) -> tuple[list[str], list[ModelInfo]]:
        """The configured providers' names, and all their models."""
        configured = await self.configured(email)
        models = [
            model
            for name, credentials in configured.items()
            for model in await self._models.models(name, credentials)
        ]
        return list(configured), models

    def _open(self, entry: ProviderSettings) -> Credentials:
        place = _place(entry.user_email, entry.provider_name)
        try:
            opened = self._box.open(entry.encrypted_credentials, place=place)
        except SecretUnreadable as error:
            raise CredentialsUnreadable(
                f"The settings of {entry.provider_name} were saved with another ENCRYPTION_KEY. "
                "Save them again."
            ) from error
        credentials: Credentials = orjson.loads(opened)
        return credentials

    def _preset(self, email: str, name: str) -> Credentials | None:
        """What needs no saving: a provider without a form, or the process's own for its owner."""
        if not PROVIDERS[name].form_inputs:
            return {}
        return self._own.get(name) if email == OWNER_EMAIL else None


def _definition(name: str) -> ProviderDefinition:
    if name not in PROVIDERS:
        raise UnknownProvider(name)
    return PROVIDERS[name]


def _place(email: str, name: str) -> str:
    return f"{email}/{name}"
