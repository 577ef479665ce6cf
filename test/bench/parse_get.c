/*-------------------------------------------------------------------------
 *
 * parse_get.c
 *	  GET a list of lists, and have json-c make a tree of the whole reply.
 *
 *	  parse_get URL TOKEN COUNT
 *
 * What a program does that was written without much thought: the reply is
 * collected, parsed, and the ten values of each item are looked up and read.
 * Prints what measure() prints.
 *
 *-------------------------------------------------------------------------
 */
#include "client.h"

#include <json-c/json.h>
#include <stdint.h>
#include <string.h>

static const char *const texts[] = {"name", "type"};
static const char *const numbers[] = {"id", "sort", "created_by", "created_at",
									  "request_id"};
static const char *const flags[] = {"can_add_elements", "can_show_in_cards",
									"can_link_multiple"};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

typedef struct Reply
{
	CURL *easy;
	struct json_tokener *tokener;
	char *data; /* kept from one reply to the next */
	size_t len;
	size_t size;
} Reply;

/* Where what was read ends, so that the compiler does not leave it out. */
static volatile int64_t sink;

static size_t
collect(char *data, size_t size, size_t n, void *arg)
{
	Reply *reply = arg;

	n *= size;
	if (reply->len + n > reply->size)
	{
		reply->size = 2 * (reply->len + n);
		reply->data = realloc(reply->data, reply->size);
		if (reply->data == NULL)
			fail("out of memory");
	}
	memcpy(reply->data + reply->len, data, n);
	reply->len += n;
	return n;
}

static void
read_item(struct json_object *item)
{
	struct json_object *value;

	for (size_t i = 0; i < LENGTH(texts); i++)
		if (json_object_object_get_ex(item, texts[i], &value))
			sink = strlen(json_object_get_string(value));
	for (size_t i = 0; i < LENGTH(numbers); i++)
		if (json_object_object_get_ex(item, numbers[i], &value))
			sink = json_object_get_int64(value);
	for (size_t i = 0; i < LENGTH(flags); i++)
		if (json_object_object_get_ex(item, flags[i], &value))
			sink = json_object_get_boolean(value);
}

static void
get_and_parse(void *arg)
{
	Reply *reply = arg;
	struct json_object *tree;
	struct json_object *embedded;
	struct json_object *items;

	reply->len = 0;
	perform(reply->easy);

	json_tokener_reset(reply->tokener);
	tree = json_tokener_parse_ex(reply->tokener, reply->data, reply->len);
	if (!json_object_object_get_ex(tree, "_embedded", &embedded) ||
		!json_object_object_get_ex(embedded, "items", &items))
		fail("not a list of lists");
	for (size_t i = 0; i < json_object_array_length(items); i++)
		read_item(json_object_array_get_idx(items, i));
	json_object_put(tree);
}

int
main(int argc, char **argv)
{
	Reply reply = {0};

	if (argc != 4)
		fail("usage: parse_get URL TOKEN COUNT");
	reply.easy = new_client(argv[1], argv[2], NULL, collect, &reply);
	reply.tokener = json_tokener_new();
	measure(get_and_parse, &reply, atoi(argv[3]));

	json_tokener_free(reply.tokener);
	free(reply.data);
	curl_easy_cleanup(reply.easy);
	return 0;
}
