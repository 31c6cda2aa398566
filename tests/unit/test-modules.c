/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of modules: which ones there are, and that the right one is opened
 * and nothing else ever is; over processes that the tests start.
 */
#include "unit.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/text.h"
#include "target/machine.h"
#include "target/modules.h"
#include "target/session.h"

enum { NOBODY = 65534, MOST_CHILDREN = 8 };

static struct tree tree;
static struct machine machine;
static struct session *session;
static struct name_source *source;
static pid_t children[MOST_CHILDREN];
static size_t n_children;
static int held_input = -1; /* of the program that runs */

static void set_up(void)
{
	tree_init(&tree);
	/* Others than root are to get at it, too. */
	ck_assert_int_eq(chmod(tree.path, 0755), 0);
	expect_no_error(machine_init(&machine, NULL), "machine");
}

static void close_source(void)
{
	if (source)
		source->destroy(source);
	session_destroy(session);
	source = NULL;
	session = NULL;
}

static void tear_down(void)
{
	close_source();
	for (size_t i = 0; i < n_children; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	n_children = 0;
	if (held_input >= 0)
		close(held_input);
	held_input = -1;
	machine_deinit(&machine);
	tree_deinit(&tree);
}

/* Whether a test that only root can make is to be left out: never in CI. */
static bool only_root(const char *what)
{
	const char *ci = getenv("CI");

	if (geteuid() == 0)
		return false;
	ck_assert_msg(!ci || strcmp(ci, "true") != 0, "%s: not root", what);
	printf("# left out, not root: %s\n", what);
	return true;
}

static char *tree_path(const char *path)
{
	char *whole;

	ck_assert_int_gt(asprintf(&whole, "%s/%s", tree.path, path), 0);
	return whole;
}

/* Children ---------------------------------------------------------------- */

/* In a child: no assertion may leave it. */
#define NEED(condition)                                                        \
	do {                                                                   \
		if (!(condition)) {                                            \
			dprintf(STDERR_FILENO, "# %s:%d: %s (%s)\n", __FILE__, \
				__LINE__, #condition, strerror(errno));        \
			_exit(EXIT_FAILURE);                                   \
		}                                                              \
	} while (0)

/* Our process becomes that of an ordinary user, of whom it may be looked at. */
static void drop_privileges(void)
{
	if (geteuid())
		return;
	NEED(setgroups(0, NULL) == 0);
	NEED(setresgid(NOBODY, NOBODY, NOBODY) == 0);
	NEED(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	NEED(prctl(PR_SET_DUMPABLE, 1) == 0);
}

typedef void child_fn(const void *data);

/* Starts a child, which runs until the end of the test; `body` is done when
 * this returns. */
static pid_t start(child_fn *body, const void *data)
{
	int ends[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body(data);
		NEED(write(ends[1], "x", 1) == 1);
		for (;;)
			pause();
	}
	ck_assert_uint_lt(n_children, MOST_CHILDREN);
	children[n_children++] = pid;
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return pid;
}

/* Runs `body` in a process of an ordinary user, and expects it to end. */
static void observe(child_fn *body, const void *data)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		drop_privileges();
		body(data);
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status),
		      "the observer ended with %#x", status);
}

static void copy_file(const char *from, const char *name)
{
	char *bytes;
	size_t length;

	ck_assert_int_eq(file_read(AT_FDCWD, from, &bytes, &length), 0);
	tree_put_bytes(&tree, name, bytes, length);
	free(bytes);
	ck_assert_int_eq(fchmodat(tree.fd, name, 0755, 0), 0);
}

struct program {
	const char *path;
	child_fn *before;   /* it is executed */
	bool ordinary;      /* as an ordinary user */
	const char *loader; /* that is called with it; NULL: it is itself */
};

static void run_cat(const struct program *program, int input, int output)
{
	char name[] = "cat", path[512];
	char *const arguments[] = {name, program->loader ? path : NULL, NULL};

	snprintf(path, sizeof(path), "%s", program->path);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (program->before)
		program->before(NULL);
	if (program->ordinary)
		drop_privileges();
	/* It comes back with a change of ids. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	NEED(dup2(input, 0) == 0 && dup2(output, 1) == 1);
	execv(program->loader ? program->loader : program->path, arguments);
	NEED(!"execv");
}

/* A copy of cat in the tree, that has loaded all that it needs when it echoes.
 */
static pid_t start_program(const struct program *program)
{
	int input[2], output[2];
	char byte = 0;
	pid_t pid;

	ck_assert_int_eq(pipe2(input, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(output, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid)
		run_cat(program, input[0], output[1]);
	ck_assert_uint_lt(n_children, MOST_CHILDREN);
	children[n_children++] = pid;
	close(input[0]);
	close(output[1]);
	ck_assert_int_eq(write(input[1], "x", 1), 1);
	ck_assert_int_eq(read(output[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'x');
	/* It waits for more until the end of the test. */
	held_input = input[1];
	close(output[0]);
	return pid;
}

/* Modules ------------------------------------------------------------------ */

static void open_source(pid_t pid)
{
	close_source();
	expect_no_error(session_create(&machine, pid, NULL, &session),
			"session");
	expect_no_error(modules_create(session, &source), "modules");
}

/* The same in an observer. */
static void observe_source(pid_t pid)
{
	NEED(!session_create(&machine, pid, NULL, &session));
	NEED(!modules_create(session, &source));
}

/* The number of the module of that path; SIZE_MAX: there is none. */
static size_t module_of(const struct name_source *in, const char *path)
{
	for (size_t i = 0; i < in->n_modules; i++)
		if (strcmp(in->modules[i].path, path) == 0)
			return i;
	return SIZE_MAX;
}

static size_t module_below(const char *name)
{
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s/%s", tree.path, name) < 0)
		abort();
	return module_of(source, path);
}

static bool same_content(int fd, const char *path)
{
	cleanup_free char *text = NULL, *other = NULL;
	char link[32];
	size_t length, other_length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return file_read(AT_FDCWD, link, &text, &length) == 0 &&
	       file_read(AT_FDCWD, path, &other, &other_length) == 0 &&
	       length == other_length && memcmp(text, other, length) == 0;
}

static void image_deinit(struct module_image *image)
{
	close(image->fd);
	free(image->build_id);
}

/* A build id as a file has it, found without bounds: the file is a good one. */
static size_t id_of_file(const char *path, unsigned char ret[64])
{
	cleanup_free char *bytes = NULL;
	size_t length, found = 0;
	Elf64_Ehdr header;

	ck_assert_int_eq(file_read(AT_FDCWD, path, &bytes, &length), 0);
	memcpy(&header, bytes, sizeof(header));
	for (size_t i = 0; i < header.e_phnum && !found; i++) {
		Elf64_Phdr segment;

		memcpy(&segment, bytes + header.e_phoff + i * sizeof(segment),
		       sizeof(segment));
		for (size_t at = 0;
		     segment.p_type == PT_NOTE && at < segment.p_filesz;) {
			const char *note = bytes + segment.p_offset + at;
			size_t align = segment.p_align == 8 ? 7 : 3;
			Elf64_Nhdr head;

			memcpy(&head, note, sizeof(head));
			if (head.n_type == NT_GNU_BUILD_ID) {
				found = head.n_descsz;
				memcpy(ret, note + sizeof(head) + 4, found);
			}
			at += (sizeof(head) + head.n_namesz + align) & ~align;
			at += (head.n_descsz + align) & ~align;
		}
	}
	return found;
}

START_TEST(program_and_libraries)
{
	char *path = tree_path("prog");
	struct program program = {.path = path};
	unsigned char id[64];
	size_t libc = SIZE_MAX;

	copy_file("/bin/cat", "prog");
	open_source(start_program(&program));
	ck_assert_uint_ge(source->n_modules, 3);
	ck_assert(source->has_program);
	ck_assert_str_eq(source->modules[0].path, path);
	for (size_t i = 0; i < source->n_modules; i++) {
		const struct module_source *module = &source->modules[i];
		struct module_image image;
		char magic[4];

		if (strstr(module->path, "libc.so") ||
		    strstr(module->path, "libc-"))
			libc = i;
		for (size_t j = 1; j < module->n_pieces; j++)
			ck_assert(module->pieces[j].start >=
				  module->pieces[j - 1].end);
		if (i > 1)
			ck_assert(module->pieces[0].start >
				  source->modules[i - 1].pieces[0].start);
		/* Also those that are not executable. */
		ck_assert_uint_ge(module->n_pieces, 3);
		expect_no_error(source->open_module(source, i, &image),
				module->path);
		ck_assert(image.exact);
		ck_assert_int_eq(pread(image.fd, magic, 4, 0), 4);
		ck_assert(memcmp(magic, ELFMAG, 4) == 0);
		ck_assert(same_content(image.fd, module->path));
		ck_assert_int_eq(fcntl(image.fd, F_GETFL) & O_ACCMODE,
				 O_RDONLY);
		ck_assert(fcntl(image.fd, F_GETFD) & FD_CLOEXEC);
		ck_assert_uint_eq(image.build_id_length,
				  id_of_file(module->path, id));
		ck_assert_uint_gt(image.build_id_length, 0);
		ck_assert(memcmp(image.build_id, id, image.build_id_length) ==
			  0);
		image_deinit(&image);
	}
	ck_assert_msg(libc != SIZE_MAX, "libc is no module");
	free(path);
}
END_TEST

static void nothing(const void *data)
{
	(void)data;
}

/* As a library of a program that is not linked to addresses so low. */
static void map_low(const void *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *low = (void *)(uintptr_t)0x200000;

	NEED(fd >= 0);
	NEED(mmap(low, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == low);
	close(fd);
}

START_TEST(ourselves_forked)
{
	char *path = tree_path("lib");
	pid_t pid;
	char *own;

	tree_put(&tree, "library", "lib");
	pid = start(map_low, path);
	own = link_target(AT_FDCWD, "/proc/%d/exe", (int)pid);
	open_source(pid);
	ck_assert_str_eq(source->modules[0].path, own);
	ck_assert_str_eq(source->modules[1].path, path);
	ck_assert(source->modules[1].pieces[0].start <
		  source->modules[0].pieces[0].start);
	free(path);
	free(own);
}
END_TEST

/* Moves code to other memory, as is done to have it in huge pages. */
static void move_code(char *start, size_t length)
{
	char *copy = mmap(NULL, length, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(copy != MAP_FAILED);
	memcpy(copy, start, length);
	NEED(mprotect(copy, length, PROT_READ | PROT_EXEC) == 0);
	NEED(mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
		    start) == start);
}

/* All code of its own; that of libraries stays. */
static void move_own_code(const void *own)
{
	cleanup_free char *line = NULL;
	FILE *maps = fopen("/proc/self/maps", "re");
	size_t size = 0, n_moved = 0;

	NEED(maps);
	while (getline(&line, &size, maps) >= 0) {
		unsigned long start, end;
		char mode[5];

		NEED(sscanf(line, "%lx-%lx %4s", &start, &end, mode) == 3);
		if (mode[2] != 'x' || !strstr(line, own))
			continue;
		move_code((char *)start, end - start);
		n_moved++;
	}
	fclose(maps);
	NEED(n_moved);
}

/* What is left of it are its headers and data. */
START_TEST(code_moved)
{
	cleanup_free char *own = link_target(AT_FDCWD, "/proc/self/exe");
	struct module_image image;

	ck_assert_ptr_nonnull(own);
	open_source(start(move_own_code, own));
	ck_assert_uint_ge(source->n_modules, 2);
	ck_assert(source->has_program);
	ck_assert_str_eq(source->modules[0].path, own);
	expect_no_error(source->open_module(source, 0, &image), own);
	ck_assert(image.exact);
	ck_assert(same_content(image.fd, own));
	image_deinit(&image);
}
END_TEST

/* The path of the loader that a good file asks for. */
static char *loader_of(const char *path)
{
	cleanup_free char *bytes = NULL;
	size_t length;
	Elf64_Ehdr header;

	ck_assert_int_eq(file_read(AT_FDCWD, path, &bytes, &length), 0);
	memcpy(&header, bytes, sizeof(header));
	for (size_t i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		memcpy(&segment, bytes + header.e_phoff + i * sizeof(segment),
		       sizeof(segment));
		if (segment.p_type == PT_INTERP)
			return strdup(bytes + segment.p_offset);
	}
	return NULL;
}

/* No module is the program then, and the loader least of all. */
START_TEST(loader_called)
{
	cleanup_free char *path = tree_path("prog");
	cleanup_free char *loader = loader_of("/bin/cat");
	cleanup_free char *executed = NULL;
	struct program program = {.path = path, .loader = loader};
	struct module_image image;
	size_t number;
	pid_t pid;

	copy_file("/bin/cat", "prog");
	ck_assert_ptr_nonnull(loader);
	pid = start_program(&program);
	executed = link_target(AT_FDCWD, "/proc/%d/exe", (int)pid);
	ck_assert_str_ne(executed, path);
	open_source(pid);
	ck_assert(!source->has_program);
	for (size_t i = 1; i < source->n_modules; i++)
		ck_assert(source->modules[i].pieces[0].start >
			  source->modules[i - 1].pieces[0].start);
	ck_assert_uint_ne(module_below("prog"), SIZE_MAX);
	number = module_of(source, executed);
	ck_assert_uint_ne(number, SIZE_MAX);
	expect_no_error(source->open_module(source, number, &image), executed);
	ck_assert(image.exact);
	image_deinit(&image);
}
END_TEST

/* Once it has begun, its path is another file's, or nobody's. */
static void expect_original(const char *path)
{
	struct module_image image;

	ck_assert_str_eq(source->modules[0].path, path);
	expect_no_error(source->open_module(source, 0, &image), path);
	ck_assert(image.exact);
	ck_assert(same_content(image.fd, "/bin/cat"));
	ck_assert_uint_gt(image.build_id_length, 0);
	image_deinit(&image);
}

static void see_original(const void *data)
{
	struct module_image image;

	observe_source(children[0]);
	NEED(strcmp(source->modules[0].path, data) == 0);
	NEED(!source->open_module(source, 0, &image));
	NEED(image.exact && image.build_id);
	NEED(same_content(image.fd, "/bin/cat"));
}

START_TEST(deleted)
{
	char *path = tree_path("prog");
	struct program program = {.path = path, .ordinary = true};
	pid_t pid;

	copy_file("/bin/cat", "prog");
	pid = start_program(&program);
	ck_assert_int_eq(unlink(path), 0);
	open_source(pid);
	expect_original(path);
	close_source();
	observe(see_original, path);
	free(path);
}
END_TEST

START_TEST(replaced)
{
	char *path = tree_path("prog"), *other = tree_path("other");
	struct program program = {.path = path, .ordinary = true};
	pid_t pid;

	copy_file("/bin/cat", "prog");
	copy_file("/bin/true", "other");
	pid = start_program(&program);
	ck_assert_int_eq(rename(other, path), 0);
	open_source(pid);
	expect_original(path);
	close_source();
	observe(see_original, path);
	free(other);
	free(path);
}
END_TEST

/* Small files of our own making -------------------------------------------- */

/* An ELF file of 64 bits with one note, for the cases to spoil. */
struct small {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	Elf64_Nhdr note;
	char name[4];
	unsigned char id[4];
	char rest[64];
};

static const struct small sound = {
	.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64,
			       BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB
							   : ELFDATA2MSB,
			       EV_CURRENT},
		   .e_type = ET_DYN,
		   .e_phoff = offsetof(struct small, segment),
		   .e_phentsize = sizeof(Elf64_Phdr),
		   .e_phnum = 1},
	.segment = {.p_type = PT_NOTE,
		    .p_offset = offsetof(struct small, note),
		    .p_filesz = sizeof(Elf64_Nhdr) + 8,
		    .p_align = 4},
	.note = {.n_namesz = 4, .n_descsz = 4, .n_type = NT_GNU_BUILD_ID},
	.name = "GNU",
	.id = {0xde, 0xad, 0xbe, 0xef},
};

static void put_small(const char *name, const struct small *small)
{
	tree_put_bytes(&tree, name, small, sizeof(*small));
}

/* Maps as code what has that path in a child, as a library is. */
static void map_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	NEED(fd >= 0);
	NEED(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) !=
	     MAP_FAILED);
	close(fd);
}

static void map_below(const void *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", tree.path, (const char *)name);
	map_file(path);
}

static void map_ordinary(const void *name)
{
	drop_privileges();
	map_below(name);
}

/* What a bit of the file that is spoilt is set to. */
struct spoilt {
	const char *label;
	size_t offset, size;
	uint64_t value;
};

#define SPOIL(label, member, value)                                            \
	{                                                                      \
		label, offsetof(struct small, member),                         \
			sizeof(((struct small *)NULL)->member), value          \
	}

static const struct spoilt spoilt[] = {
	SPOIL("magic", header.e_ident[0], 'E'),
	SPOIL("class 0", header.e_ident[EI_CLASS], 0),
	SPOIL("class 3", header.e_ident[EI_CLASS], 3),
	SPOIL("the other class", header.e_ident[EI_CLASS], ELFCLASS32),
	SPOIL("order 0", header.e_ident[EI_DATA], 0),
	SPOIL("the other order", header.e_ident[EI_DATA],
	      BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2MSB : ELFDATA2LSB),
	SPOIL("no segments", header.e_phnum, 0),
	SPOIL("65535 segments", header.e_phnum, 65535),
	SPOIL("257 segments", header.e_phnum, 257),
	SPOIL("size of segments", header.e_phentsize, 55),
	SPOIL("size 0 of segments", header.e_phentsize, 0),
	SPOIL("table at the end", header.e_phoff, 4096 - 8),
	SPOIL("table behind it", header.e_phoff, 4096),
	SPOIL("table at -8", header.e_phoff, UINT64_MAX - 7),
	SPOIL("another type", segment.p_type, PT_LOAD),
	SPOIL("notes at -1", segment.p_offset, UINT64_MAX),
	SPOIL("notes at 2^63", segment.p_offset, UINT64_C(1) << 63),
	SPOIL("notes over the end", segment.p_offset, 4096 - 4),
	SPOIL("no notes", segment.p_filesz, 0),
	SPOIL("2^64-1 bytes", segment.p_filesz, UINT64_MAX),
	SPOIL("65537 bytes", segment.p_filesz, 65537),
	SPOIL("8192 bytes", segment.p_filesz, 8192),
	SPOIL("11 bytes", segment.p_filesz, 11),
	SPOIL("12 bytes", segment.p_filesz, 12),
	SPOIL("15 bytes", segment.p_filesz, 15),
	SPOIL("19 bytes", segment.p_filesz, 19),
	SPOIL("name of 2^32-1", note.n_namesz, UINT32_MAX),
	SPOIL("name of 9", note.n_namesz, 9),
	SPOIL("name of 0", note.n_namesz, 0),
	SPOIL("value of 2^32-1", note.n_descsz, UINT32_MAX),
	SPOIL("value of 5", note.n_descsz, 5),
	SPOIL("value of 0", note.n_descsz, 0),
	SPOIL("another note", note.n_type, NT_GNU_ABI_TAG),
	SPOIL("another name", name[2], 'X'),
	SPOIL("name without end", name[3], 'U'),
};

static void put_spoilt(const char *name, const struct spoilt *spoil)
{
	struct small small = sound;
	unsigned char *at = (unsigned char *)&small + spoil->offset;

	for (size_t i = 0; i < spoil->size; i++)
		at[BYTE_ORDER == LITTLE_ENDIAN ? i : spoil->size - 1 - i] =
			(unsigned char)(spoil->value >> 8 * i);
	put_small(name, &small);
}

static void map_spoilt(const void *data)
{
	char name[32];

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
		snprintf(name, sizeof(name), "lib%zu", i);
		map_below(name);
	}
}

START_TEST(hostile_headers)
{
	char name[32];

	for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
		snprintf(name, sizeof(name), "lib%zu", i);
		put_spoilt(name, &spoilt[i]);
	}
	open_source(start(map_spoilt, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
		struct module_image image;
		size_t index;

		snprintf(name, sizeof(name), "lib%zu", i);
		index = module_below(name);
		ck_assert_msg(index != SIZE_MAX, "%s", spoilt[i].label);
		expect_no_error(source->open_module(source, index, &image),
				spoilt[i].label);
		ck_assert_msg(!image.build_id && !image.build_id_length, "%s",
			      spoilt[i].label);
		image_deinit(&image);
	}
}
END_TEST

/* A file of 32 bits, with the note behind another one, aligned to 8. */
struct narrow {
	Elf32_Ehdr header;
	Elf32_Phdr segments[2];
	Elf32_Nhdr other;
	char other_name[12];
	unsigned char value[12], padding[4];
	Elf32_Nhdr note;
	char name[4];
	unsigned char id[72];
};

static void put_narrow(const char *name, unsigned length)
{
	struct narrow narrow = {
		.header = {.e_phoff = offsetof(struct narrow, segments),
			   .e_phentsize = sizeof(Elf32_Phdr),
			   .e_phnum = 2},
		.segments = {{.p_type = PT_LOAD},
			     {.p_type = PT_NOTE,
			      .p_offset = offsetof(struct narrow, other),
			      .p_filesz = sizeof(narrow) -
					  offsetof(struct narrow, other),
			      .p_align = 8}},
		.other = {.n_namesz = 5, .n_descsz = 12, .n_type = 1},
		.other_name = "GNUX",
		.note = {.n_namesz = 4,
			 .n_descsz = length,
			 .n_type = NT_GNU_BUILD_ID},
		.name = "GNU",
	};

	memcpy(narrow.header.e_ident, sound.header.e_ident, EI_NIDENT);
	narrow.header.e_ident[EI_CLASS] = ELFCLASS32;
	memset(narrow.id, 0x5a, sizeof(narrow.id));
	tree_put_bytes(&tree, name, &narrow, sizeof(narrow));
}

static void map_sound(const void *data)
{
	(void)data;
	map_below("sound");
	map_below("narrow");
	map_below("long");
	map_below("empty");
}

START_TEST(small_files)
{
	static const struct {
		const char *name;
		size_t length;
		unsigned char first;
	} cases[] = {
		{"sound", 4, 0xde},
		{"narrow", 64, 0x5a},
		{"long", 0, 0},
		/* Its page is not even there. */
		{"empty", 0, 0},
	};

	put_small("sound", &sound);
	put_narrow("narrow", 64);
	put_narrow("long", 65);
	tree_put_bytes(&tree, "empty", "", 0);
	open_source(start(map_sound, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t index = module_below(cases[i].name);
		struct module_image image;

		ck_assert_msg(index != SIZE_MAX, "%s", cases[i].name);
		expect_no_error(source->open_module(source, index, &image),
				cases[i].name);
		ck_assert_msg(image.build_id_length == cases[i].length, "%s",
			      cases[i].name);
		if (image.build_id)
			ck_assert_int_eq(*image.build_id, cases[i].first);
		image_deinit(&image);
	}
}
END_TEST

/* What an ordinary user sees, who may not follow the links of addresses. */

static void see_library(const void *data)
{
	struct module_image image;
	size_t index;

	(void)data;
	observe_source(children[0]);
	index = module_below("lib");
	NEED(index != SIZE_MAX);
	NEED(!source->open_module(source, index, &image));
	NEED(image.exact && image.build_id_length == 4);
	NEED(pread(image.fd, &(struct small){0}, 4, 0) == 4);
}

static void see_deleted_library(const void *data)
{
	struct module_image image = {.fd = -77};
	struct error *error;
	size_t index;

	(void)data;
	observe_source(children[0]);
	index = module_below("lib");
	NEED(index != SIZE_MAX);
	error = source->open_module(source, index, &image);
	NEED(error && error->kind == ERROR_DENIED);
	NEED(has_text(error->message, "lib was deleted; through /proc/"));
	NEED(has_text(error->message, "/map_files: Operation not permitted"));
	NEED(has_text(error->help, "or root would open it"));
	NEED(image.fd == -77);
	error_destroy(error);
}

START_TEST(library_by_path)
{
	put_small("lib", &sound);
	start(map_ordinary, "lib");
	observe(see_library, NULL);
	ck_assert_int_eq(unlinkat(tree.fd, "lib", 0), 0);
	observe(see_deleted_library, NULL);
	/* What has its path now is not asked for. */
	put_small("lib", &sound);
	observe(see_deleted_library, NULL);
	if (only_root("the link of an address"))
		return;
	open_source(children[0]);
	for (size_t i = 0; i < source->n_modules; i++) {
		struct module_image image;

		expect_no_error(source->open_module(source, i, &image),
				source->modules[i].path);
		ck_assert(image.exact);
		image_deinit(&image);
	}
	ck_assert(module_below("lib") != SIZE_MAX);
}
END_TEST

/* It is another file by now that has its path: then it is not exact, and the
 * build ids decide (names/). A bind mount does that without deleting it. */
static void hide_library(const void *data)
{
	char library[512], other[512];

	(void)data;
	snprintf(library, sizeof(library), "%s/lib", tree.path);
	snprintf(other, sizeof(other), "%s/other", tree.path);
	map_below("lib");
	NEED(unshare(CLONE_NEWNS) == 0);
	NEED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	NEED(mount(other, library, NULL, MS_BIND, NULL) == 0);
	drop_privileges();
}

static void see_other(const void *data)
{
	struct module_image image;
	size_t index;

	(void)data;
	observe_source(children[0]);
	index = module_below("lib");
	NEED(index != SIZE_MAX);
	NEED(!source->open_module(source, index, &image));
	NEED(!image.exact && image.build_id_length == 4);
	NEED(lseek(image.fd, 0, SEEK_END) == 5);
}

START_TEST(hidden_by_another)
{
	struct module_image image;

	if (only_root("a library under a bind mount"))
		return;
	put_small("lib", &sound);
	tree_put(&tree, "other", "other");
	start(hide_library, NULL);
	observe(see_other, NULL);
	open_source(children[0]);
	expect_no_error(
		source->open_module(source, module_below("lib"), &image),
		"lib");
	ck_assert(image.exact);
	ck_assert_int_eq(lseek(image.fd, 0, SEEK_END), sizeof(sound));
	image_deinit(&image);
}
END_TEST

/* What the link of the address leads to is not what was there when the session
 * was opened. */
START_TEST(changed_meanwhile)
{
	struct module_image image;
	struct error *error;
	char *path;
	size_t index;

	if (only_root("a mapping that has changed"))
		return;
	path = tree_path("gone");
	put_small("lib", &sound);
	expect_no_error(session_create(&machine, start(map_below, "lib"), NULL,
				       &session),
			"session");
	for (size_t i = 0; i < session->mappings.count; i++) {
		struct mapping *mapping = &session->mappings.items[i];

		if (!has_text(mapping->path, "/lib") ||
		    !text_starts(mapping->path, tree.path, NULL))
			continue;
		mapping->inode++;
		free(mapping->path);
		mapping->path = strdup(path);
	}
	expect_no_error(modules_create(session, &source), "modules");
	index = module_below("gone");
	ck_assert(index != SIZE_MAX);
	error = source->open_module(source, index, &image);
	ck_assert_ptr_nonnull(error);
	ck_assert_msg(has_text(error->message, "/map_files: another file"),
		      "%s", error->message);
	ck_assert_msg(has_text(error->message, "/root: No such file"), "%s",
		      error->message);
	ck_assert_ptr_null(error->help);
	expect_error(error, ERROR_FAILED, "gone");
	free(path);
}
END_TEST

/* Mount namespaces and roots ------------------------------------------------
 */

static void enter_namespace(const void *data)
{
	char theirs[512], place[512];

	(void)data;
	snprintf(theirs, sizeof(theirs), "%s/theirs", tree.path);
	snprintf(place, sizeof(place), "%s/place", tree.path);
	NEED(unshare(CLONE_NEWNS) == 0);
	NEED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	NEED(mount(theirs, place, NULL, MS_BIND, NULL) == 0);
}

static void map_in_namespace(const void *data)
{
	enter_namespace(data);
	drop_privileges();
	map_below("place/lib");
}

/* How many bytes open_file() gets to; -1: no file. */
static off_t size_of(enum file_root root, const char *path)
{
	int fd = source->open_file(source, root, path);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (fd >= 0)
		close(fd);
	return size;
}

static void see_namespace(const void *path)
{
	struct module_image image;
	size_t index;

	observe_source(children[0]);
	index = module_of(source, path);
	NEED(index != SIZE_MAX);
	NEED(!source->open_module(source, index, &image));
	NEED(image.exact && image.build_id_length == 4);
	NEED(lseek(image.fd, 0, SEEK_END) == sizeof(sound));
	NEED(size_of(ROOT_TARGET, path) == sizeof(sound));
	NEED(size_of(ROOT_OURS, path) == 4);
	NEED(size_of(ROOT_TARGET, "/no/such/file") == -1);
	NEED(size_of(ROOT_OURS, "/no/such/file") == -1);
	NEED(size_of(ROOT_TARGET, "not/absolute") == -1);
	NEED(size_of(ROOT_OURS, "/dev/null") == -1);
	NEED(size_of(ROOT_TARGET, "/dev/null") == -1);
	NEED(size_of(ROOT_OURS, "/proc/version") == -1);
	NEED(size_of(ROOT_TARGET, "/proc/self/exe") == -1);
	NEED(size_of(ROOT_TARGET, "/") == -1);
}

START_TEST(own_namespace)
{
	char *path;

	if (only_root("a target with a mount namespace of its own"))
		return;
	path = tree_path("place/lib");
	put_small("theirs/lib", &sound);
	tree_put(&tree, "ours", "place/lib");
	start(map_in_namespace, NULL);
	observe(see_namespace, path);
	free(path);
}
END_TEST

/* A program of a container, looked at with all privileges. */
START_TEST(program_in_namespace)
{
	char *path;
	struct program program = {.before = enter_namespace};

	if (only_root("a program in a mount namespace of its own"))
		return;
	path = tree_path("place/prog");
	program.path = path;
	copy_file("/bin/cat", "theirs/prog");
	tree_put(&tree, "ours", "place/prog");
	open_source(start_program(&program));
	expect_original(path);
	free(path);
}
END_TEST

static void enter_jail(const void *data)
{
	char path[512];

	(void)data;
	snprintf(path, sizeof(path), "%s/jail", tree.path);
	NEED(chroot(path) == 0 && chdir("/") == 0);
	drop_privileges();
	map_file("/lib");
}

static void see_jail(const void *path)
{
	struct module_image image;
	size_t index;

	observe_source(children[0]);
	index = module_of(source, path);
	NEED(index != SIZE_MAX);
	NEED(!source->open_module(source, index, &image));
	NEED(image.exact && image.build_id_length == 4);
	NEED(size_of(ROOT_TARGET, "/lib") == sizeof(sound));
	/* As a module's path has it. */
	NEED(size_of(ROOT_TARGET, path) == sizeof(sound));
	/* Links lead nowhere out of it. */
	NEED(size_of(ROOT_TARGET, "/link") == sizeof(sound));
	NEED(size_of(ROOT_TARGET, "/out") == -1);
	NEED(size_of(ROOT_TARGET, "/../../../../bin/cat") == -1);
	NEED(size_of(ROOT_OURS, "/bin/cat") > 0);
	/* Those of our root that the target has mapped are still found. */
	NEED(!source->open_module(source, 0, &image));
	NEED(image.exact);
}

/* It is in a namespace of its own, and besides has mapped what is not below its
 * root: our file of that path is not asked for. */
static void enter_both(const void *data)
{
	char path[512];

	enter_namespace(data);
	map_below("place/lib");
	snprintf(path, sizeof(path), "%s/jail", tree.path);
	NEED(chroot(path) == 0 && chdir("/") == 0);
	drop_privileges();
}

static void see_both(const void *path)
{
	struct module_image image;
	struct error *error;
	size_t index;

	observe_source(children[0]);
	index = module_of(source, path);
	NEED(index != SIZE_MAX);
	error = source->open_module(source, index, &image);
	NEED(error && has_text(error->message, "/root: No such file"));
	NEED(has_text(error->message, " cannot be opened; through /proc/"));
	error_destroy(error);
}

START_TEST(jail_in_namespace)
{
	char *path;

	if (only_root("a target with another root of its own"))
		return;
	path = tree_path("place/lib");
	put_small("theirs/lib", &sound);
	put_small("place/lib", &sound);
	tree_folder(&tree, "jail");
	start(enter_both, NULL);
	observe(see_both, path);
	free(path);
}
END_TEST

/* Makes a kernel of this one that has no openat2. */
static void forget_openat2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {ARRAY_SIZE(code), code};

	NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	NEED(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void see_jail_of_old(const void *path)
{
	struct error *error;
	struct module_image image;
	size_t index;

	forget_openat2();
	observe_source(children[0]);
	index = module_of(source, path);
	NEED(index != SIZE_MAX);
	error = source->open_module(source, index, &image);
	NEED(error && error->kind == ERROR_DENIED);
	NEED(has_text(error->message, "/root: Function not implemented"));
	error_destroy(error);
	NEED(size_of(ROOT_TARGET, "/lib") == -1);
	NEED(size_of(ROOT_OURS, "/bin/cat") > 0);
}

START_TEST(jail)
{
	char *path;

	if (only_root("a target with another root"))
		return;
	path = tree_path("jail/lib");
	put_small("jail/lib", &sound);
	tree_link(&tree, "/lib", "jail/link");
	tree_link(&tree, "/../bin/cat", "jail/out");
	start(enter_jail, NULL);
	observe(see_jail, path);
	observe(see_jail_of_old, path);
	free(path);
}
END_TEST

static void see_library_of_old(const void *data)
{
	forget_openat2();
	see_library(data);
	NEED(size_of(ROOT_TARGET, "/bin/cat") > 0);
}

START_TEST(without_openat2)
{
	put_small("lib", &sound);
	start(map_ordinary, "lib");
	observe(see_library_of_old, NULL);
}
END_TEST

START_TEST(same_root)
{
	open_source(start(nothing, NULL));
	ck_assert_int_gt(size_of(ROOT_TARGET, "/bin/cat"), 0);
	ck_assert_int_eq(size_of(ROOT_OURS, "/bin/cat"), -1);
}
END_TEST

/* Its leader has ended ------------------------------------------------------
 */

static void *wait_for_ever(void *data)
{
	(void)data;
	for (;;)
		pause();
	return NULL;
}

static void *tell(void *data)
{
	const int *fd = data;

	NEED(write(*fd, "x", 1) == 1);
	return wait_for_ever(NULL);
}

static pid_t start_headless(void)
{
	pthread_t thread;
	int ends[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		map_below("lib");
		NEED(pthread_create(&thread, NULL, tell, &ends[1]) == 0);
		syscall(SYS_exit, 0);
	}
	ck_assert_uint_lt(n_children, MOST_CHILDREN);
	children[n_children++] = pid;
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return pid;
}

/* Nothing tells that a leader has become a zombie, but its state. */
static void await_zombie(pid_t pid)
{
	for (;;) {
		char *state = stat_field(AT_FDCWD, 3, "/proc/%d/stat", pid);
		bool zombie = state && *state == 'Z';

		ck_assert_ptr_nonnull(state);
		free(state);
		if (zombie)
			return;
		sched_yield();
	}
}

START_TEST(leader_has_ended)
{
	struct module_image image;
	pid_t pid;

	put_small("lib", &sound);
	pid = start_headless();
	await_zombie(pid);
	open_source(pid);
	expect_no_error(source->open_module(source, 0, &image), "program");
	ck_assert(image.exact);
	image_deinit(&image);
	expect_no_error(
		source->open_module(source, module_below("lib"), &image),
		"lib");
	ck_assert(image.exact);
	ck_assert_uint_eq(image.build_id_length, 4);
	image_deinit(&image);
}
END_TEST

START_TEST(ended)
{
	struct module_image image;
	pid_t pid;

	put_small("lib", &sound);
	pid = start(map_below, "lib");
	open_source(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	n_children = 0;
	expect_error(source->open_module(source, module_below("lib"), &image),
		     ERROR_GONE, "lib");
	ck_assert_int_eq(source->open_file(source, ROOT_TARGET, "/bin/cat"),
			 -1);
}
END_TEST

/* Forged mappings -----------------------------------------------------------
 */

/* A session with ourselves, and mappings as a test wants them. */
static struct session forged;

static void forge(struct mapping *items, size_t count)
{
	forged = (struct session){
		.machine = &machine,
		.process = {.pid = getpid(), .pidfd = -1},
		.mappings = {.items = items, .count = count},
		.memory = -1,
	};
	forged.process.procfd =
		open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(forged.process.procfd, 0);
	close_source();
	expect_no_error(modules_create(&forged, &source), "modules");
}

static void unforge(void)
{
	close_source();
	close(forged.process.procfd);
}

static struct mapping mapping_of(char *path, uint64_t inode)
{
	return (struct mapping){
		.start = inode << 12,
		.end = (inode + 1) << 12,
		.readable = true,
		.executable = true,
		.major = 77,
		.inode = inode,
		.path = path,
	};
}

START_TEST(no_modules)
{
	static const char *const paths[] = {
		"",
		"[vdso]",
		"[heap]",
		"anon_inode:[perf_event]",
		"//anon",
		"/sys/devices/pci0000:00/0000:00:03.0/resource0",
		"/sys/bus/x",
		"/dev/mem",
		"/dev/uio0",
		"/dev/zero",
		"/proc/self/exe",
		"pipe:[1]",
	};
	struct mapping items[ARRAY_SIZE(paths)];

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char *path = strdup(paths[i]);

		ck_assert_ptr_nonnull(path);
		items[i] = mapping_of(path, 1 + i);
	}
	forge(items, ARRAY_SIZE(items));
	for (size_t i = 0; i < source->n_modules; i++)
		ck_abort_msg("%s is a module", source->modules[i].path);
	unforge();
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		mapping_deinit(&items[i]);
}
END_TEST

/* Files are told apart by number and path, and one that is also a device's
 * mapping is none. */
START_TEST(groups)
{
	char a[] = "/a", b[] = "/b", c[] = "/c", memory[] = "/memfd:jit";
	char huge_flags[] = "rd ex ht", shared[] = "/SYSV00000000";
	struct mapping items[] = {
		mapping_of(b, 1),       mapping_of(a, 2),
		mapping_of(b, 3),       mapping_of(c, 4),
		mapping_of(c, 5),       mapping_of(c, 6),
		mapping_of(a, 7),       mapping_of(a, 8),
		mapping_of(memory, 9),  mapping_of(a, 10),
		mapping_of(shared, 11),
	};
	struct device_mapping device = {.mapping = mapping_of(c, 6)};

	/* Twice /b, of one file. */
	items[2].inode = 1;
	items[0].executable = false;
	items[3].pfnmap = true;
	items[4].io = true;
	items[6].flags = huge_flags;
	items[7].executable = false;
	items[8].deleted = items[10].deleted = true;
	/* The file of module 1, and yet deleted. */
	items[9].inode = 2;
	items[9].deleted = true;
	forge(items, ARRAY_SIZE(items));
	ck_assert_uint_eq(source->n_modules, 5);
	ck_assert(!source->has_program);
	source->destroy(source);
	source = NULL;
	forged.devices.items = &device;
	forged.devices.count = 1;
	expect_no_error(modules_create(&forged, &source), "modules");
	ck_assert_uint_eq(source->n_modules, 4);
	ck_assert_str_eq(source->modules[0].path, b);
	ck_assert_uint_eq(source->modules[0].n_pieces, 2);
	ck_assert_uint_eq(source->modules[0].pieces[0].start, 1 << 12);
	ck_assert_uint_eq(source->modules[0].pieces[1].start, 3 << 12);
	ck_assert_str_eq(source->modules[1].path, a);
	ck_assert_uint_eq(source->modules[1].n_pieces, 1);
	ck_assert_str_eq(source->modules[2].path, memory);
	ck_assert_str_eq(source->modules[3].path, a);
	unforge();
}
END_TEST

/* Whether one of the files that are watched was opened meanwhile; to take hold
 * of one by O_PATH does not count. */
static bool was_opened(int watch)
{
	char events[4096];

	return read(watch, events, sizeof(events)) > 0;
}

/* Module I is refused, as such and as a file. */
static void refused(size_t i, const char *path, const char *message)
{
	struct module_image image = {.fd = -77};
	struct error *error = source->open_module(source, i, &image);

	ck_assert_msg(error != NULL, "%s", path);
	ck_assert_msg(has_text(error->message, message), "%s: %s", path,
		      error->message);
	ck_assert_int_eq(image.fd, -77);
	error_destroy(error);
	ck_assert_int_eq(source->open_file(source, ROOT_TARGET, path), -1);
}

START_TEST(nothing_else_is_opened)
{
	static const struct {
		const char *name, *target, *message;
	} cases[] = {
		{"fifo", NULL, "no regular file"},
		{"folder", NULL, "no regular file"},
		{"null", "/dev/null", "no regular file"},
		{"sysfs", "/sys/kernel/uevent_seqnum", "kernel's own"},
		{"proc", "/proc/version", "kernel's own"},
		{"exe", "/proc/self/exe", "Too many levels"},
		{"missing", "/no/such/file", "No such file"},
	};
	struct mapping items[ARRAY_SIZE(cases)];
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	ck_assert_int_eq(mkfifoat(tree.fd, "fifo", 0600), 0);
	tree_folder(&tree, "folder");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *path = tree_path(cases[i].name);

		if (cases[i].target)
			tree_link(&tree, cases[i].target, "%s", cases[i].name);
		items[i] = mapping_of(path, 1 + i);
		/* Of our own program other openings would be seen. */
		if (strcmp(cases[i].name, "exe") != 0)
			inotify_add_watch(watch, path, IN_OPEN | IN_ACCESS);
	}
	forge(items, ARRAY_SIZE(items));
	ck_assert_uint_eq(source->n_modules, ARRAY_SIZE(cases));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool opened = true;

		/* Others open some of these, too; we would do it each time. */
		for (int tries = 0; opened && tries < 100; tries++) {
			while (was_opened(watch))
				;
			refused(i, items[i].path, cases[i].message);
			opened = was_opened(watch);
		}
		ck_assert_msg(!opened, "%s", cases[i].name);
	}
	/* That the watch sees what it is to see. */
	close(open(items[0].path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	ck_assert(was_opened(watch));
	close(open(cases[3].target, O_RDONLY | O_CLOEXEC));
	ck_assert(was_opened(watch));
	close(watch);
	unforge();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		mapping_deinit(&items[i]);
}
END_TEST

START_TEST(captured)
{
	struct machine other;
	struct session copy = {.machine = &other};

	expect_no_error(machine_init(&other, tree.path), tree.path);
	expect_error(modules_create(&copy, &source), ERROR_UNSUPPORTED,
		     "captured");
	ck_assert_ptr_null(source);
	machine_deinit(&other);
}
END_TEST

/* debuginfod ----------------------------------------------------------------
 */

#define ID "00112233445566778899aabbccddeeff00112233"

static void put_script(const char *folder, const char *body)
{
	cleanup_free char *path = NULL, *text = NULL;

	ck_assert_int_gt(asprintf(&path, "%s/debuginfod-find", folder), 0);
	ck_assert_int_gt(asprintf(&text, "#!/bin/sh\n%s\n", body), 0);
	tree_put(&tree, text, "%s", path);
	ck_assert_int_eq(fchmodat(tree.fd, path, 0755, 0), 0);
}

struct fetching {
	const char *tool;  /* folder in the tree */
	const char *cache; /* the same */
	const char *servers;
	const char *id;
	bool never;       /* --no-debuginfod */
	const char *size; /* of what is fetched, or NULL: nothing is */
	const char *why;  /* why not; NULL: that is not said */
};

/* Without assertions: it is also for observers. */
static void set_environment(const struct fetching *fetching)
{
	cleanup_free char *path = NULL, *cache = NULL;

	if (asprintf(&path, "%s/%s:/usr/bin:/bin", tree.path, fetching->tool) <
		    0 ||
	    asprintf(&cache, "%s/%s", tree.path, fetching->cache) < 0)
		abort();
	setenv("PATH", path, 1);
	setenv("DEBUGINFOD_CACHE_PATH", cache, 1);
	unsetenv("DEBUGINFOD_URLS");
	if (fetching->servers)
		setenv("DEBUGINFOD_URLS", fetching->servers, 1);
}

static void fetch_it(const void *data)
{
	const struct fetching *fetching = data;
	cleanup_free char *why = NULL;
	struct name_source *own;
	char size[32];
	int fd;

	set_environment(fetching);
	forged.no_debuginfod = fetching->never;
	NEED(!modules_create(&forged, &own));
	fd = own->fetch(own, fetching->id, &why);
	snprintf(size, sizeof(size), "%lld",
		 fd < 0 ? -1LL : (long long)lseek(fd, 0, SEEK_END));
	if (!same_text(size, fetching->size ? fetching->size : "-1") ||
	    (fetching->why ? !has_text(why, fetching->why) : why != NULL)) {
		dprintf(STDERR_FILENO, "# %s, %s: %s bytes, %s\n",
			fetching->tool, fetching->id, size,
			why ? why : "no reason");
		_exit(EXIT_FAILURE);
	}
	if (fd >= 0)
		close(fd);
	own->destroy(own);
}

/* In a process of its own, for the environment; as we are. */
static void fetch_as_we_are(const struct fetching *fetching)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		fetch_it(fetching);
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "%s",
		      fetching->tool);
}

/* Folders with tools of several kinds, and a cache. */
static void put_tools(void)
{
	cleanup_free char *body = NULL, *bad = NULL, *noise = NULL, *odd = NULL;

	tree_folder(&tree, "none");
	tree_folder(&tree, "nothing");
	tree_put(&tree, "fetched", "files/fetched");
	tree_put(&tree, "", "files/empty");
	ck_assert_int_eq(mkfifoat(tree.fd, "files/fifo", 0644), 0);
	ck_assert_int_gt(asprintf(&body,
				  "test \"$#/$1/$2\" = 2/debuginfo/" ID " || "
				  "exit 9\n"
				  "cat || exit 8\necho %s/files/fetched",
				  tree.path),
			 0);
	put_script("good", body);
	ck_assert_int_gt(asprintf(&bad, "echo %s/files/fifo", tree.path), 0);
	put_script("fifo", bad);
	ck_assert_int_gt(
		asprintf(&noise,
			 "i=0\nwhile test $i -lt 2000; do i=$((i+1)); "
			 "echo 'a line that is %% long, but of no use' "
			 "%%&2; done\necho %s/files/fetched",
			 tree.path),
		0);
	for (char *at = strchr(noise, '%'); at; at = strchr(at, '%'))
		*at = at[1] == '&' ? '>' : '-';
	put_script("noisy", noise);
	ck_assert_int_gt(
		asprintf(&odd, "echo %s/files/fetched; exit 1", tree.path), 0);
	put_script("odd", odd);
	put_script("failing",
		   "echo 'noise' >&2; echo 'Server query failed: none' >&2; "
		   "exit 1");
	put_script("silent", "exit 1");
	put_script("relative", "echo files/fetched");
	put_script("killed", "kill -9 $$");
	tree_put(&tree, "of the cache", "cache/" ID "/debuginfo");
	tree_put(&tree, "", "negative/" ID "/debuginfo");
}

#define SERVER "http://localhost:1"

START_TEST(fetched)
{
	static const struct fetching cases[] = {
		{"good", "nothing", SERVER, ID, false, "7", NULL},
		{"good", "nothing", "", ID, false, NULL, NULL},
		{"good", "nothing", " ", ID, false, NULL, NULL},
		{"good", "nothing", NULL, ID, false, NULL, NULL},
		{"good", "nothing", SERVER, ID, true, NULL, "--no-debuginfod"},
		{"good", "nothing", SERVER, "", false, NULL, NULL},
		{"good", "nothing", SERVER, "0", false, NULL, NULL},
		{"good", "nothing", SERVER, "../x", false, NULL, NULL},
		{"good", "nothing", SERVER, "-v", false, NULL, NULL},
		{"good", "nothing", SERVER, "AA", false, NULL, NULL},
		{"good", "negative", SERVER, ID, false, "7", NULL},
		{"none", "cache", SERVER, ID, false, "12", NULL},
		{"none", "cache", NULL, ID, false, NULL, NULL},
		{"none", "cache", SERVER, ID, true, NULL, "--no-debuginfod"},
		{"none", "nothing", SERVER, ID, false, NULL,
		 "debuginfod-find is not installed"},
		{"noisy", "nothing", SERVER, ID, false, "7", NULL},
		{"failing", "nothing", SERVER, ID, false, NULL,
		 "debuginfod-find: Server query failed: none"},
		{"odd", "nothing", SERVER, ID, false, NULL, "find failed"},
		{"silent", "nothing", SERVER, ID, false, NULL, "find failed"},
		{"relative", "nothing", SERVER, ID, false, NULL, "find failed"},
		{"killed", "nothing", SERVER, ID, false, NULL, "find failed"},
		{"fifo", "nothing", SERVER, ID, false, NULL, "no regular file"},
	};

	put_tools();
	forge(NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		observe(fetch_it, &cases[i]);
	unforge();
}
END_TEST

/* With privileges the cache is used, and no tool started. */
START_TEST(fetched_by_root)
{
	static const struct fetching cases[] = {
		{"mark", "cache", SERVER, ID, false, "12", NULL},
		{"mark", "cache", NULL, ID, false, NULL, NULL},
		{"mark", "nothing", NULL, ID, false, NULL, NULL},
		{"mark", "nothing", SERVER, ID, true, NULL, "--no-debuginfod"},
		{"mark", "nothing", SERVER, ID, false, NULL,
		 "not asked with raised privileges; run `debuginfod-find "
		 "debuginfo " ID "` as an ordinary user"},
	};
	char *body;

	if (only_root("no server is asked by root"))
		return;
	put_tools();
	ck_assert_int_gt(asprintf(&body, "echo x >%s/ran", tree.path), 0);
	put_script("mark", body);
	free(body);
	forge(NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		fetch_as_we_are(&cases[i]);
	ck_assert_int_eq(faccessat(tree.fd, "ran", F_OK, 0), -1);
	unforge();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		program_and_libraries,
		ourselves_forked,
		code_moved,
		loader_called,
		deleted,
		replaced,
		hostile_headers,
		small_files,
		library_by_path,
		hidden_by_another,
		changed_meanwhile,
		own_namespace,
		program_in_namespace,
		jail,
		jail_in_namespace,
		without_openat2,
		same_root,
		leader_has_ended,
		ended,
		no_modules,
		groups,
		nothing_else_is_opened,
		captured,
		fetched,
		fetched_by_root,
	};

	return run_suite(suite_of("modules", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
