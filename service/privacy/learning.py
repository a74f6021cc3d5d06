"""From whom may be learnt: the own data, and a platform's where its contract says so.

What a platform entrusts to the operator is not the operator's to use (Data Security Law, art. 40).
This is the only place where rows of tenants are read for learning, and a test holds it so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from matcher.errors import StateError
from service.audit.act import noted
from service.bootstrap import Home
from service.store import Store
from service.tenancy import Tenancy


@contextmanager
def learnt_from(home: Home, *, across: bool) -> Iterator[list[Store]]:
    """Yield the stores whose links and feedback may be read to learn from, the home's own first.

    Args:
        home: that learns.
        across: read also those tenants whose contract allows it (``panhuo keys learning``).

    Raises:
        StateError: a tenant asks for others' data, or no tenant's contract allows it.
    """
    if not across:
        yield [home.store]
        return
    if home.settings.tenant:
        raise StateError(
            f"found PANHUO_TENANT={home.settings.tenant!r}",
            "the operator: a tenant learns from its own data alone",
            "leave --across out",
        )
    allowed = [tenant.name for tenant in home.store.tenants.all() if tenant.learning]
    if not allowed:
        raise StateError(
            "found no tenant whose contract lets the operator learn from it",
            "one at least",
            "set it with 'panhuo keys learning --tenant NAME --allow', or leave --across out",
        )
    noted(*allowed, learnt_across=len(allowed))
    with closing(Tenancy(home)) as tenancy:
        yield [home.store, *map(tenancy.store_of, allowed)]
