"""Looks at everything below a directory, as bytes, and opens every file.

usage: survey.py DIRECTORY

Walks by descriptors, so that no path is too long. Prints JSON: how many files, directories and symlinks there are, how deep the
deepest lies, what became of reading a byte of each file (`read`, or an errno) and a list of all that is wrong.
"""

import collections
import errno
import json
import os
import stat
import sys
import unicodedata

found = {"files": 0, "directories": 0, "symlinks": 0, "depth": 0}
reads = collections.Counter()
wrong = []


def survey(directory, inside):
    """`inside`: the names from the torrent's root down to the directory; None above it."""
    names = os.listdir(directory)
    if len(set(names)) != len(names):
        wrong.append(f"{inside}: a name twice")
    for name in map(os.fsencode, names):
        if not is_fit(name):
            wrong.append(f"{inside}: {name!r} is not fit for a directory")
        look_at(directory, name, [] if inside is None else inside + [name])


def look_at(directory, name, path):
    found["depth"] = max(found["depth"], len(path))
    mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        found["directories"] += 1
        child = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=directory)
        survey(child, path)
        os.close(child)
    elif stat.S_ISLNK(mode):
        found["symlinks"] += 1
        follow(path[:-1], os.fsencode(os.readlink(name, dir_fd=directory)))
    else:
        found["files"] += 1
        reads[read_byte(directory, name)] += 1


def follow(path, target):
    for component in target.split(b"/"):
        if component == b".." and path:
            path.pop()
        elif component in (b"", b".."):
            wrong.append(f"a symlink to {target!r}")
        elif component != b".":
            path.append(component)


def read_byte(directory, name):
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK, dir_fd=directory)
        try:
            os.read(descriptor, 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "read"


def is_fit(name):
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return 0 < len(name) <= 255 and text not in (".", "..") and not any(unicodedata.category(c) == "Cc" for c in text)


sys.setrecursionlimit(10_000)
survey(os.open(sys.argv[1], os.O_RDONLY), None)
print(json.dumps({**found, "reads": reads, "wrong": wrong}))
