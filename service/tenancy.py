"""Homes as tenants see them; beside ``bootstrap.py`` the place where homes are put together.

A tenant of the shared catalogue has a database of its own over the operator's patents and index.
A tenant with a private catalogue has a home of its own in ``HOME/tenants/PLACE``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from sqlalchemy import make_url

from embeddings.tokeniser import Tokeniser
from matcher.engine import Engine
from matcher.errors import StateError
from matcher.index.build import BuildReport, Progress
from matcher.places.places import PlaceTable
from matcher.ranking.policy import Policy
from service.bootstrap import Home, open_home
from service.config import Settings
from service.filtering import FactTables
from service.segments import SegmentTables
from service.store import Store
from service.store.database import Database
from service.store.tenant_store import TenantStore, prepare
from service.store.tenants import OPERATOR, Tenant

_FOLDER = "tenants"


class SharedHome(Home):
    """The operator's index over what one tenant sees.

    Args:
        operator: the home that the index belongs to.
        tenant: its name.
        store: the tenant's.
    """

    def __init__(self, operator: Home, tenant: str, store: Store) -> None:
        super().__init__(operator.settings.model_copy(update={"tenant": tenant}), store)
        self._operator = operator

    @cached_property
    def tokeniser(self) -> Tokeniser:
        """The tokeniser every part shares."""
        return self._operator.tokeniser

    @cached_property
    def places(self) -> PlaceTable:
        """Regions and seats of institutions."""
        return self._operator.places

    @cached_property
    def filters(self) -> FactTables:
        """What filters look at: the patents are the operator's."""
        return self._operator.filters

    @cached_property
    def policy(self) -> Policy:
        """The scoring policy."""
        return self._operator.policy

    @property
    def segments(self) -> SegmentTables:
        """Taxonomy and concordances of the operator's home."""
        return self._operator.segments

    def engine(self) -> Engine:
        """Return the engine over the operator's current index version; see ``Home.engine``."""
        return self._operator.engine()

    def live(self) -> Engine:
        """Return the same with what changed since; see ``Home.live``."""
        return self._operator.live()

    def build(
        self, progress: Progress, encoder: str | None = None, *, go_on: bool = False
    ) -> BuildReport:
        """Refuse: the index is the operator's.

        Raises:
            StateError: always.
        """
        raise _shared()

    def compact(self, progress: Progress) -> BuildReport:
        """Refuse likewise.

        Raises:
            StateError: always.
        """
        raise _shared()


def _shared() -> StateError:
    return StateError(
        "found a tenant of the shared catalogue",
        "the operator, or a tenant with a private catalogue",
        "unset PANHUO_TENANT to build the index that all tenants share",
    )


class Tenancy:
    """The homes of all tenants in one process, each opened when it is first asked for.

    Args:
        operator: the operator's home; it outlives this.
    """

    def __init__(self, operator: Home) -> None:
        self._operator = operator
        self._homes: dict[str, Home] = {"": operator}
        self._opening = threading.Lock()
        self._opened = ExitStack()

    def at_hand(self, tenant: str) -> Home | None:
        """Return the tenant's home if it is open."""
        return self._homes.get(tenant)

    def of(self, tenant: str) -> Home:
        """Return the tenant's home, "" for the operator's; safe from many threads.

        Raises:
            TenantNotFound: nobody was given a key under this name.
            StoreUnavailable: its database does not answer.
        """
        with self._opening:
            if tenant not in self._homes:
                found = self._operator.store.tenants.get(tenant)
                home = self._opened.enter_context(_opened(self._operator, found))
                self._homes[tenant] = home
            return self._homes[tenant]

    def indexed(self) -> list[tuple[str, Home]]:
        """Return (tenant, home) of those that have opened an index of their own."""
        return [(name, home) for name, home in [*self._homes.items()] if home.opened]

    def store_of(self, tenant: str) -> Store:
        """Return the tenant's store; raises as ``of``."""
        return self.of(tenant).store

    def close(self) -> None:
        """Close every tenant's database."""
        self._opened.close()


@contextmanager
def open_own_home(settings: Settings) -> Iterator[Home]:
    """Yield the home of the tenant that the settings name, or the operator's; closes it afterwards.

    Raises:
        StoreUnavailable: the database does not answer.
        TenantNotFound: nobody was given a key under the tenant's name.
    """
    with open_home(settings.model_copy(update={"tenant": ""})) as operator:
        if settings.tenant in {"", OPERATOR}:
            yield operator
            return
        with _opened(operator, operator.store.tenants.get(settings.tenant)) as home:
            yield home


@contextmanager
def _opened(operator: Home, tenant: Tenant) -> Iterator[Home]:
    folder = Path(operator.settings.home) / _FOLDER / tenant.place
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    main = operator.store.database
    if main.dialect == "postgresql":
        own = main.within(f"tenant_{tenant.place}")
    else:
        own = Database(f"sqlite:///{folder / 'panhuo.db'}", linked=tenant.private)
    try:
        prepare(own, linked=tenant.private)
        if tenant.private:
            with open_home(_private(operator.settings, folder, own.schema)) as home:
                yield home
        else:
            yield SharedHome(operator, tenant.name, TenantStore(own, operator.store))
    finally:
        own.close()


def _private(settings: Settings, folder: Path, schema: str) -> Settings:
    """Return the settings under which a private home is a home like any other."""
    url = ""
    if schema:
        given = make_url(settings.database_url)
        seen = given.update_query_dict({"options": f"-csearch_path={schema}"})
        url = seen.render_as_string(hide_password=False)
    return settings.model_copy(update={"home": folder, "database_url": url})
