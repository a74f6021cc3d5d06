"""What the service writes to standard error: lines for people, or one JSON object a line.

Own formatter and no library: it is thirty lines, and the record factory of ``service/auth/redact``
has hidden keys and tokens before any formatter sees a record.
"""

from __future__ import annotations

import copy
import json
import logging
from datetime import UTC, datetime
from typing import Any

from service.auth.redact import redacted
from service.watch.layer import ACCESS

_OURS = ("service", "panhuo")


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, logger, message, request_id, and the facts it has."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
        }
        told |= getattr(record, "facts", {})
        if record.exc_text:
            told["exception"] = record.exc_text
        elif record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return redacted(json.dumps(told, ensure_ascii=False, default=str))


def log_config(form: str, level: str) -> dict[str, Any]:
    """Return what ``logging.config.dictConfig`` and uvicorn take.

    uvicorn's own access log is off: it holds addresses as they came, with what was searched for.

    Args:
        form: ``text`` or ``json``.
        level: ``debug``, ``info``, ``warning`` or ``error``.
    """
    from uvicorn.config import LOGGING_CONFIG

    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["filters"] = {"request": {"()": "service.api.request_ids.RequestIdFilter"}}
    if form == "json":
        config["formatters"] = {"default": {"()": "service.watch.logs.JsonLines"}}
        config["handlers"].pop("access")
    else:
        for formatter in config["formatters"].values():
            formatter["fmt"] += " [%(request_id)s]"
    for handler in config["handlers"].values():
        handler["filters"] = ["request"]
    # The service's own lines go where uvicorn's go, not to logging's last resort.
    ours = {"handlers": ["default"], "level": level.upper(), "propagate": False}
    config["loggers"] |= {name: dict(ours) for name in _OURS}
    config["loggers"][ACCESS] = dict(ours)
    config["loggers"]["uvicorn"]["level"] = level.upper()
    config["loggers"]["uvicorn.access"] = {"handlers": [], "level": "WARNING", "propagate": False}
    return config
