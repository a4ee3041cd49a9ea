#!/bin/sh
# dist.sh: target/dist/gort-VERSION.tar.gz, the committed sources with every crate they need.
#
# The archive builds offline: `make build` in it finds the crates in vendor/. The same commit
# gives the same bytes.
set -eu
cd "$(dirname "$0")/.."
scripts/need.sh git cargo tar gzip
root=$PWD

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
name=gort-$version
dist=$root/target/dist
rm -rf "$dist"
mkdir -p "$dist"
if [ -n "$(git status --porcelain)" ]; then
    echo "note: what is not committed is not in the archive" >&2
fi
git archive --prefix="$name/" HEAD | tar -x -C "$dist"

cd "$dist/$name"
sync=
[ ! -f bindings/python/Cargo.toml ] || sync="--sync bindings/python/Cargo.toml"
mkdir -p .cargo
# shellcheck disable=SC2086 # nothing, or two words
cargo vendor --locked $sync vendor >>.cargo/config.toml 2>"$dist/vendor.log" || { cat "$dist/vendor.log" >&2; exit 1; }
# Is every crate there? Asked with an empty cache, so that nothing else can serve it.
CARGO_HOME=$dist/cargo cargo metadata --locked --offline --format-version 1 >/dev/null
rm -rf "${dist:?}/cargo" "$dist/vendor.log"

cd "$dist"
time=$(git -C "$root" log -1 --format=%ct HEAD)
tar --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -n -9 >"$name.tar.gz"
rm -r "${dist:?}/$name"
ls -l "$name.tar.gz"
