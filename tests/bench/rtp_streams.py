"""Many people's Opus packets over UDP into the Janus adapter's tap, and what taking them costs.

`python -m tests.bench.rtp_streams [STREAMS]` prints the processor time of one stream for a minute. A second
process sends, so that only receiving counts.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from alliancekit_janus.tap import PAYLOAD_TYPE, Tap
from tests.voice.opus_packets import packets_of

PACKET = 0.02
TICKS = 960


def rtp(payload: bytes, *, ssrc: int, number: int) -> bytes:
    """The packet that Janus would forward: the `number`-th of a stream."""
    head = bytes([0x80, PAYLOAD_TYPE]) + (number & 0xFFFF).to_bytes(2)
    return head + (number * TICKS & 0xFFFFFFFF).to_bytes(4) + ssrc.to_bytes(4) + payload


def send_streams(pipe: Connection, port: int, ssrcs: Sequence[int]) -> None:
    """Run the second process: send every stream in real time until told to stop; tell the speed reached."""
    packets = packets_of("client"), packets_of("therapist")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        began, number = time.monotonic(), 0
        while not pipe.poll():
            for place, ssrc in enumerate(ssrcs):
                payloads = packets[place % 2]
                payload = payloads[(number + place * 7) % len(payloads)]
                sender.sendto(rtp(payload, ssrc=ssrc, number=number), ("127.0.0.1", port))
            number += 1
            time.sleep(max(0.0, began + number * PACKET - time.monotonic()))
    pipe.send(number * PACKET / (time.monotonic() - began))


async def tap_cost(streams: int, seconds: float) -> tuple[float, float]:
    """Take this many streams for some seconds.

    Returns: processor seconds of one stream for a minute of its audio, and the share of packets that came.
    """
    tap = Tap(time.time)
    await tap.open("127.0.0.1", 0)
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    ssrcs = [tap.listen() for _ in range(streams)]
    process = multiprocessing.get_context("spawn").Process(
        target=send_streams, args=(theirs, tap.port, ssrcs), daemon=True
    )
    process.start()
    while tap.packets == 0:  # noqa: ASYNC110 - packets tell nobody
        await asyncio.sleep(0.05)
    packets, began, cpu = tap.packets, time.monotonic(), time.process_time()
    while time.monotonic() - began < seconds:
        await asyncio.sleep(2.0)
        for ssrc in ssrcs:
            tap.take(ssrc)
    used, came, elapsed = time.process_time() - cpu, tap.packets - packets, time.monotonic() - began
    ours.send(None)
    speed = await asyncio.to_thread(ours.recv)
    await asyncio.to_thread(process.join)
    tap.close()
    minutes = came * PACKET / 60
    return used / minutes, came * PACKET / (elapsed * streams * speed)


def main() -> None:
    """Print what one stream costs."""
    streams = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    cost, came = asyncio.run(tap_cost(streams, 8.0))
    print(f"{streams} streams: {cost:.3f} s a stream-minute, {came:.1%} of the packets came")
    print(f"{60 / cost / 2:.0f} calls of two a core")


if __name__ == "__main__":
    main()
