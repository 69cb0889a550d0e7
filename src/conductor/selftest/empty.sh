# Runs in the database's container, as its superuser on the local socket. Prints what is not in any one database, and how much
# was written into the databases that nobody was given: both are the same after every case that kept to its own database.
set -e
user=${POSTGRES_USER:-postgres}
main=${POSTGRES_DB:-$user}
export PGPASSWORD="$POSTGRES_PASSWORD" PGCONNECT_TIMEOUT=5
psql -X -q -At -v ON_ERROR_STOP=1 -v main="$main" -U "$user" -d template1 <<'SQL'
SELECT format('DROP DATABASE %I', datname) FROM pg_database
WHERE datname NOT IN ('template0', 'template1', 'postgres') OR datname = :'main'
\gexec
SELECT format('CREATE DATABASE %I TEMPLATE template0', :'main')
\gexec
SELECT 'database', datname, datallowconn, datconnlimit, datacl FROM pg_database ORDER BY datname;
SELECT 'written', datname, tup_inserted, tup_updated, tup_deleted FROM pg_stat_database
WHERE datname IN ('template1', 'postgres') AND datname <> :'main' ORDER BY datname;
SELECT 'role', * FROM pg_authid ORDER BY oid;
SELECT 'member', roleid, member, admin_option FROM pg_auth_members ORDER BY 2, 3;
SELECT 'set', setdatabase, setrole, setconfig FROM pg_db_role_setting ORDER BY 2, 3;
SELECT 'space', spcname FROM pg_tablespace ORDER BY 2;
SELECT 'file', sourcefile, name, setting, error FROM pg_file_settings ORDER BY sourceline, 2;
SELECT 'setting', name, setting, source FROM pg_settings WHERE source NOT IN ('client', 'session') ORDER BY 2;
SELECT 'hba', line_number, type, database, user_name, address, auth_method FROM pg_hba_file_rules ORDER BY 2;
SQL
