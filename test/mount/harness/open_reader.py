"""Keeps a file open, and reads from it what its input says.

usage: open_reader.py FILE

Each line of the input is an offset and a length. For each it prints JSON: how many bytes came, their SHA-1, and the name of the
errno (null when there was none).
"""

import errno
import hashlib
import json
import os
import sys

descriptor = os.open(sys.argv[1], os.O_RDONLY)
print(json.dumps({"open": True}), flush=True)
for line in sys.stdin:
    offset, length = map(int, line.split())
    got, failure = b"", None
    try:
        got = os.pread(descriptor, length, offset)
    except OSError as error:
        failure = errno.errorcode[error.errno]
    print(json.dumps({"bytes": len(got), "sha1": hashlib.sha1(got).hexdigest(), "errno": failure}), flush=True)
