/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/element.h"

#include <string.h>

#include "base/error.h"

/* How often the halves of a counter are read until the high one stays. */
enum { HALVES_TRIES = 16 };

static uint64_t swapped(uint64_t value, unsigned bits)
{
	return __builtin_bswap64(value) >> (64 - bits);
}

/* Between a number and the integer of `bits` that a backend moves. */
static void store(uint64_t value, unsigned bits, unsigned char buffer[8])
{
	uint8_t v8 = (uint8_t)value;
	uint16_t v16 = (uint16_t)value;
	uint32_t v32 = (uint32_t)value;

	memcpy(buffer,
	       bits == 8    ? (void *)&v8
	       : bits == 16 ? (void *)&v16
	       : bits == 32 ? (void *)&v32
			    : (void *)&value,
	       bits / 8);
}

static uint64_t load(unsigned bits, const unsigned char buffer[8])
{
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	switch (bits) {
	case 8:
		return buffer[0];
	case 16:
		memcpy(&v16, buffer, sizeof(v16));
		return v16;
	case 32:
		memcpy(&v32, buffer, sizeof(v32));
		return v32;
	default:
		memcpy(&v64, buffer, sizeof(v64));
		return v64;
	}
}

void element_bytes(const struct operation *operation, uint64_t value,
		   unsigned char ret[8])
{
	unsigned bits = operation->value_bits;

	store(operation->swap ? swapped(value, bits) : value, bits, ret);
}

static struct error *value_to_write(const struct element *element,
				    const struct element_result *result,
				    uint64_t *ret)
{
	const struct operation *operation = element->operation;
	const struct value_source *values = operation->values;
	unsigned bits = operation->bits;
	unsigned char bytes[8] = {0};
	struct error *error;

	if (!values) {
		*ret = (result->old & ~operation->clear) | operation->set;
		return NULL;
	}
	error = values->bytes(values->data, element->index, bytes, bits / 8);
	if (error)
		return error;
	*ret = load(bits, bytes);
	if (operation->swap)
		*ret = swapped(*ret, bits);
	return NULL;
}

/* The access itself; `*value` is in the operation's byte order. */
static struct error *move(struct element_maker *maker,
			  const struct operation *operation,
			  struct attempt *attempt, uint64_t *value)
{
	unsigned bits = operation->bits;
	unsigned char buffer[8] = {0};
	struct error *error;

	if (attempt->write)
		store(operation->swap ? swapped(*value, bits) : *value, bits,
		      buffer);
	error = attempt_make(&maker->attempts, attempt, buffer);
	if (attempt->made && !attempt->write) {
		*value = load(bits, buffer);
		if (operation->swap)
			*value = swapped(*value, bits);
	}
	return error;
}

/* One access, or in a dry run the report of it. `offset`: of the access in the
 * element. */
static struct error *make_access(struct element_maker *maker,
				 const struct element *element, uint64_t offset,
				 bool write, uint64_t *value,
				 struct element_result *result)
{
	const struct operation *operation = element->operation;
	struct attempt attempt = {
		.site = element->site,
		.route = *route_of(operation, write),
		.bits = operation->bits,
		.write = write,
		.check = result->wrote,
	};
	struct access_record record = {.bits = operation->bits, .write = write};
	struct error *error = NULL;

	attempt.site.address += offset;
	if (maker->dry) {
		record.known = write && !result->has_old;
		if (!write)
			*value = 0;
	} else {
		error = move(maker, operation, &attempt, value);
		record.known = write || !error;
	}
	record.backend = attempt.used ? attempt.used : attempt.route.backend;
	result->backend = record.backend;
	record.address = attempt.site.address;
	record.attempts = attempt.count;
	record.nanoseconds = attempt.nanoseconds;
	record.waited = attempt.waited;
	if (error)
		error_attempts(error, attempt.count, attempt.waited);
	result->made |= attempt.made;
	result->wrote |= attempt.made && write;
	record.value = *value;
	record.error = error;
	result->nanoseconds += attempt.nanoseconds;
	result->waited += attempt.waited;
	result->attempts += attempt.count;
	result->time = attempt.time;
	if (maker->sink->access)
		maker->sink->access(maker->sink->data, element, &record);
	return error;
}

static bool all_ones(const struct element *element, uint64_t value)
{
	const struct operation *operation = element->operation;

	return site_class(&element->site) == CLASS_REGISTER &&
	       value == ones(operation->value_bits);
}

/* High, low, high, until the high half has not changed meanwhile. */
static struct error *read_halves(struct element_maker *maker,
				 const struct element *element,
				 struct element_result *result)
{
	uint64_t high, low, again;
	struct error *error;

	error = make_access(maker, element, 4, false, &high, result);
	for (unsigned i = 0; i < HALVES_TRIES && !error; i++) {
		error = make_access(maker, element, 0, false, &low, result);
		if (!error)
			error = make_access(maker, element, 4, false, &again,
					    result);
		if (error)
			return error;
		if (maker->dry)
			return NULL;
		if (again == high) {
			result->value = high << 32 | low;
			result->known = true;
			return NULL;
		}
		high = again;
	}
	if (error)
		return error;
	return error_address(
		error_create(ERROR_UNSTABLE, 0,
			     "the high half changed at each of %d readings",
			     HALVES_TRIES),
		element->site.address);
}

static struct error *read_element(struct element_maker *maker,
				  const struct element *element,
				  struct element_result *result)
{
	struct error *error;

	if (element->operation->halves)
		return read_halves(maker, element, result);
	error = make_access(maker, element, 0, false, &result->value, result);
	result->known = !error && !maker->dry;
	return error;
}

static struct error *verify(struct element_maker *maker,
			    const struct element *element,
			    struct element_result *result)
{
	const struct operation *operation = element->operation;
	uint64_t found, mask = operation->clear;
	struct error *error;

	error = make_access(maker, element, 0, false, &found, result);
	if (error || maker->dry || (found & mask) == (result->value & mask))
		return error;
	return error_address(
		error_create(ERROR_VERIFY, 0,
			     "0x%0*llx was written, 0x%0*llx was read back",
			     (int)operation->bits / 4,
			     (unsigned long long)result->value,
			     (int)operation->bits / 4,
			     (unsigned long long)found),
		element->site.address);
}

static struct error *write_element(struct element_maker *maker,
				   const struct element *element,
				   struct element_result *result)
{
	const struct operation *operation = element->operation;
	struct error *error;

	if (operation->kind == OPERATION_MODIFY) {
		error = make_access(maker, element, 0, false, &result->old,
				    result);
		if (error)
			return error;
		result->has_old = true;
	}
	error = value_to_write(element, result, &result->value);
	if (!error)
		error = make_access(maker, element, 0, true, &result->value,
				    result);
	if (error) {
		if (result->has_old && !result->wrote &&
		    error->kind != ERROR_INDETERMINATE)
			error_prefix(error, "the read was made, the write was "
					    "not");
		return error;
	}
	result->known = !maker->dry || !result->has_old;
	return operation->verify ? verify(maker, element, result) : NULL;
}

struct error *element_make(struct element_maker *maker,
			   const struct element *element,
			   struct element_result *ret)
{
	bool write = element->operation->kind != OPERATION_READ;
	struct error *error;

	*ret = (struct element_result){
		.backend = route_of(element->operation, write)->backend,
	};
	error = write ? write_element(maker, element, ret)
		      : read_element(maker, element, ret);
	ret->error = error;
	ret->suspect = !write && ret->known && all_ones(element, ret->value);
	return error;
}
