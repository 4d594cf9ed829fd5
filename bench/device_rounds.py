"""Smriti with one route more: `GET /rounds?count=N` sends commands to the only device, one by one,
waits for the results of each, and answers the milliseconds.

    uv run bench/device_rounds.py --port 0
"""

import argparse
import asyncio
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

from smriti.app import create_app
from smriti.cli.serve import listen, options, url_of
from smriti.core.config import Config
from smriti.core.edge import Services
from smriti.devices.channel import Channel
from smriti.devices.hub import Hub
from smriti.devices.protocol import Action, Command

_ACTION = Action(tool_name="execute_command", parameters={"command": "df -h", "timeout": 20})


async def rounds(services: Services, count: int) -> list[float]:
    [device] = services.get(Hub).everybody()
    took = []
    for _ in range(count):
        command = Command(agent_name="LinuxAgent", task_name="bench", actions=[_ACTION])
        began = time.perf_counter()
        await services.get(Channel).execute(device, command, limit_s=10)
        took.append(1000 * (time.perf_counter() - began))
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description="Smriti, which measures its devices.")
    parser.add_argument("--port", type=int, default=9904, help="0 for a free one")
    port = parser.parse_args().port
    with (
        TemporaryDirectory(prefix="smriti-bench-") as directory,
        closing(listen("127.0.0.1", port)) as listener,
    ):
        config = Config(smriti_data_dir=Path(directory), log_level="WARNING")
        app = create_app(config)

        @app.get("/rounds")
        async def measure(count: int) -> list[float]:
            return await rounds(app.state.services, count)

        print(url_of(listener), flush=True)
        asyncio.run(uvicorn.Server(options(app, config)).serve([listener]))


if __name__ == "__main__":
    main()
