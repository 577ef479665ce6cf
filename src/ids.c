/*-------------------------------------------------------------------------
 *
 * ids.c
 *	  Which ids the values that a condition compares the id with leave.
 *
 * Owns the reading of such a value: one number, or an array of which any will
 * do.  The planner does that with constants, a scan with what is known only
 * when it begins.  Must not know what a condition looks like.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/qunique.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "ids.h"

static int read_array(Oid element_type, ArrayType *array, int64 *ids);
static bool read_number(Oid type, Datum value, int64 *id);
static bool read_numeric(Datum value, int64 *id);
static int compare_ids(const void *a, const void *b);

/*
 * Whether cfdw_ids_restrict() can read values of TYPE.
 */
bool
cfdw_ids_understands(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case INT2ARRAYOID:
		case INT4ARRAYOID:
		case INT8ARRAYOID:
		case NUMERICARRAYOID:
			return true;
	}
	return false;
}

/*
 * Leaves in SET, in the current memory context, the ids that equal a value, or
 * an element of it: NULL equals none, nor does a number that is no 64-bit
 * integer.  TYPE must be one that cfdw_ids_understands().
 */
void
cfdw_ids_restrict(CfdwIds *set, Oid type, Datum value, bool isnull)
{
	Oid element_type = InvalidOid;
	int64 *ids = NULL;
	int n = 0;

	switch (type)
	{
		case INT2ARRAYOID:
			element_type = INT2OID;
			break;
		case INT4ARRAYOID:
			element_type = INT4OID;
			break;
		case INT8ARRAYOID:
			element_type = INT8OID;
			break;
		case NUMERICARRAYOID:
			element_type = NUMERICOID;
			break;
	}
	if (!isnull && OidIsValid(element_type))
	{
		ArrayType *array = DatumGetArrayTypeP(value);

		ids = palloc_extended(
			sizeof(int64) *
				(Size) Max(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)), 1),
			MCXT_ALLOC_HUGE);
		n = read_array(element_type, array, ids);
	}
	else if (!isnull)
	{
		ids = palloc(sizeof(int64));
		n = read_number(type, value, ids) ? 1 : 0;
	}

	if (!set->all)
	{
		int both = 0;

		for (int i = 0; i < n; i++)
			if (bsearch(&ids[i], set->ids, set->n, sizeof(int64),
						compare_ids) != NULL)
				ids[both++] = ids[i];
		n = both;
	}
	set->all = false;
	set->n = n;
	set->ids = ids;
}

/*
 * The ids among an array's elements, ascending, each once; their number.
 */
static int
read_array(Oid element_type, ArrayType *array, int64 *ids)
{
	int16 typlen;
	bool typbyval;
	char typalign;
	Datum *values;
	bool *nulls;
	int nvalues;
	int n = 0;

	get_typlenbyvalalign(element_type, &typlen, &typbyval, &typalign);
	deconstruct_array(array, element_type, typlen, typbyval, typalign, &values,
					  &nulls, &nvalues);
	for (int i = 0; i < nvalues; i++)
		if (!nulls[i] && read_number(element_type, values[i], &ids[n]))
			n++;
	qsort(ids, n, sizeof(int64), compare_ids);
	return (int) qunique(ids, n, sizeof(int64), compare_ids);
}

static bool
read_number(Oid type, Datum value, int64 *id)
{
	switch (type)
	{
		case INT2OID:
			*id = DatumGetInt16(value);
			return true;
		case INT4OID:
			*id = DatumGetInt32(value);
			return true;
		case INT8OID:
			*id = DatumGetInt64(value);
			return true;
		case NUMERICOID:
			return read_numeric(value, id);
	}
	elog(ERROR, "an id is compared with type %u", type);
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

static int
compare_ids(const void *a, const void *b)
{
	int64 left = *(const int64 *) a;
	int64 right = *(const int64 *) b;

	return (left > right) - (left < right);
}
