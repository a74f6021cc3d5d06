"""One round from start to published, and from where a killed one stopped."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.errors import InputError, RoundNotFound, StateError
from matcher.push.campaign import Campaign
from matcher.push.changes import prepare_changes
from matcher.push.plan import (
    Executor,
    Progress,
    PushPlan,
    gathered,
    read_asked,
    read_items,
    read_plan,
    spent_on,
    units_of,
)
from matcher.push.prepare import prepare
from matcher.push.round_folder import RoundFolder, folders
from matcher.push.settle import Settled, settle
from matcher.pushed import PushRound, RoundId
from service.bootstrap import Home
from service.jobs.locks import held
from service.push.campaign_file import terms_of
from service.push.changed import Catalogue, counting, since
from service.push.earlier import forget_seen, last_seen, prices_of, warm_round
from service.push.lists import batches, write_items
from service.push.scope import scope_of, under
from service.push.torch_sieve import looking_on


@dataclass(slots=True)
class Planner:
    """Plans rounds of one home.

    Attributes:
        home: the opened home.
        executor: does the units.
        progress: told of (stage, done, total).
        now: the moment, with zone.
        seconds: stage → seconds this process spent on it.
    """

    home: Home
    executor: Executor
    progress: Progress
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """Folder of the rounds."""
        return self.home.settings.home / "push"

    def start(self, plan: PushPlan, campaign: Campaign | None = None) -> dict[str, Any]:
        """Plan, settle and publish a round; return what it came to.

        Args:
            plan: what is asked; versions, stamps and warm start are filled in here.
            campaign: its limits count in place of the plan's.

        Raises:
            IndexMissing: nothing was built.
            InputError: the catalogue holds no firm, the limits are none, or the campaign chooses
                nothing.
            StateError: another process plans a round of this home, the campaign is quiet, or no
                firm has attention left.
        """
        if campaign:
            campaign.terms.refuse_quiet(datetime.fromisoformat(plan.made_at))
            plan = under(plan, campaign)
        with self._alone():
            warm = warm_round(self.root, campaign.terms.name if campaign else "")
            plan = replace(plan, versions=self._versions(), stamps=self._stamps(), warm=warm)
            folder = RoundFolder(self.root / plan.round_id)
            with self._timed("prepare"):
                if campaign is None:
                    Catalogue.of(self.home).keep(folder)
                scope = scope_of(self.home, datetime.fromisoformat(plan.made_at), campaign)
                engine, readers = self.home.engine(), self.home.readers
                prepare(
                    folder, plan, engine, readers, self.progress, scope=scope, opener=looking_on
                )
            return self._finish(folder)

    def start_changed(self, plan: PushPlan, room: int) -> dict[str, Any]:
        """Push what is new or changed since the newest round over all; return what it came to.

        Where nothing is, no round is made: ``round`` is ``None`` then.

        Args:
            plan: what is asked; limits are those of the round over all.
            room: items beyond K that may reach a firm until the next round over all.

        Raises:
            StateError: there is no such round, no firm has a place left, or another process plans.
        """
        with self._alone():
            seen, catalogue = last_seen(self.root), Catalogue.of(self.home)
            changes = catalogue.changes(self.home, seen, room)
            if not changes.firms and not changes.patents:
                return catalogue.unchanged(seen)
            plan = replace(since(plan, seen), versions=self._versions(), stamps=self._stamps())
            folder = RoundFolder(self.root / plan.round_id)
            with self._timed("prepare"):
                scope = scope_of(self.home, datetime.fromisoformat(plan.made_at), None)
                catalogue.keep(folder)
                prepare_changes(
                    folder, plan, self.home.engine(), self.home.readers, self.progress,
                    changes=changes, scope=counting(scope, seen), opener=looking_on,
                )  # fmt: skip
            return self._finish(folder)

    def resume(self) -> dict[str, Any]:
        """Go on with the newest round that was planned and not published.

        Raises:
            InputError: there is none.
            StateError: the catalogue, index or policy is another by now, the campaign is quiet, or
                another process plans.
        """
        with self._alone():
            for folder in folders(self.root):
                if folder.planned and not folder.done:
                    plan = read_plan(folder)
                    self._same(plan)
                    terms_of(plan.campaign, plan.round_id).refuse_quiet(self.now())
                    return self._finish(folder)
        raise InputError(
            f"found no unfinished push_round in {self.root.name}",
            "one that was planned and then stopped",
            "plan one without --resume",
        )

    def _finish(self, folder: RoundFolder) -> dict[str, Any]:
        plan, engine = read_plan(folder), self.home.engine()
        with self._timed("candidates"):
            self._work(folder)
        with self._timed("gather"):
            pairs, items = gathered(folder), read_items(folder)
            spent = spent_on(folder)
        with self._timed("balance"):
            settled = settle(
                plan,
                read_asked(folder),
                pairs,
                items,
                np.asarray(folder.read_array("firm_segments")),
                engine.policy.floor_score,
                engine.policy.per_holder,
                prices_of(self.root, plan.warm, items.names),
                progress=lambda passes, gap: self.progress("balance", passes, None),
            )
        with self._timed("write"):
            content = self._publish(folder, plan, settled, items.names)
        forget_seen(self.root, folder)
        self._forget_older(folder)
        return {
            **content,
            "seconds": {stage: round(value, 2) for stage, value in self.seconds.items()},
            "process_seconds": {step: round(value, 2) for step, value in spent.items()},
        }

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the home's rounds; what a kill left of published ones goes first."""
        self.root.mkdir(parents=True, exist_ok=True)
        with held(self.root / ".lock") as lock:
            if lock is None:
                raise StateError(
                    "found another process at work on a push_round of this home",
                    "one at a time: rounds start from the prices of the one before",
                    "wait for it",
                )
            for folder in folders(self.root):
                folder.tidy()
            yield

    def _forget_older(self, published: RoundFolder) -> None:
        """Drop rounds that were never finished: they hold gigabytes, and this one is newer."""
        for folder in folders(self.root):
            if not folder.done and folder.path.name < published.path.name:
                shutil.rmtree(folder.path, ignore_errors=True)

    def _work(self, folder: RoundFolder) -> None:
        units = units_of(folder)
        missing = folder.missing(units)
        count = iter(range(units - len(missing) + 1, units + 1))
        self.progress("candidates", units - len(missing), units)
        self.executor.run(
            folder, missing, lambda _: self.progress("candidates", next(count), units)
        )

    def _publish(
        self,
        folder: RoundFolder,
        plan: PushPlan,
        settled: Settled,
        names: npt.NDArray[np.str_],
    ) -> dict[str, Any]:
        side = self.home.engine().index.patents
        firms = np.asarray(folder.read_array("firms"))
        certificate = settled.certificate.to_dict()
        exceptions = settled.exceptions
        write_items(folder.path / "items.parquet", batches(settled, firms, side))
        folder.write_prices(names, settled.found.prices)
        made = PushRound(
            RoundId(plan.round_id),
            datetime.fromisoformat(plan.made_at),
            campaign=plan.campaign,
            versions={**plan.versions, **({"since": plan.since} if plan.since else {})},
            certificate=certificate,
        )
        try:
            stored = self.home.store.push_rounds.round(made.round_id)
        except RoundNotFound:
            stored = self.home.store.push_rounds.publish(made, batches(settled, firms, side))
        content = {
            "round": plan.round_id,
            "made_at": plan.made_at,
            "campaign": {
                "name": terms_of(plan.campaign, plan.round_id).name,
                "text": plan.campaign,
            },
            "since": plan.since,
            "changes": folder.read_plan().get("changes"),
            "versions": dict(plan.versions),
            "firms": stored.firms,
            "patents": stored.patents,
            "items": stored.items,
            "explored": int(settled.explored.drawn.sum()),
            "certificate": certificate,
            "exceptions": exceptions,
        }
        folder.write_done(content)
        return content

    def _versions(self) -> dict[str, str]:
        engine = self.home.engine()
        manifest = engine.index.manifest
        return {
            "encoder": manifest.encoder.version,
            "index": manifest.version,
            "policy": engine.policy.version,
        }

    def _stamps(self) -> dict[str, str]:
        store = self.home.store
        return {"patents": store.patents.stamp(), "firms": store.firms.stamp()}

    def _same(self, plan: PushPlan) -> None:
        now = {**self._versions(), **self._stamps()}
        then = {**plan.versions, **plan.stamps}
        if changed := [name for name, value in then.items() if now.get(name) != value]:
            raise StateError(
                f"found that {', '.join(changed)} changed since round {plan.round_id} was planned",
                "the same catalogue, index and policy: one round has one state of things",
                "plan a new one without --resume",
            )

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begun


def new_round_id() -> tuple[str, str]:
    """Return the time now, and an id made of it that sorts by time."""
    now = datetime.now(UTC)
    return now.isoformat(), now.strftime("r%Y%m%dT%H%M%S%f")
