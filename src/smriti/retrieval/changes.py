"""How an index hears of what a range query from its last key would not show it."""

from collections.abc import Sequence
from typing import Final

from smriti.core.clock import new_id, sort_time, unix_now, utc_now
from smriti.db.table import Action, Add, Put, Update
from smriti.retrieval.documents import Corpus

KEPT_S: Final = 7 * 24 * 3600
"""An index that was away for longer compares all that it holds with the table."""

MOST_KEYS: Final = 500
"""That one change may name: about 50 KB."""


def changed(corpus: Corpus, keys: Sequence[str]) -> list[Action]:
    """Tells that items were edited, deleted, or put in before others. At most `MOST_KEYS`."""
    told = f"{corpus.changes_prefix}{sort_time(utc_now())}#{new_id()}"
    return [
        Update(corpus.state_key, (Add("changes", 1),)),
        Put({"pk": corpus.pk, "sk": told, "keys": list(keys), "ttl": unix_now() + KEPT_S}),
    ]


def inserted(corpus: Corpus, count: int = 1) -> Action:
    """Tells a `counted` corpus that items came in at its end."""
    return Update(corpus.state_key, (Add("inserts", count),))
