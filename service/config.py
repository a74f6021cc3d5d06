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
        cors_origins: of pages whose scripts may ask for the operator and every tenant, with commas
            between; those of one tenant are set by ``panhuo keys origins``.
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
