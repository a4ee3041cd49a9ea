#!/bin/sh
# native-libs.sh: prints what a program that links libgort.a must link too, as linker options.
#
# rustc knows. It says so only while it makes a static library, so this builds one, unoptimised
# and apart from the real one, and keeps the answer until the compiler or Cargo.lock changes.
set -eu
cd "$(dirname "$0")/.."
kept=target/native-libs/options
if [ -s $kept ] && [ $kept -nt Cargo.lock ] && ! command -v rustc >/dev/null 2>&1; then
    cat $kept # as root in `sudo make install`, where there may be no Rust
    exit 0
fi
scripts/need.sh cargo
mkdir -p target/native-libs
version=target/native-libs/rustc
if [ ! -s $kept ] || [ $kept -ot Cargo.lock ] || [ "$(rustc -vV)" != "$(cat $version 2>/dev/null)" ]; then
    rm -f $kept
    said=$(cargo rustc --quiet --package rt-ffi --lib --crate-type staticlib --target-dir target/native-libs \
        -- --print native-static-libs 2>&1) || { echo "$said" >&2; exit 1; }
    echo "$said" | sed -n 's/^note: native-static-libs: //p' | head -n 1 >$kept
    rustc -vV >$version
fi
if [ ! -s $kept ]; then
    echo "rustc did not name the native libraries" >&2
    exit 1
fi
cat $kept
