"""Lists that are told again under an Idempotency-Key: what may not be shown now is left out."""

from __future__ import annotations

import json
from typing import Any

from anyio import to_thread
from starlette.responses import Response
from starlette.types import Scope

from matcher.readers import Readers
from matcher.types import PatentId, Uscc

_ASKED = "/v1/recommendations"
_FIRMS = "/firms"


async def shown_now(scope: Scope, answer: Response) -> Response:
    """Return a kept answer without the items that have been deleted or delisted since.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    path: str = scope["path"]
    if answer.status_code != 200 or not (path == _ASKED or path.endswith(_FIRMS)):
        return answer
    homes, tenant = scope["state"]["homes"], scope["state"]["caller"].tenant
    home = homes.at_hand(tenant) or await to_thread.run_sync(homes.of, tenant)
    told = json.loads(bytes(answer.body))
    if not await to_thread.run_sync(_cleared, told, home.readers):
        return answer
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(body, answer.status_code, headers)


def _cleared(told: dict[str, Any], readers: Readers) -> bool:
    """Take out of a list what may not be shown; return whether there was anything."""
    items = told["items"]
    if told["direction"] == "firms":
        told["items"] = _firms(told["subject"], items, readers)
        return len(told["items"]) < len(items)
    groups = [item["group"] for item in items if item["group"]]
    members = [member["patent_id"] for group in groups for member in group["members"]]
    known = readers.patents.many([*(item["patent_id"] for item in items), *members])
    live = {name for name, patent in known.items() if patent.recommendable}
    told["items"] = [item for item in items if item["patent_id"] in live]
    for group in groups:
        group["members"] = [one for one in group["members"] if one["patent_id"] in live]
    return not live.issuperset([*(item["patent_id"] for item in items), *members])


def _firms(subject: str, items: list[Any], readers: Readers) -> list[Any]:
    patent = readers.patents.many([PatentId(subject)]).get(PatentId(subject))
    if patent is None or not patent.recommendable:
        return []
    known = readers.firms.many([Uscc(item["item_id"]) for item in items])
    return [item for item in items if item["item_id"] in known and known[item["item_id"]].active]
