"""The installed command: fixes thread settings before any numeric library is loaded."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from stat import S_ISDIR
from tempfile import gettempdir


def main() -> None:
    """Run ``panhuo``.

    OpenMP reads its settings once, when FAISS, torch or BLAS is loaded. Waiting threads sleep: by
    default they spin, and on a shared machine training then takes several times as long.
    """
    threads = os.environ.get("PANHUO_THREADS", "2")
    if not threads.isdecimal() or int(threads) < 1:
        threads = "2"  # the settings refuse the value in words; a library would with a traceback
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _keep_compiled_code()
    from service.cli import main as run

    run()


def _keep_compiled_code() -> None:
    """Name a cache for numba where it cannot write beside the installed modules.

    Where it finds no place at all, numba refuses to load the kernel.
    """
    spec = find_spec("matcher")
    if spec is None or spec.origin is None or "NUMBA_CACHE_DIR" in os.environ:
        return
    if os.access(Path(spec.origin).parent / "index", os.W_OK):
        return
    user = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    for folder in (user / "panhuo-numba", Path(gettempdir()) / f"panhuo-numba-{os.getuid()}"):
        if _own(folder):
            os.environ["NUMBA_CACHE_DIR"] = str(folder)
            return


def _own(folder: Path) -> bool:
    """Return whether ``folder`` is ours alone; what others can write there would be run as code."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    return S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
