# Runs in the database's container, as its superuser on the local socket. Makes all databases anew, then prints what is not in
# any one of them, and what new ones are made from: both are the same after every case that kept to its own database. Its argument, if
# any, makes what the main one holds.
set -e
user=${POSTGRES_USER:-postgres}
main=${POSTGRES_DB:-$user}
export PGPASSWORD="$POSTGRES_PASSWORD" PGCONNECT_TIMEOUT=5
psql -X -q -At -v ON_ERROR_STOP=1 -v main="$main" -U "$user" -d template1 <<'SQL'
SELECT format('DROP DATABASE %I', datname) FROM pg_database WHERE datname NOT IN ('template0', 'template1')
\gexec
SELECT DISTINCT format('CREATE DATABASE %I TEMPLATE template0', name) FROM unnest(ARRAY['postgres', :'main']) AS name
\gexec
SELECT 'database', datname, datallowconn, datconnlimit, datacl FROM pg_database ORDER BY 2;
SELECT 'template1', (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_namespace),
  (SELECT count(*) FROM pg_extension), (SELECT md5(string_agg(acl::text, ',' ORDER BY oid)) FROM (SELECT oid, nspacl AS acl FROM pg_namespace) AS spaces);
SELECT 'role', * FROM pg_authid ORDER BY oid;
SELECT 'member', roleid, member, admin_option FROM pg_auth_members ORDER BY 2, 3;
SELECT 'set', setdatabase, setrole, setconfig FROM pg_db_role_setting ORDER BY 2, 3;
SELECT 'space', spcname FROM pg_tablespace ORDER BY 2;
SELECT 'file', sourcefile, name, setting, error FROM pg_file_settings ORDER BY sourceline, 2;
SELECT 'setting', name, setting, source FROM pg_settings WHERE source NOT IN ('client', 'session') ORDER BY 2;
SELECT 'hba', line_number, type, database, user_name, address, auth_method FROM pg_hba_file_rules ORDER BY 2;
SQL
if [ -n "$1" ]; then
  printf '%s\n' "$1" | psql -X -q -v ON_ERROR_STOP=1 -U "$user" -d "$main" >/dev/null
fi
