#!/bin/sh
# python.sh wheel: builds the wheel of bindings/python into target/wheels.
# python.sh test:  the same, then installs it into target/venv and runs its tests there.
set -eu
cd "$(dirname "$0")/.."
binding=bindings/python
if [ ! -f $binding/pyproject.toml ]; then
    echo "there is no $binding/pyproject.toml: the Python binding is not in this tree" >&2
    exit 1
fi
scripts/need.sh cargo python3

wheel() {
    scripts/venv.sh maturin
    rm -f target/wheels/gort-*.whl
    target/venv/bin/maturin build --release --quiet --interpreter target/venv/bin/python \
        --manifest-path $binding/Cargo.toml --target-dir target/python --out target/wheels
    ls target/wheels/gort-*.whl
}

case ${1:-} in
wheel) wheel ;;
test)
    wheel
    scripts/venv.sh pytest mypy
    target/venv/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps target/wheels/gort-*.whl
    # Not from the top: the tests are to import what was installed.
    cd target
    exec venv/bin/python -m pytest --quiet ../$binding/tests
    ;;
*)
    echo "usage: $0 wheel | test" >&2
    exit 64
    ;;
esac
