#!/bin/sh
# venv.sh [PACKAGE...]: makes the virtual environment target/venv and installs packages into it.
#
# Versions are pinned in scripts/requirements.txt; a package that is not in it is refused. What
# is there already is not fetched again, so this also works offline once it has run.
set -eu
cd "$(dirname "$0")/.."
scripts/need.sh python3 venv

venv=target/venv
if [ ! -x $venv/bin/python ]; then
    echo "making $venv"
    python3 -m venv $venv
fi
wanted=
for package in "$@"; do
    pinned=$(grep "^$package==" scripts/requirements.txt) || {
        echo "$package is not in scripts/requirements.txt" >&2
        exit 1
    }
    $venv/bin/python -m pip freeze --disable-pip-version-check | grep -qix "$pinned" || wanted="$wanted $pinned"
done
if [ -n "$wanted" ]; then
    echo "installing$wanted into $venv"
    # shellcheck disable=SC2086 # a list of words
    $venv/bin/python -m pip install --quiet --disable-pip-version-check $wanted || {
        echo "missing:$wanted. Could not be fetched from PyPI; without network, put it into $venv yourself." >&2
        exit 1
    }
fi
