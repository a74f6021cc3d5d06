"""Tokens as platforms ask for them, and as they are told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi.openapi.models import Example
from pydantic import Discriminator, Field, Tag

from service.api.examples import USCC
from service.api.schemas import Name, Sent, Told, UsccText, Whole
from service.auth.caller import Kind
from service.auth.scopes import Scope
from service.auth.tokens import MOST_SECONDS

PortalScope = Literal["recommend:read", "feedback:write"]
Scopes = Annotated[list[PortalScope], Field(min_length=1, max_length=2)]
Seconds = Annotated[int, Field(ge=1, le=MOST_SECONDS, strict=True), Whole]

_SCOPE = "what the token may do; null for all that the key has and a token may have"


class TokenForFirm(Sent):
    """A token for the portal of one firm."""

    firm: UsccText = Field(description="统一社会信用代码 of a firm in the catalogue")
    scope: Scopes | None = Field(None, description=_SCOPE)
    seconds: Seconds = Field(MOST_SECONDS, description="for how long it is good")


class TokenForHolder(Sent):
    """A token for the portal of one holder."""

    holder: Name = Field(description="专利权人, as the patents name it")
    scope: Scopes | None = Field(None, description=_SCOPE)
    seconds: Seconds = Field(MOST_SECONDS, description="for how long it is good")


def _for_whom(sent: Any) -> str:
    if isinstance(sent, TokenForHolder) or (isinstance(sent, dict) and "holder" in sent):
        return "as:holder"
    return "as:firm"


TokenRequest = Annotated[
    Annotated[TokenForFirm, Tag("as:firm")] | Annotated[TokenForHolder, Tag("as:holder")],
    Discriminator(_for_whom),
]


class TokenTold(Told):
    """A new token."""

    token: str = Field(description="send it as Authorization: Bearer TOKEN")
    token_type: Literal["Bearer"]
    expires_at: datetime
    expires_in: int = Field(description="seconds")
    scope: list[Scope]


class TokenStanding(Told):
    """What a token is good for."""

    kind: Kind = Field(description="firm or holder")
    subject: str = Field(description="USCC of the firm, or name of the holder")
    scope: list[Scope]
    expires_at: datetime


ASKS: dict[str, Example] = {
    "firm": {"summary": "For one firm", "value": {"firm": USCC}},
    "holder": {
        "summary": "For one holder, to read, for ten minutes",
        "value": {"holder": "杭州示例大学", "scope": ["recommend:read"], "seconds": 600},
    },
}
TOKEN: dict[str, Any] = {
    "token": "<header>.<claims>.<signature>",
    "token_type": "Bearer",
    "expires_at": "2026-01-31T09:00:00Z",
    "expires_in": 3600,
    "scope": ["feedback:write", "recommend:read"],
}
STANDING: dict[str, Any] = {
    "kind": "firm",
    "subject": USCC,
    "scope": ["feedback:write", "recommend:read"],
    "expires_at": "2026-01-31T09:00:00Z",
}
