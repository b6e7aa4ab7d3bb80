-- What the program may do. Run once by an administrator of the database, after the tables are there.
grant create on database "${database}" to "${program}"; -- tributary init makes its schema; can be revoked afterwards
grant usage on schema ${schemas} to "${program}";
grant select on ${lookups} to "${program}";
grant select, insert, update on ${tables} to "${program}";
