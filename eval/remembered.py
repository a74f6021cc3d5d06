"""Readers that ask the catalogue once for each patent: for many lists over the same candidates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matcher.ports import GroupReader, PatentReader
from matcher.readers import Readers
from matcher.types import Patent, PatentGroup, PatentId


def remembering(readers: Readers) -> Readers:
    """Return the readers, patents and groups as they were when first asked for.

    What was read is held as long as the result is: make one for each block of firms.
    """
    return replace(
        readers,
        patents=_Patents(readers.patents),
        groups=_Groups(readers.groups),
    )


class _Patents:
    def __init__(self, reader: PatentReader) -> None:
        self._reader = reader
        self._read: dict[PatentId, Patent | None] = {}

    def get(self, patent_id: PatentId) -> Patent:
        return self._reader.get(patent_id)

    def resolve(self, text: str) -> PatentId:
        return self._reader.resolve(text)

    def many(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, Patent]:
        missing = [p for p in patent_ids if p not in self._read]
        if missing:
            self._read.update(dict.fromkeys(missing))
            self._read.update(self._reader.many(missing))
        return {p: found for p in patent_ids if (found := self._read[p]) is not None}

    def iterate(self) -> Iterator[Patent]:
        return self._reader.iterate()

    def count(self) -> int:
        return self._reader.count()

    def stamp(self) -> str:
        return self._reader.stamp()


class _Groups:
    def __init__(self, reader: GroupReader) -> None:
        self._reader = reader
        self._read: dict[PatentId, PatentGroup | None] = {}

    def of_patents(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, PatentGroup]:
        missing = [p for p in patent_ids if p not in self._read]
        if missing:
            self._read.update(dict.fromkeys(missing))
            self._read.update(self._reader.of_patents(missing))
        return {p: found for p in patent_ids if (found := self._read[p]) is not None}

    def members_of(self, group: PatentGroup) -> tuple[PatentId, ...]:
        return self._reader.members_of(group)
