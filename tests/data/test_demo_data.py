"""The demo tenant's texts: as many as promised, well formed, each wording meaning one entry."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.settings import REPOSITORY
from kb_ingest.jsonl import read_entries
from retrieval.types import Entry

DATA = REPOSITORY / "data"
DEMO = DATA / "demo"
BASES = {"demo": sorted(DEMO.glob("kb/*.jsonl"))} | {
    pack.parent.name: [pack] for pack in sorted(DATA.glob("packs/*/kb.jsonl"))
}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def entries_of(base: str) -> list[Entry]:
    found: list[Entry] = []
    for path in BASES[base]:
        result = read_entries(path)
        assert result.problems == ()
        found += result.entries
    return found


class TestEveryBase:
    @pytest.mark.parametrize("base", BASES)
    def test_entries_are_complete(self, base: str) -> None:
        entries = entries_of(base)
        assert len({entry.id for entry in entries}) == len(entries)
        for entry in entries:
            assert len(entry.similar) >= 8, entry.id
            assert 20 <= len(entry.answer) <= 600, entry.id
            assert re.fullmatch(r"[^/]+/[^/]+", entry.category), entry.id

    @pytest.mark.parametrize("base", BASES)
    def test_no_wording_means_two_entries(self, base: str) -> None:
        counts = Counter(plain(wording) for entry in entries_of(base) for wording in entry.wordings)
        assert [wording for wording, count in counts.items() if count > 1 or not wording] == []

    @pytest.mark.parametrize("base", BASES)
    def test_held_out_questions_are_held_out(self, base: str) -> None:
        known = {plain(wording) for entry in entries_of(base) for wording in entry.wordings}
        ids = {entry.id for entry in entries_of(base)}
        folder = DEMO / "heldout" if base == "demo" else DATA / "packs" / base
        questions = [q for path in sorted(folder.glob("*.jsonl")) for q in lines(path) if "gold_ids" in q]
        assert len(questions) >= 300
        assert [q["id"] for q in questions if plain(q["text"]) in known] == []
        assert [q["id"] for q in questions if not set(q["gold_ids"]) <= ids] == []
        assert sum(q["oos_type"] == "near" for q in questions) >= 100


class TestDemoTenant:
    def test_is_as_large_as_promised(self) -> None:
        entries = entries_of("demo")
        assert len(entries) >= 300
        assert len({entry.category.split("/")[0] for entry in entries}) >= 20

    def test_past_conversations_are_well_formed(self) -> None:
        conversations = lines(DEMO / "conversations.jsonl")
        assert len(conversations) >= 60
        for conversation in conversations:
            times = [message["at"] for message in conversation["messages"]]
            assert times == sorted(times), conversation["id"]
            assert {message["role"] for message in conversation["messages"]} <= {"customer", "bot", "agent"}

    def test_canned_replies_have_unique_shortcuts(self) -> None:
        shortcuts = [reply["shortcut"] for reply in lines(DEMO / "agent_replies.jsonl")]
        assert len(shortcuts) == len(set(shortcuts)) >= 50
