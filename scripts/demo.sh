#!/bin/sh
# demo.sh [FILE-OR-DIRECTORY...]: the main job on real input, and a million goroutines.
#
# Counts the lines, words and bytes of the files given (default: this project's own) with
# examples/c/wc.c, compares the total with that of wc(1), then runs examples/c/skynet.c.
set -eu
cd "$(dirname "$0")/.."
scripts/need.sh cc

build() {
    ${CC:-cc} -std=c11 -O2 -Iinclude "examples/c/$1.c" -o "target/demo/$1" \
        -Ltarget/release -Wl,-rpath,"$PWD/target/release" -lgort -pthread
}

# The sums of the three columns of wc's tables, its own totals left out.
reference() {
    find "$@" -type f -exec wc {} + | awk '$4 != "total" { l += $1; w += $2; b += $3 } END { print l, w, b }'
}

export LC_ALL=C
mkdir -p target/demo
build wc
build skynet
if [ $# -eq 0 ]; then
    # Not what the build made: it changes while we look.
    for entry in *; do
        [ "$entry" = target ] || set -- "$@" "$entry"
    done
fi
# Older versions of wc(1) want a printable character in a word, newer ones do not: see wc_count.h.
words=
[ "$(printf '\200 \001\n' | wc -w)" -eq 0 ] || words=-a

echo "== examples/c/wc.c: $*"
# shellcheck disable=SC2086 # no option, or one
target/demo/wc -s $words "$@" | tee target/demo/counts
ours=$(awk '/ total$/ { print $1, $2, $3 }' target/demo/counts)
theirs=$(reference "$@")
if [ "$ours" != "$theirs" ]; then
    echo "wc(1) says otherwise: $theirs" >&2
    exit 1
fi
echo "wc(1) says the same"

echo "== examples/c/skynet.c: a tree of a million leaves, a goroutine each"
target/demo/skynet
