"""Progress of a long preparation: a bar at a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SECONDS = 10.0


@contextmanager
def progress(total: int, done: int) -> Iterator[Callable[[int], None]]:
    """Give a function that takes the number of further images done. Writes to stderr.

    Args:
        total: all images.
        done: images that an earlier run has done, left out of the rate.
    """
    if sys.stderr.isatty():
        with _bar(total, done) as advance:
            yield advance
    else:
        yield _lines(total, done)


@contextmanager
def _bar(total: int, done: int) -> Iterator[Callable[[int], None]]:
    from rich import progress as rich

    from alexnet_tf import terminal

    class Rate(rich.ProgressColumn):
        def render(self, task: rich.Task) -> str:
            return f"{task.speed or 0:,.0f} images/s"

    columns = (rich.BarColumn(), rich.MofNCompleteColumn(), Rate(), rich.TimeRemainingColumn())
    with rich.Progress(
        *columns, console=terminal.console(stderr=True), speed_estimate_period=60
    ) as bar:
        task = bar.add_task("", total=total, completed=done)
        yield lambda count: bar.advance(task, count)


def _lines(total: int, done: int) -> Callable[[int], None]:
    began = said = time.monotonic()
    now_done = done

    def advance(count: int) -> None:
        nonlocal said, now_done
        now_done += count
        now = time.monotonic()
        if now - said < _SECONDS and now_done < total:
            return
        said = now
        rate = (now_done - done) / max(now - began, 1e-9)
        minutes = (total - now_done) / max(rate, 1e-9) / 60
        left = f"{int(minutes // 60)} h {int(minutes % 60):02d} min left"
        print(
            f"{now_done:,} of {total:,} images, {rate:,.0f} images/s, {left}",
            file=sys.stderr,
            flush=True,
        )

    return advance
