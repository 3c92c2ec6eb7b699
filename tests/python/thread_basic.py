# Threads, locks, thread-local data, signals.
import _thread
import os
import signal
import threading
import time

results = []
lock = threading.Lock()


def work(n):
    for _ in range(100):
        with lock:
            results.append(n)


threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert sorted(results) == [i for i in range(4) for _ in range(100)]

assert lock.acquire(False) and not lock.acquire(timeout=0.01)
lock.release()
try:
    lock.release()
except RuntimeError as e:
    assert str(e) == "release unlocked lock"
else:
    raise AssertionError

local = threading.local()
local.x = 1
seen = []


def other():
    seen.append(hasattr(local, "x"))
    local.x = 2


t = threading.Thread(target=other)
t.start()
t.join()
assert seen == [False] and local.x == 1

event = threading.Event()
threading.Timer(0.01, event.set).start()
assert event.wait(5)

caught = []
signal.signal(signal.SIGUSR1, lambda n, f: caught.append(n))
os.kill(os.getpid(), signal.SIGUSR1)
time.sleep(0.01)
assert caught == [signal.SIGUSR1]
try:
    _thread.interrupt_main()
    time.sleep(1)
except KeyboardInterrupt:
    pass
else:
    raise AssertionError
