#!/bin/sh
# archive.sh FROM TO: libgort.a with no other global symbols than libgort.so beside it.
#
# rustc's archive also has Rust's standard library and its compiler's helpers, with symbols that
# a second such archive in the program has too (rust_eh_personality). This links all that is
# needed into one object and makes the rest of its symbols local to that.
set -eu
from=$1 to=$2
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
nm -D --defined-only "${from%.a}.so" | sed -n 's/^[0-9a-f]* T \(gort_.*\)@@.*/\1/p' >"$work/symbols"
# Left in, the bitcode of Rust's standard library makes tools take the object for bitcode as a whole.
echo 'SECTIONS { /DISCARD/ : { *(.llvmbc .llvmcmd) } } INSERT AFTER .text;' >"$work/script"
# Groups are shared by name, but the names in them become local.
sed 's/^/-u /' "$work/symbols" >"$work/wanted"
"${LD:-ld}" -r --force-group-allocation "@$work/wanted" -T "$work/script" -o "$work/gort.o" "$from" ||
    { echo "archive.sh: $from cannot be linked into one object" >&2; exit 1; }
objcopy --keep-global-symbols="$work/symbols" "$work/gort.o"
rm -f "$to"
ar rcsD "$to" "$work/gort.o"
