"""The records of a folder of catalogue files, checked as an import would, in no catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from eval.synth_source import Source
from matcher.types import Firm, Patent, PatentId, Relation, RelationKind
from service.data_folder import read_folder
from service.ingest.continued import cut_rows
from service.ingest.firms import FirmRecorder
from service.ingest.patents import PatentRecorder
from service.ingest.problems import BadValue
from service.ingest.records import FileContext, Recorder
from service.ingest.relations import RelationRecorder
from service.ingest.rows import open_source
from service.store.engine import Store
from service.store.keys import application_key, compact, publication_key

Progress = Callable[[str, int, int], None]

_NUMBERS = ("application_no", "publication_no", "grant_no")
_REPORTED = 20_000
_PATENT_FIELDS = frozenset(field.name for field in fields(Patent))


@dataclass(slots=True)
class ReadSource:
    """A source, and what its manifest line says.

    Attributes:
        source: the records.
        files: name → SHA-256 of each file that was read.
        refused: rows that are no records and were left out.
    """

    source: Source
    files: dict[str, str]
    refused: int


def read_source(folder: Path, store: Store, progress: Progress) -> ReadSource:
    """Return the catalogue of the folder's files, checked row by row as an import would.

    Args:
        folder: with patents, firms and perhaps relations.
        store: an empty one; nothing is written to it.
        progress: called with stage, rows done and 0.

    Raises:
        BadFile: no such folder, no patents or no firms in it, or a file that cannot be read.
        InputError: too few records.
    """
    found = read_folder(folder)
    reading = _Reading(store, progress)
    patents, names = reading.patents(found.patents)
    firms = reading.firms(found.firms)
    relations = reading.relations(found.relations, names)
    return ReadSource(Source.of(patents, firms, relations), reading.files, reading.refused)


class _Reading:
    """Files to records, without a catalogue to put them in."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store = store
        self._progress = progress
        self.files: dict[str, str] = {}
        self.refused = 0

    def patents(self, paths: Iterable[Path]) -> tuple[list[Patent], dict[str, PatentId]]:
        """Return the patents, the rows of one application as one, and number → id."""
        context = FileContext(family="auto", name="", sha256="", checked_on=date.min)
        merged: dict[str, dict[str, Any]] = {}
        names: dict[str, PatentId] = {}
        for path in paths:
            for facts in self._facts("patents", path, PatentRecorder(self._store, context)):
                numbers = [facts[name] for name in ("patent_id", *_NUMBERS) if name in facts]
                key = next((names[one] for one in numbers if one in names), PatentId(numbers[0]))
                names |= dict.fromkeys(numbers, key)
                known = {name: facts[name] for name in facts.keys() & _PATENT_FIELDS}
                merged.setdefault(key, {}).update(known)
        complete = ({**facts, "patent_id": key} for key, facts in merged.items())
        return [Patent(**facts) for facts in complete if facts.get("title")], names

    def firms(self, paths: Iterable[Path]) -> list[Firm]:
        """Return the firms, the rows of one code as one."""
        merged: dict[str, dict[str, Any]] = {}
        for path in paths:
            for facts in self._facts("firms", path, FirmRecorder(self._store)):
                merged.setdefault(facts["uscc"], {}).update(facts)
        return [Firm(**facts) for facts in merged.values() if facts.get("name")]

    def relations(
        self,
        paths: Iterable[tuple[Path, RelationKind | None]],
        names: Mapping[str, PatentId],
    ) -> list[Relation]:
        """Return the relations to known patents."""
        found: dict[Relation, None] = {}
        for path, kind in paths:
            for facts in self._facts("relations", path, RelationRecorder(self._store, kind)):
                text = facts["patent"]
                spelt = (text, compact(text), application_key(text), publication_key(text))
                patent = next((names[one] for one in spelt if one in names), None)
                if patent is not None:
                    found[Relation(facts["uscc"], patent, facts["kind"])] = None
        return list(found)

    def _facts(self, what: str, path: Path, recorder: Recorder) -> Iterator[dict[str, Any]]:
        source = open_source(path, what=what)
        self.files[path.name] = source.sha256
        columns = recorder.columns = source.columns
        rows = source.rows(lambda header: columns.field_of(header) is not None)
        with closing(source):
            for at, cut in enumerate(cut_rows(rows, columns, source.family), start=1):
                if at % _REPORTED == 0:
                    self._progress(f"read {path.name}", at, 0)
                if cut.problem:
                    self.refused += not cut.skipped
                    continue
                try:
                    if cut.continues and isinstance(recorder, PatentRecorder):
                        parsed = recorder.parse_continued(cut.line, cut.cells, cut.row, cut.more)
                    else:
                        parsed = recorder.parse(cut.line, cut.cells, cut.row)
                except BadValue:
                    self.refused += 1
                    continue
                if parsed is not None:
                    yield parsed.facts
