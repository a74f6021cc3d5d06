"""What an endpoint gets: the home as the caller sees it, as much of it as the API needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Protocol

from anyio import to_thread
from fastapi import Depends, Request

from matcher.errors import IndexStale, InputError
from matcher.index.faiss_index import set_threads
from matcher.places.places import PlaceTable
from matcher.readers import Readers
from matcher.recommend import Recommender
from matcher.segments.taxonomy import Taxonomy
from service.auth.guard import Asking
from service.auth.narrow import asking, narrowed
from service.filtering import FactTables
from service.store import Store


class Tables(Protocol):
    """The segments in use."""

    @property
    def taxonomy(self) -> Taxonomy:
        """Names of segments."""


class OpenedHome(Protocol):
    """The part of ``service.bootstrap.Home`` that the API uses."""

    @property
    def readers(self) -> Readers:
        """The catalogue and the feedback log."""

    @property
    def places(self) -> PlaceTable:
        """Reads regions."""

    @property
    def segments(self) -> Tables:
        """Names segments."""

    @property
    def store(self) -> Store:
        """What the tenant's requests write to."""

    @property
    def filters(self) -> FactTables:
        """What filters look at."""

    def recommender(self, readers: Readers | None = None) -> Recommender:
        """Return the online path over the current index version; safe from many threads."""


class Homes(Protocol):
    """The part of ``service.tenancy.Tenancy`` that the API uses."""

    def at_hand(self, tenant: str) -> OpenedHome | None:
        """Return the tenant's home if it is open."""

    def of(self, tenant: str) -> OpenedHome:
        """Return the tenant's home; safe from many threads."""


class Recommending(Protocol):
    """What makes lists."""

    def recommender(self) -> Recommender:
        """Return the online path over the current index version."""


@dataclass(frozen=True, slots=True)
class SeenHome:
    """A tenant's home as one caller sees it.

    Attributes:
        readers: the catalogue and the feedback log, narrowed to the caller.
        asking: the readers of lists that are made for the caller.
        opened: the tenant's home.
    """

    readers: Readers
    asking: Readers
    opened: OpenedHome

    @property
    def places(self) -> PlaceTable:
        """Reads regions."""
        return self.opened.places

    @property
    def segments(self) -> Tables:
        """Names segments."""
        return self.opened.segments

    def recommender(self) -> Recommender:
        """Return the online path over the current index version."""
        return self.opened.recommender(self.asking)


async def _home(request: Request, caller: Asking) -> SeenHome:
    home = await _opened(request.state.homes, caller.tenant)
    return SeenHome(narrowed(home.readers, caller), asking(home.readers, caller), home)


async def _opened(homes: Homes, tenant: str) -> OpenedHome:
    home = homes.at_hand(tenant)
    # The first look at a tenant opens its database, and may have to migrate it.
    return await to_thread.run_sync(homes.of, tenant) if home is None else home


async def _operator_home(request: Request) -> OpenedHome:
    return await _opened(request.state.homes, "")


Home = Annotated[SeenHome, Depends(_home)]
# For what is told to everybody: nothing of any tenant is reached through it.
OperatorHome = Annotated[OpenedHome, Depends(_operator_home)]


def recommender_of(home: Recommending) -> Recommender:
    """Return the recommender over the current index version.

    Raises:
        IndexMissing: nothing was built.
        IndexStale: the index is damaged, or the model it was built with is not where it was.
    """
    # OpenMP counts its threads per calling thread: what is set at start holds for the main thread
    # alone, and requests run in others. Two teams on the same cores wait for each other at every
    # search (7 times slower when measured); so requests run side by side, each on one thread.
    set_threads(1)
    try:
        return home.recommender()
    except InputError as error:  # a file of ours, not the caller's input
        raise IndexStale(error.found, error.expected) from error
