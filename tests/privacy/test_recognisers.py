"""Private data is found and masked; what only looks like it is left alone."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.private_data import PrivateKind, find_private, mask_private
from core.settings import REPOSITORY
from eval.private_data import corpus, measure

MASKED = {
    "我的手机号是13812345678，麻烦回电": "我的手机号是138****5678，麻烦回电",
    "打 +86 138 1234 5678 也行": "打 138****5678 也行",
    "１３８１２３４５６７８": "138****5678",
    "身份证 11010519491231002X": "身份证 110*************2X",
    "卡号6222 0212 3456 7890 128": "卡号***************0128",
    "邮箱 wang.fang@example.com。": "邮箱 w***@example.com。",
    "座机010-62345678": "座机*********78",
    "车牌京A12345，新能源沪AD12345": "车牌京A***，新能源沪A***",
    "护照E12345678": "护照E***",
    "寄到 北京市朝阳区建国路88号3单元502室": "寄到 [地址]",
}
HARMLESS = (
    "订单202611220000012345678怎么还没到", "身份证 110105194912310021 抄错了一位", "卡号 6222021234567890124 也抄错了",
    "客服电话400-820-8820", "3号下单，5号才发货", "型号E12345678有货吗", "满100减20@全场", "版本 3.11.7", "京东的A店",
)  # fmt: skip


class TestRecognisers:
    def test_recall_and_precision_on_five_thousand(self, capsys: pytest.CaptureFixture[str]) -> None:
        figures = measure(corpus())
        with capsys.disabled():
            print(f"\nprivate data: recall {figures.recall}, precision {figures.precision} on {figures.samples}")
        assert figures.samples == 5000
        assert figures.recall >= 0.995, figures.missed[:5]
        assert figures.precision >= 0.98, figures.wrong[:5]
        assert min(figures.recall_by_kind.values()) >= 0.98, figures.recall_by_kind

    @pytest.mark.parametrize(("text", "masked"), MASKED.items())
    def test_mask(self, text: str, masked: str) -> None:
        assert mask_private(text) == masked

    @pytest.mark.parametrize("text", HARMLESS)
    def test_what_only_looks_like_it(self, text: str) -> None:
        assert find_private(text) == []
        assert mask_private(text) == text

    def test_masked_text_holds_nothing_private_any_more(self) -> None:
        for sample in corpus()[:1000]:
            assert [
                item for item in find_private(mask_private(sample.text)) if item.kind is not PrivateKind.EMAIL
            ] == []

    @pytest.mark.parametrize(
        "hostile", ["市" * 10_000, "区路" * 5000, "1" * 10_000, "a@" + "a." * 5000, "路1号" + "1a" * 5000]
    )
    def test_hostile_text_takes_no_time(self, hostile: str) -> None:
        started = time.perf_counter()
        find_private(hostile)
        assert time.perf_counter() - started < 1


LOGGING = """
import logging
from core.logs import configure_logs, get_logger
configure_logs("debug", "{style}")
log = get_logger("canary")
log.info("contact_said", text="我是13812345678", reason=ValueError("卡 6222021234567890128"), parts=["京A12345"])
log.info("token_seen", token="yda_abcdefghijklmnop", conversation="0192f3a4b5c6d7e8f9a0b1c2d3e4f506")
logging.getLogger("uvicorn.error").warning("body was %s", "11010519491231002X")
try:
    raise RuntimeError("wang@example.com 不存在")
except RuntimeError as error:
    log.error("failed", exc_info=error)
    logging.getLogger("asyncio").exception("失败")
"""
CANARIES = ("13812345678", "6222021234567890128", "京A12345", "abcdefghijklmnop", "11010519491231002X", "wang@example")


class TestLogs:
    @pytest.mark.parametrize("style", ["json", "console"])
    def test_nothing_private_gets_out(self, tmp_path: Path, style: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", LOGGING.replace("{style}", style)],
            cwd=tmp_path, env={"PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert [canary for canary in CANARIES if canary in said] == []
        assert "138****5678" in said
        assert "0192f3a4b5c6d7e8f9a0b1c2d3e4f506" in said  # ids stay whole: they are what logs are searched for
        assert re.search("RuntimeError.*w\\*\\*\\*@example.com", said)
