"""Stops the engine thread of a torrent-fuse process, and nothing else of it, until stdin ends.

usage: stop_thread.py PID

Threads have no names before Node 24. The engine's is the one whose epoll instance watches the port on which the swarm is
listened to; while it works it is in no system call that says so, so it is waited for. Prints a line when it has stopped.
"""

import ctypes
import os
import sys
import time

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
LISTENING = "0A"
libc = ctypes.CDLL(None, use_errno=True)
pid = sys.argv[1]


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace(2)")


def lines(path):
    with open(path) as file:
        return file.read().splitlines()


def listening_descriptors():
    rows = [line.split() for family in ("tcp", "tcp6") for line in lines(f"/proc/{pid}/net/{family}")[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[3] == LISTENING}
    folder = f"/proc/{pid}/fd"
    return {int(fd) for fd in os.listdir(folder) if link(f"{folder}/{fd}") in sockets}


def link(path):
    try:
        return os.readlink(path)
    except FileNotFoundError:
        return None  # closed meanwhile


def watched_by(thread):
    """The descriptors that the epoll instance watches in which the thread waits; none while it works."""
    with open(f"/proc/{pid}/task/{thread}/wchan") as wchan:
        if wchan.read() not in ("do_epoll_wait", "ep_poll"):
            return set()
    call = lines(f"/proc/{pid}/task/{thread}/syscall")[0].split()
    if len(call) < 2:
        return set()
    try:
        info = [line.split() for line in lines(f"/proc/{pid}/fdinfo/{int(call[1], 16)}")]
    except FileNotFoundError:
        return set()  # it went on to another call in between
    return {int(row[1]) for row in info if row[0] == "tfd:"}


def engine_thread():
    ports = listening_descriptors()
    threads = os.listdir(f"/proc/{pid}/task")
    return next((int(thread) for thread in threads if ports & watched_by(thread)), None)


deadline = time.monotonic() + 15
while (engine := engine_thread()) is None:
    if time.monotonic() > deadline:
        sys.exit("no thread waits for the swarm's port")
    time.sleep(0.01)
ptrace(PTRACE_SEIZE, engine)
ptrace(PTRACE_INTERRUPT, engine)
os.waitpid(engine, 0x40000000)  # __WALL: also for a thread
print(f"thread {engine} has stopped", flush=True)
sys.stdin.read()  # whoever traced ends, and the thread goes on
