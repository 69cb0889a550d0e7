#!/bin/bash
# A stand-in for the official postgres image's entry point: the same variables, the same order of events.
# Sourced or run; `postgres` (or options only) starts a server, anything else is run as it is.
set -Eeo pipefail

# VAR, or the content of the file that VAR_FILE names
file_env() {
	local var="$1" file="${1}_FILE" default="${2:-}"
	if [ -n "${!var:-}" ] && [ -n "${!file:-}" ]; then
		echo >&2 "error: both $var and $file are set (but are exclusive)"
		exit 1
	fi
	local value="$default"
	if [ -n "${!var:-}" ]; then
		value="${!var}"
	elif [ -n "${!file:-}" ]; then
		value="$(< "${!file}")"
	fi
	export "$var"="$value"
	unset "$file"
}

wants_help() {
	local arg
	for arg; do
		case "$arg" in
			-'?' | --help | --describe-config | -V | --version) return 0 ;;
		esac
	done
	return 1
}

create_directories() {
	mkdir -p "$PGDATA" /var/run/postgresql
	chmod 00700 "$PGDATA" || :
	chmod 03775 /var/run/postgresql || :
	if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then
		mkdir -p "$POSTGRES_INITDB_WALDIR"
		chmod 700 "$POSTGRES_INITDB_WALDIR"
	fi
	if [ "$(id -u)" = 0 ]; then
		[ -z "${POSTGRES_INITDB_WALDIR:-}" ] || chown -R postgres "$POSTGRES_INITDB_WALDIR"
		find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
		find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
	fi
}

verify_environment() {
	if [ "${#POSTGRES_PASSWORD}" -ge 100 ]; then
		echo >&2 'WARNING: The supplied POSTGRES_PASSWORD is 100+ characters.'
	fi
	if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
		echo >&2 'Error: Database is uninitialized and superuser password is not specified.'
		echo >&2 '       Set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust to do without (not recommended).'
		exit 1
	fi
	if [ "$POSTGRES_HOST_AUTH_METHOD" = trust ]; then
		echo >&2 'WARNING: POSTGRES_HOST_AUTH_METHOD is "trust": anyone who reaches the port gets in without a password.'
	fi
}

# The stand-in carries a cluster that initdb made when the image was built. Where nobody asked for another kind of cluster,
# unpacking it and naming its superuser saves initdb's second of CPU: initdb does the same every time.
prepared=/usr/local/share/breakfix/cluster.tar

can_unpack() {
	[ -s "$prepared" ] && [ -z "$POSTGRES_INITDB_ARGS" ] && [ -z "${POSTGRES_INITDB_WALDIR:-}" ] \
		&& [ "${LANG:-}" = en_US.utf8 ] && ! env | grep -qE '^(TZ|LC_[A-Z]+)=.' || return 1
	case "$POSTGRES_USER" in pg_* | public | none | *$'\n'*) return 1 ;; esac
	case "$POSTGRES_DB$POSTGRES_PASSWORD" in *$'\n'*) return 1 ;; esac
	rm -rf "$PGDATA/.new"
	[ -z "$(ls -A "$PGDATA")" ]
}

unpack_database() {
	local new="$PGDATA/.new" user="${POSTGRES_USER//\'/\'\'}" password="${POSTGRES_PASSWORD//\'/\'\'}"
	echo 'Unpacking the prepared database cluster of this stand-in image (the official image runs initdb here).'
	mkdir -m 0700 "$new"
	tar -C "$new" -xf "$prepared"
	{
		# a plain UPDATE, for a session must not rename its own user, and this mode has no other
		echo "UPDATE pg_catalog.pg_authid SET rolname = '$user' WHERE oid = 10"
		[ -z "$POSTGRES_PASSWORD" ] || echo "ALTER ROLE \"${POSTGRES_USER//\"/\"\"}\" PASSWORD '$password'"
		case "$POSTGRES_DB" in postgres | template0 | template1) ;; *) echo "CREATE DATABASE \"${POSTGRES_DB//\"/\"\"}\"" ;; esac
	} | postgres --single -F -D "$new" -c exit_on_error=on -c log_checkpoints=off -c log_min_messages=error postgres > /dev/null
	write_hba "$new"
	# PG_VERSION comes last: it marks a whole cluster, also where this container is killed half-way
	find "$new" -mindepth 1 -maxdepth 1 \! -name PG_VERSION -exec mv -t "$PGDATA" '{}' +
	mv "$new/PG_VERSION" "$PGDATA"
	rmdir "$new"
}

init_database() {
	local extra=()
	[ -z "${POSTGRES_INITDB_WALDIR:-}" ] || extra+=(--waldir "$POSTGRES_INITDB_WALDIR")
	# --no-sync: a half-made cluster of a crashed first start is thrown away anyway
	# (POSTGRES_INITDB_ARGS is words for the shell, as in the official image)
	eval 'initdb --no-sync --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") "${extra[@]}" '"${POSTGRES_INITDB_ARGS:-}"
}

write_hba() {
	local method="$POSTGRES_HOST_AUTH_METHOD"
	if [ -z "$method" ]; then
		method="$(postgres -D "$1" -C password_encryption)"
	fi
	{
		printf '\n'
		if [ "$method" = trust ]; then
			printf '# warning trust is enabled for all connections\n'
			printf '# see https://www.postgresql.org/docs/17/auth-trust.html\n'
		fi
		printf 'host all all all %s\n' "$method"
	} >> "$1/pg_hba.conf"
}

# the server of the first start: listens on no network, so that nobody connects before all is ready
temp_server_start() {
	if [ "$1" = postgres ]; then shift; fi
	NOTIFY_SOCKET= PGUSER="${PGUSER:-$POSTGRES_USER}" pg_ctl -D "$PGDATA" \
		-o "$(printf '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}" -c fsync=off)" -w start
}

temp_server_stop() {
	PGUSER="${PGUSER:-postgres}" pg_ctl -D "$PGDATA" -m fast -w stop
}

process_sql() {
	local runner=(psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc)
	[ -z "$POSTGRES_DB" ] || runner+=(--dbname "$POSTGRES_DB")
	PGHOST= PGHOSTADDR= "${runner[@]}" "$@"
}

create_database() {
	local exists
	exists="$(POSTGRES_DB= process_sql --dbname postgres --set db="$POSTGRES_DB" --tuples-only <<-'EOSQL'
		SELECT 1 FROM pg_database WHERE datname = :'db' ;
	EOSQL
	)"
	if [ -z "$exists" ]; then
		POSTGRES_DB= process_sql --dbname postgres --set db="$POSTGRES_DB" <<-'EOSQL'
			CREATE DATABASE :"db" ;
		EOSQL
		printf '\n'
	fi
}

process_init_files() {
	printf '\n'
	local f
	for f; do
		case "$f" in
			*.sh)
				if [ -x "$f" ]; then
					printf '%s: running %s\n' "$0" "$f"
					"$f"
				else
					printf '%s: sourcing %s\n' "$0" "$f"
					. "$f"
				fi
				;;
			*.sql) printf '%s: running %s\n' "$0" "$f"; process_sql -f "$f"; printf '\n' ;;
			*.sql.gz) printf '%s: running %s\n' "$0" "$f"; gunzip -c "$f" | process_sql; printf '\n' ;;
			*.sql.xz) printf '%s: running %s\n' "$0" "$f"; xzcat "$f" | process_sql; printf '\n' ;;
			*.sql.zst) printf '%s: running %s\n' "$0" "$f"; zstd -dc "$f" | process_sql; printf '\n' ;;
			*) printf '%s: ignoring %s\n' "$0" "$f" ;;
		esac
		printf '\n'
	done
}

main() {
	if [ "${1:0:1}" = '-' ]; then
		set -- postgres "$@"
	fi

	if [ "$1" = postgres ] && ! wants_help "$@"; then
		file_env POSTGRES_PASSWORD
		file_env POSTGRES_USER postgres
		file_env POSTGRES_DB "$POSTGRES_USER"
		file_env POSTGRES_INITDB_ARGS
		: "${POSTGRES_HOST_AUTH_METHOD:=}"

		create_directories
		if [ "$(id -u)" = 0 ]; then
			exec setpriv --reuid=postgres --regid=postgres --init-groups -- env HOME=/var/lib/postgresql "$BASH_SOURCE" "$@"
		fi

		if [ -s "$PGDATA/PG_VERSION" ]; then
			printf '\n%s\n\n' 'PostgreSQL Database directory appears to contain a database; Skipping initialization'
		else
			verify_environment
			# fail early where the files could not be read
			ls /docker-entrypoint-initdb.d/ > /dev/null
			# psql of the init scripts asks for no password
			export PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}"
			if can_unpack; then
				unpack_database
				if [ -n "$(ls -A /docker-entrypoint-initdb.d/)" ]; then
					temp_server_start "$@"
					process_init_files /docker-entrypoint-initdb.d/*
					temp_server_stop
				fi
			else
				init_database
				write_hba "$PGDATA"
				temp_server_start "$@"
				create_database
				process_init_files /docker-entrypoint-initdb.d/*
				temp_server_stop
			fi
			unset PGPASSWORD
			printf '\n%s\n\n' 'PostgreSQL init process complete; ready for start up.'
		fi
	fi

	exec "$@"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	main "$@"
fi
