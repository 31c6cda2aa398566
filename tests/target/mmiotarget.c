/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmiotarget: a process that maps things and does as it is told
 *
 * The tests look at this process with mmiodbg.  It maps what its arguments
 * name, says where, and then obeys commands from standard input, one a line,
 * answering each with one line.  Files serve as well as devices.
 *
 *   mmiotarget [SPEC...]
 *   SPEC := FILE|anon|vfio:DDDD:BB:DD.F:BAR|drm:NODE|v4l2:NODE
 *           [,off=N] [,len=N] [,prot=r|w|rw|none] [,private]
 *           [,width=N] [,height=N]
 *
 * drm: is a new buffer of this size in pixels (4 bytes each; 640x480 unless
 * told), v4l2: the next capture buffer of a camera; one NODE of each at a time.
 *
 * At the start: a line "map INDEX ADDRESS LENGTH FILE" for each SPEC, then
 * "ready PID".  The answers are "ok", "value 0x...", "thread TID", a "map"
 * line, or "error: WHY".  End of input ends the process with status 0.
 *
 *   load I WIDTH OFF          one load from mapping I, at byte OFF
 *   store I WIDTH OFF VALUE   one store
 *   fill I OFF N VALUE        N 32-bit stores: VALUE, VALUE + 1, ...
 *   check I OFF N VALUE       N 32-bit loads: whether fill's words are there
 *   mark N                    a 32-bit store of N at +4 of mapping 0
 *   map SPEC                  one mapping more
 *   many N SPEC               N more, which have no index
 *   mapat I SPEC              in the place of mapping I (MAP_FIXED)
 *   unmap I [OFF LEN]         all or a part of it
 *   protect I PROT            mprotect()
 *   dumpable 0|1              PR_SET_DUMPABLE
 *   name TEXT                 PR_SET_NAME
 *   thread                    starts a thread that sleeps
 *   toggle I OFF MASK         starts one that changes these bits of a 32-bit
 *                             register, reading and writing all of it
 *   toggled                   ends it: "toggled TIMES LOST"; LOST is how often
 *                             its bits were not as it had left them
 *   spin                      starts one that looks at the clock all the time
 *   spun                      ends it: "spun NANOSECONDS", the longest that it
 *                             stood still
 *   signal NAME WHAT          what bus, segv, trap or usr1 comes to: "count",
 *                             "ignore" or "default"; "block" and "unblock" are
 *                             for the thread that obeys, "raise" sends it there
 *   counts                    "counts bus N segv N trap N usr1 N": so often a
 *                             handler of `count` was called
 *   config OFF VALUE          16 bits in the config space of the vfio device
 *   show I                    has the buffer of mapping I scanned out
 *   cycle I J                 starts a thread that shows I to J in turn
 *   cycled                    ends it: "cycled TIMES"
 *   stream                    lets the camera fill its buffers, in a thread
 *   streamed                  ends it: "streamed FRAMES"
 *   leaderexit                the main thread ends; another one obeys
 *   exec PROG [ARGS]
 *   exit STATUS
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/pci.h>
#include <linux/vfio.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_MAPPINGS = 64,
	MAX_WORDS = 32,
	MAX_LINE = 4096,
	MARK_OFFSET = 4, /* the register of edu that inverts what is written */
};

/* What is shown of a drm: buffer; framebuffer is 0 for what is none. */
struct screen {
	uint32_t framebuffer, width, height;
};

struct mapping {
	char *address; /* NULL: nothing there */
	size_t length;
	struct screen screen;
};

static struct mapping mappings[MAX_MAPPINGS];
static unsigned int n_mappings;

/* What one command came to: the line that answers it. */
static char answer[MAX_LINE];

static bool reply(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
static bool failed(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static bool reply(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(answer, sizeof answer, format, args);
	va_end(args);
	return true;
}

static bool failed(const char *format, ...)
{
	size_t used = strlen(strcpy(answer, "error: "));
	va_list args;

	va_start(args, format);
	vsnprintf(answer + used, sizeof answer - used, format, args);
	va_end(args);
	return false;
}

static bool failed_errno(const char *what)
{
	return failed("%s: %s", what, strerror(errno));
}

/* A thread that does one thing over and over until it is told to end. */
struct worker {
	pthread_t thread;
	bool running;
	volatile bool end;
};

static bool worker_start(struct worker *worker, void *(*work)(void *))
{
	int error;

	worker->end = false;
	error = pthread_create(&worker->thread, NULL, work, NULL);
	if (error)
		return failed("pthread_create: %s", strerror(error));
	worker->running = true;
	return reply("ok");
}

static bool worker_stop(struct worker *worker)
{
	if (!worker->running)
		return failed("it does not run");
	worker->end = true;
	pthread_join(worker->thread, NULL);
	worker->running = false;
	return true;
}

static void say_answer(void)
{
	puts(answer);
	fflush(stdout);
}

static bool parse_number(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		return failed("%s: not a number", text);
	return true;
}

static bool parse_prot(const char *text, int *ret)
{
	if (!strcmp(text, "none"))
		*ret = PROT_NONE;
	else if (!strcmp(text, "r"))
		*ret = PROT_READ;
	else if (!strcmp(text, "w"))
		*ret = PROT_WRITE;
	else if (!strcmp(text, "rw"))
		*ret = PROT_READ | PROT_WRITE;
	else
		return failed("%s: not r, w, rw or none", text);
	return true;
}

static bool parse_index(const char *text, unsigned int *ret)
{
	uint64_t index;

	if (!parse_number(text, &index))
		return false;
	if (index >= n_mappings || !mappings[index].address)
		return failed("%s: no such mapping", text);
	*ret = index;
	return true;
}

/* Mappings */

struct spec {
	const char *file;
	uint64_t offset;
	uint64_t length;
	uint64_t width, height;
	int prot;
	bool private;
};

/* Cuts @text into pieces, which @ret refers to. */
static bool parse_spec(char *text, struct spec *ret)
{
	struct spec spec = {
		.prot = PROT_READ | PROT_WRITE, .width = 640, .height = 480};
	char *rest = text;

	spec.file = strsep(&rest, ",");
	while (rest) {
		const char *word = strsep(&rest, ",");

		if (!strncmp(word, "off=", 4)) {
			if (!parse_number(word + 4, &spec.offset))
				return false;
		} else if (!strncmp(word, "len=", 4)) {
			if (!parse_number(word + 4, &spec.length))
				return false;
		} else if (!strncmp(word, "width=", 6)) {
			if (!parse_number(word + 6, &spec.width))
				return false;
		} else if (!strncmp(word, "height=", 7)) {
			if (!parse_number(word + 7, &spec.height))
				return false;
		} else if (!strncmp(word, "prot=", 5)) {
			if (!parse_prot(word + 5, &spec.prot))
				return false;
		} else if (!strcmp(word, "private")) {
			spec.private = true;
		} else {
			return failed("%s: not off=, len=, prot=, private, "
				      "width= or height=",
				      word);
		}
	}
	*ret = spec;
	return true;
}

/* The group's number, which stands at the end of a link in sysfs. */
static int open_vfio_group(const char *pci)
{
	char path[128], target[256];
	const char *number;
	ssize_t length;

	snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/iommu_group", pci);
	length = readlink(path, target, sizeof target - 1);
	if (length < 0)
		return -1;
	target[length] = '\0';
	number = strrchr(target, '/');
	if (!number)
		return -1;
	snprintf(path, sizeof path, "/dev/vfio/%s", number + 1);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* An open file, what of it to map (length 0: unknown), and what shows it. */
struct opened {
	int fd;
	uint64_t start, length;
	struct screen screen;
};

static int vfio_device = -1;

/*
 * "vfio:DDDD:BB:DD.F:BAR".  Container, group and device stay open, as long as
 * the process lives.
 */
static bool open_vfio(const char *name, struct opened *ret)
{
	struct vfio_region_info region = {.argsz = sizeof region};
	int container, group, used = 0;
	unsigned int bar;
	char pci[16];

	if (sscanf(name, "vfio:%12[0-9a-f:.]:%u%n", pci, &bar, &used) != 2 ||
	    name[used]) {
		errno = EINVAL;
		return false;
	}
	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	group = open_vfio_group(pci);
	if (container < 0 || group < 0 ||
	    ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU))
		return false;
	vfio_device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, pci);
	region.index = VFIO_PCI_BAR0_REGION_INDEX + bar;
	if (vfio_device < 0 ||
	    ioctl(vfio_device, VFIO_DEVICE_GET_REGION_INFO, &region))
		return false;
	*ret = (struct opened){.fd = fcntl(vfio_device, F_DUPFD_CLOEXEC, 0),
			       .start = region.offset,
			       .length = region.size};
	return true;
}

/*
 * The part of the kernel's mode-setting interface that is needed here; the C
 * library's package has no header for it.
 */
struct drm_dumb {
	uint32_t height, width, bits, flags; /* asked for */
	uint32_t handle, pitch;
	uint64_t size;
};

struct drm_dumb_place {
	uint32_t handle, unused;
	uint64_t offset;
};

struct drm_framebuffer {
	uint32_t id, width, height, pitch, bits, depth, handle;
};

struct drm_ids {
	uint64_t framebuffers, crtcs, connectors, encoders; /* pointers */
	uint32_t n_framebuffers, n_crtcs, n_connectors, n_encoders;
	uint32_t min_width, max_width, min_height, max_height;
};

struct drm_mode {
	uint32_t clock; /* kHz */
	uint16_t width, h_start, h_end, h_total, h_skew;
	uint16_t height, v_start, v_end, v_total, v_scan;
	uint32_t refresh, flags, type;
	char name[32];
};

struct drm_crtc {
	uint64_t connectors; /* a pointer */
	uint32_t n_connectors, id, framebuffer, x, y, gamma, has_mode;
	struct drm_mode mode;
};

#define DRM_DUMB       _IOWR('d', 0xb2, struct drm_dumb)
#define DRM_DUMB_PLACE _IOWR('d', 0xb3, struct drm_dumb_place)
#define DRM_ADD        _IOWR('d', 0xae, struct drm_framebuffer)
#define DRM_IDS        _IOWR('d', 0xa0, struct drm_ids)
#define DRM_SHOW       _IOWR('d', 0xa2, struct drm_crtc)

static int drm_node = -1;

/* "drm:NODE": a new buffer, which lives as long as the process. */
static bool open_drm(const struct spec *spec, struct opened *ret)
{
	struct drm_dumb dumb = {.height = (uint32_t)spec->height,
				.width = (uint32_t)spec->width,
				.bits = 32};
	struct drm_framebuffer framebuffer = {.width = dumb.width,
					      .height = dumb.height,
					      .bits = 32,
					      .depth = 24};
	struct drm_dumb_place place = {0};

	if (drm_node < 0)
		drm_node = open(spec->file + 4, O_RDWR | O_CLOEXEC);
	if (drm_node < 0 || ioctl(drm_node, DRM_DUMB, &dumb))
		return false;
	place.handle = framebuffer.handle = dumb.handle;
	framebuffer.pitch = dumb.pitch;
	if (ioctl(drm_node, DRM_DUMB_PLACE, &place) ||
	    ioctl(drm_node, DRM_ADD, &framebuffer))
		return false;
	*ret = (struct opened){
		.fd = fcntl(drm_node, F_DUPFD_CLOEXEC, 0),
		.start = place.offset,
		.length = dumb.size,
		.screen = {framebuffer.id, dumb.width, dumb.height},
	};
	return true;
}

/* On the first screen that there is; any mode of the buffer's size will do. */
static bool show_screen(const struct screen *screen)
{
	uint16_t width = (uint16_t)screen->width;
	uint16_t height = (uint16_t)screen->height;
	uint32_t crtcs[8], connectors[8];
	struct drm_ids ids = {
		.crtcs = (uintptr_t)crtcs,
		.connectors = (uintptr_t)connectors,
		.n_crtcs = 8,
		.n_connectors = 8,
	};
	struct drm_crtc crtc = {
		.connectors = (uintptr_t)connectors,
		.n_connectors = 1,
		.framebuffer = screen->framebuffer,
		.has_mode = 1,
		.mode =
			{
				.clock = 65000,
				.width = width,
				.h_start = (uint16_t)(width + 24),
				.h_end = (uint16_t)(width + 160),
				.h_total = (uint16_t)(width + 320),
				.height = height,
				.v_start = (uint16_t)(height + 3),
				.v_end = (uint16_t)(height + 9),
				.v_total = (uint16_t)(height + 38),
				.name = "any",
			},
	};

	if (ioctl(drm_node, DRM_IDS, &ids))
		return failed_errno("the ids of the screen");
	if (!ids.n_crtcs || !ids.n_connectors)
		return failed("there is no screen");
	crtc.id = crtcs[0];
	if (ioctl(drm_node, DRM_SHOW, &crtc))
		return failed_errno("showing the buffer");
	return true;
}

enum { CAMERA_BUFFERS = 4 };

static struct {
	int fd;
	uint32_t mapped; /* so many of its buffers */
	struct worker worker;
	uint64_t frames;
} camera = {.fd = -1};

/* "v4l2:NODE": the next of the camera's buffers. */
static bool open_v4l2(const struct spec *spec, struct opened *ret)
{
	struct v4l2_requestbuffers request = {
		.count = CAMERA_BUFFERS,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP};
	struct v4l2_buffer buffer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
				     .memory = V4L2_MEMORY_MMAP};
	struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};

	format.fmt.pix.width = (uint32_t)spec->width;
	format.fmt.pix.height = (uint32_t)spec->height;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	if (camera.fd < 0) {
		camera.fd = open(spec->file + 5, O_RDWR | O_CLOEXEC);
		if (camera.fd < 0 || ioctl(camera.fd, VIDIOC_S_FMT, &format) ||
		    ioctl(camera.fd, VIDIOC_REQBUFS, &request))
			return false;
	}
	buffer.index = camera.mapped;
	if (ioctl(camera.fd, VIDIOC_QUERYBUF, &buffer))
		return false;
	camera.mapped++;
	*ret = (struct opened){.fd = fcntl(camera.fd, F_DUPFD_CLOEXEC, 0),
			       .start = buffer.m.offset,
			       .length = buffer.length};
	return true;
}

/* Opened for writing wherever that is allowed: `protect` may come. */
static bool open_for(const struct spec *spec, struct opened *ret)
{
	struct stat st;
	int fd = -1;

	if (!strncmp(spec->file, "vfio:", 5))
		return open_vfio(spec->file, ret);
	if (!strncmp(spec->file, "drm:", 4))
		return open_drm(spec, ret);
	if (!strncmp(spec->file, "v4l2:", 5))
		return open_v4l2(spec, ret);
	if (!spec->private)
		fd = open(spec->file, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0 && (spec->private || !(spec->prot & PROT_WRITE)))
		fd = open(spec->file, O_RDONLY | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return false;
	*ret = (struct opened){.fd = fd};
	/* A BAR is mapped there by its physical address, once that is said. */
	if (!strncmp(spec->file, "/proc/bus/pci/", 14))
		ioctl(fd, PCIIOC_MMAP_IS_MEM);
	else if (!fstat(fd, &st))
		ret->length = (uint64_t)st.st_size;
	return true;
}

/* Maps @spec at @at (replacing what is there) or anywhere if that is NULL. */
static bool map_spec(const struct spec *spec, char *at, struct mapping *ret)
{
	bool anonymous = !strcmp(spec->file, "anon");
	int flags = spec->private || anonymous ? MAP_PRIVATE : MAP_SHARED;
	struct opened opened = {.fd = -1};
	uint64_t length = spec->length;
	void *address;

	if (anonymous) {
		flags |= MAP_ANONYMOUS;
	} else {
		if (!open_for(spec, &opened))
			return failed_errno(spec->file);
		if (!length && opened.length > spec->offset)
			length = opened.length - spec->offset;
	}
	if (!length) {
		if (opened.fd >= 0)
			close(opened.fd);
		return failed("%s: no length", spec->file);
	}
	if (at)
		flags |= MAP_FIXED;
	address = mmap(at, length, spec->prot, flags, opened.fd,
		       (off_t)(opened.start + spec->offset));
	if (address == MAP_FAILED)
		failed_errno(spec->file);
	if (opened.fd >= 0)
		close(opened.fd);
	if (address == MAP_FAILED)
		return false;
	*ret = (struct mapping){address, length, opened.screen};
	return true;
}

static bool add_mapping(char *text)
{
	struct spec spec;

	if (!parse_spec(text, &spec))
		return false;
	if (n_mappings == MAX_MAPPINGS)
		return failed("too many mappings");
	if (!map_spec(&spec, NULL, &mappings[n_mappings]))
		return false;
	n_mappings++;
	return reply("map %u %p %zu %s", n_mappings - 1,
		     (void *)mappings[n_mappings - 1].address,
		     mappings[n_mappings - 1].length, spec.file);
}

/* Accesses: each is one load or store of exactly its width */

static sigjmp_buf fault_return;
static siginfo_t fault_info;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	fault_info = *info;
	siglongjmp(fault_return, 1);
}

static uint64_t load(const volatile void *address, unsigned int width)
{
	switch (width) {
	case 8:
		return *(const volatile uint8_t *)address;
	case 16:
		return *(const volatile uint16_t *)address;
	case 32:
		return *(const volatile uint32_t *)address;
	default:
		return *(const volatile uint64_t *)address;
	}
}

static void store(volatile void *address, unsigned int width, uint64_t value)
{
	switch (width) {
	case 8:
		*(volatile uint8_t *)address = value;
		break;
	case 16:
		*(volatile uint16_t *)address = value;
		break;
	case 32:
		*(volatile uint32_t *)address = value;
		break;
	default:
		*(volatile uint64_t *)address = value;
		break;
	}
}

/*
 * Loads into *value, or stores it.  A fault becomes an answer; the handlers
 * stand only meanwhile, so that the process has none when it is looked at.
 */
static bool access_mapping(const char *index_text, const char *width_text,
			   const char *offset_text, bool is_store,
			   uint64_t *value)
{
	struct sigaction action = {.sa_sigaction = on_fault,
				   .sa_flags = SA_SIGINFO};
	struct sigaction old_bus, old_segv;
	uint64_t width, offset;
	unsigned int index;
	bool ok = true;
	char *address;

	if (!parse_index(index_text, &index) ||
	    !parse_number(width_text, &width) ||
	    !parse_number(offset_text, &offset))
		return false;
	if (width != 8 && width != 16 && width != 32 && width != 64)
		return failed("%s: not 8, 16, 32 or 64", width_text);
	if (mappings[index].length < width / 8 ||
	    offset > mappings[index].length - width / 8)
		return failed("%s: not in the mapping", offset_text);
	address = mappings[index].address + offset;

	sigaction(SIGBUS, &action, &old_bus);
	sigaction(SIGSEGV, &action, &old_segv);
	if (sigsetjmp(fault_return, 1))
		ok = failed("%s code %d",
			    fault_info.si_signo == SIGBUS ? "SIGBUS"
							  : "SIGSEGV",
			    fault_info.si_code);
	else if (is_store)
		store(address, width, *value);
	else
		*value = load(address, width);
	sigaction(SIGBUS, &old_bus, NULL);
	sigaction(SIGSEGV, &old_segv, NULL);
	return ok;
}

/* Commands: words in, `answer` filled; the name is words[0] */

static bool cmd_mark(int count, char **words)
{
	uint64_t value;

	(void)count;
	if (!n_mappings || !mappings[0].address ||
	    mappings[0].length < MARK_OFFSET + 4)
		return failed("mapping 0 is not there");
	if (!parse_number(words[1], &value))
		return false;
	store(mappings[0].address + MARK_OFFSET, 32, value);
	return reply("ok");
}

static bool cmd_load(int count, char **words)
{
	uint64_t value;

	(void)count;
	if (!access_mapping(words[1], words[2], words[3], false, &value))
		return false;
	return reply("value 0x%0*" PRIx64, atoi(words[2]) / 4, value);
}

static bool cmd_store(int count, char **words)
{
	uint64_t value;

	(void)count;
	if (!parse_number(words[4], &value) ||
	    !access_mapping(words[1], words[2], words[3], true, &value))
		return false;
	return reply("ok");
}

static bool parse_words(char **words, volatile uint32_t **ret_first,
			uint64_t *ret_n, uint32_t *ret_value)
{
	uint64_t offset, value;
	unsigned int index;

	if (!parse_index(words[1], &index) ||
	    !parse_number(words[2], &offset) ||
	    !parse_number(words[3], ret_n) || !parse_number(words[4], &value))
		return false;
	if (offset % 4 || offset > mappings[index].length ||
	    *ret_n > (mappings[index].length - offset) / 4)
		return failed("not in the mapping");
	*ret_first = (volatile uint32_t *)(mappings[index].address + offset);
	*ret_value = (uint32_t)value;
	return true;
}

static bool cmd_fill(int count, char **words)
{
	volatile uint32_t *first;
	uint32_t value;
	uint64_t n;

	(void)count;
	if (!parse_words(words, &first, &n, &value))
		return false;
	for (uint64_t i = 0; i < n; i++)
		first[i] = value + (uint32_t)i;
	return reply("ok");
}

static bool cmd_check(int count, char **words)
{
	volatile uint32_t *first;
	uint32_t value;
	uint64_t n;

	(void)count;
	if (!parse_words(words, &first, &n, &value))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		uint32_t found = first[i];

		if (found != value + (uint32_t)i)
			return failed("word %" PRIu64 " is 0x%08" PRIx32, i,
				      found);
	}
	return reply("ok");
}

static bool cmd_map(int count, char **words)
{
	(void)count;
	return add_mapping(words[1]);
}

static bool cmd_many(int count, char **words)
{
	struct mapping unused;
	struct spec spec;
	uint64_t n;

	(void)count;
	if (!parse_number(words[1], &n) || !parse_spec(words[2], &spec))
		return false;
	while (n--)
		if (!map_spec(&spec, NULL, &unused))
			return false;
	return reply("ok");
}

static bool cmd_mapat(int count, char **words)
{
	unsigned int index;
	struct spec spec;

	(void)count;
	if (!parse_index(words[1], &index) || !parse_spec(words[2], &spec))
		return false;
	if (!spec.length)
		spec.length = mappings[index].length;
	if (!map_spec(&spec, mappings[index].address, &mappings[index]))
		return false;
	return reply("map %u %p %zu %s", index, (void *)mappings[index].address,
		     mappings[index].length, spec.file);
}

static bool cmd_unmap(int count, char **words)
{
	uint64_t offset = 0, length;
	struct mapping *mapping;
	unsigned int index;

	if (!parse_index(words[1], &index))
		return false;
	mapping = &mappings[index];
	length = mapping->length;
	if (count == 3)
		return failed("unmap: OFF and LEN, or neither");
	if (count == 4 && (!parse_number(words[2], &offset) ||
			   !parse_number(words[3], &length)))
		return false;
	if (offset > mapping->length || length > mapping->length - offset)
		return failed("not in the mapping");
	if (munmap(mapping->address + offset, length))
		return failed_errno("munmap");
	if (length == mapping->length)
		mapping->address = NULL;
	return reply("ok");
}

static bool cmd_protect(int count, char **words)
{
	unsigned int index;
	int prot;

	(void)count;
	if (!parse_index(words[1], &index) || !parse_prot(words[2], &prot))
		return false;
	if (mprotect(mappings[index].address, mappings[index].length, prot))
		return failed_errno("mprotect");
	return reply("ok");
}

static bool cmd_dumpable(int count, char **words)
{
	uint64_t value;

	(void)count;
	if (!parse_number(words[1], &value))
		return false;
	if (prctl(PR_SET_DUMPABLE, (unsigned long)value, 0, 0, 0))
		return failed_errno("PR_SET_DUMPABLE");
	return reply("ok");
}

static bool cmd_name(int count, char **words)
{
	(void)count;
	if (prctl(PR_SET_NAME, words[1], 0, 0, 0))
		return failed_errno("PR_SET_NAME");
	return reply("ok");
}

static pthread_barrier_t thread_started;
static long thread_id;

static void *sleeper(void *unused)
{
	(void)unused;
	thread_id = syscall(SYS_gettid);
	pthread_barrier_wait(&thread_started);
	for (;;)
		sleep(3600);
	return NULL;
}

static bool cmd_thread(int count, char **words)
{
	pthread_t thread;
	int error;

	(void)count;
	(void)words;
	pthread_barrier_init(&thread_started, NULL, 2);
	error = pthread_create(&thread, NULL, sleeper, NULL);
	if (error) {
		pthread_barrier_destroy(&thread_started);
		return failed("pthread_create: %s", strerror(error));
	}
	pthread_barrier_wait(&thread_started);
	pthread_barrier_destroy(&thread_started);
	return reply("thread %ld", thread_id);
}

static struct {
	struct worker worker;
	char *address;
	uint32_t mask;
	uint64_t times, lost;
} toggle;

static void *toggler(void *unused)
{
	/* So that the trace of all that stays small. */
	const struct timespec pause = {.tv_nsec = 20000};
	uint32_t own = (uint32_t)load(toggle.address, 32) & toggle.mask;

	(void)unused;
	while (!toggle.worker.end) {
		uint32_t value = (uint32_t)load(toggle.address, 32);

		toggle.lost += (value & toggle.mask) != own;
		/* The next number whose bits are all in the mask. */
		own = ((own | ~toggle.mask) + 1) & toggle.mask;
		store(toggle.address, 32, (value & ~toggle.mask) | own);
		toggle.times++;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static bool cmd_toggle(int count, char **words)
{
	uint64_t offset, mask;
	unsigned int index;

	(void)count;
	if (!parse_index(words[1], &index) ||
	    !parse_number(words[2], &offset) || !parse_number(words[3], &mask))
		return false;
	if (toggle.worker.running || offset % 4 || offset >= mappings[index].length)
		return failed("not there, or running already");
	toggle.address = mappings[index].address + offset;
	toggle.mask = (uint32_t)mask;
	toggle.times = toggle.lost = 0;
	return worker_start(&toggle.worker, toggler);
}

static bool cmd_toggled(int count, char **words)
{
	(void)count;
	(void)words;
	if (!worker_stop(&toggle.worker))
		return false;
	return reply("toggled %" PRIu64 " %" PRIu64, toggle.times, toggle.lost);
}

static struct {
	struct worker worker;
	uint64_t longest;
} spin;

static void *spinner(void *unused)
{
	struct timespec time;
	uint64_t last, now;

	(void)unused;
	clock_gettime(CLOCK_MONOTONIC, &time);
	last = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
	while (!spin.worker.end) {
		clock_gettime(CLOCK_MONOTONIC, &time);
		now = (uint64_t)time.tv_sec * 1000000000 +
		      (uint64_t)time.tv_nsec;
		if (now - last > spin.longest)
			spin.longest = now - last;
		last = now;
	}
	return NULL;
}

static bool cmd_spin(int count, char **words)
{
	(void)count;
	(void)words;
	if (spin.worker.running)
		return failed("it runs already");
	spin.longest = 0;
	return worker_start(&spin.worker, spinner);
}

static bool cmd_spun(int count, char **words)
{
	(void)count;
	(void)words;
	if (!worker_stop(&spin.worker))
		return false;
	return reply("spun %" PRIu64, spin.longest);
}

/* Signals */

enum { N_SIGNALS = 4, MAX_COUNT = 1000 };

static const struct {
	const char *name;
	int number;
} signals[N_SIGNALS] = {
	{"bus", SIGBUS},
	{"segv", SIGSEGV},
	{"trap", SIGTRAP},
	{"usr1", SIGUSR1},
};

static volatile sig_atomic_t counts[N_SIGNALS];

/* A fault of our own would come back for ever. */
static void on_counted(int number)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (signals[i].number == number && ++counts[i] > MAX_COUNT)
			_exit(3);
}

static bool set_mask(int how, int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(how, &set, NULL);
	return reply("ok");
}

static bool set_handler(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler,
				   .sa_flags = SA_RESTART};

	if (sigaction(number, &action, NULL))
		return failed_errno("sigaction");
	return reply("ok");
}

static bool cmd_signal(int count, char **words)
{
	int number = 0;

	(void)count;
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (!strcmp(words[1], signals[i].name))
			number = signals[i].number;
	if (!number)
		return failed("%s: not bus, segv, trap or usr1", words[1]);
	if (!strcmp(words[2], "count"))
		return set_handler(number, on_counted);
	if (!strcmp(words[2], "ignore"))
		return set_handler(number, SIG_IGN);
	if (!strcmp(words[2], "default"))
		return set_handler(number, SIG_DFL);
	if (!strcmp(words[2], "block"))
		return set_mask(SIG_BLOCK, number);
	if (!strcmp(words[2], "unblock"))
		return set_mask(SIG_UNBLOCK, number);
	if (!strcmp(words[2], "raise"))
		return !raise(number) && reply("ok");
	return failed("%s: nothing to do with a signal", words[2]);
}

static bool cmd_counts(int count, char **words)
{
	(void)count;
	(void)words;
	return reply("counts bus %d segv %d trap %d usr1 %d", (int)counts[0],
		     (int)counts[1], (int)counts[2], (int)counts[3]);
}

static bool cmd_config(int count, char **words)
{
	struct vfio_region_info region = {
		.argsz = sizeof region, .index = VFIO_PCI_CONFIG_REGION_INDEX};
	uint64_t offset, value;
	uint16_t word;

	(void)count;
	if (!parse_number(words[1], &offset) || !parse_number(words[2], &value))
		return false;
	if (vfio_device < 0)
		return failed("there is no vfio device");
	word = (uint16_t)value;
	if (ioctl(vfio_device, VFIO_DEVICE_GET_REGION_INFO, &region) ||
	    pwrite(vfio_device, &word, sizeof word,
		   (off_t)(region.offset + offset)) != sizeof word)
		return failed_errno("the config space");
	return reply("ok");
}

static bool parse_screen(const char *text, unsigned int *ret)
{
	if (!parse_index(text, ret))
		return false;
	if (!mappings[*ret].screen.framebuffer)
		return failed("%s: no buffer that can be shown", text);
	return true;
}

static bool cmd_show(int count, char **words)
{
	unsigned int index;

	(void)count;
	return parse_screen(words[1], &index) &&
	       show_screen(&mappings[index].screen) && reply("ok");
}

static struct {
	struct worker worker;
	unsigned int first, last;
	uint64_t times;
} cycle;

static void *cycler(void *unused)
{
	unsigned int index = cycle.first;

	(void)unused;
	while (!cycle.worker.end && show_screen(&mappings[index].screen)) {
		cycle.times++;
		index = index == cycle.last ? cycle.first : index + 1;
	}
	return NULL;
}

static bool cmd_cycle(int count, char **words)
{
	(void)count;
	if (!parse_screen(words[1], &cycle.first) ||
	    !parse_screen(words[2], &cycle.last))
		return false;
	if (cycle.worker.running || cycle.first > cycle.last)
		return failed("not in this order, or running already");
	cycle.times = 0;
	return worker_start(&cycle.worker, cycler);
}

static bool cmd_cycled(int count, char **words)
{
	(void)count;
	(void)words;
	if (!worker_stop(&cycle.worker))
		return false;
	return reply("cycled %" PRIu64, cycle.times);
}

/* Each buffer that is full goes back at once. */
static void *cameraman(void *unused)
{
	struct v4l2_buffer buffer;

	(void)unused;
	while (!camera.worker.end) {
		buffer = (struct v4l2_buffer){
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
			.memory = V4L2_MEMORY_MMAP};
		if (ioctl(camera.fd, VIDIOC_DQBUF, &buffer) ||
		    ioctl(camera.fd, VIDIOC_QBUF, &buffer))
			break;
		camera.frames++;
	}
	return NULL;
}

static bool cmd_stream(int count, char **words)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	(void)count;
	(void)words;
	if (camera.fd < 0 || camera.worker.running)
		return failed("there is no camera, or it runs already");
	for (uint32_t i = 0; i < camera.mapped; i++) {
		struct v4l2_buffer buffer = {
			.index = i,
			.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
			.memory = V4L2_MEMORY_MMAP};

		if (ioctl(camera.fd, VIDIOC_QBUF, &buffer))
			return failed_errno("VIDIOC_QBUF");
	}
	if (ioctl(camera.fd, VIDIOC_STREAMON, &type))
		return failed_errno("VIDIOC_STREAMON");
	camera.frames = 0;
	return worker_start(&camera.worker, cameraman);
}

static bool cmd_streamed(int count, char **words)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	(void)count;
	(void)words;
	if (!worker_stop(&camera.worker))
		return false;
	if (ioctl(camera.fd, VIDIOC_STREAMOFF, &type))
		return failed_errno("VIDIOC_STREAMOFF");
	return reply("streamed %" PRIu64, camera.frames);
}

static void obey(void);

static bool is_zombie(void)
{
	char text[512] = "", path[64], *state;
	FILE *stat;

	snprintf(path, sizeof path, "/proc/%ld/stat", (long)getpid());
	stat = fopen(path, "re");
	if (!stat)
		return false;
	if (!fgets(text, sizeof text, stat))
		text[0] = '\0';
	fclose(stat);
	state = strrchr(text, ')');
	return state && !strncmp(state, ") Z", 3);
}

static void *successor(void *unused)
{
	(void)unused;
	while (!is_zombie())
		usleep(1000);
	reply("ok");
	say_answer();
	obey();
	exit(0);
}

/* Another thread takes over, and answers when the leader is a zombie. */
static bool cmd_leaderexit(int count, char **words)
{
	pthread_t thread;
	int error;

	(void)count;
	(void)words;
	if (syscall(SYS_gettid) != getpid())
		return failed("the leader is gone already");
	error = pthread_create(&thread, NULL, successor, NULL);
	if (error)
		return failed("pthread_create: %s", strerror(error));
	pthread_exit(NULL);
}

/* Answers first: the program that follows says nothing of the kind. */
static bool cmd_exec(int count, char **words)
{
	(void)count;
	if (access(words[1], X_OK))
		return failed_errno(words[1]);
	reply("ok");
	say_answer();
	execv(words[1], words + 1);
	perror(words[1]);
	_exit(126);
}

static bool cmd_exit(int count, char **words)
{
	uint64_t status;

	(void)count;
	if (!parse_number(words[1], &status))
		return false;
	reply("ok");
	say_answer();
	exit((int)status);
}

static const struct {
	const char *name;
	int min, max;  /* words after the name */
	bool one_text; /* all that follows is one word */
	bool (*run)(int count, char **words);
} commands[] = {
	{"mark", 1, 1, false, cmd_mark},
	{"load", 3, 3, false, cmd_load},
	{"store", 4, 4, false, cmd_store},
	{"fill", 4, 4, false, cmd_fill},
	{"check", 4, 4, false, cmd_check},
	{"map", 1, 1, true, cmd_map},
	{"many", 2, 2, false, cmd_many},
	{"mapat", 2, 2, false, cmd_mapat},
	{"unmap", 1, 3, false, cmd_unmap},
	{"protect", 2, 2, false, cmd_protect},
	{"dumpable", 1, 1, false, cmd_dumpable},
	{"thread", 0, 0, false, cmd_thread},
	{"toggle", 3, 3, false, cmd_toggle},
	{"toggled", 0, 0, false, cmd_toggled},
	{"spin", 0, 0, false, cmd_spin},
	{"spun", 0, 0, false, cmd_spun},
	{"signal", 2, 2, false, cmd_signal},
	{"counts", 0, 0, false, cmd_counts},
	{"config", 2, 2, false, cmd_config},
	{"show", 1, 1, false, cmd_show},
	{"cycle", 2, 2, false, cmd_cycle},
	{"cycled", 0, 0, false, cmd_cycled},
	{"stream", 0, 0, false, cmd_stream},
	{"streamed", 0, 0, false, cmd_streamed},
	{"leaderexit", 0, 0, false, cmd_leaderexit},
	{"exec", 1, MAX_WORDS, false, cmd_exec},
	{"name", 1, 1, true, cmd_name},
	{"exit", 1, 1, false, cmd_exit},
};

/* Leaves @words NULL-terminated; returns their number. */
static int split(char *line, char **words, int max)
{
	int count = 0;

	while (count < max - 1) {
		line += strspn(line, " \t");
		if (!*line)
			break;
		words[count++] = line;
		line += strcspn(line, " \t");
		if (*line)
			*line++ = '\0';
	}
	words[count] = NULL;
	return count;
}

static bool obey_line(char *line)
{
	char *words[MAX_WORDS + 2];
	size_t name_length;

	line += strspn(line, " \t");
	name_length = strcspn(line, " \t");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		int count;

		if (strlen(commands[i].name) != name_length ||
		    strncmp(line, commands[i].name, name_length) != 0)
			continue;
		if (commands[i].one_text) {
			words[0] = line;
			words[1] = line + name_length;
			words[1] += strspn(words[1], " \t");
			words[2] = NULL;
			count = *words[1] ? 2 : 1;
		} else {
			count = split(line, words, MAX_WORDS + 2);
		}
		if (count - 1 < commands[i].min || count - 1 > commands[i].max)
			return failed("%s: wrong number of words",
				      commands[i].name);
		return commands[i].run(count, words);
	}
	return failed("%.*s: no such command", (int)name_length, line);
}

static void obey(void)
{
	char line[MAX_LINE];

	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		obey_line(line);
		say_answer();
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!add_mapping(argv[i])) {
			fprintf(stderr, "mmiotarget: %s\n", answer);
			return 1;
		}
		puts(answer);
	}
	printf("ready %ld\n", (long)getpid());
	fflush(stdout);
	obey();
	return 0;
}
