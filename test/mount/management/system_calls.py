"""Makes system calls in a mount and tells the errno of each.

usage: system_calls.py MOUNTPOINT

Reads a JSON list of Python statements on stdin; in them `at(path)` is a path in the mount and `held(path)` an open descriptor
of it. Prints a JSON list: for each the name of the errno that it failed with, or null.
"""

import errno
import json
import os
import sys

mountpoint = sys.argv[1]


def at(path):
    return os.path.join(mountpoint, path)


def held(path):
    return os.open(at(path), os.O_RDONLY)


def failure(statement):
    before = set(os.listdir("/proc/self/fd"))
    try:
        exec(statement, {"os": os, "at": at, "held": held})
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        for descriptor in set(os.listdir("/proc/self/fd")) - before:
            try:
                os.close(int(descriptor))
            except OSError:
                pass  # the one that listed the folder
    return None


print(json.dumps([failure(statement) for statement in json.load(sys.stdin)]))
