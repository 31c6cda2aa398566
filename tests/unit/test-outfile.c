/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are written aside: what stands there after success, failure and
 * signals, and what is never replaced. */
#include <dirent.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/interrupt.h"
#include "base/outfile.h"
#include "unit.h"

static struct tree tree;
static mode_t mask_at_first;

static void set_up(void)
{
	mask_at_first = umask(022);
	tree_init(&tree);
}

static void tear_down(void)
{
	umask(mask_at_first);
	tree_deinit(&tree);
}

/* In the tree; static. */
static const char *in_tree(const char *name)
{
	static char *path;

	free(path);
	ck_assert_int_gt(asprintf(&path, "%s/%s", tree.path, name), 0);
	return path;
}

static struct out_file *opened(const char *name)
{
	struct out_file *file = NULL;

	expect_no_error(out_file_open(in_tree(name), &file), name);
	ck_assert_ptr_nonnull(file);
	return file;
}

static void put(struct out_file *file, const char *text)
{
	fputs(text, out_file_stream(file));
}

/* Opens, writes and commits. */
static void written(const char *name, const char *text)
{
	struct out_file *file = opened(name);

	put(file, text);
	expect_no_error(out_file_commit(file), name);
}

static void expect_content(const char *name, const char *text)
{
	char content[256] = "";
	int fd = openat(tree.fd, name, O_RDONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %s", name, strerror(errno));
	ck_assert_int_ge(read(fd, content, sizeof(content) - 1), 0);
	close(fd);
	ck_assert_str_eq(content, text);
}

static struct stat stat_of(const char *name)
{
	struct stat found;

	ck_assert_msg(fstatat(tree.fd, name, &found, AT_SYMLINK_NOFOLLOW) == 0,
		      "%s", name);
	return found;
}

/* How many names there are in a folder, dot files as well. */
static unsigned names_in(const char *name)
{
	DIR *folder = opendir(in_tree(name));
	unsigned count = 0;

	ck_assert_ptr_nonnull(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 2;
}

START_TEST(new_file)
{
	struct out_file *file = opened("new");

	ck_assert(out_file_is_aside(file));
	put(file, "all of it\n");
	fflush(out_file_stream(file));
	ck_assert_uint_eq(names_in("."), 0);
	expect_no_error(out_file_check(file), "check");
	expect_no_error(out_file_commit(file), "commit");
	expect_content("new", "all of it\n");
	ck_assert_uint_eq(stat_of("new").st_mode, S_IFREG | 0644);
	ck_assert_uint_eq(names_in("."), 1);
}
END_TEST

START_TEST(relative_path)
{
	int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct out_file *file;

	ck_assert_int_eq(fchdir(tree.fd), 0);
	expect_no_error(out_file_open("here", &file), "open");
	put(file, "here");
	/* Where it was opened, not where we are. */
	ck_assert_int_eq(fchdir(before), 0);
	close(before);
	expect_no_error(out_file_commit(file), "commit");
	expect_content("here", "here");
}
END_TEST

START_TEST(old_file_is_replaced)
{
	ino_t inode;

	tree_put(&tree, "old and long", "file");
	ck_assert_int_eq(fchmodat(tree.fd, "file", 0640, 0), 0);
	inode = stat_of("file").st_ino;
	written("file", "new");
	expect_content("file", "new");
	ck_assert_uint_eq(stat_of("file").st_mode, S_IFREG | 0640);
	ck_assert_uint_ne(stat_of("file").st_ino, inode);
	ck_assert_uint_eq(names_in("."), 1);
}
END_TEST

START_TEST(no_privilege_is_kept)
{
	tree_put(&tree, "old", "file");
	ck_assert_int_eq(fchmodat(tree.fd, "file", 06755, 0), 0);
	written("file", "new");
	ck_assert_uint_eq(stat_of("file").st_mode, S_IFREG | 0755);
}
END_TEST

START_TEST(owner_is_kept)
{
	struct stat found;

	if (geteuid() != 0)
		return;
	tree_put(&tree, "old", "file");
	ck_assert_int_eq(fchownat(tree.fd, "file", 1234, 5678, 0), 0);
	written("file", "new");
	found = stat_of("file");
	ck_assert_uint_eq(found.st_uid, 1234);
	ck_assert_uint_eq(found.st_gid, 5678);
}
END_TEST

START_TEST(abandoned)
{
	struct out_file *file;

	tree_put(&tree, "old", "file");
	file = opened("file");
	put(file, "new");
	out_file_abandon(file);
	expect_content("file", "old");
	out_file_abandon(opened("another"));
	ck_assert_uint_eq(names_in("."), 1);
	out_file_abandon(NULL);
}
END_TEST

START_TEST(links_are_followed)
{
	tree_put(&tree, "old", "folder/target");
	tree_link(&tree, "folder/target", "link");
	tree_link(&tree, "link", "second");
	tree_link(&tree, in_tree("folder/absent"), "to-absent");
	written("second", "new");
	expect_content("folder/target", "new");
	ck_assert(S_ISLNK(stat_of("second").st_mode));
	ck_assert(S_ISLNK(stat_of("link").st_mode));
	written("to-absent", "made");
	expect_content("folder/absent", "made");
	ck_assert(S_ISLNK(stat_of("to-absent").st_mode));
	tree_link(&tree, "../target", "folder/inner/up");
	written("folder/inner/up", "third");
	expect_content("folder/target", "third");
	ck_assert_uint_eq(names_in("folder"), 3);
}
END_TEST

static const struct {
	const char *name;
	enum error_kind kind;
	int errnum;
} refused[] = {
	{"folder", ERROR_FAILED, EISDIR},
	{"folder/", ERROR_FAILED, EISDIR},
	{"absent/", ERROR_FAILED, ENOENT},
	{"absent/file", ERROR_FAILED, ENOENT},
	{"file/file", ERROR_FAILED, ENOTDIR},
	{"round", ERROR_FAILED, ELOOP},
	{"to-folder", ERROR_FAILED, EISDIR},
	{"to-open", ERROR_FAILED, 0},
};

START_TEST(refused_paths)
{
	char to_open[64];
	int fd;

	tree_folder(&tree, "folder");
	tree_put(&tree, "old", "file");
	tree_link(&tree, "folder", "to-folder");
	tree_link(&tree, "round", "round");
	fd = openat(tree.fd, "file", O_WRONLY | O_CLOEXEC);
	snprintf(to_open, sizeof(to_open), "/proc/self/fd/%d", fd);
	tree_link(&tree, to_open, "to-open");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		const char *name = refused[i].name;
		struct out_file *file = NULL;
		struct error *error = out_file_open(in_tree(name), &file);

		ck_assert_msg(error != NULL, "%s", name);
		ck_assert_msg(error->errnum == refused[i].errnum, "%s: %s",
			      name, error->message);
		ck_assert_msg(strstr(error->message, name) != NULL, "%s: %s",
			      name, error->message);
		expect_error(error, refused[i].kind, name);
		ck_assert_ptr_null(file);
	}
	close(fd);
	expect_content("file", "old");
	ck_assert_uint_eq(names_in("folder"), 0);
}
END_TEST

/* What a child that is no root can do with it. 0: all as it should be. */
static int as_somebody(void)
{
	struct error *error;
	struct out_file *file;

	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		return 1;
	error = out_file_open(in_tree("closed/new"), &file);
	if (!error || error->kind != ERROR_DENIED || error->errnum != EACCES)
		return 2;
	error_destroy(error);
	error = out_file_open(in_tree("open/read-only"), &file);
	if (!error || error->kind != ERROR_DENIED || error->errnum != EACCES)
		return 3;
	error_destroy(error);
	error = out_file_open(in_tree("open/other"), &file);
	if (error || out_file_commit(file))
		return 4;
	return 0;
}

static int status_of(pid_t child)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

START_TEST(permissions)
{
	bool root = geteuid() == 0;
	pid_t child;

	ck_assert_int_eq(chmod(tree.path, 0755), 0);
	tree_put(&tree, "old", "closed/file");
	ck_assert_int_eq(fchmodat(tree.fd, "closed", 0555, 0), 0);
	tree_put(&tree, "old", "open/read-only");
	ck_assert_int_eq(fchmodat(tree.fd, "open", 0777, 0), 0);
	ck_assert_int_eq(fchmodat(tree.fd, "open/read-only", 0444, 0), 0);
	tree_put(&tree, "old", "open/other");
	ck_assert_int_eq(fchmodat(tree.fd, "open/other", 0662, 0), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child)
		_exit(as_somebody());
	ck_assert_int_eq(status_of(child), 0);
	ck_assert_uint_eq(names_in("closed"), 1);
	ck_assert_uint_eq(names_in("open"), 2);
	/* A group that may not be kept: what it might do, another may not. */
	ck_assert_uint_eq(stat_of("open/other").st_mode,
			  S_IFREG | (root ? 0622 : 0662));
}
END_TEST

START_TEST(no_room)
{
	pid_t child;

	tree_put(&tree, "old", "file");
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		static const struct rlimit limit = {8192, 8192};
		struct out_file *file = opened("file");
		struct error *error;

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		for (unsigned i = 0; i < 9000; i++)
			fputc('x', out_file_stream(file));
		fflush(out_file_stream(file));
		error = out_file_check(file);
		if (!error || error->errnum != EFBIG)
			_exit(1);
		error_destroy(error);
		/* It is known even if what follows has room. */
		error = out_file_commit(file);
		_exit(error && error->errnum == EFBIG ? 0 : 2);
	}
	ck_assert_int_eq(status_of(child), 0);
	expect_content("file", "old");
	ck_assert_uint_eq(names_in("."), 1);
}
END_TEST

START_TEST(full_device)
{
	struct out_file *file = NULL;
	struct error *error;

	expect_no_error(out_file_open("/dev/full", &file), "open");
	ck_assert(!out_file_is_aside(file));
	put(file, "x");
	error = out_file_commit(file);
	ck_assert_ptr_nonnull(error);
	ck_assert_int_eq(error->errnum, ENOSPC);
	expect_error(error, ERROR_FAILED, "/dev/full");
	ck_assert(S_ISCHR(stat_of("/dev/full").st_mode));
}
END_TEST

START_TEST(named_pipe)
{
	struct out_file *file;
	char read_back[8] = "";
	int fd;

	ck_assert_int_eq(mkfifoat(tree.fd, "pipe", 0600), 0);
	fd = openat(tree.fd, "pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	file = opened("pipe");
	ck_assert(!out_file_is_aside(file));
	put(file, "through");
	expect_no_error(out_file_commit(file), "pipe");
	ck_assert_int_eq(read(fd, read_back, 7), 7);
	ck_assert_str_eq(read_back, "through");
	close(fd);
	ck_assert(S_ISFIFO(stat_of("pipe").st_mode));
}
END_TEST

/* What a child comes to that does this. */
static int status_of_child(void (*function)(void))
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (!child) {
		static const struct rlimit no_core = {0};

		/* Handlers of Check would end its whole process group. */
		signal(SIGALRM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		setrlimit(RLIMIT_CORE, &no_core);
		alarm(30);
		function();
		_exit(80);
	}
	return status_of(child);
}

/* A pipe with a name whose reader is gone. */
static void write_broken(void)
{
	int fd = open(in_tree("pipe"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct out_file *file = opened("pipe");
	struct error *error;
	sigset_t pending;

	close(fd);
	put(file, "lost");
	error = out_file_commit(file);
	sigpending(&pending);
	_exit(error && error->kind == ERROR_FAILED && error->errnum == EPIPE &&
			      !sigismember(&pending, SIGPIPE)
		      ? 0
		      : 1);
}

/* Standard output that has none. */
static void write_to_broken_output(void)
{
	struct out_file *file;
	int ends[2];

	if (pipe(ends) != 0 || dup2(ends[1], STDOUT_FILENO) < 0 ||
	    out_file_open("-", &file))
		_exit(81);
	close(ends[0]);
	fputs("lost", out_file_stream(file));
	fflush(out_file_stream(file));
}

/* One that is already there is left. */
static void keep_pending(void)
{
	sigset_t broken, pending;
	int fd = open(in_tree("pipe"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct out_file *file = opened("pipe");
	struct error *error;

	close(fd);
	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigprocmask(SIG_BLOCK, &broken, NULL);
	raise(SIGPIPE);
	put(file, "lost");
	error = out_file_commit(file);
	sigpending(&pending);
	_exit(error && sigismember(&pending, SIGPIPE) ? 0 : 1);
}

START_TEST(nobody_reads)
{
	int status;

	ck_assert_int_eq(mkfifoat(tree.fd, "pipe", 0600), 0);
	ck_assert_int_eq(status_of_child(write_broken), 0);
	ck_assert_int_eq(status_of_child(keep_pending), 0);
	status = status_of_child(write_to_broken_output);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}
END_TEST

static bool is_interrupted(const struct error *error)
{
	return error && error->kind == ERROR_INTERRUPTED &&
	       strcmp(error->message, "interrupted") == 0;
}

/* Sends SIGINT to its parent, again and again. */
static void interrupt_parent(void)
{
	pid_t parent = getpid();

	if (fork() != 0)
		return;
	while (getppid() == parent) {
		usleep(20000);
		kill(parent, SIGINT);
	}
	_exit(0);
}

/* Waits for a reader, and for one that does not read. */
static void wait_for_reader(void)
{
	struct out_file *file = NULL;

	interrupt_catch();
	interrupt_parent();
	_exit(is_interrupted(out_file_open(in_tree("pipe"), &file)) && !file
		      ? 0
		      : 1);
}

static void write_too_much(void)
{
	int fd = open(in_tree("pipe"), O_RDWR | O_CLOEXEC);
	struct out_file *file = opened("pipe");

	interrupt_catch();
	interrupt_parent();
	for (unsigned i = 0; i < 1 << 20; i++)
		fputc('x', out_file_stream(file));
	_exit(fd >= 0 && is_interrupted(out_file_commit(file)) ? 0 : 1);
}

/* What waits in the stream is not written any more. */
static void abandon_full(void)
{
	int fd = open(in_tree("pipe"), O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct out_file *file = opened("pipe");

	while (write(fd, "", 1) == 1)
		;
	put(file, "not all");
	interrupt_catch();
	raise(SIGINT);
	out_file_abandon(file);
	_exit(0);
}

START_TEST(interrupted)
{
	ck_assert_int_eq(mkfifoat(tree.fd, "pipe", 0600), 0);
	ck_assert_int_eq(status_of_child(wait_for_reader), 0);
	ck_assert_int_eq(status_of_child(write_too_much), 0);
	ck_assert_int_eq(status_of_child(abandon_full), 0);
}
END_TEST

START_TEST(standard_output)
{
	struct out_file *file;

	expect_no_error(out_file_open("-", &file), "-");
	ck_assert_ptr_eq(out_file_stream(file), stdout);
	ck_assert(!out_file_is_aside(file));
	expect_no_error(out_file_commit(file), "-");
	ck_assert_int_eq(ferror(stdout), 0);
}
END_TEST

START_TEST(becomes_something_else)
{
	struct out_file *file = opened("file");

	put(file, "new");
	ck_assert_int_eq(mkfifoat(tree.fd, "file", 0600), 0);
	expect_error(out_file_commit(file), ERROR_FAILED, "a pipe");
	ck_assert(S_ISFIFO(stat_of("file").st_mode));
	ck_assert_uint_eq(names_in("."), 1);
}
END_TEST

/* As on a file system that has no files without a name. */
static void refuse_nameless(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY,
			 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {ARRAY_SIZE(filter), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 ||
	    open(tree.path, O_TMPFILE | O_WRONLY, 0600) >= 0)
		_exit(80);
}

/* In a child: writes aside, with a name, and ends by a signal; with `held`
 * that was held when it came. */
static void end_by_signal(int number, bool held)
{
	static const struct rlimit no_core = {0};
	struct out_file *file;

	setrlimit(RLIMIT_CORE, &no_core);
	refuse_nameless();
	signal(number, SIG_DFL);
	if (out_file_open(in_tree("file"), &file))
		_exit(81);
	put(file, "new");
	fflush(out_file_stream(file));
	if (names_in(".") != 2)
		_exit(82);
	if (held)
		interrupt_hold();
	raise(number);
	if (held && interrupt_pending())
		interrupt_deliver();
	_exit(83);
}

START_TEST(nothing_is_left_by_signals)
{
	static const struct {
		int number;
		bool held;
	} ways[] = {
		{SIGINT, false},  {SIGTERM, false}, {SIGHUP, false},
		{SIGQUIT, false}, {SIGPIPE, false}, {SIGALRM, false},
		{SIGINT, true},   {SIGTERM, true},
	};

	tree_put(&tree, "old", "file");
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		pid_t child = fork();
		int status;

		ck_assert_int_ge(child, 0);
		if (!child)
			end_by_signal(ways[i].number, ways[i].held);
		status = status_of(child);
		ck_assert_msg(WIFSIGNALED(status) &&
				      WTERMSIG(status) == ways[i].number,
			      "%d: %x", ways[i].number, (unsigned)status);
		expect_content("file", "old");
		ck_assert_uint_eq(names_in("."), 1);
	}
}
END_TEST

START_TEST(named_aside)
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (!child) {
		struct sigaction after;

		signal(SIGINT, SIG_DFL);
		refuse_nameless();
		written("file", "new");
		out_file_abandon(opened("other"));
		sigaction(SIGINT, NULL, &after);
		_exit(after.sa_handler == SIG_DFL ? 0 : 1);
	}
	ck_assert_int_eq(status_of(child), 0);
	expect_content("file", "new");
	ck_assert_uint_eq(names_in("."), 1);
}
END_TEST

START_TEST(ignored_signals_stay_so)
{
	void (*before)(int) = signal(SIGHUP, SIG_IGN);
	struct sigaction now;

	interrupt_on_end(abort);
	sigaction(SIGHUP, NULL, &now);
	ck_assert(now.sa_handler == SIG_IGN);
	interrupt_on_end(NULL);
	sigaction(SIGHUP, NULL, &now);
	ck_assert(now.sa_handler == SIG_IGN);
	signal(SIGHUP, before);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		new_file,
		relative_path,
		old_file_is_replaced,
		no_privilege_is_kept,
		owner_is_kept,
		abandoned,
		links_are_followed,
		refused_paths,
		permissions,
		no_room,
		full_device,
		named_pipe,
		nobody_reads,
		interrupted,
		standard_output,
		becomes_something_else,
		named_aside,
		nothing_is_left_by_signals,
		ignored_signals_stay_so,
	};

	return run_suite(suite_of("outfile", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
