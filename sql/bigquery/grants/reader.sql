-- What BigQuery may do. Cloud SQL makes users with a password administrators; this one only reads what is exported.
revoke cloudsqlsuperuser from "${reader}";
alter role "${reader}" nocreatedb nocreaterole;
grant usage on schema ${schemas} to "${reader}";
grant select on ${tables} to "${reader}";
