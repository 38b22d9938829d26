# SPDX-License-Identifier: Apache-2.0
"""Threads, processes, signals and arithmetic; prints the same everywhere."""
import decimal
import hashlib
import json
import os
import queue
import random
import re
import signal
import struct
import threading
import zlib

r = random.Random(11)
words = ["%x" % r.getrandbits(40) for _ in range(8000)]
text = json.dumps({w: [i, i / 7, w[::-1]] for i, w in enumerate(words)})
back = json.loads(text)
print(hashlib.sha256(json.dumps(back).encode()).hexdigest(),
      zlib.crc32(zlib.decompress(zlib.compress(text.encode()))),
      len(re.findall(r"[a-f]{3}\d", text)))

decimal.getcontext().prec = 120
x = decimal.Decimal(2)
for _ in range(12):
    x = (x + 2 / x) / 2
print(x, sum(struct.unpack("<1000d", struct.pack(
    "<1000d", *(r.random() for _ in range(1000))))))

todo, done = queue.Queue(), queue.Queue()


def worker():
    while True:
        n = todo.get()
        if n is None:
            return
        done.put(pow(3, n, 2 ** 89 - 1))


threads = [threading.Thread(target=worker) for _ in range(4)]
for t in threads:
    t.start()
for i in range(2000):
    todo.put(i)
for t in threads:
    todo.put(None)
for t in threads:
    t.join()
total = 0
while not done.empty():
    total ^= done.get()
print(total)

ticks = []
signal.signal(signal.SIGALRM, lambda s, f: ticks.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
while len(ticks) < 10:
    signal.pause()
signal.setitimer(signal.ITIMER_REAL, 0)
codes = 0
for i in range(20):
    pid = os.fork()
    if not pid:
        os._exit(i * 3 % 11)
    codes += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(codes)
