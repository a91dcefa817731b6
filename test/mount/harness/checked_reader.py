"""Reads a file from the beginning and compares every byte with its source, until the end or the first error.

usage: checked_reader.py FILE SOURCE

Prints JSON: how many bytes were right, the name of the errno (null at the end), and whether any byte was wrong.
"""

import errno
import json
import os
import sys


def main():
    path, source_path = sys.argv[1:3]
    source = os.open(source_path, os.O_RDONLY)
    size = os.fstat(source).st_size
    right = 0
    try:
        mounted = os.open(path, os.O_RDONLY)
        while right < size:
            got = os.pread(mounted, 64 * 1024, right)
            if got == b"" or got != os.pread(source, len(got), right):
                return tell(right, None, True)
            right += len(got)
    except OSError as error:
        return tell(right, errno.errorcode[error.errno], False)
    tell(right, None, False)


def tell(right, failure, wrong):
    print(json.dumps({"right": right, "errno": failure, "wrong": wrong}))


main()
