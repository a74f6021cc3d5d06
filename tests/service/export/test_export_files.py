"""Tables as files: every format, complete or not at all, safe to open, readable again."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from matcher.errors import BadFile
from matcher.types import LegalEvent, LegalStatus, Patent, PatentId, PatentKind, StopState
from service.export.firms import FIRMS, FirmChoice
from service.export.formats import Format, format_of, write_table
from service.export.patents import EVENT_WORDS, PATENTS, STOP_WORDS, PatentChoice
from service.ingest.importer import import_files
from service.store.contacts import Contact
from service.store.engine import Store
from tests.service.export.samples import (
    INVENTOR,
    PERSON,
    PHONE,
    RISKY,
    formulas,
    full_firm,
    full_patent,
    sheet,
)

ENDINGS = ("xlsx", "csv", "parquet", "ndjson", "jsonl")


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_field_of_a_patent_comes_back(store: Store, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"专利.{ending}"
    done = write_table(path, format_of(path), PATENTS, [full_patent()])
    assert (done.records, done.cut) == (1, 0)
    (report,) = import_files(store, "patents", [path]).files
    assert (report.family, report.refused, report.warnings) == ("generic", 0, [])
    back = store.patents.get(full_patent().patent_id)
    # The day of the check is the file's, not the record's, where the importer does not read it.
    assert replace(back, checked_on=None) == replace(full_patent(), checked_on=None)


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_field_of_a_firm_comes_back(store: Store, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"firms.{ending}"
    write_table(path, format_of(path), FIRMS, [full_firm()])
    (report,) = import_files(store, "firms", [path]).files
    assert (report.family, report.refused, report.warnings) == ("generic", 0, [])
    assert store.firms.get(full_firm().uscc) == full_firm()


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("stop", list(StopState))
def test_stop_states_come_back(store: Store, tmp_path: Path, ending: str, stop: StopState) -> None:
    path = tmp_path / f"p.{ending}"
    bare = Patent(PatentId("P1"), "装置", application_no="CN201710601862.3")
    patent = replace(bare, stop_state=stop, legal_status=LegalStatus.IN_FORCE)
    write_table(path, format_of(path), PATENTS, [patent])
    import_files(store, "patents", [path])
    assert store.patents.get(PatentId("P1")).stop_state is stop


def test_every_word_is_there() -> None:
    assert set(EVENT_WORDS) == set(LegalEvent)
    assert set(STOP_WORDS) == set(StopState)


def test_cells_are_typed(tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    write_table(path, Format.XLSX, PATENTS, [full_patent()])
    head, first = sheet(path, "专利")
    row = dict(zip(head, first, strict=True))
    assert row["专利名称"] == "'=一种装置，第1号"
    assert row["申请日"] == date(2017, 7, 21)
    assert row["IPC分类号"] == "A01B1/00；G06F17/30"
    assert (row["专利类型"], row["法律状态"], row["自评"], row["开放许可"]) == (
        "发明", "有效", "四星", "是",
    )  # fmt: skip


def test_csv_is_for_excel_and_ndjson_for_programs(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    write_table(path, Format.CSV, PATENTS, [full_patent()])
    assert path.read_bytes().startswith(b"\xef\xbb\xbfpatent_id,")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert (row["摘要"], row["技术领域"]) == ("'-摘要，有逗号\n另一行", "'＝技术领域")
    path = tmp_path / "p.ndjson"
    write_table(path, Format.NDJSON, PATENTS, [full_patent()])
    (told,) = map(json.loads, path.read_text("utf-8").splitlines())
    assert (told["title"], told["filing_date"], told["self_grade"]) == (
        "=一种装置，第1号", "2017-07-21", 4,
    )  # fmt: skip
    assert told["ipc"] == ["A01B1/00", "G06F17/30"]


def test_parquet_is_typed(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    write_table(path, Format.PARQUET, PATENTS, [full_patent(at) for at in range(4_500)])
    file = pq.ParquetFile(path)
    assert (file.metadata.num_rows, file.num_row_groups) == (4_500, 3)
    types = {name: str(file.schema_arrow.field(name).type) for name in file.schema_arrow.names}
    assert (types["filing_date"], types["open_licence"]) == ("date32[day]", "bool")
    assert types["ipc"].startswith("list<")


@pytest.mark.parametrize("ending", ["xlsx", "csv", "parquet", "ndjson"])
def test_a_writer_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / f"p.{ending}"
    path.write_text("old")

    def failing() -> Iterator[Patent]:
        yield from (full_patent(at) for at in range(3_000))
        raise KeyError("the catalogue went away")

    with pytest.raises(KeyError):
        write_table(path, Format(ending), PATENTS, failing())
    assert path.read_text() == "old"
    assert list(folder.iterdir()) == [path]
    path.chmod(0o600)
    write_table(path, Format(ending), PATENTS, [full_patent()])
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() != b"old"
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("ending", ["xlsx", "csv", "parquet", "ndjson"])
def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path, ending: str) -> None:
    for path in (tmp_path / "missing" / f"p.{ending}", tmp_path):
        with pytest.raises(BadFile) as caught:
            write_table(path, Format(ending), PATENTS, [full_patent()])
        assert str(path) in str(caught.value)
    link = tmp_path / f"link.{ending}"
    link.symlink_to(tmp_path / f"there.{ending}")
    write_table(link, Format(ending), PATENTS, [full_patent()])
    assert link.is_symlink()
    assert (tmp_path / f"there.{ending}").is_file()


def test_another_ending_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"found the ending '.txt'; expected one of .xlsx, .csv"):
        format_of(tmp_path / "p.txt")


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    rows = [replace(full_patent(at), title=text, holder=text) for at, text in enumerate(RISKY)]
    write_table(path, Format.XLSX, PATENTS, rows)
    assert formulas(path) == []


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_libreoffice_runs_nothing(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"p.{ending}"
    rows = [replace(full_patent(at), title=f"{sign}1+1") for at, sign in enumerate("=+-@＝＋")]
    write_table(path, Format(ending), PATENTS, rows)
    out = tmp_path / "out"
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    # 76: UTF-8; formulas of CSV files are evaluated where the reader is asked to.
    csv_in = ["--infilter=CSV:44,34,76,1,,0,false,true,false,false,false,-1,true"]
    subprocess.run(
        ["soffice", profile, "--headless", *(csv_in if ending == "csv" else []),
         "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76", "--outdir", out, path],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    with next(out.iterdir()).open(encoding="utf-8", newline="") as lines:
        titles = [row["专利名称"] for row in csv.DictReader(lines)]
    assert titles == [f"'{sign}1+1" for sign in "=+-@＝＋"]


def test_texts_that_are_cut_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    long = replace(full_patent(), abstract="长" * 40_000)
    assert write_table(path, Format.XLSX, PATENTS, [long, full_patent(2)]).cut == 1
    assert write_table(tmp_path / "p.csv", Format.CSV, PATENTS, [long]).cut == 0
    assert "长" * 40_000 in (tmp_path / "p.csv").read_text("utf-8")


def test_markup_is_text(tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    title = "<r><t>x</t></r>"
    write_table(path, Format.XLSX, PATENTS, [replace(full_patent(), title=title, kind=kind)
                                             for kind in PatentKind])  # fmt: skip
    assert [row[1] for row in sheet(path, "专利")[1:]] == [title] * len(PatentKind)


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_personal_data_goes_out(store: Store, tmp_path: Path, ending: str) -> None:
    patent = full_patent()
    store.patents.upsert([patent])
    store.contacts.put([Contact(patent.patent_id, INVENTOR, PERSON, PHONE)])
    path = tmp_path / f"p.{ending}"
    write_table(path, format_of(path), PATENTS, store.patents.iterate())
    if ending == "xlsx":
        shutil.unpack_archive(path, tmp_path / "parts", "zip")
        told = b"".join(part.read_bytes() for part in (tmp_path / "parts").rglob("*.xml"))
    elif ending == "parquet":
        told = repr(pq.read_table(path).to_pylist()).encode()
    else:
        told = path.read_bytes()
    assert patent.title.encode() in told
    assert not any(canary.encode() in told for canary in (INVENTOR, PERSON, PHONE))


def test_choices() -> None:
    patent = full_patent()
    for meant in (
        PatentChoice(),
        PatentChoice(holder="乙公司", college="材料学院"),
        PatentChoice(province="浙江", status=LegalStatus.IN_FORCE),
    ):
        assert list(meant.of([patent])) == [patent]
    for not_meant in (
        PatentChoice(holder="乙"),
        PatentChoice(college="别的学院"),
        PatentChoice(province="江苏"),
        PatentChoice(status=LegalStatus.LAPSED),
    ):
        assert list(not_meant.of([patent])) == []
    assert list(FirmChoice("浙江", "杭州").of([full_firm()])) == [full_firm()]
    assert list(FirmChoice("浙江", "宁波").of([full_firm()])) == []


@pytest.mark.parametrize("ending", ["xlsx", "csv", "ndjson"])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, ending: str) -> None:
    def peak(rows: int) -> int:
        """Return the peak of resident memory of a process that writes so many rows, in MB."""
        done = subprocess.run(
            [sys.executable, "-c", _WRITING, str(tmp_path / f"p.{ending}"), str(rows)],
            check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3],
        )  # fmt: skip
        return int(done.stdout) >> 10

    assert peak(20_000) - peak(1_000) < 8


_WRITING = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from service.export.formats import format_of, write_table
from service.export.patents import PATENTS
from tests.service.export.samples import full_patent
path = Path(sys.argv[1])
rows = (replace(full_patent(at), abstract=f"{at}" * 99) for at in range(int(sys.argv[2])))
write_table(path, format_of(path), PATENTS, rows)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
