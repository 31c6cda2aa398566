/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device mappings: which device a mapping shows and what part of it, over a
 * small captured /sys; and what else is read of a machine. */
#include <inttypes.h>

#include "target/device.h"
#include "target/iomem.h"
#include "target/machine.h"
#include "target/maps.h"
#include "target/pci.h"
#include "target/session.h"
#include "target/state.h"
#include "unit.h"

#define DEVICES "/sys/devices/pci0000:00/"
#define PF_IO   "rd wr sh mr mw me ms pf io de dd sd"
#define NO_IO   "rd wr sh mr mw me ms pf de dd sd"
#define NO_PF   "rd wr sh mr mw me ms io de dd sd"
#define PLAIN   "rd wr sh mr mw me ms sd"

static struct tree tree;
static struct machine machine;
static int procfd = -1;

static const struct bar nic_bars[] = {
	{0xfe000000, 0x20000, BAR_MEMORY},
	{0, 0, 0},
	{0xc000, 0x20, BAR_PORTS},
	{0xfe020000, 0x100, BAR_MEMORY},
	{0x380000000000, 0x100000, BAR_PREFETCHABLE},
	{0xfe030400, 0x80, BAR_MEMORY},
};
static const struct bar vfio_bars[] = {
	{0xfd000000, 0x10000, BAR_MEMORY},
	{0xfd010000, 0x1000, BAR_MEMORY},
};

static void put_uio_map(unsigned uio, unsigned map, const char *address,
			const char *size, const char *offset)
{
	tree_put(&tree, address, "sys/class/uio/uio%u/maps/map%u/addr", uio,
		 map);
	tree_put(&tree, size, "sys/class/uio/uio%u/maps/map%u/size", uio, map);
	tree_put(&tree, offset, "sys/class/uio/uio%u/maps/map%u/offset", uio,
		 map);
}

/* 05:00.0 is bound to UIO: two whole pages, a region within one page, and a
 * logical one. */
static void put_uio(void)
{
	tree_pci(&tree, "0000:05:00.0", "uio_pci_generic", NULL, 0);
	tree_link(&tree, "../../../devices/pci0000:00/0000:05:00.0",
		  "sys/class/uio/uio0/device");
	put_uio_map(0, 0, "0x00000000fc000000\n", "0x2000\n", "0x0\n");
	put_uio_map(0, 1, "0x00000000fc010000\n", "0x1000\n", "0x800\n");
	put_uio_map(0, 2, "0x00000000fc020000\n", "0x0000000000000900\n",
		    "0x0\n");
	put_uio_map(0, 3, "0x00000000fc030000\n", "0x3000\n", "0x0\n");
	put_uio_map(0, 4, "0x00000000fc040000\n", "0x1000\n", "0x2000\n");
	tree_link(&tree, "../../../devices/platform/thing",
		  "sys/class/uio/uio12/device");
	tree_put(&tree, "", "sys/devices/platform/thing/uevent");
	put_uio_map(12, 0, "0xffff888000000000\n", "0x1000\n", "0x0\n");
}

/* The tree is of a machine with pages of 4 KiB, whatever ours has. */
static void look(void)
{
	expect_no_error(machine_init(&machine, tree.path), tree.path);
	machine.page_size = 4096;
}

static void set_up(void)
{
	tree_init(&tree);
	tree_put(&tree, "x86_64 6.1.0-32-amd64\n", "uname");
	tree_pci(&tree, "0000:03:00.0", "e1000e", nic_bars,
		 ARRAY_SIZE(nic_bars));
	tree_pci(&tree, "0000:04:00.0", "vfio-pci", vfio_bars,
		 ARRAY_SIZE(vfio_bars));
	put_uio();
	tree_link(&tree, "../../../devices/pci0000:00/0000:03:00.0",
		  "sys/class/drm/card0/device");
	tree_folder(&tree, "proc/7/fd");
	procfd = openat(tree.fd, "proc/7", O_PATH | O_DIRECTORY | O_CLOEXEC);
	look();
}

static void tear_down(void)
{
	machine_deinit(&machine);
	close(procfd);
	procfd = -1;
	tree_deinit(&tree);
}

/* The tree has changed: what was read of it is read again. */
static void look_again(void)
{
	machine_deinit(&machine);
	look();
}

static void parse_vmas(const struct vma *vmas, size_t count,
		       struct mapping_list *ret)
{
	char *text = vma_text(vmas, count, true);
	FILE *stream = fmemopen(text, strlen(text), "r");

	expect_no_error(mapping_list_read(stream, ret), text);
	ck_assert_uint_eq(ret->count, count);
	fclose(stream);
	free(text);
}

static void make_list(const struct vma *vmas, size_t count,
		      const char *stand_in, struct device_list *ret)
{
	struct mapping_list mappings;

	parse_vmas(vmas, count, &mappings);
	expect_no_error(
		device_list_make(&machine, procfd, &mappings, stand_in, ret),
		vmas[0].line);
	mapping_list_deinit(&mappings);
}

/* What is to be found in a mapping; `problem` is a part of it. */
struct expected {
	const char *kind;
	enum mapping_class class;
	enum access_method method;
	const char *region;
	bool placed;
	uint64_t placement, size;
	bool has_physical;
	uint64_t physical;
	const char *pci, *driver, *memory_type, *problem;
};

static void check_device(const char *line, const struct device_mapping *device,
			 const struct expected *expected)
{
	ck_assert_msg(same_text(device->kind->name, expected->kind),
		      "%s: kind %s", line, device->kind->name);
	ck_assert_msg(device->class == expected->class, "%s: class %s", line,
		      mapping_class_name(device->class));
	ck_assert_msg(device->method == expected->method, "%s: method %s", line,
		      access_method_name(device->method));
	ck_assert_msg(same_text(device->region_text, expected->region),
		      "%s: region %s", line, device->region_text);
	ck_assert_msg(device->placed == expected->placed, "%s: placed", line);
	if (expected->placed)
		ck_assert_msg(device->placement == expected->placement,
			      "%s: placement %#" PRIx64, line,
			      device->placement);
	ck_assert_msg(device->region_size == expected->size,
		      "%s: size %#" PRIx64, line, device->region_size);
	ck_assert_msg(device->has_physical == expected->has_physical,
		      "%s: physical", line);
	if (expected->has_physical)
		ck_assert_msg(device->physical == expected->physical,
			      "%s: physical %#" PRIx64, line, device->physical);
	ck_assert_msg(same_text(device->pci, expected->pci), "%s: pci %s", line,
		      device->pci);
	ck_assert_msg(same_text(device->driver, expected->driver),
		      "%s: driver %s", line, device->driver);
	ck_assert_msg(same_text(device->memory_type, expected->memory_type),
		      "%s: memory type %s", line, device->memory_type);
	ck_assert_msg(has_text(device->problem, expected->problem),
		      "%s: problem %s", line, device->problem);
	ck_assert_msg(!device->memory_type_seen, "%s: seen", line);
}

#define NIC DEVICES "0000:03:00.0/"

static const struct {
	struct vma vma;
	struct expected expected;
} single[] = {
	/* PCI by sysfs: whole, a part, the part beyond 4 GiB, write-combined */
	{{"1000-21000 rw-s fe000000 00:15 9 " NIC "resource0", PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar0", true, 0,
	  0x20000, true, 0xfe000000, "0000:03:00.0", "e1000e", "uncached",
	  NULL}},
	{{"1000-2000 rw-s fe01f000 00:15 9 " NIC "resource0", PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar0", true,
	  0x1f000, 0x20000, true, 0xfe01f000, "0000:03:00.0", "e1000e",
	  "uncached", NULL}},
	{{"1000-2000 r--s fe020000 00:15 9 " NIC "resource3", PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar3", true, 0,
	  0x100, true, 0xfe020000, "0000:03:00.0", "e1000e", "uncached", NULL}},
	{{"1000-101000 rw-s 380000000000 00:15 9 " NIC "resource4", PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar4", true, 0,
	  0x100000, true, 0x380000000000, "0000:03:00.0", "e1000e", "uncached",
	  NULL}},
	{{"1000-101000 rw-s 380000000000 00:15 9 " NIC "resource4_wc", PF_IO},
	 {"pci", CLASS_BUFFER, METHOD_GENERIC, "0000:03:00.0/bar4", true, 0,
	  0x100000, true, 0x380000000000, "0000:03:00.0", "e1000e",
	  "write-combining", NULL}},
	{{"1000-2000 rw-s fe000000 00:15 9 "
	  "/sys/bus/pci/devices/0000:03:00.0/resource0",
	  PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar0", true, 0,
	  0x20000, true, 0xfe000000, "0000:03:00.0", "e1000e", "uncached",
	  NULL}},
	/* moved: below, at and beyond the end, in another BAR; and gone */
	{{"1000-2000 rw-s fdfff000 00:15 9 " NIC "resource0", PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar0", false, 0,
	  0, true, 0xfdfff000, "0000:03:00.0", "e1000e", "uncached",
	  "another address"}},
	{{"1000-2000 rw-s fe020000 00:15 9 " NIC "resource0", PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar0", false, 0,
	  0, true, 0xfe020000, "0000:03:00.0", "e1000e", "uncached",
	  "another address"}},
	{{"1000-2000 rw-s fe000000 00:15 9 " NIC "resource1", PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar1", false, 0,
	  0, true, 0xfe000000, "0000:03:00.0", "e1000e", "uncached",
	  "another address"}},
	{{"1000-2000 rw-s fb000000 00:15 9 " DEVICES
	  "0000:09:00.0/resource0 (deleted)",
	  PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:09:00.0/bar0", false, 0,
	  0, true, 0xfb000000, "0000:09:00.0", NULL, "uncached", "left sysfs"}},
	/* what in sysfs is no BAR */
	{{"1000-2000 rw-s fe000000 00:15 9 " NIC "resource6", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN, "file:" NIC "resource6",
	  true, 0xfe000000, 0, false, 0, NULL, NULL, NULL, NULL}},
	{{"1000-2000 rw-s fe000000 00:15 9 " NIC "resource0_uc", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN, "file:" NIC "resource0_uc",
	  true, 0xfe000000, 0, false, 0, NULL, NULL, NULL, NULL}},
	{{"1000-2000 rw-s fe000000 00:15 9 " NIC "rom", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN, "file:" NIC "rom", true,
	  0xfe000000, 0, false, 0, NULL, NULL, NULL, NULL}},
	{{"1000-2000 rw-s fe000000 00:15 9 /sys/devices/thing/resource0",
	  PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN,
	  "file:/sys/devices/thing/resource0", true, 0xfe000000, 0, false, 0,
	  NULL, NULL, NULL, NULL}},
	/* a BAR within a page: the mapping shows what is around it, too */
	{{"1000-2000 rw-s fe030000 00:15 9 " NIC "resource5", PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar5", true,
	  UINT64_C(0) - 0x400, 0x80, true, 0xfe030000, "0000:03:00.0", "e1000e",
	  "uncached", NULL}},
	{{"1000-2000 rw-s fe031000 00:15 9 " NIC "resource5", PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar5", false, 0,
	  0, true, 0xfe031000, "0000:03:00.0", "e1000e", "uncached",
	  "another address"}},
	/* PCI by procfs, with and without a domain */
	{{"1000-3000 rw-s fe004000 00:04 9 /proc/bus/pci/03/00.0", PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar0", true,
	  0x4000, 0x20000, true, 0xfe004000, "0000:03:00.0", "e1000e",
	  "uncached", NULL}},
	{{"1000-3000 rw-s 380000001000 00:04 9 /proc/bus/pci/0000:03/00.0",
	  PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0000:03:00.0/bar4", true,
	  0x1000, 0x100000, true, 0x380000001000, "0000:03:00.0", "e1000e",
	  "uncached", NULL}},
	{{"1000-3000 rw-s fb000000 00:04 9 /proc/bus/pci/0001:1a/1f.7", PF_IO},
	 {"pci", CLASS_REGISTER, METHOD_GENERIC, "0001:1a:1f.7", false, 0, 0,
	  true, 0xfb000000, "0001:1a:1f.7", NULL, "uncached", "no BAR"}},
	{{"1000-3000 rw-s fe000000 00:04 9 /proc/bus/pci/03/00.0y", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN,
	  "file:/proc/bus/pci/03/00.0y", true, 0xfe000000, 0, false, 0, NULL,
	  NULL, NULL, NULL}},
	{{"1000-3000 rw-s fe000000 00:04 9 /proc/bus/pci/0000:03/00.0y", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN,
	  "file:/proc/bus/pci/0000:03/00.0y", true, 0xfe000000, 0, false, 0,
	  NULL, NULL, NULL, NULL}},
	{{"1000-3000 rw-s fe000000 00:04 9 /proc/bus/pci/devices", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN, "file:/proc/bus/pci/devices",
	  true, 0xfe000000, 0, false, 0, NULL, NULL, NULL, NULL}},
	/* /dev/mem: the device is that of its first byte */
	{{"1000-5000 rw-s fe001000 00:06 4 /dev/mem", PF_IO},
	 {"mem", CLASS_REGISTER, METHOD_GENERIC, "mem", true, 0xfe001000, 0,
	  true, 0xfe001000, "0000:03:00.0", "e1000e", "uncached", NULL}},
	{{"1000-5000 rw-s fed00000 00:06 4 /dev/mem", PF_IO},
	 {"mem", CLASS_REGISTER, METHOD_GENERIC, "mem", true, 0xfed00000, 0,
	  true, 0xfed00000, NULL, NULL, "uncached", NULL}},
	{{"1000-5000 rw-s 00000000 00:06 4 /dev/mem2", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN, "file:/dev/mem2", true, 0, 0,
	  false, 0, NULL, NULL, NULL, NULL}},
	/* UIO: the offset is the number of the map */
	{{"1000-3000 rw-s 00000000 00:06 5 /dev/uio0", PF_IO},
	 {"uio", CLASS_REGISTER, METHOD_GENERIC, "uio0/map0", true, 0, 0x2000,
	  true, 0xfc000000, "0000:05:00.0", "uio_pci_generic", "uncached",
	  NULL}},
	{{"1000-2000 rw-s 00000000 00:06 5 /dev/uio0", PF_IO},
	 {"uio", CLASS_REGISTER, METHOD_GENERIC, "uio0/map0", true, 0, 0x2000,
	  true, 0xfc000000, "0000:05:00.0", "uio_pci_generic", "uncached",
	  NULL}},
	{{"1000-2000 rw-s 00001000 00:06 5 /dev/uio0", PF_IO},
	 {"uio", CLASS_REGISTER, METHOD_GENERIC, "uio0/map1", true,
	  UINT64_C(0) - 0x800, 0x800, true, 0xfc010000, "0000:05:00.0",
	  "uio_pci_generic", "uncached", NULL}},
	{{"1000-2000 rw-s 00002000 00:06 5 /dev/uio0", PF_IO},
	 {"uio", CLASS_REGISTER, METHOD_GENERIC, "uio0/map2", true, 0, 0x900,
	  true, 0xfc020000, "0000:05:00.0", "uio_pci_generic", "uncached",
	  NULL}},
	/* an offset that is none */
	{{"1000-2000 rw-s 00004000 00:06 5 /dev/uio0", PF_IO},
	 {"uio", CLASS_REGISTER, METHOD_GENERIC, "uio0/map4", true, 0, 0x1000,
	  true, 0xfc040000, "0000:05:00.0", "uio_pci_generic", "uncached",
	  NULL}},
	/* bigger than its map; a map and a device that sysfs does not have */
	{{"1000-4000 rw-s 00000000 00:06 5 /dev/uio0", PF_IO},
	 {"uio", CLASS_REGISTER, METHOD_GENERIC, "uio0", false, 0, 0, false, 0,
	  "0000:05:00.0", "uio_pci_generic", "uncached", "does not fit"}},
	{{"1000-2000 rw-s 00007000 00:06 5 /dev/uio0", PF_IO},
	 {"uio", CLASS_REGISTER, METHOD_GENERIC, "uio0", false, 0, 0, false, 0,
	  "0000:05:00.0", "uio_pci_generic", "uncached", "does not fit"}},
	{{"1000-2000 rw-s 00000000 00:06 5 /dev/uio7", PF_IO},
	 {"uio", CLASS_REGISTER, METHOD_GENERIC, "uio7", false, 0, 0, false, 0,
	  NULL, NULL, "uncached", "does not fit"}},
	/* ordinary pages of a driver */
	{{"1000-2000 rw-s 00000000 00:06 5 /dev/uio12", PLAIN},
	 {"uio", CLASS_BUFFER, METHOD_PAGES, "uio12/map0", true, 0, 0x1000,
	  false, 0, NULL, NULL, "cached", NULL}},
	{{"1000-2000 rw-s 00000000 00:06 5 /dev/uiox", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN, "file:/dev/uiox", true, 0, 0,
	  false, 0, NULL, NULL, NULL, NULL}},
	{{"1000-2000 rw-s 00000000 00:06 5 /dev/uio0x", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN, "file:/dev/uio0x", true, 0,
	  0, false, 0, NULL, NULL, NULL, NULL}},
	/* VFIO of 6.1: the offset is the physical address */
	{{"1000-3000 rw-s fd002000 00:0e 6 anon_inode:[vfio-device]", PF_IO},
	 {"vfio", CLASS_REGISTER, METHOD_NONE, "0000:04:00.0/bar0", true,
	  0x2000, 0x10000, true, 0xfd002000, "0000:04:00.0", "vfio-pci",
	  "uncached", NULL}},
	/* ... of a device that is not VFIO's it cannot be */
	{{"1000-3000 rw-s fe000000 00:0e 6 anon_inode:[vfio-device]", PF_IO},
	 {"vfio", CLASS_REGISTER, METHOD_NONE, "vfio0/region0", false, 0, 0,
	  false, 0, NULL, NULL, "uncached", "does not tell"}},
	/* the others */
	{{"1000-2000 r--s 00000000 00:06 6 /dev/hpet", PF_IO},
	 {"hpet", CLASS_REGISTER, METHOD_NONE, "hpet", true, 0, 0, false, 0,
	  NULL, NULL, "uncached", NULL}},
	{{"1000-2000 r--s 00001000 00:06 6 /dev/hpet", PF_IO},
	 {"hpet", CLASS_REGISTER, METHOD_NONE, "hpet", true, 0x1000, 0, false,
	  0, NULL, NULL, "uncached", NULL}},
	{{"1000-9000 rw-s 10001000 00:06 6 /dev/dri/card0", PF_IO},
	 {"drm", CLASS_BUFFER, METHOD_DRIVER, "dri/card0", true, 0, 0x8000,
	  false, 0, "0000:03:00.0", "e1000e", NULL, NULL}},
	{{"1000-9000 rw-s 10001000 00:06 6 /dev/dri/renderD128", PF_IO},
	 {"drm", CLASS_BUFFER, METHOD_DRIVER, "dri/renderD128", true, 0, 0x8000,
	  false, 0, NULL, NULL, NULL, NULL}},
	/* GEM's in shared memory is no I/O memory, and has no access method */
	{{"1000-9000 rw-s 10001000 00:06 6 /dev/dri/card0", NO_IO},
	 {"drm", CLASS_BUFFER, METHOD_NONE, "dri/card0", true, 0, 0x8000, false,
	  0, "0000:03:00.0", "e1000e", NULL, NULL}},
	{{"1000-9000 rw-s 10001000 00:06 6 /dev/dri/card0", NO_PF},
	 {"drm", CLASS_BUFFER, METHOD_DRIVER, "dri/card0", true, 0, 0x8000,
	  false, 0, "0000:03:00.0", "e1000e", NULL, NULL}},
	{{"1000-9000 rw-s 00000000 00:01 6 /drm mm object (deleted)", PF_IO},
	 {"drm", CLASS_BUFFER, METHOD_NONE, "file:/drm mm object", true, 0, 0,
	  false, 0, NULL, NULL, NULL, NULL}},
	{{"1000-9000 rw-s 00000000 00:0a 6 /dmabuf:", PF_IO},
	 {"other", CLASS_BUFFER, METHOD_NONE, "file:/dmabuf:", true, 0, 0,
	  false, 0, NULL, NULL, NULL, NULL}},
	{{"1000-9000 rw-s 00001000 00:06 6 /dev/video0", PF_IO},
	 {"other", CLASS_BUFFER, METHOD_NONE, "file:/dev/video0", true, 0x1000,
	  0, false, 0, NULL, NULL, NULL, NULL}},
	{{"1000-9000 rw-s 00000000 00:06 6 /dev/fb0", PF_IO},
	 {"other", CLASS_BUFFER, METHOD_NONE, "file:/dev/fb0", true, 0, 0,
	  false, 0, NULL, NULL, "write-combining", NULL}},
	{{"1000-9000 rw-s 00000000 00:06 6 /dev/infiniband/uverbs0", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_NONE, "file:/dev/infiniband/uverbs0",
	  true, 0, 0, false, 0, NULL, NULL, NULL, NULL}},
	{{"1000-9000 rw-s 00000000 00:06 6 /dev/nvidia0", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNSAFE, "file:/dev/nvidia0", true, 0,
	  0, false, 0, NULL, NULL, NULL, NULL}},
	{{"1000-9000 rw-s 00000000 00:06 6 /dev/nvidiactl", PF_IO},
	 {"other", CLASS_REGISTER, METHOD_UNSAFE, "file:/dev/nvidiactl", true,
	  0, 0, false, 0, NULL, NULL, NULL, NULL}},
	{{"1000-9000 rw-s 00005000 00:06 6 /dev/a+b..c", "pf"},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN, "file:/dev/a\\x2bb\\x2e.c",
	  true, 0x5000, 0, false, 0, NULL, NULL, NULL, NULL}},
	{{"1000-9000 rw-p 00000000 00:06 6 /dev/thing", "io"},
	 {"other", CLASS_REGISTER, METHOD_UNKNOWN, "file:/dev/thing", true, 0,
	  0, false, 0, NULL, NULL, NULL, NULL}},
};

START_TEST(one_mapping)
{
	for (size_t i = 0; i < ARRAY_SIZE(single); i++) {
		struct device_list list;

		make_list(&single[i].vma, 1, NULL, &list);
		ck_assert_msg(list.count == 1, "%s", single[i].vma.line);
		check_device(single[i].vma.line, &list.items[0],
			     &single[i].expected);
		device_list_deinit(&list);
	}
}
END_TEST

static const struct vma no_devices[] = {
	{"1000-2000 rw-s fe000000 00:15 9 " NIC "resource0", PLAIN},
	{"1000-2000 rw-s 00000000 00:06 6 /dev/dri/card0", "rd wr sh mm"},
	{"1000-2000 rw-s 00000000 00:06 6 /dev/mem", PLAIN},
	{"1000-2000 rw-p 00000000 00:00 0", PF_IO},
	{"1000-2000 rw-p 00000000 00:00 0 [vvar]", "rd mr pf io de dd"},
	{"1000-2000 rw-s 00000000 00:01 6 /dev/shm/x", PLAIN},
	{"1000-2000 rw-s 00000000 08:01 6 /tmp/file", PLAIN},
	{"1000-2000 rw-p 00000000 08:01 6 /tmp/file", PF_IO},
	{"1000-2000 r-xp 00000000 08:01 6 /usr/lib/libc.so.6", PLAIN},
};

START_TEST(no_device)
{
	for (size_t i = 0; i < ARRAY_SIZE(no_devices); i++) {
		struct device_list list;

		make_list(&no_devices[i], 1, NULL, &list);
		ck_assert_msg(!list.count, "%s", no_devices[i].line);
		device_list_deinit(&list);
	}
}
END_TEST

/* A kernel that does not say the flags leaves it open: UIO's ordinary pages
 * and its registers look the same then, and only one of them is harmless. */
START_TEST(without_flags)
{
	static const struct vma vmas[] = {
		{"1000-2000 rw-s 00000000 00:06 5 /dev/uio0", NULL},
		{"3000-4000 rw-s fe000000 00:15 9 " NIC "resource0", NULL},
	};
	struct device_list list;

	make_list(vmas, ARRAY_SIZE(vmas), NULL, &list);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_int_eq(list.items[1].class, CLASS_REGISTER);
	ck_assert_int_eq(list.items[1].method, METHOD_GENERIC);
	ck_assert_int_eq(list.items[0].class, CLASS_REGISTER);
	ck_assert_int_ne(list.items[0].method, METHOD_PAGES);
	device_list_deinit(&list);
}
END_TEST

/* Without CONFIG_PROC_PAGE_MONITOR there is no smaps: that is not the end of
 * the process. */
START_TEST(without_smaps)
{
	static const struct vma vma = {
		"3000-4000 rw-s fe000000 00:15 9 " NIC "resource0", PF_IO};
	struct session *session = NULL;
	struct error *error;
	enum error_kind kind;

	tree_process(&tree, 7, "app");
	tree_maps(&tree, 7, &vma, 1);
	tree_remove(&tree, "proc/7/smaps");
	error = session_create(&machine, 7, NULL, &session);
	session_destroy(session);
	kind = error ? error->kind : ERROR_FAILED;
	error_destroy(error);
	ck_assert_int_ne(kind, ERROR_GONE);
	ck_assert_int_ne(kind, ERROR_NO_PROCESS);
}
END_TEST

/* Several mappings of UIO, in the order of their addresses: the pieces that
 * mprotect or munmap have made of one, and maps that lie side by side. */
static const struct {
	const char *label;
	struct vma vmas[4];
	size_t count;
	struct {
		const char *region; /* without a part: not placed */
		uint64_t placement, physical;
	} expected[4];
} pieces[] = {
	{"split by mprotect",
	 {{"1000-2000 rw-s 00000000 00:06 5 /dev/uio0", PF_IO},
	  {"2000-3000 r--s 00001000 00:06 5 /dev/uio0", PF_IO}},
	 2,
	 {{"uio0/map0", 0, 0xfc000000}, {"uio0/map0", 0x1000, 0xfc001000}}},
	{"split, with another map behind it",
	 {{"1000-2000 rw-s 00000000 00:06 5 /dev/uio0", PF_IO},
	  {"2000-3000 r--s 00001000 00:06 5 /dev/uio0", PF_IO},
	  {"3000-4000 rw-s 00002000 00:06 5 /dev/uio0", PF_IO}},
	 3,
	 {{"uio0/map0", 0, 0xfc000000},
	  {"uio0/map0", 0x1000, 0xfc001000},
	  {"uio0/map2", 0, 0xfc020000}}},
	{"side by side, but not in the file",
	 {{"1000-3000 rw-s 00000000 00:06 5 /dev/uio0", PF_IO},
	  {"3000-4000 rw-s 00001000 00:06 5 /dev/uio0", PF_IO}},
	 2,
	 {{"uio0/map0", 0, 0xfc000000},
	  {"uio0/map1", UINT64_C(0) - 0x800, 0xfc010000}}},
	{"apart",
	 {{"1000-2000 rw-s 00000000 00:06 5 /dev/uio0", PF_IO},
	  {"4000-5000 rw-s 00001000 00:06 5 /dev/uio0", PF_IO}},
	 2,
	 {{"uio0/map0", 0, 0xfc000000},
	  {"uio0/map1", UINT64_C(0) - 0x800, 0xfc010000}}},
	{"of two devices",
	 {{"1000-2000 rw-s 00000000 00:06 5 /dev/uio0", PF_IO},
	  {"2000-3000 rw-s 00001000 00:06 8 /dev/uio0", PF_IO}},
	 2,
	 {{"uio0/map0", 0, 0xfc000000},
	  {"uio0/map1", UINT64_C(0) - 0x800, 0xfc010000}}},
	{"maps of one page side by side",
	 {{"1000-2000 rw-s 00001000 00:06 5 /dev/uio0", PF_IO},
	  {"2000-3000 rw-s 00002000 00:06 5 /dev/uio0", PF_IO}},
	 2,
	 {{"uio0/map1", UINT64_C(0) - 0x800, 0xfc010000},
	  {"uio0/map2", 0, 0xfc020000}}},
	{"three pieces",
	 {{"1000-2000 rw-s 00003000 00:06 5 /dev/uio0", PF_IO},
	  {"2000-3000 r--s 00004000 00:06 5 /dev/uio0", PF_IO},
	  {"3000-4000 rw-s 00005000 00:06 5 /dev/uio0", PF_IO}},
	 3,
	 {{"uio0/map3", 0, 0xfc030000},
	  {"uio0/map3", 0x1000, 0xfc031000},
	  {"uio0/map3", 0x2000, 0xfc032000}}},
	{"a map that is not there",
	 {{"1000-3000 rw-s 00000000 00:06 5 /dev/uio0", PF_IO},
	  {"4000-5000 rw-s 00007000 00:06 5 /dev/uio0", PF_IO}},
	 2,
	 {{"uio0/map0", 0, 0xfc000000}, {"uio0", 0, 0}}},
	{"a piece that does not fit, and what goes on behind it",
	 {{"1000-2000 rw-s 00000000 00:06 5 /dev/uio0", PF_IO},
	  {"2000-5000 rw-s 00001000 00:06 5 /dev/uio0", PF_IO},
	  {"5000-6000 rw-s 00004000 00:06 5 /dev/uio0", PF_IO},
	  {"7000-8000 rw-s 00002000 00:06 5 /dev/uio0", PF_IO}},
	 4,
	 {{"uio0/map0", 0, 0xfc000000},
	  {"uio0", 0, 0},
	  {"uio0", 0, 0},
	  {"uio0/map2", 0, 0xfc020000}}},
};

START_TEST(uio_pieces)
{
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct device_list list;

		make_list(pieces[i].vmas, pieces[i].count, NULL, &list);
		ck_assert_uint_eq(list.count, pieces[i].count);
		for (size_t j = 0; j < list.count; j++) {
			const struct device_mapping *device = &list.items[j];
			const char *region = pieces[i].expected[j].region;

			ck_assert_msg(same_text(device->region_text, region),
				      "%s: %zu: %s", pieces[i].label, j,
				      device->region_text);
			ck_assert(device->placed == has_text(region, "map"));
			if (!device->placed)
				continue;
			ck_assert(device->placement ==
				  pieces[i].expected[j].placement);
			ck_assert(device->physical ==
				  pieces[i].expected[j].physical);
		}
		device_list_deinit(&list);
	}
}
END_TEST

/* The process has group 26 open; with `more`, group 27, too. */
static void put_vfio(bool more)
{
	tree_link(&tree, "/dev/null", "proc/7/fd/0");
	tree_link(&tree, "/dev/vfio/vfio", "proc/7/fd/3");
	tree_link(&tree, "/dev/vfio/26", "proc/7/fd/4");
	tree_link(&tree, "/dev/vfio/26", "proc/7/fd/5");
	tree_link(&tree, "../../../../bus/pci/devices/0000:04:00.0",
		  "sys/kernel/iommu_groups/26/devices/0000:04:00.0");
	/* Others of the group are not VFIO's. */
	tree_link(&tree, "../../../../bus/pci/devices/0000:03:00.0",
		  "sys/kernel/iommu_groups/26/devices/0000:03:00.0");
	tree_folder(&tree, "sys/kernel/iommu_groups/26/devices/0000:09:00.0");
	if (!more)
		return;
	tree_pci(&tree, "0000:06:00.0", "vfio-pci",
		 (struct bar[]){{0xfb000000, 0x10000, BAR_MEMORY}}, 1);
	tree_link(&tree, "../../../../bus/pci/devices/0000:06:00.0",
		  "sys/kernel/iommu_groups/27/devices/0000:06:00.0");
	tree_link(&tree, "/dev/vfio/27", "proc/7/fd/6");
	look_again();
}

static const struct vma vfio_encoded[] = {
	{"1000-2000 rw-s 00000000 00:0e 6 anon_inode:[vfio-device]", PF_IO},
	{"3000-4000 rw-s 10000000000 00:0e 6 anon_inode:[vfio-device]", PF_IO},
	{"5000-7000 rw-s 00004000 00:0e 6 anon_inode:[vfio-device]", PF_IO},
	{"8000-9000 rw-s 20000001000 00:0e 6 anon_inode:[vfio-device]", PF_IO},
	{"9000-a000 rw-s 60000000000 00:0e 6 anon_inode:[vfio-device]", PF_IO},
	{"a000-b000 rw-s 80000000000 00:0e 6 anon_inode:[vfio-device]", PF_IO},
};

/* The encoding of later kernels: the region above 40 bits of offset in it. */
START_TEST(vfio_of_one_group)
{
	static const struct expected expected[] = {
		{"vfio", CLASS_REGISTER, METHOD_NONE, "0000:04:00.0/bar0", true,
		 0, 0x10000, true, 0xfd000000, "0000:04:00.0", "vfio-pci",
		 "uncached", NULL},
		{"vfio", CLASS_REGISTER, METHOD_NONE, "0000:04:00.0/bar1", true,
		 0, 0x1000, true, 0xfd010000, "0000:04:00.0", "vfio-pci",
		 "uncached", NULL},
		{"vfio", CLASS_REGISTER, METHOD_NONE, "0000:04:00.0/bar0", true,
		 0x4000, 0x10000, true, 0xfd004000, "0000:04:00.0", "vfio-pci",
		 "uncached", NULL},
		/* a BAR that the device does not have, and no BAR */
		{"vfio", CLASS_REGISTER, METHOD_NONE, "vfio26/region2", true,
		 0x1000, 0, false, 0, NULL, NULL, "uncached", NULL},
		{"vfio", CLASS_REGISTER, METHOD_NONE, "vfio26/region6", true, 0,
		 0, false, 0, NULL, NULL, "uncached", NULL},
		{"vfio", CLASS_REGISTER, METHOD_NONE, "vfio26/region8", true, 0,
		 0, false, 0, NULL, NULL, "uncached", NULL},
	};
	struct device_list list;

	put_vfio(false);
	make_list(vfio_encoded, ARRAY_SIZE(vfio_encoded), NULL, &list);
	ck_assert_uint_eq(list.count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < list.count; i++)
		check_device(vfio_encoded[i].line, &list.items[i],
			     &expected[i]);
	device_list_deinit(&list);
}
END_TEST

/* With several devices the mapping does not tell which it shows: it must not
 * be taken for one of them. */
START_TEST(vfio_of_several)
{
	struct device_list list;

	put_vfio(true);
	make_list(vfio_encoded, ARRAY_SIZE(vfio_encoded), NULL, &list);
	ck_assert_uint_eq(list.count, ARRAY_SIZE(vfio_encoded));
	for (size_t i = 0; i < list.count; i++) {
		ck_assert_ptr_null(list.items[i].pci);
		ck_assert(!list.items[i].has_physical);
		ck_assert(has_text(list.items[i].problem, "several"));
		ck_assert(!list.items[i].placed);
	}
	device_list_deinit(&list);
}
END_TEST

/* Two devices of one group are two devices. */
START_TEST(vfio_of_a_group_of_two)
{
	struct device_list list;

	put_vfio(true);
	tree_link(&tree, "/dev/null", "proc/7/fd/6");
	tree_link(&tree, "../../../../bus/pci/devices/0000:06:00.0",
		  "sys/kernel/iommu_groups/26/devices/0000:06:00.0");
	make_list(vfio_encoded, 1, NULL, &list);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_ptr_null(list.items[0].pci);
	ck_assert(!list.items[0].placed);
	device_list_deinit(&list);
}
END_TEST

/* A character device of its own names its device. */
START_TEST(vfio_of_a_node)
{
	static const struct vma vmas[] = {
		{"1000-2000 rw-s 10000000000 00:06 6 /dev/vfio/devices/vfio3",
		 PF_IO},
		{"3000-4000 rw-s 70000000000 00:06 6 /dev/vfio/devices/vfio3",
		 PF_IO},
		{"5000-6000 rw-s fd000000 00:06 6 /dev/vfio/devices/vfio3",
		 PF_IO},
	};
	static const char *const regions[] = {
		"0000:04:00.0/bar1", "vfio3/region7", "0000:04:00.0/bar0"};
	struct device_list list;

	tree_link(&tree, "../../../0000:04:00.0",
		  "sys/class/vfio-dev/vfio3/device");
	make_list(vmas, ARRAY_SIZE(vmas), NULL, &list);
	ck_assert_uint_eq(list.count, ARRAY_SIZE(regions));
	for (size_t i = 0; i < list.count; i++) {
		ck_assert_str_eq(list.items[i].region_text, regions[i]);
		ck_assert(list.items[i].placed);
		ck_assert_str_eq(list.items[i].kind->name, "vfio");
	}
	device_list_deinit(&list);
}
END_TEST

START_TEST(stand_in)
{
	static const struct vma vmas[] = {
		{"1000-2000 rw-s 00003000 08:01 6 /tmp/registers", PLAIN},
		{"3000-4000 rw-p 00000000 08:01 6 /tmp/registers", PLAIN},
		{"5000-6000 rw-s 00000000 08:01 6 /tmp/registers2", PLAIN},
		{"7000-8000 rw-s 00000000 00:06 6 /dev/hpet", PF_IO},
	};
	static const struct expected expected = {"file",
						 CLASS_REGISTER,
						 METHOD_PAGES,
						 "file:/tmp/registers",
						 true,
						 0x3000,
						 0,
						 false,
						 0,
						 NULL,
						 NULL,
						 "stand-in",
						 NULL};
	struct device_list list;

	make_list(vmas, ARRAY_SIZE(vmas), "/tmp/registers", &list);
	ck_assert_uint_eq(list.count, 3);
	check_device(vmas[0].line, &list.items[0], &expected);
	ck_assert_uint_eq(list.items[1].mapping.start, 0x3000);
	ck_assert_str_eq(list.items[2].region_text, "hpet");
	for (size_t i = 0; i < list.count; i++)
		ck_assert_uint_eq(list.items[i].index, i);
	device_list_deinit(&list);
	ck_assert_uint_eq(list.count, 0);
}
END_TEST

START_TEST(stand_in_for_a_device)
{
	static const struct vma vma = {
		"1000-2000 rw-s 00000000 00:06 6 /dev/dri/card0", PF_IO};
	struct device_list list;

	make_list(&vma, 1, "/dev/dri/card0", &list);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_str_eq(list.items[0].kind->name, "file");
	ck_assert_int_eq(list.items[0].class, CLASS_REGISTER);
	device_list_deinit(&list);
}
END_TEST

START_TEST(candidates)
{
	static const struct {
		struct vma vma;
		const char *stand_in;
		bool candidate;
	} cases[] = {
		{{"1000-2000 rw-s 00000000 00:06 6 /dev/hpet", NULL},
		 NULL,
		 true},
		{{"1000-2000 rw-p 00000000 08:01 6 /tmp/a", NULL}, NULL, false},
		{{"1000-2000 rw-p 00000000 08:01 6 /tmp/a", NULL},
		 "/tmp/a",
		 true},
		{{"1000-2000 rw-p 00000000 08:01 6 /tmp/a", NULL},
		 "/tmp/b",
		 false},
		{{"1000-2000 rw-p 00000000 00:00 0", NULL}, "/tmp/b", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mapping_list mappings;

		parse_vmas(&cases[i].vma, 1, &mappings);
		ck_assert_msg(device_candidates(&mappings, cases[i].stand_in) ==
				      cases[i].candidate,
			      "%s", cases[i].vma.line);
		mapping_list_deinit(&mappings);
	}
}
END_TEST

START_TEST(found_by_address)
{
	static const struct vma vmas[] = {
		{"1000-2000 rw-s 00000000 00:06 6 /dev/hpet", PF_IO},
		{"2000-3000 rw-p 00000000 00:00 0", PLAIN},
		{"3000-5000 rw-s fe000000 00:06 4 /dev/mem", PF_IO},
	};
	struct device_list list;

	make_list(vmas, ARRAY_SIZE(vmas), NULL, &list);
	ck_assert_ptr_null(device_list_find(&list, 0xfff));
	ck_assert_ptr_eq(device_list_find(&list, 0x1000), &list.items[0]);
	ck_assert_ptr_eq(device_list_find(&list, 0x1fff), &list.items[0]);
	ck_assert_ptr_null(device_list_find(&list, 0x2000));
	ck_assert_ptr_eq(device_list_find(&list, 0x4fff), &list.items[1]);
	ck_assert_ptr_null(device_list_find(&list, 0x5000));
	device_list_deinit(&list);
}
END_TEST

/* A mapping of /dev/mem shows several BARs, and what lies between them. */
START_TEST(pci_by_address)
{
	static const struct {
		uint64_t address;
		const char *name; /* NULL: none */
		unsigned bar;
		uint64_t offset;
	} cases[] = {
		{0x100000, NULL, 0, 0},
		{0x100fff, NULL, 0, 0},
		{0x101000, "0000:03:00.0", 0, 0},
		{0x120fff, "0000:03:00.0", 0, 0x1ffff},
		{0x121000, "0000:03:00.0", 3, 0},
		{0x1210ff, "0000:03:00.0", 3, 0xff},
		{0x121100, NULL, 0, 0},
	};
	static const struct vma vmas[] = {
		{"100000-200000 rw-s fdfff000 00:06 4 /dev/mem", PF_IO},
		{"300000-301000 r--s 00000000 00:06 4 /dev/hpet", PF_IO},
	};
	struct device_list list;
	uint64_t offset = 0;
	const char *name;
	unsigned bar = 0;

	make_list(vmas, ARRAY_SIZE(vmas), NULL, &list);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool found =
			device_pci_at(&machine, &list.items[0],
				      cases[i].address, &name, &bar, &offset);

		ck_assert_msg(found == (cases[i].name != NULL), "%#" PRIx64,
			      cases[i].address);
		if (!found)
			continue;
		ck_assert_str_eq(name, cases[i].name);
		ck_assert_uint_eq(bar, cases[i].bar);
		ck_assert_uint_eq(offset, cases[i].offset);
	}
	ck_assert(!device_pci_at(&machine, &list.items[1], 0x300000, &name,
				 &bar, &offset));
	device_list_deinit(&list);
}
END_TEST

/*
 * A BAR without an address (IORESOURCE_UNSET) stands in `resource` as 0 to its
 * size: it is nowhere, and physical address 0 is memory. A BAR of I/O ports
 * and one that is switched off (IORESOURCE_DISABLED) are not there, either.
 */
START_TEST(bars_without_an_address)
{
	static const struct bar bars[] = {
		{0, 0x1000000, BAR_MEMORY | 0x20000000},
		{0x2000000, 0x1000, BAR_PORTS},
		{0x3000000, 0x1000, BAR_MEMORY | 0x10000000},
	};
	static const struct vma vma = {
		"100000-200000 r--s 000f0000 00:06 4 /dev/mem", PF_IO};
	const struct pci_list *list;
	struct device_list devices;
	unsigned bar;

	tree_pci(&tree, "0000:00:01.0", NULL, bars, ARRAY_SIZE(bars));
	look_again();
	expect_no_error(machine_pci(&machine, &list), "pci");
	ck_assert_ptr_null(pci_find_address(list, 0x2000000, &bar));
	ck_assert_ptr_null(pci_find_address(list, 0, &bar));
	ck_assert_ptr_null(pci_find_address(list, 0xf0000, &bar));
	ck_assert_ptr_null(pci_find_address(list, 0x3000000, &bar));
	make_list(&vma, 1, NULL, &devices);
	ck_assert_ptr_null(devices.items[0].pci);
	device_list_deinit(&devices);
}
END_TEST

START_TEST(pci_devices)
{
	const struct pci_device *device;
	const struct pci_list *list;
	unsigned bar = 77;

	tree_folder(&tree, "sys/bus/pci/devices/nonsense");
	look_again();
	expect_no_error(machine_pci(&machine, &list), "pci");
	ck_assert_uint_eq(list->count, 3);
	device = pci_find(list, "0000:03:00.0");
	ck_assert_ptr_nonnull(device);
	ck_assert_uint_eq(device->vendor, 0x8086);
	ck_assert_uint_eq(device->device, 0x10d3);
	ck_assert_str_eq(device->driver, "e1000e");
	ck_assert(device->bars[0].memory && !device->bars[0].prefetchable);
	ck_assert(device->bars[4].memory && device->bars[4].prefetchable);
	ck_assert(!device->bars[2].memory);
	ck_assert_uint_eq(device->bars[1].size, 0);
	ck_assert_ptr_null(pci_find(list, "03:00.0"));
	ck_assert_ptr_null(pci_find_address(list, 0xc000, &bar));
	ck_assert_ptr_eq(pci_find_address(list, 0x3800000fffff, &bar), device);
	ck_assert_uint_eq(bar, 4);
	ck_assert_ptr_null(pci_find_address(list, 0x380000100000, &bar));
	ck_assert_ptr_null(pci_find_address(list, UINT64_MAX, &bar));
}
END_TEST

START_TEST(no_pci)
{
	const struct pci_list *list;

	tree_remove(&tree, "sys/bus");
	look_again();
	expect_no_error(machine_pci(&machine, &list), "pci");
	ck_assert_uint_eq(list->count, 0);
}
END_TEST

START_TEST(pci_names)
{
	static const struct {
		const char *name;
		bool right;
	} cases[] = {
		{"0000:03:00.0", true},   {"ffff:ff:1f.7", true},
		{"10000:e1:00.0", true},  {"", false},
		{"03:00.0", false},       {"0000:03:00", false},
		{"0000:03:00.", false},   {"0000:03:00.0 ", false},
		{"0000:03:00.0x", false}, {"0000:03:00.10", false},
		{"uio0", false},          {"0000-03-00.0", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_msg(pci_is_name(cases[i].name) == cases[i].right,
			      "%s", cases[i].name);
}
END_TEST

/* What the kernel says of the memory type wins; anything but uncached is no
 * register. */
START_TEST(memory_types)
{
	static const struct {
		struct vma vma;
		const char *type;
		bool seen;
		enum mapping_class class;
	} cases[] = {
		{{"1000-2000 rw-s fe000000 00:15 9 " NIC "resource0", PF_IO},
		 "uncached-minus",
		 true,
		 CLASS_REGISTER},
		{{"1000-2000 rw-s fe001000 00:15 9 " NIC "resource0", PF_IO},
		 "write-combining",
		 true,
		 CLASS_BUFFER},
		{{"1000-2000 rw-s fe002000 00:15 9 " NIC "resource0", PF_IO},
		 "uncached",
		 false,
		 CLASS_REGISTER},
		{{"1000-2000 rw-s fed00000 00:06 4 /dev/mem", PF_IO},
		 "write-back",
		 true,
		 CLASS_BUFFER},
		{{"1000-2000 rw-s 380000000000 00:15 9 " NIC "resource4_wc",
		  PF_IO},
		 "uncached",
		 true,
		 CLASS_BUFFER},
	};

	tree_put(&tree,
		 "PAT memtype list:\n"
		 "PAT: [mem 0x00000000fe000000-0x00000000fe001000] "
		 "uncached-minus\n"
		 "PAT: [mem 0x00000000fe001000-0x00000000fe002000] "
		 "write-combining\n"
		 "PAT: [mem 0x00000000fed00000-0x00000000fed01000] "
		 "write-back\n"
		 "PAT: [mem 0x0000380000000000-0x0000380000100000] "
		 "uncached\n",
		 "sys/kernel/debug/x86/pat_memtype_list");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct device_list list;

		make_list(&cases[i].vma, 1, NULL, &list);
		ck_assert_str_eq(list.items[0].memory_type, cases[i].type);
		ck_assert(list.items[0].memory_type_seen == cases[i].seen);
		ck_assert_int_eq(list.items[0].class, cases[i].class);
		device_list_deinit(&list);
	}
}
END_TEST

static const char iomem_text[] = "00000000-00000fff : Reserved\n"
				 "00001000-0009fbff : System RAM\n"
				 "00100000-7fffffff : System RAM\n"
				 "  01000000-01ffffff : Kernel code\n"
				 "not a line\n"
				 "fe000000-fe1fffff : PCI Bus 0000:03\n"
				 "  fe000000-fe01ffff : 0000:03:00.0\n"
				 "    fe000000-fe01ffff : e1000e\n"
				 "  fe020000-fe0200ff : 0000:03:00.0\n"
				 "100000000-17fffffff : System RAM (kmem)\n";

START_TEST(owners_of_addresses)
{
	static const struct {
		uint64_t address;
		const char *owner;
		enum ram_answer ram;
	} cases[] = {
		{0, "Reserved", RAM_NO},
		{0xfff, "Reserved", RAM_NO},
		{0x1000, "System RAM", RAM_YES},
		{0x9fbff, "System RAM", RAM_YES},
		{0x9fc00, NULL, RAM_NO},
		{0x1000000, "Kernel code", RAM_YES},
		{0x2000000, "System RAM", RAM_YES},
		{0x7fffffff, "System RAM", RAM_YES},
		{0x80000000, NULL, RAM_NO},
		{0xfe000000, "e1000e", RAM_NO},
		{0xfe01ffff, "e1000e", RAM_NO},
		{0xfe020000, "0000:03:00.0", RAM_NO},
		{0xfe020100, "PCI Bus 0000:03", RAM_NO},
		{0x17fffffff, "System RAM (kmem)", RAM_YES},
		{UINT64_MAX, NULL, RAM_NO},
	};
	const struct iomem *iomem, *again;

	tree_put(&tree, iomem_text, "proc/iomem");
	expect_no_error(machine_iomem(&machine, &iomem), "iomem");
	ck_assert(iomem->visible);
	ck_assert_uint_eq(iomem->count, 9);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t address = cases[i].address;

		ck_assert_msg(
			same_text(iomem_owner(iomem, address), cases[i].owner),
			"%#" PRIx64, address);
		ck_assert_msg(iomem_is_ram(iomem, &machine.root, address) ==
				      cases[i].ram,
			      "%#" PRIx64, address);
	}
	expect_no_error(machine_iomem(&machine, &again), "iomem");
	ck_assert_ptr_eq(again, iomem);
}
END_TEST

static void put_firmware(unsigned index, const char *start, const char *end,
			 const char *type)
{
	tree_put(&tree, start, "sys/firmware/memmap/%u/start", index);
	tree_put(&tree, end, "sys/firmware/memmap/%u/end", index);
	tree_put(&tree, type, "sys/firmware/memmap/%u/type", index);
}

/* Zeros are shown to those who may not see: nothing is known then but what the
 * firmware said. */
START_TEST(hidden_owners)
{
	static const char *const hidden[] = {
		NULL, "",
		"00000000-00000000 : Reserved\n"
		"00000000-00000000 : System RAM\n"
		"  00000000-00000000 : Kernel code\n"};

	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		const struct iomem *iomem;

		look_again();
		if (hidden[i])
			tree_put(&tree, hidden[i], "proc/iomem");
		expect_no_error(machine_iomem(&machine, &iomem), "iomem");
		ck_assert(!iomem->visible);
		ck_assert_ptr_null(iomem_owner(iomem, 0));
		ck_assert_int_eq(iomem_is_ram(iomem, &machine.root, 0),
				 RAM_UNKNOWN);
	}
}
END_TEST

START_TEST(memory_by_the_firmware)
{
	static const struct {
		uint64_t address;
		enum ram_answer ram;
	} cases[] = {
		{0, RAM_YES},         {0x9fbff, RAM_YES},
		{0x9fc00, RAM_NO},    {0xfe000000, RAM_NO},
		{0x100000, RAM_YES},  {0x7fffffff, RAM_YES},
		{0x80000000, RAM_NO}, {UINT64_MAX, RAM_NO},
	};
	const struct iomem *iomem;

	put_firmware(0, "0x0\n", "0x9fbff\n", "System RAM\n");
	put_firmware(1, "0x9fc00\n", "0x9ffff\n", "Reserved\n");
	put_firmware(10, "0x100000\n", "0x7fffffff\n", "System RAM\n");
	put_firmware(2, "garbage\n", "0xffffffff\n", "System RAM\n");
	tree_put(&tree, "", "sys/firmware/memmap/empty/uevent");
	expect_no_error(machine_iomem(&machine, &iomem), "iomem");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_msg(iomem_is_ram(iomem, &machine.root,
					   cases[i].address) == cases[i].ram,
			      "%#" PRIx64, cases[i].address);
}
END_TEST

static const struct {
	const char *enable, *power, *runtime; /* NULL: no such file */
	bool enabled;
	const char *problem; /* a part of it; NULL: none */
} states[] = {
	{"1\n", "D0\n", "active\n", true, NULL},
	{"2\n", "D0\n", "active\n", true, NULL},
	{NULL, NULL, NULL, true, NULL},
	{"1\n", "unknown\n", "unsupported\n", true, NULL},
	{"1\n", "error\n", "error\n", true, NULL},
	{"1\n", "D0\n", "resuming\n", true, NULL},
	{"garbage\n", "D0\n", "active\n", true, NULL},
	{"0\n", "D0\n", "active\n", false, "not enabled"},
	{"0\n", "D3hot\n", "suspended\n", false, "not enabled"},
	{"1\n", "D1\n", "active\n", true, "low-power"},
	{"1\n", "D2\n", "active\n", true, "low-power"},
	{"1\n", "D3hot\n", "active\n", true, "low-power"},
	{"1\n", "D3cold\n", "suspended\n", true, "low-power"},
	{"1\n", "D0\n", "suspended\n", true, "suspended"},
	{"1\n", "D0\n", "suspending\n", true, "suspended"},
	{NULL, NULL, "suspended\n", true, "suspended"},
};

static void put_or_remove(const char *text, const char *path)
{
	tree_remove(&tree, path);
	if (text)
		tree_put(&tree, text, "%s", path);
}

START_TEST(states_of_devices)
{
	static const char folder[] = "sys/bus/pci/devices/0000:03:00.0";
	struct device_state state;

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		put_or_remove(states[i].enable,
			      "sys/bus/pci/devices/0000:03:00.0/enable");
		put_or_remove(states[i].power,
			      "sys/bus/pci/devices/0000:03:00.0/power_state");
		put_or_remove(states[i].runtime,
			      "sys/bus/pci/devices/0000:03:00.0/power/"
			      "runtime_status");
		device_state_read(&machine.root, folder, &state);
		ck_assert(state.known);
		ck_assert_msg(state.enabled == states[i].enabled, "%zu", i);
		ck_assert_msg(has_text(state.problem, states[i].problem),
			      "%zu: %s", i, state.problem);
		ck_assert(!state.help == !state.problem);
		ck_assert(!state.power_state == !states[i].power);
		ck_assert(!state.runtime_status == !states[i].runtime);
		device_state_deinit(&state);
	}
}
END_TEST

START_TEST(states_of_no_device)
{
	struct device_state state;

	device_state_read(&machine.root, NULL, &state);
	ck_assert(!state.known && state.enabled);
	ck_assert_ptr_null(state.problem);
	device_state_deinit(&state);
	device_state_read(&machine.root, "sys/bus/pci/devices/0000:09:00.0",
			  &state);
	ck_assert(!state.known);
	ck_assert(has_text(state.problem, "gone"));
	ck_assert_ptr_nonnull(state.help);
	device_state_deinit(&state);
}
END_TEST

START_TEST(kernels)
{
	static const struct {
		const char *uname, *architecture;
		unsigned major, minor;
	} cases[] = {
		{"x86_64 6.1.0-32-amd64\n", "x86_64", 6, 1},
		{"aarch64 5.10.262\n", "aarch64", 5, 10},
		{"riscv64 7.2-rc3\n", "riscv64", 7, 2},
		{"ppc64le 6.12.0+ extra words\n", "ppc64le", 6, 12},
		{"armv7l nonsense\n", "armv7l", 0, 0},
		{"x86_64 6\n", "x86_64", 0, 0},
	};
	struct machine ours;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tree_put(&tree, cases[i].uname, "uname");
		look_again();
		ck_assert_str_eq(machine.architecture, cases[i].architecture);
		ck_assert_uint_eq(machine.major, cases[i].major);
		ck_assert_uint_eq(machine.minor, cases[i].minor);
		ck_assert(!machine.encrypted_guest);
	}
	tree_remove(&tree, "uname");
	expect_no_error(machine_init(&ours, tree.path), "ours");
	ck_assert_uint_gt(ours.major, 0);
	ck_assert_uint_eq(ours.page_size, (uint64_t)sysconf(_SC_PAGESIZE));
	machine_deinit(&ours);
}
END_TEST

/* A host has "sev", too: only under a hypervisor is it a guest's. */
START_TEST(encrypted_guests)
{
	static const struct {
		const char *flags;
		bool encrypted;
	} cases[] = {
		{"fpu vme tdx_guest nx", true},
		{"fpu hypervisor sev nx", true},
		{"fpu sev nx hypervisor", true},
		{"hypervisor sev_es", true},
		{"hypervisor sev_snp", true},
		{"fpu sev sev_es nx", false},
		{"fpu hypervisor nx", false},
		{"hypervisor sevx xsev tdx_guestx xtdx_guest", false},
		{"hypervisorx sev", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			 "processor\t: 0\nmodel name\t: tdx_guest sev\n"
			 "flags\t\t: %s\nbugs\t\t: tdx_guest\n",
			 cases[i].flags);
		tree_put(&tree, text, "proc/cpuinfo");
		look_again();
		ck_assert_msg(machine.encrypted_guest == cases[i].encrypted,
			      "%s", cases[i].flags);
	}
}
END_TEST

START_TEST(names_of_classes)
{
	ck_assert_str_eq(mapping_class_name(CLASS_REGISTER), "register");
	ck_assert_str_eq(mapping_class_name(CLASS_BUFFER), "buffer");
	ck_assert_str_eq(mapping_class_name(CLASS_MEMORY), "memory");
	ck_assert_str_eq(access_method_name(METHOD_GENERIC), "generic");
	ck_assert_str_eq(access_method_name(METHOD_DRIVER), "driver");
	ck_assert_str_eq(access_method_name(METHOD_PAGES), "pages");
	ck_assert_str_eq(access_method_name(METHOD_NONE), "none");
	ck_assert_str_eq(access_method_name(METHOD_UNKNOWN), "unknown");
	ck_assert_str_eq(access_method_name(METHOD_UNSAFE), "unsafe");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		one_mapping,
		no_device,
		without_flags,
		without_smaps,
		uio_pieces,
		vfio_of_one_group,
		vfio_of_several,
		vfio_of_a_group_of_two,
		vfio_of_a_node,
		stand_in,
		stand_in_for_a_device,
		candidates,
		found_by_address,
		pci_by_address,
		bars_without_an_address,
		pci_devices,
		no_pci,
		pci_names,
		memory_types,
		owners_of_addresses,
		hidden_owners,
		memory_by_the_firmware,
		states_of_devices,
		states_of_no_device,
		kernels,
		encrypted_guests,
		names_of_classes,
	};

	return run_suite(suite_of("device", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
