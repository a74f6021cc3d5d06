"""Settings of one process: environment first, then defaults; frozen and checked at start."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator can set, each as ``PANHUO_<NAME>``.

    Attributes:
        home: folder of database, index and operator files.
        database_url: SQLAlchemy URL of PostgreSQL; empty means SQLite in the home folder.
        encoder: ``static``, ``lsa``, a sentence-transformers model's folder or name, or ``distil:``
            and such a model, which then teaches a static table. Matters at build only: an index is
            opened with the encoder it names.
        encoder_dim: columns kept of a model's vectors, or of a distilled table; the rest is cut.
        query_prompt: put before texts that ask, instead of the model's own prompt.
        document_prompt: the same for texts that are searched.
        device: where a model computes, as torch names it.
        index_engine: ``faiss``, ``int8`` (reads a quarter of the memory) or ``exact``; all answer
            alike. Matters at build only, likewise.
        policy: a policy file instead of the packaged one.
        threads: of training (torch), and of FAISS in the thread that opens the home. Started as
            ``panhuo``, ``entry.py`` sets OpenMP, BLAS and numba from ``PANHUO_THREADS`` too, where
            their own variables are not set. A request of the API searches on one thread of FAISS
            whatever is set here.
        ray_address: of the cluster that ``push plan --engine ray`` works on; empty starts one here.
        verify_index: check SHA-256 of every index file when it is opened.
        upload_bytes: of one file that the API takes for import.
        imports_kept_days: how long the folder of an ended import job is kept.
        tenant: for which a command works; empty, or ``operator``, for the operator.
        key_secret: the secret under which keys are recognised and tokens signed, or two of them
            with a comma between; empty for the file in the home. Checked where it is used.
        rate_limit: requests a second that a key may send to one process in the long run; 0 for as
            many as it likes.
        rate_burst: requests that it may send at once.
        log_format: of the service's lines: ``text`` for people, ``json`` for machines.
        log_level: from which level on they are written.
        disk_free_mb: below so many MiB on the disk of the home ``/readyz`` is ``degraded``.
        index_days: an index older than so many days likewise; 0 for any age.
        audit_days: rows of the audit are kept; the law's 180 days are the least.
        delta_rows: records that changed since the build and are kept beside the index; what goes
            beyond is found with the next version.
        compact_share: so large a part of the index has to have changed before the service makes a
            new version by itself; 0 for never.
        compact_rows: and so many records at least.
        contact_key: under which contact persons are encrypted, or several with commas between, the
            first in force; empty for the file in the home.
        feedback_days: for so many days events of feedback are kept; 0 for good. Likewise
            lists_days (lists as they were shown), messages_days (messages of the push, receipts,
            inboxes) and jobs_days (import jobs with their reports).
        cors_origins: of pages whose scripts may ask for the operator and every tenant, with commas
            between; those of one tenant are set by ``panhuo keys origins``.
        webhook_threads: requests to webhooks at once that one process of the service sends; 0 where
            ``panhuo webhooks deliver`` does it.
        webhook_days: for so many days a delivery is kept, and may be replayed.
        webhook_ca_file: certificates that may prove receivers, instead of the system's.
    """

    model_config = SettingsConfigDict(env_prefix="PANHUO_", frozen=True, extra="ignore")

    home: Path = Path(".panhuo")
    database_url: str = ""
    encoder: str = "static"
    encoder_dim: int | None = Field(default=None, ge=1)
    query_prompt: str | None = None
    document_prompt: str | None = None
    device: str = "cpu"
    index_engine: Literal["faiss", "int8", "exact"] = "faiss"
    policy: Path | None = None
    threads: int = Field(default=2, ge=1, le=256)
    ray_address: str = ""
    verify_index: bool = True
    upload_bytes: int = Field(default=512 << 20, ge=1)
    imports_kept_days: int = Field(default=30, ge=1, le=36_500)
    tenant: str = ""
    key_secret: SecretStr = SecretStr("")
    rate_limit: float = Field(default=2_000, ge=0, le=1_000_000, allow_inf_nan=False)
    rate_burst: int = Field(default=4_000, ge=1, le=1_000_000)
    cors_origins: str = ""
    webhook_threads: int = Field(default=16, ge=0, le=64)
    webhook_days: int = Field(default=30, ge=3, le=36_500)
    webhook_ca_file: Path | None = None
    delta_rows: int = Field(default=20_000, ge=0)
    compact_share: float = Field(default=0.02, ge=0, le=1)
    compact_rows: int = Field(default=500, ge=1)
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    disk_free_mb: int = Field(default=1_024, ge=0)
    index_days: int = Field(default=30, ge=0, le=36_500)
    contact_key: SecretStr = SecretStr("")
    feedback_days: int = Field(default=1_095, ge=0, le=36_500)
    lists_days: int = Field(default=730, ge=0, le=36_500)
    messages_days: int = Field(default=730, ge=0, le=36_500)
    jobs_days: int = Field(default=400, ge=0, le=36_500)
    audit_days: int = Field(default=1_095, ge=180, le=36_500)

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store."""
        return self.database_url or f"sqlite:///{self.home / 'panhuo.db'}"

    @property
    def index_root(self) -> Path:
        """Folder of index versions."""
        return self.home / "index"

    @property
    def segments_root(self) -> Path:
        """Folder of the operator's own taxonomy and concordances."""
        return self.home / "segments"
