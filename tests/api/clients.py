"""Clients of the whole API: strangers, and people who are signed in."""

import json

import httpx2
from fastapi import FastAPI

from tests.home import BASE_URL


def open_client(app: FastAPI, **headers: str) -> httpx2.AsyncClient:
    """A client that is not signed in; to be used in `async with`."""
    # What goes wrong inside is answered by the application, as it would be from outside.
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers, timeout=30)


async def post_json(client: httpx2.AsyncClient, path: str, body: object) -> httpx2.Response:
    """Send what the client itself refuses to send: numbers and halves of characters as they are."""
    return await client.post(
        path, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
