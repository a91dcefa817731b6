"""Stops the engine thread of a torrent-fuse process, and nothing else of it, until stdin ends.

usage: stop_thread.py PID

Threads have no names before Node 24. The engine's is the first that waits in epoll_wait(2), after the main thread and the one
that V8's platform has for timers, the second of every Node process. Prints a line when it has stopped.
"""

import ctypes
import os
import sys

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
libc = ctypes.CDLL(None, use_errno=True)


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace(2)")


def waits_in_epoll(thread):
    with open(f"/proc/{pid}/task/{thread}/wchan") as wchan:
        return wchan.read() in ("do_epoll_wait", "ep_poll")


pid = sys.argv[1]
threads = sorted(int(thread) for thread in os.listdir(f"/proc/{pid}/task"))
engine = next(thread for thread in threads[2:] if waits_in_epoll(thread))
ptrace(PTRACE_SEIZE, engine)
ptrace(PTRACE_INTERRUPT, engine)
os.waitpid(engine, 0x40000000)  # __WALL: also for a thread
print(f"thread {engine} has stopped", flush=True)
sys.stdin.read()  # whoever traced ends, and the thread goes on
