"""The real engine on a small shop of its own, built once."""

import pytest

from core.settings import REPOSITORY
from dialog.engine import AnswerEngine, build_engine
from nlu.embedders import OnnxEmbedder
from retrieval.types import Entry

ENTRIES = [
    Entry("invoice", "下单时怎么申请开发票？", ("发票怎么开", "开个票", "能给我开发票吗"), "在结算页点「发票」。"),
    Entry(
        "invoice-fix",
        "发票抬头写错了怎么办？",
        ("抬头错了能改吗", "发票开错了", "发票名字不对"),
        "6 个月内可换开一次。",
    ),
    Entry(
        "return",
        "收到货后怎么申请退货？",
        ("我要退货", "不想要了咋退", "东西不合适想退回去"),
        "打开订单点「申请售后」。",
    ),
    Entry("refund", "退款多久到账？", ("钱什么时候退给我", "退的钱几天到", "退款好几天了没到"), "1–5 个工作日。"),
    Entry(
        "address",
        "未发货的订单怎么改收货地址？",
        ("地址填错了", "收货地址能改吗", "想换个地址收货"),
        "订单页点「修改地址」。",
    ),
    Entry("coupon-yes", "平台券和店铺券可以叠加吗？", ("两种券能一起用吗", "店铺券加平台券"), "可以叠加。"),
    Entry("coupon-no", "两张平台券能同时使用吗？", ("同类券能叠加吗", "一单能用两张平台券吗"), "同类券不能叠加。"),
    Entry("ship", "付款后多久发货？", ("什么时候发货", "几天能发出来", "怎么还不发货"), "48 小时内。"),
    Entry("fee", "运费怎么算？", ("邮费多少", "包邮吗", "满多少包邮"), "满 99 元包邮。"),
    Entry("cod", "可以货到付款吗？", ("收到货再给钱行吗", "支持到付吗"), "不支持货到付款。"),
    Entry("empty", "门店在哪里？", ("有实体店吗",), ""),
    Entry("vip", "怎么开通会员？", ("会员怎么办理", "我想当会员"), "「我的」→「会员」。"),
]


@pytest.fixture(scope="session")
def engine() -> AnswerEngine:
    encoder = OnnxEmbedder(REPOSITORY / "data" / "models" / "encoder")
    return build_engine(ENTRIES, encoder, bot_name="小应", tenant_name="{应答}商城")
