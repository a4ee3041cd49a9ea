#!/bin/sh
# need.sh TOOL...: says which of the tools are missing and how to get them, and fails when one is.
#
# TOOL is a command (make, cargo, cc, c++, python3, readelf, ...) or one of
#   rustfmt, clippy   the parts of the Rust toolchain
#   miri              that of the nightly toolchain
#   venv              python3's module, which some systems package apart
set -u

present() {
    case $1 in
    rustfmt) cargo fmt --version >/dev/null 2>&1 ;;
    clippy) cargo clippy --version >/dev/null 2>&1 ;;
    miri) cargo +nightly miri --version >/dev/null 2>&1 ;;
    venv) python3 -c 'import venv, ensurepip' >/dev/null 2>&1 ;;
    cc) command -v "${CC:-cc}" >/dev/null 2>&1 ;;
    c++) command -v "${CXX:-c++}" >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

remedy() {
    case $1 in
    cargo) echo "Rust, from https://rustup.rs" ;;
    rustfmt | clippy) echo "rustup component add $1" ;;
    miri) echo "rustup toolchain install nightly --component miri,rust-src" ;;
    cc) echo "a C compiler: gcc or clang, or set CC" ;;
    c++) echo "a C++ compiler: g++ or clang++, or set CXX" ;;
    python3) echo "Python 3.9 or newer" ;;
    venv) echo "python3's venv module (Debian: apt install python3-venv)" ;;
    readelf | ld | objcopy | nm) echo "binutils" ;;
    *) echo "$1" ;;
    esac
}

missing=0
for tool in "$@"; do
    if ! present "$tool"; then
        echo "missing: $tool. Needed: $(remedy "$tool")" >&2
        missing=1
    fi
done
exit $missing
