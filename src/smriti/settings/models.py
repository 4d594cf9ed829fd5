"""Provider settings as they are stored and shown."""

from datetime import datetime

from pydantic import BaseModel, Field

from smriti.core.clock import utc_now
from smriti.core.forms import FormInput
from smriti.llm.provider import ModelInfo


class ProviderSettings(BaseModel):
    """One user's connection to one provider. The credentials open with ENCRYPTION_KEY only."""

    user_email: str
    provider_name: str
    encrypted_credentials: str
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime | None = None


class ProviderForm(BaseModel):
    """A form as the provider list shows it: null members are kept."""

    form_name: str
    submit_path: str
    form_inputs: list[FormInput]


class ProviderListing(BaseModel):
    provider_name: str
    form: ProviderForm
    is_configured: bool


class ProviderStatus(BaseModel):
    provider_name: str
    is_configured: bool
    created_at: datetime | None = None
    updated_at: datetime | None = None


class ProviderCheck(BaseModel):
    """Whether a provider answers with its list of models; if not, `problem` says what to do."""

    ok: bool
    models: list[ModelInfo] = Field(default_factory=list)
    problem: str | None = None


class ProviderSummary(BaseModel):
    """A saved provider as it may be taken elsewhere: `settings` are the fields without secrets."""

    provider_name: str
    created_at: datetime
    updated_at: datetime | None = None
    settings: dict[str, str]
