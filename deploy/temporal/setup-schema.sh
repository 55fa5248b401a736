#!/bin/sh
# Brings Temporal's two databases to the schema of the temporal-sql-tool that runs
# here. It is the official tool's own way, and repeats itself harmlessly: setup-schema
# leaves a database alone that has a version, update-schema does only what is missing.
# An upgrade of the server wants it run before the new server starts.
set -eu

: "${SQL_HOST:?names the PostgreSQL server}" "${SQL_PASSWORD_FILE:?names the file with the password of the role temporal}"
SQL_PASSWORD=$(cat "$SQL_PASSWORD_FILE")
export SQL_PASSWORD SQL_PLUGIN=postgres12 SQL_USER=temporal SQL_PORT="${SQL_PORT:-5432}"

schema() { # database, schema
	temporal-sql-tool --database "$1" setup-schema --version 0.0
	temporal-sql-tool --database "$1" update-schema --schema-name "postgresql/v12/$2"
}

schema temporal temporal
schema temporal_visibility visibility
