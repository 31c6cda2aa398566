/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/capability.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/capability.h>

static bool have(cap_value_t capability, cap_flag_t flag)
{
	cap_t set = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	if (!set)
		return false;
	if (cap_get_flag(set, capability, flag, &value) < 0)
		value = CAP_CLEAR;
	cap_free(set);
	return value == CAP_SET;
}

bool capability_have(const char *name)
{
	cap_value_t capability;

	return cap_from_name(name, &capability) == 0 &&
	       have(capability, CAP_EFFECTIVE);
}

char *capability_missing(unsigned long long set)
{
	char *text = NULL;
	size_t size = 0, count = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (cap_value_t i = 0; i < 64; i++) {
		char *name;

		if (!(set >> i & 1) || have(i, CAP_PERMITTED))
			continue;
		name = cap_to_name(i);
		fprintf(stream, "%s%s", count++ ? ", " : "", name ? name : "?");
		cap_free(name);
	}
	if (fclose(stream) || !count) {
		free(text);
		return NULL;
	}
	return text;
}
