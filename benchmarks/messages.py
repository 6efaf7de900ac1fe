"""Durable messages a second through the socket, and how long a customer's words take to an agent's screen.

`python -m benchmarks.messages [--database sqlite|postgresql] [--clients 50] [--window 1] [--seconds 10] [--rate 300]`
starts a server of its own (a PostgreSQL cluster of its own too, durable as shipped), loads it from this second process
over loopback, and prints one line of JSON. Each client has a conversation of its own that an agent has accepted, and
keeps `--window` messages unacknowledged; one agent's console is connected and receives everything. Throughput is
counted in acknowledgements; latency is taken at an open-loop `--rate`, from the moment a message was due.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import tempfile
import time
import uuid
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from tools.chaos.machines import OwnPostgres, OwnServer
from tools.chaos.tenant import make_stage
from yingda_client import OpenedChat, open_chat


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--window", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=300.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yingda-bench-") as folder, ExitStack() as stack:
        url = f"sqlite:///{folder}/bench.db"
        if options.database == "postgresql":
            postgres = OwnPostgres()
            stack.callback(postgres.close)
            postgres.create()
            url = postgres.url
        os.environ["YINGDA_MESSAGES_PER_SECOND"] = "0"  # what is measured is the server, not its patience
        server = OwnServer(Path(folder), url)
        server.start()
        stack.callback(server.stop)
        server.wait()
        result = asyncio.run(measure(server, url, options))
    print(json.dumps({"database": options.database, "clients": options.clients, "window": options.window, **result}))


async def measure(server: OwnServer, url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Throughput, then latency, on the same connections."""
    base_url = server.base_url
    stage = await make_stage(url, 1)
    token = stage.agents[0].token
    async with AsyncExitStack() as stack:
        chats = [await open_chat(base_url, stage.site_key) for _ in range(options.clients)]
        for chat in chats:
            await _hand_over(base_url, chat, token)
        sockets = [await stack.enter_async_context(_socket(base_url, chat.token)) for chat in chats]
        agent = await stack.enter_async_context(_socket(base_url, token))
        reading = asyncio.create_task(_drain(agent))
        await _closed_loop(sockets, chats, options.window, min(2.0, options.seconds))  # warm-up
        cpu = server.cpu_seconds
        acked, acks, elapsed = await _closed_loop(sockets, chats, options.window, options.seconds)
        cpu = server.cpu_seconds - cpu
        await asyncio.sleep(1)
        reading.cancel()
        screen = await _open_loop(sockets, chats, agent, options.rate, options.seconds)
    busy = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "acked_per_second": round(acked / elapsed),
        "server_cpu_us_per_message": round(cpu / acked * 1e6),
        "ack_ms": _spread(acks),
        "rate": options.rate,
        "customer_to_agent_ms": _spread(screen),
        "load_cpu_seconds": round(busy.ru_utime + busy.ru_stime, 1),
    }


def _socket(base_url: str, token: str) -> connect:
    return connect(f"{base_url.replace('http', 'ws')}/ws/v1?token={token}", compression=None, max_queue=4096)


async def _hand_over(base_url: str, chat: OpenedChat, agent_token: str) -> None:
    path = f"/api/v1/conversations/{chat.conversation_id}"
    async with httpx2.AsyncClient(base_url=base_url, timeout=30, trust_env=False) as http:
        for token, action in ((chat.token, "handoff"), (agent_token, "accept")):
            answer = await http.post(
                f"{path}/{action}", json={"reason": "测速"}, headers={"Authorization": f"Bearer {token}"}
            )
            answer.raise_for_status()


def _send_frame(conversation_id: str) -> tuple[str, str]:
    client_msg_id = uuid.uuid4().hex
    content = '{"kind":"text","text":"我的订单还没有到，帮我查一下"}'
    return client_msg_id, (
        f'{{"type":"send","client_msg_id":"{client_msg_id}","conversation_id":"{conversation_id}","content":{content}}}'
    )


async def _closed_loop(
    sockets: list[ClientConnection], chats: list[OpenedChat], window: int, seconds: float
) -> tuple[int, list[float], float]:
    acks: list[float] = []
    until = time.perf_counter() + seconds

    async def client(socket: ClientConnection, conversation_id: str) -> None:
        sent: dict[str, float] = {}
        for _ in range(window):
            client_msg_id, frame = _send_frame(conversation_id)
            sent[client_msg_id] = time.perf_counter()
            await socket.send(frame)
        while sent:
            received = json.loads(await socket.recv())
            if received["type"] == "error":
                raise RuntimeError(received)
            if received["type"] != "ack":
                continue
            now = time.perf_counter()
            acks.append((now - sent.pop(received["client_msg_id"])) * 1000)
            if now < until:
                client_msg_id, frame = _send_frame(conversation_id)
                sent[client_msg_id] = time.perf_counter()
                await socket.send(frame)

    began = time.perf_counter()
    await asyncio.gather(*(client(s, c.conversation_id) for s, c in zip(sockets, chats, strict=True)))
    return len(acks), acks, time.perf_counter() - began


async def _open_loop(
    sockets: list[ClientConnection], chats: list[OpenedChat], agent: ClientConnection, rate: float, seconds: float
) -> list[float]:
    """Milliseconds from when each message was due until the agent's console had it."""
    due: dict[str, float] = {}
    seen: list[float] = []
    total = int(rate * seconds)

    async def watch() -> None:
        while len(seen) < total:
            frame = json.loads(await agent.recv())
            at = due.pop(frame["message"].get("client_msg_id", ""), None) if frame["type"] == "message" else None
            if at is not None:
                seen.append((time.perf_counter() - at) * 1000)

    watching = asyncio.create_task(watch())
    draining = [asyncio.create_task(_drain(socket)) for socket in sockets]
    began = time.perf_counter()
    for number in range(total):
        moment = began + number / rate
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        place = number % len(sockets)
        client_msg_id, frame = _send_frame(chats[place].conversation_id)
        due[client_msg_id] = moment
        await sockets[place].send(frame)
    await asyncio.wait_for(watching, 60)
    for task in draining:
        task.cancel()
    return seen


async def _drain(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


def _spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1), "max": round(max(values), 1)}


if __name__ == "__main__":
    main()
