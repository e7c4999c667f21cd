"""Everything that is remembered, in MongoDB. The only importer of motor (and of the pymongo it carries); nobody outside sees its parts.

Each write is an upsert by our own id with majority and journal, in unordered batches, so repeating one is harmless and a time-out
decides nothing. An account is claimed by moving its `due_at` to the end of a lease and raising its fence; a late writer with an old
fence changes no state. Driver errors leave here as `StoreAway` when waiting helps; anything else is a bug and passes through.
"""

from __future__ import annotations

from monitor.store.polls import Polls
from monitor.store.roster import Roster


class Store(Roster, Polls):
    """The database. `open` makes collections and indexes; every method may raise `StoreAway`."""
