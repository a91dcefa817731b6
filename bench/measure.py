"""Reads a file and prints JSON: {"bytes", "seconds", "latencies_ms"}.

read.py sequential PATH READ_SIZE        all of it, in order
read.py random PATH READ_SIZE COUNT SEED [START END]   COUNT reads at random offsets of [START, END)
"""
import json
import os
import random
import sys
import time


def main(kind, path, size, *rest):
    file = os.open(path, os.O_RDONLY)
    end = os.fstat(file).st_size
    offsets = range(0, end, int(size)) if kind == "sequential" else random_offsets(end, int(size), *map(int, rest))
    buffer = bytearray(int(size))
    latencies = []
    count = 0
    start = before = time.perf_counter()
    for offset in offsets:
        count += os.preadv(file, [buffer], offset)
        now = time.perf_counter()
        latencies.append(round((now - before) * 1000, 3))
        before = now
    print(json.dumps({"bytes": count, "seconds": before - start, "latencies_ms": latencies}))


def random_offsets(length, size, count, seed, start=0, end=0):
    chosen = random.Random(seed)
    return [chosen.randrange(start, (end or length) - size) for _ in range(count)]


main(*sys.argv[1:])
