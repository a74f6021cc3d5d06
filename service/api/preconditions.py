"""``If-Match`` and ``If-None-Match`` of writes: nothing is written over what nobody has seen."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated

from fastapi import Depends, Header, Response
from fastapi.encoders import jsonable_encoder
from fastapi.openapi.models import Example
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.api.refusals import PreconditionFailed

_MATCH = (
    "ETag of the record as it was read; 412 where it is another by now. * for any that is there"
)
_TAGS: dict[str, Example] = {"tag": {"value": 'W/"1f0c7a1e2b9d4c63a8e1d7f4"'}}
_STAR: dict[str, Example] = {"new": {"value": "*"}}
_NONE = "* to write only what is not there yet; 412 where it is"


class Conditions:
    """What a write wants to find.

    Args:
        match: If-Match.
        none_match: If-None-Match.
    """

    def __init__(self, match: str | None, none_match: str | None) -> None:
        self._match, self._none_match = match, none_match

    def check(self, record: BaseModel | None) -> None:
        """Raise ``PreconditionFailed`` unless the record (``None``: there is none) fits."""
        if self._match is not None and not _fits(self._match, record):
            raise PreconditionFailed("If-Match")
        if self._none_match is not None and _fits(self._none_match, record):
            raise PreconditionFailed("If-None-Match")


def tag_of(record: BaseModel) -> str:
    """Return the tag under which a GET tells the whole record."""
    body = JSONResponse(jsonable_encoder(record)).body
    return f'W/"{blake2b(bytes(body), digest_size=12).hexdigest()}"'


def tagged(response: Response, record: BaseModel) -> None:
    """Write the tag of a record that was written into its answer."""
    response.headers["etag"] = tag_of(record)


Match = Annotated[str | None, Header(max_length=1_000, description=_MATCH, openapi_examples=_TAGS)]
NoneMatch = Annotated[
    str | None, Header(max_length=1_000, description=_NONE, openapi_examples=_STAR)
]


async def _conditions(if_match: Match = None, if_none_match: NoneMatch = None) -> Conditions:
    return Conditions(if_match, if_none_match)


Wanting = Annotated[Conditions, Depends(_conditions)]


def _fits(header: str, record: BaseModel | None) -> bool:
    if record is None:
        return False
    if header.strip() == "*":
        return True
    # Compared weakly: one tag stands for one content, however it is packed.
    opaque = tag_of(record).removeprefix("W/")
    return opaque in [part.strip().removeprefix("W/") for part in header.split(",")]
