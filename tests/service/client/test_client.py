"""The generated client as a platform's engineers use it, against a service of its own process."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.service.client.conftest import Running

FIRM = "91330108PH9YJRY21R"
PATENT = "CN202119402100.4"


@pytest.fixture
def client(panhuo_client: ModuleType, running: Running) -> Iterator[Any]:
    made = panhuo_client.AuthenticatedClient(base_url=running.url, token=running.key)
    with made as opened:
        yield opened


def api(name: str) -> Any:
    return import_module(f"panhuo_client.api.{name}")


def models() -> Any:
    return import_module("panhuo_client.models")


def asked(n: int = 5) -> Any:
    return models().ForAsker(firm=models().FirmByUscc(uscc=FIRM), n=n)


def test_a_list_comes_as_objects(client: Any) -> None:
    found = api("recommendations.recommend").sync(client=client, body=asked())
    assert isinstance(found, models().PatentList)
    assert [item.rank for item in found.items] == [1, 2, 3, 4, 5]
    assert all(item.patent.title and item.reasons for item in found.items)
    assert found.next_cursor


def test_the_next_part_follows_without_repeats(client: Any) -> None:
    recommend = api("recommendations.recommend")
    first = recommend.sync(client=client, body=asked())
    more = recommend.sync(client=client, body=models().NextPage(cursor=first.next_cursor))
    ids = [item.patent_id for item in (*first.items, *more.items)]
    assert len(set(ids)) == len(ids) > len(first.items)
    assert more.items[0].rank == 6


def test_feedback_is_taken_once_whoever_sends_it_again(client: Any) -> None:
    made = api("recommendations.recommend").sync(client=client, body=asked())
    event = models().Seen(
        kind=models().SeenKind.CLICK,
        list_id=made.list_id,
        patent_id=made.items[0].patent_id,
    )
    body = models().FeedbackRequest(events=[event])
    send = api("feedback.send_feedback")
    assert send.sync(client=client, body=body).new == 1
    again = send.sync(client=client, body=body)
    assert (again.received, again.new) == (1, 0)
    name = uuid.uuid4().hex
    answers = [send.sync_detailed(client=client, body=body, idempotency_key=name) for _ in range(2)]
    assert answers[0].content == answers[1].content


def test_records_and_both_directions(client: Any) -> None:
    patent = api("patents.get_patent").sync(PATENT, client=client)
    assert patent.patent_id == PATENT
    firms = api("patents.firms_for_patent").sync(
        PATENT, client=client, body=models().FirmsRequest(n=3)
    )
    assert len(firms.items) == 3
    assert api("firms.get_firm").sync(FIRM, client=client).uscc == FIRM


def test_mistakes_are_problems_and_no_exceptions(
    client: Any, panhuo_client: ModuleType, running: Running
) -> None:
    missing = api("patents.get_patent").sync_detailed("CN209999999999.9", client=client)
    assert missing.status_code == 404
    assert missing.parsed.cure
    wrong = api("recommendations.recommend").sync(client=client, body=asked(n=0))
    assert isinstance(wrong, models().Problem)
    assert wrong.errors[0].field.endswith("n")
    stranger = panhuo_client.AuthenticatedClient(base_url=running.url, token="panhuo_nobody")
    with stranger as opened:
        refused = api("patents.get_patent").sync_detailed(PATENT, client=opened)
    assert refused.status_code == 401
    assert refused.parsed.title_zh


def test_a_workbook_goes_up_and_its_job_is_told(client: Any) -> None:
    types = import_module("panhuo_client.types")
    import io

    rows = "公司名称,统一社会信用代码,经营范围\n杭州示例阀门有限公司,91330108PH9YJRY21R,阀门制造\n"
    form = models().ImportFileImportForm.from_dict({"file": b"", "what": "firms"})
    form.file = types.File(io.BytesIO(rows.encode()), "firms.csv", "text/csv")
    job = api("imports.import_file").sync(client=client, body=form)
    assert isinstance(job, models().JobTold), job
    told = api("imports.get_import").sync(job.job_id, client=client)
    assert told.job_id == job.job_id


def test_a_program_with_it_passes_the_type_checker(generated: Path) -> None:
    program = generated / "program.py"
    program.write_text(
        "from panhuo_client import AuthenticatedClient\n"
        "from panhuo_client.api.recommendations import recommend\n"
        "from panhuo_client.models import FirmByUscc, ForAsker, Problem\n\n\n"
        "def titles(url: str, key: str, uscc: str) -> list[str]:\n"
        "    with AuthenticatedClient(base_url=url, token=key) as client:\n"
        "        body = ForAsker(firm=FirmByUscc(uscc=uscc), n=20)\n"
        "        found = recommend.sync(client=client, body=body)\n"
        "    if found is None or isinstance(found, Problem):\n"
        "        return []\n"
        "    return [item.patent.title for item in found.items]\n",
        "utf-8",
    )
    (generated / "panhuo_client" / "py.typed").touch()
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "program.py"],
        cwd=generated,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
