"""One run: people talk, things break and are mended, everything calms down, the checkers judge."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import websockets
from sqlalchemy import func, select

from storage.models import OutboxJob
from tools.chaos.checkers import check
from tools.chaos.history import Final, History, Kind
from tools.chaos.people import Person
from tools.chaos.tenant import Stage, make_stage, open_database, read_final
from yingda_client import open_chat

_CLAIMERS = 40
_CALM_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to break. `hurt` and `mend` block; between them the fault lasts `seconds`."""

    name: str
    hurt: Callable[[], None]
    mend: Callable[[], None]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything, and the seed of all chance."""

    faults: tuple[Fault, ...]
    rounds: int  # faults injected in total, in random order
    visitors: int = 40
    agents: int = 4
    pause_seconds: float = 0.4  # between two messages of a person, on average
    gap_seconds: tuple[float, float] = (0.5, 2.0)  # between mending and the next fault
    claims: int = 3
    seed: int = 1


@dataclass
class Result:
    """What happened, counted, and what was found broken."""

    seed: int
    seconds: float
    history: History
    final: Final
    violations: dict[str, list[str]]
    outages: list[float] = field(default_factory=list)  # seconds from a fault to the next acknowledgement

    @property
    def is_clean(self) -> bool:
        return not any(self.violations.values())


class Rehearsal:
    """Prepares a stage on running servers, then runs a plan against it."""

    def __init__(self, plan: Plan, database_url: str, base_urls: list[str]) -> None:
        self._plan = plan
        self._database_url = database_url
        self._base_urls = base_urls
        self._history = History()
        self._chance = random.Random(plan.seed)
        self._is_over = asyncio.Event()
        self._replies: set[asyncio.Task[None]] = set()

    async def run(self, stage: Stage | None = None) -> Result:
        """The whole of it; every client and task is gone when it returns."""
        began = time.monotonic()
        stage = stage or await make_stage(self._database_url, max(self._plan.agents, _CLAIMERS))
        async with AsyncExitStack() as stack:
            agents = [await self._join(stack, f"agent{n}", agent.token) for n, agent in enumerate(stage.agents)]
            visitors = await asyncio.gather(*(self._visitor(stack, stage, n) for n in range(self._plan.visitors)))
            await self._give_to_agents(visitors, agents)
            talking = [asyncio.create_task(self._talk(person)) for person in visitors]
            nuisances = [
                asyncio.create_task(self._half_open(visitors[0])),
                asyncio.create_task(self._claims(stage, agents)),
            ]
            await self._break_things()
            self._is_over.set()
            await asyncio.gather(*talking, *self._replies)
            await asyncio.gather(*nuisances)
            await asyncio.wait_for(self._calm(stage.tenant_id), _CALM_SECONDS)
            for person in [*visitors, *agents]:
                for conversation in person.following:
                    await asyncio.wait_for(person.chat.catch_up(conversation), _CALM_SECONDS)
        final = await read_final(self._database_url, stage.tenant_id)
        return Result(
            self._plan.seed,
            time.monotonic() - began,
            self._history,
            final,
            check(self._history, final),
            self._outages(),
        )

    async def _join(self, stack: AsyncExitStack, name: str, token: str) -> Person:
        person = Person(name, self._chance.choice(self._base_urls), token, self._history, self._plan.seed)
        stack.push_async_callback(person.leave)
        if not name.startswith("agent") or int(name[5:]) < self._plan.agents:  # the others only claim
            await stack.enter_async_context(person.chat)
        return person

    async def _visitor(self, stack: AsyncExitStack, stage: Stage, number: int) -> Person:
        opened = await open_chat(self._base_urls[0], stage.site_key)
        person = await self._join(stack, f"visitor{number}", opened.token)
        person.follow(opened.conversation_id)
        return person

    async def _give_to_agents(self, visitors: list[Person], agents: list[Person]) -> None:
        """Every second conversation goes to a human, who answers; the others stay with the bot."""
        for number, visitor in enumerate(visitors[::2]):
            conversation = visitor.following[0]
            agent = agents[number % self._plan.agents]
            await visitor.say(conversation)
            await visitor.ask("POST", f"/api/v1/conversations/{conversation}/handoff", {"reason": "演练"})
            await agent.ask("POST", f"/api/v1/conversations/{conversation}/accept")
            agent.follow(conversation)
        for agent in agents[: self._plan.agents]:
            self._answer(agent)

    def _answer(self, agent: Person) -> None:
        def reply(message: object) -> None:
            kind, conversation = getattr(message, "sender_kind", ""), getattr(message, "conversation_id", "")
            if kind == "customer" and agent.chance.random() < 0.5 and not self._is_over.is_set():
                task = asyncio.create_task(agent.say(conversation))
                self._replies.add(task)

        agent.chat.on_message(reply)

    async def _talk(self, person: Person) -> None:
        conversation = person.following[0]
        while not self._is_over.is_set():
            await asyncio.sleep(person.chance.expovariate(1 / self._plan.pause_seconds))
            match person.chance.randrange(10):
                case 0:  # everything arrives several times
                    await person.say(conversation, copies=4)
                case 1:  # three in a row, faster than anybody acknowledges
                    await asyncio.gather(*(person.say(conversation) for _ in range(3)))
                case _:
                    await person.say(conversation)

    async def _claims(self, stage: Stage, agents: list[Person]) -> None:
        """Many agents reach for the same new conversation."""
        for _ in range(self._plan.claims):
            opened = await self._opened(stage)
            if opened is None:
                continue
            customer = Person("claimed", opened[2], opened[0], self._history, self._plan.seed)
            await customer.ask("POST", f"/api/v1/conversations/{opened[1]}/handoff", {"reason": "抢单"})
            await customer.leave()
            everybody = list(zip(agents, stage.agents, strict=True))
            await asyncio.gather(*(person.claim(opened[1], agent.id) for person, agent in everybody))

    async def _opened(self, stage: Stage) -> tuple[str, str, str] | None:
        base_url = self._chance.choice(self._base_urls)
        with contextlib.suppress(Exception):  # the server may be down just now: then there is nothing to claim
            opened = await open_chat(base_url, stage.site_key)
            return opened.token, opened.conversation_id, base_url
        return None

    async def _half_open(self, victim: Person) -> None:
        """Connects as somebody who asks for everything and never reads, and is there until the end."""
        wish = json.dumps({"type": "sync", "conversation_id": victim.following[0], "after_seq": 0})
        while not self._is_over.is_set():
            with contextlib.suppress(OSError, websockets.WebSocketException, TimeoutError):
                async with websockets.connect(victim.chat.url, compression=None, max_queue=1, open_timeout=2) as socket:
                    for _ in range(50):
                        await socket.send(wish)
                    await asyncio.wait_for(self._is_over.wait(), 5)
            await asyncio.sleep(0.2)

    async def _break_things(self) -> None:
        for _ in range(self._plan.rounds):
            await asyncio.sleep(self._chance.uniform(*self._plan.gap_seconds))
            fault = self._chance.choice(self._plan.faults)
            self._history.note("chaos", Kind.FAULT, note=fault.name)
            await asyncio.to_thread(fault.hurt)
            await asyncio.sleep(fault.seconds)
            await asyncio.to_thread(fault.mend)
            self._history.note("chaos", Kind.MENDED, note=fault.name)
        await asyncio.sleep(self._plan.gap_seconds[1])

    async def _calm(self, tenant_id: str) -> None:
        """Waits until nothing is owed any more: the bot has answered everybody, also for processes that died."""
        database = open_database(self._database_url)
        try:
            while True:
                async with database.read(tenant_id) as session:
                    if not await session.scalar(select(func.count()).select_from(OutboxJob)):
                        return
                await asyncio.sleep(0.3)
        finally:
            await database.close()

    def _outages(self) -> list[float]:
        outages, since = [], 0
        down: set[str] = set()
        for entry in self._history:
            if entry.kind is Kind.FAULT:
                since = entry.at
            elif entry.kind is Kind.DISCONNECTED and since:
                down.add(entry.client)
            elif entry.kind is Kind.ACK and entry.client in down:
                outages.append((entry.at - since) / 1e9)
                since = 0
                down.clear()
        return outages
