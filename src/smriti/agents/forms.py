"""The forms that make and change an agent, described for any client."""

from collections.abc import Sequence

from smriti.agents.models import DEFAULT_SESSION_TIMEOUT_MINUTES
from smriti.core.forms import FormInput, FormOption, FormSchema
from smriti.llm.provider import ModelInfo

_TIMEOUTS = {30: "30 minutes", 60: "1 hour", 120: "2 hours", 240: "4 hours", 0: "No timeout"}
_DEVICES = {"devices": "Work on your devices"}
_NEW_CAPABILITIES = {"": "Nothing else"} | _DEVICES
_CAPABILITIES = {"none": "Nothing else"} | _DEVICES
"""An empty text would leave an agent what it has."""
_PROPOSED = {
    "agent_architecture": "krishna-memgpt",
    "session_timeout_minutes": str(DEFAULT_SESSION_TIMEOUT_MINUTES),
}


def create_form(
    architectures: Sequence[str], providers: Sequence[str], models: Sequence[ModelInfo]
) -> FormSchema:
    name = FormInput(input_type="text", name="agent_name", label="Agent Name")
    shared = _shared(architectures, providers, models, _NEW_CAPABILITIES)
    for entry in shared:
        entry.value = _PROPOSED.get(entry.name)
    return FormSchema(
        form_name="Create Agent Form", submit_path="/agents", form_inputs=[name, *shared]
    )


def update_form(
    agent_id: str,
    architectures: Sequence[str],
    providers: Sequence[str],
    models: Sequence[ModelInfo],
) -> FormSchema:
    return FormSchema(
        form_name="Update Agent Form",
        submit_path=f"/agents/{agent_id}",
        form_inputs=_shared(architectures, providers, models, _CAPABILITIES),
    )


def _shared(
    architectures: Sequence[str],
    providers: Sequence[str],
    models: Sequence[ModelInfo],
    capabilities: dict[str, str],
) -> list[FormInput]:
    offered = [_offered(model) for model in models]
    nothing = FormOption(value="", label="-")
    return [
        _select("agent_architecture", "Architecture", {name: name for name in architectures}),
        FormInput(input_type="text_area", name="agent_persona", label="Persona"),
        _select("agent_provider", "Provider", {name: name for name in providers}),
        _choice("agent_model", "Model", offered),
        _select(
            "session_timeout_minutes",
            "Session timeout",
            {str(minutes): label for minutes, label in _TIMEOUTS.items()},
        ),
        _select("capabilities", "What else it may do", capabilities),
        _number("temperature", "Temperature", 0, 2),
        _number("top_p", "Top p", 0, 1),
        _number("presence_penalty", "Presence penalty", -2, 2),
        _number("frequency_penalty", "Frequency penalty", -2, 2),
        _number("max_output_tokens", "Longest answer (tokens)", 1, 1_000_000, step="1"),
        _number("context_tokens", "Context window (tokens)", 1_000, 10_000_000, step="1"),
        _choice(
            "fallback_model", "Fallback model, when the other is overloaded", [nothing, *offered]
        ),
    ]


def _offered(model: ModelInfo) -> FormOption:
    """A model, for who has chosen its provider."""
    return FormOption(
        value=model.model_id, label=model.display_name, when={"agent_provider": model.provider}
    )


def _select(name: str, label: str, options: dict[str, str]) -> FormInput:
    return _choice(
        name, label, [FormOption(value=key, label=text) for key, text in options.items()]
    )


def _choice(name: str, label: str, options: list[FormOption]) -> FormInput:
    return FormInput(input_type="select", name=name, label=label, options=options)


def _number(name: str, label: str, low: int, high: int, *, step: str = "0.1") -> FormInput:
    hints = {"type": "number", "min": str(low), "max": str(high), "step": step}
    return FormInput(input_type="text", name=name, label=label, attr=hints)
