"""Short-lived tokens that a platform makes with its key, for a portal or a widget."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Request

from matcher.errors import FirmNotFound
from matcher.types import Uscc
from service.api import examples
from service.api import token_schemas as schemas
from service.api.dependencies import Home
from service.api.documents import BODY, answers
from service.api.token_schemas import TokenForFirm, TokenRequest, TokenStanding, TokenTold
from service.audit.act import noted
from service.auth.caller import Kind
from service.auth.gate import Gate
from service.auth.guard import Asking
from service.auth.refusals import NoKeyYet, ScopeMissing
from service.auth.scopes import PORTAL_SCOPES, Scope, scopes_of
from service.auth.tokens import Claims, portal_scopes

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])


@router.post(
    "",
    operation_id="createToken",
    summary="A token for one firm or one holder",
    responses=answers(
        schemas.TOKEN,
        NoKeyYet(),
        ScopeMissing([Scope.FEEDBACK]),
        FirmNotFound(examples.USCC),
        *BODY,
    ),
)
def create_token(
    ask: Annotated[TokenRequest, Body(openapi_examples=schemas.ASKS)],
    request: Request,
    caller: Asking,
    home: Home,
) -> TokenTold:
    """Return a token that may ask and give feedback for this firm or holder, and nothing else.

    It ends after its time, or within seconds of the key being revoked.
    """
    if not caller.key_id:
        raise NoKeyYet
    scopes = portal_scopes(scopes_of(ask.scope) if ask.scope else None, caller.scopes)
    if missing := caller.lacks(scopes) or (() if scopes else tuple(PORTAL_SCOPES)):
        raise ScopeMissing(missing)
    if isinstance(ask, TokenForFirm):
        kind, subject = Kind.FIRM, str(home.readers.firms.get(Uscc(ask.firm)).uscc)
    else:
        kind, subject = Kind.HOLDER, ask.holder
    noted(subject, token_for=str(kind), scopes=sorted(scopes), seconds=ask.seconds)
    gate: Gate = request.state.gate
    ends = gate.now() + ask.seconds
    return TokenTold(
        token=gate.sign(Claims(caller.key_id, kind, subject, scopes, ends)),
        token_type="Bearer",
        expires_at=datetime.fromtimestamp(ends, UTC),
        expires_in=ask.seconds,
        scope=_listed(scopes),
    )


@router.get(
    "/current",
    operation_id="getToken",
    summary="What a token is good for",
    responses=answers(schemas.STANDING),
)
async def get_token(caller: Asking) -> TokenStanding:
    """Return for whom the token is that was sent, and until when; a key is refused here."""
    return TokenStanding(
        kind=caller.kind,
        subject=caller.subject,
        scope=_listed(caller.scopes),
        expires_at=datetime.fromtimestamp(caller.expires_at, UTC),
    )


def _listed(scopes: frozenset[Scope]) -> list[Scope]:
    return sorted(scopes)
