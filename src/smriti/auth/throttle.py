"""A brake on guessing: failures are counted per name and per client address."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from smriti.core.errors import QuotaExceeded

FAILURES: Final = 10
WINDOW_S: Final = 15 * 60.0
_CAPACITY: Final = 10_000


class TooManyAttempts(QuotaExceeded):
    title, slug = "Too many attempts", "too-many-attempts"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            f"Too many failed sign-ins. Try again in {math.ceil(retry_after_s / 60)} minutes.",
            headers={"Retry-After": str(retry_after_s)},
        )


class FailureThrottle:
    """Counts failures of each key in windows of 15 minutes, in memory, for the latest keys only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()  # (end, failures)

    def check(self, *keys: str) -> None:
        """`TooManyAttempts` when one of the keys has used its attempts up."""
        now = self._clock()
        windows = [self._windows.get(key, (now, 0)) for key in keys]
        waits = [end - now for end, failures in windows if failures >= FAILURES and end > now]
        if waits:
            raise TooManyAttempts(math.ceil(max(waits)))

    def fail(self, *keys: str) -> None:
        now = self._clock()
        for key in keys:
            end, failures = self._windows.get(key, (now, 0))
            self._windows[key] = (end, failures + 1) if end > now else (now + WINDOW_S, 1)
            self._windows.move_to_end(key)
        while len(self._windows) > _CAPACITY:
            self._windows.popitem(last=False)

    def forget(self, key: str) -> None:
        self._windows.pop(key, None)


def network_of(address: str) -> str:
    """What one client can vary freely counts as one: an IPv6 address is cut to its /64."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
