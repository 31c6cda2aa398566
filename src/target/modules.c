/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

#include "base/error.h"
#include "base/root.h"
#include "base/text.h"
#include "target/buildid.h"
#include "target/debuginfod.h"
#include "target/loader.h"
#include "target/machine.h"
#include "target/regularfile.h"
#include "target/session.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

/* What is known of a module beside what names/ sees. */
struct program_file {
	unsigned major, minor;
	uint64_t inode;
	const char *path; /* of the module */
	bool deleted;
	bool is_exe; /* what /proc/PID/exe leads to */
};

struct modules {
	struct name_source source; /* first: it is what others hold */
	const struct session *session;
	struct program_file *files; /* of source.modules, in their order */
	char *root;                 /* the target's, as maps has paths */
	bool same_namespace;        /* of mounts, as ours */
	bool same_root;             /* and the same root in it */
};

static struct modules *modules_of(struct name_source *source)
{
	return (struct modules *)source;
}

/* Opening files ------------------------------------------------------------ */

/* Where a path begins, and where it may lead. */
enum scope {
	SCOPE_MACHINE, /* as any program resolves it */
	SCOPE_ROOT,    /* the folder that it begins in is "/" for it */
};

/* Takes hold of a file, without opening it; no link of /proc is followed to
 * what it stands for. -1: errno; ENOSYS: the kernel is older than 5.6. */
static int hold_path(int folder, const char *path, enum scope scope)
{
#ifdef SYS_openat2
	enum { MOST_TRIES = 32 };
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS |
			   (scope == SCOPE_ROOT ? RESOLVE_IN_ROOT : 0),
	};
	int fd;

	/* EAGAIN: something on the way was renamed. */
	for (int i = 0; i < MOST_TRIES; i++) {
		fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
#else
	(void)folder;
	(void)path;
	(void)scope;
	errno = ENOSYS;
	return -1;
#endif
}

static int hold_ours(const char *path)
{
	int fd = hold_path(AT_FDCWD, path, SCOPE_MACHINE);

	if (fd < 0 && errno == ENOSYS)
		fd = open(path, O_PATH | O_CLOEXEC);
	return fd;
}

/* Without openat2 a link could lead out of the target's root, so that has to be
 * ours. */
static int hold_in_root(const struct modules *modules, const char *path)
{
	cleanup_close int root =
		openat(modules->session->process.procfd, "root",
		       O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (root < 0)
		return -1;
	fd = hold_path(root, path, SCOPE_ROOT);
	if (fd < 0 && errno == ENOSYS && modules->same_root)
		fd = open(path, O_PATH | O_CLOEXEC);
	return fd;
}

/* A path of maps as it is below the target's root, or NULL if it is not. */
static const char *below_root(const struct modules *modules, const char *path)
{
	const char *rest;

	if (!modules->root || strcmp(modules->root, "/") == 0)
		return path;
	return text_starts(path, modules->root, &rest) && *rest == '/' ? rest
								       : NULL;
}

/*
 * A path as maps has it. It begins at our root if the target is in our mount
 * namespace, else at that of its own (d_path(), fs/d_path.c), and so contains
 * the way to the root of a target that has changed it by chroot.
 */
static int hold_mapped(const struct modules *modules, const char *path)
{
	const char *below = below_root(modules, path);

	if (below)
		return hold_in_root(modules, below);
	return modules->same_namespace ? hold_ours(path)
				       : hold_in_root(modules, path);
}

/* One of the target: by its own idea of paths, or as one that was made from the
 * path of a module. Never outside of its root. */
static int hold_theirs(const struct modules *modules, const char *path)
{
	const char *below = below_root(modules, path);
	int fd = hold_in_root(modules, path);

	return fd < 0 && below && below != path ? hold_in_root(modules, below)
						: fd;
}

static int open_file(struct name_source *source, enum file_root root,
		     const char *path)
{
	const struct modules *modules = modules_of(source);
	cleanup_close int held = -1;
	const char *why;

	if (*path != '/' || (root == ROOT_OURS && modules->same_root))
		return -1;
	held = root == ROOT_OURS ? hold_ours(path) : hold_theirs(modules, path);
	return held < 0 ? -1 : regular_file_open(held, &why);
}

/* Opening a module -------------------------------------------------------- */

/* Why a way did not lead to the file. All 0: it was not tried. */
struct obstacle {
	const char *text; /* or NULL: `errnum` tells */
	int errnum;
};

static int stopped(struct obstacle *obstacle, const char *text)
{
	*obstacle = (struct obstacle){text, text ? 0 : errno};
	return -1;
}

static bool inode_is(const struct program_file *file, const struct stat *status)
{
	return status->st_ino == file->inode &&
	       major(status->st_dev) == file->major &&
	       minor(status->st_dev) == file->minor;
}

/* Whether the text of a link of /proc, or NULL, is the path of the file as maps
 * has it. */
static bool text_is(const char *target, const struct program_file *file)
{
	const char *rest;

	return target && text_starts(target, file->path, &rest) &&
	       strcmp(rest, file->deleted ? " (deleted)" : "") == 0;
}

static bool link_is(int procfd, const char *name,
		    const struct program_file *file)
{
	cleanup_free char *target = link_target(procfd, "%s", name);

	return text_is(target, file);
}

/*
 * Takes hold of what a link of /proc/PID stands for: the very file that is
 * mapped. That it is still of our module is told by its number, or where the
 * file system shows another one than maps does (overlayfs, btrfs), by its path.
 */
static int hold_link(const struct modules *modules, const char *name,
		     const struct program_file *file, struct obstacle *obstacle)
{
	int procfd = modules->session->process.procfd;
	cleanup_close int held = openat(procfd, name, O_PATH | O_CLOEXEC);
	struct stat status;

	if (held < 0 || fstat(held, &status) < 0)
		return stopped(obstacle, NULL);
	if (!inode_is(file, &status) && !link_is(procfd, name, file))
		return stopped(obstacle, "another file is mapped by now");
	return steal_fd(&held);
}

/* Through the link of a piece that is still mapped as it was. */
static int hold_by_address(const struct modules *modules, size_t index,
			   struct obstacle *obstacle)
{
	const struct module_source *module = &modules->source.modules[index];
	int fd = -1;

	for (size_t i = 0; i < module->n_pieces && fd < 0; i++) {
		const struct module_piece *piece = &module->pieces[i];
		char name[64];

		snprintf(name, sizeof(name), "map_files/%llx-%llx",
			 (unsigned long long)piece->start,
			 (unsigned long long)piece->end);
		fd = hold_link(modules, name, &modules->files[index], obstacle);
		if (fd < 0 && obstacle->errnum != ENOENT)
			break;
	}
	return fd;
}

static int hold_program(const struct modules *modules, size_t index,
			struct obstacle *obstacle)
{
	const struct program_file *file = &modules->files[index];

	return file->is_exe ? hold_link(modules, "exe", file, obstacle) : -1;
}

static int hold_by_path(const struct modules *modules, size_t index,
			struct obstacle *obstacle)
{
	const struct program_file *file = &modules->files[index];
	int fd;

	if (file->deleted)
		return -1;
	fd = hold_mapped(modules, file->path);
	return fd < 0 ? stopped(obstacle, NULL) : fd;
}

/*
 * The ways to a module's file, the best first. The link of an address needs
 * CAP_SYS_ADMIN or, since 5.9, CAP_CHECKPOINT_RESTORE (proc_map_files_get_link,
 * fs/proc/base.c); it is not there below a thread. The others need what reading
 * maps needs.
 */
static const struct way {
	const char *name;
	bool exact;
	int (*hold)(const struct modules *modules, size_t index,
		    struct obstacle *obstacle);
} ways[] = {
	{"map_files", true, hold_by_address},
	{"exe", true, hold_program},
	{"root", false, hold_by_path},
};

static bool is_denied(const struct obstacle *obstacle)
{
	return obstacle->errnum == EACCES || obstacle->errnum == EPERM;
}

/* "map_files: Operation not permitted; exe: it is no regular file". NULL: no
 * memory. */
static char *obstacles_text(const struct obstacle *obstacles, pid_t pid)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct obstacle *obstacle = &obstacles[i];

		if (!obstacle->text && !obstacle->errnum)
			continue;
		fprintf(stream, "; through /proc/%d/%s: %s", (int)pid,
			ways[i].name,
			obstacle->text ? obstacle->text
				       : strerror(obstacle->errnum));
	}
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

/* What would help; NULL: no permission was missing. */
static const char *help_with(const struct modules *modules,
			     const struct obstacle *obstacles)
{
	for (size_t i = 1; i < ARRAY_SIZE(ways); i++)
		if (is_denied(&obstacles[i]))
			return "root would open it";
	if (!is_denied(&obstacles[0]))
		return NULL;
	return machine_version(modules->session->machine) <
			       KERNEL_VERSION(5, 9, 0)
		       ? "CAP_SYS_ADMIN or root would open it"
		       : "CAP_CHECKPOINT_RESTORE or root would open it";
}

static struct error *not_opened(const struct modules *modules, size_t index,
				const struct obstacle *obstacles)
{
	const struct session *session = modules->session;
	const struct program_file *file = &modules->files[index];
	const char *help = help_with(modules, obstacles);
	cleanup_free char *text =
		obstacles_text(obstacles, session->process.pid);
	struct error *error;

	if (session_ended(session))
		return session_gone(session);
	if (!text)
		return error_no_memory();
	error = error_create(
		help ? ERROR_DENIED : ERROR_FAILED, 0, "%s %s%s", file->path,
		file->deleted ? "was deleted" : "cannot be opened", text);
	return help ? error_help(error, "%s", help) : error;
}

/* What cannot be read, or is none, is none. */
static void take_id(const struct modules *modules, size_t index,
		    struct module_image *image)
{
	pid_t tid = session_thread(modules->session);

	image->build_id = NULL;
	image->build_id_length = 0;
	if (tid > 0)
		image->build_id =
			memory_build_id(tid, &modules->source.modules[index],
					&image->build_id_length);
	/* Its number may be another's only after it has ended. */
	if (image->build_id && session_ended(modules->session))
		free(steal(image->build_id));
}

/* -1 with `*obstacle`. */
static int open_way(const struct modules *modules, const struct way *way,
		    size_t index, bool *ret_exact, struct obstacle *obstacle)
{
	cleanup_close int held = way->hold(modules, index, obstacle);
	struct stat status;
	const char *why;
	int fd;

	if (held < 0)
		return -1;
	fd = regular_file_open(held, &why);
	if (fd < 0)
		return stopped(obstacle, why);
	*ret_exact = way->exact || (fstat(fd, &status) == 0 &&
				    inode_is(&modules->files[index], &status));
	return fd;
}

static struct error *open_module(struct name_source *source, size_t index,
				 struct module_image *ret)
{
	const struct modules *modules = modules_of(source);
	struct obstacle obstacles[ARRAY_SIZE(ways)] = {{NULL, 0}};
	struct module_image image = {.fd = -1};

	for (size_t i = 0; i < ARRAY_SIZE(ways) && image.fd < 0; i++)
		image.fd = open_way(modules, &ways[i], index, &image.exact,
				    &obstacles[i]);
	if (image.fd < 0)
		return not_opened(modules, index, obstacles);
	take_id(modules, index, &image);
	*ret = image;
	return NULL;
}

static bool executes_loader(const struct modules *modules,
			    const struct program_file *file)
{
	struct obstacle obstacle;
	cleanup_close int held = hold_link(modules, "exe", file, &obstacle);
	cleanup_close int fd = -1;
	const char *why;

	if (held >= 0)
		fd = regular_file_open(held, &why);
	return fd >= 0 && file_is_loader(fd);
}

/* The list ----------------------------------------------------------------- */

/* Files that the kernel has made for memory, and not for a path; and file
 * systems with nothing to run. What is not known by its path is by its file
 * system, when it is opened. */
static bool has_foreign_path(const struct mapping *mapping)
{
	static const struct {
		const char *prefix;
		bool deleted; /* only if nothing has that path */
	} foreign[] = {
		{"/sys/", false},         {"/dev/", false},
		{"/proc/", false},        {"//anon", false},
		{"/anon_hugepage", true}, {"/SYSV", true},
		{"/[aio]", true},         {"/dmabuf:", false},
		{"/drm mm object", true}, {"/i915", true},
	};

	/* What stands there is in a file system of memory. */
	if (text_starts(mapping->path, "/dev/shm/", NULL))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		if (text_starts(mapping->path, foreign[i].prefix, NULL) &&
		    (mapping->deleted || !foreign[i].deleted))
			return true;
	return false;
}

static bool is_of_a_file(const struct mapping *mapping)
{
	return mapping->inode && *mapping->path == '/' &&
	       !has_foreign_path(mapping);
}

static bool is_device(const struct session *session,
		      const struct mapping *mapping)
{
	return mapping->pfnmap || mapping->io ||
	       mapping_has_flag(mapping, "ht") ||
	       device_list_find(&session->devices, mapping->start);
}

#define COMPARE(left, right) (((left) > (right)) - ((left) < (right)))

/* Which file is mapped. */
static int compare_files(const struct mapping *left,
			 const struct mapping *right)
{
	int order = COMPARE(left->major, right->major);

	if (!order)
		order = COMPARE(left->minor, right->minor);
	if (!order)
		order = COMPARE(left->inode, right->inode);
	if (!order)
		order = COMPARE(left->deleted, right->deleted);
	return order ? order : strcmp(left->path, right->path);
}

static int compare_mappings(const void *left, const void *right)
{
	const struct mapping *const *one = left, *const *other = right;
	int order = compare_files(*one, *other);

	return order ? order : COMPARE((*one)->start, (*other)->start);
}

/* Mappings that may be of modules, those of a file together. */
struct candidates {
	const struct mapping **items;
	size_t count;
};

static bool candidates_init(struct candidates *candidates,
			    const struct mapping_list *list)
{
	size_t count = 0;

	candidates->items = calloc(list->count + 1, sizeof(*candidates->items));
	if (!candidates->items)
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (is_of_a_file(&list->items[i]))
			candidates->items[count++] = &list->items[i];
	candidates->count = count;
	qsort(candidates->items, count, sizeof(*candidates->items),
	      compare_mappings);
	return true;
}

static void candidates_deinit(struct candidates *candidates)
{
	free(candidates->items);
}

/* How many from `first` on are of the same file. */
static size_t same_file(const struct candidates *candidates, size_t first)
{
	size_t end = first + 1;

	while (end < candidates->count &&
	       compare_files(candidates->items[first],
			     candidates->items[end]) == 0)
		end++;
	return end - first;
}

/* Whether these, of one file, may be a module's. If one is a device's, its file
 * is none. */
static bool may_be_module(const struct session *session,
			  const struct mapping *const *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_device(session, items[i]))
			return false;
	return true;
}

static bool any_is_executable(const struct mapping *const *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (items[i]->executable)
			return true;
	return false;
}

/* While the list is made: what belongs to a module stays together. */
struct entry {
	struct module_source module;
	struct program_file file;
	bool executable; /* a piece of it is */
	bool is_program; /* and so the first of the list */
};

struct entries {
	struct entry *items;
	size_t count, capacity;
};

static void entry_deinit(struct entry *entry)
{
	free(entry->module.path);
	free(entry->module.pieces);
}

static void entries_deinit(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		entry_deinit(&entries->items[i]);
	free(entries->items);
}

/* False: no memory. */
static bool entries_add(struct entries *entries,
			const struct mapping *const *items, size_t count)
{
	cleanup_free char *path = strdup(items[0]->path);
	cleanup_free struct module_piece *pieces =
		calloc(count, sizeof(*pieces));
	struct entry *entry;

	if (!path || !pieces ||
	    !list_grow(&entries->items, entries->count, &entries->capacity,
		       sizeof(*entries->items)))
		return false;
	for (size_t i = 0; i < count; i++)
		pieces[i] = (struct module_piece){
			items[i]->start, items[i]->end, items[i]->offset};
	entry = &entries->items[entries->count++];
	*entry = (struct entry){
		.file = {.major = items[0]->major,
			 .minor = items[0]->minor,
			 .inode = items[0]->inode,
			 .path = path,
			 .deleted = items[0]->deleted},
		.executable = any_is_executable(items, count),
	};
	entry->module.path = steal(path);
	entry->module.pieces = steal(pieces);
	entry->module.n_pieces = count;
	return true;
}

/* All that may be modules, also what is no code. */
static bool entries_make(struct entries *entries, const struct session *session)
{
	cleanup_with(candidates_deinit) struct candidates candidates = {0};
	size_t count;

	if (!candidates_init(&candidates, &session->mappings))
		return false;
	for (size_t i = 0; i < candidates.count; i += count) {
		const struct mapping *const *items = &candidates.items[i];

		count = same_file(&candidates, i);
		if (may_be_module(session, items, count) &&
		    !entries_add(entries, items, count))
			return false;
	}
	return true;
}

/* The file that the process executes, as /proc/PID/exe tells of it. */
struct executed {
	char *path; /* or NULL */
	struct stat status;
	bool has_status;
};

/* How much speaks for an entry being of that file, 0: nothing. The number;
 * where the file system shows another one than maps does, the path; and of two
 * links to one file both. */
static unsigned likeness(const struct entry *entry,
			 const struct executed *executed)
{
	bool by_number = executed->has_status &&
			 inode_is(&entry->file, &executed->status);
	bool by_path = text_is(executed->path, &entry->file);

	if (!by_number && !by_path)
		return 0;
	return 1U + 4U * by_number + 2U * by_path + entry->executable;
}

/* The entry of the file that the process executes, or NULL. */
static struct entry *mark_exe(const struct entries *entries, int procfd)
{
	cleanup_free char *path = link_target(procfd, "exe");
	struct executed executed = {.path = path};
	struct entry *found = NULL;
	unsigned best = 0;

	executed.has_status = fstatat(procfd, "exe", &executed.status, 0) == 0;
	for (size_t i = 0; i < entries->count; i++) {
		unsigned like = likeness(&entries->items[i], &executed);

		if (like <= best)
			continue;
		best = like;
		found = &entries->items[i];
	}
	if (found)
		found->file.is_exe = true;
	return found;
}

/* Without those of which nothing is executable: they are data. */
static void drop_data(struct entries *entries)
{
	size_t kept = 0;

	for (size_t i = 0; i < entries->count; i++) {
		struct entry *entry = &entries->items[i];

		if (entry->executable || entry->file.is_exe)
			entries->items[kept++] = *entry;
		else
			entry_deinit(entry);
	}
	entries->count = kept;
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *one = left, *other = right;
	int order = other->is_program - one->is_program;

	return order ? order
		     : COMPARE(one->module.pieces[0].start,
			       other->module.pieces[0].start);
}

/* Hands them over; false: no memory. */
static bool take_entries(struct modules *modules, struct entries *entries)
{
	struct name_source *source = &modules->source;

	qsort(entries->items, entries->count, sizeof(*entries->items),
	      compare_entries);
	source->modules = calloc(entries->count + 1, sizeof(*source->modules));
	modules->files = calloc(entries->count + 1, sizeof(*modules->files));
	if (!source->modules || !modules->files)
		return false;
	for (size_t i = 0; i < entries->count; i++) {
		source->modules[i] = entries->items[i].module;
		modules->files[i] = entries->items[i].file;
	}
	source->n_modules = entries->count;
	source->has_program = entries->count && entries->items[0].is_program;
	entries->count = 0;
	return true;
}

static bool make_list(struct modules *modules)
{
	cleanup_with(entries_deinit) struct entries entries = {0};
	struct entry *exe;

	if (!entries_make(&entries, modules->session))
		return false;
	if (!entries.count)
		return true;
	exe = mark_exe(&entries, modules->session->process.procfd);
	if (exe && !executes_loader(modules, &exe->file))
		exe->is_program = true;
	drop_data(&entries);
	return take_entries(modules, &entries);
}

/* Where the target's paths begin. What may not be known is taken to differ. */
static void look_at_root(struct modules *modules)
{
	int procfd = modules->session->process.procfd;
	cleanup_free char *theirs = link_target(procfd, "ns/mnt");
	cleanup_free char *ours = link_target(AT_FDCWD, "/proc/self/ns/mnt");
	struct stat their_root, our_root;

	modules->root = link_target(procfd, "root");
	modules->same_namespace = theirs && ours && strcmp(theirs, ours) == 0;
	modules->same_root = modules->same_namespace &&
			     fstatat(procfd, "root", &their_root, 0) == 0 &&
			     stat("/", &our_root) == 0 &&
			     same_inode(&their_root, &our_root);
}

static int fetch(struct name_source *source, const char *build_id,
		 char **ret_why)
{
	if (!modules_of(source)->session->no_debuginfod)
		return debuginfod_fetch(build_id, ret_why);
	if (debuginfod_is_wanted())
		*ret_why = strdup("--no-debuginfod");
	return -1;
}

static void destroy(struct name_source *source)
{
	struct modules *modules = modules_of(source);

	if (!source)
		return;
	for (size_t i = 0; i < source->n_modules; i++) {
		free(source->modules[i].path);
		free(source->modules[i].pieces);
	}
	free(source->modules);
	free(modules->files);
	free(modules->root);
	free(modules);
}

struct error *modules_create(const struct session *session,
			     struct name_source **ret)
{
	struct modules *modules;

	if (session->machine->root.captured)
		return error_create(
			ERROR_UNSUPPORTED, 0,
			"names cannot be looked up in a captured tree");
	modules = calloc(1, sizeof(*modules));
	if (!modules)
		return error_no_memory();
	modules->source.open_module = open_module;
	modules->source.open_file = open_file;
	modules->source.fetch = fetch;
	modules->source.asks_server =
		!session->no_debuginfod && debuginfod_is_wanted();
	modules->source.destroy = destroy;
	modules->session = session;
	look_at_root(modules);
	if (make_list(modules)) {
		*ret = &modules->source;
		return NULL;
	}
	destroy(&modules->source);
	return error_no_memory();
}
