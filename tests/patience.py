"""How long tests wait for what must come: a busy machine is slow, what hangs does so for ever."""

from typing import Final

PATIENCE_S: Final = 60.0
