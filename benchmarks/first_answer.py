"""From the customer's question to the bot's answer, over the socket of a running demo server.

`python -m benchmarks.first_answer --url http://127.0.0.1:8000 [--questions 300]` prints one line of JSON, milliseconds.
Each question opens a new conversation, is asked once, and comes from the held-out questions of the demo tenant, so that
no answer can come from a cache. One client, one question at a time: this is latency, not throughput.
"""

import argparse
import json
import random
import statistics
import time
import urllib.request
import uuid
from typing import Any

from websockets.sync.client import connect

from core.settings import REPOSITORY


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--site", default="demo")
    parser.add_argument("--questions", type=int, default=300)
    options = parser.parse_args()
    acks: list[float] = []
    answers: list[float] = []
    for text in held_out_questions()[: options.questions]:
        ack, answer = ask(options.url, options.site, text)
        acks.append(ack)
        answers.append(answer)
    print(json.dumps({"questions": len(answers), "ack_ms": spread(acks), "answer_ms": spread(answers)}))


def held_out_questions() -> list[str]:
    """Questions that the index does not hold, in a fixed random order."""
    texts = []
    for path in sorted((REPOSITORY / "data" / "demo" / "heldout").glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        texts += [row["text"] for row in rows if row.get("gold_ids")]
    random.Random(7).shuffle(texts)
    return texts


def ask(url: str, site: str, text: str) -> tuple[float, float]:
    """Milliseconds until the acknowledgement and until the answer."""
    session = post(f"{url}/api/v1/visitor/sessions", {"site_key": site})
    with connect(f"{url.replace('http', 'ws')}/ws/v1?token={session['token']}", compression=None) as socket:
        frame = {
            "type": "send",
            "client_msg_id": str(uuid.uuid4()),
            "conversation_id": session["conversation_id"],
            "content": {"kind": "text", "text": text},
        }
        started = time.perf_counter()
        socket.send(json.dumps(frame))
        ack = 0.0
        while True:
            received = json.loads(socket.recv(timeout=30))
            elapsed = (time.perf_counter() - started) * 1000
            if received["type"] == "ack":
                ack = elapsed
            elif received["type"] == "message" and received["message"]["sender"]["kind"] == "bot":
                return ack, elapsed


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {
        "p50": round(cuts[49], 1),
        "p95": round(cuts[94], 1),
        "p99": round(cuts[98], 1),
        "max": round(max(values), 1),
    }


if __name__ == "__main__":
    main()
