#!/bin/sh
# Installs Debian's CPython (with its test suite) and PyPy into a folder of their own.
# Usage: install.sh FOLDER. Leaves FOLDER/root (a small Debian) and FOLDER/bin/{cpython,pypy}.
set -eu
folder=$1
suite=forky
packages=python3.14,python3.14-venv,libpython3.14-testsuite,pypy3

if ! command -v debootstrap >/dev/null 2>&1; then
    command -v apt-get >/dev/null 2>&1 || { echo "this needs debootstrap, or apt-get to install it" >&2; exit 1; }
    apt-get update -qq >&2
    apt-get install -y -qq debootstrap >&2
fi

# An older debootstrap may not know the suite by name; all recent suites are set up like sid.
script=
if [ ! -e /usr/share/debootstrap/scripts/$suite ]; then
    script=/usr/share/debootstrap/scripts/sid
fi

mkdir -p "$folder/bin"
rm -rf "$folder/root.new"
# shellcheck disable=SC2086
if ! debootstrap --variant=minbase --include=$packages $suite "$folder/root.new" \
    http://deb.debian.org/debian $script >"$folder/install.log" 2>&1
then
    tail -n 8 "$folder/install.log" >&2
    exit 1
fi
rm -rf "$folder/root"
mv "$folder/root.new" "$folder/root"

root=$folder/root
loader=$(ls "$root"/lib*/ld-linux*.so.* | head -n 1)
libraries=$(find "$root/usr/lib" "$root/lib" -name libc.so.6 -exec dirname {} \; | sort -u | paste -s -d :)

# The real wrapper stands among the installation's own programs, so that an interpreter that looks around its
# sys.executable finds its library, and one that starts sys.executable again starts the wrapper.
wrap() {
    cat >"$root/usr/bin/$1" <<END
#!/bin/sh
exec $loader --argv0 $root/usr/bin/$1 --library-path $libraries $root/usr/bin/$2 "\$@"
END
    chmod +x "$root/usr/bin/$1"
    ln -sf "$root/usr/bin/$1" "$folder/bin/$1"
}
wrap cpython python3.14
wrap pypy "$(basename "$(readlink -f "$root/usr/bin/pypy3")")"
