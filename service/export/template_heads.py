"""The heads of the 盘活 workbook: sheet 批量导入, rows 1 to 3, columns A to AD."""

from __future__ import annotations

from dataclasses import dataclass

SHEET = "批量导入"
HINT = (
    "提示：若【专利实施化状态】、【转化意愿】等指标存在多个选项的，需要顺序在“下一行”填写，即每个指标下对应列"
    "中的每个单元格按顺序填写一个选项，但专利基本信息、组合专利信息等基本指标无需重复填写，无需合并单元格"
)
RED = "#FF0000"
BLACK = "#000000"
GREY = "#F2F2F2"
YELLOW = "#FFFF00"


@dataclass(frozen=True, slots=True)
class Head:
    """One column.

    Attributes:
        text: the head in row 3; of a column whose head takes rows 2 and 3 in row 2.
        field: what of a declaration stands below; two parts for an option's.
        width: in characters.
        tall: the head takes rows 2 and 3.
        grey: the head is on grey.
        red: the head is red.
    """

    text: str
    field: str
    width: float
    tall: bool = False
    grey: bool = True
    red: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A head in row 2 over several columns, from the first to the last, from 0."""

    first: int
    last: int
    text: str
    grey: bool = True
    red: bool = False


BANDS = (
    Band(0, 6, "*基本信息", grey=False, red=True),
    Band(7, 9, "组合专利"),
    Band(
        11,
        14,
        "专利实施化状态（含产业化）（规则：选项必选，选项后附带的金额必填；选择“即将放弃专利权”“涉及权属纠纷”"
        "“其他不适宜转化的情况”这三种情况任何之一的专利，后续“转化意愿”“技术成熟度”“专利价值分级自评”"
        "“应用场景（产业化前景）”下的所有信息不必再填写。）",
    ),
    Band(15, 22, "转化意愿"),
    Band(25, 29, "*应用场景", red=True),
)
HEADS = (
    Head("序号", "sequence", 9.17, grey=False),
    Head("申请号", "application_no", 22.84, grey=False),
    Head("专利名称", "title", 12.83, grey=False),
    Head("法律状态", "legal_status", 39.5, grey=False),
    Head("维持年限", "years_in_force", 39.5, grey=False),
    Head("发明人", "inventors", 39.5, grey=False),
    Head(
        "所属学院（规则：按系统设定的导入账号所属组织架构进行填写，高校管理员则填写高校名称，分校管理员填写分校"
        "名称，学院管理员填写学院名称）",
        "college",
        39.5,
        grey=False,
    ),
    Head("组合专利名称（限50个字符）", "group_name", 57.67),
    Head(
        '组合专利信息（规则：请输入专利申请号，最多添加9个，申请号之间用“,"号隔开）',
        "group_members",
        58.67,
    ),
    Head("组合专利描述（限500个字符）", "group_description", 25.16),
    Head("*是否属于财政资助科研项目形成专利", "funded", 36.83, tall=True, red=True),
    Head("*一级实施状态", "implementation.state", 37.67),
    Head("二级状态描述", "implementation.detail", 25.16),
    Head(
        "金额（万元）/评价结果/产品名称（规则：若选择“已转让”、“已许可”和“已自行产业化”，需要填写金额，金额"
        "仅支持填写数字。若选择“实用新型、外观设计专利已有专利权评价报告”则填写评价结果。若选择“已许可-已由被"
        "许可人实现产业化”或“已许可-已通过技术服务合同或开发合同约定由合作企业实现产业化”则填写产品名称。）",
        "implementation.outcome",
        37.33,
    ),
    Head("备注", "implementation.note", 25.16),
    Head("转化意愿（一级）", "willingness.first", 16.33),
    Head("转化意愿（二级）", "willingness.second", 16.33),
    Head("费用标准（万元）（规则：只需填写数字）", "willingness.fee", 35.67),
    Head(
        "意向合作城市（规则：XX省-XX市,XX省-XX市,不同城市间用“,”分隔）",
        "willingness.cities",
        65.33,
    ),
    Head(
        "意向合作企业（规则：请填写企业全称，最多添加10个，多个企业间用“,”分隔）",
        "willingness.firms",
        75.0,
    ),
    Head("*意向价格", "price_band", 16.33),
    Head("*联系人", "person", 16.33),
    Head("*联系方式", "phone", 16.33),
    Head("*技术成熟度", "maturity", 22.16, tall=True, red=True),
    Head(
        "*专利价值分级自评\n(规则：若勾选一星或二星，则无需填写本专利对应产品、技术优势、性能指标和产业化前景描述)",
        "self_grade",
        36.67,
        tall=True,
    ),
    Head("本专利对应产品、技术优势、性能指标（限500个字符）", "advantages", 51.5),
    Head("国民经济行业分类", "industry", 29.84),
    Head("产业化前景描述（限500个字符）", "prospect", 29.84),
    Head("战新分类", "emerging_industry", 29.84),
    Head("本专利所属技术领域（IPC）", "field_ipc", 29.84),
)
