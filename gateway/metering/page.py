"""The metrics page, written on the event loop in pieces, so that no request waits a millisecond for it.

A thread would not do: it takes the interpreter for five milliseconds at a time.
"""

import asyncio
from time import perf_counter

from gateway.metering.metrics import Metrics

SLICE_S = 0.0005
"""What may be written before whatever else is due gets its turn."""


async def page(metrics: Metrics) -> bytes:
    """The whole page."""
    texts = []
    began = perf_counter()
    for text in metrics.texts():
        texts.append(text)
        if perf_counter() - began > SLICE_S:
            await asyncio.sleep(0)
            began = perf_counter()
    return "".join(texts).encode()
