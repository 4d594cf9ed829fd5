"""An empty page for what views are made of: modules, styles and policy are those of the app."""

import re
from typing import Any

from playwright.async_api import Page, Route

from tests.e2e.server import ServerProcess

_BODY = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bench</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{base}style.css"></head>
<body><main id="host"></main></body></html>"""


class Bench:
    """`run` gives a function of the page the modules of the app by name."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self._base = base

    @classmethod
    async def opened(cls, page: Page, site: ServerProcess) -> "Bench":
        """Shown in this tab, under the policy of the app."""
        with site.client() as http:
            app = http.get("/app/")
        found = re.search(r"v/[0-9a-f]+/", app.text)
        assert found is not None
        base = found[0]

        async def answer(route: Route) -> None:
            policy = {
                name: app.headers[name]
                for name in ("Content-Security-Policy", "Cross-Origin-Opener-Policy")
            }
            await route.fulfill(
                body=_BODY.replace("{base}", base), content_type="text/html", headers=policy
            )

        await page.route("**/app/bench", answer)
        await page.goto(f"{site.url}/app/bench")
        return cls(page, f"/app/{base}")

    async def run(self, modules: list[str], function: str, argument: Any = None) -> Any:
        """The result of `async (argument, module, …) => …`."""
        return await self.page.evaluate(
            f"""async ([paths, argument]) => {{
                const modules = await Promise.all(paths.map((path) => import(path)));
                return ({function})(argument, ...modules);
            }}""",
            [[f"{self._base}{module}" for module in modules], argument],
        )
