"""One normal form for what people type: full width, traditional characters, emoji, repetition, spoken fillers.

Questions and the wordings of the base go through the same function, so that they meet.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import opencc

_MAX_PASSES = 4  # each pass is cheap; two are the rule, more only for constructed input

# Emoji and pictographs, with the joiners, variation selectors, skin tones and keycaps that glue them together.
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u25a0-\u25ff\u203c\u2049\u3030\u303d\u200d\ufe0e\ufe0f\u20e3]+"
)
# Chat apps send their own faces as words in brackets. A closed list: masks such as [机构] are text.
_FACES = re.compile(
    r"\[(?:微笑|撇嘴|发呆|得意|流泪|害羞|闭嘴|大哭|尴尬|发怒|调皮|呲牙|惊讶|难过|囧|抓狂|偷笑|愉快|白眼|傲慢|惊恐|憨笑|咒骂|疑问|嘘|晕|衰|敲打|"
    r"再见|擦汗|抠鼻|鼓掌|坏笑|鄙视|委屈|快哭了|阴险|亲亲|可怜|笑脸|生病|脸红|破涕为笑|恐惧|失望|无语|嘿哈|捂脸|奸笑|机智|皱眉|耶|吃瓜|加油|"
    r"天啊|旺柴|打脸|翻白眼|叹气|苦涩|裂开|爱心|心碎|拥抱|强|弱|握手|胜利|抱拳|拳头|ok|合十|玫瑰|凋谢|庆祝)\]",
    re.IGNORECASE,
)
# OpenCC's phrase table for Taiwan (tw2sp) also rewrites words that are right on both sides (查询→查找, 程序→进程),
# so characters go through t2s and only these words, which mainland text does not use, are replaced; and only
# in text that had traditional characters.
_TO_SIMPLIFIED = opencc.OpenCC("t2s")
_TAIWAN_WORDS = {
    "软体": "软件",
    "滑鼠": "鼠标",
    "资讯": "信息",
    "网路": "网络",
    "萤幕": "屏幕",
    "程式": "程序",
    "列印": "打印",
    "简讯": "短信",
    "宅配": "快递",
    "折价券": "优惠券",
    "讯息": "消息",
    "行动电话": "手机",
    "智慧型手机": "智能手机",
    "影片": "视频",
    "硬碟": "硬盘",
    "登入": "登录",
    "登出": "退出登录",
    "伺服器": "服务器",
    "预设": "默认",
    "连结": "链接",
    "甚么": "什么",
    "计程车": "出租车",
    "捷运": "地铁",
    "线上": "在线",
    "下载档": "下载文件",
    "提款卡": "银行卡",
    "客服专线": "客服电话",
}
_TAIWAN_WORD = re.compile("|".join(sorted(_TAIWAN_WORDS, key=len, reverse=True)))
_WRONG_ZHANG = re.compile(r"(?<!蚊)帐(?![篷子])")  # 帐号, 到帐: everybody types the wrong one
_SPACE = re.compile(r"\s+")
_PUNCTUATION_RUN = re.compile(r"([^\w\s])(?:\s*\1)+")
_MARK_RUN = re.compile(r"[!?]{2,}")
_LETTER_RUN = re.compile(r"([^\W\d_])\1{2,}")  # letters only: digits carry meaning, 1000 is not 100
_GAP = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")

# What is said before a question starts. Each needs a boundary behind it: 那个 in 那个订单 points at something.
_BOUNDARY = r"[\s,.!?~、;:]+"
_FILLER = re.compile(
    rf"^(?:(?:那个|这个|就是说?|然后|嗯+|呃+|额+|啊+|哎+|诶+|喂+|那什么|怎么说呢|你好|您好|哈喽|hello|hi|在吗|在不在|亲+|亲爱的|老师|客服|"
    rf"(?:不好意思)?打扰一?下|麻烦一?下|谢谢){_BOUNDARY}"
    r"|(?:请问一?下|我?想?请问一?下?|(?:我)?(?:就是)?想(?:问|咨询|了解|请教)一?下|(?:我)?咨询一?下|麻烦问一?下|问一?下|那个那个|就是说)[\s,.!?~、;:]*)"
)
_TAIL = re.compile(rf"(?:{_BOUNDARY}(?:谢谢(?:您|你|了|啦)?|多谢|麻烦了|急|在线等|求解答?|求助))+[\s,.!?~、;:]*$")
_KEY_NOISE = re.compile(r"[\W_]+")
_LEAST_LEFT = 4  # characters that must remain, or the "filler" was the message


@dataclass(frozen=True, slots=True)
class Normalised:
    """A message in normal form.

    `text`: simplified, half width, lower case, without emoji and control characters; whole, so that 你好 stays 你好.
    `question`: `text` without what is only said before and after a question; never empty unless `text` is.
    `key`: letters, digits and characters of `question` only; equal keys mean the same wording.
    `emoji`: what was taken out, in order. Negations and numbers are always kept in all three.
    """

    original: str
    text: str
    question: str
    key: str
    emoji: tuple[str, ...] = ()

    @property
    def blank(self) -> bool:
        """Nothing to read: empty, white space, control characters, emoji or punctuation only."""
        return not _KEY_NOISE.sub("", self.text)


def normalise(message: str) -> Normalised:
    """Never raises, whatever the string holds; `normalise(n.text).text == n.text` and the same for `question`."""
    emoji = tuple(_EMOJI.findall(message)) + tuple(_FACES.findall(message))
    text = _settle(_clean, message)
    question = _settle(_strip_fillers, text)
    return Normalised(message, text, question, _KEY_NOISE.sub("", question) or question, emoji)


def _settle(step: Callable[[str], str], text: str) -> str:
    """Repeats a step until it changes nothing: Unicode foldings can enable one another."""
    for _ in range(_MAX_PASSES):
        changed = step(text)
        if changed == text:
            break
        text = changed
    return text


def _clean(text: str) -> str:
    text = "".join(_visible(char) for char in text)
    text = unicodedata.normalize("NFKC", text)
    text = _EMOJI.sub(" ", _FACES.sub(" ", text))
    text = _WRONG_ZHANG.sub("账", _simplify(text)).lower()
    text = _SPACE.sub(" ", text).strip()
    text = _MARK_RUN.sub(lambda run: "?" if "?" in run.group() else "!", text)
    text = _PUNCTUATION_RUN.sub(r"\1", text)
    text = _LETTER_RUN.sub(r"\1\1", text)
    return _GAP.sub("", text) if text.count(" ") > len(text) // 3 else text


def _visible(char: str) -> str:
    """Control and format characters, lone surrogates and private-use signs mean nothing; a few of them part words."""
    if unicodedata.category(char)[0] != "C":
        return char
    return " " if char in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85" else ""


def _simplify(text: str) -> str:
    simple = str(_TO_SIMPLIFIED.convert(text))
    if simple == text:
        return text
    return _TAIWAN_WORD.sub(lambda found: _TAIWAN_WORDS[found.group()], simple)


def _strip_fillers(text: str) -> str:
    shorter = _FILLER.sub("", text, count=1)
    shorter = _TAIL.sub("", shorter).strip()
    return shorter if len(_KEY_NOISE.sub("", shorter)) >= _LEAST_LEFT else text
