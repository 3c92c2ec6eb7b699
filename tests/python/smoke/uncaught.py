# An uncaught exception is printed to stderr and makes the exit code 1.
def fail():
    raise ValueError("as meant")


fail()
# expect-error: Traceback (most recent call last):
# expect-error: ValueError: as meant
