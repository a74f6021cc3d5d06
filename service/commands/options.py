"""Options every verb has, and what they mean together."""

from __future__ import annotations

import functools
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import ValidationError
from rich.console import Console

from matcher.errors import InputError, MatcherError
from service.bootstrap import Home
from service.config import Settings
from service.tenancy import open_own_home
from service.terminal import Bars

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Context:
    """What the options of group and verb add up to."""

    home: Path | None = None
    quiet: bool = False

    def settings(self, **changes: Any) -> Settings:
        """Return the settings, ``--home`` over the environment; raise ``InputError`` if bad."""
        if self.home is not None:
            changes["home"] = self.home
        try:
            return Settings(**changes)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = "PANHUO_" + "_".join(str(part) for part in first["loc"]).upper()
            raise InputError(
                f"found {name}={first.get('input')!r}", first["msg"], "correct or unset it"
            ) from error

    @contextmanager
    def open(self, **changes: Any) -> Iterator[Home]:
        """Yield the opened home, of the tenant that ``PANHUO_TENANT`` names."""
        with open_own_home(self.settings(**changes)) as home:
            yield home

    @contextmanager
    def bars(self) -> Iterator[Bars]:
        """Yield progress bars on standard error; silent when quiet or when that is no terminal."""
        with Bars(shown=not self.quiet and sys.stderr.isatty()) as bars:
            yield bars

    @property
    def console(self) -> Console:
        """Where people read."""
        return Console(highlight=False)


def _shared(option: Callable[[F], F], name: str) -> Callable[[F], F]:
    """Return a decorator that takes an option of group or verb into the ``Context`` argument."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            context = click.get_current_context().ensure_object(Context)
            value = kwargs.pop(name)
            if value:
                setattr(context, name, value)
            kwargs["context"] = context
            return function(*args, **kwargs)

        return option(wrapper)  # type: ignore[arg-type]

    return decorate


home_option = _shared(
    click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of database and index [PANHUO_HOME or .panhuo].",
    ),
    "home",
)
quiet_option = _shared(click.option("--quiet", is_flag=True, help="No progress bars."), "quiet")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def common(function: F) -> F:
    """Give a verb ``--home`` and ``--quiet``; it gets a ``context`` argument."""
    return home_option(quiet_option(function))


def unusable(error: OSError) -> MatcherError:
    """Return what the system refused, as the sentence a user gets."""
    place = f" at {error.filename}" if error.filename else ""
    return MatcherError(
        f"found {(error.strerror or str(error)).lower()!r}{place}",
        "files and folders that can be read and written",
        "check --home or PANHUO_HOME, the rights, and the free space",
    )


def print_json(value: object) -> None:
    """Print one JSON object on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False))


def mute_libraries() -> None:
    """Keep libraries that log their own progress quiet."""
    for name in ("bm25s", "sentence_transformers", "numba"):
        logging.getLogger(name).setLevel(logging.WARNING)
