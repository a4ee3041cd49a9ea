#!/bin/sh
# Makes include/gort.h from rt-ffi: its functions with their comments by cbindgen, its types and
# macros from rt-ffi/types.h. With --check it fails when the header that is there is another one.
set -eu
cd "$(dirname "$0")/.."
version=0.29.4
cbindgen=target/tools/bin/cbindgen
if ! "$cbindgen" --version 2>/dev/null | grep -q " $version\$"; then
  cargo install --quiet cbindgen --version "$version" --locked --root target/tools
fi
made=target/gort.h
"$cbindgen" --quiet --config rt-ffi/cbindgen.toml --crate rt-ffi --output "$made.functions" rt-ffi
{
  cat rt-ffi/prelude.h
  awk '/^#ifdef __cplusplus/ && !done { while ((getline line < "rt-ffi/types.h") > 0) print line; done = 1 } { print }' \
    "$made.functions"
} >"$made"
if [ "${1-}" != --check ]; then
  mkdir -p include && cp "$made" include/gort.h
elif ! diff -u include/gort.h "$made"; then
  echo "include/gort.h is stale: run make header" >&2
  exit 1
fi
