#!/bin/sh
# python.sh wheel [INTERPRETER [DIRECTORY]]: builds the wheel of bindings/python into target/wheels.
# python.sh test [ARGUMENT...]: the same, then runs its tests, see tests/run_python.py.
set -eu
cd "$(dirname "$0")/.."
binding=bindings/python
if [ ! -f $binding/pyproject.toml ]; then
    echo "there is no $binding/pyproject.toml: the Python binding is not in this tree" >&2
    exit 1
fi
scripts/need.sh cargo python3

wheel() {
    wheels=${2:-target/wheels}
    scripts/venv.sh maturin
    rm -f "$wheels"/gort-*.whl
    target/venv/bin/maturin build --release --quiet --interpreter "${1:-target/venv/bin/python}" \
        --manifest-path $binding/Cargo.toml --target-dir target/python --out "$wheels"
    ls "$wheels"/gort-*.whl
}

verb=${1:-}
[ $# = 0 ] || shift
case $verb in
wheel) wheel "$@" ;;
test)
    wheel
    exec python3 tests/run_python.py "$@"
    ;;
*)
    echo "usage: $0 wheel [INTERPRETER [DIRECTORY]] | test [ARGUMENT...]" >&2
    exit 64
    ;;
esac
