#!/usr/bin/env bash
# Starts and stops a PostgreSQL of the tests' own, on a socket in its folder and on loopback.
#
#   eval "$(bash tests/support/postgres.sh start)"   sets CASELOAD_TEST_DATABASE_URL and CASELOAD_TEST_POSTGRES
#   bash tests/support/postgres.sh stop              ends the one that CASELOAD_TEST_POSTGRES names
#
# Needs Debian's package postgresql, or another one whose pg_ctl is on the PATH. Nothing outlives "stop": the data
# are in a temporary folder. They are not synced, since no test cuts the power.
set -euo pipefail

as_postgres() {
  # PostgreSQL refuses to run as root.
  if [ "$(id -u)" = 0 ]; then su postgres -s /bin/bash -c "$1"; else bash -c "$1"; fi
}

case "${1:-}" in
start)
  bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
  export PATH="$PATH${bin:+:$bin}"
  command -v initdb >/dev/null || { echo "no initdb: install postgresql" >&2; exit 1; }
  folder=$(mktemp -d)
  [ "$(id -u)" != 0 ] || chown postgres "$folder"
  port=$((20000 + RANDOM % 10000))
  as_postgres "$(command -v initdb) -D $folder/data -U postgres -A trust -E UTF8 --no-sync >$folder/initdb.log" >&2
  as_postgres "$(command -v pg_ctl) -D $folder/data -w -l $folder/server.log -o \
    \"-h 127.0.0.1 -p $port -k $folder -c fsync=off -c max_connections=300\" start >/dev/null" >&2
  # Row security does not hold for a superuser, so the tests are not one.
  as_postgres "$(command -v psql) -q -h 127.0.0.1 -p $port -U postgres -c 'CREATE ROLE caseload LOGIN CREATEDB' \
    -c 'CREATE DATABASE caseload OWNER caseload'" >&2
  echo "export CASELOAD_TEST_POSTGRES=$folder"
  echo "export CASELOAD_TEST_DATABASE_URL=postgres://caseload@127.0.0.1:$port/caseload"
  ;;
stop)
  bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
  export PATH="$PATH${bin:+:$bin}"
  folder=${CASELOAD_TEST_POSTGRES:?names no PostgreSQL that was started}
  as_postgres "$(command -v pg_ctl) -D $folder/data -m immediate stop >/dev/null" >&2
  rm -rf "$folder"
  ;;
*)
  echo "usage: $0 start|stop" >&2
  exit 2
  ;;
esac
