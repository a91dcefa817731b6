"""Opens, reads, seeks, maps and closes files at random, and compares every byte with its source.

usage: random_reader.py SEED COUNT SECONDS [FILE SOURCE]...

Stops after COUNT operations or SECONDS seconds. Prints JSON: how many operations there were, how often each errno came of each
file, and what was wrong. SIGBUS is what a failed read of a map gives, SHORT a read of which the kernel asked in several requests
and a later one failed. Any other short read before the end of the file is wrong, and so is EAGAIN without O_NONBLOCK.
"""

import collections
import errno
import json
import mmap
import os
import random
import signal
import sys
import time

MAX_OPEN = 4
MiB = 1 << 20
# Bytes of one request: 256 pages, of which the buffer may begin within the first.
REQUEST = MiB - 4096


class OpenFile:
    def __init__(self, path, source, flags):
        self.path = path
        self.flags = flags
        self.mounted = os.open(path, os.O_RDONLY | flags)
        self.source = os.open(source, os.O_RDONLY)
        self.size = os.fstat(self.source).st_size
        # Two interleaved readers.
        self.cursors = [0, random.randrange(self.size)]

    def close(self):
        os.close(self.mounted)
        os.close(self.source)


class Reader:
    def __init__(self, files):
        self.files = files
        self.open_files = []
        self.errors = collections.Counter()
        self.wrong = []

    def operate(self):
        dice = random.random()
        if not self.open_files or (dice < 0.03 and len(self.open_files) < MAX_OPEN):
            self.open()
        elif dice < 0.05:
            self.open_files.pop(random.randrange(len(self.open_files))).close()
        elif dice < 0.06:
            self.compare(self.map)
        elif dice < 0.10:
            self.compare(self.seek_and_read)
        else:
            self.compare(self.read)

    def open(self):
        flags = os.O_NONBLOCK if random.random() < 0.2 else 0
        self.open_files.append(OpenFile(*random.choice(self.files), flags))

    def compare(self, read):
        file = random.choice(self.open_files)
        which = random.randrange(2)
        offset, length = place(file, which)
        try:
            right = read(file, offset, length)
        except OSError as error:
            self.failed(file, errno.errorcode[error.errno])
            return
        file.cursors[which] = (offset + length) % file.size
        if not right:
            self.wrong.append(f"{read.__name__} of {length} bytes at {offset} of {file.path}, {file.size} bytes long")

    def read(self, file, offset, length):
        return self.is_right(file, os.pread(file.mounted, length, offset), offset, length)

    def seek_and_read(self, file, offset, length):
        os.lseek(file.mounted, offset - file.size, os.SEEK_END)
        got = os.read(file.mounted, length)
        at = os.lseek(file.mounted, 0, os.SEEK_CUR)
        return at == offset + len(got) and self.is_right(file, got, offset, length)

    def is_right(self, file, got, offset, length):
        expected = os.pread(file.source, length, offset)
        if got == expected:
            return True
        if len(got) < REQUEST or got != expected[: len(got)]:
            return False
        self.failed(file, "EAGAIN" if file.flags & os.O_NONBLOCK else "SHORT")
        return True

    def map(self, file, offset, length):
        start = offset - offset % mmap.ALLOCATIONGRANULARITY
        end = min(offset + length, file.size)
        child = os.fork()
        if child == 0:
            mapped = mmap.mmap(file.mounted, end - start, mmap.MAP_SHARED, mmap.PROT_READ, offset=start)
            os._exit(0 if mapped[offset - start :] == os.pread(file.source, end - offset, offset) else 1)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGBUS:
            self.failed(file, "EAGAIN" if file.flags & os.O_NONBLOCK else "SIGBUS")
            return True
        return status == 0

    def failed(self, file, name):
        if name == "EAGAIN" and not file.flags & os.O_NONBLOCK:
            self.wrong.append(f"EAGAIN of {file.path}, which was opened without O_NONBLOCK")
        self.errors[f"{name} of {os.path.basename(file.path)}"] += 1


def place(file, which):
    """Mostly in sequence, or somewhere near; one in ten anywhere."""
    dice = random.random()
    if dice < 0.6:
        offset = file.cursors[which]
    elif dice < 0.9:
        offset = min(max(0, file.cursors[which] + random.randint(-MiB, MiB // 4)), file.size - 1)
    else:
        offset = random.randrange(file.size)
    return offset, random.randint(1, random.choice([16, 8192, 64 * 1024, 64 * 1024, MiB // 4, 2 * MiB]))


def main():
    seed, count, seconds, *paths = sys.argv[1:]
    random.seed(int(seed))
    reader = Reader(list(zip(paths[::2], paths[1::2])))
    end = time.monotonic() + float(seconds)
    operations = 0
    while operations < int(count) and time.monotonic() < end:
        reader.operate()
        operations += 1
    print(json.dumps({"operations": operations, "errors": reader.errors, "wrong": reader.wrong[:20]}))
    sys.exit(1 if reader.wrong else 0)


main()
