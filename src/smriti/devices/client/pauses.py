"""How long to wait before trying again."""

from collections.abc import Iterator
from itertools import count
from secrets import SystemRandom
from typing import Final

LONGEST_S: Final = 60.0


def pauses_s() -> Iterator[float]:
    """1 s, 2 s, 4 s … 60 s, each shorter by up to a half, so that devices which lost their server
    together do not come back together."""
    random = SystemRandom()
    for tries in count():
        yield min(2.0 ** min(tries, 10), LONGEST_S) * random.uniform(0.5, 1.0)
