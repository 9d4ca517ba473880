"""Tasks in processes of their own: one that raises, crashes or hangs does not stop the rest."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from typing import Any

Result = dict[str, Any]
"""The outcome of a task, as JSON takes it."""

_CONTEXT = get_context("spawn")  # a forked process cannot use CUDA


@dataclass(frozen=True)
class Task:
    """A call to make in another process.

    Attributes:
        call: a function of a module; returns a dict.
        arguments: its keyword arguments.
    """

    call: Callable[..., Result]
    arguments: Mapping[str, Any]


def run_tasks(
    tasks: Iterable[Task],
    record: Callable[[Task, Result], None],
    *,
    deadline: float,
    limit: float,
    processes: int = 1,
) -> None:
    """Run tasks in order and record the result of each when it ends.

    A task that raises, or whose process dies, has the outcome `"error"`. A task that exceeds its
    limit is killed, and has it too. After the deadline, the rest has the outcome `"skipped"`.

    Args:
        tasks: to run.
        record: receives each task with its result.
        deadline: of all tasks, on the clock of `time.monotonic`.
        limit: seconds of one task.
        processes: how many tasks run at the same time.
    """
    waiting, idle, busy = deque(tasks), [_Worker() for _ in range(processes)], set[_Worker]()
    try:
        while (waiting or busy) and time.monotonic() < deadline:
            # Give out tasks.
            while waiting and idle:
                worker = idle.pop()
                worker.start(waiting.popleft(), limit)
                busy.add(worker)

            # Wait for a result, or for the first limit.
            until = min(deadline, *(worker.ends for worker in busy))
            connection.wait([w.line for w in busy], max(0.0, until - time.monotonic()))

            # Record results; a worker with an error may be broken, so a new one takes its place.
            for worker in [w for w in busy if w.line.poll() or w.ends <= time.monotonic()]:
                busy.remove(worker)
                result = worker.result(limit)
                record(worker.task, result)
                if result["outcome"] == "error":
                    worker.kill()
                    worker = _Worker()
                idle.append(worker)

        for task in [*(w.task for w in busy), *waiting]:
            record(task, {"outcome": "skipped", "why": "the time budget was used up"})
    finally:
        for worker in idle:
            worker.end()
        for worker in busy:
            worker.kill()


@dataclass(eq=False)
class _Worker:
    """A process that runs one task after the other; it starts with the first."""

    task: Task = field(init=False)
    ends: float = field(init=False)

    def __post_init__(self) -> None:
        self.line, self.other = _CONTEXT.Pipe()
        self.process = _CONTEXT.Process(target=_serve, args=(self.other,), daemon=True)

    def start(self, task: Task, limit: float) -> None:
        """Send it a task."""
        self.task, self.ends = task, time.monotonic() + limit
        if self.process.pid is None:
            self.process.start()
            self.other.close()  # so that reading from a process that has died ends
        with suppress(OSError):  # a process that has died already is noticed below
            self.line.send(task)

    def result(self, limit: float) -> Result:
        """The result of its task, or why there is none."""
        if not self.line.poll():
            return {"outcome": "error", "why": f"it took longer than {limit:.0f} s"}
        try:
            result: Result = self.line.recv()
        except (EOFError, OSError):
            self.process.join()
            return {"outcome": "error", "why": f"its process died ({self.process.exitcode})"}
        return result

    def end(self) -> None:
        """End the process, which has no task."""
        self.line.close()
        if self.process.pid is not None:
            self.process.join(10)
            self.process.kill()

    def kill(self) -> None:
        """End the process, whatever it does."""
        if self.process.pid is not None:
            self.process.kill()
            self.process.join()
        self.line.close()


def _serve(line: connection.Connection) -> None:
    """The process of a worker."""
    while True:
        try:
            task: Task = line.recv()
        except EOFError:  # there are no more
            return
        try:
            result = task.call(**task.arguments)
        except Exception as error:  # whatever it is, it is recorded
            text = str(error).strip().split("\n")[0]
            result = {"outcome": "error", "why": f"{type(error).__name__}: {text}"}
        line.send(result)
