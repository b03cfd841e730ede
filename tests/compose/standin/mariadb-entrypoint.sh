#!/bin/bash
# As the official image: an empty data folder becomes a database of MARIADB_USER, then the server listens to all.
set -e
data=/var/lib/mysql
if [ ! -d "$data/mysql" ]; then
  mariadb-install-db --datadir="$data" --skip-test-db >/dev/null
  mariadbd --datadir="$data" --bootstrap <<SQL
FLUSH PRIVILEGES;
CREATE DATABASE $MARIADB_DATABASE CHARACTER SET utf8mb4;
CREATE USER '$MARIADB_USER'@'%' IDENTIFIED BY '$(cat "$MARIADB_PASSWORD_FILE")';
GRANT ALL ON $MARIADB_DATABASE.* TO '$MARIADB_USER'@'%';
SQL
fi
exec mariadbd --datadir="$data"
