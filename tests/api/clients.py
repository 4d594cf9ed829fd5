"""Clients of the whole API: strangers, and people who are signed in."""

import httpx2
from fastapi import FastAPI

from tests.home import BASE_URL


def open_client(app: FastAPI, **headers: str) -> httpx2.AsyncClient:
    """A client that is not signed in; to be used in `async with`."""
    # What goes wrong inside is answered by the application, as it would be from outside.
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers, timeout=30)
