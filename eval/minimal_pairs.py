"""Five hundred pairs of questions that differ in one decisive place and must not be taken for each other."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product

SIZE = 500


@dataclass(frozen=True, slots=True)
class MinimalPair:
    """Two questions with different answers. `kind` names what sets them apart."""

    kind: str
    left: str
    right: str


_FRAMES: dict[str, tuple[str, tuple[tuple[str, str], ...], str]] = {
    "能/不能": (
        "优惠券 会员卡 体验课 信用卡 电子保单 流量包 停车券 学生票 医保卡 积分 机票 礼品卡 公交卡",
        (("能", "不能"), ("可以", "不可以")),
        "叠加使用的情况 转给别人的原因 在线办理的范围 退的有哪些 改期的是哪几种",
    ),
    "已/未": (
        "订单 发票 保单 包裹 工单 报名 挂号 充值 退款申请 预约 贷款 工资",
        (("已", "未"), ("已经", "还没")),
        "审核通过怎么处理 支付该怎么取消 生效时怎么修改 确认怎么查进度",
    ),
    "天数": (
        "退货 换货 开户 补卡 退保 改签 复诊 维修 退课 补贴 护照",
        (("7天", "15天"), ("三天", "十天"), ("30天", "90天")),
        "内怎么办理 后还能申请吗 以上要交什么材料",
    ),
    "型号": (
        "iPhone15 小米14 Mate60 ThinkPad-X1 PS5 Model3",
        (("", " Pro"), ("", " Plus")),
        "怎么换屏幕 保修几年 支持快充吗 多少钱 怎么升级系统",
    ),
    "型号数字": (
        "A{}型热水器 X{}扫地机 空调KF-{} 路由器AX{} 手机M{} 行车记录仪D{}",
        (("30", "50"), ("5", "6"), ("26", "35")),
        "怎么清洗 怎么恢复出厂设置 保修期多久 报警灯闪是什么问题",
    ),
    "金额": (
        "{}的满减券 {}的运费险 {}的保证金 {}的红包 {}的话费套餐 {}的押金 {}的代金券 {}的理财产品",
        (("100元", "200元"), ("50元", "500元")),
        "怎么领取 使用规则 什么时候退",
    ),
}
"""By kind: things, marks that make the difference, and what is asked. A thing says with {} where the mark goes, or it
goes behind."""


def minimal_pairs(size: int = SIZE, seed: int = 11) -> list[MinimalPair]:
    """`size` pairs, all different, drawn evenly from the kinds; the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    by_kind = {
        kind: [_pair(kind, thing, mark, rest) for thing, mark, rest in product(things.split(), marks, rests.split())]
        for kind, (things, marks, rests) in _FRAMES.items()
    }
    for pairs in by_kind.values():
        rng.shuffle(pairs)
    chosen: list[MinimalPair] = []
    while len(chosen) < size and any(by_kind.values()):
        chosen += [pairs.pop() for pairs in by_kind.values() if pairs]
    return chosen[:size]


def _pair(kind: str, thing: str, marks: tuple[str, str], rest: str) -> MinimalPair:
    frame = thing if "{}" in thing else thing + "{}"
    left, right = (frame.format(mark) + rest for mark in marks)
    return MinimalPair(kind, left, right)
