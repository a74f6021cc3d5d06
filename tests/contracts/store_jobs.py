"""The law of import jobs: who does not hold a job changes nothing of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.store.engine import Store
from service.store.import_jobs import ENDED, ImportJob, JobEnd, JobState

JOB = ImportJob("j1", "h", "firms", "{}", "企业.csv", "2026-01-31T08:00:00.000001+00:00")
LATE = "2026-01-31T09:00:00.000000+00:00"
DONE = JobEnd(JobState.DONE, LATE, report='{"files": []}')


class ImportJobLaws:
    """``ImportJobs``."""

    def test_every_field_comes_back(self, store: Store) -> None:
        full = replace(
            JOB,
            job_id="j2",
            state=JobState.FAILED,
            claim="t",
            attempts=3,
            started_at=LATE,
            finished_at=LATE,
            failure='{"found": "断"}',
            report='{"文": 1}',
        )
        assert store.import_jobs.add(JOB)
        assert store.import_jobs.add(full)
        assert store.import_jobs.get("j1") == JOB
        assert store.import_jobs.get("j2") == full
        assert store.import_jobs.get("j3") is None

    def test_a_job_added_again_stays_as_it_is(self, store: Store) -> None:
        store.import_jobs.add(JOB)
        store.import_jobs.claim("j1", "t", LATE)
        assert not store.import_jobs.add(replace(JOB, what="patents"))
        found = store.import_jobs.get("j1")
        assert found is not None
        assert (found.what, found.state) == ("firms", JobState.RUNNING)

    def test_the_way_of_a_job(self, store: Store) -> None:
        jobs = store.import_jobs
        jobs.add(JOB)
        assert jobs.claim("j1", "t", LATE)
        running = replace(JOB, state=JobState.RUNNING, claim="t", attempts=1, started_at=LATE)
        assert jobs.get("j1") == running
        assert jobs.finish("j1", "t", DONE)
        ended = replace(running, state=JobState.DONE, claim="", finished_at=LATE)
        assert jobs.get("j1") == replace(ended, report='{"files": []}')

    def test_only_one_claim_succeeds(self, store: Store) -> None:
        store.import_jobs.add(JOB)
        assert store.import_jobs.claim("j1", "t", LATE)
        assert not store.import_jobs.claim("j1", "u", LATE)
        assert not store.import_jobs.claim("unknown", "u", LATE)
        found = store.import_jobs.get("j1")
        assert found is not None
        assert (found.claim, found.attempts) == ("t", 1)

    def test_a_late_worker_changes_nothing(self, store: Store) -> None:
        jobs = store.import_jobs
        jobs.add(JOB)
        jobs.claim("j1", "late", LATE)
        assert jobs.requeue("j1", "late")
        for claim in ("", "now"):  # queued again, then run by another
            if claim:
                jobs.claim("j1", claim, LATE)
            before = jobs.get("j1")
            assert not jobs.finish("j1", "late", DONE)
            assert not jobs.requeue("j1", "late")
            assert not jobs.hand_back("j1", "late")
            assert jobs.get("j1") == before

    @pytest.mark.parametrize("state", sorted(ENDED))
    def test_an_ended_job_stays_ended(self, store: Store, state: JobState) -> None:
        jobs = store.import_jobs
        jobs.add(JOB)
        jobs.claim("j1", "t", LATE)
        jobs.finish("j1", "t", JobEnd(state, LATE))
        before = jobs.get("j1")
        assert not jobs.claim("j1", "u", LATE)
        assert not jobs.finish("j1", "t", DONE)
        assert not jobs.finish("j1", "", DONE)
        assert not jobs.requeue("j1", "t")
        assert jobs.get("j1") == before

    def test_an_attempt_counts_unless_it_is_handed_back(self, store: Store) -> None:
        jobs = store.import_jobs
        jobs.add(JOB)
        jobs.claim("j1", "t", LATE)
        assert jobs.requeue("j1", "t")
        found = jobs.get("j1")
        assert found == replace(JOB, attempts=1, started_at=LATE)
        jobs.claim("j1", "u", LATE)
        assert jobs.hand_back("j1", "u")
        assert jobs.get("j1") == replace(JOB, attempts=1)

    def test_a_queued_job_ends_without_a_claim(self, store: Store) -> None:
        store.import_jobs.add(JOB)
        assert store.import_jobs.finish("j1", "", JobEnd(JobState.CANCELLED, LATE))
        found = store.import_jobs.get("j1")
        assert found == replace(JOB, state=JobState.CANCELLED, finished_at=LATE)

    def test_jobs_come_in_order_and_without_reports(self, store: Store) -> None:
        jobs = store.import_jobs
        for number in (2, 1, 3):
            at = f"2026-01-31T08:00:00.00000{number}+00:00"
            jobs.add(replace(JOB, job_id=f"j{number}", created_at=at, report="{}"))
        jobs.add(replace(JOB, job_id="j0", home="other"))
        queued = jobs.in_state("h", JobState.QUEUED)
        assert [job.job_id for job in queued] == ["j1", "j2", "j3"]
        assert [job.report for job in queued] == ["", "", ""]
        assert jobs.in_state("h", JobState.RUNNING) == ()
        assert [job.job_id for job in jobs.latest("", 3)] == ["j3", "j2", "j1"]
