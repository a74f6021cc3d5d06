"""Uploads over HTTP: acknowledged means stored, told as it stands, nothing hostile gets through."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import openpyxl
import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from matcher.types import Uscc
from service.api import import_examples, imports
from service.api.import_schemas import JobList, JobTold
from service.bootstrap import Home, open_home
from service.config import Settings
from tests.service.api.conftest import app_of, settings_of
from tests.service.api.test_api_problems import check_problem
from tests.service.jobs.firm_files import firm_file

FIRMS = (
    "企业名称,统一社会信用代码,经营范围\n"
    "杭州澄锋视觉检测技术有限公司,91330108PH9YJRY21R,机器视觉\n"
    "坏行,9133,检测\n"
)
GOOD = "企业名称,统一社会信用代码\n杭州澄锋视觉检测技术有限公司,91330108PH9YJRY21R\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def desk(place: Path) -> Iterator[TestClient]:
    """A client of a service over an empty home."""
    with TestClient(app_of(settings_of(place))) as client:
        yield client


@pytest.fixture
def store(desk: TestClient, place: Path) -> Iterator[Home]:
    with open_home(settings_of(place)) as home:
        yield home


def post(client: TestClient, content: bytes | str, name: str = "企业.csv", **fields: str) -> Any:
    fields = {"what": "firms"} | fields
    return client.post("/v1/imports", files={"file": (name, content)}, data=fields)


def ended(client: TestClient, job_id: str, seconds: float = 60) -> dict[str, Any]:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        found: dict[str, Any] = client.get(f"/v1/imports/{job_id}").json()
        if found["state"] not in {"queued", "running"}:
            return found
        time.sleep(0.05)
    raise AssertionError(f"still {found}")


def at_work(client: TestClient, job_id: str, seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not client.get(f"/v1/imports/{job_id}").json()["progress"]["rows"]:
        assert time.monotonic() < give_up
        time.sleep(0.02)


def left(place: Path) -> list[str]:
    """What lies in HOME/imports but for what always does."""
    names = {path.name for path in (place / "imports").iterdir()} if place.exists() else set()
    return sorted(names - {"home-id", "turn", "arrivals"})


def test_from_upload_to_report(desk: TestClient, place: Path, store: Home) -> None:
    answer = post(desk, FIRMS, "企业名录.csv")
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/v1/imports/{job['job_id']}"
    assert (job["state"], job["file_name"], job["what"]) == ("queued", "企业名录.csv", "firms")
    done = ended(desk, job["job_id"])
    assert (done["state"], done["attempts"], done["failure"]) == ("done", 1, None)
    assert done["created_at"] <= done["started_at"] <= done["finished_at"]
    (file,) = done["report"]["files"]
    assert file["file"] == "企业名录.csv"
    assert (file["rows"], file["new"], file["refused"]) == (2, 1, 1)
    assert {"row", "column", "value", "problem", "cure"} <= set(file["errors"][0])
    assert file["errors"][0]["row"] == 3
    assert done["progress"] == {"rows": 2}
    assert store.store.firms.get(Uscc("91330108PH9YJRY21R")).business_scope == "机器视觉"
    assert str(place) not in json.dumps(done)
    folder = place / "imports" / job["job_id"]
    assert not list(folder.glob("upload*"))
    assert not (folder / "temporary").exists()
    listed = desk.get("/v1/imports").json()["imports"]
    assert [(one["job_id"], one["report"]) for one in listed] == [(job["job_id"], None)]
    assert listed[0]["progress"] == {"rows": 2}
    (folder / "progress.json").unlink()  # swept away, or the job of another home
    assert desk.get("/v1/imports").json()["imports"][0]["progress"] == {"rows": 2}


def test_the_error_workbook_comes_when_there_are_errors(desk: TestClient) -> None:
    job_id = post(desk, FIRMS, "企业名录.csv").json()["job_id"]
    done = ended(desk, job_id)
    assert done["errors_url"] == f"/v1/imports/{job_id}/errors.xlsx"
    answer = desk.get(done["errors_url"])
    assert answer.status_code == 200
    assert "errors.xlsx" in answer.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert any("9133" in str(cell) for sheet in book for row in sheet.values for cell in row)
    good = ended(desk, post(desk, GOOD).json()["job_id"])
    assert good["errors_url"] is None
    answer = desk.get(f"/v1/imports/{good['job_id']}/errors.xlsx")
    assert answer.status_code == 404
    assert check_problem(answer)["type"].endswith("errors-not-found")


def test_a_dry_run_writes_nothing_and_shows_the_columns(desk: TestClient, store: Home) -> None:
    done = ended(desk, post(desk, FIRMS, dry_run="true").json()["job_id"])
    (file,) = done["report"]["files"]
    assert (done["report"]["dry_run"], file["new"]) == (True, 1)
    assert [column["letter"] for column in file["layout"]["columns"]] == ["A", "B", "C"]
    assert store.store.firms.count() == 0


def test_a_file_that_cannot_be_read_fails_with_a_problem(desk: TestClient, place: Path) -> None:
    done = ended(desk, post(desk, b"no workbook", "名录.xlsx").json()["job_id"])
    assert done["state"] == "failed"
    failure = done["failure"]
    assert failure["type"] == "urn:panhuo:problem:import-failed"
    assert failure["found"].startswith("名录.xlsx: ")
    assert failure["detail_zh"]
    assert str(place) not in json.dumps(done)
    assert "upload.xlsx" not in json.dumps(done)


def test_two_uploads_are_processed_in_order(desk: TestClient) -> None:
    first = post(desk, firm_file(4_000), "一.csv").json()["job_id"]
    second = post(desk, GOOD, "二.csv").json()["job_id"]
    done = ended(desk, second), ended(desk, first)
    assert [one["state"] for one in done] == ["done", "done"]
    assert done[1]["finished_at"] < done[0]["started_at"]
    listed = desk.get("/v1/imports").json()["imports"]
    assert [one["job_id"] for one in listed] == [second, first]


def test_nothing_waits_for_a_running_import(desk: TestClient, store: Home) -> None:
    # Held by us as an import holds it: uploads, questions and cancels must not meet SQLite's lock.
    with store.store.transaction():
        begun = time.monotonic()
        job_id = post(desk, GOOD).json()["job_id"]
        assert desk.get(f"/v1/imports/{job_id}").json()["state"] == "queued"
        assert [one["job_id"] for one in desk.get("/v1/imports").json()["imports"]] == [job_id]
        assert desk.delete(f"/v1/imports/{job_id}").json()["state"] == "cancelled"
        assert desk.get(f"/v1/imports/{job_id}").json()["state"] == "cancelled"
        assert desk.delete(f"/v1/imports/{job_id}").status_code == 409
        assert time.monotonic() - begun < 5
    give_up = time.monotonic() + 20
    while not desk.get(f"/v1/imports/{job_id}").json()["finished_at"]:
        assert time.monotonic() < give_up
        time.sleep(0.05)
    assert store.store.firms.count() == 0


def test_a_running_import_is_cancelled_and_nothing_of_it_stays(
    desk: TestClient, place: Path, store: Home
) -> None:
    job_id = post(desk, firm_file(200_000)).json()["job_id"]
    at_work(desk, job_id)
    answer = desk.delete(f"/v1/imports/{job_id}")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    found = ended(desk, job_id)
    assert (found["state"], found["report"], found["failure"]) == ("cancelled", None, None)
    assert store.store.firms.count() == 0
    assert not store.store.imports.latest()
    answer = desk.delete(f"/v1/imports/{job_id}")
    assert answer.status_code == 409
    assert check_problem(answer)["type"].endswith("import-ended")
    assert not list((place / "imports" / job_id).glob("upload*"))


def test_a_service_that_stops_puts_its_job_back_for_the_next(place: Path) -> None:
    with TestClient(app_of(settings_of(place))) as client:
        job_id = post(client, firm_file(30_000)).json()["job_id"]
        at_work(client, job_id)
    with open_home(settings_of(place)) as home:
        found = home.store.import_jobs.get(job_id)
        assert found is not None
        assert (found.state, found.attempts) == ("queued", 0)
        assert home.store.firms.count() == 0
    with TestClient(app_of(settings_of(place))) as client:
        done = ended(client, job_id)
    assert (done["state"], done["attempts"]) == ("done", 1)
    assert done["report"]["files"][0]["new"] == 30_000


def test_an_upload_that_is_too_large_is_413_and_not_kept(place: Path) -> None:
    limits = settings_of(place).model_dump() | {"upload_bytes": 1_000_000}
    with TestClient(app_of(Settings(**limits))) as client:
        answer = post(client, b"x" * 2_000_000)
        assert answer.status_code == 413
        assert check_problem(answer)["type"].endswith("body-too-large")

        def chunks() -> Iterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
            for _ in range(40):
                yield b"x" * 65_536
            yield b"\r\n--b--\r\n"

        headers = {"content-type": "multipart/form-data; boundary=b"}
        answer = client.post("/v1/imports", content=chunks(), headers=headers)
        assert answer.status_code == 413
        assert left(place) == []
        assert client.get("/v1/imports").json() == {"imports": []}
        assert post(client, b"x" * 900_000).status_code == 202


def test_a_home_that_takes_nothing_is_503(place: Path) -> None:
    place.mkdir()
    (place / "imports").write_text("no folder", "utf-8")
    with TestClient(app_of(settings_of(place))) as client:
        answer = post(client, GOOD)
        assert answer.status_code == 503
        problem = check_problem(answer)
        assert client.get("/v1/imports").json() == {"imports": []}
    assert problem["type"].endswith("upload-not-kept")
    assert str(place) not in answer.text


def test_a_sender_that_falls_silent_is_sent_away(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_SILENT_SECONDS", 0.2)

    async def talk() -> list[dict[str, Any]]:
        app, said = app_of(settings_of(place)), []
        headers = [(b"content-type", b"multipart/form-data; boundary=b")]
        events = iter([{"type": "http.request", "body": b"--b\r\n", "more_body": True}])

        async def receive() -> Any:
            try:
                return next(events)
            except StopIteration:
                await anyio.sleep(30)

        async def send(message: Any) -> None:
            said.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/imports", "headers": headers,
                 "query_string": b"", "http_version": "1.1",
                 "client": ("testclient", 1)}  # fmt: skip
        async with app.router.lifespan_context(app) as state:
            await app({**scope, "state": state}, receive, send)
        return said

    said = anyio.run(talk)
    assert said[0]["status"] == 400
    assert left(place) == []


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("../../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Users\\x\\名录.csv", "名录.csv"),
        ("/etc/cron.d/x.csv", "x.csv"),
        ("-rf --home=/.csv", ".csv"),
        ("--dry-run.csv", "--dry-run.csv"),
        ("%2e%2e%2fx.csv", "%2e%2e%2fx.csv"),
        ("a b;$(touch x)'.csv", "a b;$(touch x)'.csv"),
        ("名" * 251 + ".csv", "名" * 251 + ".csv"),
        ("UPPER.CSV", "UPPER.CSV"),
    ],
)
def test_a_hostile_name_is_only_a_name(
    desk: TestClient, place: Path, tmp_path: Path, sent: str, told: str
) -> None:
    answer = raw(desk, part("what", "firms"), file_part(sent.encode()))
    if told == ".csv":
        assert answer.status_code == 415
        assert left(place) == []
        return
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert job["file_name"] == told
    assert left(place) == [job["job_id"]]
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    done = ended(desk, job["job_id"])
    assert (done["state"], done["report"]["files"][0]["file"]) == ("done", told)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (b"a\x00b.csv", 422),
        (b"a\tb.csv", 422),
        ("a\u202evsc.csv".encode(), 422),
        (("名" * 252 + ".csv").encode(), 422),
        (b"\xff\xfe.csv", 400),
        (b"", 422),
        (b"..", 422),
        (b"x.pdf", 415),
        (b"x", 415),
        (b"x.csv.exe", 415),
    ],
)
def test_names_that_are_refused(desk: TestClient, place: Path, name: bytes, status: int) -> None:
    answer = raw(desk, part("what", "firms"), file_part(name))
    assert answer.status_code == status, answer.text
    check_problem(answer)
    assert left(place) == []


def part(name: str, value: str) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()


def file_part(name: bytes, content: bytes = GOOD.encode()) -> bytes:
    head = b'Content-Disposition: form-data; name="file"; filename="' + name + b'"\r\n'
    return head + b"Content-Type: text/csv\r\n\r\n" + content


def raw(client: TestClient, *parts: bytes, end: bytes = b"--b--\r\n") -> Any:
    body = b"".join(b"--b\r\n" + one + b"\r\n" for one in parts) + end
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return client.post("/v1/imports", content=body, headers=headers)


WHAT, FILE = part("what", "firms"), file_part(b"x.csv")
ABUSES: dict[str, tuple[list[bytes], bytes, int]] = {
    "two files": ([WHAT, FILE, FILE], b"--b--\r\n", 400),
    "no file": ([WHAT], b"--b--\r\n", 422),
    "file as text": ([WHAT, part("file", "x")], b"--b--\r\n", 422),
    "no what": ([FILE], b"--b--\r\n", 422),
    "unknown what": ([part("what", "planets"), FILE], b"--b--\r\n", 422),
    "unknown field": ([WHAT, part("waht", "x"), FILE], b"--b--\r\n", 422),
    "a file elsewhere": ([WHAT, FILE.replace(b'"file"', b'"more"', 1)], b"--b--\r\n", 422),
    "a field twice": ([WHAT, WHAT, FILE], b"--b--\r\n", 400),
    "1,001 fields": ([part(f"f{n}", "x") for n in range(1_000)] + [FILE], b"--b--\r\n", 400),
    "long value": ([WHAT, part("holder", "x" * 5_000), FILE], b"--b--\r\n", 422),
    "NUL in a value": ([WHAT, part("holder", "a\0b"), FILE], b"--b--\r\n", 422),
    "GBK in a value": ([WHAT, part("holder", "") + "厦门".encode("gbk"), FILE], b"--b--\r\n", 400),
    "family of another": ([WHAT, part("as", "patsnap"), FILE], b"--b--\r\n", 422),
    "kind without relations": ([WHAT, part("kind", "owns"), FILE], b"--b--\r\n", 422),
    "no day": ([WHAT, part("checked_on", "1700000000"), FILE], b"--b--\r\n", 422),
    "impossible day": ([WHAT, part("checked_on", "2026-02-30"), FILE], b"--b--\r\n", 422),
    "no boolean": ([WHAT, part("dry_run", "perhaps"), FILE], b"--b--\r\n", 422),
    "cut short": ([WHAT, FILE], b"", 400),
    "other boundary": ([WHAT, FILE], b"--c--\r\n", 400),
    "long header": ([b"X-Y: " + b"y" * 9_000 + b"\r\n" + WHAT, FILE], b"--b--\r\n", 400),
    "many headers": ([b"X-Y: y\r\n" * 50 + WHAT, FILE], b"--b--\r\n", 400),
    "no disposition": ([b"X-Y: y\r\n\r\nfirms", FILE], b"--b--\r\n", 400),
    "base64": ([WHAT, b"Content-Transfer-Encoding: base64\r\n" + FILE], b"--b--\r\n", 400),
    "nothing": ([], b"", 400),
    "only an end": ([], b"--b--\r\n", 422),
}


@pytest.mark.parametrize("name", ABUSES)
def test_abuse_of_the_form_is_the_senders_fault(desk: TestClient, place: Path, name: str) -> None:
    parts, end, status = ABUSES[name]
    answer = raw(desk, *parts, end=end)
    assert answer.status_code == status, answer.text
    check_problem(answer)
    assert left(place) == []
    assert desk.get("/v1/imports").json() == {"imports": []}


@pytest.mark.parametrize(
    "media",
    ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=b",
     "multipart/form-data; boundary=" + "b" * 71],
)  # fmt: skip
def test_another_media_type_is_415(desk: TestClient, media: str) -> None:
    answer = desk.post("/v1/imports", content=b"{}", headers={"content-type": media})
    assert answer.status_code == 415
    check_problem(answer)


@pytest.mark.parametrize("job_id", ["0" * 32, "x", "..%2f..%2fetc", "%00", "9" * 5_000, "home-id"])
@pytest.mark.parametrize("tail", ["", "/errors.xlsx"])
def test_an_unknown_job_is_no_path(desk: TestClient, job_id: str, tail: str) -> None:
    post(desk, GOOD)
    for method in ("GET", "DELETE") if not tail else ("GET",):
        answer = desk.request(method, f"/v1/imports/{job_id}{tail}")
        assert answer.status_code in ({404} if len(job_id) < 100 and job_id != "%00" else {422})
        check_problem(answer)


def test_examples_are_true() -> None:
    for example in (import_examples.QUEUED, import_examples.CANCELLED, import_examples.DONE):
        told = TypeAdapter(JobTold).validate_python(example)
        assert set(told.model_dump(by_alias=True)) == set(example)
    JobList.model_validate({"imports": [import_examples.DONE]})
