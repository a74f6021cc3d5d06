"""A technical demand cut into what it asks: problem, means, effect, material, product.

Rules, no model: labels that forms print before an answer, and the verbs of each part. What fits
none is told as ``OTHER`` and asks all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from embeddings.normalise import normalise
from matcher.sentences import sentence_spans
from matcher.types import Demand

MOST_PARTS = 6
_LEAST = 4
_MOST = 120


class DemandRole(StrEnum):
    """What a part of a demand is: 问题, 手段, 效果, 材料, 产品; OTHER for all else."""

    PROBLEM = "problem"
    MEANS = "means"
    EFFECT = "effect"
    MATERIAL = "material"
    PRODUCT = "product"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DemandPart:
    """A piece of a demand, normalised, with what it is."""

    role: DemandRole
    text: str


_LABELS = (
    (DemandRole.PROBLEM, r"(?:技术)?(?:难题|问题|瓶颈|痛点|现状|背景)(?:描述|说明)?"),
    (DemandRole.MEANS, r"(?:技术)?(?:路线|方案|手段|途径|内容|需求内容|主要内容)"),
    (DemandRole.EFFECT, r"(?:预期|技术|主要|考核)?(?:目标|指标|效果|要求|成果)"),
    (DemandRole.MATERIAL, r"(?:所用|主要)?(?:材料|原料|原材料)"),
    (DemandRole.PRODUCT, r"(?:目标|主要|拟开发)?产品(?:名称)?"),
)
_LABEL = re.compile(
    "^[（(]?[0-9一二三四五六七八九十]{0,2}[）).、．]?(?:"
    + "|".join(f"(?P<{role.value}>{words})" for role, words in _LABELS)
    + ")[：:](?P<rest>.*)$"
)
_NUMBERING = re.compile(r"^[（(]?[0-9一二三四五六七八九十]{1,2}[）).、．]\s*")
_CUES = (
    (
        DemandRole.PROBLEM,
        r"难以|无法|不能|不足|问题|难题|瓶颈|缺陷|困难|易(?:断|裂|堵|损|脱)|解决|攻克",
    ),
    (
        DemandRole.EFFECT,
        r"提高|提升|降低|减少|达到|不低于|不高于|不超过|小于|大于|≥|≤|节能|以上|以下",
    ),
    (DemandRole.MATERIAL, r"材料|合金|树脂|纤维|涂层|粉体|薄膜|添加剂|催化剂|原料"),
    (DemandRole.MEANS, r"采用|通过|利用|基于|运用|工艺|方法|算法|技术"),
    (DemandRole.PRODUCT, r"研制|研发|开发|设备|装置|系统|产品|样机|生产线"),
)
_CUE = tuple((role, re.compile(words)) for role, words in _CUES)


def demand_parts(demand: Demand) -> tuple[DemandPart, ...]:
    """Return the parts of a demand's text in order, at most six, none that repeats the title.

    >>> parts = demand_parts(Demand("D1", "阀门", "技术难题：密封面易磨损。目标：寿命提高一倍"))
    >>> [(part.role.value, part.text) for part in parts]
    [('problem', '密封面易磨损'), ('effect', '寿命提高一倍')]
    """
    title = normalise(demand.title)
    found: dict[str, DemandPart] = {}
    for start, end in sentence_spans(demand.text):
        role, words = _read(demand.text[start:end])
        text = normalise(words)[:_MOST]
        if len(text) >= _LEAST and text != title:
            found.setdefault(text, DemandPart(role, text))
    return tuple(found.values())[:MOST_PARTS]


def _read(sentence: str) -> tuple[DemandRole, str]:
    """Return what a sentence is by its label, else by its first cue, and its words."""
    if told := _LABEL.match(sentence):
        rest = _NUMBERING.sub("", told["rest"].strip())
        role = next(role for role, _ in _LABELS if told[role.value])
        return role, rest
    words = _NUMBERING.sub("", sentence)
    return next((role for role, cue in _CUE if cue.search(words)), DemandRole.OTHER), words
