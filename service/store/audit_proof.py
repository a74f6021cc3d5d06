"""Is the audit as it was written? Every row is held against its neighbour, its seal, the head."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.audit.entry import GENESIS, Sealer, digest_of, head_text
from service.store.audit_trail import PRUNE, AuditTrail, Head

_MOST_FAULTS = 20


@dataclass
class Proof:
    """What a check of a chain found.

    Attributes:
        rows: how many were read.
        first: number of the first row, 0 for none.
        last: number of the last one.
        vouched: number of the last row whose seal is good: it vouches for all before it.
        faults: sentences, in the order of the rows; none where all is as it was written.
    """

    rows: int = 0
    first: int = 0
    last: int = 0
    vouched: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return not self.faults

    def fault(self, sentence: str) -> None:
        """Keep a finding; behind the first twenty the rest adds nothing."""
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(sentence)


def prove(
    trail: AuditTrail, secrets: Mapping[str, Sealer], known: tuple[int, str] | None = None
) -> Proof:
    """Return what a check of all rows found.

    Args:
        trail: to be checked.
        secrets: those that are known, by their names.
        known: number and digest of a row that were written down elsewhere.
    """
    proof, head = Proof(), trail.head()
    if head is None:
        if any(True for _ in trail.rows()):
            proof.fault("found rows and no head of the chain")
        if known is not None:
            proof.fault(f"found no row {known[0]}, which was there when it was written down")
        return proof
    _check_head(proof, head, secrets)
    anchors = _walk(proof, trail, head, secrets)
    if head.anchor_seq and (head.anchor_seq, head.anchor_digest) not in anchors:
        proof.fault(f"found rows up to {head.anchor_seq} gone, and no row that tells of it")
    if known is not None and known[0] > head.seq:
        proof.fault(f"found no row {known[0]}, which was there when it was written down")
    if known is not None and head.anchor_seq < known[0] <= head.seq:
        _check_known(proof, trail, known)
    if proof.good and proof.vouched < proof.last:
        proof.fault(
            f"found no good seal behind row {proof.vouched}: nothing vouches for rows up to "
            f"{proof.last}"
        )
    return proof


def _check_head(proof: Proof, head: Head, secrets: Mapping[str, Sealer]) -> None:
    sealer = secrets.get(head.secret_id)
    told = {
        "seq": head.seq,
        "digest": head.digest,
        "anchor_seq": head.anchor_seq,
        "anchor_digest": head.anchor_digest,
    }
    if sealer is None:
        proof.fault(f"found the head sealed under secret {head.secret_id!r}, which is not known")
    elif sealer.seal(head_text(told)) != head.seal:
        proof.fault("found the head of the chain changed: its seal is not good")


def _walk(
    proof: Proof, trail: AuditTrail, head: Head, secrets: Mapping[str, Sealer]
) -> set[tuple[Any, Any]]:
    """Hold each row against the one before it; return the anchors that rows tell of."""
    seq, digest, anchors = head.anchor_seq, head.anchor_digest or GENESIS, set()
    for row in trail.rows():
        proof.rows += 1
        proof.first = proof.first or row["seq"]
        if row["seq"] != seq + 1:
            proof.fault(f"found row {row['seq']} behind row {seq}: rows between them are gone")
        seq, digest = row["seq"], _checked(proof, row, digest, secrets)
        if row["operation"] == PRUNE:
            told = _detail(row)
            anchors.add((told.get("upto"), told.get("digest")))
    proof.last = seq if proof.rows else 0
    if seq != head.seq or digest != head.digest:
        proof.fault(f"found row {seq} last, where the head tells of row {head.seq}")
    return anchors


def _checked(
    proof: Proof, row: Mapping[str, Any], previous: str, secrets: Mapping[str, Sealer]
) -> str:
    if digest_of(previous, row) != row["digest"]:
        proof.fault(f"found row {row['seq']} changed, or what stood before it")
        return str(row["digest"])
    sealer = secrets.get(row["secret_id"])
    if sealer is not None and sealer.seal(row["digest"]) != row["seal"]:
        proof.fault(f"found the seal of row {row['seq']} not good: it was written without us")
    elif sealer is not None and proof.good:
        proof.vouched = row["seq"]
    return str(row["digest"])


def _check_known(proof: Proof, trail: AuditTrail, known: tuple[int, str]) -> None:
    found = next(iter(trail.rows(known[0] - 1)), None)
    if found is None or found["seq"] != known[0] or found["digest"] != known[1]:
        proof.fault(f"found row {known[0]} with another digest than was written down")


def _detail(row: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        told = json.loads(row["detail"])
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
