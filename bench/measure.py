"""Reads or looks at files and prints JSON: {"bytes", "seconds", "latencies_ms"}.

measure.py sequential PATH READ_SIZE        all of it, in order
measure.py random PATH READ_SIZE COUNT SEED [START END]   COUNT reads at random offsets of [START, END)
measure.py stat PATH_FORMAT COUNT           stat of COUNT files, whose paths the numbers from 0 on are formatted into
"""
import json
import os
import random
import sys
import time


def main(kind, path, *rest):
    if kind == "stat":
        return stat(path, int(rest[0]))
    size = int(rest[0])
    file = os.open(path, os.O_RDONLY)
    end = os.fstat(file).st_size
    offsets = range(0, end, size) if kind == "sequential" else random_offsets(end, size, *map(int, rest[1:]))
    buffer = bytearray(size)
    return timed(lambda offset: os.preadv(file, [buffer], offset), offsets)


def stat(path_format, count):
    paths = [path_format % number for number in range(count)]
    return timed(lambda path: os.stat(path) and 0, paths)


def timed(do, items):
    latencies = []
    count = 0
    start = before = time.perf_counter()
    for item in items:
        count += do(item)
        now = time.perf_counter()
        latencies.append(round((now - before) * 1000, 3))
        before = now
    return {"bytes": count, "seconds": before - start, "latencies_ms": latencies}


def random_offsets(length, size, count, seed, start=0, end=0):
    chosen = random.Random(seed)
    return [chosen.randrange(start, (end or length) - size) for _ in range(count)]


print(json.dumps(main(*sys.argv[1:])))
