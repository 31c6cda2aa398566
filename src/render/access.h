/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The results of a run, as text, as bare values, or as JSON. */
#ifndef MMIODBG_RENDER_ACCESS_H
#define MMIODBG_RENDER_ACCESS_H

#include "plan/run.h"
#include "render/diagnostic.h"
#include "render/json.h"

struct progress;

/*
 * Of a command that moves bytes between a device and a file: no value is shown,
 * and JSON has a list of "failures" (neighbours that failed alike are one)
 * instead of "elements".
 */
struct file_transfer {
	const char *file;     /* as it was given; NULL: standard output */
	const char *form;     /* "raw" or "hex" */
	const char *location; /* NULL: it is not known yet */
	unsigned bits;        /* of an element; 0: that is not known yet */
	uint64_t bytes;       /* of all elements */
	const bool *saved; /* at the end: the file is there; NULL: not told */
	struct progress *progress; /* NULL: there is none */
	void *data;
	/* Takes each result, confirmed; may be NULL. */
	void (*take)(void *data, const struct element *element,
		     const struct element_result *result);
	/* What run_sink has as `made`; may be NULL. */
	bool (*made)(void *data, const struct element *element,
		     const struct element_result *result);
};

enum access_format {
	FORMAT_TEXT,
	FORMAT_QUIET,
	FORMAT_JSON,
	FORMAT_LINES,
	FORMAT_NONE, /* somebody else shows the values: no more than what is
		      * said on standard error; of a dry run, as text */
};

struct access_renderer {
	enum access_format format;
	bool verbose; /* each access, on standard error */
	bool dry;
	bool write;
	bool color; /* of standard output */
	struct diagnostic_style style;
	const struct session *session;
	uint64_t stop;     /* the longest stop, in nanoseconds; 0: none */
	json_object *more; /* members for the head, taken over; or NULL */
	const struct file_transfer *transfer; /* or NULL */
	/* The rest is the renderer's own. */
	bool unclear; /* of an element it is not known if it was written */
	struct json_document document;
	struct row {
		char text[320]; /* 16 bytes one by one, in colour */
		size_t length, bytes;
	} row;
	struct failure_run {
		struct error *error; /* of the first; NULL: none */
		struct element first, last;
		uint64_t count;
		bool differ;   /* in their attempts */
		unsigned most; /* attempts */
	} failures;
};

/* The sink to run a plan with. The renderer must outlive the run. */
struct run_sink access_renderer_start(struct access_renderer *renderer,
				      const char *command)
	__attribute__((nonnull));

/* Prints what is held back of a row, or of failures that go together. */
void access_renderer_flush(struct access_renderer *renderer)
	__attribute__((nonnull));

/* "stop" and "pause" of JSON: how the target was held, if it was. */
void run_summary_add_held(json_object *tail, const struct run_summary *summary)
	__attribute__((nonnull));

/* Ends the output. `error`: from before the first access, or NULL. */
void access_renderer_end(struct access_renderer *renderer,
			 const struct run_summary *summary,
			 const struct error *error) __attribute__((nonnull(1)));

#endif
