"""Names and numbers of things that do not exist, and look so.

Numbers pass every check (form, year, check digit) but lie where no office and no registry gives
any; the packaged sample has its own ranges beside them:

=================  =================================================================
application_no     serial 8000000 to 8999999 of a year and kind
publication_no     CN18…, CN28…, CN38…, by kind
uscc               organisation code that begins with HC (合成); region as the source's
=================  =================================================================

Names end in （合成）. A mark at the beginning would make 合成, a word of chemistry, a trade word of
every firm; what stands in brackets is none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from stdnum.cn import uscc as _uscc

from matcher.codes import PatentKind
from matcher.errors import InputError

MARK = "（合成）"
"""Ends every name of a firm or holder."""
KIND_DIGITS = {PatentKind.INVENTION: 1, PatentKind.UTILITY_MODEL: 2, PatentKind.DESIGN: 3}
SERIALS = 1_000_000
"""Application numbers for one year and kind."""
MOST = 9_999_999
"""Records of one kind that the ranges have numbers for."""

_FIRST_SERIAL = 8_000_000
_FIRST_PUBLICATION = 80_000_000
_LETTERS = {1: "A", 2: "U", 3: "S"}
# The alphabet of GB 32100; in it a letter's value is its place.
_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION = "HC"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_LETTERS_OF_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# A hundred characters that brands are made of, three each: a million brands.
_SYLLABLES = (
    "澜柯霖晟骏衡岚澄枫珩睿泓瑾翊璟昊煜栩烁涵钰彦翰哲铭轩辰熠昱朗霁旻晗曜岑峤崟嵘川泽沅沐浔淳湛漾濯灏焱炜煊熙珏琅琛琨瑜璇璞"
    "甄祺禾秉程稷穆竣笙筠策箫粲纬绍络绮缙翎耘聿舟艾芃芷若茂荟莘菁菡葳蓁蔚蕴薇藜衍裕芊茗"
)
_STEP = 271_829  # coprime to a million: neighbours in number are strangers in name
_START = 314_159


def application_nos(
    years: npt.NDArray[np.int64], kinds: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the twelve digits of each application number, int64 (n,); no two are the same.

    Args:
        years: of filing, (n,).
        kinds: 1, 2 or 3, (n,).

    Raises:
        InputError: more patents of one year and kind than the range has numbers.
    """
    groups = years * 10 + kinds
    order = np.argsort(groups, kind="stable")
    _, first, counts = np.unique(groups[order], return_index=True, return_counts=True)
    if len(counts) and counts.max() > SERIALS:
        raise InputError(
            f"found {counts.max():,} patents of one year and kind",
            f"at most {SERIALS:,}, as many as there are numbers set aside",
            "ask for fewer patents, or name a source that spreads over more years",
        )
    serials = np.empty(len(groups), np.int64)
    serials[order] = np.arange(len(groups)) - np.repeat(first, counts)
    return groups * 10_000_000 + _FIRST_SERIAL + serials


def application_texts(numbers: npt.NDArray[np.int64]) -> list[str]:
    """Return the numbers as written, with their check digits.

    >>> application_texts(np.array([201718000000]))
    ['CN201718000000.6']
    """
    places = np.arange(12)
    digits = numbers[:, None] // 10 ** (11 - places) % 10
    checks = (digits * (2 + places % 8)).sum(axis=1) % 11
    pairs = zip(numbers.tolist(), checks.tolist(), strict=True)
    return [f"CN{number}.{'0123456789X'[check]}" for number, check in pairs]


def publication_no(at: int, kind: int, letter: str = "") -> str:
    """Return the publication number of the ``at``-th patent.

    >>> publication_no(7, 2)
    'CN280000007U'
    """
    return f"CN{kind}{_FIRST_PUBLICATION + at}{letter or _LETTERS[kind]}"


def uscc(at: int, like: str) -> str:
    """Return the code of the ``at``-th firm, with the office and region of another firm's code.

    >>> uscc(0, "91330108MA27Y3JG6U")
    '91330108HC0000008F'
    """
    signs = []
    for _ in range(6):
        at, rest = divmod(at, len(_SIGNS))
        signs.append(_SIGNS[rest])
    body = _ORGANISATION + "".join(reversed(signs))
    values = map(_LETTERS_OF_36.index, body)
    total = sum(v * w for v, w in zip(values, _ORGANISATION_WEIGHTS, strict=True))
    check = "0123456789X0"[11 - total % 11]
    written = f"{like[:8]}{body}{check}"
    return written + str(_uscc.calc_check_digit(written))


def brand(at: int) -> str:
    """Return three characters; the first million differ.

    >>> brand(0) != brand(1), len(brand(7))
    (True, 3)
    """
    place = (at * _STEP + _START) % 1_000_000
    return _SYLLABLES[place // 10_000] + _SYLLABLES[place // 100 % 100] + _SYLLABLES[place % 100]


def ending_of(name: str, endings: Sequence[str], default: str) -> str:
    """Return the first of ``endings`` that the name ends with, or the default.

    >>> ending_of("钱江湾理工大学", ("理工大学", "大学"), "大学")
    '理工大学'
    """
    return next((ending for ending in endings if name.endswith(ending)), default)
