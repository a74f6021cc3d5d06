"""Whose data is asked for: one firm by its USCC, or one person by name and phone."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.errors import InputError


@dataclass(frozen=True, slots=True)
class Subject:
    """One firm or one person.

    Attributes:
        uscc: of a firm, "" for a person.
        name: of a person, "" where the phone alone is known.
        phone: of a person, likewise.
    """

    uscc: str = ""
    name: str = ""
    phone: str = ""

    def __post_init__(self) -> None:
        """Refuse what would find everything or nothing."""
        told = [one for one in (self.uscc, self.name, self.phone) if one]
        if not told or (self.uscc and len(told) > 1) or any(len(one) < 2 for one in told):
            raise InputError(
                "found no subject",
                "a firm's USCC, or a person's name or phone of two characters or more",
                "give --firm CODE, or --person NAME and --phone NUMBER",
            )

    @property
    def kind(self) -> str:
        """``firm`` or ``person``."""
        return "firm" if self.uscc else "person"

    @property
    def words(self) -> tuple[str, ...]:
        """What the subject is found by."""
        return tuple(one for one in (self.uscc, self.name, self.phone) if one)

    def __repr__(self) -> str:
        """Return no personal data: objects end up in logs and tracebacks."""
        return f"Subject({self.kind})"
