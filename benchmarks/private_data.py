"""How well private data is recognised: `python -m benchmarks.private_data` prints the figures and what went wrong."""

import json

from eval.private_data import corpus, measure


def main() -> None:
    figures = measure(corpus())
    for sample in figures.missed[:20]:
        print("missed", sample.kind, repr(sample.value), "in", repr(sample.text))
    for taken, text in figures.wrong[:20]:
        print("wrong", repr(taken), "in", repr(text))
    print(
        json.dumps(
            {
                "samples": figures.samples,
                "recall": figures.recall,
                "precision": figures.precision,
                "recall_by_kind": figures.recall_by_kind,
            }
        )
    )


if __name__ == "__main__":
    main()
