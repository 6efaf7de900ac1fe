"""How well private data is recognised: 5,000 synthetic sentences, made anew from a seed, none of a real person."""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Final

from core.private_data import PrivateKind, find_private

SIZE: Final = 5000
_SEED: Final = 20261124
_SENTENCES: Final = (
    "我的{what}是{it}，麻烦查一下",
    "{what}：{it}",
    "{it}",
    "请登记{what} {it}，谢谢",
    "下单时留的{what}是{it}，现在要改",
    "您好,{what}{it},什么时候能处理?",
    "({it})是我的{what}",
    "联系我吧{it}～",
    "刚才说错了，{what}应该是 {it} 。",
    "【{what}】{it}\n急",
)
_WHAT: Final = {
    PrivateKind.MOBILE: ("手机号", "电话", "手机", "联系方式"),
    PrivateKind.LANDLINE: ("座机", "固话", "公司电话"),
    PrivateKind.ID_CARD: ("身份证号", "身份证", "证件号"),
    PrivateKind.BANK_CARD: ("银行卡", "卡号", "收款账号"),
    PrivateKind.EMAIL: ("邮箱", "电子邮件", "email"),
    PrivateKind.PLATE: ("车牌", "车牌号"),
    PrivateKind.PASSPORT: ("护照", "护照号", "护照号码"),
    PrivateKind.ADDRESS: ("地址", "收货地址", "家庭住址"),
}
# What looks alike and is nobody's: at least as hard as what customers really write.
_HARMLESS: Final = (
    "订单号{d12}怎么还没发货",
    "单号 YD{d13}，查一下物流",
    "运单号SF{d13}到哪了",
    "退款{amount}元什么时候到",
    "快递单号{d15}",
    "商品编号{d8}有货吗",
    "券码{letters}{d6}用不了",
    "{date}下的单，{date}还没到",
    "第{d2}期还剩{d3}天",
    "版本号{d1}.{d2}.{d3}",
    "充值{amount}没到账，流水号{date8}{d12}",
    "客服热线400-{d3}-{d4}打不通",
    "拨打{d5}没人接",
    "邀请码{letters}{d4}",
    "尺码{d3}/{d2}A，身高{d3}体重{d2}kg",
    "型号{letters}-{d4}有现货吗",
    "单号{bad_card}查询",
    "编号{bad_id}是什么",
    "积分{d6}分能换什么",
    "我买了{d1}件，一共{amount}块",
    "QQ群{d9}还能进吗",
    "一路走来{d1}号才发货",
    "我{d2}号上午{d1}点下的单",
    "房间在{d1}楼还是{d2}楼都行",
    "发票抬头税号91{d15}X",
    "IP是192.168.{d2}.{d2}",
    "时间戳{stamp}",
    "条形码690{d9}{d1}",
    "怎么退货",
    "地铁{d1}号线怎么走",
    "@小应 在吗",
    "海报上写的满{d3}减{d2}@全场",
    "这个街道上的店几点关门",
    "市区能当天到吗，{d1}号前要",
    "order {d9} please",
    "E{d8}这个订单取消",
)
_SURNAMES: Final = ("zhang", "li.wei", "wang_fang", "xiao-ming", "lucy", "chen2008", "a.b+c", "x")
_DOMAINS: Final = ("qq.com", "163.com", "gmail.com", "example.com.cn", "mail.sjtu.edu.cn", "126.com")
_PLACES: Final = (
    "北京市朝阳区建国路{n}号",
    "上海市浦东新区世纪大道{n}号{m}室",
    "浙江省杭州市西湖区文三路{n}号{m}幢",
    "广东省深圳市南山区科技园科苑路{n}号",
    "四川省成都市武侯区天府大道{n}号{m}栋{n}室",
    "江苏省苏州市工业园区星湖街{n}号",
    "湖北省武汉市洪山区珞瑜路{n}号{m}单元",
    "陕西省西安市雁塔区小寨东路{n}号",
    "内蒙古自治区呼和浩特市赛罕区大学西街{n}号",
    "重庆市渝中区解放碑街道民权路{n}号",
    "中山路{n}号",
    "天津市和平区南京路{n}号{m}层",
    "河南省郑州市金水区花园路{n}号院{m}号楼",
    "福建省厦门市思明区湖滨南路{n}号之{m}",
    "山东省青岛市市南区香港中路{n}号",
    "云南省大理白族自治州大理市古城镇人民路{n}号",
    "长宁区仙霞路{n}弄{m}号{n}室",
    "广州市天河区体育西路{n}号{m}房",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A sentence, and the one thing in it that must be found (or nothing)."""

    text: str
    kind: PrivateKind | None
    value: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the planted things, how many were found whole; of the found things, how many were planted."""

    samples: int
    recall: float
    precision: float
    recall_by_kind: dict[str, float]
    missed: tuple[Sample, ...]
    wrong: tuple[tuple[str, str], ...]


def corpus(size: int = SIZE) -> list[Sample]:
    """The same sentences every time: three in five with something private, the rest with what only looks like it."""
    rng = random.Random(_SEED)  # noqa: S311 - sentences, not secrets
    kinds = list(PrivateKind)
    samples: list[Sample] = []
    for number in range(size):
        if number % 5 < 3:
            kind = kinds[number % len(kinds)]
            value = _value(kind, rng)
            what = rng.choice(_WHAT[kind])
            sentence = rng.choice(_SENTENCES)
            if kind is PrivateKind.PASSPORT and "{what}" not in sentence.partition("{it}")[0]:
                sentence = _SENTENCES[0]  # without the word before it, a passport number cannot be told from an order
            samples.append(Sample(sentence.format(what=what, it=value), kind, value))
        else:
            samples.append(Sample(_harmless(rng), None))
    return samples


def measure(samples: list[Sample]) -> Figures:
    """Runs the recognisers over samples."""
    planted: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    missed: list[Sample] = []
    wrong: list[tuple[str, str]] = []
    right = 0
    for sample in samples:
        found = find_private(sample.text)
        is_found = any(item.kind is sample.kind and sample.value in item.text for item in found)
        right += sum(item.kind is sample.kind and sample.value in item.text for item in found)
        wrong += [
            (item.text, sample.text) for item in found if item.kind is not sample.kind or sample.value not in item.text
        ]
        if sample.kind is not None:
            planted[sample.kind] += 1
            hit[sample.kind] += is_found
            if not is_found:
                missed.append(sample)
    return Figures(
        samples=len(samples),
        recall=round(hit.total() / planted.total(), 5),
        precision=round(right / (right + len(wrong)), 5),
        recall_by_kind={str(kind): round(hit[kind] / planted[kind], 5) for kind in PrivateKind},
        missed=tuple(missed),
        wrong=tuple(wrong),
    )


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))


def _value(kind: PrivateKind, rng: random.Random) -> str:
    match kind:
        case PrivateKind.MOBILE:
            return _mobile(rng)
        case PrivateKind.LANDLINE:
            area = rng.choice(("010", "021", "0755", "0571", "028", "0411"))
            number = f"{rng.randint(2, 8)}{_digits(rng, 7 if len(area) == 3 else 6 + rng.randint(0, 1))}"
            form = rng.choice(("{a}-{n}", "{a}{n}", "({a}){n}", "{a} {n}", "{a}-{n}-801", "{a}-{n}转{x}"))
            return form.format(a=area, n=number, x=rng.randint(1, 9999))
        case PrivateKind.ID_CARD:
            card = _id_card(rng)
            return rng.choice((card, card, card.lower(), f"{card[:6]} {card[6:14]} {card[14:]}"))
        case PrivateKind.BANK_CARD:
            card = _bank_card(rng)
            return rng.choice((card, card, " ".join(card[start : start + 4] for start in range(0, len(card), 4))))
        case PrivateKind.EMAIL:
            return f"{rng.choice(_SURNAMES)}{_digits(rng, rng.randint(0, 4))}@{rng.choice(_DOMAINS)}"
        case PrivateKind.PLATE:
            head = f"{rng.choice('京沪粤浙苏川鲁鄂')}{rng.choice('ABCDEFGH')}"
            tail = f"{rng.choice('ABCDEFGHJKLMN')}{_digits(rng, 4)}"
            return head + rng.choice(("", "·", " ")) + rng.choice((tail, _digits(rng, 5), f"D{_digits(rng, 5)}"))
        case PrivateKind.PASSPORT:
            return rng.choice((f"E{_digits(rng, 8)}", f"G{_digits(rng, 8)}", f"EA{_digits(rng, 7)}"))
        case PrivateKind.ADDRESS:
            return rng.choice(_PLACES).format(n=rng.randint(1, 1999), m=rng.randint(1, 30))


def _mobile(rng: random.Random) -> str:
    number = f"1{rng.randint(3, 9)}{_digits(rng, 9)}"
    spaced = f"{number[:3]} {number[3:7]} {number[7:]}"
    full_width = number.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    return rng.choice(
        (number, number, number, spaced, spaced.replace(" ", "-"), f"+86{number}", f"86-{number}", full_width)
    )


def _id_card(rng: random.Random) -> str:
    area = rng.choice(("110101", "310115", "440305", "330106", "510107"))
    body = f"{area}{rng.randint(1950, 2012)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{_digits(rng, 3)}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def _bank_card(rng: random.Random) -> str:
    prefix, length = rng.choice((("6222", 19), ("6217", 19), ("6225", 16), ("4392", 16), ("5187", 16), ("3568", 16)))
    body = prefix + _digits(rng, length - len(prefix) - 1)
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body))]
    return body + str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)


def _harmless(rng: random.Random) -> str:
    card, person = _bank_card(rng), _id_card(rng)
    broken = {
        "bad_card": card[:-1] + str((int(card[-1]) + 1) % 10),
        "bad_id": person[:-1] + ("1" if person[-1] != "1" else "2"),
    }
    digits = {f"d{count}": f"{rng.randint(1, 9)}{_digits(rng, count - 1)}" for count in range(1, 16)}
    date = f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日"
    return rng.choice(_HARMLESS).format(
        **digits,
        **broken,
        date=date,
        date8=f"2026{rng.randint(1, 12):02}{rng.randint(1, 28):02}",
        amount=f"{rng.randint(1, 9999)}.{rng.randint(10, 99)}",
        letters="".join(rng.choices("ABCDEFGHJK", k=3)),
        stamp=f"17{_digits(rng, 8)}",
    )
