#!/bin/sh
# Starts the Temporal server with its password from a file: the server itself reads
# passwords from the environment alone, which "docker inspect" would show.
set -eu

: "${POSTGRES_PWD_FILE:?names the file with the password of the role temporal}"
POSTGRES_PWD=$(cat "$POSTGRES_PWD_FILE")
export POSTGRES_PWD
exec temporal-server start
