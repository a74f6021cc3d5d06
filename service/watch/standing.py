"""What is amiss though the service answers: told by ``/readyz``, by figures and by the doctor."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from matcher.errors import StateError
from service.store import Store
from service.store.migrate import HEAD, current

_LARGEST_LOG = 256 << 20
_MOST_WAITING = 1_000


class SchemaMismatch(StateError):
    """The database is not at the schema of this release."""

    def __init__(self, found: str | None) -> None:
        super().__init__(
            f"found the database at revision {found or 'none'}",
            f"{HEAD}, the schema of this release",
            "run one release alone; 'panhuo doctor' brings an older schema to this one",
        )


@dataclass(frozen=True, slots=True)
class Concern:
    """Something to look at, though requests are answered.

    Attributes:
        code: a word for machines.
        detail: found, expected and cure as one sentence.
        detail_zh: the same in Chinese.
    """

    code: str
    detail: str
    detail_zh: str


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is a concern.

    Attributes:
        free_bytes: on the disk of the home.
        index_days: of age; 0 for any.
    """

    free_bytes: int
    index_days: int


class Standing:
    """Looks at one home.

    Args:
        folder: of the home.
        store: the operator's.
        limits: from where on something is a concern.
        refused: tells the name of a newer index version that could not be opened, "" for none.
        waiting: tells how many entries of the audit wait.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        limits: Limits,
        refused: Callable[[], str] = lambda: "",
        waiting: Callable[[], int] = lambda: 0,
    ) -> None:
        self._folder = folder
        self._store = store
        self._limits = limits
        self._refused = refused
        self._waiting = waiting

    def check_schema(self) -> None:
        """Return if the database is at the schema of this release.

        Raises:
            SchemaMismatch: it is not; another release may have moved it on.
            StoreUnavailable: it does not answer.
        """
        with self._store.database.reading() as connection:
            found = current(connection)
        if found != HEAD:
            raise SchemaMismatch(found)

    def concerns(self, built_at: datetime | None, now: datetime) -> tuple[Concern, ...]:
        """Return what is amiss.

        Args:
            built_at: when the index was built that serves, ``None`` for none.
            now: the moment, with zone.
        """
        return tuple([*self._disk(), *self._index(built_at, now), *self._audit()])

    def _disk(self) -> Iterator[Concern]:
        free, least = shutil.disk_usage(self._folder).free, self._limits.free_bytes
        if free < least:
            yield Concern(
                "disk-nearly-full",
                f"found {free >> 20:,} MiB free on the disk of the home; expected "
                f"{least >> 20:,} or more; make room.",
                f"数据目录所在磁盘仅剩{free >> 20:,}MiB，应不少于{least >> 20:,}MiB，请清理。",
            )
        log = self._folder / "panhuo.db-wal"
        size = log.stat().st_size if log.exists() else 0
        if size > _LARGEST_LOG:
            yield Concern(
                "wal-large",
                f"found SQLite's log at {size >> 20:,} MiB; expected less than "
                f"{_LARGEST_LOG >> 20}; look for a reader or an import that never ends.",
                f"SQLite日志已达{size >> 20:,}MiB，请检查是否有长时间不结束的读取或导入。",
            )

    def _index(self, built_at: datetime | None, now: datetime) -> Iterator[Concern]:
        days = self._limits.index_days
        if built_at is not None and days and now - built_at > timedelta(days=days):
            age = (now - built_at).days
            yield Concern(
                "index-old",
                f"found an index of {age} days; expected {days} or fewer; run 'panhuo build'.",
                f"索引已有{age}天，应不超过{days}天，请运行 panhuo build。",
            )
        if name := self._refused():
            yield Concern(
                "index-refused",
                f"found index {name} not to be opened, and the one before serving; look at the "
                "log, then run 'panhuo build'.",
                f"新索引{name}无法打开，仍在使用上一版本；请查看日志后重新运行 panhuo build。",
            )

    def _audit(self) -> Iterator[Concern]:
        if (waiting := self._waiting()) > _MOST_WAITING:
            yield Concern(
                "audit-waiting",
                f"found {waiting:,} entries of the audit waiting for the database; expected them "
                "to move within seconds; see whether an import holds it.",
                f"有{waiting:,}条审计记录等待入库，请检查数据库是否被长时间占用。",
            )
