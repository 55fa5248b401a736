#!/bin/sh
# Makes the roles and databases of Temporal and of the ledger, each role with the
# password of its file. What exists is kept, and a password that has changed is
# taken over, so it may run at every start. It speaks to any PostgreSQL that PGHOST,
# PGPORT and PGUSER name; that user must be allowed to create roles and databases.
set -eu

: "${SECRETS:?names the folder with the files postgres_password, temporal_password and ledger_password}"
PGPASSWORD=$(cat "$SECRETS/postgres_password")
export PGPASSWORD PGOPTIONS='-c client_min_messages=warning'

# Temporal and the ledger share a server, and nothing else: neither role sees the
# other's data. psql's \gexec runs what a query returns, and nothing when it returns
# nothing, which stands in for the CREATE ... IF NOT EXISTS that PostgreSQL lacks.
role() { # role, password file, databases ...
	role=$1 password=$(cat "$2")
	shift 2
	# By standard input, not as an argument: arguments of processes can be seen.
	psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname postgres <<-SQL
		SELECT 'CREATE ROLE $role LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role') \gexec
		ALTER ROLE $role PASSWORD '$password';
	SQL
	for database in "$@"; do
		psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname postgres <<-SQL
			GRANT $role TO CURRENT_USER;
			SELECT 'CREATE DATABASE $database OWNER $role' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$database') \gexec
			REVOKE CONNECT, TEMPORARY ON DATABASE $database FROM PUBLIC;
		SQL
		echo "database $database belongs to $role"
	done
}

role temporal "$SECRETS/temporal_password" temporal temporal_visibility
role refundflow "$SECRETS/ledger_password" refundflow
