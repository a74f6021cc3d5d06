"""What of this home's catalogue is new or changed since the last round that looked at all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matcher.push.changes import Changes, Prints
from matcher.push.plan import PushPlan
from matcher.push.prepare import Scope
from matcher.push.round_folder import RoundFolder
from matcher.types import PatentId, Uscc
from service.bootstrap import Home
from service.push.earlier import Seen
from service.store.fingerprints import firm_prints, patent_prints
from service.store.upsert import chunks

_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue as fingerprints: patents that lie in the index, and firms.

    ``not_indexed`` counts the patents that wait for a build: they are new once they lie in it.
    """

    patents: Prints
    firms: Prints
    not_indexed: int

    @classmethod
    def of(cls, home: Home) -> Catalogue:
        """Return it as of now; read before a round is planned, so that nothing slips between."""
        database, ids = home.store.database, home.engine().index.patents.ids
        every = Prints.of(patent_prints(database))
        indexed = np.isin(every.names, [name.encode() for name in ids.ids_at(np.arange(len(ids)))])
        firms = Prints.of(firm_prints(database))
        return cls(every.among(indexed), firms, int((~indexed).sum()))

    def keep(self, folder: RoundFolder) -> None:
        """Write it beside the round that looks at it."""
        folder.write_seen(
            {
                "patents": self.patents.names,
                "patent_prints": self.patents.prints,
                "firms": self.firms.names,
                "firm_prints": self.firms.prints,
            }
        )

    def unchanged(self, seen: Seen) -> dict[str, Any]:
        """Return what is told in place of a round where nothing has changed."""
        return {
            "round": None,
            "since": seen.last,
            "changes": {"firms": 0, "patents": 0},
            "not_indexed": self.not_indexed,
        }

    def changes(self, home: Home, seen: Seen, room: int) -> Changes:
        """Return what a round of changes is for, and what the limits leave it.

        Firms that are no more, and patents that may not be recommended, are not pushed.

        Args:
            home: the catalogue's.
            seen: by earlier rounds.
            room: items beyond K that may reach a firm until the next full round.
        """
        firms = chunks(map(Uscc, self.firms.new_since(seen.firms)), _PAGE)
        patents = chunks(map(PatentId, self.patents.new_since(seen.patents)), _PAGE)
        store = home.store
        return Changes(
            firms=[k for page in firms for k, one in store.firms.many(page).items() if one.active],
            patents=[
                key
                for page in patents
                for key, one in store.patents.many(page).items()
                if one.recommendable
            ],
            per_firm=seen.full.per_firm,
            in_all=seen.full.per_firm + room,
            most=seen.load_limit,
        )


def since(plan: PushPlan, seen: Seen) -> PushPlan:
    """Return the plan with the limits of the full round, starting from its prices."""
    full = seen.full
    return replace(
        plan,
        per_firm=full.per_firm,
        least=full.least,
        most=max(seen.load_limit, full.least),
        since=full.round_id,
        warm=full.round_id,
    )


def counting(scope: Scope, seen: Seen) -> Scope:
    """Return the scope with what the rounds since the full one took: it is not offered again."""
    windows = replace(scope.windows, repeat=seen.chain, counted=seen.chain)
    return replace(scope, windows=windows)
