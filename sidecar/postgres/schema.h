/* schema.h: Tributary's own tables and their versions. Migrations are the files of sql/migrations, in order;
 * each is applied once, forward only. Blocks with a timeout. */
#ifndef TRIBUTARY_POSTGRES_SCHEMA_H
#define TRIBUTARY_POSTGRES_SCHEMA_H

#include "base/buffer.h"
#include "postgres/connection.h"

/* Generated at build time. */
extern const char *const schema_migrations[];
extern const int schema_migration_count;

/* Creates or upgrades the tables, in one transaction, under a lock against others doing the same. *applied is
 * the number of migrations that were missing. A config error when the database is newer than this program, or
 * when the rights are missing. */
bool schema_migrate(struct connection *connection, int timeout_ms, int *applied,
                    struct error *error) MUST_CHECK;

/* The statements that bring an empty database to the current version, for people to read and run. */
void schema_print(struct buffer *sql);

#endif
