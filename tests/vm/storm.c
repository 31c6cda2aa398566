/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * storm: accesses while a driver takes the page away, gives it back and moves
 * it
 *
 *   storm DEVICE MEMORY PAGE0 PAGE1 MILLISECONDS SEED
 *
 * DEVICE is that of module/, with its two pages at the offsets PAGE0 and PAGE1
 * of MEMORY, a file that maps the RAM behind them: there is seen what an access
 * really did. A target has the page mapped and touches it all the time. Four
 * readers and four writers, processes with a session each, access it through
 * that target as `read` and `write` do, as long as the driver's storm lasts.
 *
 * In each page every writer has a word of its own, a slot; no two values that
 * it writes are equal, and they grow. Another word tells which page it is. All
 * else is guards, which nobody may change, and the pages around as well.
 *
 *   A write reported as made is in one of the two pages, one reported as not
 *   made in none; both are looked at at once, and again at the end. If the
 *   driver says behind the access that it moved nothing since before it, the
 *   page must be the driver's.
 *
 *   While the driver is at one page nothing reaches the other: it watches that.
 *
 *   A read gives what a page had, never a value that was not made; and if the
 *   driver moved nothing meanwhile, what the driver's page had meanwhile.
 *
 * When it is over each session must work, at the first attempt. Says what it
 * counted; the exit status is 1 if anything was wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "plan/location.h"
#include "plan/plan.h"
#include "plan/run.h"
#include "target/machine.h"
#include "target/session.h"

enum {
	N_PAGES = 2,
	N_WRITERS = 4,
	N_READERS = 4,
	N_WORKERS = N_WRITERS + N_READERS,
	PAGE = 4096,
	SEQUENCE_BITS = 24,
	MAX_SEQUENCE = (1 << SEQUENCE_BITS) - 1,
	N_KINDS = ERROR_NO_MEMORY + 1,
	MAX_COMPLAINTS = 20,
};

#define RETRY UINT64_C(20000000)

/* At both ends of the page, where an access that errs leaves it. */
static const uint32_t slots[N_WRITERS] = {0x000, 0x404, 0x80c, 0xffc};
enum { NAME_AT = 0x600 };

static const uint32_t names[N_PAGES] = {0x50470000, 0x50470001};

/* What became of the write of a value. */
enum fate { FATE_NONE, FATE_TRIED, FATE_MADE, FATE_NOT_MADE };

struct worker {
	uint64_t made, failed;
	uint64_t retries;  /* attempts behind the first */
	uint64_t retried;  /* accesses that were made after such */
	uint64_t longest;  /* nanoseconds from an access's first attempt on */
	unsigned attempts; /* the most for one access */
	uint64_t kinds[N_KINDS];
	uint64_t still; /* the driver moved nothing meanwhile */
};

/* What all the processes share. */
static struct shared {
	atomic_bool stop;
	atomic_uint complaints;
	atomic_ulong loads, faults; /* of the target */
	uintptr_t address[N_PAGES]; /* its mappings: see target() */
	struct worker workers[N_WORKERS];
	_Atomic uint32_t last[N_WRITERS]; /* the newest value tried */
	_Atomic uint8_t fates[N_WRITERS][MAX_SEQUENCE + 1];
	_Atomic uint8_t seen[N_WRITERS][MAX_SEQUENCE + 1];
} * shared;

static const char *device;
static char *memory;
static size_t memory_size;
static uint64_t pages[N_PAGES];

static void complain(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* One write, so that processes do not mix. */
static void complain(const char *format, ...)
{
	char text[512] = "storm: WRONG: ";
	size_t used = strlen(text);
	va_list arguments;

	if (atomic_fetch_add(&shared->complaints, 1) >= MAX_COMPLAINTS)
		return;
	va_start(arguments, format);
	vsnprintf(text + used, sizeof(text) - used - 1, format, arguments);
	va_end(arguments);
	strcat(text, "\n");
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(1);
}

static void die(const char *what)
{
	fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void check(struct error *error)
{
	if (!error)
		return;
	fprintf(stderr, "storm: %s\n", error->message);
	exit(1);
}

/* The memory behind the pages */

static uint32_t look(unsigned page, uint32_t offset)
{
	return *(volatile uint32_t *)(memory + pages[page] + offset);
}

static uint32_t value_of(unsigned writer, uint32_t sequence)
{
	return (0xa0 + writer) << SEQUENCE_BITS | sequence;
}

/* False if the writer cannot have written that. */
static bool parse_value(unsigned writer, uint32_t value, uint32_t *ret)
{
	*ret = value & MAX_SEQUENCE;
	return value >> SEQUENCE_BITS == 0xa0 + writer &&
	       *ret <= atomic_load(&shared->last[writer]);
}

/* What stands in the guards; not the like of it anywhere else. */
static uint32_t guard_at(uint64_t offset)
{
	return (uint32_t)(offset * UINT64_C(0x9e3779b1)) | 1;
}

static bool is_guard(uint64_t offset)
{
	for (unsigned page = 0; page < N_PAGES; page++) {
		if (offset == pages[page] + NAME_AT)
			return false;
		for (unsigned i = 0; i < N_WRITERS; i++)
			if (offset == pages[page] + slots[i])
				return false;
	}
	return true;
}

static void fill(void)
{
	for (uint64_t at = 0; at < memory_size; at += 4)
		*(volatile uint32_t *)(memory + at) = guard_at(at);
	for (unsigned page = 0; page < N_PAGES; page++) {
		*(volatile uint32_t *)(memory + pages[page] + NAME_AT) =
			names[page];
		for (unsigned i = 0; i < N_WRITERS; i++)
			*(volatile uint32_t *)(memory + pages[page] +
					       slots[i]) = value_of(i, 0);
	}
}

static void check_guards(uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at < to; at += 4) {
		uint32_t found = *(volatile uint32_t *)(memory + at);

		if (is_guard(at) && found != guard_at(at))
			complain("guard at %#" PRIx64 " is %#x, not %#x", at,
				 found, guard_at(at));
	}
	for (unsigned page = 0; page < N_PAGES; page++)
		if (look(page, NAME_AT) != names[page])
			complain("page %u has the name %#x", page,
				 look(page, NAME_AT));
}

/* Both pages, with those before and behind them. */
static void check_near_guards(void)
{
	for (unsigned page = 0; page < N_PAGES; page++)
		check_guards(pages[page] - PAGE, pages[page] + 2 * PAGE);
}

/* The driver */

struct driver {
	unsigned page;
	unsigned long moves;
	unsigned long strays; /* pages that changed when not in use */
};

/* How things stand; the descriptor does not wait. */
static struct driver ask_driver(int fd)
{
	struct driver driver;
	char line[256];
	ssize_t length = pread(fd, line, sizeof(line) - 1, 0);
	const char *counters;

	if (length <= 0)
		die(device);
	line[length] = '\0';
	counters = strstr(line, " strays ");
	if (!counters || sscanf(line, "page %u ", &driver.page) != 1 ||
	    sscanf(counters, " strays %lu moves %lu ", &driver.strays,
		   &driver.moves) != 2 ||
	    driver.page >= N_PAGES)
		die("the driver's state");
	return driver;
}

/* The target */

static sigjmp_buf fault_return;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(fault_return, 1);
}

/* Nothing is there, or the name of one of the pages. */
static void touch(const volatile char *address)
{
	uint32_t found;

	if (sigsetjmp(fault_return, 1)) {
		atomic_fetch_add(&shared->faults, 1);
		return;
	}
	found = *(const volatile uint32_t *)(address + NAME_AT);
	atomic_fetch_add(&shared->loads, 1);
	if (found != names[0] && found != names[1])
		complain("the target itself has read %#x", found);
}

static void touch_all(void)
{
	for (unsigned i = 0; i < N_PAGES; i++)
		touch((const volatile char *)shared->address[i]);
}

/* For the driver: mappings that come by fork() and go, some before the rest. */
static void have_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		touch_all();
		munmap((void *)shared->address[0], PAGE);
		touch((const volatile char *)shared->address[1]);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* Has the page mapped twice: with the kernel's generic access method, and with
 * the driver's own. */
static void target(int ready)
{
	static const off_t methods[N_PAGES] = {0, 2};
	struct timespec pause = {.tv_nsec = 300000};
	int fd = open(device, O_RDWR);

	signal(SIGBUS, on_fault);
	for (unsigned i = 0; i < N_PAGES; i++) {
		void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
				fd, methods[i] * PAGE);

		if (fd < 0 || at == MAP_FAILED)
			die(device);
		shared->address[i] = (uintptr_t)at;
	}
	close(ready);
	for (unsigned i = 1;; i++) {
		touch_all();
		if (i % 16 == 0)
			have_child();
		nanosleep(&pause, NULL);
	}
}

/* Workers */

/* The accesses of one run: a writer's to its slot, a reader's to all slots and
 * the name, in turn. */
enum {
	N_PLACES = N_WRITERS + 1,
	N_WRITES = 8,
	N_READS = 4 * N_PLACES,
	MAX_STEPS = N_READS,
};

struct work {
	struct worker *worker;
	unsigned number;
	bool writer;
	struct machine machine;
	struct session *session;
	struct location *locations[MAX_STEPS];
	struct plan plan;
	unsigned n_steps;
	int fd; /* of the driver */

	/* The access that is being made, or was made last. */
	unsigned step;
	struct driver before;
	uint32_t sequence;     /* a writer's */
	uint32_t low[N_PAGES]; /* a reader's: what was there before */
	bool made;
	uint32_t value;
};

static uint32_t place_of(const struct work *work, unsigned step)
{
	if (work->writer)
		return slots[work->number];
	step %= N_PLACES;
	return step < N_WRITERS ? slots[step] : (uint32_t)NAME_AT;
}

static void begin(struct work *work)
{
	uint32_t place = place_of(work, work->step);

	if (work->writer) {
		work->sequence++;
		atomic_store(&shared->fates[work->number][work->sequence],
			     FATE_TRIED);
		atomic_store(&shared->last[work->number], work->sequence);
	}
	work->before = ask_driver(work->fd);
	for (unsigned page = 0; page < N_PAGES; page++)
		work->low[page] = look(page, place);
}

/* `still`: the driver moved nothing meanwhile. */
static void end_write(const struct work *work, bool still)
{
	uint32_t value = value_of(work->number, work->sequence);
	bool in[N_PAGES];

	atomic_store(&shared->fates[work->number][work->sequence],
		     work->made ? FATE_MADE : FATE_NOT_MADE);
	for (unsigned page = 0; page < N_PAGES; page++)
		in[page] = look(page, slots[work->number]) == value;
	if (work->made && in[0] == in[1])
		complain("%#x was reported as made, and is in %s page", value,
			 in[0] ? "each" : "no");
	if (!work->made && (in[0] || in[1]))
		complain("%#x was reported as not made, and is in page %d",
			 value, in[1]);
	if (work->made && still && !in[work->before.page])
		complain("%#x is not in page %u, where the driver was all the "
			 "time",
			 value, work->before.page);
}

static void end_read_slot(const struct work *work, unsigned writer, bool still,
			  uint32_t high)
{
	uint32_t low = work->low[work->before.page], sequence;

	if (!parse_value(writer, work->value, &sequence)) {
		complain("slot %u was read as %#x", writer, work->value);
		return;
	}
	/* Whether it was made is known when its writer has said so. */
	atomic_store(&shared->seen[writer][sequence], 1);
	if (still && (work->value < low || work->value > high))
		complain("slot %u was read as %#x, and its page had %#x to %#x",
			 writer, work->value, low, high);
}

static void end_read(const struct work *work, bool still)
{
	unsigned place = work->step % N_PLACES;
	uint32_t value = work->value;

	if (!work->made)
		return;
	if (place < N_WRITERS)
		end_read_slot(work, place, still,
			      look(work->before.page, slots[place]));
	else if ((value != names[0] && value != names[1]) ||
		 (still && value != names[work->before.page]))
		complain("the name of page %u was read as %#x",
			 work->before.page, value);
}

static void end(struct work *work)
{
	struct driver after = ask_driver(work->fd);
	bool still = work->before.moves == after.moves;

	work->worker->still += work->made && still;
	if (work->writer)
		end_write(work, still);
	else
		end_read(work, still);
}

static void count(struct worker *worker, const struct element_result *result)
{
	unsigned retries = result->attempts ? result->attempts - 1 : 0;

	worker->retries += retries;
	worker->retried += !result->error && retries;
	if (result->attempts > worker->attempts)
		worker->attempts = result->attempts;
	if (result->waited > worker->longest)
		worker->longest = result->waited;
	if (!result->error) {
		worker->made++;
		return;
	}
	worker->failed++;
	worker->kinds[result->error->kind]++;
	if (result->made || result->wrote)
		complain("an access failed and was made: %s",
			 result->error->message);
}

static void on_element(void *data, const struct element *element,
		       const struct element_result *result)
{
	struct work *work = data;

	if (element->operation != &work->plan.operations[work->step])
		complain("step %u is another one", work->step);
	work->made = !result->error;
	work->value = (uint32_t)result->value;
	count(work->worker, result);
	end(work);
	/* Behind a write that failed no other is tried. */
	work->step++;
	if (work->step < work->n_steps && (work->made || !work->writer))
		begin(work);
}

/* One run: all steps, but for what follows a write that fails. */
static void run(struct work *work)
{
	struct run_sink sink = {.data = work, .element = on_element};
	struct run_summary summary;
	struct error *error;

	for (unsigned i = 0; work->writer && i < work->n_steps; i++)
		work->plan.operations[i].set =
			value_of(work->number, work->sequence + 1 + i);
	work->step = 0;
	begin(work);
	error = run_plan(&work->plan, false, &sink, &summary);
	if (!error)
		return;
	complain("a run was refused: %s", error->message);
	error_destroy(error);
}

/* Every other one goes through the driver's own access method. */
static void prepare(struct work *work, pid_t pid, unsigned number)
{
	uintptr_t address = shared->address[number % 2];
	struct plan_options options = {.retry = RETRY};
	char text[64];

	work->worker = &shared->workers[number];
	work->number = number;
	work->writer = options.write = number < N_WRITERS;
	work->n_steps = work->writer ? N_WRITES : N_READS;
	check(machine_init(&work->machine, NULL));
	/* What an unsafe path does is to be seen. */
	work->machine.trust_kernel = true;
	check(session_create(&work->machine, pid, NULL, &work->session));
	for (unsigned i = 0; i < work->n_steps; i++) {
		snprintf(text, sizeof(text), "%#" PRIxPTR "%s",
			 address + place_of(work, i), work->writer ? "=0" : "");
		check(location_parse(text, &work->locations[i]));
	}
	check(plan_make(work->session, work->locations, work->n_steps, &options,
			&work->plan));
	check(session_attach(work->session, work->writer));
	work->fd = open(device, O_RDONLY | O_NONBLOCK);
	if (work->fd < 0)
		die(device);
}

static void put_away(struct work *work)
{
	close(work->fd);
	plan_deinit(&work->plan);
	for (unsigned i = 0; i < work->n_steps; i++)
		location_destroy(work->locations[i]);
	session_destroy(work->session);
	machine_deinit(&work->machine);
}

/* Now that nothing moves any more. */
static void run_in_the_calm(struct work *work)
{
	struct worker before = *work->worker;

	run(work);
	if (work->worker->made != before.made + work->n_steps ||
	    work->worker->retries != before.retries)
		complain("worker %u: in the calm not all accesses worked at "
			 "the first attempt",
			 work->number);
}

/* Begins when `start` is closed at the other end. */
static void worker(pid_t pid, unsigned number, int ready, int start)
{
	struct work work = {0};
	char byte;

	prepare(&work, pid, number);
	close(ready);
	if (read(start, &byte, 1) != 0)
		die("start");
	while (!atomic_load(&shared->stop) &&
	       work.sequence < MAX_SEQUENCE - 2 * N_WRITES)
		run(&work);
	run_in_the_calm(&work);
	put_away(&work);
}

/* The whole */

static void wait_closed(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 0)
		die("a process did not get ready");
	close(fd);
}

/* A process; the pipe *ret_ready is closed at its end when it is ready. */
static pid_t start(int *ret_ready, int *ret_done)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		die("pipe");
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		*ret_done = ends[1];
		return 0;
	}
	close(ends[1]);
	*ret_ready = ends[0];
	return pid;
}

static void on_alarm(int signal)
{
	static const char text[] = "storm: WRONG: it hangs\n";

	(void)signal;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

static void map_memory(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDWR);

	if (fd < 0 || fstat(fd, &st))
		die(path);
	memory_size = (size_t)st.st_size;
	memory = mmap(NULL, memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      0);
	if (memory == MAP_FAILED)
		die(path);
	close(fd);
	for (unsigned page = 0; page < N_PAGES; page++)
		if (pages[page] < PAGE || pages[page] % PAGE ||
		    pages[page] + 2 * PAGE > memory_size) {
			fprintf(stderr, "storm: see the comment\n");
			exit(2);
		}
	fill();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
}

/* Until the driver says that it is over, by becoming readable. */
static void watch(int fd)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};

	while (!poll(&wanted, 1, 100))
		check_near_guards();
}

/* What was seen was not reported as not made; what is there was reported as
 * made, and the last of it is there. */
static void check_slot(unsigned writer)
{
	uint32_t last = atomic_load(&shared->last[writer]);
	uint32_t there[N_PAGES];

	for (unsigned page = 0; page < N_PAGES; page++) {
		uint32_t value = look(page, slots[writer]);

		if (!parse_value(writer, value, &there[page]) ||
		    (there[page] &&
		     atomic_load(&shared->fates[writer][there[page]]) !=
			     FATE_MADE))
			complain("slot %u of page %u has %#x in the end",
				 writer, page, value);
	}
	for (uint32_t i = 1; i <= last; i++)
		if (atomic_load(&shared->seen[writer][i]) &&
		    atomic_load(&shared->fates[writer][i]) != FATE_MADE)
			complain("%#x of writer %u was read, and not made",
				 value_of(writer, i), writer);
	while (last && atomic_load(&shared->fates[writer][last]) != FATE_MADE)
		last--;
	if (last != there[0] && last != there[1])
		complain("the last write of writer %u, %#x, is in no page",
			 writer, value_of(writer, last));
}

static void report(const char *what, unsigned first, unsigned count)
{
	struct worker sum = {0};

	for (unsigned i = first; i < first + count; i++) {
		const struct worker *one = &shared->workers[i];

		sum.made += one->made;
		sum.failed += one->failed;
		sum.retries += one->retries;
		sum.retried += one->retried;
		sum.still += one->still;
		if (one->attempts > sum.attempts)
			sum.attempts = one->attempts;
		if (one->longest > sum.longest)
			sum.longest = one->longest;
		for (unsigned kind = 0; kind < N_KINDS; kind++)
			sum.kinds[kind] += one->kinds[kind];
	}
	printf("%s: accesses %" PRIu64 " made %" PRIu64 " retried %" PRIu64
	       " still %" PRIu64 " failed %" PRIu64 " retries %" PRIu64
	       " most %u longest %" PRIu64 " us;",
	       what, sum.made + sum.failed, sum.made, sum.retried, sum.still,
	       sum.failed, sum.retries, sum.attempts, sum.longest / 1000);
	for (unsigned kind = 0; kind < N_KINDS; kind++)
		if (sum.kinds[kind])
			printf(" %s %" PRIu64,
			       error_kind_name((enum error_kind)kind),
			       sum.kinds[kind]);
	printf("\n");
	/* Else nothing was tested. */
	if (!sum.made || !(sum.failed + sum.retried) || !sum.still)
		complain("%s: too little happened", what);
}

int main(int argc, char **argv)
{
	pid_t target_pid, workers[N_WORKERS];
	int ready, done, begin[2], fd;
	unsigned long milliseconds, strays;
	char line[128];
	int status;

	if (argc != 7) {
		fprintf(stderr, "storm: see the comment in its source\n");
		return 2;
	}
	device = argv[1];
	for (unsigned page = 0; page < N_PAGES; page++)
		pages[page] = strtoull(argv[3 + page], NULL, 0);
	milliseconds = strtoul(argv[5], NULL, 10);
	map_memory(argv[2]);
	fd = open(device, O_RDWR | O_NONBLOCK);
	if (fd < 0)
		die(device);
	signal(SIGALRM, on_alarm);
	alarm((unsigned)(milliseconds / 1000 * 2 + 60));

	target_pid = start(&ready, &done);
	if (!target_pid)
		target(done);
	wait_closed(ready);
	if (pipe(begin))
		die("pipe");
	for (unsigned i = 0; i < N_WORKERS; i++) {
		workers[i] = start(&ready, &done);
		if (!workers[i]) {
			close(begin[1]);
			worker(target_pid, i, done, begin[0]);
			fflush(NULL);
			_exit(0);
		}
		wait_closed(ready);
	}
	snprintf(line, sizeof(line), "storm %lu %s", milliseconds, argv[6]);
	if (write(fd, line, strlen(line)) < 0)
		die(line);
	close(begin[1]);
	watch(fd);
	atomic_store(&shared->stop, true);
	for (unsigned i = 0; i < N_WORKERS; i++)
		if (waitpid(workers[i], &status, 0) < 0 || status)
			complain("worker %u ended with status %#x", i, status);
	if (waitpid(target_pid, &status, WNOHANG) != 0)
		complain("the target ended with status %#x", status);
	kill(target_pid, SIGKILL);
	waitpid(target_pid, NULL, 0);

	check_guards(0, memory_size);
	strays = ask_driver(fd).strays;
	if (strays)
		complain("%lu times something reached a page that was not in "
			 "use",
			 strays);
	for (unsigned i = 0; i < N_WRITERS; i++)
		check_slot(i);
	report("writers", 0, N_WRITERS);
	report("readers", N_WRITERS, N_READERS);
	printf("target: loads %lu faults %lu\n", atomic_load(&shared->loads),
	       atomic_load(&shared->faults));
	printf("wrong %u\n", atomic_load(&shared->complaints));
	return atomic_load(&shared->complaints) != 0;
}
