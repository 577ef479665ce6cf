/*-------------------------------------------------------------------------
 *
 * fuzz.h
 *	  What the fuzzers share: their input, and how they say what is wrong.
 *
 * A fuzzer makes something of bytes, has the wrapper do something with it, and
 * checks what came of it.  It runs in a backend, in a memory context that ends with
 * the input.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_FUZZ_H
#define CFDW_FUZZ_H

#include "api/resource.h"
#include "compat.h"

/* Who looks into one includes <json-c/json.h>, and then not utils/builtins.h. */
struct json_object;

/* What is left of an input. */
typedef struct FuzzInput
{
	const unsigned char *next;
	const unsigned char *end;
} FuzzInput;

/* An error that was raised. */
typedef struct FuzzError
{
	int sqlstate;      /* 0: none was */
	const char *words; /* message, detail, hint and context; "": none was */
} FuzzError;

typedef struct FuzzTarget
{
	const char *name;
	void (*prepare)(void); /* once, in a context that stays; or NULL */
	void (*run)(FuzzInput *input);
} FuzzTarget;

extern const FuzzTarget fuzz_reader;
extern const FuzzTarget fuzz_reply;
extern const FuzzTarget fuzz_match;
extern const FuzzTarget fuzz_option;
extern const FuzzTarget fuzz_ledger;

/* Fails, and with it the input, unless a condition holds. */
#define FUZZ_CHECK(condition, ...)                                             \
	do                                                                         \
	{                                                                          \
		if (!(condition))                                                      \
			fuzz_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);            \
	} while (0)

/* Runs what follows; *ERROR says what it raised. */
#define FUZZ_TRY(error, ...)                                                   \
	do                                                                         \
	{                                                                          \
		MemoryContext fuzz_caller = CurrentMemoryContext;                      \
		(error)->sqlstate = 0;                                                 \
		(error)->words = "";                                                   \
		PG_TRY();                                                              \
		{                                                                      \
			__VA_ARGS__;                                                       \
		}                                                                      \
		PG_CATCH();                                                            \
		{                                                                      \
			MemoryContextSwitchTo(fuzz_caller);                                \
			fuzz_catch(error);                                                 \
		}                                                                      \
		PG_END_TRY();                                                          \
	} while (0)

pg_noreturn extern void fuzz_fail(const char *file, int line,
								  const char *condition, const char *format,
								  ...) pg_attribute_printf(4, 5);
extern void fuzz_catch(FuzzError *error);
extern int fuzz_byte(FuzzInput *input);
extern int fuzz_below(FuzzInput *input, int n);
extern char *fuzz_line(FuzzInput *input);
extern char *fuzz_rest(FuzzInput *input, size_t *len);

/* oracle.c */
extern struct json_object *fuzz_parse(const char *text, size_t len);
extern bool fuzz_is_utf8(const char *text, size_t len);
extern bool fuzz_is_json(const char *text, size_t len);
extern int fuzz_depth(const char *text, size_t len);
extern bool fuzz_is_plain(const char *text, size_t len,
						  struct json_object *tree);
extern bool fuzz_integer(const char *text, size_t len, int64 *value);

#endif /* CFDW_FUZZ_H */
