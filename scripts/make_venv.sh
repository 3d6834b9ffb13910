#!/bin/sh
# Make a virtual environment; on a Debian that lacks the module for it, install that first (as root) or say so.
set -eu
venv=$1
python=${PYTHON3:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Spikeboard needs Python 3.11 or newer; $python is $("$python" --version 2>&1). Set PYTHON3 to another." >&2
    exit 1
}
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing python3-venv"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    else
        echo "Python's venv module is missing. Install it, then run this again:  sudo apt-get install python3-venv" >&2
        exit 1
    fi
fi
echo "Making a virtual environment in $venv"
# Half an environment would look like a whole one to the next run.
"$python" -m venv "$venv" || {
    rm -rf "$venv"
    exit 1
}
