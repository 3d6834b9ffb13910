#!/bin/sh
# The browser tests drive Debian's Chromium; install it (as root) or say what to install.
set -eu
if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium and ChromeDriver"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver fonts-dejavu-core >/dev/null
else
    echo "The tests need Chromium and ChromeDriver. Install them, then run this again:" >&2
    echo "    sudo apt-get install chromium chromium-driver" >&2
    exit 1
fi
