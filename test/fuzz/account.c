/*-------------------------------------------------------------------------
 *
 * account.c
 *	  An account in memory, in the place of the network.
 *
 * Has the functions of net/call.h.  Each request is answered at once: what the
 * account does, and what it says or whether it is heard, a script says, which is the
 * fuzzer's input.  It never says what is not so, but for what nobody need believe: of
 * a list that it was not asked about.  It holds the wrapper to its promises: no add
 * is sent again that may have been carried out, no list is deleted that is to be
 * there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <json-c/json.h>

#include "lib/stringinfo.h"

#include "net/call.h"
#include "account.h"

/* So often a request is sent again. */
#define MAX_REPEATS 3

/* What the account makes of a request. */
typedef enum Answer
{
	ANSWER_DONE,
	ANSWER_NO_CONNECTION,
	ANSWER_LOST_BEFORE,   /* not done, and not heard of */
	ANSWER_LOST_AFTER,    /* done, and not heard of */
	ANSWER_REFUSED,       /* 400 */
	ANSWER_DENIED,        /* 403 */
	ANSWER_LATER,         /* 429 */
	ANSWER_REFUSE_ONE,    /* the first row is refused, the others are done */
	ANSWER_SAYS_NOTHING,  /* done, and says so with an empty object */
	ANSWER_CUT,           /* done, and the reply is cut */
	ANSWER_SAYS_MORE,     /* done, and names a list that was there */
	ANSWER_FAILED_BEFORE, /* 503 */
	ANSWER_FAILED_AFTER,
	ANSWER_MEDDLED, /* somebody has deleted a list before */
	NANSWERS
} Answer;

struct CfdwCall
{
	bool is_post;
	json_object *request;
	int repeats;
	CfdwResponse response;
	char *body;
	size_t len;
	bool read;
	MemoryContextCallback callback;
};

AccountList account_lists[ACCOUNT_MAX];

static FuzzInput *script;
static bool (*may_delete)(int place);
static int64 next_id;

static void release(void *arg);
static void perform(CfdwCall *call);
static void carry_out(CfdwCall *call, Answer answer, StringInfo body);
static bool change(CfdwVerb verb, json_object *row, int64 *id);
static AccountList *find(int64 id);
static int number_in(json_object *row, const char *key, const char *format);
static bool has_adds(const CfdwCall *call);
static void mark_adds(const CfdwCall *call);
static void list_all(StringInfo body);

/*
 * The account is as it is at first; what it does follows SCRIPT.
 */
void
account_reset(FuzzInput *new_script, bool (*new_may_delete)(int place))
{
	memset(account_lists, 0, sizeof(account_lists));
	for (int i = 0; i < ACCOUNT_INITIAL; i++)
	{
		account_lists[i].exists = true;
		account_lists[i].id = ACCOUNT_FIRST_ID + i;
		account_lists[i].name = i;
		account_lists[i].type = i;
	}
	script = new_script;
	may_delete = new_may_delete;
	next_id = ACCOUNT_FIRST_ID + 1000;
}

CfdwCall *
cfdw_call_start(CfdwSession *session, const CfdwRequest *request)
{
	CfdwCall *call = palloc0(sizeof(CfdwCall));

	call->callback.func = release;
	call->callback.arg = call;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &call->callback);
	call->is_post = request->body != NULL;
	if (call->is_post)
	{
		call->request = fuzz_parse(request->body, request->body_len);
		FUZZ_CHECK(call->request != NULL, "no JSON: %s", request->body);
	}
	perform(call);
	return call;
}

static void
release(void *arg)
{
	CfdwCall *call = arg;

	json_object_put(call->request);
	call->request = NULL;
}

bool
cfdw_call_is_ready(CfdwCall *call)
{
	return true;
}

void
cfdw_call_await_any(CfdwCall *const *calls, int n)
{
}

int
cfdw_call_watch(CfdwCall *const *calls, int n, bool at_once)
{
	return -1;
}

void
cfdw_call_drive(void)
{
}

bool
cfdw_call_read(CfdwCall *call, const char **data, size_t *len)
{
	if (call->read)
		return false;
	call->read = true;
	*data = call->body;
	*len = call->len;
	return call->len > 0;
}

void
cfdw_call_count_rows(CfdwCall *call, int64 rows)
{
}

const char *
cfdw_call_body(const CfdwCall *call, size_t *len)
{
	*len = call->len;
	return call->body;
}

const CfdwResponse *
cfdw_call_response(const CfdwCall *call)
{
	return &call->response;
}

bool
cfdw_call_repeat(CfdwCall *call, CfdwAnswer answer, int wait_s, bool harmless)
{
	if ((answer != CFDW_ANSWER_NOT_SENT && answer != CFDW_ANSWER_UNKNOWN &&
		 answer != CFDW_ANSWER_LATER) ||
		(call->response.sent && !harmless) || call->repeats++ == MAX_REPEATS)
		return false;
	perform(call);
	return true;
}

CfdwAnswer
cfdw_call_login_answer(const CfdwCall *call, int *wait_s)
{
	*wait_s = 0;
	return CFDW_ANSWER_REFUSED;
}

void
cfdw_call_end(CfdwCall *call)
{
	release(call);
}

void
cfdw_call_begin_abort(int limit_ms)
{
}

void
cfdw_call_end_abort(void)
{
}

/*
 * Answers a request.
 */
static void
perform(CfdwCall *call)
{
	Answer answer = call->is_post ? fuzz_byte(script) : ANSWER_DONE;
	CfdwResponse *response = &call->response;
	StringInfoData body;

	/* An account does as it is told, most of the time. */
	if (answer >= NANSWERS)
		answer = ANSWER_DONE;
	memset(response, 0, sizeof(*response));
	response->sent = call->is_post && answer != ANSWER_NO_CONNECTION;
	initStringInfo(&body);
	if (has_adds(call) && response->sent)
		for (int i = 0; i < ACCOUNT_MAX; i++)
			FUZZ_CHECK(!account_lists[i].in_doubt ||
						   strstr(json_object_to_json_string(call->request),
								  psprintf("\"request_id\":%d,", i)) == NULL,
					   "an add is sent again: %s",
					   json_object_to_json_string(call->request));
	switch (answer)
	{
		case ANSWER_NO_CONNECTION:
			response->outcome = CFDW_HTTP_NO_CONNECTION;
			break;
		case ANSWER_LOST_BEFORE:
			response->outcome = CFDW_HTTP_LOST;
			mark_adds(call);
			break;
		case ANSWER_REFUSED:
			response->status = 400;
			appendStringInfoString(&body, "{\"title\":\"Bad request\"}");
			break;
		case ANSWER_DENIED:
			response->status = 403;
			break;
		case ANSWER_LATER:
			response->status = 429;
			break;
		case ANSWER_FAILED_BEFORE:
			response->status = 503;
			mark_adds(call);
			break;
		case ANSWER_MEDDLED:
		{
			AccountList *list =
				&account_lists[fuzz_below(script, ACCOUNT_INITIAL)];

			list->exists = false;
			list->meddled = true;
			response->status = 200;
			carry_out(call, answer, &body);
			break;
		}
		default:
			response->status = 200;
			if (call->is_post)
				carry_out(call, answer, &body);
			else
				list_all(&body);
	}
	if (answer == ANSWER_LOST_AFTER)
		response->outcome = CFDW_HTTP_LOST;
	else if (answer == ANSWER_FAILED_AFTER)
		response->status = 503;
	else if (answer == ANSWER_CUT)
		response->outcome = CFDW_HTTP_CUT;
	if (answer == ANSWER_LOST_AFTER || answer == ANSWER_FAILED_AFTER ||
		answer == ANSWER_CUT || answer == ANSWER_SAYS_NOTHING ||
		answer == ANSWER_SAYS_MORE)
		mark_adds(call);
	if (answer == ANSWER_SAYS_NOTHING)
	{
		resetStringInfo(&body);
		appendStringInfoString(&body, "{}");
	}
	call->body = body.data;
	call->len = response->outcome == CFDW_HTTP_OK ? body.len : 0;
	call->read = false;
}

/*
 * Does what a POST says, row by row, and tells it.
 */
static void
carry_out(CfdwCall *call, Answer answer, StringInfo body)
{
	StringInfoData errors;
	bool refuse = answer == ANSWER_REFUSE_ONE;
	int nitems = 0;

	initStringInfo(&errors);
	appendStringInfoString(body, "{\"_embedded\":{\"items\":[");
	for (int verb = 0; verb < CFDW_NVERBS; verb++)
	{
		json_object *rows = NULL;

		json_object_object_get_ex(call->request, cfdw_lists.verbs[verb], &rows);
		for (size_t i = 0; rows != NULL && i < json_object_array_length(rows);
			 i++)
		{
			json_object *row = json_object_array_get_idx(rows, i);
			int64 id = 0;

			if (!refuse && change(verb, row, &id))
				appendStringInfo(body, "%s{\"id\":" INT64_FORMAT "}",
								 nitems++ > 0 ? "," : "", id);
			else
				appendStringInfo(
					&errors, "%s{\"%s\":%d,\"code\":%d,\"message\":\"no\"}",
					errors.len > 0 ? "," : "",
					verb == CFDW_ADD ? "request_id" : "id",
					verb == CFDW_ADD ? number_in(row, "request_id", "%d")
									 : (json_object_is_type(row, json_type_int)
											? (int) json_object_get_int64(row)
											: number_in(row, "id", "%d")),
					refuse ? 281 : 282);
			refuse = false;
		}
	}
	if (answer == ANSWER_SAYS_MORE)
		appendStringInfo(body, "%s{\"id\":%d}", nitems > 0 ? "," : "",
						 ACCOUNT_FIRST_ID);
	appendStringInfoString(body, "]");
	if (errors.len > 0)
		appendStringInfo(body, ",\"errors\":[%s]", errors.data);
	appendStringInfoString(body, "}}");
}

/*
 * Does VERB to a list; false when there is no such.  *ID is its id.
 */
static bool
change(CfdwVerb verb, json_object *row, int64 *id)
{
	AccountList *list;
	json_object *value = NULL;

	if (verb == CFDW_ADD)
	{
		list = &account_lists[number_in(row, "request_id", "%d")];
		FUZZ_CHECK(list->id == 0, "it is added twice: %s",
				   json_object_to_json_string(row));
		list->id = next_id++;
		list->exists = true;
	}
	else
	{
		if (verb == CFDW_UPDATE)
			json_object_object_get_ex(row, "id", &value);
		list = find(json_object_get_int64(verb == CFDW_UPDATE ? value : row));
		if (list == NULL || !list->exists)
			return false;
	}
	*id = list->id;
	if (verb == CFDW_DELETE)
	{
		FUZZ_CHECK(may_delete(list - account_lists),
				   "list %lld is deleted, and is to be there",
				   (long long) list->id);
		list->exists = false;
		return true;
	}
	if (json_object_object_get_ex(row, "name", NULL))
		list->name = number_in(row, "name", ACCOUNT_NAME);
	if (json_object_object_get_ex(row, "type", NULL))
		list->type = number_in(row, "type", ACCOUNT_TYPE);
	return true;
}

static AccountList *
find(int64 id)
{
	for (int i = 0; i < ACCOUNT_MAX; i++)
		if (account_lists[i].id == id && id != 0)
			return &account_lists[i];
	return NULL;
}

static int
number_in(json_object *row, const char *key, const char *format)
{
	json_object *value = NULL;
	int number = -1;

	json_object_object_get_ex(row, key, &value);
	FUZZ_CHECK(value != NULL &&
				   sscanf(json_object_get_string(value), format, &number) == 1,
			   "no %s in %s", key, json_object_to_json_string(row));
	return number;
}

static bool
has_adds(const CfdwCall *call)
{
	return call->is_post &&
		   json_object_object_get_ex(call->request, cfdw_lists.verbs[CFDW_ADD],
									 NULL);
}

/*
 * Nobody can know what became of the adds in a request.
 */
static void
mark_adds(const CfdwCall *call)
{
	json_object *rows = NULL;

	if (call->is_post)
		json_object_object_get_ex(call->request, cfdw_lists.verbs[CFDW_ADD],
								  &rows);
	for (size_t i = 0; rows != NULL && i < json_object_array_length(rows); i++)
		account_lists[number_in(json_object_array_get_idx(rows, i),
								"request_id", "%d")]
			.in_doubt = true;
}

/*
 * The reply to a GET.
 */
static void
list_all(StringInfo body)
{
	const char *comma = "";

	appendStringInfoString(body, "{\"_embedded\":{\"items\":[");
	for (int i = 0; i < ACCOUNT_MAX; i++)
	{
		if (!account_lists[i].exists)
			continue;
		appendStringInfo(body, "%s{\"id\":" INT64_FORMAT ",\"name\":\"", comma,
						 account_lists[i].id);
		appendStringInfo(body, ACCOUNT_NAME, account_lists[i].name);
		appendStringInfoString(body, "\"}");
		comma = ",";
	}
	appendStringInfoString(body, "]}}");
}
