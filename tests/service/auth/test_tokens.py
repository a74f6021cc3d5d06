"""Tokens: what was not signed here, for this, and just now, says nothing."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from service.auth.caller import Kind
from service.auth.scopes import Scope
from service.auth.secret import Secret
from service.auth.tokens import Claims, is_token, mint, read

NOW = 1_790_000_000
NEW, OLD, STRANGE = Secret.of("n" * 32), Secret.of("o" * 32), Secret.of("s" * 32)
BOTH = (NEW, OLD)
CLAIMS = Claims("k1", Kind.FIRM, "91330108PH9YJRY21R", frozenset({Scope.RECOMMEND}), NOW + 600)
HEADER = {"alg": "HS256", "typ": "panhuo-portal+jwt", "kid": NEW.secret_id}
BODY = {
    "iss": "urn:panhuo:service",
    "aud": "urn:panhuo:portal",
    "sub": "firm:91330108PH9YJRY21R",
    "iat": NOW,
    "exp": NOW + 600,
    "jti": "j",
    "key": "k1",
    "scope": "recommend:read",
}


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(
    header: Mapping[str, Any] | bytes = HEADER,
    body: Mapping[str, Any] | bytes = BODY,
    key: bytes = NEW.signing,
    digest: Callable[..., Any] = sha256,
) -> str:
    """Return a token made by hand, right but for what is asked for."""
    told = f"{part(header)}.{part(body)}"
    return f"{told}.{part(hmac.new(key, told.encode(), digest).digest())}"


def without(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != name}


def test_what_was_minted_is_read() -> None:
    token = mint(NEW, CLAIMS, NOW)
    assert is_token(token)
    assert read(token, BOTH, NOW) == CLAIMS
    holder = replace(CLAIMS, kind=Kind.HOLDER, subject="某:大学", scopes=frozenset())
    assert read(mint(OLD, holder, NOW), BOTH, NOW) == holder
    assert read(mint(OLD, holder, NOW), (NEW,), NOW) is None


def test_the_hand_made_one_is_right() -> None:
    assert read(signed(), BOTH, NOW) == CLAIMS
    assert read(signed(body=BODY | {"aud": "urn:panhuo:portal", "nbf": NOW}), BOTH, NOW) == CLAIMS


FORGED = {
    "alg none": signed({**HEADER, "alg": "none"}),
    "alg none, no signature": f"{part({**HEADER, 'alg': 'none'})}.{part(BODY)}.",
    "alg None": signed({**HEADER, "alg": "None"}),
    "alg NONE": signed({**HEADER, "alg": "NONE"}),
    "alg HS384": signed({**HEADER, "alg": "HS384"}),
    "alg RS256": signed({**HEADER, "alg": "RS256"}),
    "alg ES256": signed({**HEADER, "alg": "ES256"}),
    "alg EdDSA": signed({**HEADER, "alg": "EdDSA"}),
    "alg missing": signed(without(HEADER, "alg")),
    "alg a list": signed({**HEADER, "alg": ["HS256"]}),
    "alg null": signed({**HEADER, "alg": None}),
    "signed under another secret": signed(key=STRANGE.signing),
    "signed with the empty key": signed(key=b""),
    "signed with the kid": signed(key=NEW.secret_id.encode()),
    "signed under the other secret": signed(key=OLD.signing),
    "signed with the hashing key": signed(key=NEW._hashing),
    "JWK text as the secret": signed(key=json.dumps({"kty": "oct", "k": "AAAA"}).encode()),
    "jwk in the header": signed({**HEADER, "jwk": {"kty": "oct", "k": "AAAA"}}),
    "jku in the header": signed({**HEADER, "jku": "https://example.org/k"}),
    "x5u in the header": signed({**HEADER, "x5u": "https://example.org/k"}),
    "crit": signed({**HEADER, "crit": ["exp"], "exp": 1}),
    "b64 false": signed({**HEADER, "b64": False, "crit": ["b64"]}),
    "kid unknown": signed({**HEADER, "kid": "00000000"}),
    "kid missing": signed(without(HEADER, "kid")),
    "kid a path": signed({**HEADER, "kid": "../../etc/passwd"}),
    "kid a list": signed({**HEADER, "kid": [NEW.secret_id]}),
    "kid a number": signed({**HEADER, "kid": 1}),
    "typ JWT": signed({**HEADER, "typ": "JWT"}),
    "typ missing": signed(without(HEADER, "typ")),
    "typ at+jwt": signed({**HEADER, "typ": "at+jwt"}),
    "header no object": signed(b"[]"),
    "header no JSON": signed(b"{"),
    "body no object": signed(body=b"[]"),
    "body no JSON": signed(body=b"{"),
    "other issuer": signed(body={**BODY, "iss": "urn:panhuo:other"}),
    "issuer missing": signed(body=without(BODY, "iss")),
    "issuer a list": signed(body={**BODY, "iss": ["urn:panhuo:service"]}),
    "other audience": signed(body={**BODY, "aud": "urn:panhuo:api"}),
    "audience missing": signed(body=without(BODY, "aud")),
    "audience a list": signed(body={**BODY, "aud": ["urn:panhuo:portal", "x"]}),
    "expired": signed(body={**BODY, "iat": NOW - 700, "exp": NOW - 31}),
    "exp missing": signed(body=without(BODY, "exp")),
    "exp text": signed(body={**BODY, "exp": str(NOW + 600)}),
    "exp a fraction": signed(body={**BODY, "exp": NOW + 600.5}),
    "exp true": signed(body={**BODY, "exp": True}),
    "exp huge": signed(body={**BODY, "exp": 10**30}),
    "longer than an hour": signed(body={**BODY, "exp": NOW + 3_601}),
    "iat missing": signed(body=without(BODY, "iat")),
    "iat to come": signed(body={**BODY, "iat": NOW + 31, "exp": NOW + 600}),
    "nbf to come": signed(body={**BODY, "nbf": NOW + 31}),
    "nbf text": signed(body={**BODY, "nbf": "0"}),
    "ends before it begins": signed(body={**BODY, "iat": NOW + 20, "exp": NOW + 10}),
    "jti missing": signed(body=without(BODY, "jti")),
    "key missing": signed(body=without(BODY, "key")),
    "key empty": signed(body={**BODY, "key": ""}),
    "key a list": signed(body={**BODY, "key": ["k1"]}),
    "subject of no kind": signed(body={**BODY, "sub": "91330108PH9YJRY21R"}),
    "subject of kind key": signed(body={**BODY, "sub": "key:k1"}),
    "subject empty": signed(body={**BODY, "sub": "firm:"}),
    "subject a number": signed(body={**BODY, "sub": 1}),
    "scope unknown": signed(body={**BODY, "scope": "recommend:read root"}),
    "scope beyond a portal's": signed(body={**BODY, "scope": "catalogue:write"}),
    "scope admin": signed(body={**BODY, "scope": "admin"}),
    "scope a list": signed(body={**BODY, "scope": ["recommend:read"]}),
    "giant": signed(body={**BODY, "more": "x" * 5_000}),
    "cut": signed()[:-1],
    "two parts": signed().rpartition(".")[0],
    "four parts": signed() + ".x",
    "blank": "",
    "not ASCII": signed() + "é",
}


@pytest.mark.parametrize("name", FORGED)
def test_everything_else_says_nothing(name: str) -> None:
    assert read(FORGED[name], BOTH, NOW) is None


def test_a_changed_character_anywhere_says_nothing() -> None:
    token = signed()
    for place in range(len(token) - 1):  # of the last one some bits do not count
        other = "A" if token[place] != "A" else "B"
        assert read(token[:place] + other + token[place + 1 :], BOTH, NOW) is None, place


@pytest.mark.parametrize(("late", "good"), [(-31, False), (-30, True), (629, True), (630, False)])
def test_clocks_may_differ_by_half_a_minute(late: int, good: bool) -> None:
    assert (read(signed(), BOTH, NOW + late) is not None) == good
