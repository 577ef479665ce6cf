/*-------------------------------------------------------------------------
 *
 * tree.h
 *	  The tree of a small reply, by json-c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_TREE_H
#define CFDW_TREE_H

#include <json-c/json.h>

/* A tree that is freed with the memory context it was made in. */
typedef struct CfdwTree
{
	MemoryContextCallback callback;
	json_object *root; /* NULL: it is not JSON */
} CfdwTree;

extern CfdwTree *cfdw_tree_create(const char *body, size_t len);
extern void cfdw_tree_free(CfdwTree *tree);
extern json_object *cfdw_tree_parse(const char *body, size_t len);
extern json_object *cfdw_tree_member(json_object *object, const char *key);
extern bool cfdw_tree_int64(json_object *value, int64 *result);
extern bool cfdw_tree_is_set(json_object *value);

#endif /* CFDW_TREE_H */
