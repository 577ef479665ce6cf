/*-------------------------------------------------------------------------
 *
 * option.h
 *	  What the user declared of a server, a table, a column or a user mapping.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_OPTION_H
#define CFDW_OPTION_H

#include "foreign/foreign.h"
#include "nodes/pg_list.h"

#include "api/value.h"

/* Options of a server, those of a table laid over them. */
typedef struct CfdwOptions
{
	char *url; /* scheme://host[:port], as cfdw_url_canonical() has it */
	char *path;
	int connect_timeout_ms;
	int request_timeout_ms;
	int commit_timeout_ms;
	int requests_per_second; /* to one account; 0: no limit */
	int max_retries;         /* of what is safe to repeat */
	int batch_size;          /* rows in one POST */
	bool updatable;
	bool async_capable;
	bool truncatable;
	bool immediate; /* write_mode */
	bool undo;
	bool combine_verbs;
	bool verify_rows; /* false: what is changed by its id is not read */
	double fdw_startup_cost;
	double fdw_tuple_cost;
	bool keep_connections;
	int64 max_response_size; /* bytes, after decompression */
	char *proxy;             /* NULL: none, whatever the environment says */
	char *user_agent;
	char *ca_file; /* NULL: the system's */
	bool ssl_verify;
	bool loopback_only; /* what is connected to must be this machine: plain http
						 * goes to a name that says so */
} CfdwOptions;

/* Options of a user mapping. */
typedef struct CfdwCredentials
{
	char *access_token;
	char *login;
	char *api_key;
	char *proxy_user; /* or NULL */
	char *proxy_password;
	List *secrets; /* char *: those that go into requests, and nowhere else */
} CfdwCredentials;

/* Options of IMPORT FOREIGN SCHEMA. */
typedef struct CfdwImport
{
	bool attrs;    /* with a column for the whole item */
	char *account; /* what a column that names the account reads as, or NULL */
} CfdwImport;

extern void cfdw_option_validate(List *options, Oid catalog);
extern void cfdw_option_server(ForeignServer *server, CfdwOptions *options);
extern void cfdw_option_table(ForeignTable *table, CfdwOptions *options);
extern void cfdw_option_column(Oid relid, CfdwTableColumn *column);
extern void cfdw_option_user(UserMapping *user, CfdwCredentials *credentials);
extern void cfdw_option_forget_user(CfdwCredentials *credentials);
extern void cfdw_option_import(List *options, CfdwImport *import);
extern Oid cfdw_option_mapping(Oid userid, Oid serverid);

#endif /* CFDW_OPTION_H */
