"""``?fields=``: which fields of an answer are wanted; names that it does not have are refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, get_args

from fastapi import Depends, Query, Request
from fastapi.openapi.models import Example
from pydantic import BaseModel

from service.api.refusals import FieldUnknown
from service.api.representation import tree_of

_DEEPEST = 4
_DESCRIPTION = (
    "names of the fields that are wanted, with commas between; a dot leads into objects and lists"
)


def selected(model: type[BaseModel], example: str) -> Any:
    """Return the dependency of a route that answers with the model.

    Args:
        model: of the whole answer.
        example: of a choice.
    """
    known = frozenset(_names(model))
    examples: dict[str, Example] = {"some": {"value": example}}
    return Depends(_reading(known, examples))


def _reading(known: frozenset[str], examples: dict[str, Example]) -> Callable[..., Awaitable[None]]:
    asked = Query(
        default=None,
        min_length=1,
        max_length=2_000,
        description=_DESCRIPTION,
        openapi_examples=examples,
    )

    async def read(request: Request, fields: str | None = asked) -> None:
        if fields is None:
            return
        names = [name.strip() for name in fields.split(",")]
        for name in names:
            if name not in known:
                raise FieldUnknown(name)
        request.state.fields = tree_of(names)

    return read


def _names(model: type[BaseModel], depth: int = 0) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        if depth < _DEEPEST:
            for inner in _models(field.annotation):
                yield from (f"{name}.{below}" for below in _names(inner, depth + 1))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
