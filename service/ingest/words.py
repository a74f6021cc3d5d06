"""Words that people write for kinds, states and places, and what they mean here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from matcher.types import HolderKind, LegalStatus, PatentKind, RelationKind, StopState
from service.ingest.problems import BadValue

T = TypeVar("T")


def _each(words: str, meaning: T) -> list[tuple[str, T]]:
    return [(word, meaning) for word in words.split()]


# In each table the first word that the cell contains decides.
_PATENT_KINDS = [
    *_each("实用新型 UTILITY", PatentKind.UTILITY_MODEL),
    *_each("外观 DESIGN", PatentKind.DESIGN),
    *_each("发明 INVENTION", PatentKind.INVENTION),
]
_LEGAL = [
    *_each("部分无效", LegalStatus.IN_FORCE),
    *_each("失效 无效 无权 终止 届满 未缴年费 放弃 撤回 视撤", LegalStatus.LAPSED),
    *_each("驳回 撤销 避重 权利消失 LAPSED EXPIRED INACTIVE", LegalStatus.LAPSED),
    *_each("PENDING", LegalStatus.PENDING),
    *_each("有效 授权 有权 维持 权利转移 许可 质押 IN_FORCE ACTIVE", LegalStatus.IN_FORCE),
    *_each("等年费 年费滞纳", LegalStatus.IN_FORCE),
    # 专利申请权、专利权的转移 is said of both.
    *_each("申请权", LegalStatus.UNKNOWN),
    *_each("审中 实质审查 实审 公开 公布 在审 申请", LegalStatus.PENDING),
    # 案件状态 of the office's own register: 一通出案待答复, 待颁证公告, 等年登印费.
    *_each("待答复 出案 回案 颁证 登印 受理 待审 初审 复审 提案", LegalStatus.PENDING),
]
_STOPS = [
    *((stop.value.upper(), stop) for stop in StopState if stop.value),
    *_each("即将放弃 拟放弃", StopState.ABOUT_TO_ABANDON),
    *_each("纠纷 诉讼 争议", StopState.OWNERSHIP_DISPUTE),
    *_each("不适宜 不宜 保密 国防", StopState.UNSUITABLE),
    *_each("独占 排他", StopState.EXCLUSIVELY_LICENSED),
    *_each("解除", StopState.NONE),
    *_each("保全 查封 冻结", StopState.PRESERVED),
    *_each("NONE 无 正常 尚未实施 已许可 已转让 已自行产业化 评价报告", StopState.NONE),
]
# A hospital of a university is a hospital; an institute's company is a firm.
_HOLDER_NAMES = [
    *_each("企业 公司 集团 厂", HolderKind.FIRM),
    *_each("医院", HolderKind.HOSPITAL),
    *_each("研究院 研究所 科学院 科研 设计院", HolderKind.INSTITUTE),
    *_each("大学 学院 高校 院校 学校", HolderKind.UNIVERSITY),
    *_each("其他 其它 个人 机关", HolderKind.OTHER),
]
_HOLDERS = [*((kind.value.upper(), kind) for kind in HolderKind), *_HOLDER_NAMES]
_RELATIONS = [
    *((kind.value.upper(), kind) for kind in RelationKind),
    *_each("共同申请", RelationKind.CO_APPLIED),
    *_each("许可 受让", RelationKind.LICENSED),
    *_each("对接 联系", RelationKind.CONTACTED),
    *_each("拥有 自有 权利人", RelationKind.OWNS),
]
_TRUTHS = {
    **dict(_each("是 有 1 TRUE YES Y T 已声明 开放许可 已列入开放许可计划", True)),
    **dict(_each("否 无 0 FALSE NO N F 未声明 未开放许可", False)),
}
PROVINCES = frozenset(
    name
    for name, _ in _each(
        "北京 天津 河北 山西 内蒙古 辽宁 吉林 黑龙江 上海 江苏 浙江 安徽 福建 江西 山东 河南 湖北 "
        "湖南 广东 广西 海南 重庆 四川 贵州 云南 西藏 陕西 甘肃 青海 宁夏 新疆 香港 澳门 台湾",
        True,
    )
)
_PROVINCE_END = re.compile(r"(?:壮族|回族|维吾尔)?自治区$|特别行政区$|省$|市$")
_DIGITS = str.maketrans("一二三四五两", "123452")
_CITY = re.compile(r"[\u3400-\u9fff·]{1,12}")


def patent_kind(word: str) -> PatentKind:
    """Return the kind; raise ``BadValue`` for an unknown word."""
    found = _first(_PATENT_KINDS, word)
    if found is None:
        raise _unknown("kind", word, "发明, 实用新型 or 外观设计")
    return found


def legal_status(word: str) -> LegalStatus:
    """Return the status; of several events one that ends the patent counts first.

    >>> legal_status("授权 | 未缴年费").value, legal_status("实质审查").value
    ('LAPSED', 'PENDING')
    """
    found = LegalStatus.UNKNOWN if word.upper() == "UNKNOWN" else _first(_LEGAL, word)
    if found is None:
        raise _unknown("legal_status", word, "有效, 审中 or 失效")
    return found


def stop_state(word: str) -> StopState:
    """Return why the patent must not be recommended, NONE for harmless words."""
    found = _first(_STOPS, word)
    if found is None:
        raise _unknown(
            "stop_state", word, "即将放弃专利权, 涉及权属纠纷, 不适宜转化, 独占许可, 保全 or 正常"
        )
    return found


def holder_kind(word: str) -> HolderKind:
    """Return what the holder is; raise ``BadValue`` for an unknown word."""
    found = _first(_HOLDERS, word)
    if found is None:
        raise _unknown("holder_kind", word, "university, institute, hospital, firm or other")
    return found


def holder_kind_of(holder: str) -> HolderKind:
    """Return what a holder's name tells, OTHER where it tells nothing; of several, the first's.

    >>> holder_kind_of("浙江大学附属医院").value, holder_kind_of("浙江大学").value
    ('hospital', 'university')
    >>> holder_kind_of("浙江大学; 杭州某某有限公司").value
    'university'
    """
    first = next((name for name in re.split(r"[;；|]", holder) if name.strip()), "")
    return _first(_HOLDER_NAMES, first) or HolderKind.OTHER


def relation_kind(word: str) -> RelationKind:
    """Return the kind; raise ``BadValue`` for an unknown word."""
    found = _first(_RELATIONS, word)
    if found is None:
        raise _unknown("kind", word, "owns, co_applied, licensed or contacted")
    return found


def stars(word: str) -> int:
    """Return the stars of a grade written as 五星, 5星, ★★★ or 5; raise ``BadValue``.

    >>> stars("五星"), stars("★★★"), stars("4")
    (5, 3, 4)
    """
    if word and not word.strip("★"):
        return min(len(word), 5)
    digit = word.strip("级星").translate(_DIGITS)
    if digit not in {"1", "2", "3", "4", "5"}:
        raise _unknown("self_grade", word, "五星, 四星, 三星, 二星 or 一星")
    return int(digit)


def yes_no(word: str, field: str) -> bool:
    """Return the truth of 是/否, 1/0, true/false; raise ``BadValue`` for another word."""
    truth = _TRUTHS.get(word.upper())
    if truth is None:
        raise _unknown(field, word, "是 or 否")
    return truth


def province(word: str, field: str) -> str:
    """Return the short name of the province; raise ``BadValue`` for an unknown one.

    >>> province("浙江省", "province"), province("新疆维吾尔自治区", "province")
    ('浙江', '新疆')
    """
    short = word if word in PROVINCES else _PROVINCE_END.sub("", word)
    if short not in PROVINCES:
        raise _unknown(field, word, "the name of a province, like 浙江")
    return short


def city(word: str, field: str) -> str:
    """Return the city without a final 市; raise ``BadValue`` for what cannot be a city.

    >>> city("深圳市", "city")
    '深圳'
    """
    if not _CITY.fullmatch(word):
        raise BadValue(field, word, "place", "Write the name of the city, like 杭州.")
    return word[:-1] if len(word) > 2 and word.endswith("市") else word


def _first(table: Sequence[tuple[str, T]], word: str) -> T | None:
    word = word.upper()
    return next((meaning for part, meaning in table if part in word), None)


def _unknown(field: str, word: str, expected: str) -> BadValue:
    return BadValue(field, word, "unknown_word", f"Write {expected}.")
