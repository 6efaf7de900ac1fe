"""All sentences of the bot that are not an editor's answer, in both languages, in one place."""

from __future__ import annotations

from core.language import Language

_TEXTS: dict[str, dict[Language, str]] = {
    "handoff": {
        "zh": "好的，马上为您转接人工客服，请稍候。",
        "en": "Of course. I am connecting you to a human agent, one moment please.",
    },
    "handoff_misses": {
        "zh": "抱歉一直没能帮上忙，我为您转接人工客服，请稍候。",
        "en": "I am sorry that I could not help. I am connecting you to a human agent.",
    },
    "handoff_anger": {
        "zh": "非常抱歉给您带来不好的体验，我马上请人工客服来处理，请稍候。",
        "en": "I am very sorry about this. I am bringing in a human agent right away.",
    },
    "suggest": {"zh": "您是不是想问：", "en": "Did you mean one of these?"},
    "clarify": {"zh": "关于“{topic}”，您具体想了解哪一项？", "en": "What would you like to know about “{topic}”?"},
    "reject": {
        "zh": "抱歉，这个问题我暂时答不上来。您可以换个说法再问一次，或者转人工客服。",
        "en": "Sorry, I do not know the answer to that. You can put it another way, or talk to a human agent.",
    },
    "gibberish": {
        "zh": "抱歉，我没看懂这条消息。请用一句话说说您想咨询的问题。",
        "en": "Sorry, I could not read that. Please tell me in a sentence what you would like to know.",
    },
    "blank": {"zh": "我在的，请说说您想咨询的问题。", "en": "I am here. What would you like to know?"},
    "emoji": {
        "zh": "收到您的表情啦，请用文字说说您想咨询的问题。",
        "en": "Got it! Please tell me in words what you would like to know.",
    },
    "nothing_to_repeat": {
        "zh": "我还没有回答过问题呢，请说说您想咨询什么。",
        "en": "I have not answered anything yet. What would you like to know?",
    },
    "resolve": {
        "zh": "好的，很高兴能帮到您。有问题随时找我。",
        "en": "Glad to hear it. I am here if anything else comes up.",
    },
    "no_answer_text": {
        "zh": "“{question}”这一条还没有填写答案，我帮您转人工客服确认，好吗？",
        "en": "There is no answer on file for “{question}” yet. Shall I connect you to a human agent?",
    },
    "button_handoff": {"zh": "转人工", "en": "Talk to a human"},
    # Small talk in English; the Chinese replies are data (data/nlu/intents.jsonl), which a tenant may replace.
    "greeting": {"zh": "", "en": "Hello, I am {bot}, the assistant of {tenant}. How can I help?"},
    "thanks": {"zh": "", "en": "You are welcome. Anything else?"},
    "goodbye": {"zh": "", "en": "Goodbye, and come back any time."},
    "who_are_you": {"zh": "", "en": "I am {bot}, the automated assistant of {tenant}."},
    "are_you_robot": {
        "zh": "",
        "en": "Yes, I am {bot}, an automated assistant. Say “human” and I will connect you to a person.",
    },
    "unclear": {"zh": "", "en": "Sorry for being unclear. Could you put it another way, or talk to a human agent?"},
    "complaint": {"zh": "", "en": "I am sorry about that. Please tell me what happened, or talk to a human agent."},
    "angry": {"zh": "", "en": "I am sorry that you are upset. Please tell me what happened, or talk to a human agent."},
    "insult": {"zh": "", "en": "I am sorry that I was no help. Please put it another way, or talk to a human agent."},
    "smalltalk": {
        "zh": "{bot}在的，您想咨询什么，直接告诉我就行。",
        "en": "I am best at questions about {tenant}. What would you like to know?",
    },
}


def reply(name: str, language: Language, **values: str) -> str:
    """The sentence called `name`; KeyError for a name that does not exist."""
    text = _TEXTS[name][language]
    for key, value in values.items():  # not str.format: tenants' names and customers' words may hold braces
        text = text.replace("{" + key + "}", value)
    return text


def has_reply(name: str, language: Language) -> bool:
    """Whether there is such a sentence in that language."""
    return bool(_TEXTS.get(name, {}).get(language))
