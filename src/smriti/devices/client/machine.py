"""What a device says of the machine that it is."""

import os
import platform
import shutil
import time
from typing import Any, Final

from smriti.devices.client.place import Place
from smriti.tools.native.function_tool import FunctionToolset

PLATFORMS: Final = {"Linux": "linux", "Darwin": "macos"}
"""The platforms that can be devices, by the names that Python has for them."""

_GIB: Final = 1024**3


def system_info(client_id: str, ip_address: str) -> dict[str, Any]:
    """As a device registers with it."""
    return {
        "device_id": client_id,
        "platform": PLATFORMS[platform.system()],
        "os_version": f"{platform.system()} {platform.release()}",
        "cpu_count": os.cpu_count() or 0,
        "memory_total_gb": round(_memory_bytes() / _GIB, 1),
        "hostname": platform.node(),
        "ip_address": ip_address,
        "supported_features": ["cli", "file_system"],
        "platform_type": "computer",
        "schema_version": "1.0",
        "custom_metadata": {},
    }


class Machine(FunctionToolset):
    def __init__(self, place: Place) -> None:
        self._place = place

    async def get_system_info(self) -> str:
        """Tell what this device is: its system, processors, memory, load, and room on the disk."""
        disk = shutil.disk_usage(self._place.root)
        load = ", ".join(f"{load:.2f}" for load in os.getloadavg())
        return "\n".join(
            [
                f"system: {' '.join(os.uname())}",
                f"up for: {time.monotonic() / 3600:.1f} hours",
                f"processors: {os.cpu_count()}; load of 1, 5, 15 minutes: {load}",
                f"memory: {_memory_bytes() / _GIB:.1f} GiB",
                f"disk: {disk.free / _GIB:.1f} of {disk.total / _GIB:.1f} GiB free",
                f"directory: {self._place.root}",
            ]
        )


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
