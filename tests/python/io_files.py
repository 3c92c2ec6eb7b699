# Files and the functions of os on them.
import os

path = f"/tmp/ferropy-io-{os.getpid()}"
with open(path, "w") as f:
    assert f.write("first\nsecond\n") == 13
    f.writelines(["third"])
assert f.closed
with open(path) as f:
    assert f.readline() == "first\n"
    assert f.read(3) == "sec"
    assert f.read() == "ond\nthird"
with open(path, "rb") as f:
    assert f.read() == b"first\nsecond\nthird"
    assert f.seek(-5, 2) == 13
    assert f.read() == b"third"
with open(path, "r+b") as f:
    assert f.read(2) == b"fi"
    f.write(b"XX")
    f.seek(0)
    assert f.readline() == b"fiXXt\n"
with open(path, "ab", buffering=0) as f:
    f.write(b"!")
st = os.stat(path)
assert st.st_size == 19 and st[6] == 19, st
assert os.path.exists(path) and os.path.isfile(path) and not os.path.isdir(path)
os.rename(path, path + "2")
assert not os.path.exists(path)
try:
    open(path)
except FileNotFoundError as e:
    assert e.errno == 2 and e.filename == path, e
else:
    raise AssertionError
os.unlink(path + "2")
os.mkdir(path)
open(path + "/a", "w").close()
os.mkdir(path + "/b")
assert sorted(os.listdir(path)) == ["a", "b"]
with os.scandir(path) as it:
    assert sorted((e.name, e.is_dir()) for e in it) == [("a", False), ("b", True)]
os.unlink(path + "/a")
os.rmdir(path + "/b")
os.rmdir(path)
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    os.write(w, b"child")
    os._exit(7)
assert os.read(r, 10) == b"child"
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
assert os.path.normpath("/a/./b/../c//d") == "/a/c/d"
