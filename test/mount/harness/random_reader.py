"""Reads a file at random and compares every byte with its source.

usage: random_reader.py FILE SOURCE SEED COUNT MAX_LENGTH

Prints one line for each wrong read, and exits 1 if there was any. A short read before the end of the file is wrong too.
"""

import os
import random
import sys


def main():
    path, source_path, seed, count, max_length = sys.argv[1:6]
    rng = random.Random(int(seed))
    mounted = os.open(path, os.O_RDONLY)
    source = os.open(source_path, os.O_RDONLY)
    size = os.fstat(source).st_size
    wrong = 0
    for _ in range(int(count)):
        offset = rng.randrange(size)
        # Half of the lengths are small: uniform ones would hardly ever be.
        length = rng.randint(1, int(max_length)) if rng.random() < 0.5 else rng.randint(1, 8192)
        got = os.pread(mounted, length, offset)
        expected = os.pread(source, length, offset)
        if got != expected:
            wrong += 1
            print(f"seed {seed}: pread({length}, {offset}) of {size}: {len(got)} bytes, equal: {got == expected}")
    sys.exit(1 if wrong else 0)


main()
