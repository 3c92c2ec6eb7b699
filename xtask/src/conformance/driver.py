"""Runs one module of CPython's test suite and writes down how each method went, as it goes.

Usage: driver.py MODULE TESTS OUT [skip=FILE] [only=FILE] [match=TEXT] [executable=PATH]
  TESTS is a folder that holds nothing but CPython's package `test`; OUT gets lines of tab-separated fields:
    S id                        a method starts
    R id outcome ms message     it has ended: pass, fail or skip
    E                           the run is over
This runs under an interpreter that is still growing, so it uses little: every convenience here is one more thing
that must work before anything can be measured.
"""

import os
import sys
import time

# Set by `main`. Importing this file does nothing: multiprocessing imports the main program again in its children.
MODULE = PREFIX = ""
OPTIONS = {}
out = owner = None


def emit(*fields):
    # A test may fork and let the child run on by mistake: only the process that began may speak.
    if os.getpid() == owner:
        line = "\t".join([field.replace("\t", " ").replace("\n", " ") for field in fields]) + "\n"
        os.write(out, line.encode("utf-8", "replace"))


def ident(test):
    name = test if isinstance(test, str) else test.id()
    if name.startswith(PREFIX):
        name = name[len(PREFIX):]
    return name


def first_line(kind, value):
    try:
        lines = [line.strip() for line in str(value).split("\n") if line.strip()]
    except Exception:
        lines = ["(its text cannot be had)"]
    text = lines[0] if lines else ""
    if text.startswith("Failed doctest") and len(lines) > 1:
        text = "doctest: " + lines[-1]
    return (getattr(kind, "__name__", "?") + ": " + text)[:300]


def names_in(path):
    with open(path) as file:
        return set(file.read().split("\n"))


def load(emit_failure):
    """The tests of the module as one list, or None if the module asks to be skipped or cannot be imported."""
    import unittest

    try:
        __import__("test." + MODULE)
    except unittest.SkipTest as reason:
        emit("R", "<module>", "skip", "0", str(reason))
        return None
    except Exception as error:
        emit_failure("<module>", error)
        return None
    module = sys.modules["test." + MODULE]
    loader = unittest.TestLoader()
    tests = loader.loadTestsFromModule(module)
    if loader.errors and hasattr(module, "load_tests"):
        # The module's own way of loading fails; its plain test cases may still be fine.
        emit("R", "<load_tests>", "fail", "0", loader.errors[0].strip().split("\n")[-1])
        del module.load_tests
        tests = unittest.TestLoader().loadTestsFromModule(module)
    return flatten(tests, [])


def flatten(tests, into):
    try:
        inner = list(tests)
    except TypeError:
        into.append(tests)
        return into
    for test in inner:
        flatten(test, into)
    return into


def make_recorder():
    import unittest

    class Recorder(unittest.TestResult):
        current = None
        outcome = None
        message = ""
        began = 0.0

        def startTest(self, test):
            self.current = test
            self.outcome = None
            self.message = ""
            emit("S", ident(test))
            self.began = time.perf_counter()

        def stopTest(self, test):
            ms = int((time.perf_counter() - self.began) * 1000)
            # Without an outcome an exception such as KeyboardInterrupt is about to end us: the method is the culprit.
            if self.outcome is not None:
                emit("R", ident(test), self.outcome, str(ms), self.message)
            self.current = None

        def failed(self, test, message):
            if self.current is None:
                # A class's or module's setUp or tearDown.
                emit("R", "<" + str(test).replace(PREFIX, "") + ">", "fail", "0", message)
            elif self.outcome != "fail":
                self.outcome = "fail"
                self.message = message

        def addError(self, test, err):
            self.failed(test, first_line(err[0], err[1]))

        def addFailure(self, test, err):
            self.failed(test, first_line(err[0], err[1]))

        def addSubTest(self, test, subtest, err):
            if err is not None:
                self.failed(test, first_line(err[0], err[1]))

        def addUnexpectedSuccess(self, test):
            self.failed(test, "unexpected success")

        def addExpectedFailure(self, test, err):
            self.addSuccess(test)

        def addSuccess(self, test):
            if self.outcome is None:
                self.outcome = "pass"

        def addSkip(self, test, reason):
            if self.current is None:
                emit("R", "<" + str(test).replace(PREFIX, "") + ">", "skip", "0", str(reason))
            elif self.outcome is None:
                self.outcome = "skip"
                self.message = str(reason)

        def addDuration(self, test, elapsed):
            pass

    return Recorder()


def prepare_support():
    """What CPython's own runner sets up: no resources (network, gui, cpu, ...), no chatter.

    Methods marked as being for CPython alone are run as well: what counts is what passes under CPython, and most of
    them ask for something that programs could ask for.
    """
    try:
        from test import support
    except Exception:
        return
    support.verbose = 0
    support.use_resources = []
    support.max_memuse = 0
    support.failfast = False
    support.impl_detail = lambda msg=None, **guards: lambda test: test
    try:
        support.record_original_stdout(sys.stdout)
    except Exception:
        pass


def main():
    global MODULE, PREFIX, out, owner
    MODULE, tests_folder, out_file = sys.argv[1:4]
    PREFIX = "test." + MODULE + "."
    for word in sys.argv[4:]:
        key, _, value = word.partition("=")
        OPTIONS[key] = value
    out = os.open(out_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    owner = os.getpid()
    sys.path.insert(0, tests_folder)
    # The folder of this file must not shadow modules.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if entry != here]
    # Test programs that look at their own command line should see a plain one.
    sys.argv[1:] = []
    if "executable" in OPTIONS:
        sys.executable = OPTIONS["executable"]

    def emit_failure(name, error):
        emit("R", name, "fail", "0", first_line(type(error), error))

    emit("S", "<module>")
    try:
        import unittest
    except Exception as error:
        emit_failure("<module>", error)
        emit("E")
        return
    prepare_support()
    tests = load(emit_failure)
    if tests is None:
        emit("E")
        return
    emit("R", "<module>", "pass", "0", "")
    if "skip" in OPTIONS:
        done = names_in(OPTIONS["skip"])
        tests = [test for test in tests if ident(test) not in done]
    if "only" in OPTIONS:
        wanted = names_in(OPTIONS["only"])
        tests = [test for test in tests if ident(test) in wanted]
    if "match" in OPTIONS:
        tests = [test for test in tests if OPTIONS["match"] in ident(test)]
    unittest.TestSuite(tests).run(make_recorder())
    emit("E")


if __name__ == "__main__":
    main()
