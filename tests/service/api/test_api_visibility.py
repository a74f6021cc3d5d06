"""What one worker answered, the others know; compaction goes on beside the requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from matcher.index.publish import current_version
from service.config import Settings
from tests.service.api.conftest import app_of, settings_of

ROOT = Path(__file__).parents[3]
FIRM = "91330108PH9YJRY21R"
NEW = "CN202210000001.0"
BODY = {
    "title": "一种高反光金属曲面划痕的偏振成像检测装置",
    "abstract": "针对高反光曲面五金件划痕检测时的眩光，采用分时偏振成像。",
    "ipc": ["G01N21/88", "G06T7/00"],
}
WITHIN = 2.0


@pytest.fixture
def other(folder: Path) -> Iterator[TestClient]:
    """A second worker over the same home."""
    with TestClient(app_of(settings_of(folder))) as opened:
        yield opened


def shown(client: TestClient, n: int = 50) -> list[str]:
    answer = client.post("/v1/recommendations", json={"uscc": FIRM, "n": n})
    assert answer.status_code == 200, answer.text
    return [item["patent_id"] for item in answer.json()["items"]]


def within(seconds: float, true: Callable[[], bool]) -> float:
    """Return after how many seconds it came true; fail where it did not."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > seconds:
            pytest.fail(f"not within {seconds} seconds")
        time.sleep(0.02)
    return time.monotonic() - began


def test_another_worker_finds_a_write_within_two_seconds(
    client: TestClient, other: TestClient
) -> None:
    assert NEW not in shown(other)
    for _ in range(3):
        assert client.put(f"/v1/patents/{NEW}", json=BODY).status_code == 201
        assert NEW in shown(client)
        within(WITHIN, lambda: NEW in shown(other))
        firms = other.post(f"/v1/patents/{NEW}/firms", json={})
        assert FIRM in [item["item_id"] for item in firms.json()["items"]]
        assert client.delete(f"/v1/patents/{NEW}").status_code == 204
        assert NEW not in shown(other), "a deletion holds at once everywhere"


def test_what_a_command_imports_is_found_within_two_seconds(
    client: TestClient, folder: Path, tmp_path: Path
) -> None:
    shown(client)
    file = tmp_path / "new.ndjson"
    rows = [{"patent_id": f"N{number}", **BODY, "ipc": "G01N21/88"} for number in range(30)]
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    panhuo(settings_of(folder), "import", "patents", str(file))
    began = time.monotonic()
    found = within(WITHIN, lambda: "N0" in shown(client))
    assert time.monotonic() - began - found < WITHIN


@pytest.mark.parametrize("ending", ["ndjson", "csv", "xlsx", "parquet"])
def test_a_bulk_job_of_every_format_is_found(
    client: TestClient, tmp_path: Path, ending: str
) -> None:
    path = write_table(tmp_path / f"new.{ending}")
    with path.open("rb") as file:
        sent = {"file": (path.name, file, "application/octet-stream")}
        job = client.post("/v1/imports", data={"what": "patents"}, files=sent)
    assert job.status_code == 202, job.text
    place = f"/v1/imports/{job.json()['job_id']}"
    within(60, lambda: client.get(place).json()["state"] not in {"queued", "running"})
    done = client.get(place).json()
    assert done["state"] == "done", done
    assert (done["report"]["new"], done["report"]["refused"]) == (2, 1)
    assert done["report"]["files"][0]["errors"][0]["row"] == (3 if ending in {"csv", "xlsx"} else 2)
    within(WITHIN, lambda: NEW in shown(client))


def test_delisted_patents_never_appear_again(client: TestClient, other: TestClient) -> None:
    """Two workers answer without a pause while one after the other is delisted or deleted."""
    gone: set[str] = set()
    late: list[str] = []
    stop = threading.Event()

    def read(one: TestClient) -> None:
        while not stop.is_set():
            known = set(gone)  # answered before this request began
            late.extend(known & set(shown(one)))

    assert shown(client) == shown(other)
    readers = [threading.Thread(target=read, args=(one,)) for one in (client, other)]
    for reader in readers:
        reader.start()
    try:
        for number, patent in enumerate(shown(client, 40)):
            if number % 3 == 0:
                answer = client.delete(f"/v1/patents/{patent}")
            else:
                word = "权属纠纷" if number % 3 == 1 else "不适宜转化"
                answer = client.patch(f"/v1/patents/{patent}", json={"stop_state": word})
            assert answer.status_code in {200, 204}
            gone.add(patent)
            assert not gone & set(shown(client))
            assert not gone & set(shown(other))
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert len(gone) > 20
    assert late == []


def test_the_service_compacts_by_itself_and_answers_meanwhile(folder: Path) -> None:
    changes = {"compact_rows": 20, "compact_share": 0.0001}
    settings = settings_of(folder).model_copy(update=changes)
    before = current_version(folder / "index").name
    with TestClient(app_of(settings)) as one, TestClient(app_of(settings)) as two:
        for number in range(25):
            body = BODY | {"title": f"{BODY['title']}之{number}"}
            assert one.put(f"/v1/patents/C{number}", json=body).status_code == 201
        asked = 0

        def published() -> bool:
            nonlocal asked
            assert "C0" in shown(one, 200)
            asked += 1
            return current_version(folder / "index").name != before

        within(90, published)
        version = current_version(folder / "index").name
        assert asked > 5

        def opened(client: TestClient) -> bool:
            told = client.post("/v1/recommendations", json={"uscc": FIRM, "n": 1}).json()
            return bool(told["versions"]["index"] == version)

        for client in (one, two):
            within(10, lambda client=client: opened(client))  # type: ignore[misc]
            assert "C24" in shown(client, 200)
        time.sleep(3)  # both looked again
        assert current_version(folder / "index").name == version, "once, not once a worker"


def panhuo(settings: Settings, *arguments: str) -> None:
    told = {
        "PANHUO_HOME": str(settings.home),
        "PANHUO_DATABASE_URL": settings.database_url,
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "service", *arguments]
    subprocess.run(
        command, check=True, env={**os.environ, **told}, cwd=ROOT, capture_output=True, timeout=60
    )


def write_table(path: Path) -> Path:
    """Write three rows: two patents, and one without any number."""
    rows: list[dict[str, Any]] = [
        {"申请号": NEW, "名称": BODY["title"], "摘要": BODY["abstract"], "IPC": "G01N21/88"},
        {"申请号": "", "名称": "没有号码", "摘要": "", "IPC": ""},
        {"申请号": "CN202119402101.9", "名称": "一种插秧机", "摘要": "", "IPC": "A01C11/02"},
    ]
    match path.suffix:
        case ".ndjson":
            path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in rows), "utf-8")
        case ".csv":
            lines = [",".join(rows[0]), *(",".join(one.values()) for one in rows)]
            path.write_text("\n".join(lines), "utf-8")
        case ".xlsx":
            import openpyxl

            book = openpyxl.Workbook()
            sheet = book.active
            assert sheet is not None
            for row in (list(rows[0]), *(list(one.values()) for one in rows)):
                sheet.append(row)
            book.save(path)
        case _:
            import pyarrow as pa
            import pyarrow.parquet as pq

            pq.write_table(pa.Table.from_pylist(rows), path)
    return path
