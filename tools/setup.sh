#!/bin/sh
# Usage: tools/setup.sh core | dev | sdk | lock
#
#   core  what `ratable` and its books need to run -> .venv, stamp .venv/.core
#   dev   the same, with test tools and Spark     -> .venv, stamps .venv/.core and .venv/.dev
#   sdk   another vendor's client, for tests      -> .venv-sdk, stamp .venv-sdk/.ready
#   lock  newest versions that the project admits -> requirements/constraints.txt
#
# Installs honour requirements/constraints.txt. PYTHON=... chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."
what=${1:?"core, dev, sdk or lock"}

fail() {
    echo "ratable: $*" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    seen=""
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        is_new_enough "$candidate" && { echo "$candidate"; return; }
        seen="$seen $candidate ($("$candidate" --version 2>&1 | head -n 1))"
    done
    fail "Python 3.11 or newer is needed; found:${seen:- none}. PYTHON=... make ... chooses another."
}

create() { # create FOLDER: an empty virtual environment with pip
    python=$(find_python)
    echo "Creating $1 with $("$python" --version) ..."
    rm -rf "$1"
    if "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        "$python" -m venv "$1"
    elif "$python" -m venv --without-pip "$1" 2>/dev/null \
        && "$python" -m pip --quiet --python "$1/bin/python" install pip 2>/dev/null; then
        : # a Python without ensurepip, but with a pip that can install into the new environment
    else
        rm -rf "$1"
        fail "$python cannot create virtual environments with pip. On Debian and Ubuntu: apt-get install python3-venv"
    fi
}

install() { # install EXTRAS
    .venv/bin/python -c 'import pip' 2>/dev/null && is_new_enough .venv/bin/python || create .venv
    echo "Installing ratable$1 into .venv (only when something has changed) ..."
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --constraint requirements/constraints.txt --editable ".$1"
}

case $what in
core)
    install "[server]"
    touch .venv/.core
    ;;
dev)
    install "[dev]"
    touch .venv/.core .venv/.dev
    ;;
sdk)
    create .venv-sdk
    .venv-sdk/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/zuora-sdk.txt
    touch .venv-sdk/.ready
    ;;
lock)
    create .venv-lock
    .venv-lock/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
    {
        echo "# Exact versions of everything that 'make demo', 'make test' and 'make check' install (extras dev, server and spark)."
        echo "# Renew with: make lock"
        .venv-lock/bin/python -m pip freeze --exclude-editable --disable-pip-version-check | grep -E '^[A-Za-z0-9._-]+=='
    } >requirements/constraints.txt.new
    mv requirements/constraints.txt.new requirements/constraints.txt
    rm -rf .venv-lock
    echo "Renewed requirements/constraints.txt; run make check and make test before you keep it."
    ;;
*) fail "unknown: $what (core, dev, sdk or lock)" ;;
esac
