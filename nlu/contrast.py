"""What makes two similar sentences mean different things: negation, numbers, opposites, the kind of question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from nlu.entities import chinese_number

# A-not-A questions ask, they do not deny; and these words only look negative.
_NOT_NEGATION = re.compile(
    r"([\u4e00-\u9fff])不\1|有没有|是否|能否|可否|不好意思|差不多|不错|不客气|不过|没问题|要不然|要不|不管|不论|不但|不仅|不只|不如|了不起|"
    r"对不起|不知道|不懂|不明白|不清楚|不会用|没用过|来不及|不得不|无线|无人机|非常|除非|不少|不断|不同|不止|不小心"
)
_NEGATION = re.compile(
    r"不|没|无法|无需|无效|未|别(?!人|的)|禁止|拒绝|勿|\b(?:not|no|never|cannot|can't|don't|doesn't|won't|without)\b"
)

_QUESTION_KINDS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        r"怎么(?!没|还|不|又|会|这么|那么)|如何|怎样|咋(?!没|还|不|又|会)|怎麽|办法|步骤|流程|\bhow (?:do|to|can)\b",
        r"为什么|为啥|为何|怎么(?:没|还|不|又|会|这么|那么)|咋(?:没|还|不|又|会)|什么原因|啥原因|原因|\bwhy\b",
        r"什么时候|啥时候|几点|多久|几天|多长时间|何时|时间|有效期|多少天|几号|几个工作日|\bwhen\b|\bhow long\b",
        r"多少|几块|几元|收费|费用|价格|运费|要钱|免费|贵|\bhow much\b|\bcost\b|\bprice\b",
        r"哪里|在哪|哪儿|何处|位置|入口|地址|\bwhere\b",
        r"哪些|什么样|有什么|哪几|哪种|是什么|什么意思|啥意思|区别|\bwhich\b|\bwhat\b",
        r"能不能|可不可以|可以|能否|能|行不行|行吗|行么|支持|允许|\bcan\b|\bmay\b",
    )
)

_OPPOSITES: tuple[tuple[str, str], ...] = (
    (r"开启|打开|开通|启用", r"关闭|关掉|停用|取消|注销|解约"),
    (r"(?<!解)绑定|绑上", r"解绑|解除绑定|换绑"),
    (r"转入|存入|充值|充钱", r"转出|取出|提现"),
    (r"买入|购买|买", r"卖出|卖"),
    (r"登录|登陆|登入", r"退出|登出"),
    (r"升级", r"降级"),
    (r"加入|参加", r"退出"),
    (r"增加|添加|新增|提高", r"减少|删除|降低"),
    (r"还款|还钱|归还", r"借款|借钱|贷款"),
    (r"收到", r"寄出|发出"),
    (r"发货前|付款前|签收前|之前", r"发货后|付款后|签收后|之后"),
    (r"已发货|发货了|发了货", r"未发货|没发货|还没发"),
    (r"拒收", r"签收"),
    (r"线上|网上", r"线下|门店|柜台"),
    (r"国内|境内", r"国外|海外|境外"),
    (r"个人", r"企业|公司|单位"),
    (r"提前", r"延期|推迟|延后|逾期"),
    (r"换货|换一|换成", r"退货|退款|退钱"),
    (r"本人|自己", r"别人|他人|朋友|家人"),
    (r"涨价", r"降价"),
    (r"新用户|新客|新人", r"老用户|老客"),
    (r"上架", r"下架"),
    (r"男", r"女"),
    (r"安卓|android", r"苹果|ios|iphone"),
)
_OPPOSITE_PATTERNS = tuple((re.compile(left), re.compile(right)) for left, right in _OPPOSITES)

_UNIT = "天|块|元|年|个月|小时|次|张|件|期|折|周|岁|分钟|斤|寸|个工作日|倍|级|代|点|号|个人|万|千|百"
_CHINESE_QUANTITY = re.compile(
    rf"([两二三四五六七八九十百千万零〇]+|[一二三四五六七八九]?[十百千][一二三四五六七八九十百零]*)(?={_UNIT})"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MODEL = re.compile(r"[a-z]+[-\s]?\d+[a-z]*|\d+[a-z]+\d*")


@dataclass(frozen=True, slots=True)
class Contrast:
    """The decisive marks of one sentence. `kinds`, `left` and `right` are bit sets."""

    negated: bool
    numbers: frozenset[str]  # 7, 3.5, iphone15; 七天 counts as 7
    kinds: int  # which kinds of question: how, why, when, how much, where, what, can
    left: int  # which opposites are named, one bit a pair: the first side …
    right: int  # … and the second


@lru_cache(maxsize=4096)
def contrast_of(text: str) -> Contrast:
    """The decisive marks of normalised text."""
    left = right = kinds = 0
    for bit, (first, second) in enumerate(_OPPOSITE_PATTERNS):
        left |= bool(first.search(text)) << bit
        right |= bool(second.search(text)) << bit
    for bit, kind in enumerate(_QUESTION_KINDS):
        kinds |= bool(kind.search(text)) << bit
    both = left & right
    return Contrast(is_negated(text), numbers_in(text), kinds, left & ~both, right & ~both)


def is_negated(text: str) -> bool:
    """Whether the sentence denies something; 能不能 asks and does not deny."""
    return _NEGATION.search(_NOT_NEGATION.sub(" ", text)) is not None


def numbers_in(text: str) -> frozenset[str]:
    """Numbers and model numbers in one spelling; Chinese numerals count before a unit (七天, not 七上八下)."""
    found = {number.lstrip("0") or "0" for number in _NUMBER.findall(text)}
    found |= {re.sub(r"[-\s]", "", model) for model in _MODEL.findall(text)}
    for numeral in _CHINESE_QUANTITY.findall(text):
        value = chinese_number(numeral)
        if value is not None:
            found.add(str(value))
    return frozenset(found)
