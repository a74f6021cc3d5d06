"""A typed error on its way from one process to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matcher.errors import MatcherError


@dataclass(frozen=True, slots=True)
class Mishap:
    """What is left of a typed error when it is sent.

    An error whose class takes one argument and keeps three cannot be unpickled: it is made anew.

    Attributes:
        kind: its class.
        fields: all that it keeps, ``found``, ``expected`` and ``cure`` among them.
    """

    kind: type[MatcherError]
    fields: dict[str, Any]

    @classmethod
    def of(cls, error: MatcherError) -> Mishap:
        """Return what is sent in the error's place."""
        return cls(type(error), dict(vars(error)))

    def error(self) -> MatcherError:
        """Return the error as it was."""
        made = self.kind.__new__(self.kind)
        MatcherError.__init__(
            made, self.fields["found"], self.fields["expected"], self.fields["cure"]
        )
        vars(made).update(self.fields)
        return made
