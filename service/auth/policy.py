"""The one table of who may do what: operation of the API → right, and kinds of callers.

An operation without a row is refused, and a test goes over all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.auth.caller import Kind
from service.auth.scopes import Scope


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may call an operation.

    Attributes:
        scope: needed, ``None`` where any key or token of the right kind will do.
        kinds: of callers; none for an operation that is open to everybody.
    """

    scope: Scope | None
    kinds: frozenset[Kind]

    @property
    def public(self) -> bool:
        """Whether it is open to everybody."""
        return not self.kinds


_KEY = frozenset({Kind.KEY})
_PORTAL = frozenset({Kind.FIRM, Kind.HOLDER})
_PUBLIC = Policy(None, frozenset())
_CATALOGUE = Policy(Scope.CATALOGUE, _KEY)

POLICIES: Mapping[str, Policy] = {
    "recommend": Policy(Scope.RECOMMEND, _KEY | {Kind.FIRM}),
    "recommendForFirm": Policy(Scope.RECOMMEND, _KEY | {Kind.FIRM}),
    "firmsForPatent": Policy(Scope.RECOMMEND, _KEY | {Kind.HOLDER}),
    "sendFeedback": Policy(Scope.FEEDBACK, _KEY | _PORTAL),
    "getPatent": Policy(Scope.RECOMMEND, _KEY | _PORTAL),
    "getFirm": Policy(Scope.RECOMMEND, _KEY | {Kind.FIRM}),
    "getDemand": Policy(Scope.RECOMMEND, _KEY | {Kind.FIRM}),
    "listRelations": Policy(Scope.RECOMMEND, _KEY | {Kind.FIRM}),
    **dict.fromkeys(
        (
            *("putPatent", "patchPatent", "deletePatent"),
            *("putFirm", "patchFirm", "deleteFirm"),
            *("putDemand", "patchDemand", "deleteDemand"),
            *("putRelation", "deleteRelation"),
        ),
        _CATALOGUE,
    ),
    "importFile": _CATALOGUE,
    "listImports": _CATALOGUE,
    "getImport": _CATALOGUE,
    "cancelImport": _CATALOGUE,
    "getImportErrors": _CATALOGUE,
    # A right of its own: where a tenant's events go is for its engineers to say, and admin would
    # let them write the shared catalogue, too.
    **dict.fromkeys(
        (
            *("createWebhook", "listWebhooks", "getWebhook", "changeWebhook", "deleteWebhook"),
            *("testWebhook", "rotateWebhookSecret", "enableWebhook", "replayFailedDeliveries"),
            *("listDeliveries", "getDelivery", "replayDelivery"),
        ),
        Policy(Scope.WEBHOOKS, _KEY),
    ),
    "createToken": Policy(None, _KEY),
    "getToken": Policy(None, _PORTAL),
    "metrics": Policy(Scope.ADMIN, _KEY),
    "health": _PUBLIC,
    "readiness": _PUBLIC,
}

# Answered before anybody is asked who he is. Probes have no key; the description is the same for
# all, and clients are made from it.
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/openapi.json"})
# This machine reads these without a key for good; everybody else needs one.
LOCAL_PATHS = frozenset({"/metrics"})
