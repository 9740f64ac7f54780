#!/bin/sh
# Creates or upgrades both databases of the Temporal server. Run again, it finds the versions in place and does nothing.
# Where and as whom to connect comes from the SQL_* variables that temporal-sql-tool reads itself.
set -eu

for pair in temporal:temporal temporal_visibility:visibility; do
    database=${pair%%:*}
    schema=/etc/temporal/schema/postgresql/v12/${pair##*:}/versioned
    temporal-sql-tool --database "$database" create-database
    temporal-sql-tool --database "$database" setup-schema --version 0.0
    temporal-sql-tool --database "$database" update-schema --schema-dir "$schema"
done
