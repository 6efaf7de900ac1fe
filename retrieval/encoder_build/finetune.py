"""Fine-tune the decoded encoder on this project's own wordings, then mix it with the original.

Contrastive learning (InfoNCE, both directions) over pairs of wordings of one entry; the other
entries of the batch are the wrong answers. Word vectors stay frozen, so the table keeps its exact
4 bits. Afterwards every weight is ``(1 - mix) * original + mix * tuned``: most of what was learned
for these trades stays, and what the original knew about other text is hardly lost.

Needs torch and transformers. One thread and a fixed seed: the same machine gives the same weights.
"""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .decode import Checkpoint, FloatMatrix
from .pairs import Bases, Pair, batches, neighbours
from .publish import MAX_TOKENS, PREFIX

if TYPE_CHECKING:
    import torch  # type: ignore[import-not-found, unused-ignore]

Floats = NDArray[np.float32]
NEEDED = ("torch", "transformers")
_PRODUCTS = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "fi": "intermediate.dense", "fo": "output.dense",
}  # fmt: skip
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the trained weights, besides the text."""

    steps: int = 240
    paced_for: int = 480  # the learning rate falls as if there were this many steps
    entries: int = 48
    learning_rate: float = 5e-5
    warm_up: float = 0.1
    temperature: float = 0.05
    mix: float = 0.5
    seed: int = 20


def missing() -> list[str]:
    """The packages that fine-tuning needs and that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def finetune(
    checkpoint: Checkpoint,
    keep: NDArray[np.int64],
    tokenizer: Tokenizer,
    bases: Bases,
    recipe: Recipe,
    progress: Callable[[str], None],
    weights: Path | None = None,
) -> Checkpoint:
    """Train on `bases` and return the mixed checkpoint.

    The trained weights, before mixing, are kept in `weights` together with what they came from; where that is the same,
    they are read from there instead. A file of another recipe or other bases is refused with ValueError.
    """
    model = to_bert(checkpoint, keep)
    source = repr((replace(recipe, mix=0.0), {name: len(base) for name, base in bases.items()}))
    if weights is not None and weights.exists():
        load_weights(model, weights, source)
    else:
        train(model, tokenizer, bases, recipe, progress)
        if weights is not None:
            save_weights(model, weights, source)
    return from_bert(model, checkpoint, recipe.mix)


def save_weights(model: Any, path: Path, source: str) -> None:
    """Write all weights but the frozen embeddings as npz; `source` says what they came from."""
    arrays = {name: tensor.numpy() for name, tensor in model.state_dict().items() if not name.startswith("embeddings")}
    with path.open("wb") as file:
        np.savez(file, source=np.array(source), **arrays)


def load_weights(model: Any, path: Path, source: str) -> None:
    """Put the weights of `save_weights` into `model`; ValueError if they came from something else than `source`."""
    import torch

    with np.load(path, allow_pickle=False) as stored:
        if str(stored["source"]) != source:
            raise ValueError(f"{path} holds the weights of another training: {stored['source']}")
        arrays = {name: torch.from_numpy(stored[name]) for name in stored.files if name != "source"}
    model.load_state_dict(arrays, strict=False)


def to_bert(checkpoint: Checkpoint, keep: NDArray[np.int64]) -> Any:
    """A transformers BertModel with the checkpoint's weights over the kept vocabulary rows."""
    import torch
    from transformers import BertConfig, BertModel  # type: ignore[import-not-found, unused-ignore]

    shape = checkpoint.shape
    config = BertConfig(
        vocab_size=len(keep), hidden_size=shape.hidden, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, intermediate_size=shape.ffn,
        max_position_embeddings=shape.positions, type_vocab_size=1, layer_norm_eps=shape.eps,
    )  # fmt: skip
    model: Any = BertModel(config, add_pooling_layer=False)
    weights = {
        "embeddings.word_embeddings.weight": checkpoint.words.rows(keep).to_float(),
        "embeddings.position_embeddings.weight": checkpoint.vectors["emb.pos"],
        "embeddings.token_type_embeddings.weight": checkpoint.vectors["emb.type"][None],
        "embeddings.LayerNorm.weight": checkpoint.vectors["emb.ln.w"],
        "embeddings.LayerNorm.bias": checkpoint.vectors["emb.ln.b"],
    }
    for ours, theirs in _layer_names(shape.layers):
        matrix = checkpoint.matrices.get(ours)
        weights[theirs] = checkpoint.vectors[ours] if matrix is None else matrix.to_float()
    tensors = {name: torch.from_numpy(array.copy()) for name, array in weights.items()}
    wrong = model.load_state_dict(tensors, strict=False)
    unknown = [name for name in wrong.missing_keys if "_ids" not in name] + list(wrong.unexpected_keys)
    if unknown:
        raise RuntimeError(f"BertModel does not take these weights: {unknown}")
    return model.eval()


def from_bert(model: Any, checkpoint: Checkpoint, mix: float) -> Checkpoint:
    """The checkpoint moved by `mix` (0..1) from its own weights towards the model's."""
    found = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    matrices, vectors = dict(checkpoint.matrices), dict(checkpoint.vectors)
    for ours, theirs in _layer_names(checkpoint.shape.layers):
        if ours in matrices:
            matrices[ours] = FloatMatrix(_mixed(matrices[ours].to_float(), found[theirs], mix))
        else:
            vectors[ours] = _mixed(vectors[ours], found[theirs], mix)
    return replace(checkpoint, matrices=matrices, vectors=vectors)


def train(model: Any, tokenizer: Tokenizer, bases: Bases, recipe: Recipe, progress: Callable[[str], None]) -> None:
    """Train `model` in place; the embedding layer is left as it is."""
    import torch

    torch.set_num_threads(1)  # two threads that share busy cores are slower than one
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)  # noqa: S311 - not for secrets
    near = {
        name: neighbours(embed(model, tokenizer, [entry.standard for entry in base])) for name, base in bases.items()
    }
    model.train().embeddings.requires_grad_(False)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=recipe.learning_rate, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _pace(step, recipe))
    for step, batch in enumerate(batches(bases, near, recipe.entries, recipe.steps, rng)):
        loss: Any = pair_loss(model, tokenizer, batch, recipe.temperature)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        schedule.step()
        if step % 25 == 0 or step == recipe.steps - 1:
            progress(f"finetune: step {step + 1} of {recipe.steps}, loss {loss.detach().item():.3f}")
    model.eval()


def pair_loss(model: Any, tokenizer: Tokenizer, batch: Sequence[Pair], temperature: float) -> torch.Tensor:
    """InfoNCE over the batch, left to right and right to left."""
    import torch

    both = forward(model, tokenizer, [left for left, _ in batch] + [right for _, right in batch])
    scores = both[: len(batch)] @ both[len(batch) :].T / temperature
    target = torch.arange(len(batch))
    across = torch.nn.functional.cross_entropy(scores, target)
    return (across + torch.nn.functional.cross_entropy(scores.T, target)) / 2


def forward(model: Any, tokenizer: Tokenizer, texts: Sequence[str], size: int = 24) -> torch.Tensor:
    """Unit vectors [texts, hidden] with gradients: prefix, masked mean, L2 norm, as when serving.

    Texts of like length share a run of `size`, which spares half of the padding.
    """
    import torch

    encodings = tokenizer.encode_batch([PREFIX + text.strip() for text in texts])
    rows = [encoding.ids[:MAX_TOKENS] for encoding in encodings]
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    runs = [_run(model, [rows[i] for i in order[start : start + size]]) for start in range(0, len(order), size)]
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(runs)[back]


def _run(model: Any, rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Unit vectors of token rows, padded to the longest."""
    import torch

    ids = torch.zeros((len(rows), max(map(len, rows))), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)], mask[place, : len(row)] = torch.tensor(row), 1
    with torch.autocast("cpu", torch.bfloat16, enabled=model.training):
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    total = (hidden.float() * mask[..., None]).sum(1)
    return torch.nn.functional.normalize(total, dim=1)


def embed(model: Any, tokenizer: Tokenizer, texts: Sequence[str]) -> Floats:
    """Unit vectors float32 [texts, hidden], without gradients."""
    import torch

    with torch.inference_mode():
        vectors: Floats = forward(model, tokenizer, texts, 64).numpy()
    return vectors


def _layer_names(layers: int) -> Iterator[tuple[str, str]]:
    """(our name, BertModel's name) of every trained weight."""
    for layer in range(layers):
        for ours, theirs in (_PRODUCTS | _NORMS).items():
            for short, long in (("w", "weight"), ("b", "bias")):
                yield f"l{layer}.{ours}.{short}", f"encoder.layer.{layer}.{theirs}.{long}"


def _mixed(original: Floats, tuned: Floats, mix: float) -> Floats:
    return ((1 - mix) * original + mix * tuned).astype(np.float32)


def _pace(step: int, recipe: Recipe) -> float:
    """The share of the learning rate at a step: rises to 1, then falls to 0 in a straight line."""
    rising = max(1, round(recipe.paced_for * recipe.warm_up))
    return min((step + 1) / rising, (recipe.paced_for - step) / max(1, recipe.paced_for - rising))
