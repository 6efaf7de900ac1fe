"""Every Embedder keeps the same promises; the shipped encoder understands colloquial Chinese."""

from __future__ import annotations

import hashlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from nlu.embedders import Embedder, ModelFileError, OnnxEmbedder
from nlu.embedders.session import products_may_overflow

MODEL_DIR = Path(__file__).parents[2] / "data" / "models" / "encoder"
QUESTIONS = [
    "这玩意儿咋退啊", "退款多久能到账", "How do I return an item?", "订单 SF1234567890 到哪了？？", "好",
    "您可以在订单详情页点击“申请售后”，选择退货原因并上传照片，审核通过后请在三天内寄回。",
]  # fmt: skip


class EmbedderConformance:
    """What any Embedder must do; a subclass gives the one to check."""

    @pytest.fixture
    def embedder(self) -> Embedder:
        raise NotImplementedError

    def test_gives_one_unit_vector_a_text(self, embedder: Embedder) -> None:
        vectors = embedder.embed(QUESTIONS)
        assert vectors.shape == (len(QUESTIONS), embedder.dim)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_no_texts_give_no_rows(self, embedder: Embedder) -> None:
        vectors = embedder.embed([])
        assert vectors.shape == (0, embedder.dim)
        assert vectors.dtype == np.float32

    def test_is_deterministic(self, embedder: Embedder) -> None:
        np.testing.assert_array_equal(embedder.embed(QUESTIONS), embedder.embed(QUESTIONS))

    def test_a_text_alone_is_the_same_as_among_others(self, embedder: Embedder) -> None:
        together = embedder.embed(QUESTIONS * 10)
        alone = np.concatenate([embedder.embed([text]) for text in QUESTIONS])
        np.testing.assert_allclose(together[: len(QUESTIONS)], alone, atol=1e-3)
        np.testing.assert_allclose(together[-len(QUESTIONS) :], alone, atol=1e-3)

    def test_order_of_rows_is_the_order_of_texts(self, embedder: Embedder) -> None:
        backwards = embedder.embed(QUESTIONS[::-1])
        np.testing.assert_allclose(backwards[::-1], embedder.embed(QUESTIONS), atol=1e-3)

    def test_threads_do_not_disturb_each_other(self, embedder: Embedder) -> None:
        expected = embedder.embed(QUESTIONS)
        with ThreadPoolExecutor(8) as pool:
            for found in pool.map(embedder.embed, [QUESTIONS] * 32):
                np.testing.assert_allclose(found, expected, atol=1e-3)

    @pytest.mark.parametrize(
        "text",
        ["", " ", "\n\t\u3000", "😊", "😊👍🏽🎉", "\u200b", "\x00", "\ud83d", "།", "<s></s><unk>", "～～"],
    )
    def test_odd_texts_have_a_vector_too(self, embedder: Embedder, text: str) -> None:
        vector = embedder.embed([text])
        assert np.isfinite(vector).all()
        np.testing.assert_allclose(np.linalg.norm(vector), 1, atol=1e-5)

    def test_very_long_text_is_cut(self, embedder: Embedder) -> None:
        long = "退货政策说明。" * 20_000
        vectors = embedder.embed([long, long + "完全不同的结尾"])
        assert np.isfinite(vectors).all()
        np.testing.assert_array_equal(vectors[0], vectors[1])

    def test_names_its_vector_space(self, embedder: Embedder) -> None:
        assert embedder.name
        assert embedder.name == embedder.name.strip()


@pytest.fixture(scope="module")
def shipped() -> OnnxEmbedder:
    embedder = OnnxEmbedder(MODEL_DIR)
    embedder.warm_up()
    return embedder


class TestOnnxEmbedder(EmbedderConformance):
    @pytest.fixture
    def embedder(self, shipped: OnnxEmbedder) -> Embedder:
        return shipped

    def test_a_text_alone_is_bit_for_bit_the_same(self, shipped: OnnxEmbedder) -> None:
        together = shipped.embed(QUESTIONS)
        for row, text in zip(together, QUESTIONS, strict=True):
            np.testing.assert_array_equal(shipped.embed([text])[0], row)

    def test_space_around_a_text_does_not_matter(self, shipped: OnnxEmbedder) -> None:
        np.testing.assert_array_equal(shipped.embed(["怎么退货"]), shipped.embed([" 怎么退货 \n"]))

    def test_written_token_names_are_plain_text(self, shipped: OnnxEmbedder) -> None:
        ids = shipped._load().tokenizer.encode("<s>退货</s>").ids
        assert ids.count(0) == ids.count(2) == 1

    def test_name_holds_version_and_checksum(self, shipped: OnnxEmbedder) -> None:
        manifest = json.loads((MODEL_DIR / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["version"] in shipped.name
        assert manifest["files"]["model.onnx"][:8] in shipped.name


class TestMeaning:
    """Right entry nearer than each wrong one, in the words customers use."""

    @pytest.mark.parametrize(
        ("question", "right", "wrong"),
        [
            ("这玩意儿咋退啊", "如何申请退货", ["如何开发票", "怎么联系人工客服", "如何升级会员"]),
            ("钱啥时候能回来", "退款多久到账", ["如何修改密码", "支持哪些支付方式"]),
            ("东西到哪儿了呀", "如何查询物流", ["如何申请退款", "怎么开具发票", "如何注销账号"]),
            ("密码不记得了登不上去", "忘记密码怎么找回", ["如何修改收货地址", "优惠券怎么使用"]),
            ("能给公司开票不", "如何开具发票", ["如何申请退货", "会员怎么续费"]),
            ("别再自动扣我钱了", "如何取消自动续费", ["怎么领取优惠券", "如何查询物流"]),
            ("找个活人跟我说话", "怎么联系人工客服", ["如何修改密码", "退款多久到账"]),
            ("买贵了可以退差价吗", "价格保护规则", ["发货时间说明", "如何注销账号"]),
            ("how can I get my money back", "如何申请退款", ["如何修改密码", "发货时间说明"]),
        ],
    )
    def test_colloquial_question_finds_its_entry(
        self, shipped: OnnxEmbedder, question: str, right: str, wrong: list[str]
    ) -> None:
        vectors = shipped.embed([question, right, *wrong])
        scores = vectors[1:] @ vectors[0]
        assert scores[0] > scores[1:].max()

    def test_traditional_question_finds_a_simplified_entry(self, shipped: OnnxEmbedder) -> None:
        vectors = shipped.embed(["買貴了可以退差價嗎", "价格保护规则", "发货时间说明"])
        assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


class TestModelFiles:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return Path(shutil.copytree(MODEL_DIR, tmp_path / "encoder"))

    def test_constructor_touches_no_file(self, tmp_path: Path) -> None:
        OnnxEmbedder(tmp_path / "nowhere")

    def test_missing_folder_says_what_to_do(self, tmp_path: Path) -> None:
        embedder = OnnxEmbedder(tmp_path / "nowhere")
        with pytest.raises(ModelFileError, match=r"清单.*retrieval\.encoder_build"):
            embedder.warm_up()

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}', '{"files": 3}'])
    def test_broken_manifest(self, folder: Path, text: str) -> None:
        (folder / "manifest.json").write_text(text, encoding="utf-8")
        with pytest.raises(ModelFileError, match=r"清单.*已损坏"):
            _ = OnnxEmbedder(folder).name

    @pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
    def test_missing_file(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        with pytest.raises(ModelFileError, match=f"读不到.*{name}"):
            OnnxEmbedder(folder).warm_up()

    @pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
    def test_one_flipped_byte_is_noticed(self, folder: Path, name: str) -> None:
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)
        with pytest.raises(ModelFileError, match="校验和不符"):
            OnnxEmbedder(folder).embed(["你好"])

    def test_a_mended_folder_works_without_a_new_object(self, folder: Path) -> None:
        embedder = OnnxEmbedder(folder)
        (folder / "model.onnx").rename(folder / "elsewhere")
        with pytest.raises(ModelFileError):
            embedder.warm_up()
        (folder / "elsewhere").rename(folder / "model.onnx")
        embedder.warm_up()

    def test_file_that_is_no_model(self, folder: Path) -> None:
        (folder / "model.onnx").write_bytes(b"not a model")
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        # The checksum agrees; the content is still no model.
        manifest["files"]["model.onnx"] = _sha256(b"not a model")
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        with pytest.raises(ModelFileError, match="无法加载"):
            OnnxEmbedder(folder).warm_up()


class TestOverflowSwitch:
    @pytest.mark.parametrize(
        ("flags", "expected"),
        [
            ("flags : sse4_2 avx2 fma", True),
            ("flags : avx2 avx512f avx512_vnni", False),
            ("flags : avx2 avx_vnni", False),
            ("Features : asimd", False),
        ],
    )
    def test_reads_the_processor_flags(self, tmp_path: Path, flags: str, expected: bool) -> None:
        cpuinfo = tmp_path / "cpuinfo"
        cpuinfo.write_text(f"processor : 0\n{flags}\n", encoding="ascii")
        assert products_may_overflow(cpuinfo) is expected

    def test_unknown_processor_keeps_the_fast_kernel(self, tmp_path: Path) -> None:
        assert products_may_overflow(tmp_path / "none") is False


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
