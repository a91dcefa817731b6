"""Reads once from a file and tells what came of it.

usage: one_read.py FILE OFFSET LENGTH [nonblock]

Prints JSON: how many bytes came, their SHA-1, the name of the errno (null when there was none), and how many seconds it took.
"""

import errno
import hashlib
import json
import os
import sys
import time


def main():
    path, offset, length = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    flags = os.O_NONBLOCK if "nonblock" in sys.argv[4:] else 0
    descriptor = os.open(path, os.O_RDONLY | flags)
    start = time.monotonic()
    got, failure = b"", None
    try:
        got = os.pread(descriptor, length, offset)
    except OSError as error:
        failure = errno.errorcode[error.errno]
    seconds = time.monotonic() - start
    print(json.dumps({"bytes": len(got), "sha1": hashlib.sha1(got).hexdigest(), "errno": failure, "seconds": seconds}))


main()
