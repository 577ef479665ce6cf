/*-------------------------------------------------------------------------
 *
 * fuzz.c
 *	  Runs a fuzzer in a backend: catalogs_fdw_fuzz(target, argument...).
 *
 * libFuzzer makes the inputs, and knows by its instrumentation which of them lead
 * the wrapper to where none has led before.  The server around it is as always, so
 * what is tried is the code as it runs, with its memory contexts, its errors and its
 * encodings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "fuzz.h"

extern int LLVMFuzzerRunDriver(int *argc, char ***argv,
							   int (*callback)(const unsigned char *data,
											   size_t size));

PG_FUNCTION_INFO_V1(catalogs_fdw_fuzz);

static const FuzzTarget *const targets[] = {
	&fuzz_reader, &fuzz_reply, &fuzz_match, &fuzz_option, &fuzz_ledger};

static const FuzzTarget *target;
static MemoryContext context; /* of one input */

static int run(const unsigned char *data, size_t size);

/*
 * Runs the fuzzer that is named by the first argument; the others, an array, are
 * libFuzzer's.  Does not return: libFuzzer exits.
 */
Datum
catalogs_fdw_fuzz(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Datum *arguments;
	int argc;
	char **argv;

	for (size_t i = 0; i < lengthof(targets); i++)
		if (strcmp(targets[i]->name, name) == 0)
			target = targets[i];
	if (target == NULL)
		elog(ERROR, "there is no fuzzer \"%s\"", name);

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false,
					  TYPALIGN_INT, &arguments, NULL, &argc);
	argv =
		MemoryContextAllocZero(TopMemoryContext, sizeof(char *) * (argc + 2));
	argv[0] = MemoryContextStrdup(TopMemoryContext, name);
	for (int i = 0; i < argc; i++)
		argv[i + 1] = MemoryContextStrdup(TopMemoryContext,
										  TextDatumGetCString(arguments[i]));
	argc++;

	if (target->prepare != NULL)
		target->prepare();
	context = AllocSetContextCreate(TopMemoryContext, "fuzz input",
									ALLOCSET_DEFAULT_SIZES);
	/* libFuzzer leaves signals alone for which there is a handler. */
	signal(SIGALRM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	exit(LLVMFuzzerRunDriver(&argc, &argv, run));
}

static int
run(const unsigned char *data, size_t size)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	FuzzInput input = {data, data + size};
	FuzzError error;

	FUZZ_TRY(&error, target->run(&input));
	FUZZ_CHECK(error.sqlstate == 0, "unexpected: %s", error.words);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(context);
	return 0;
}

/*
 * Says what is wrong, and aborts: libFuzzer then keeps the input.
 */
void
fuzz_fail(const char *file, int line, const char *condition, const char *format,
		  ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: not true: %s: ", file, line, condition);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	fflush(stderr);
	abort();
}

/*
 * Takes the error that was caught into *ERROR, in the current context.
 */
void
fuzz_catch(FuzzError *error)
{
	ErrorData *data = CopyErrorData();

	FlushErrorState();
	error->sqlstate = data->sqlerrcode;
	error->words = psprintf("%s\n%s\n%s\n%s", data->message,
							data->detail != NULL ? data->detail : "",
							data->hint != NULL ? data->hint : "",
							data->context != NULL ? data->context : "");
}

/*
 * The next byte, 0 when there is none.
 */
int
fuzz_byte(FuzzInput *input)
{
	return input->next < input->end ? *input->next++ : 0;
}

/*
 * A number from 0 to N - 1.
 */
int
fuzz_below(FuzzInput *input, int n)
{
	return fuzz_byte(input) % n;
}

/*
 * What there is up to the end of a line, as a C string: up to a zero, too.
 */
char *
fuzz_line(FuzzInput *input)
{
	const unsigned char *start = input->next;
	char *line;

	while (input->next < input->end && *input->next != '\n')
		input->next++;
	line = pnstrdup((const char *) start, input->next - start);
	if (input->next < input->end)
		input->next++;
	return line;
}

/*
 * All that is left, with a zero behind it.
 */
char *
fuzz_rest(FuzzInput *input, size_t *len)
{
	char *rest;

	*len = input->end - input->next;
	rest = palloc(*len + 1);
	memcpy(rest, input->next, *len);
	rest[*len] = '\0';
	input->next = input->end;
	return rest;
}
