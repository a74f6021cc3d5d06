"""Application numbers, publication numbers and USCC: one spelling, or a typed problem."""

from __future__ import annotations

import re
import unicodedata

from stdnum.cn import uscc as _uscc
from stdnum.exceptions import InvalidChecksum, ValidationError

from matcher.types import PatentKind, Uscc
from service.ingest.problems import BadValue
from service.store.keys import application_parts, check_digit, compact, publication_key

_KIND_OF_DIGIT = {
    "1": PatentKind.INVENTION,
    "2": PatentKind.UTILITY_MODEL,
    "3": PatentKind.DESIGN,
    "8": PatentKind.INVENTION,
    "9": PatentKind.UTILITY_MODEL,
}
_KIND_OF_LETTER = {
    "A": PatentKind.INVENTION,
    "B": PatentKind.INVENTION,
    "C": PatentKind.INVENTION,
    "U": PatentKind.UTILITY_MODEL,
    "Y": PatentKind.UTILITY_MODEL,
    "S": PatentKind.DESIGN,
    "D": PatentKind.DESIGN,
}
_GRANT_LETTERS = frozenset("BCUYSD")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+?\d{1,2}")
_ALL_DIGITS = re.compile(r"\d{18}")


def check_written(text: str, field: str) -> None:
    """Raise ``BadValue`` ``scientific`` for a number of which Excel kept only the beginning.

    >>> check_written("2017106018623", "application_no")
    """
    if _SCIENTIFIC.fullmatch(unicodedata.normalize("NFKC", text).strip().upper()):
        raise _scientific(text, field)


def _scientific(text: str, field: str) -> BadValue:
    cure = (
        "Excel made a number in scientific notation of it, and digits are lost: format the column "
        "as text and write the number again, or export it again from its source."
    )
    return BadValue(field, text, "scientific", cure)


def application_no(text: str, field: str = "application_no") -> str:
    """Return ``CN`` + digits + ``.`` + check character.

    Raises:
        BadValue: ``syntax`` for text of another form, ``check_digit`` for a wrong check character,
            ``scientific`` for what Excel made of it.

    >>> application_no("ZL2017106018623")
    'CN201710601862.3'
    """
    check_written(text, field)
    parts = application_parts(text)
    if parts is None or not _plausible(parts[0]):
        raise BadValue(
            field,
            text,
            "syntax",
            "Write the application number as CN, 4-digit year, kind (1, 2, 3, 8 or 9), 7 digits, "
            "a point and the check digit, like CN201710601862.3.",
        )
    digits, check = parts
    right = check_digit(digits)
    if check == right or (not check and _before_check_digits(digits)):
        return f"CN{digits}.{right}"
    if not check:
        raise BadValue(
            field, text, "syntax", f"Add the check digit: CN{digits}.{right} if the rest is right."
        )
    raise BadValue(
        field,
        text,
        "check_digit",
        f"Compare the number with the filing receipt: these digits need the check digit {right}, "
        f"not {check}.",
    )


def publication_no(text: str, field: str = "publication_no") -> str:
    """Return country, number and kind letter without blanks.

    Raises:
        BadValue: ``syntax`` for text of another form, ``scientific`` for what Excel made of it.

    >>> publication_no("cn 109990757 a")
    'CN109990757A'
    """
    check_written(text, field)
    key = publication_key(text)
    if not key:
        raise BadValue(
            field,
            text,
            "syntax",
            "Write the publication number as country, digits and kind letter, like CN109990757A.",
        )
    return key


def uscc(text: str, field: str = "uscc") -> Uscc:
    """Return the 18 characters of a unified social credit code.

    Raises:
        BadValue: ``syntax`` for another form, ``check_digit`` for a wrong last character,
            ``scientific`` for what Excel made of it.

    >>> uscc("91110000600037341l")
    '91110000600037341L'
    """
    check_written(text, field)
    code = compact(text)
    try:
        return Uscc(_uscc.validate(code))
    except ValidationError as error:
        if _is_rounded(code):
            raise _scientific(text, field) from error
        raise _bad_uscc(text, field, error) from error


def _is_rounded(code: str) -> bool:
    """Return whether the code was a number: Excel keeps 15 digits, a float every 128th number."""
    if not _ALL_DIGITS.fullmatch(code):
        return False
    return code.endswith("000") or int(float(code)) == int(code)


def _bad_uscc(text: str, field: str, error: ValidationError) -> BadValue:
    if isinstance(error, InvalidChecksum):
        cure = (
            "Compare the code with the business licence: its last character does not follow "
            "from the first 17."
        )
        return BadValue(field, text, "check_digit", cure)
    cure = (
        "Write the 18 characters of the unified social credit code: 8 digits, then digits and "
        "capital letters without I, O, Z, S, V."
    )
    return BadValue(field, text, "syntax", cure)


def is_grant(publication: str) -> bool:
    """Return whether the publication number is that of a grant.

    >>> is_grant("CN110813200B"), is_grant("CN110813200A")
    (True, False)
    """
    return _letter(publication) in _GRANT_LETTERS


def kind_of(application: str, publication: str) -> PatentKind:
    """Return the kind that the numbers tell, UNKNOWN where they tell none.

    >>> kind_of("CN201710601862.3", ""), kind_of("", "CN209096938U")
    (<PatentKind.INVENTION: 'INVENTION'>, <PatentKind.UTILITY_MODEL: 'UTILITY_MODEL'>)
    """
    if application.startswith("CN"):
        digits = application[2:].partition(".")[0]
        return _KIND_OF_DIGIT.get(digits[4 if len(digits) == 12 else 2], PatentKind.UNKNOWN)
    if publication.startswith("CN"):
        return _KIND_OF_LETTER.get(_letter(publication), PatentKind.UNKNOWN)
    return PatentKind.UNKNOWN


def _letter(publication: str) -> str:
    return publication.rstrip("0123456789")[-1:]


def _plausible(digits: str) -> bool:
    if len(digits) == 12:
        return "1985" <= digits[:4] <= "2099" and digits[4] in _KIND_OF_DIGIT
    # Two-digit years ran from 1985 to September 2003.
    return (digits[:2] >= "85" or digits[:2] <= "03") and digits[2] in _KIND_OF_DIGIT


def _before_check_digits(digits: str) -> bool:
    return len(digits) == 8 and "85" <= digits[:2] <= "88"
