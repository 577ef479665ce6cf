/*-------------------------------------------------------------------------
 *
 * reply.c (fuzz)
 *	  A small reply: to a POST, to a login, or an error.
 *
 * The input: a line, the Content-Type, and the body.  It is read in an abort, of a
 * tree of json-c's, as it is read otherwise, which mostly is without one (but where
 * a key comes twice: of a tree's only the last is there); what an abort reads raises
 * nothing; and words come out as they may be shown.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <json-c/json.h>

#include "mb/pg_wchar.h"

#include "api/reader.h"
#include "api/reply.h"
#include "fuzz.h"

/* An account's words are no longer, with what may be cut from a character and "...". */
#define MAX_WORDS_LEN 512

static bool is_plain(const char *body, size_t len);
static void check_same(const CfdwReply *a, const CfdwReply *b);
static void check_words(const char *words);

static void
run(FuzzInput *input)
{
	char *content_type = fuzz_line(input);
	size_t len;
	char *body = fuzz_rest(input, &len);
	CfdwReply read;
	CfdwReply tried;
	CfdwProblem problem;
	FuzzError error;
	bool good = cfdw_reply_read(&cfdw_lists, body, len, &read);
	volatile bool is_json = false;
	volatile bool signed_in = false;

	FUZZ_TRY(&error, {
		is_json = cfdw_reply_try(&cfdw_lists, body, len, &tried);
		signed_in = cfdw_reply_signed_in(body, len);
	});
	FUZZ_CHECK(error.sqlstate == 0, "an abort raises %s", error.words);
	FUZZ_CHECK(is_json == cfdw_reader_is_json(body, len) ||
				   (len >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0),
			   "JSON or not");
	FUZZ_CHECK(is_json || !good, "it is no JSON, and good");
	FUZZ_CHECK(is_json || !signed_in, "it is no JSON, and signs in");
	FUZZ_CHECK(good == read.named, "good, and names nothing");
	if (is_json && is_plain(body, len))
		check_same(&read, &tried);
	for (int i = 0; i < read.nerrors; i++)
		check_words(read.errors[i].problem.words);
	check_words(read.problem.words);

	cfdw_problem_read(body, len, content_type, &problem);
	check_words(problem.words);
	FUZZ_CHECK(problem.code >= 0 && problem.retry_after_s >= 0, "less than 0");
}

static bool
is_plain(const char *body, size_t len)
{
	json_object *tree = fuzz_parse(body, len);
	bool plain = tree != NULL && fuzz_is_plain(body, len, tree);

	json_object_put(tree);
	return plain;
}

/*
 * What is read in an abort and otherwise is the same, but for words.
 */
static void
check_same(const CfdwReply *a, const CfdwReply *b)
{
	FUZZ_CHECK(a->named == b->named, "named: %d or %d", a->named, b->named);
	FUZZ_CHECK(a->failed == b->failed, "failed: %d or %d", a->failed,
			   b->failed);
	FUZZ_CHECK(a->problem.code == b->problem.code, "code: %d or %d",
			   a->problem.code, b->problem.code);
	FUZZ_CHECK(a->problem.retry_after_s == b->problem.retry_after_s,
			   "retry_after: %d or %d", a->problem.retry_after_s,
			   b->problem.retry_after_s);
	FUZZ_CHECK(a->nitems == b->nitems, "%d or %d items", a->nitems, b->nitems);
	for (int i = 0; i < a->nitems; i++)
	{
		const CfdwReplyItem *left = &a->items[i];
		const CfdwReplyItem *right = &b->items[i];

		FUZZ_CHECK(left->id == right->id, "id: %lld or %lld",
				   (long long) left->id, (long long) right->id);
		FUZZ_CHECK(left->has_request_id == right->has_request_id &&
					   (!left->has_request_id ||
						left->request_id == right->request_id),
				   "request_id: %lld or %lld", (long long) left->request_id,
				   (long long) right->request_id);
	}
	FUZZ_CHECK(a->nerrors == b->nerrors, "%d or %d errors", a->nerrors,
			   b->nerrors);
	for (int i = 0; i < a->nerrors; i++)
	{
		const CfdwReplyError *left = &a->errors[i];
		const CfdwReplyError *right = &b->errors[i];

		FUZZ_CHECK(left->verb == right->verb &&
					   left->has_key == right->has_key &&
					   (!left->has_key || left->key == right->key),
				   "another row is refused");
		FUZZ_CHECK(left->problem.code == right->problem.code, "code: %d or %d",
				   left->problem.code, right->problem.code);
	}
}

/*
 * Words are text, on one line, and short.
 */
static void
check_words(const char *words)
{
	size_t len;

	if (words == NULL)
		return;
	len = strlen(words);
	FUZZ_CHECK(len <= MAX_WORDS_LEN, "%zu bytes of words", len);
	FUZZ_CHECK(pg_verifymbstr(words, (int) len, true), "no UTF-8");
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) words[i];

		FUZZ_CHECK(c >= ' ' && c != 0x7f &&
					   !(c == 0xc2 && (unsigned char) words[i + 1] < 0xa0),
				   "a control character");
	}
}

const FuzzTarget fuzz_reply = {"reply", NULL, run};
