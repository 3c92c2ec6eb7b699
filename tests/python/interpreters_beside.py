"""Sub-interpreters: each has its own modules, built-in functions, sys and settings, also while threads take turns."""
# expect: beside: {"a": 1} 2323
# expect: exit handler
# expect: 0 -1

import builtins
import sys
import threading
import time
from _testnative import run_in_subinterp

builtins.ours = 1
sys.ours = 2
program = """
import atexit, builtins, json, sys, threading, time
assert not hasattr(sys, "ours") and not hasattr(builtins, "ours") and __name__ == "__main__"
builtins.theirs = 1
sys.set_int_max_str_digits(2323)
seen = set()
def look():
    for i in range(5):
        seen.add(sys.get_int_max_str_digits())
        time.sleep(0.001)
thread = threading.Thread(target=look)
thread.start()
for i in range(5):
    time.sleep(0.001)
    assert not hasattr(sys, "ours")
thread.join()
print("beside:", json.dumps({"a": 1}), *seen)
atexit.register(print, "exit handler")
"""

stop = False
seen = set()


def look():
    while not stop:
        seen.add((sys.get_int_max_str_digits(), sys.ours, hasattr(builtins, "theirs")))
        time.sleep(0.001)


limit = sys.get_int_max_str_digits()
thread = threading.Thread(target=look)
thread.start()
first = run_in_subinterp(program)
stop = True
thread.join()
assert seen == {(limit, 2, False)}, seen
assert "json" not in sys.modules
print(first, run_in_subinterp("1/0"))
