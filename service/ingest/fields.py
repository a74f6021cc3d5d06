"""One cell to one value: text, dates, lists, classification symbols."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache

from matcher.errors import InputError
from matcher.segments.ipc import parse_ipc
from service.ingest.problems import BadValue

_EMPTY = frozenset({"", "-", "--", "—", "——", "/", "null", "NULL", "nan", "NaN", "None", "N/A"})
_ODD = re.compile("[<&=\x00-\x1f\x7f\u200b-\u200f\ufeff\ud800-\udfff]|_x00")
_FORMULA_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_LINK = re.compile(r'=HYPERLINK\(\s*"[^"]*"\s*[,，;]\s*"(.*)"\s*\)', re.DOTALL | re.IGNORECASE)
_BREAK_TAG = re.compile(r"<(?:br|/p|/div|/tr)\s*/?>", re.IGNORECASE)
# Only names that office and database exports are known to leave behind: "a<b且c>d" is a formula.
_TAG = re.compile(
    r"</?(?:[a-z]+:[a-z0-9]+|sub|sup|i|b|u|em|strong|p|span|font|div|img|br|tr|td|table|a|maths?|"
    r"chemistry|figref|patcit|o)(?:\s[^<>]{0,300})?/?>",
    re.IGNORECASE,
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\ufeff\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t\r]+")
_SEPARATORS = re.compile(r"[;；|｜、,，\n]+")
_SENTENCE_SEPARATORS = re.compile(r"[;；|｜\n]+")
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T].*)?")
_INDUSTRY = re.compile(r"[A-T]?(\d{2,4})(?!\d)")
_EXCEL_ZERO = date(1899, 12, 30)


def text(value: object) -> str:
    """Return the cell as clean text, "" for an empty one.

    Markup left over from exports, control characters and Excel's ``="…"`` are taken off; of a
    ``=HYPERLINK("address","text")`` the text stays.

    >>> text("CO<base:Sub>2</base:Sub> "), text('="911"'), text(-0.0), text(None), text("-")
    ('CO2', '911', '0', '', '')
    """
    if not isinstance(value, str):
        value = _plain(value)
    value = value.strip()
    if _ODD.search(value):
        value = _cleaned(value)
    return "" if value in _EMPTY else value


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, list | tuple):
        return "；".join(part for part in map(text, value) if part)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _cleaned(value: str) -> str:
    if formula := _LINK.fullmatch(value) or _FORMULA_TEXT.fullmatch(value):
        value = formula[1]
    value = value.replace("_x000D_", "").replace("\r\n", "\n").replace("\r", "\n")
    if "<" in value:
        value = _TAG.sub("", _BREAK_TAG.sub("\n", value))
    if "&" in value:
        value = html.unescape(value)
    return _BLANKS.sub(" ", _CONTROL.sub("", value)).strip()


def line(value: object) -> str:
    """Return the cell as clean text on one line.

    >>> line("一种\\n装置")
    '一种 装置'
    """
    cleaned = text(value)
    return " ".join(cleaned.split()) if "\n" in cleaned else cleaned


def texts(value: object) -> tuple[str, ...]:
    """Return the parts of a list cell (；;|、，, or a line break between them), none twice.

    >>> texts("电机；轴承、电机"), texts(["a,b", "c"])
    (('电机', '轴承'), ('a,b', 'c'))
    """
    return _parts(value, _SEPARATORS)


def sentences(value: object) -> tuple[str, ...]:
    """Return the parts of a list cell whose parts may hold commas (；;| or a line break).

    >>> sentences("求一种电机，转速高；求轴承")
    ('求一种电机，转速高', '求轴承')
    """
    return _parts(value, _SENTENCE_SEPARATORS)


def _parts(value: object, separators: re.Pattern[str]) -> tuple[str, ...]:
    parts: Iterable[object]
    parts = value if isinstance(value, list | tuple) else separators.split(text(value))
    return tuple(dict.fromkeys(part for part in map(line, parts) if part))


def day(value: object, field: str) -> date | None:
    """Return the date of a cell, None for an empty one.

    Written with - / . or 年月日, as eight digits, or as Excel's count of days; the time of day is
    dropped.

    Raises:
        BadValue: ``date`` for anything else.

    >>> day("2019/7/12", "d"), day("20190712", "d"), day(43658.0, "d"), day("2019年7月12日", "d")
    (datetime.date(2019, 7, 12), datetime.date(2019, 7, 12), datetime.date(2019, 7, 12), \
datetime.date(2019, 7, 12))
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    written = text(value)
    if not written:
        return None
    try:
        found = _day(written)
    except (ValueError, OverflowError):
        found = None
    if found is None or not 1900 <= found.year <= 2099:
        raise BadValue(field, written, "date", "Write the date as year-month-day, like 2019-07-12.")
    return found


@lru_cache(maxsize=1 << 16)
def _day(written: str) -> date | None:
    if match := _DATE.fullmatch(written):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if len(written) == 8 and written.isdecimal():
        return date(int(written[:4]), int(written[4:6]), int(written[6:]))
    days = float(written)
    # 1 January 1930 to 2099: a smaller count is more likely a year or a quantity.
    if 10_959 <= days < 73_051:
        return _EXCEL_ZERO + timedelta(days=int(days))
    return None


def ipc(value: object, field: str = "ipc") -> tuple[tuple[str, ...], list[BadValue]]:
    """Return (symbols, what was dropped) of a cell with classification symbols.

    >>> ipc("A01B 1/00(2006.01)I; G06F17/30 | ?")[0]
    ('A01B1/00', 'G06F17/30')
    """
    symbols, dropped = [], []
    for part in texts(value):
        try:
            symbols.append(_symbol(part))
        except InputError:
            cure = "Write the symbol as section, class, subclass, group, like A01B1/00."
            dropped.append(BadValue(field, part, "ipc_syntax", cure))
    return tuple(dict.fromkeys(symbols)), dropped


@lru_cache(maxsize=1 << 16)
def _symbol(part: str) -> str:
    return parse_ipc(part).full


def industry_codes(
    value: object, field: str = "industry_codes"
) -> tuple[tuple[str, ...], list[BadValue]]:
    """Return (GB/T 4754 codes without the section letter, what was dropped).

    >>> industry_codes("C4023 | I6571 软件")[0]
    ('4023', '6571')
    """
    codes, dropped = [], []
    for part in texts(value):
        if match := _INDUSTRY.match(part.upper()):
            codes.append(match[1])
        else:
            cure = "Write the code of GB/T 4754 as 2 to 4 digits, like C4023 or 4023."
            dropped.append(BadValue(field, part, "industry_syntax", cure))
    return tuple(dict.fromkeys(codes)), dropped
