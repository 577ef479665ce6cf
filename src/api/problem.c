/*-------------------------------------------------------------------------
 *
 * problem.c
 *	  What an account says of a failure.
 *
 * Words and codes stand in many places of a reply; they are gathered in a CfdwSaid,
 * and become one CfdwProblem.  Where no words are wanted, nothing here raises.
 *
 * Facts: the API page, "Errors".  Must not know HTTP, nor which rows were sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <limits.h>
#include <math.h>

#include "api/problem.h"
#include "api/tree.h"
#include "api/words.h"

#define STATUS_NOT_FOUND 404

/* Keys under which words and codes stand. */
static const char *const word_keys[] = {"error", "message", "title", "detail",
										"hint"};
static const char *const code_keys[] = {"error_code", "code"};
static const char retry_key[] = "retry_after";

/* Between the words of one failure. */
static const char word_separator[] = "; ";

static void add_code(CfdwSaid *said, json_object *value);
static void add_words(CfdwSaid *said, json_object *value);
static void add_absence(CfdwSaid *said);
static bool is_said(const StringInfoData *words, const char *text);
static bool is_status(int code);
static bool read_seconds(json_object *value, int64 *seconds);

/*
 * Reads the body of a reply that is no success into *PROBLEM, palloc'ed in the
 * current context: any of the five kinds of the API page, or something else,
 * of which the first words are kept, in the encoding that CONTENT_TYPE names, a
 * header of the reply.  True when the body is JSON that reports an error.
 */
bool
cfdw_problem_read(const char *body, size_t len, const char *content_type,
				  CfdwProblem *problem)
{
	CfdwTree *tree = cfdw_tree_create(body, len);
	json_object *object = cfdw_tree_member(tree->root, "response");
	bool is_object = json_object_is_type(tree->root, json_type_object);
	CfdwSaid said;

	cfdw_said_begin(&said, problem, true);
	if (object == NULL)
		object = tree->root;
	cfdw_said_add(&said, object);
	problem->invalid =
		cfdw_tree_is_set(cfdw_tree_member(object, "validation-errors"));
	cfdw_said_add_all(&said, cfdw_tree_member(object, "validation-errors"));
	cfdw_said_add_all(&said, cfdw_tree_member(object, "errors"));
	cfdw_said_end(&said);
	if (!said.any && tree->root == NULL)
		problem->words = cfdw_words_page(body, len, content_type);
	cfdw_tree_free(tree);
	return is_object && said.any;
}

/*
 * Whether BODY, which ends with a zero, may say of a failure: whether the text of a
 * key that does is in it, or an escape, with which one may be written.  "error" is
 * also in the keys of lists of errors.
 */
bool
cfdw_problem_may_be_in(const char *body)
{
	for (size_t i = 0; i < lengthof(word_keys); i++)
		if (strstr(body, word_keys[i]) != NULL)
			return true;
	for (size_t i = 0; i < lengthof(code_keys); i++)
		if (strstr(body, code_keys[i]) != NULL)
			return true;
	return strstr(body, retry_key) != NULL || strstr(body, "\\u") != NULL;
}

/*
 * Begins to gather what is said of *PROBLEM, which is emptied: in the current
 * memory context, if IN_WORDS.
 */
void
cfdw_said_begin(CfdwSaid *said, CfdwProblem *problem, bool in_words)
{
	memset(said, 0, sizeof(*said));
	memset(problem, 0, sizeof(*problem));
	said->problem = problem;
	said->in_words = in_words;
	if (in_words)
		initStringInfo(&said->words);
}

/*
 * What an object says of a failure; it may be NULL, or no object.
 */
void
cfdw_said_add(CfdwSaid *said, json_object *object)
{
	int64 seconds;

	if (!json_object_is_type(object, json_type_object))
		return;
	for (size_t i = 0; i < lengthof(code_keys); i++)
		add_code(said, cfdw_tree_member(object, code_keys[i]));
	for (size_t i = 0; i < lengthof(word_keys); i++)
		add_words(said, cfdw_tree_member(object, word_keys[i]));
	if (read_seconds(cfdw_tree_member(object, retry_key), &seconds) &&
		seconds > 0 && seconds <= INT_MAX)
		said->problem->retry_after_s = (int) seconds;
}

/*
 * Reads how many seconds to wait; of a part of one, a whole one.
 */
static bool
read_seconds(json_object *value, int64 *seconds)
{
	double number;

	if (cfdw_tree_int64(value, seconds))
		return true;
	if (!json_object_is_type(value, json_type_double))
		return false;
	number = json_object_get_double(value);
	if (!(number > 0 && number <= INT_MAX))
		return false;
	*seconds = (int64) ceil(number);
	return true;
}

/*
 * What an error says: a message, a code, an object with either, or a list of those.
 */
void
cfdw_said_add_error(CfdwSaid *said, json_object *error)
{
	if (json_object_is_type(error, json_type_int))
		add_code(said, error);
	else if (json_object_is_type(error, json_type_array))
		cfdw_said_add_all(said, error);
	else
		add_words(said, error);
}

/*
 * What each of several errors says of the same thing: validation-errors, or the
 * errors of a row.
 */
void
cfdw_said_add_all(CfdwSaid *said, json_object *errors)
{
	int64 number;

	if (json_object_is_type(errors, json_type_array))
	{
		size_t n = json_object_array_length(errors);

		for (size_t i = 0; i < n; i++)
			cfdw_said_add_all(said, json_object_array_get_idx(errors, i));
	}
	else if (json_object_is_type(errors, json_type_object) &&
			 !cfdw_said_is_one(errors))
	{
		json_object_object_foreach(errors, key, value)
		{
			(void) key;
			/* In {"request_id": "0", "errors": [...]}, the latter. */
			if (json_object_is_type(value, json_type_array) ||
				json_object_is_type(value, json_type_object))
				cfdw_said_add_all(said, value);
		}
	}
	else
	{
		json_object *code = cfdw_tree_member(errors, "code");

		add_words(said, cfdw_tree_member(errors, "path"));
		if (!cfdw_tree_int64(code, &number))
			add_words(said, code);
		add_words(said, errors);
	}
}

/*
 * That is all: the words become those of the problem.
 */
void
cfdw_said_end(CfdwSaid *said)
{
	if (said->words.len > 0)
		said->problem->words =
			cfdw_words_clean(said->words.data, said->words.len);
}

/*
 * Whether a value is an error, and not a map of some.
 */
bool
cfdw_said_is_one(json_object *value)
{
	if (!json_object_is_type(value, json_type_object))
		return true;
	for (size_t i = 0; i < lengthof(code_keys); i++)
		if (cfdw_tree_member(value, code_keys[i]) != NULL)
			return true;
	for (size_t i = 0; i < lengthof(word_keys); i++)
		if (cfdw_tree_member(value, word_keys[i]) != NULL)
			return true;
	return false;
}

/*
 * A code as a number; one of the account's says more than an HTTP status.
 */
static void
add_code(CfdwSaid *said, json_object *value)
{
	int *code = &said->problem->code;
	int64 number;

	if (!cfdw_tree_int64(value, &number) || number <= 0 || number > INT_MAX)
		return;
	said->any = true;
	/* The path is there, or there would be no word about rows. */
	if (said->of_list && number == STATUS_NOT_FOUND)
	{
		add_absence(said);
		return;
	}
	if (*code == 0 || (is_status(*code) && !is_status((int) number)))
	{
		*code = (int) number;
		said->problem->in_words = false;
	}
}

/*
 * Words, or an object that holds some.  A code may stand among them.
 */
static void
add_words(CfdwSaid *said, json_object *value)
{
	int *code = &said->problem->code;
	const char *text;

	if (!json_object_is_type(value, json_type_string))
	{
		cfdw_said_add(said, value);
		return;
	}
	if (!cfdw_tree_is_set(value))
		return;
	text = json_object_get_string(value);
	said->any = true;
	if (*code == 0 || is_status(*code))
	{
		int found = cfdw_phrase_code(text);

		if (found != 0)
		{
			*code = found;
			said->problem->in_words = true;
		}
		else if (said->of_list && cfdw_phrase_says_absent(text))
			add_absence(said);
	}
	if (cfdw_phrase_is_about_size(text))
		said->problem->about_size = true;
	if (cfdw_phrase_is_absence(text))
		said->problem->is_absence = true;
	if (said->in_words && !is_said(&said->words, text))
		appendStringInfo(&said->words, "%s%s",
						 said->words.len > 0 ? word_separator : "", text);
}

/*
 * The list is not there, which a code of the account's says better.
 */
static void
add_absence(CfdwSaid *said)
{
	int *code = &said->problem->code;

	if (*code != 0 && !is_status(*code))
		return;
	*code = CFDW_CODE_GONE;
	said->problem->in_words = true;
}

/*
 * Whether TEXT is one of the words already: accounts like to repeat themselves.
 */
static bool
is_said(const StringInfoData *words, const char *text)
{
	const char *next;

	for (const char *said = words->data; said != NULL; said = next)
	{
		const char *end = strstr(said, word_separator);

		if (cfdw_phrase_is(
				said, end != NULL ? (size_t) (end - said) : strlen(said), text))
			return true;
		next = end != NULL ? end + strlen(word_separator) : NULL;
	}
	return false;
}

static bool
is_status(int code)
{
	return code >= 400 && code < 600;
}
