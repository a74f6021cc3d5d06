"""What a patent says of itself: hand-checked cases of many fields, and laws for any text."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.patent_text import searched_parts
from matcher.phrases import Phrase, phrases_of
from matcher.sentences import clipped, sentence_spans
from matcher.types import Patent, PatentId
from service.bootstrap import open_home
from service.config import Settings


class Case(NamedTuple):
    """A fictional patent with the phrases that a reader would mark; "" for none."""

    title: str
    abstract: str
    object: str
    problem: str
    effect: str
    application: str


CASES = (
    Case(
        "一种梳齿式果蔬分级机构",
        "本实用新型公开了一种梳齿式果蔬分级机构，包括机架和梳齿辊，所述梳齿辊间距沿输送方向渐宽。本实用新型结构紧凑，有效避免了果皮擦伤，提高了分级效率。",
        "梳齿式果蔬分级机构",
        "",
        "避免了果皮擦伤，提高了分级效率",
        "",
    ),
    Case(
        "铁基软磁粉芯的包覆方法",
        "针对现有铁基软磁粉芯高频损耗大的问题，以磷酸盐与纳米云母两步包覆铁粉。压制后的磁环在100kHz下损耗降低32%，可用于车载充电机的功率电感。",
        "铁基软磁粉芯的包覆方法",
        "现有铁基软磁粉芯高频损耗大",
        "压制后的磁环在100kHz下损耗降低32%",
        "车载充电机的功率电感",
    ),
    Case(
        "一种低温固化粉末涂料及其制备方法",
        "本发明涉及粉末涂料技术领域，公开了一种低温固化粉末涂料及其制备方法。所得涂料在130℃固化15分钟即可成膜，具有流平性好、储存稳定等优点。",
        "低温固化粉末涂料",
        "",
        "流平性好、储存稳定",
        "粉末涂料",
    ),
    Case(
        "用于窄巷道的折叠式巡检小车",
        "传统巡检小车转弯半径大，难以进入窄巷道。将底盘分为前后两段并以铰链相连，转弯半径由1.2米缩至0.5米。",
        "用于窄巷道的折叠式巡检小车",
        "传统巡检小车转弯半径大，难以进入窄巷道",
        "转弯半径由1.2米缩至0.5米",
        "窄巷道",
    ),
    Case(
        "面向盲人用户的触觉导航手环",
        "本申请提供一种面向盲人用户的触觉导航手环，通过三个振动单元编码方向，从而提升了盲人独立出行的安全性。",
        "面向盲人用户的触觉导航手环",
        "",
        "提升了盲人独立出行的安全性",
        "盲人用户",
    ),
    Case(
        "一种抑制水华的缓释微球",
        "湖泊水华治理药剂易流失，持效期短。本发明以海藻酸钙包埋过碳酸钠制成微球，沉底后缓慢放氧，持效期延长至45天，适用于城市景观湖和小型水库。",
        "抑制水华的缓释微球",
        "湖泊水华治理药剂易流失，持效期短",
        "持效期延长至45天",
        "城市景观湖和小型水库",
    ),
    Case(
        "齿轮箱油液金属屑在线监测系统及方法",
        "解决了现有油液监测依赖人工取样、发现滞后的问题。系统在回油管路上串接电感线圈，能够实时识别50微米以上的金属屑，减少非计划停机。",
        "齿轮箱油液金属屑在线监测系统",
        "现有油液监测依赖人工取样、发现滞后",
        "减少非计划停机",
        "",
    ),
    Case(
        "一种中药渣制备生物炭的工艺",
        "本发明属于固体废弃物资源化领域。中药渣含水率高，直接焚烧能耗大。采用低氧热解与尾气回用，每吨药渣节约天然气40立方米。",
        "中药渣制备生物炭的工艺",
        "中药渣含水率高，直接焚烧能耗大",
        "每吨药渣节约天然气40立方米",
        "固体废弃物资源化",
    ),
    Case(
        "透析用中空纤维膜的亲水改性",
        "传统聚砜膜亲水性不足，容易引起凝血。在膜内壁接枝两性离子聚合物，使蛋白吸附量下降81%，可应用于血液透析器。",
        "透析用中空纤维膜的亲水改性",
        "传统聚砜膜亲水性不足，容易引起凝血",
        "使蛋白吸附量下降81%",
        "血液透析器",
    ),
    Case(
        "一种儿童座椅侧撞缓冲结构",
        "克服了普通座椅侧向防护弱的缺点，侧翼内设蜂窝缓冲块，起到逐级吸能的作用。",
        "儿童座椅侧撞缓冲结构",
        "普通座椅侧向防护弱",
        "逐级吸能的作用",
        "",
    ),
    Case(
        "一种多源日志的异常检测方法、设备及介质",
        "本申请公开了一种多源日志的异常检测方法、设备及介质，先对日志做模板归并，再以图网络建模调用关系，进而降低误报率，缩短定位时间。",
        "多源日志的异常检测方法",
        "",
        "降低误报率，缩短定位时间",
        "",
    ),
    Case(
        "茶青摊凉萎凋一体机",
        "手工摊凉占地大，萎凋程度不均。多层网带逐级下落并分段送风，鲜叶失水均匀，工时减少六成。",
        "茶青摊凉萎凋一体机",
        "手工摊凉占地大，萎凋程度不均",
        "工时减少六成",
        "",
    ),
    Case(
        "一种耐盐碱草坪草的育种方法",
        "通过远缘杂交与组培筛选获得新品系，该品系在含盐量6‰的土壤中成坪率达到92%，在滨海绿化领域具有良好的应用前景。",
        "耐盐碱草坪草的育种方法",
        "",
        "该品系在含盐量6‰的土壤中成坪率达到92%",
        "滨海绿化",
    ),
    Case(
        "混凝土泵车臂架裂纹的导波检测",
        "臂架焊缝裂纹早期不易察觉，一旦断裂会造成伤亡。沿臂架粘贴压电环阵，由导波衰减判断裂纹位置，3毫米裂纹检出率为95%。",
        "混凝土泵车臂架裂纹的导波检测",
        "臂架焊缝裂纹早期不易察觉，一旦断裂会造成伤亡",
        "3毫米裂纹检出率为95%",
        "",
    ),
    Case(
        "一种防缠绕的宠物牵引绳",
        "包括手柄、绕线盘和旋转接头，绳体经旋转接头与绕线盘相连，避免绳体打结缠绕。",
        "防缠绕的宠物牵引绳",
        "",
        "避免绳体打结缠绕",
        "",
    ),
    Case(
        "一种高透光隔热玻璃",
        "一种高透光隔热玻璃，由两层基片和中间的掺杂氧化物薄膜组成，具有优异的近红外阻隔性能。",
        "高透光隔热玻璃",
        "",
        "优异的近红外阻隔性能",
        "",
    ),
    Case(
        "石化装置用机械密封的冲洗方案",
        "高温油泵的机械密封常因结焦泄漏。改用双端面密封并外接冷却冲洗，使用寿命延长到18个月，便于在老装置上改造。",
        "石化装置用机械密封的冲洗方案",
        "高温油泵的机械密封常因结焦泄漏",
        "使用寿命延长到18个月",
        "石化装置",
    ),
    Case(
        "一种盾构渣土改良剂",
        "一种盾构渣土改良剂，由阴离子表面活性剂、瓜尔胶和水组成，特别适用于富水砂卵石地层的盾构掘进。",
        "盾构渣土改良剂",
        "",
        "",
        "富水砂卵石地层的盾构掘进",
    ),
    Case(
        "声控灯具",
        "本实用新型提供声控灯具。灯体内设麦克风和延时电路。",
        "声控灯具",
        "",
        "",
        "",
    ),
    Case(
        "一种装置",
        "",
        "",
        "",
        "",
        "",
    ),
    Case(
        "基于毫米波雷达的老人跌倒监护方法",
        "摄像头监护侵犯隐私，穿戴设备又常被遗忘。以毫米波雷达点云估计人体高度与速度，跌倒识别率不低于97%，不采集图像，满足了居家养老的隐私要求。",
        "基于毫米波雷达的老人跌倒监护方法",
        "摄像头监护侵犯隐私，穿戴设备又常被遗忘",
        "满足了居家养老的隐私要求",
        "",
    ),
    Case(
        "畜禽养殖场用除臭喷淋塔",
        "所述喷淋塔包括塔体和填料层，氨气去除率由60%提高到93%。",
        "畜禽养殖场用除臭喷淋塔",
        "",
        "氨气去除率由60%提高到93%",
        "畜禽养殖场",
    ),
    Case(
        "一种钢丝绳在线清洁装置",
        "一种钢丝绳在线清洁装置，达到了清洁彻底、不伤绳股的效果，解决了因油泥堆积不足以被刮除的难题。",
        "钢丝绳在线清洁装置",
        "因油泥堆积不足以被刮除",
        "清洁彻底、不伤绳股的效果",
        "",
    ),
    Case(
        "一种锂电池极片辊压测厚系统",
        "本发明提供了一种锂电池极片辊压测厚系统，能够根据面密度自动调整辊缝，以保证极片厚度一致性。",
        "锂电池极片辊压测厚系统",
        "",
        "保证极片厚度一致性",
        "",
    ),
)


def patent(title: str = "", abstract: str = "", **more: object) -> Patent:
    return Patent(PatentId("p"), title, abstract=abstract, **more)  # type: ignore[arg-type]


def in_text(told: Patent, phrase: Phrase) -> str:
    text = getattr(told, phrase.field)
    whole = text[phrase.part] if isinstance(text, tuple) else text
    assert phrase.sentence[0] <= phrase.start < phrase.end <= phrase.sentence[1] <= len(whole)
    return str(whole[phrase.start : phrase.end])


def found(told: Patent) -> list[Phrase]:
    phrases = phrases_of(told)
    parts = (phrases.object, phrases.problem, phrases.effect, phrases.application)
    return [phrase for phrase in parts if phrase]


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_phrases_of_written_cases(case: Case) -> None:
    phrases = phrases_of(patent(case.title, case.abstract))
    told = (phrases.object, phrases.problem, phrases.effect, phrases.application)
    assert tuple(phrase.text if phrase else "" for phrase in told) == case[2:]


def test_vendor_phrases_come_first_and_keep_their_place() -> None:
    told = patent(
        "一种泵",
        "针对泵体易漏的问题，改用双唇密封，提高了寿命，适用于矿井。",
        problems=("", "泄漏"),
        effects=("寿命提高",),
        applications=("  ", "煤矿排水"),
    )
    phrases = phrases_of(told)
    assert phrases.problem == Phrase("泄漏", "problems", 1, 0, 2, (0, 2), "vendor")
    assert phrases.effect == Phrase("寿命提高", "effects", 0, 0, 4, (0, 4), "vendor")
    assert phrases.application == Phrase("煤矿排水", "applications", 1, 0, 4, (0, 4), "vendor")


def test_a_claim_tells_object_and_use_where_the_title_does_not() -> None:
    told = patent("一种方法", first_claim="1. 一种滤芯再生方法，用于纺丝组件的滤芯，其特征在于……")
    phrases = phrases_of(told)
    assert phrases.object is not None
    assert (phrases.object.text, phrases.object.field) == ("滤芯再生方法", "first_claim")
    assert phrases.application is not None
    assert (phrases.application.text, phrases.application.rule) == ("纺丝组件的滤芯", "claimed_for")


@pytest.mark.parametrize(
    "abstract",
    [
        "步骤S105，判断是否遍历完全部单元，若是，则执行步骤S106。否则返回步骤S102。",
        "所述组合物包含以下组分：(a)5至40份树脂，(b)3至9份助剂。其余为水。",
        "本装置通过第一过滤网和第二过滤网对废气中的颗粒物依次过滤。过滤网可拆。",
        "普通阀门在高温下寿命不足3个月。阀座改用陶瓷。阀杆可以更换。",
        "采用计时提示，防止了票据到收款时间，由于疏忽导致资金无法收回。票据由机器收取。",
    ],
)
def test_means_are_no_effects(abstract: str) -> None:
    assert phrases_of(patent("一种装置", abstract)).effect is None


def test_phrases_of_the_sample_stand_where_they_say(lsa_home: Path) -> None:
    counted = 0
    with open_home(Settings(home=lsa_home)) as home:
        for told in home.store.patents.iterate():
            sentences = {
                (part.field, part.part): sentence_spans(part.text) for part in searched_parts(told)
            }
            for phrase in found(told):
                assert in_text(told, phrase) == phrase.text
                if phrase.rule not in {"vendor", "title"} and phrase.field == "abstract":
                    assert phrase.sentence in sentences["abstract", 0]
                counted += 1
    assert counted > 800


# The words that rules look for, so that arbitrary texts reach their branches.
WORDS = (
    "一种 用于 针对 解决了 问题 不足 的 ， 。 ； 、 从而 有效地 提高了 降低 效率 具有 优点 等 "
    "效果 由 3 % 至 领域 涉及 适用于 本发明 现有 易 漏 ℃ Ａ <sub>2</sub> 方法 装置 及其"
)
PIECES = st.sampled_from(WORDS.split())
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=40).map("".join))


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_any_text_is_read_without_error(title: str, abstract: str, claim: str, field: str) -> None:
    told = patent(title, abstract, first_claim=claim, technical_field=field)
    for phrase in found(told):
        assert in_text(told, phrase) == phrase.text != ""


@given(TEXTS)
def test_sentences_are_in_order_and_leave_out_stops_alone(text: str) -> None:
    spans = sentence_spans(text)
    assert [a for a, _ in spans] == sorted(a for a, _ in spans)
    assert all(a < b and text[a:b] == text[a:b].strip() for a, b in spans)
    left = "".join(text[a:b] for a, b in spans)
    stops = set("。！？!?；;")
    assert "".join(c for c in left if not c.isspace()) == "".join(
        c for c in text if c not in stops and not c.isspace()
    )


def test_a_long_text_is_cut_at_a_comma() -> None:
    assert clipped("甲乙丙", 3) == "甲乙丙"
    assert clipped("甲乙丙，丁戊己", 5) == "甲乙丙…"
    assert clipped("甲，乙丙丁戊己", 6) == "甲，乙丙丁戊…"
