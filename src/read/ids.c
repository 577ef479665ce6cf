/*-------------------------------------------------------------------------
 *
 * ids.c
 *	  Which ids the values that a condition compares the id with leave.
 *
 * Owns the reading of such a value: one number, or an array of which any will
 * do; and which numbers are ids.  The planner does that with constants, a scan or
 * a change with what is known only when it begins.  Must not know what a
 * condition looks like.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "catalog/pg_type.h"
#include "lib/qunique.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "read/ids.h"

static Oid element_type(Oid type);
static void read_array(CfdwIds *left, const CfdwIds *set, Oid type,
					   ArrayType *array);
static bool read_id(Oid type, Datum value, int64 *id);
static bool read_numeric(Datum value, int64 *id);
static bool contains(const CfdwIds *set, int64 id);
static int compare_ids(const void *a, const void *b);

/*
 * Whether cfdw_ids_restrict() can read values of TYPE.
 */
bool
cfdw_ids_understands(Oid type)
{
	switch (getBaseType(type))
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
			return true;
		default:
			return OidIsValid(element_type(type));
	}
}

/*
 * Leaves in SET, in the current memory context, the ids that equal a value, or
 * an element of it: NULL equals none, nor does a number that no list can have,
 * for ids are integers from 1.  TYPE must be one that cfdw_ids_understands().
 */
void
cfdw_ids_restrict(CfdwIds *set, Oid type, Datum value, bool isnull)
{
	CfdwIds left = {.all = false};
	Oid element = element_type(type);

	if (!isnull && OidIsValid(element))
		read_array(&left, set, element, DatumGetArrayTypeP(value));
	else if (!isnull)
	{
		left.ids = palloc(sizeof(int64));
		if (read_id(type, value, left.ids) && contains(set, left.ids[0]))
			left.n = 1;
	}
	*set = left;
}

/*
 * The type of the elements of an array of ids; InvalidOid when TYPE is none.
 */
static Oid
element_type(Oid type)
{
	switch (getBaseType(type))
	{
		case INT2ARRAYOID:
			return INT2OID;
		case INT4ARRAYOID:
			return INT4OID;
		case INT8ARRAYOID:
			return INT8OID;
		case NUMERICARRAYOID:
			return NUMERICOID;
		default:
			return InvalidOid;
	}
}

/*
 * Leaves in LEFT those of SET that are among an array's elements.
 */
static void
read_array(CfdwIds *left, const CfdwIds *set, Oid type, ArrayType *array)
{
	int16 typlen;
	bool typbyval;
	char typalign;
	Datum *values;
	bool *nulls;
	int nvalues;

	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	deconstruct_array(array, type, typlen, typbyval, typalign, &values, &nulls,
					  &nvalues);
	left->ids = palloc_extended(sizeof(int64) * (Size) Max(nvalues, 1),
								MCXT_ALLOC_HUGE);
	for (int i = 0; i < nvalues; i++)
		if (!nulls[i] && read_id(type, values[i], &left->ids[left->n]) &&
			contains(set, left->ids[left->n]))
			left->n++;
	qsort(left->ids, left->n, sizeof(int64), compare_ids);
	left->n = (int) qunique(left->ids, left->n, sizeof(int64), compare_ids);
}

/*
 * False for a number that is no id.
 */
static bool
read_id(Oid type, Datum value, int64 *id)
{
	switch (getBaseType(type))
	{
		case INT2OID:
			*id = DatumGetInt16(value);
			break;
		case INT4OID:
			*id = DatumGetInt32(value);
			break;
		case INT8OID:
			*id = DatumGetInt64(value);
			break;
		case NUMERICOID:
			if (!read_numeric(value, id))
				return false;
			break;
		default:
			elog(ERROR, "an id is compared with type %u", type);
	}
	return *id > 0;
}

/*
 * False for what is no 64-bit integer: fractions, NaN, what is too large.
 */
static bool
read_numeric(Datum value, int64 *id)
{
	Datum smallest = NumericGetDatum(int64_to_numeric(PG_INT64_MIN));
	Datum greatest = NumericGetDatum(int64_to_numeric(PG_INT64_MAX));

	if (DatumGetBool(DirectFunctionCall2(numeric_lt, value, smallest)) ||
		DatumGetBool(DirectFunctionCall2(numeric_gt, value, greatest)))
		return false;
	*id = DatumGetInt64(DirectFunctionCall1(numeric_int8, value));
	return DatumGetBool(DirectFunctionCall2(
		numeric_eq, value, NumericGetDatum(int64_to_numeric(*id))));
}

static bool
contains(const CfdwIds *set, int64 id)
{
	if (set->all || set->n == 0)
		return set->all;
	return bsearch(&id, set->ids, set->n, sizeof(int64), compare_ids) != NULL;
}

static int
compare_ids(const void *a, const void *b)
{
	int64 left = *(const int64 *) a;
	int64 right = *(const int64 *) b;

	return (left > right) - (left < right);
}
