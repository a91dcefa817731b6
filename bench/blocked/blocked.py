"""blocked.py PATH COUNT STRIDE: COUNT threads, each with a descriptor of its own, wait for bytes at multiples of STRIDE for ever."""
import errno
import os
import sys
import threading

path, count, stride = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def wait(offset):
    file = os.open(path, os.O_RDONLY)
    while True:
        try:
            os.pread(file, 4096, offset)
            raise SystemExit("bytes came that nobody has")
        except OSError as error:
            if error.errno != errno.ETIMEDOUT:
                raise


threading.stack_size(256 * 1024)
for number in range(count):
    threading.Thread(target=wait, args=(number * stride,), daemon=True).start()
sys.stdin.read()
os._exit(0)
