"""The customer's mood, by a word list and signs of shouting. Coarse on purpose: it decides who is asked to calm
down by a human, not what is answered. Irony and quiet disappointment go unnoticed; docs/answer-engine.md has figures.
"""

from __future__ import annotations

import re

from nlu.normalise import Normalised

_ANGRY = re.compile(
    r"气死|气炸|火大|垃圾|骗子|骗人|欺骗|坑人|坑爹|坑死|忽悠|无语|恶心|傻[逼bx叉]|[草艹]泥?马|他妈|tmd|特么|妈的|滚蛋|滚开|废物|智障|脑残|不要脸|黑心|无良|"
    r"投诉|举报|12315|曝光|起诉|消协|维权|受够|忍无可忍|什么破|破(?:平台|公司|软件|客服|东西)|烂(?:透|死)|太差劲|差劲|没人管|推卸|敷衍|耍我|玩我|"
    r"再也不(?:买|用|来)|什么态度|什么玩意|搞什么|有病吧|fuck|shit|scam"
)
_NEGATIVE = re.compile(
    r"太慢|好慢|真慢|失望|难用|不好用|不满|不爽|生气|烦死|好烦|太烦|着急|急死|好急|郁闷|糟糕|太差|很差|好差|差评|崩溃|麻烦死|坏了|破损|假货|受骗|上当|"
    r"还没(?:到|发货|收到|退|处理|解决)|怎么还(?:没|不)|一直没|老是|总是|又(?:坏|错|卡|闪退)"
)
_POSITIVE = re.compile(r"谢谢|感谢|多谢|太好了|真棒|很棒|不错|满意|喜欢|好评|给力|厉害|辛苦|开心|赞")
_NOT_REALLY = re.compile(r"不(?:太|是很|是太|够|怎么)?(?:满意|喜欢|开心|厉害|棒)|没有?那么好")
_SHOUTING = re.compile(r"[!！]{2,}|[?？]{3,}|(?:[!！?？]\s*){4,}")
_ANGRY_FACES = frozenset("😠😡🤬👿😤💢")


def sentiment_of(message: Normalised) -> str:
    """One of positive, neutral, negative, angry; a complaint that is shouted counts as anger."""
    text = message.text
    faces = {char for run in message.emoji for char in run}
    if _ANGRY.search(text) or faces & _ANGRY_FACES or "[发怒]" in message.emoji:
        return "angry"
    if _NEGATIVE.search(text) or _NOT_REALLY.search(text):
        return "angry" if _SHOUTING.search(message.original) else "negative"
    return "positive" if _POSITIVE.search(text) else "neutral"
