/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repeat: what `read` and `write` do, many times in one process
 *
 *   repeat [--stop] [--treat-as-device FILE] PID ROUNDS LOCATION...
 *
 * Each round is a run of its own of one of the locations, in turn: with --stop
 * the target is stopped for it and runs again behind it. A location with a
 * value is written. So that thousands of them race with a thread of the target
 * in a guest, where starting a program takes a hundred times as long.
 *
 * At the end: "rounds N failed N", and the times of the stops, if there were
 * any: "stops shortest N median N longest N" in microseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plan/location.h"
#include "plan/plan.h"
#include "plan/run.h"
#include "target/attachment.h"
#include "target/machine.h"
#include "target/session.h"

static void on_element(void *data, const struct element *element,
		       const struct element_result *result)
{
	unsigned long *failed = data;

	(void)element;
	if (!result->error)
		return;
	if (!(*failed)++)
		fprintf(stderr, "repeat: %s\n", result->error->message);
}

static void check(struct error *error)
{
	if (!error)
		return;
	fprintf(stderr, "repeat: %s\n", error->message);
	exit(1);
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
	struct plan_options options = {0};
	const char *stand_in = NULL;
	struct machine machine;
	struct session *session = NULL;
	struct location **locations;
	struct plan *plans;
	uint64_t *stops;
	unsigned long rounds, failed = 0, n_stops = 0;
	size_t count;
	int at = 1;

	for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++)
		if (strcmp(argv[at], "--stop") == 0)
			options.stop = true;
		else if (at + 1 < argc)
			stand_in = argv[++at];
	if (argc - at < 3) {
		fprintf(stderr, "repeat: see the comment in its source\n");
		return 2;
	}
	rounds = strtoul(argv[at + 1], NULL, 10);
	count = (size_t)(argc - at - 2);
	locations = calloc(count, sizeof(*locations));
	plans = calloc(count, sizeof(*plans));
	stops = calloc(rounds + 1, sizeof(*stops));
	if (!locations || !plans || !stops)
		return 1;
	check(machine_init(&machine, NULL));
	check(session_create(&machine, atoi(argv[at]), stand_in, &session));
	options.write = strchr(argv[at + 2], '=') != NULL;
	for (size_t i = 0; i < count; i++) {
		check(location_parse(argv[at + 2 + (int)i], &locations[i]));
		check(plan_make(session, &locations[i], 1, &options,
				&plans[i]));
	}
	check(session_attach(session, options.write));
	if (options.stop)
		check(attachment_create(session, options.stop));
	for (unsigned long i = 0; i < rounds; i++) {
		struct run_sink sink = {.data = &failed, .element = on_element};
		struct run_summary summary;

		check(run_plan(&plans[i % count], false, &sink, &summary));
		if (summary.stop.made)
			stops[n_stops++] = summary.stop.nanoseconds / 1000;
	}
	printf("rounds %lu failed %lu\n", rounds, failed);
	qsort(stops, n_stops, sizeof(*stops), compare);
	if (n_stops)
		printf("stops shortest %llu median %llu longest %llu\n",
		       (unsigned long long)stops[0],
		       (unsigned long long)stops[n_stops / 2],
		       (unsigned long long)stops[n_stops - 1]);
	for (size_t i = 0; i < count; i++) {
		plan_deinit(&plans[i]);
		location_destroy(locations[i]);
	}
	session_destroy(session);
	machine_deinit(&machine);
	free(locations);
	free(plans);
	free(stops);
	return failed != 0;
}
