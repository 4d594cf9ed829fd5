"""Which pages of other origins may read our answers."""

from collections.abc import Sequence
from functools import partial

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class Cors:
    """Pages of the given origins; on paths that begin with `open_paths` those of any origin.

    Which may come there, a key names that a preflight does not tell: the routes ask it, and take no
    cookies. `shown` are the headers of our answers that pages may read.
    """

    def __init__(
        self, app: ASGIApp, *, origins: Sequence[str], open_paths: str, shown: Sequence[str]
    ) -> None:
        usual = partial(
            CORSMiddleware, app, allow_methods=["*"], allow_headers=["*"], expose_headers=shown
        )
        self._some = usual(allow_origins=origins)
        self._all = usual(allow_origin_regex=".*")
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = scope["type"] == "http" and scope["path"].startswith(self._open_paths)
        await (self._all if is_open else self._some)(scope, receive, send)
