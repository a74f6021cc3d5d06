"""What an answer looks like on its way: chosen fields, ETag, gzip. Pure ASGI."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SMALL = 1_024
_WORTH_A_THREAD = 1 << 15
_LEVEL = 5  # a tenth larger than level 9, in a third of the time
_JSON = re.compile(rb"application/(?:problem\+)?json\b")
_GZIP = re.compile(r"\s*(?:gzip|x-gzip|\*)\s*(?:;\s*q=([0-9.]+)\s*)?", re.IGNORECASE)

Tree = Mapping[str, "Tree"]
"""Field → its chosen fields; none of them means all."""


class Representation:
    """Shapes JSON answers; files pass as they are.

    Args:
        app: the application behind; it may leave the chosen fields in ``state["fields"]``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, and shape the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        shaping = _Shaping(scope, send)
        await self._app(scope, receive, shaping.hear)


class _Shaping:
    """One answer: kept until it is whole, then sent."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._begun: Message | None = None
        self._body: list[bytes] = []

    async def hear(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            get = self._scope["method"] == "GET"
            # What a tenant is told is nobody else's, and old the moment the catalogue changes.
            headers.setdefault("cache-control", "private, no-cache" if get else "no-store")
            if _JSON.match(headers.get("content-type", "").encode()):
                self._begun = message
                return
        if self._begun is None:
            await self._send(message)
            return
        self._body.append(message.get("body", b""))
        if not message.get("more_body", False):
            await self._finish(self._begun, b"".join(self._body))

    async def _finish(self, begun: Message, body: bytes) -> None:
        headers = MutableHeaders(scope=begun)
        asked = _asked(self._scope)
        if self._scope["method"] == "GET" and begun["status"] == 200:
            tree: Tree | None = self._scope["state"].get("fields")
            if tree is not None:
                body = _chosen_body(body, tree)
            tag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
            headers["etag"] = tag
            if _matches(asked.get("if-none-match", ""), tag):
                begun, body = {**begun, "status": 304}, b""
                headers = MutableHeaders(scope=begun)
        headers.add_vary_header("Accept-Encoding")
        if begun["status"] == 304:
            del headers["content-length"], headers["content-type"]
        else:
            if len(body) > _SMALL and _takes_gzip(asked.get("accept-encoding", "")):
                body = await _packed(body)
                headers["content-encoding"] = "gzip"
            headers["content-length"] = str(len(body))
        await self._send(begun)
        await self._send({"type": "http.response.body", "body": body})


def tree_of(names: Iterable[str]) -> Tree:
    """Return dotted names as a tree; a whole field counts more than parts of it.

    >>> tree_of(["items.patent_id", "list_id", "items.rank"])
    {'items': {'patent_id': {}, 'rank': {}}, 'list_id': {}}
    """
    tree: dict[str, Any] = {}
    whole = set(names)
    for name in names:
        parts, level = name.split("."), tree
        if any(".".join(parts[:end]) in whole for end in range(1, len(parts))):
            continue
        for part in parts:
            level = level.setdefault(part, {})
    return tree


def chosen(value: Any, tree: Tree) -> Any:
    """Return what the tree chooses of a JSON value; of a list, of each of its entries.

    >>> chosen({"a": [{"b": 1, "c": 2}], "d": 3}, {"a": {"c": {}}})
    {'a': [{'c': 2}]}
    """
    if not tree:
        return value
    if isinstance(value, list):
        return [chosen(one, tree) for one in value]
    if isinstance(value, dict):
        return {name: chosen(value[name], tree[name]) for name in value if name in tree}
    return value


def _chosen_body(body: bytes, tree: Tree) -> bytes:
    told = chosen(json.loads(body), tree)
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


async def _packed(body: bytes) -> bytes:
    if len(body) < _WORTH_A_THREAD:
        return gzip.compress(body, _LEVEL, mtime=0)
    return await to_thread.run_sync(lambda: gzip.compress(body, _LEVEL, mtime=0))


def _asked(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1")
        if key in {"accept-encoding", "if-none-match"}:
            found[key] = ",".join(filter(None, (found.get(key), value.decode("latin-1"))))
    return found


def _matches(header: str, tag: str) -> bool:
    """Compare weakly (RFC 9110, 8.8.3.2): the tag names what is told, however it is packed."""
    opaque = tag.removeprefix("W/")
    tags = [part.strip().removeprefix("W/") for part in header.split(",")]
    return opaque in tags or "*" in tags


def _takes_gzip(header: str) -> bool:
    for part in header.split(","):
        found = _GZIP.fullmatch(part)
        if found and not part.strip().startswith("*"):
            return _weight(found[1]) > 0
    return any(
        _weight(found[1]) > 0 for part in header.split(",") if (found := _GZIP.fullmatch(part))
    )


def _weight(text: str | None) -> float:
    try:
        return 1.0 if text is None else float(text)
    except ValueError:
        return 0.0
