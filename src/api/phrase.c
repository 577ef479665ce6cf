/*-------------------------------------------------------------------------
 *
 * phrase.c
 *	  What a phrase of an account's says.
 *
 * Accounts tell in words what should be a code, in English and in Russian.  Nothing
 * here allocates or raises.
 *
 * Facts: the API page, "Errors".  Must not know where in a reply a phrase stands.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <ctype.h>

#include "api/phrase.h"

/* The account's own codes, as they come in words. */
static const int codes[] = {
	101, 110, 111, 112, 113, 222, 244, 281, CFDW_CODE_GONE, 283, 284, 285};

/* What may stand before one of them. */
static const char *const code_words[] = {"error",  "code", "ошибка", "ошибки",
										 "Ошибка", "код",  "Код"};

/* What may stand between them, or after one with which a text begins. */
static const char *const code_marks[] = {":", "#", "=", "(", "[",
										 "-", "№", "–", "—"};

/* What stands in one that is about how much was sent. */
static const char *const size_words[] = {
	"too many",  "too much",      "too large",     "too big", "limit",
	"more than", "слишком много", "Слишком много", "лимит",   "Лимит"};

/* What an account says of a row that it does not have, with or without a code. */
static const char *const absent_words[] = {"not found", "не найден",
										   "Не найден"};

/* What it may call a list there. */
static const char *const list_words[] = {"list ", "catalog ", "Список ",
										 "Каталог "};

static bool is_named_code(const char *text, const char *number,
						  const char *end);
static size_t mark_at(const char *text);
static size_t mark_before(const char *text, const char *end);
static bool mentions_any(const char *text, const char *const *words, size_t n);
static size_t bare_len(const char *text, size_t len);

/*
 * The account's code that a text names: "Error 285.", "244. ..."; or 0.
 */
int
cfdw_phrase_code(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
	{
		const char *end = p + strspn(p, "0123456789");

		if (end == p)
			continue;
		if (end - p == 3 && is_named_code(text, p, end))
			for (size_t i = 0; i < lengthof(codes); i++)
				if (codes[i] == atoi(p))
					return codes[i];
		p = end - 1;
	}
	return 0;
}

/*
 * Whether a phrase says that something is not there.
 */
bool
cfdw_phrase_says_absent(const char *text)
{
	return mentions_any(text, absent_words, lengthof(absent_words));
}

/*
 * Whether a phrase says that a list, or something unnamed, is absent, and no more.
 */
bool
cfdw_phrase_is_absence(const char *text)
{
	for (size_t i = 0; i < lengthof(list_words); i++)
		if (pg_strncasecmp(text, list_words[i], strlen(list_words[i])) == 0)
		{
			text += strlen(list_words[i]);
			break;
		}
	for (size_t i = 0; i < lengthof(absent_words); i++)
		if (cfdw_phrase_is(text, strlen(text), absent_words[i]))
			return true;
	return false;
}

/*
 * Whether a phrase is about how much was sent.
 */
bool
cfdw_phrase_is_about_size(const char *text)
{
	return mentions_any(text, size_words, lengthof(size_words));
}

/*
 * Whether two phrases are one, but for capital letters and periods; the first is of
 * LEN bytes.
 */
bool
cfdw_phrase_is(const char *text, size_t len, const char *other)
{
	size_t bare = bare_len(text, len);

	return bare == bare_len(other, strlen(other)) &&
		   pg_strncasecmp(text, other, bare) == 0;
}

/*
 * Whether a number, up to END, is a code by what stands around it.
 */
static bool
is_named_code(const char *text, const char *number, const char *end)
{
	const char *before = number;

	if (isalpha((unsigned char) *end))
		return false;
	while (before > text &&
		   (before[-1] == ' ' || mark_before(text, before) > 0))
		before -= Max(mark_before(text, before), 1);
	if (before == text)
		return *end == '\0' || strchr(".)]", *end) != NULL ||
			   mark_at(end + strspn(end, " ")) > 0;
	for (size_t i = 0; i < lengthof(code_words); i++)
	{
		size_t len = strlen(code_words[i]);

		if (len <= (size_t) (before - text) &&
			pg_strncasecmp(before - len, code_words[i], len) == 0)
			return true;
	}
	return false;
}

/*
 * The length of the mark that begins at TEXT, or 0.
 */
static size_t
mark_at(const char *text)
{
	for (size_t i = 0; i < lengthof(code_marks); i++)
		if (strncmp(text, code_marks[i], strlen(code_marks[i])) == 0)
			return strlen(code_marks[i]);
	return 0;
}

/*
 * The same of the one that ends at END.
 */
static size_t
mark_before(const char *text, const char *end)
{
	for (size_t i = 0; i < lengthof(code_marks); i++)
	{
		size_t len = strlen(code_marks[i]);

		if (len <= (size_t) (end - text) &&
			strncmp(end - len, code_marks[i], len) == 0)
			return len;
	}
	return 0;
}

/*
 * Whether TEXT has one of N WORDS in it; the ASCII ones in capital letters or not.
 */
static bool
mentions_any(const char *text, const char *const *words, size_t n)
{
	for (; *text != '\0'; text++)
		for (size_t i = 0; i < n; i++)
			if (pg_strncasecmp(text, words[i], strlen(words[i])) == 0)
				return true;
	return false;
}

/*
 * The length of a text without what ends a sentence.
 */
static size_t
bare_len(const char *text, size_t len)
{
	while (len > 0 && strchr(" .!", text[len - 1]) != NULL)
		len--;
	return len;
}
