"""What a client's platform decides: the entries of its tool configuration, and kinds of tools."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from smriti.devices.protocol import ToolType


@dataclass(frozen=True, slots=True)
class Platform:
    """`agents` are names that its client knows (`agent_name`), the first of which it must have."""

    agents: Sequence[str]
    tool_types: Sequence[ToolType] = ("action",)


_UNIX: Final = Platform(("LinuxAgent",))
_MOBILE: Final = Platform(("MobileAgent",), ("action", "data_collection"))
_PLATFORMS: Final[Mapping[str, Platform]] = {
    "windows": Platform(("HostAgent", "AppAgent"), ("action", "data_collection")),
    "mobile": _MOBILE,
    "android": _MOBILE,
    "ios": _MOBILE,
    "hardware": Platform(("HardwareAgent",)),
}


def platform_of(name: str) -> Platform:
    """Linux, macOS, and whatever is not known speak like the Linux client."""
    return _PLATFORMS.get(name.lower(), _UNIX)
