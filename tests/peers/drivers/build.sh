#!/bin/sh
# Builds the drivers in C and C++ into a folder:   tests/peers/drivers/build.sh target/drivers
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
g++ -O1 -o "$1/gloox" "$here/gloox.cpp" -lgloox
cc -O1 -o "$1/libstrophe" "$here/libstrophe.c" -lstrophe
