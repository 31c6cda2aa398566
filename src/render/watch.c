/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/ring.h"
#include "render/output.h"
#include "render/watch-form.h"

enum { FEWEST_ITEMS = 16384, MOST_AT_ONCE = 1024, OURS = 3 };

struct watch_printer {
	struct watch_output output;
	struct ring *ring;
	pthread_t thread;
	bool started, created; /* the lock is */
	pthread_mutex_t lock;
	atomic_bool over;   /* no more items come */
	atomic_bool failed; /* output does */
	atomic_uint_fast64_t samples;
	int failing; /* readable once it does */
	int ended;   /* readable once the thread has ended */
	int pipe;    /* a pipe that we print to; -1: it is none */
};

/* A pipe that nobody reads any more is told by poll(); of others we hear when
 * we write. What we could also read from always has something to say. */
static int printed_pipe(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	struct stat stat;

	if (flags < 0 || (flags & O_ACCMODE) != O_WRONLY ||
	    fstat(STDOUT_FILENO, &stat) != 0 || !S_ISFIFO(stat.st_mode))
		return -1;
	return STDOUT_FILENO;
}

struct error *watch_printer_create(const struct watch_setup *setup,
				   struct watch_printer **ret)
{
	cleanup_watch_printer struct watch_printer *printer =
		calloc(1, sizeof(*printer));
	struct error *error;

	if (!printer)
		return error_no_memory();
	printer->output = (struct watch_output){
		.setup = setup,
		.printer = printer,
		.day = -1,
	};
	printer->pipe = printed_pipe();
	printer->failing = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	printer->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (printer->failing < 0 || printer->ended < 0)
		return error_create(ERROR_FAILED, errno, "an eventfd");
	printer->created = pthread_mutex_init(&printer->lock, NULL) == 0;
	if (!printer->created)
		return error_no_memory();
	/* The first values of all columns are to find room. */
	error = ring_create(FEWEST_ITEMS + 2 * setup->n_columns,
			    sizeof(struct watch_item), &printer->ring);
	if (!error && setup->form->prepare)
		error = setup->form->prepare(&printer->output);
	if (error)
		return error;
	*ret = steal(printer);
	return NULL;
}

void watch_printer_destroy(struct watch_printer *printer)
{
	struct watch_item item;

	if (!printer)
		return;
	while (printer->ring && ring_take(printer->ring, &item))
		error_destroy(item.error);
	if (printer->output.setup->form->release)
		printer->output.setup->form->release(&printer->output);
	ring_destroy(printer->ring);
	if (printer->created)
		pthread_mutex_destroy(&printer->lock);
	if (printer->failing >= 0)
		close(printer->failing);
	if (printer->ended >= 0)
		close(printer->ended);
	free(printer);
}

/* Output that fails ends it all. */
static void check_output(struct watch_printer *printer)
{
	output_check();
	if (!output_is_lost() || printer->failed)
		return;
	printer->failed = true;
	eventfd_write(printer->failing, 1);
}

/* As a filter ends that writes to such a pipe, unless SIGPIPE is ignored. */
static void check_reader(struct watch_printer *printer)
{
	struct pollfd poller = {.fd = printer->pipe};

	if (printer->pipe < 0 || poll(&poller, 1, 0) <= 0 ||
	    !(poller.revents & POLLERR))
		return;
	raise(SIGPIPE);
	output_lost(EPIPE);
}

/* False: there may be more. */
static bool take_items(struct watch_printer *printer)
{
	struct watch_output *output = &printer->output;
	struct watch_item item;

	for (size_t i = 0; i < MOST_AT_ONCE; i++) {
		if (!ring_take(printer->ring, &item))
			return true;
		if (!printer->failed)
			output->setup->form->put(output, &item);
		error_destroy(item.error);
		check_output(printer);
	}
	return false;
}

/* Until there are items, or it is over; or until the form wants its turn. */
static void wait_for_items(struct watch_printer *printer)
{
	const struct watch_form *form = printer->output.setup->form;
	uint64_t period = form->period ? form->period : UINT64_MAX;
	int descriptors[OURS] = {
		ring_descriptor(printer->ring),
		printer->failed ? -1 : printer->pipe,
		form->descriptor ? form->descriptor(&printer->output) : -1,
	};
	struct pollfd pollers[OURS];

	/* A signal is noticed here as well, for the other thread may be in an
	 * access that does not end. */
	if (interrupt_wait(descriptors, OURS, period) != WAIT_SIGNAL)
		return;
	for (size_t i = 0; i < OURS; i++)
		pollers[i] = (struct pollfd){
			.fd = descriptors[i],
			.events = POLLIN,
		};
	poll(pollers, OURS, form->period ? (int)(period / 1000000) : -1);
}

static void *print_all(void *data)
{
	struct watch_printer *printer = data;
	struct watch_output *output = &printer->output;
	const struct watch_form *form = output->setup->form;

	if (form->begin)
		form->begin(output);
	for (;;) {
		bool over = printer->over;
		bool all = take_items(printer);

		if (form->rest && !printer->failed)
			form->rest(output);
		if (!printer->failed)
			fflush(stdout);
		check_reader(printer);
		check_output(printer);
		if (over && all)
			break;
		if (all && ring_rest(printer->ring))
			wait_for_items(printer);
	}
	if (form->end)
		form->end(output);
	fflush(stdout);
	check_output(printer);
	eventfd_write(printer->ended, 1);
	return NULL;
}

/* Signals are for the thread that takes the samples; only what a write causes,
 * or an error of ours, is for this one. */
static void block_signals(sigset_t *ret_before)
{
	static const int kept[] = {SIGPIPE, SIGSEGV, SIGBUS,
				   SIGILL,  SIGFPE,  SIGABRT};
	sigset_t signals;

	sigfillset(&signals);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		sigdelset(&signals, kept[i]);
	pthread_sigmask(SIG_BLOCK, &signals, ret_before);
}

struct error *watch_printer_start(struct watch_printer *printer)
{
	sigset_t before;
	int errnum;

	block_signals(&before);
	errnum = pthread_create(&printer->thread, NULL, print_all, printer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (errnum)
		return error_create(ERROR_FAILED, errnum, "starting a thread");
	printer->started = true;
	return NULL;
}

bool watch_put(struct watch_printer *printer, const struct watch_item *item)
{
	return ring_put(printer->ring, item);
}

void watch_count(struct watch_printer *printer, uint64_t samples)
{
	atomic_store_explicit(&printer->samples, samples, memory_order_relaxed);
}

uint64_t watch_counted(const struct watch_output *output)
{
	return atomic_load_explicit(&output->printer->samples,
				    memory_order_relaxed);
}

void watch_lock(struct watch_printer *printer)
{
	pthread_mutex_lock(&printer->lock);
}

void watch_unlock(struct watch_printer *printer)
{
	pthread_mutex_unlock(&printer->lock);
}

int watch_printer_descriptor(const struct watch_printer *printer)
{
	return printer->failing;
}

bool watch_printer_failed(const struct watch_printer *printer)
{
	return printer->failed;
}

void watch_printer_end(struct watch_printer *printer)
{
	if (!printer->started)
		return;
	printer->over = true;
	ring_wake(printer->ring);
	/* A signal is noticed here; in pthread_join() it would not be. */
	interrupt_wait(&printer->ended, 1, UINT64_MAX);
	pthread_join(printer->thread, NULL);
	printer->started = false;
}

struct error *watch_finish(const struct watch_setup *setup,
			   struct watch_printer *printer,
			   struct histogram *histogram,
			   const struct watch_result *result)
{
	struct watch_output none = {.setup = setup, .day = -1};
	struct watch_output *output = printer ? &printer->output : &none;
	struct error *error;

	if (!printer && !setup->form->is_json)
		return NULL;
	if (!printer && setup->form->prepare)
		error = setup->form->prepare(output);
	else
		error = NULL;
	if (!error && setup->form->finish)
		error = setup->form->finish(output, histogram, result);
	return error;
}
