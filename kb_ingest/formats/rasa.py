"""Rasa projects: examples of intents (nlu.yml) with the responses that answer them (domain.yml, rules.yml)."""

import re
from collections.abc import Iterator
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kb_ingest.content import Options, Parsed, Problem, Source
from kb_ingest.decoding import decode
from kb_ingest.jsonl import MAX_WORDINGS, BadEntry, parse_entry
from kb_ingest.refusals import Broken, FileRefused, NothingFound
from retrieval.types import Entry

_ENTITY: Final = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")
Mapping = dict[str, Any]  # a YAML mapping: its shape is the other program's, and checked where it is read


def parse(source: Source, options: Options) -> Parsed:
    """Entries from all files of a project: one for each intent that a response answers.

    An intent `faq/退货` is answered by `utter_faq/退货`, any other by the rule that leads from it to one `utter_…`, or
    by the response of its own name. Intents without an answer are problems, and so is a file that cannot be read.
    """
    del options
    problems: list[Problem] = []
    documents: list[Mapping] = []
    for part in (source, *source.companions):
        try:
            documents.append(_load(part))
        except FileRefused as error:
            if not source.companions:
                raise
            problems.append(Problem(part.name, str(error)))
    examples = _examples(documents)
    answers = _responses(documents)
    actions = _rules(documents)
    if not examples:
        raise NothingFound
    entries: list[Entry] = []
    for intent, wordings in examples.items():
        action = actions.get(intent, f"utter_{intent}")
        answer = answers.get(action) or answers.get(f"utter_{intent.replace('/', '_')}", "")
        if not answer:
            problems.append(Problem(f"意图 {intent}", "没有对应的回复（utter_…），未导入"))
            continue
        try:
            entries.append(_entry(intent, wordings, answer))
        except BadEntry as error:
            problems.append(Problem(f"意图 {intent}", error.reason))
    return Parsed(tuple(entries), problems=tuple(problems))


def _load(part: Source) -> Mapping:
    try:
        document = YAML(typ="safe", pure=True).load(decode(part.data))
    except (YAMLError, ValueError, RecursionError) as error:
        raise Broken from error
    if not isinstance(document, dict):
        raise Broken
    return document


def _entry(intent: str, wordings: list[str], answer: str) -> Entry:
    return parse_entry(
        {
            "id": f"rasa-{intent}",
            "question": wordings[0],
            "similar": wordings[1:MAX_WORDINGS],
            "answer": answer,
            "category": intent.split("/")[0] if "/" in intent else "",
        }
    )


def _examples(documents: list[Mapping]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in _items(documents, "nlu"):
        intent, examples = item.get("intent"), item.get("examples")
        if not isinstance(intent, str):
            continue
        if isinstance(examples, str):
            lines = [line.strip().removeprefix("-").strip() for line in examples.split("\n")]
        elif isinstance(examples, list):  # the long form: a list of {text: …}
            lines = [str(line.get("text", "")).strip() for line in examples if isinstance(line, dict)]
        else:
            continue
        wordings = found.setdefault(intent, [])
        wordings += dict.fromkeys(text for line in lines if (text := _ENTITY.sub(r"\1", line)) and text not in wordings)
    return {intent: wordings for intent, wordings in found.items() if wordings}


def _responses(documents: list[Mapping]) -> dict[str, str]:
    found: dict[str, str] = {}
    for document in documents:
        responses = document.get("responses")
        for name, variants in responses.items() if isinstance(responses, dict) else ():
            texts = [item for item in variants or () if isinstance(item, dict) and isinstance(item.get("text"), str)]
            texts.sort(key=lambda item: "channel" in item or "condition" in item)  # the general one first
            if texts:
                found[str(name)] = texts[0]["text"].strip()
    return found


def _rules(documents: list[Mapping]) -> dict[str, str]:
    """Intent → action, of rules and stories that go from one intent straight to an answer and end."""
    found: dict[str, str] = {}
    for story in (*_items(documents, "rules"), *_items(documents, "stories")):
        steps = story.get("steps")
        if isinstance(steps, list) and len(steps) == 2 and all(isinstance(step, dict) for step in steps):
            intent, action = steps[0].get("intent"), steps[1].get("action")
            if isinstance(intent, str) and isinstance(action, str) and action.startswith("utter_"):
                found.setdefault(intent, action)
    return found


def _items(documents: list[Mapping], name: str) -> Iterator[Mapping]:
    for document in documents:
        items = document.get(name)
        yield from (item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
