/*-------------------------------------------------------------------------
 *
 * familiar.c
 *	  Options that users know from other wrappers.
 *
 * Owns their names, and what to say to who tries them here.  Must not know which
 * options there are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "declare/familiar.h"

typedef struct FamiliarOption
{
	const char *name;
	const char *hint; /* full sentence */
} FamiliarOption;

static const char address[] =
	gettext_noop("The address of an account is the option \"url\" of its "
				 "server.");
static const char signing_in[] =
	gettext_noop("A user mapping has an \"access_token\", or a \"login\" with "
				 "its \"api_key\".");
static const char no_password[] = gettext_noop(
	"An account knows nothing of PostgreSQL's roles and passwords.");
static const char no_client_certificate[] =
	gettext_noop("An account asks for no certificate of its clients.");
static const char certificates[] =
	gettext_noop("A server's certificate is checked with the options "
				 "\"ssl_verify\" and \"ca_file\" of the server.");
static const char one_table[] = gettext_noop(
	"A foreign table shows the lists of an account; the option \"path\" is for "
	"those that are elsewhere.");
static const char side_by_side[] =
	gettext_noop("Accounts are always told side by side.");
static const char nothing_remote[] = gettext_noop(
	"The lists of an account have nothing of that kind to import.");

static const FamiliarOption familiar_options[] = {
	{"host", address},
	{"hostaddr", address},
	{"port", address},
	{"dbname", address},
	{"user", signing_in},
	{"username", signing_in},
	{"token", signing_in},
	{"password", signing_in},
	{"password_required", no_password},
	{"use_scram_passthrough", no_password},
	{"ssl", certificates},
	{"sslmode", certificates},
	{"sslrootcert", certificates},
	{"sslcert", no_client_certificate},
	{"sslkey", no_client_certificate},
	{"application_name",
	 gettext_noop("What an account sees of its client is the option "
				  "\"user_agent\" of the server.")},
	{"schema_name", one_table},
	{"table_name", one_table},
	{"fetch_size", gettext_noop("A reply is read as it arrives.")},
	{"extensions", gettext_noop("An account evaluates no functions.")},
	{"use_remote_estimate",
	 gettext_noop("ANALYZE tells how many lists there are.")},
	{"analyze_sampling",
	 gettext_noop("ANALYZE reads all lists of an account.")},
	{"parallel_commit", side_by_side},
	{"parallel_abort", side_by_side},
	{"import_collate", nothing_remote},
	{"import_default", nothing_remote},
	{"import_generated", nothing_remote},
	{"import_not_null", nothing_remote},
};

/*
 * What there is here in place of an option of another wrapper, a full sentence to
 * be translated; NULL when no option of that name is known of one.
 */
const char *
cfdw_familiar_hint(const char *name)
{
	for (size_t i = 0; i < lengthof(familiar_options); i++)
		if (strcmp(familiar_options[i].name, name) == 0)
			return familiar_options[i].hint;
	return NULL;
}
