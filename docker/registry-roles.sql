-- Roles of the registry's PostgreSQL, made when its volume is first created. None is a superuser:
-- the owner makes the tables (migrate), the worker works with them, the reader only reads.
-- `exitflow setup registry` gives worker and reader their rights.
\getenv owner REGISTRY_OWNER_PASSWORD
\getenv worker REGISTRY_WORKER_PASSWORD
\getenv reader REGISTRY_READER_PASSWORD

CREATE ROLE exitflow_owner LOGIN PASSWORD :'owner';
CREATE ROLE exitflow_worker LOGIN PASSWORD :'worker';
CREATE ROLE exitflow_reader LOGIN PASSWORD :'reader';
ALTER ROLE exitflow_reader SET default_transaction_read_only = on;

SELECT current_database() AS registry \gset
ALTER DATABASE :"registry" OWNER TO exitflow_owner;
REVOKE ALL ON DATABASE :"registry" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"registry" TO exitflow_worker, exitflow_reader;
ALTER SCHEMA public OWNER TO exitflow_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
