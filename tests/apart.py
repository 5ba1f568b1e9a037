"""What needs an event loop of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor


def apart(work):
    """Its result, from a thread of its own: while a browser of other tests is open, this one's event loop is taken."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
