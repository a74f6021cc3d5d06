"""The installed command: fixes thread settings before any numeric library is loaded."""

from __future__ import annotations

import os


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
    from service.cli import main as run

    run()
