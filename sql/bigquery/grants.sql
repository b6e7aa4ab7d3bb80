-- Run once by an administrator of the database, after the tables are there: what the program and BigQuery may do.
grant create on database "${database}" to "${program}"; -- tributary init makes its schema; can be revoked afterwards
grant usage on schema ${schemas} to "${program}";
grant select on ${lookups} to "${program}";
grant select, insert, update on ${tables} to "${program}";

-- Cloud SQL makes users with a password administrators. This one only reads, and only what is exported.
revoke cloudsqlsuperuser from "${reader}";
alter role "${reader}" nocreatedb nocreaterole;
grant usage on schema ${schemas} to "${reader}";
grant select on ${tables} to "${reader}";
