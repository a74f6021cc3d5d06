"""What an upload asks for, and the command line that does it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ImportAsk:
    """The options of ``panhuo import`` that an upload can set; "" for those left out."""

    what: str
    family: str = "auto"
    sheet: str = ""
    checked_on: str = ""
    holder: str = ""
    kind: str = ""
    dry_run: bool = False

    def to_json(self) -> str:
        """Return the options as a JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> ImportAsk:
        """Return what ``to_json`` was called on."""
        return cls(**json.loads(text))

    def arguments(self, upload: Path, file_name: str) -> list[str]:
        """Return the arguments after ``panhuo``.

        Values are joined to their options: one that begins with a hyphen stays a value.
        """
        named = {
            "as": self.family,
            "sheet": self.sheet,
            "checked-on": self.checked_on,
            "holder": self.holder,
            "kind": self.kind,
            "file-name": file_name,
        }
        told = [f"--{name}={value}" for name, value in named.items() if value]
        dry = ["--dry-run"] if self.dry_run else []
        return ["import", self.what, str(upload), *told, *dry, "--progress=lines"]
