/*-------------------------------------------------------------------------
 *
 * condition.h
 *	  What conditions say of the id.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_CONDITION_H
#define CFDW_CONDITION_H

#include "nodes/pathnodes.h"

#include "declare/table.h"
#include "read/ids.h"

/* What conditions say of the id before the scan. */
typedef struct CfdwConditions
{
	List *exprs;  /* that it equals, or an element of each, or a ctid: Expr */
	bool by_id;   /* the first of them is no array: one list is asked for */
	bool is_null; /* it is to be NULL */
	CfdwIds constants; /* the ids that the constants among EXPRS leave */
} CfdwConditions;

extern CfdwConditions cfdw_condition_read(PlannerInfo *root,
										  const RelOptInfo *rel,
										  const CfdwTable *table,
										  List *clauses);
extern bool cfdw_condition_excludes_all(const RelOptInfo *rel,
										const CfdwConditions *ids);
extern Expr *cfdw_condition_id_equals(PlannerInfo *root, const RelOptInfo *rel,
									  const CfdwTable *table, Expr *clause);
extern Expr *cfdw_condition_other_side(Expr *clause, Index varno,
									   const CfdwTable *table);
extern bool cfdw_condition_is_id(Node *node, Index varno,
								 const CfdwTable *table);

#endif /* CFDW_CONDITION_H */
