/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signs of pages that were taken away, in captured trees, and what is made of
 * them: which outcome, and why. */
#include <errno.h>

#include "access/evidence.h"
#include "access/outcome.h"
#include "target/machine.h"
#include "target/session.h"
#include "unit.h"

enum { PID = 4242 };

/* Where each kind of mapping stands. */
enum {
	BAR = 0x10000000,
	PROC_PCI = 0x10800000,
	MEM = 0x11000000,
	PORTS = 0x11800000,
	UIO = 0x12000000,
	DRI = 0x13000000,
	GADGET = 0x14000000,
	FOREIGN = 0x15000000,
	VIDEO = 0x16000000,
	STAND_IN = 0x17000000,
	HEAP = 0x600000,
};

#define FLAGS      "rd wr sh mr mw me ms pf io de dd sd"
#define WITH_AR    "rd wr sh mr mw me ms pf io de ar dd sd"
#define ALIKE_AR   "rd wr sh mr mw me ms pf io de dd sd arch"
#define PLAIN      "rd wr mr mw me ac sd"
#define NIC        "sys/devices/pci0000:00/0000:03:00.0"
#define STAND_FILE "/tmp/stand-in"
#define GONE_NODE  999999999ul

static struct tree tree;
static struct machine machine;
static struct session *session;
static bool has_session;

/* What the world looks like, before the session begins. */
struct world {
	const char *uname;  /* NULL: x86_64 6.1.0 */
	const char *iomem;  /* NULL: nobody sees it */
	const char *driver; /* of the device; NULL: none */
	const char *flags;  /* of the BAR and of /dev/mem; NULL: none are known
			     */
};

#define BUS                                                                    \
	"00000000-00000fff : Reserved\n"                                       \
	"c0000000-febfffff : PCI Bus 0000:00\n"                                \
	"  fe000000-fe003fff : 0000:03:00.0\n"
#define CLAIMED         BUS "    fe000000-fe003fff : e1000e\n"
#define CLAIMED_IN_PART BUS "    fe001000-fe001fff : e1000e\n"
#define CLAIMED_ELSEWHERE                                                      \
	BUS "  fe004000-fe007fff : 0000:04:00.0\n"                             \
	    "    fe004000-fe007fff : e1000e\n"
#define CLAIMED_BY_UIO BUS "    fe000000-fe003fff : uio_pci_generic\n"
#define PORTS_CLAIMED  BUS "  d0000000-d0000fff : widget\n"
#define HIDDEN                                                                 \
	"00000000-00000000 : Reserved\n"                                       \
	"  00000000-00000000 : 0000:03:00.0\n"                                 \
	"    00000000-00000000 : e1000e\n"

static const struct bar bars[] = {{0xfe000000, 0x4000, BAR_MEMORY}};

static unsigned long inode_of(const char *path)
{
	struct stat status;

	ck_assert_msg(fstatat(tree.fd, path, &status, 0) == 0, "%s", path);
	return (unsigned long)status.st_ino;
}

static const char *const nodes[] = {
	"dev/mem",     "dev/uio0",   "dev/dri/card0",        "dev/gadget",
	"dev/foreign", "dev/video0", "proc/bus/pci/03/00.0", NIC "/resource0"};

static void put_maps(const char *flags)
{
	static const struct {
		unsigned long start;
		unsigned long offset;
		const char *path;
		bool flagged; /* as `flags` says */
	} rows[] = {
		{BAR, 0xfe000000, "/" NIC "/resource0", true},
		{PROC_PCI, 0xfe000000, "/proc/bus/pci/03/00.0", true},
		{MEM, 0xfe000000, "/dev/mem", true},
		{PORTS, 0xd0000000, "/dev/mem", true},
		{UIO, 0, "/dev/uio0", false},
		{DRI, 0x100000, "/dev/dri/card0", false},
		{GADGET, 0, "/dev/gadget", false},
		{FOREIGN, 0, "/dev/foreign", false},
		{VIDEO, 0, "/dev/video0", false},
	};
	struct vma vmas[ARRAY_SIZE(rows) + 2];
	char lines[ARRAY_SIZE(rows)][256];

	vmas[0] = (struct vma){"00600000-00604000 rw-p 00000000 00:00 0 [heap]",
			       PLAIN};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(lines[i], sizeof(lines[i]),
			 "%08lx-%08lx rw-s %08lx 00:05 %lu %s", rows[i].start,
			 rows[i].start + 0x4000, rows[i].offset,
			 inode_of(rows[i].path + 1), rows[i].path);
		vmas[i + 1] =
			(struct vma){lines[i], rows[i].flagged ? flags : FLAGS};
	}
	vmas[ARRAY_SIZE(rows) + 1] = (struct vma){
		"17000000-17004000 rw-s 00000000 08:01 77 " STAND_FILE,
		"rd wr sh mr mw me ms sd"};
	tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
}

static void put_iomem(const char *text)
{
	if (text)
		tree_put(&tree, text, "proc/iomem");
	else
		tree_remove(&tree, "proc/iomem");
}

static void bind(const char *driver)
{
	tree_remove(&tree, NIC "/driver");
	if (!driver)
		return;
	tree_link(&tree, driver, NIC "/driver");
}

static void end_session(void)
{
	if (!has_session)
		return;
	has_session = false;
	session_destroy(session);
	machine_deinit(&machine);
}

static void end_world(void)
{
	if (!has_session)
		return;
	end_session();
	tree_deinit(&tree);
}

/* It has looked at the machine as `read` does. */
static void begin_session(void)
{
	const struct pci_list *pci;
	const struct iomem *iomem;

	expect_no_error(machine_init(&machine, tree.path), tree.path);
	machine.page_size = 4096;
	expect_no_error(session_create(&machine, PID, STAND_FILE, &session),
			"session");
	has_session = true;
	expect_no_error(machine_pci(&machine, &pci), "pci");
	expect_no_error(machine_iomem(&machine, &iomem), "iomem");
}

static void begin_world(const struct world *world)
{
	end_world();
	tree_init(&tree);
	tree_put(&tree, world->uname ? world->uname : "x86_64 6.1.0", "uname");
	tree_pci(&tree, "0000:03:00.0", NULL, bars, ARRAY_SIZE(bars));
	bind(world->driver);
	tree_put(&tree, "test\n", "sys/class/uio/uio0/name");
	tree_link(&tree, "../../../devices/pci0000:00/0000:03:00.0",
		  "sys/class/uio/uio0/device");
	tree_put(&tree, "0xfe000000\n", "sys/class/uio/uio0/maps/map0/addr");
	tree_put(&tree, "0x4000\n", "sys/class/uio/uio0/maps/map0/size");
	tree_put(&tree, "0x0\n", "sys/class/uio/uio0/maps/map0/offset");
	tree_link(&tree, "../../../devices/pci0000:00/0000:03:00.0",
		  "sys/class/drm/card0/device");
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		tree_put(&tree, "", "%s", nodes[i]);
	put_iomem(world->iomem);
	tree_process(&tree, PID, "app");
	put_maps(world->flags);
	begin_session();
}

static void tear_down(void)
{
	end_world();
}

static struct site site_at(uint64_t address)
{
	struct site site = {
		.mapping = mapping_list_find(&session->mappings, address),
		.device = device_list_find(&session->devices, address),
		.address = address,
	};

	ck_assert_ptr_nonnull(site.mapping);
	ck_assert_msg(site.device || address == HEAP, "%#llx",
		      (unsigned long long)address);
	if (site.device)
		site.mapping = &site.device->mapping;
	return site;
}

/* What came of the last failure: "KIND: message; help", and the evidence. */
static struct {
	enum error_kind kind;
	int errnum;
	uint64_t address;
	char text[512], evidence[4096];
} got;

static void fail_at(uint64_t address, bool write)
{
	struct site site = site_at(address);
	struct error *error =
		outcome_explain(session, &site, write, ACCESS_NOT_MADE,
				&(struct access_failure){.errnum = EIO});

	got.kind = error->kind;
	got.errnum = error->errnum;
	got.address = error->has_address ? error->address : 0;
	snprintf(got.text, sizeof(got.text), "%s; %s", error->message,
		 error->help ? error->help : "-");
	got.evidence[0] = '\0';
	for (size_t i = 0; i < error->n_evidence; i++) {
		size_t used = strlen(got.evidence);

		snprintf(got.evidence + used, sizeof(got.evidence) - used,
			 "%s\n", error->evidence[i]);
	}
	error_destroy(error);
}

/* What happens between the beginning of the session and the failure. */

static void nothing(void)
{
}

static void take_from_sysfs(void)
{
	tree_remove(&tree, "sys/bus/pci/devices/0000:03:00.0");
	tree_remove(&tree, NIC);
}

static void move_bar(void)
{
	tree_put(&tree,
		 "0x00000000fd000000 0x00000000fd003fff 0x0000000000040200\n",
		 NIC "/resource");
}

static void claim(void)
{
	put_iomem(CLAIMED);
}

static void claim_in_part(void)
{
	put_iomem(CLAIMED_IN_PART);
}

static void claim_ports(void)
{
	put_iomem(PORTS_CLAIMED);
}

static void claim_elsewhere(void)
{
	put_iomem(CLAIMED_ELSEWHERE);
}

static void release(void)
{
	put_iomem(BUS);
}

static void hide(void)
{
	put_iomem(HIDDEN);
}

static void bind_driver(void)
{
	bind("../../../bus/pci/drivers/e1000e");
}

static void unbind_driver(void)
{
	bind(NULL);
}

static void claim_and_bind(void)
{
	claim();
	bind_driver();
}

static void lose_ar(void)
{
	put_maps(FLAGS);
}

static void lose_ar_alike(void)
{
	put_maps(ALIKE_AR);
}

static void lose_flags(void)
{
	tree_remove(&tree, "proc/4242/smaps");
}

static void disable(void)
{
	tree_put(&tree, "0\n", NIC "/enable");
}

static void take_nodes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		tree_remove(&tree, nodes[i]);
}

/* The old ones stay, so that the new ones cannot have their inodes. */
static void replace_nodes(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		char old[256];

		snprintf(old, sizeof(old), "%s.old", nodes[i]);
		ck_assert_int_eq(renameat(tree.fd, nodes[i], tree.fd, old), 0);
		tree_put(&tree, "", "%s", nodes[i]);
	}
}

/* In each mapping, at a place of its own. */
static void note_all(uint64_t offset, bool write)
{
	for (size_t i = 0; i < session->devices.count; i++)
		history_note(&session->history,
			     session->devices.items[i].mapping.start + offset,
			     write);
}

static void read_all(void)
{
	note_all(8, false);
}

static void write_all(void)
{
	note_all(8, true);
}

static void read_and_write_all(void)
{
	write_all();
	read_all();
}

static void read_next_pages(void)
{
	note_all(0x1008, false);
}

static void write_next_pages(void)
{
	note_all(0x1008, true);
}

/* A page of another mapping, which stands next to none of ours. */
static void read_heap(void)
{
	history_note(&session->history, HEAP, false);
}

/* What worked and was then found to be something else. */
static void read_and_forget(void)
{
	read_all();
	for (size_t i = 0; i < session->devices.count; i++) {
		const struct mapping *mapping =
			&session->devices.items[i].mapping;

		history_forget(&session->history, mapping->start, mapping->end);
	}
}

static void claim_and_read(void)
{
	claim();
	read_all();
}

static void claim_and_lose_ar(void)
{
	claim();
	lose_ar();
}

static void claim_and_write(void)
{
	claim();
	write_all();
}

static void lose_ar_and_write(void)
{
	lose_ar();
	write_all();
}

static void take_nodes_and_read(void)
{
	take_nodes();
	read_all();
}

static void take_nodes_and_write(void)
{
	take_nodes();
	write_all();
}

static void take_from_sysfs_and_read(void)
{
	take_from_sysfs();
	read_all();
}

/* sysfs as a whole is not to be seen any more. */
static void take_all_of_sysfs(void)
{
	tree_remove(&tree, "sys");
}

#define R ERROR_REVOKED
#define U ERROR_UNKNOWN

/* With the mark of a mapping that was populated whole, and where a kernel has
 * no such mark. */
static const struct world usual = {.iomem = BUS, .flags = WITH_AR};
static const struct world unmarked = {
	.uname = "x86_64 6.13.0", .iomem = BUS, .flags = FLAGS};
static const struct world one_shot = {
	.uname = "x86_64 6.13.0", .iomem = CLAIMED, .flags = FLAGS};
static const struct world ports_claimed = {
	.uname = "x86_64 6.13.0", .iomem = PORTS_CLAIMED, .flags = FLAGS};
static const struct world by_uio = {.uname = "x86_64 6.13.0",
				    .iomem = CLAIMED_BY_UIO,
				    .driver = "../drivers/uio_pci_generic",
				    .flags = FLAGS};
static const struct world bound = {
	.iomem = CLAIMED, .driver = "../drivers/e1000e", .flags = WITH_AR};
static const struct world unseen = {
	.uname = "x86_64 6.13.0", .iomem = HIDDEN, .flags = FLAGS};
static const struct world without_ar = {.iomem = BUS, .flags = FLAGS};
static const struct world on_612 = {
	.uname = "x86_64 6.12.43", .iomem = BUS, .flags = FLAGS};
static const struct world on_72 = {
	.uname = "x86_64 7.2.0", .iomem = BUS, .flags = FLAGS};
static const struct world on_59 = {
	.uname = "x86_64 5.9.16", .iomem = BUS, .flags = FLAGS};
static const struct world on_510 = {
	.uname = "x86_64 5.10.0", .iomem = BUS, .flags = FLAGS};
static const struct world on_510_with_ar = {
	.uname = "x86_64 5.10.0", .iomem = BUS, .flags = WITH_AR};
/* Where no mark says anything, but the version. */
static const struct world on_511 = {
	.uname = "aarch64 5.11.22", .iomem = BUS, .flags = FLAGS};
static const struct world on_512 = {
	.uname = "aarch64 5.12.0", .iomem = BUS, .flags = FLAGS};
static const struct world on_57 = {
	.uname = "aarch64 5.7.19", .iomem = BUS, .flags = FLAGS};
static const struct world on_58 = {
	.uname = "aarch64 5.8.0", .iomem = BUS, .flags = FLAGS};
static const struct world on_612_with_ar = {
	.uname = "x86_64 6.12.43", .iomem = BUS, .flags = WITH_AR};
static const struct world on_59_with_ar = {
	.uname = "x86_64 5.9.16", .iomem = BUS, .flags = WITH_AR};
static const struct world on_613_with_ar = {
	.uname = "x86_64 6.13.0", .iomem = BUS, .flags = WITH_AR};
static const struct world on_arm = {
	.uname = "aarch64 6.1.0", .iomem = BUS, .flags = FLAGS};
static const struct world on_arm_with_ar = {
	.uname = "aarch64 6.1.0", .iomem = BUS, .flags = WITH_AR};
static const struct world alike = {.iomem = BUS, .flags = ALIKE_AR};
static const struct world flagless = {.iomem = BUS};

#define NO_OWNER    "no driver owns the physical memory (/proc/iomem)"
#define METHOD_SIGN "such mappings have the kernel's generic access method"

static const struct {
	const char *label;
	const struct world *world;
	void (*happens)(void);
	uint64_t address;
	bool write;
	enum error_kind kind;
	const char *message;  /* it and the help have this */
	const char *evidence; /* a line of it has this */
	const char *lacks;    /* no line of it has this, unless NULL */
} failures[] = {
	/* an access method is there, so the page is not; but nothing shows
	 * that it was taken away */
	{"no sign", &usual, nothing, BAR, false, U,
	 "Input/output error; the mapping is still there; its pages were "
	 "probably taken away, but nothing else shows it",
	 METHOD_SIGN, "since"},
	{"no sign, write", &usual, nothing, BAR, true, U,
	 "probably taken away, but nothing else shows it", NO_OWNER, NULL},
	{"no sign, mem", &usual, nothing, MEM, false, U, "probably taken away",
	 "no driver is bound", NULL},
	{"no sign, uio", &usual, nothing, UIO, false, U, "probably taken away",
	 "the device is in sysfs", NULL},
	{"no sign, drm", &usual, nothing, DRI, false, U,
	 "from the driver's own access method; the buffer may be where that "
	 "does not reach, or was taken away",
	 "an access method of its own", NULL},
	{"no sign, gadget", &usual, nothing, GADGET, false, U,
	 "either the driver offers no access method or its pages were taken "
	 "away; a driver that puts pages in late",
	 "whether the driver offers an access method is not known", NULL},
	{"no sign, video", &usual, nothing, VIDEO, false, U,
	 "either the driver offers no access method or",
	 "such mappings have no access method", NULL},
	{"no sign, file", &usual, nothing, STAND_IN, false, U,
	 "the mapping is still there, but not its page: the target has not "
	 "touched it yet, or it was taken away",
	 "pages of a file or of ordinary memory", NULL},
	{"memory", &usual, nothing, HEAP, false, U,
	 "the memory cannot be accessed", "the kernel said", "sysfs"},
	/* the device is gone: that alone is enough, where it takes the pages */
	{"sysfs", &usual, take_from_sysfs, BAR, false, R,
	 "the mapping was revoked: the device is gone from sysfs; its driver "
	 "or `remove` took it away",
	 "the device is gone from sysfs", "the device is in sysfs"},
	{"sysfs, write", &usual, take_from_sysfs, BAR, true, R,
	 "gone from sysfs", METHOD_SIGN, NULL},
	{"sysfs, procfs", &usual, take_from_sysfs, PROC_PCI, false, U,
	 "probably taken away", "the device is gone from sysfs", NULL},
	{"sysfs, drm", &usual, take_from_sysfs, DRI, false, R,
	 "gone from sysfs", "an access method of its own", NULL},
	{"all of sysfs, though it was there", &usual, take_all_of_sysfs, DRI,
	 false, R, "gone from sysfs", "an access method of its own", NULL},
	/* UIO and /dev/mem leave the pages, and so it says nothing */
	{"sysfs, mem", &usual, take_from_sysfs, MEM, false, U,
	 "probably taken away", "the device is gone from sysfs", NULL},
	{"sysfs, mem that shows no device", &usual, take_from_sysfs, PORTS,
	 false, U, "probably taken away", METHOD_SIGN, "sysfs"},
	{"sysfs, uio", &usual, take_from_sysfs, UIO, false, U,
	 "probably taken away", "the device is gone from sysfs", NULL},
	{"sysfs, uio, read before", &usual, take_from_sysfs_and_read, UIO,
	 false, R,
	 "the mapping was revoked: a read of this page worked earlier in this "
	 "session",
	 "the device is gone from sysfs", NULL},
	{"sysfs, file", &usual, take_from_sysfs, STAND_IN, false, U,
	 "not its page", "ordinary memory", "sysfs"},
	/* a device that is off is a fact, and no sign */
	{"disabled", &usual, disable, BAR, false, U, "probably taken away",
	 "the device is in sysfs; the device is not enabled", NULL},
	/* a claim takes away what IO_STRICT_DEVMEM guards */
	{"claimed meanwhile", &unmarked, claim, BAR, false, R,
	 "the mapping was revoked: e1000e owns physical memory "
	 "0xfe000000-0xfe003fff (/proc/iomem), and did not before; once that "
	 "driver has let go, the target has to map the device again",
	 METHOD_SIGN, NULL},
	{"claimed meanwhile, write", &unmarked, claim, BAR, true, R,
	 "and did not before", METHOD_SIGN, NULL},
	{"claimed meanwhile, procfs", &unmarked, claim, PROC_PCI, false, R,
	 "and did not before", METHOD_SIGN, NULL},
	{"claimed meanwhile, mem", &unmarked, claim, MEM + 8, false, R,
	 "e1000e owns physical memory 0xfe000000-0xfe003fff (/proc/iomem), and "
	 "did not before",
	 METHOD_SIGN, NULL},
	{"claimed meanwhile, uio", &unmarked, claim, UIO, false, U,
	 "probably taken away",
	 "e1000e owns physical memory 0xfe000000-0xfe003fff (/proc/iomem), and "
	 "did not before",
	 NULL},
	{"claimed meanwhile, drm", &unmarked, claim, DRI, false, U,
	 "the driver's own access method", "access method", "owns"},
	{"claimed in part, here", &unmarked, claim_in_part, BAR + 0x1ffc, false,
	 R, "e1000e owns physical memory 0xfe001000-0xfe001fff", METHOD_SIGN,
	 NULL},
	{"claimed in part, there", &unmarked, claim_in_part, BAR + 0x2000,
	 false, U, "probably taken away", NO_OWNER, "e1000e"},
	{"claimed elsewhere", &unmarked, claim_elsewhere, BAR, false, U,
	 "probably taken away", NO_OWNER, "e1000e"},
	/* but not before the kernels that do that */
	{"claimed, 5.11", &on_511, claim, BAR, false, U, "probably taken away",
	 "e1000e owns physical memory", NULL},
	{"claimed, 5.11, procfs", &on_511, claim, PROC_PCI, false, U,
	 "probably taken away", "e1000e owns physical memory", NULL},
	{"claimed, 5.11, mem", &on_511, claim, MEM, false, R,
	 "e1000e owns physical memory", METHOD_SIGN, NULL},
	{"claimed, 5.12", &on_512, claim, BAR, false, R,
	 "e1000e owns physical memory", METHOD_SIGN, NULL},
	{"claimed, 5.12, procfs", &on_512, claim, PROC_PCI, false, R,
	 "e1000e owns physical memory", METHOD_SIGN, NULL},
	{"claimed, 5.8, mem", &on_58, claim, MEM, false, R,
	 "e1000e owns physical memory", METHOD_SIGN, NULL},
	{"claimed, 5.8", &on_58, claim, BAR, false, U, "probably taken away",
	 "e1000e owns physical memory", NULL},
	{"claimed, 5.7, mem", &on_57, claim, MEM, false, U,
	 "probably taken away", "e1000e owns physical memory", NULL},
	{"bound, 5.11", &on_511, bind_driver, BAR, false, U,
	 "probably taken away", "driver e1000e is bound now, and was not",
	 NULL},
	{"bound, 5.12", &on_512, bind_driver, BAR, false, R,
	 "driver e1000e is bound now, and was not", METHOD_SIGN, NULL},
	{"bound, 5.7, mem", &on_57, bind_driver, MEM, false, U,
	 "probably taken away", "driver e1000e is bound now", NULL},
	{"bound, 5.8, mem", &on_58, bind_driver, MEM, false, R,
	 "driver e1000e is bound now", METHOD_SIGN, NULL},
	/* nor where the mark says that all of the mapping is there */
	{"claimed, but all there", &usual, claim, BAR, false, U,
	 "probably taken away", "e1000e owns physical memory", "lost"},
	{"claimed, but all there, mem", &usual, claim, MEM, true, U,
	 "probably taken away", "VmFlags: " WITH_AR, NULL},
	{"bound, but all there", &usual, bind_driver, BAR, false, U,
	 "probably taken away", "driver e1000e is bound now", NULL},
	{"both, but all there", &usual, claim_and_bind, MEM, false, U,
	 "probably taken away", "driver e1000e is bound now", NULL},
	{"claimed, but all there, 6.12", &on_612_with_ar, claim, BAR, false, U,
	 "probably taken away", "e1000e owns physical memory", NULL},
	{"claimed, but all there, 5.10, mem", &on_510_with_ar, claim, MEM,
	 false, U, "probably taken away", "e1000e owns physical memory", NULL},
	{"claimed, what looks like ar", &alike, claim, BAR, false, R,
	 "e1000e owns physical memory", "VmFlags lack `ar`", NULL},
	{"claimed, ar lost", &usual, claim_and_lose_ar, BAR, false, R,
	 "the mapping was revoked: e1000e owns physical memory",
	 "VmFlags have lost `ar`", NULL},
	/* which it does not say on other kernels */
	{"claimed, ar on 5.9, mem", &on_59_with_ar, claim, MEM, false, R,
	 "e1000e owns physical memory", "VmFlags: " WITH_AR, NULL},
	{"claimed, ar on 6.13", &on_613_with_ar, claim, BAR, false, R,
	 "e1000e owns physical memory", "VmFlags: " WITH_AR, NULL},
	{"claimed, ar on arm64", &on_arm_with_ar, claim, BAR, false, R,
	 "e1000e owns physical memory", "VmFlags: " WITH_AR, NULL},
	/* nor against anything but a claim */
	{"sysfs, but all there", &usual, take_from_sysfs, BAR, false, R,
	 "gone from sysfs", "VmFlags: " WITH_AR, NULL},
	{"node, but all there", &usual, take_nodes, BAR, false, R,
	 "/resource0 is gone", "VmFlags: " WITH_AR, NULL},
	{"read before, but all there", &usual, claim_and_read, BAR, false, R,
	 "the mapping was revoked: a read of this page worked",
	 "e1000e owns physical memory", NULL},
	/* one who owned it before the session began has taken it, too: a
	 * target cannot map a BAR that is claimed */
	{"claimed before", &one_shot, nothing, BAR, false, R,
	 "the mapping was revoked: e1000e owns physical memory "
	 "0xfe000000-0xfe003fff (/proc/iomem); once",
	 METHOD_SIGN, "did not before"},
	{"claimed before, mem", &one_shot, nothing, MEM, false, R,
	 "e1000e owns physical memory 0xfe000000-0xfe003fff (/proc/iomem); "
	 "once",
	 METHOD_SIGN, "did not before"},
	{"claimed meanwhile, no BAR", &unmarked, claim_ports, PORTS, false, R,
	 "widget owns physical memory 0xd0000000-0xd0000fff (/proc/iomem), and "
	 "did not before",
	 METHOD_SIGN, NULL},
	/* where there is no BAR, its driver may share it */
	{"claimed before, no BAR", &ports_claimed, nothing, PORTS, false, U,
	 "probably taken away", "widget owns physical memory 0xd0000000",
	 "did not before"},
	{"claimed before, uio", &by_uio, nothing, UIO, false, U,
	 "probably taken away", "uio_pci_generic owns physical memory",
	 "did not before"},
	{"let go", &one_shot, release, BAR, false, U, "probably taken away",
	 NO_OWNER, "owns physical memory 0x"},
	/* what cannot be seen is not said to be absent */
	{"hidden", &unseen, nothing, BAR, false, U, "probably taken away",
	 "who owns the physical memory is unknown: /proc/iomem is hidden from "
	 "us",
	 "no driver owns"},
	{"hidden meanwhile", &unmarked, hide, BAR, false, U,
	 "probably taken away", "is unknown", "no driver owns"},
	{"hidden before, claimed", &unseen, claim, BAR, false, R,
	 "e1000e owns physical memory 0xfe000000-0xfe003fff (/proc/iomem); "
	 "once",
	 METHOD_SIGN, "did not before"},
	/* a driver that is bound now */
	{"bound meanwhile", &unmarked, bind_driver, BAR, false, R,
	 "the mapping was revoked: driver e1000e is bound now, and was not "
	 "before; once that driver has let go",
	 METHOD_SIGN, NULL},
	{"bound meanwhile, mem", &unmarked, bind_driver, MEM, false, R,
	 "driver e1000e is bound now, and was not before", METHOD_SIGN, NULL},
	{"bound meanwhile, uio", &unmarked, bind_driver, UIO, false, U,
	 "probably taken away", "driver e1000e is bound now, and was not",
	 NULL},
	{"bound meanwhile, drm", &unmarked, bind_driver, DRI, false, U,
	 "the driver's own access method", "is bound now", NULL},
	{"bound before", &bound, nothing, UIO, false, U, "probably taken away",
	 "driver e1000e is bound", "now"},
	{"unbound", &bound, unbind_driver, UIO, false, U, "probably taken away",
	 "driver e1000e is not bound any more", NULL},
	{"another one", &by_uio, bind_driver, BAR, false, R,
	 "uio_pci_generic owns physical memory 0xfe000000",
	 "driver e1000e is bound now, and was not before", NULL},
	/* the first sign is the reason */
	{"claimed and bound", &unmarked, claim_and_bind, BAR, false, R,
	 "the mapping was revoked: e1000e owns physical memory",
	 "driver e1000e is bound now", NULL},
	/* the node, or the file in sysfs, is gone or another one */
	/* who keeps the pages does not need the node */
	{"nodes gone, mem", &usual, take_nodes, MEM, false, U,
	 "probably taken away", "/dev/mem is gone, or another one", NULL},
	{"nodes gone, uio", &usual, take_nodes, UIO, false, U,
	 "probably taken away", "/dev/uio0 is gone, or another one", NULL},
	{"nodes gone, resource", &usual, take_nodes, BAR, false, R,
	 "/resource0 is gone, or another one", METHOD_SIGN, NULL},
	{"nodes replaced, resource", &usual, replace_nodes, BAR, false, R,
	 "the mapping was revoked: /sys/devices/", METHOD_SIGN, NULL},
	{"nodes replaced, uio", &usual, replace_nodes, UIO, false, U,
	 "probably taken away", "/dev/uio0 is gone, or another one", NULL},
	{"nodes gone, drm", &usual, take_nodes, DRI, false, U,
	 "the driver's own access method", "/dev/dri/card0 is gone", NULL},
	/* only if there is an access method it says something */
	{"nodes gone, gadget", &usual, take_nodes, GADGET, false, U,
	 "either the driver offers no access method or",
	 "/dev/gadget is gone, or another one", NULL},
	/* the mark of a mapping that was populated as a whole */
	{"ar lost", &usual, lose_ar, BAR, false, R,
	 "the mapping was revoked: VmFlags have lost `ar`, as when pages "
	 "are taken away: " FLAGS "; the target has to map the device again",
	 METHOD_SIGN, NULL},
	{"ar lost, mem, write", &usual, lose_ar, MEM, true, R,
	 "VmFlags have lost `ar`", METHOD_SIGN, NULL},
	{"ar lost, but what looks like it", &usual, lose_ar_alike, BAR, false,
	 R, "VmFlags have lost `ar`", METHOD_SIGN, NULL},
	{"ar is there", &usual, nothing, BAR, false, U, "probably taken away",
	 "VmFlags: " WITH_AR, "lost"},
	{"ar lacks on 6.1", &without_ar, nothing, BAR, false, R,
	 "the mapping was revoked: VmFlags lack `ar`, as when pages were "
	 "taken away: " FLAGS,
	 METHOD_SIGN, "lost"},
	{"ar lacks on 6.12", &on_612, nothing, MEM, false, R,
	 "VmFlags lack `ar`", METHOD_SIGN, NULL},
	{"what looks like ar on 6.1", &alike, nothing, BAR, false, R,
	 "VmFlags lack `ar`", METHOD_SIGN, NULL},
	{"no ar on 6.13", &unmarked, nothing, BAR, false, U,
	 "probably taken away", "VmFlags: " FLAGS, "`ar`"},
	{"no ar on 7.2", &on_72, nothing, BAR, false, U, "probably taken away",
	 "VmFlags: " FLAGS, "`ar`"},
	{"no ar on 5.9", &on_59, nothing, BAR, false, U, "probably taken away",
	 "VmFlags: " FLAGS, "`ar`"},
	{"ar lacks on 5.10", &on_510, nothing, BAR, false, R,
	 "VmFlags lack `ar`", METHOD_SIGN, NULL},
	{"no ar on arm64", &on_arm, nothing, BAR, false, U,
	 "probably taken away", "VmFlags: " FLAGS, "`ar`"},
	{"no ar, uio", &without_ar, nothing, UIO, false, U,
	 "probably taken away", "VmFlags: " FLAGS, "`ar`"},
	{"no flags", &flagless, nothing, MEM, false, U, "probably taken away",
	 METHOD_SIGN, "VmFlags"},
	{"no flags any more", &usual, lose_flags, BAR, false, U,
	 "probably taken away", METHOD_SIGN, "VmFlags"},
	/* it worked before */
	{"read, then not", &usual, read_all, BAR + 4, false, R,
	 "the mapping was revoked: a read of this page worked earlier in this "
	 "session; --retry TIME waits longer for it to come back",
	 METHOD_SIGN, "another page"},
	{"read, then not, uio", &usual, read_all, UIO, false, R,
	 "a read of this page worked earlier in this session", METHOD_SIGN,
	 NULL},
	{"written, then not read", &usual, write_all, UIO, false, R,
	 "the mapping was revoked: a write of this page worked earlier in this "
	 "session; --retry TIME",
	 METHOD_SIGN, NULL},
	{"both, then not read", &usual, read_and_write_all, BAR, false, R,
	 "a read of this page worked", METHOD_SIGN, "a write of"},
	/* what fails to be written may be read-only now, and is never more than
	 * probably gone */
	{"read, then not written", &usual, read_all, BAR, true, U,
	 "Input/output error; the mapping is still there, and this page worked "
	 "before; either it cannot be written now or its pages were taken away",
	 "a read of this page worked earlier in this session", NULL},
	{"written, then not", &usual, write_all, MEM, true, U,
	 "this page worked before; either it cannot be written now",
	 "a write of this page worked earlier in this session", NULL},
	{"written, then not, uio", &usual, write_all, UIO, true, U,
	 "this page worked before", METHOD_SIGN, NULL},
	{"both, then not written", &usual, read_and_write_all, BAR, true, U,
	 "this page worked before", "a read of this page worked", NULL},
	/* unless something else shows it */
	{"written, then not: ar lost", &usual, lose_ar_and_write, BAR, true, R,
	 "VmFlags have lost `ar`", "a write of this page worked", NULL},
	{"written, then not: claimed", &unmarked, claim_and_write, BAR, true, R,
	 "e1000e owns physical memory", "a write of this page worked", NULL},
	{"written, then not: claimed, but all there", &usual, claim_and_write,
	 BAR, true, U, "this page worked before", "e1000e owns", NULL},
	{"written, then not: node, gadget", &usual, take_nodes_and_write,
	 GADGET, true, R, "/dev/gadget is gone", "a write of this page worked",
	 NULL},
	/* what worked has an access method, whoever the driver is */
	{"read, then not, gadget", &usual, read_all, GADGET, false, R,
	 "a read of this page worked", "is not known", NULL},
	{"read, then not: node, gadget", &usual, take_nodes_and_read, GADGET,
	 false, R, "the mapping was revoked: /dev/gadget is gone",
	 "a read of this page worked", NULL},
	{"read, then not written, gadget", &usual, read_all, GADGET, true, U,
	 "this page worked before; either it cannot be written now",
	 "a read of this page worked", NULL},
	{"read, then not, foreign", &usual, read_all, FOREIGN, false, R,
	 "a read of this page worked", "is not known", NULL},
	{"read, then not, file", &usual, read_all, STAND_IN, false, R,
	 "a read of this page worked", "ordinary memory", NULL},
	/* a buffer may have moved to where its method does not reach */
	{"read, then not, drm", &usual, read_all, DRI, false, U,
	 "the driver's own access method", "a read of this page worked", NULL},
	{"written, then not, drm", &usual, write_all, DRI, true, U,
	 "the driver's own access method", "a write of this page worked", NULL},
	/* another page shows that there is a method, and no more */
	{"another page", &usual, read_next_pages, BAR, false, U,
	 "probably taken away",
	 "another page of the mapping worked earlier in this session",
	 "this page"},
	{"another page, write", &usual, write_next_pages, BAR, true, U,
	 "probably taken away", "another page of the mapping worked",
	 "this page"},
	{"another page, gadget", &usual, read_next_pages, GADGET, false, U,
	 "not its page: the target has not touched it yet, or it was taken "
	 "away",
	 "another page of the mapping worked", NULL},
	{"another mapping", &usual, read_heap, GADGET, false, U,
	 "either the driver offers no access method or", "is not known",
	 "worked"},
	/* what was forgotten says nothing */
	{"forgotten", &usual, read_and_forget, BAR, false, U,
	 "probably taken away", METHOD_SIGN, "worked"},
	{"forgotten, gadget", &usual, read_and_forget, GADGET, false, U,
	 "either the driver offers no access method or", "is not known",
	 "worked"},
};

static void check_text(const char *label, const char *text, const char *part)
{
	ck_assert_msg(has_text(text, part), "%s: nowhere: %s: %s", label, part,
		      text);
}

START_TEST(outcomes)
{
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		const char *label = failures[i].label;

		begin_world(failures[i].world);
		failures[i].happens();
		fail_at(failures[i].address, failures[i].write);
		ck_assert_msg(got.kind == failures[i].kind, "%s: %s: %s: %s",
			      label, error_kind_name(got.kind), got.text,
			      got.evidence);
		ck_assert_int_eq(got.errnum, EIO);
		ck_assert_uint_eq(got.address, failures[i].address);
		check_text(label, got.text, failures[i].message);
		check_text(label, got.evidence, failures[i].evidence);
		if (failures[i].lacks)
			ck_assert_msg(!strstr(got.evidence, failures[i].lacks),
				      "%s: there is: %s: %s", label,
				      failures[i].lacks, got.evidence);
		check_text(label, got.evidence, "the kernel said: ");
		if (failures[i].address != HEAP)
			check_text(label, got.evidence,
				   "the mapping is as it was");
	}
}
END_TEST

/* What happened before the session began, as far as it can still be seen. */
static void take_folder_of_drm(void)
{
	tree_remove(&tree, "sys/class/drm");
}

static void take_folder_of_uio(void)
{
	tree_remove(&tree, "sys/class/uio/uio0/device");
}

START_TEST(late_sessions)
{
	static const struct {
		const char *label;
		const struct world *world;
		void (*happens)(void);
		uint64_t address;
		enum error_kind kind;
		const char *message, *evidence;
	} cases[] = {
		/* the BAR stands elsewhere now */
		{"moved", &usual, move_bar, BAR, R,
		 "the mapping was revoked: the region has another address now; "
		 "the target has to map the device again",
		 METHOD_SIGN},
		{"moved, mem", &usual, move_bar, MEM, U, "probably taken away",
		 METHOD_SIGN},
		/* it has left sysfs, which lists other devices still */
		{"left", &usual, take_from_sysfs, BAR, R,
		 "the mapping was revoked: the device is gone from sysfs",
		 "the device has left sysfs"},
		{"left, mem", &usual, take_from_sysfs, MEM, U,
		 "probably taken away", METHOD_SIGN},
		{"left, procfs", &usual, take_from_sysfs, PROC_PCI, U,
		 "probably taken away",
		 "no BAR of the device has this address now"},
		/* what was never seen may just be hidden */
		{"hidden folder, drm", &usual, take_folder_of_drm, DRI, U,
		 "the driver's own access method",
		 "the device is gone from sysfs"},
		{"hidden folder, uio", &usual, take_folder_of_uio, UIO, U,
		 "probably taken away", "the device is gone from sysfs"},
		{"no sysfs, drm", &usual, take_all_of_sysfs, DRI, U,
		 "the driver's own access method",
		 "the device is gone from sysfs"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *label = cases[i].label;

		begin_world(cases[i].world);
		cases[i].happens();
		end_session();
		begin_session();
		fail_at(cases[i].address, false);
		ck_assert_msg(got.kind == cases[i].kind, "%s: %s: %s: %s",
			      label, error_kind_name(got.kind), got.text,
			      got.evidence);
		check_text(label, got.text, cases[i].message);
		check_text(label, got.evidence, cases[i].evidence);
	}
}
END_TEST

/* The folder of a PCI device that was not there at the beginning is a sign only
 * as long as sysfs shows PCI devices at all. */
START_TEST(hidden_pci)
{
	struct device_mapping *device;
	struct site site;

	for (unsigned all = 0; all < 2; all++) {
		begin_world(&usual);
		site = site_at(BAR);
		device = (struct device_mapping *)site.device;
		device->had_folder = false;
		device->had_node = false;
		tree_remove(&tree, all ? "sys/bus"
				       : "sys/bus/pci/devices/0000:03:00.0");
		fail_at(BAR, false);
		ck_assert_msg(got.kind == (all ? U : R), "%s", got.text);
		check_text("hidden", got.evidence, "gone from sysfs");
	}
}
END_TEST

/* What is collected, as `info` shows it: without an access, and without a
 * failure. `help`: of the cause. */
START_TEST(collected)
{
	static const struct {
		const struct world *world;
		void (*happens)(void);
		uint64_t address;
		bool write;
		const char *cause, *help;
	} cases[] = {
		{&usual, nothing, BAR, false, NULL, NULL},
		{&unmarked, claim, BAR, false, "e1000e owns physical memory",
		 "once that driver has let go"},
		{&usual, claim, BAR, false, NULL, NULL},
		{&unmarked, claim, UIO, false, NULL, NULL},
		{&usual, take_from_sysfs, BAR, false, "gone from sysfs",
		 "rescan"},
		{&usual, take_from_sysfs, UIO, false, NULL, NULL},
		{&usual, take_nodes, GADGET, false, NULL, NULL},
		{&usual, take_nodes, UIO, false, NULL, NULL},
		{&usual, take_nodes, BAR, false, "resource0 is gone",
		 "the target has to open and map the device again"},
		{&usual, lose_ar, BAR, false, "have lost `ar`",
		 "the target has to map the device again"},
		{&usual, read_all, BAR, false, "a read of this page worked",
		 "--retry TIME waits longer for it to come back"},
		{&usual, read_all, BAR, true, NULL, NULL},
		{&usual, read_next_pages, BAR, false, NULL, NULL},
		{&usual, read_all, DRI, false, NULL, NULL},
		{&usual, nothing, STAND_IN, false, NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct evidence_item *cause;
		struct evidence evidence;
		struct site site;
		char text[512] = "", help[512] = "";
		bool found, among = false;
		size_t count;

		begin_world(cases[i].world);
		cases[i].happens();
		site = site_at(cases[i].address);
		evidence_collect(session, &site, cases[i].write, &evidence);
		cause = evidence_cause(&evidence);
		found = cause;
		for (size_t j = 0; j < evidence.count; j++)
			among |= cause == &evidence.items[j];
		if (cause)
			snprintf(text, sizeof(text), "%s", cause->text);
		if (cause && cause->help)
			snprintf(help, sizeof(help), "%s", cause->help);
		count = evidence.count;
		evidence_deinit(&evidence);
		ck_assert_msg(found == (cases[i].cause != NULL), "%zu: %s", i,
			      text);
		ck_assert_uint_gt(count, 0);
		ck_assert_uint_eq(evidence.count, 0);
		ck_assert_ptr_null(evidence_cause(&evidence));
		if (!found)
			continue;
		ck_assert(among);
		check_text("cause", text, cases[i].cause);
		check_text("help", help, cases[i].help);
	}
}
END_TEST

/* Of ordinary memory there is nothing to know. */
START_TEST(memory_has_none)
{
	struct evidence evidence;
	struct site site;

	begin_world(&usual);
	site = site_at(HEAP);
	evidence_collect(session, &site, false, &evidence);
	ck_assert_uint_eq(evidence.count, 0);
	ck_assert_ptr_null(evidence_cause(&evidence));
	evidence_deinit(&evidence);
}
END_TEST

/* The first sign that says so is the cause, in this order: the device, its
 * owner, its driver, its node, the flags, and last what worked before. */
START_TEST(first_sign)
{
	static void (*const happenings[])(void) = {
		take_from_sysfs, claim,   bind_driver,
		take_nodes,      lose_ar, read_all,
	};
	static const char *const causes[] = {
		"the mapping was revoked: the device is gone from sysfs",
		"the mapping was revoked: e1000e owns physical memory",
		"the mapping was revoked: driver e1000e is bound now",
		"the mapping was revoked: /sys/devices/",
		"the mapping was revoked: VmFlags have lost `ar`",
		"the mapping was revoked: a read of this page worked",
	};

	/* Each with all that come after it; /dev/mem is mapped without a file
	 * of sysfs, which only the first is about. What lost `ar` cannot have
	 * it, so a claim counts. */
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		begin_world(&usual);
		for (size_t j = ARRAY_SIZE(causes); j-- > i;)
			happenings[j]();
		fail_at(i == 0 || i == 3 ? BAR : MEM, false);
		ck_assert_msg(got.kind == R, "%zu: %s", i, got.text);
		check_text("first", got.text, causes[i]);
		check_text("last", got.evidence, "a read of this page worked");
	}
}
END_TEST

/* The mapping is looked at first: what has changed there is the outcome, and
 * what cannot be known stays so. */
START_TEST(other_outcomes)
{
	struct site site;

	begin_world(&usual);
	claim();
	site = site_at(BAR);
	expect_error(
		outcome_explain(session, &site, true, ACCESS_UNCLEAR,
				&(struct access_failure){.errnum = EFAULT}),
		ERROR_INDETERMINATE, "unclear");
	expect_error(outcome_explain(session, &site, false, ACCESS_NO_SPACE,
				     &(struct access_failure){.errnum = 0}),
		     ERROR_GONE, "no space");
	tree_put(&tree, "00600000-00604000 rw-p 00000000 00:00 0 [heap]\n",
		 "proc/%d/maps", PID);
	expect_error(outcome_explain(session, &site, false, ACCESS_NOT_MADE,
				     &(struct access_failure){.errnum = EIO}),
		     ERROR_UNMAPPED, "unmapped");
	tree_put(&tree, "10000000-10004000 rw-s 00000000 08:01 7 /tmp/other\n",
		 "proc/%d/maps", PID);
	expect_error(outcome_explain(session, &site, false, ACCESS_NOT_MADE,
				     &(struct access_failure){.errnum = EIO}),
		     ERROR_REPLACED, "replaced");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		outcomes,        late_sessions, hidden_pci,     collected,
		memory_has_none, first_sign,    other_outcomes,
	};

	return run_suite(suite_of("evidence", NULL, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
