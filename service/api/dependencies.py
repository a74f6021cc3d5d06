"""What an endpoint gets: the opened home, as much of it as the API needs."""

from __future__ import annotations

from typing import Annotated, Protocol

from fastapi import Depends, Request

from matcher.errors import IndexStale, InputError
from matcher.index.faiss_index import set_threads
from matcher.places.places import PlaceTable
from matcher.readers import Readers
from matcher.recommend import Recommender
from matcher.segments.taxonomy import Taxonomy


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

    def recommender(self) -> Recommender:
        """Return the online path over the current index version; safe from many threads."""


async def _home(request: Request) -> OpenedHome:
    home: OpenedHome = request.state.home
    return home


Home = Annotated[OpenedHome, Depends(_home)]


def recommender_of(home: OpenedHome) -> Recommender:
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
