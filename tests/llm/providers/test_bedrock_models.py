"""Which of Bedrock's models are offered."""

import pytest

from smriti.llm.provider import ModelFailed
from tests.llm.providers.bedrock_server import Server, document, refusal

ARN = "arn:aws:bedrock:us-east-1:"


def model(model_id: str, name: str, *ways: str, streams: bool = True) -> dict[str, object]:
    return {
        "modelArn": f"{ARN}:foundation-model/{model_id}",
        "modelId": model_id,
        "modelName": name,
        "responseStreamingSupported": streams,
        "inferenceTypesSupported": ways,
    }


def profile(profile_id: str, kind: str, model_id: str) -> dict[str, object]:
    return {
        "inferenceProfileId": profile_id,
        "inferenceProfileArn": f"{ARN}123456789012:inference-profile/{profile_id}",
        "inferenceProfileName": f"Profile {profile_id}",
        "status": "ACTIVE",
        "type": kind,
        "models": [{"modelArn": f"{ARN}:foundation-model/{model_id}"}],
    }


async def test_models_that_stream_text_are_listed_with_their_profiles() -> None:
    models = [
        model("amazon.nova-pro-v1:0", "Nova Pro", "ON_DEMAND"),
        model("anthropic.claude-sonnet-4", "Claude Sonnet 4", "INFERENCE_PROFILE"),
        model("cohere.embed-v4", "Embed", "ON_DEMAND", streams=False),
    ]
    profiles = [
        profile("us.anthropic.claude-sonnet-4", "SYSTEM_DEFINED", "anthropic.claude-sonnet-4"),
        profile("us.cohere.embed-v4", "SYSTEM_DEFINED", "cohere.embed-v4"),
        profile("abc123", "APPLICATION", "amazon.nova-pro-v1:0"),
    ]
    answers = (
        document(200, {"modelSummaries": models}),
        document(200, {"inferenceProfileSummaries": profiles}),
    )

    async with Server(*answers) as server:
        listed = await server.provider().models()

    assert [(model.model_id, model.display_name) for model in listed] == [
        ("us.anthropic.claude-sonnet-4", "Profile us.anthropic.claude-sonnet-4"),
        (f"{ARN}123456789012:inference-profile/abc123", "Profile abc123"),
        ("amazon.nova-pro-v1:0", "Nova Pro"),
    ]
    assert {request.host for request in server.requests} == {"bedrock.us-east-1.amazonaws.com"}
    assert [request.line.split()[1] for request in server.requests] == [
        "/foundation-models?byOutputModality=TEXT",
        "/inference-profiles?maxResults=1000",
    ]


async def test_a_listing_that_is_denied_is_a_failure() -> None:
    async with Server(refusal(403, "AccessDeniedException")) as server:
        with pytest.raises(ModelFailed, match="denied access"):
            await server.provider().models()
