"""How an index hears of what a range query from its last key would not show it.

The state counts, the feed tells. An index that finds as many new words in the feed as the counter
says reads the items that they name; any other compares all that it holds with the table. So a
change is never lost when only the counter moves, as in an older table: it costs more then.
"""

from collections.abc import Sequence
from typing import Final

from smriti.core.clock import new_id, sort_time, unix_now, utc_now
from smriti.db.table import Action, Add, Default, Put, Update
from smriti.retrieval.documents import Corpus

KEPT_S: Final = 7 * 24 * 3600
"""An index that was away for longer compares all that it holds with the table."""

MOST_KEYS: Final = 500
"""That one change may name: about 50 KB."""


def changed(corpus: Corpus, keys: Sequence[str]) -> list[Action]:
    """Tells that the items under these sort keys were edited, deleted, or put in before others.

    At most `MOST_KEYS`. What came in at the end may be among them: a transaction cannot hold
    `inserted` as well, which changes the same item.
    """
    told = f"{corpus.changes_prefix}{sort_time(utc_now())}#{new_id()}"
    return [
        _counted(corpus, "changes", 1),
        Put({"pk": corpus.pk, "sk": told, "keys": list(keys), "ttl": unix_now() + KEPT_S}),
    ]


def inserted(corpus: Corpus, count: int = 1) -> Action:
    """Tells a `counted` corpus that items came in at its end."""
    return _counted(corpus, "inserts", count)


def _counted(corpus: Corpus, counter: str, amount: int) -> Action:
    # Counters that begin anew, because all was deleted, are known by another epoch.
    return Update(corpus.state_key, (Default("epoch", new_id()), Add(counter, amount)))
