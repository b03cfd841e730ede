#!/bin/bash
# As the official image: an empty data folder becomes a database of POSTGRES_USER, then the server listens to all.
set -e
data=/var/lib/postgresql/data
if [ ! -s "$data/PG_VERSION" ]; then
  initdb -D "$data" -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8
  echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
  pg_ctl -D "$data" -w start -o '-c listen_addresses= -c unix_socket_directories=/tmp'
  createdb -h /tmp -U "$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl -D "$data" -m fast -w stop
fi
exec postgres -D "$data" -c 'listen_addresses=*' -c unix_socket_directories=/tmp
