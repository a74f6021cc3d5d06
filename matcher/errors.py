"""Every error of panhuo, as one tree. Each says what was found, what was expected, what to do.

MatcherError
├── InputError          what the user gave is wrong
│   ├── FirmNotFound        no firm of that USCC in the catalogue
│   ├── PatentNotFound      no patent of that id in the catalogue
│   ├── ListNotFound        no stored recommendation list of that id
│   ├── RoundNotFound       no published push_round of that id
│   ├── UnknownSegment      a segment code outside the taxonomy
│   ├── BadFile             a file that cannot be read as what it was said to be
│   └── BadVectors          vectors of the wrong shape, type or length
├── StateError          the home folder is not in a state to answer
│   ├── IndexMissing        nothing was built yet
│   ├── IndexStale          the index is damaged or of another layout
│   └── PolicyMismatch      the encoder found is not the one that built the index
└── UnavailableError    a part we depend on does not answer
    ├── StoreUnavailable    the database cannot be reached or is locked
    └── ExtraMissing        an optional package is not installed

The mapping to HTTP lives in ``service/errors.py`` alone.
"""

from __future__ import annotations


class MatcherError(Exception):
    """One sentence made of three parts, each kept as a field.

    Args:
        found: what was met, with the offending value.
        expected: what would have been right.
        cure: what the user can do now.
    """

    def __init__(self, found: str, expected: str = "", cure: str = "") -> None:
        super().__init__(found, expected, cure)
        self.found = found
        self.expected = expected
        self.cure = cure

    def __str__(self) -> str:
        parts = [self.found]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.cure:
            parts.append(self.cure)
        return "; ".join(parts) + "."


class InputError(MatcherError):
    """The user's input is wrong; the same call will fail again."""


class FirmNotFound(InputError):
    """No firm of this USCC stands in the catalogue."""

    def __init__(self, uscc: str) -> None:
        super().__init__(
            f"found no firm {uscc!r}",
            "the 18-character USCC of an imported firm",
            "import it with 'panhuo import firms FILE', or describe the firm with free text",
        )
        self.uscc = uscc


class PatentNotFound(InputError):
    """No patent of this id stands in the catalogue."""

    def __init__(self, patent_id: str) -> None:
        super().__init__(
            f"found no patent {patent_id!r}",
            "the id, application number or publication number of an imported patent",
            "import it with 'panhuo import patents FILE'",
        )
        self.patent_id = patent_id


class DemandNotFound(InputError):
    """No technical demand of this id stands in the catalogue."""

    def __init__(self, demand_id: str) -> None:
        super().__init__(
            f"found no demand {demand_id!r}",
            "the id of an imported demand",
            "import it with 'panhuo import demands FILE'",
        )
        self.demand_id = demand_id


class ListNotFound(InputError):
    """No recommendation list of this id was ever handed out."""

    def __init__(self, list_id: str) -> None:
        super().__init__(
            f"found no recommendation list {list_id!r}",
            "the list_id of an earlier answer",
            "send back the list_id exactly as it was received",
        )
        self.list_id = list_id


class RoundNotFound(InputError):
    """No push_round of this id is published."""

    def __init__(self, round_id: str) -> None:
        super().__init__(
            f"found no published push_round {round_id!r}",
            "the id of a round that was planned to its end",
            "list them with 'panhuo push list'",
        )
        self.round_id = round_id


class UnknownSegment(InputError):
    """The code is no segment of the taxonomy in use."""

    def __init__(self, code: str, known: int) -> None:
        super().__init__(
            f"found segment {code!r}",
            f"one of the {known} codes of the taxonomy in use",
            "list them with 'panhuo segments list'",
        )
        self.code = code
        self.known = known


class BadFile(InputError):
    """The file cannot be read as what it was said to be."""

    def __init__(self, path: str, found: str, expected: str, cure: str) -> None:
        super().__init__(f"{path}: {found}", expected, cure)
        self.path = path


class BadVectors(InputError):
    """Vectors of the wrong shape, type or length were handed to an index."""


class StateError(MatcherError):
    """The home folder is not in a state to answer; an operator can mend it."""


class IndexMissing(StateError):
    """No index version is published in this home."""

    def __init__(self, home: str) -> None:
        super().__init__(
            f"found no index in {home}", "a published index version", "run 'panhuo build'"
        )
        self.home = home


class IndexStale(StateError):
    """The index on disk is damaged or of a layout this release does not read."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected, "run 'panhuo build' to make a new one")


class PolicyMismatch(StateError):
    """The encoder that an index names is found changed: its model, words or tokeniser differ."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(
            found, expected, "put the model back as it was at the build, or run 'panhuo build'"
        )


class UnavailableError(MatcherError):
    """A part we depend on does not answer now; trying later may help."""


class StoreUnavailable(UnavailableError):
    """The database cannot be reached, is locked, or refused to answer."""

    def __init__(self, found: str) -> None:
        super().__init__(found, "a database that answers", "check PANHUO_DATABASE_URL and the disk")


class ExtraMissing(UnavailableError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"package {package!r} is not installed",
            f"the extra {extra!r}",
            f"install it with: pip install 'panhuo[{extra}]'",
        )
        self.package = package
        self.extra = extra
