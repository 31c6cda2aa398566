/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access/evidence.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "target/machine.h"
#include "target/session.h"
#include "target/state.h"

/* What is looked at, and where it is written down. */
struct look {
	struct session *session;
	struct machine *machine;
	const struct site *site;
	const struct device_mapping *device;
	bool write;   /* that is what failed */
	char *folder; /* of the device in sysfs, or NULL */
	struct evidence *evidence;
};

static void add(const struct look *look, enum sign sign, const char *help,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What finds no memory is left out. */
static void add(const struct look *look, enum sign sign, const char *help,
		const char *format, ...)
{
	struct evidence *evidence = look->evidence;
	char *text = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if (!list_grow(&evidence->items, evidence->count, &evidence->capacity,
		       sizeof(*evidence->items))) {
		free(text);
		return;
	}
	evidence->items[evidence->count++] = (struct evidence_item){
		.text = text,
		.help = help,
		.sign = sign,
	};
	evidence->has[sign] = true;
}

static const char map_again[] = "the target has to map the device again";
static const char let_go[] = "once that driver has let go, the target has to "
			     "map the device again";

/* Whether a driver that claims the region takes it from such a mapping. */
static bool is_claimable(const struct look *look)
{
	uint64_t since = look->device->kind->claimable_since;

	return since && machine_version(look->machine) >= since;
}

static void look_at_method(const struct look *look)
{
	static const struct {
		enum sign sign;
		const char *text;
	} methods[] = {
		[METHOD_GENERIC] = {SIGN_METHOD,
				    "such mappings have the kernel's generic "
				    "access method"},
		[METHOD_DRIVER] = {SIGN_NONE, "the driver has an access method "
					      "of its own, which may not "
					      "reach all of its buffers"},
		[METHOD_PAGES] = {SIGN_METHOD,
				  "this is a mapping of pages of a file or of "
				  "ordinary memory"},
		[METHOD_NONE] = {SIGN_NONE, "such mappings have no access "
					    "method"},
		[METHOD_UNKNOWN] = {SIGN_NONE, "whether the driver offers an "
					       "access method is not known"},
		[METHOD_UNSAFE] = {SIGN_NONE, "the driver's access method is "
					      "not used"},
	};

	add(look, methods[look->device->method].sign, NULL, "%s",
	    methods[look->device->method].text);
}

/* Who leaves the pages where they are when a device or its node goes: UIO and
 * /dev/mem (KERNEL.md section 4; seen with the latter), and procfs. */
static bool keeps_pages(const struct look *look)
{
	const struct device_mapping *device = look->device;

	return device->region.kind == REGION_UIO ||
	       device->region.kind == REGION_MEM ||
	       text_starts(device->mapping.path, "/proc/", NULL);
}

/* What it says that the device has left sysfs: sysfs lets only the target go
 * on, and a folder that was never there may just be hidden. */
static enum sign sign_of_removal(const struct look *look)
{
	const struct device_mapping *device = look->device;

	if (keeps_pages(look))
		return SIGN_NONE;
	if (device->had_folder)
		return SIGN_TAKEN;
	return device->region.kind == REGION_PCI &&
			       faccessat(look->machine->root.fd,
					 "sys/bus/pci/devices", F_OK, 0) == 0
		       ? SIGN_TAKEN
		       : SIGN_NONE;
}

static void look_at_sysfs(const struct look *look)
{
	cleanup_device_state struct device_state state = {0};

	if (look->folder) {
		device_state_read(&look->machine->root, look->folder, &state);
		if (!state.known)
			add(look, sign_of_removal(look), state.help, "%s",
			    state.problem);
		else
			add(look, SIGN_NONE, NULL, "the device is in sysfs%s%s",
			    state.problem ? "; " : "",
			    state.problem ? state.problem : "");
	}
	if (look->device->problem)
		add(look, look->device->moved ? SIGN_TAKEN_IF : SIGN_NONE,
		    map_again, "%s", look->device->problem);
}

static void look_at_node(const struct look *look)
{
	if (look->device->had_node &&
	    !device_node_is(look->machine, look->device))
		add(look, keeps_pages(look) ? SIGN_NONE : SIGN_TAKEN_IF,
		    "the target has to open and map the device again",
		    "%s is gone, or another one, since this was looked up",
		    look->device->mapping.path);
}

/* A resource that is only there because the device is: of the bus, the device,
 * or the firmware. */
static bool is_structure(const struct look *look, const char *owner)
{
	return pci_is_name(owner) || text_starts(owner, "PCI ", NULL) ||
	       (look->device->pci && strcmp(owner, look->device->pci) == 0);
}

/* Of a range that a driver has: a claim since the session began, or one at all
 * of a device's memory, which nobody could map before the claim and keep. */
static enum sign sign_of_owner(const struct look *look, bool since)
{
	const char *name;
	uint64_t offset;
	unsigned bar;

	if (!is_claimable(look))
		return SIGN_NONE;
	return since || device_pci_at(look->machine, look->device,
				      look->site->address, &name, &bar, &offset)
		       ? SIGN_CLAIMED
		       : SIGN_NONE;
}

/* Whether the owner of a range was another one when it was first asked for. */
static bool is_new(const struct look *look, uint64_t physical,
		   const struct iomem_range *now)
{
	const struct machine *machine = look->machine;
	const char *before;

	if (!machine->has_iomem || !machine->iomem.visible)
		return false;
	before = iomem_owner(&machine->iomem, physical);
	return !before || strcmp(before, now->name) != 0;
}

static void look_at_owner(const struct look *look)
{
	const struct device_mapping *device = look->device;
	uint64_t physical = device->physical +
			    (look->site->address - device->mapping.start);
	cleanup_iomem struct iomem now = {0};
	const struct iomem_range *range;
	struct error *error;
	bool since;

	if (!device->has_physical)
		return;
	error = iomem_read(&look->machine->root, &now);
	if (error || !now.visible) {
		error_destroy(error);
		add(look, SIGN_NONE, NULL,
		    "who owns the physical memory is unknown: /proc/iomem is "
		    "hidden from us");
		return;
	}
	range = iomem_find(&now, physical);
	if (!range || is_structure(look, range->name)) {
		add(look, SIGN_NONE, NULL,
		    "no driver owns the physical memory (/proc/iomem)");
		return;
	}
	since = is_new(look, physical, range);
	add(look, sign_of_owner(look, since), let_go,
	    "%s owns physical memory 0x%" PRIx64 "-0x%" PRIx64
	    " (/proc/iomem)%s",
	    range->name, range->start, range->end,
	    since ? ", and did not before" : "");
}

/* Which driver was bound when the session began. */
static const char *driver_before(const struct look *look)
{
	const char *name = strrchr(look->folder, '/');
	const struct pci_device *pci;
	const struct pci_list *list;

	if (look->device->region.kind != REGION_MEM)
		return look->device->driver;
	error_destroy(machine_pci(look->machine, &list));
	if (!look->machine->has_pci || !name)
		return NULL;
	pci = pci_find(&look->machine->pci, name + 1);
	return pci ? pci->driver : NULL;
}

static void look_at_driver(const struct look *look)
{
	cleanup_free char *now = NULL;
	const char *before;

	if (!look->folder)
		return;
	now = link_basename(look->machine->root.fd, "%s/driver", look->folder);
	before = driver_before(look);
	if (!now && before)
		add(look, SIGN_NONE, NULL, "driver %s is not bound any more",
		    before);
	else if (!now)
		add(look, SIGN_NONE, NULL, "no driver is bound");
	else if (before && strcmp(before, now) == 0)
		add(look, SIGN_NONE, NULL, "driver %s is bound", now);
	else
		add(look, is_claimable(look) ? SIGN_CLAIMED : SIGN_NONE, let_go,
		    "driver %s is bound now, and was not before", now);
}

/*
 * x86 marks a mapping that was populated whole with VM_PAT ("ar"), and clears
 * that when pages of it are zapped (untrack_pfn, arch/x86/mm/pat/memtype.c);
 * pieces of a mapping that was split keep it. Observed on 5.10, 6.1 and 6.12;
 * on 7.2 there is no such mark.
 */
static bool marks_populated(const struct machine *machine)
{
	return strcmp(machine->architecture, "x86_64") == 0 &&
	       machine_version(machine) >= KERNEL_VERSION(5, 10, 0) &&
	       machine_version(machine) < KERNEL_VERSION(6, 13, 0);
}

static void look_at_flags(const struct look *look)
{
	const struct device_mapping *device = look->device;
	cleanup_free char *now =
		session_flags(look->session, look->site->address);
	bool marks = marks_populated(look->machine);

	if (!now)
		return;
	if (!device->kind->claimable_since)
		add(look, SIGN_NONE, NULL, "VmFlags: %s", now);
	else if (text_has_word(now, "ar"))
		add(look, marks ? SIGN_THERE : SIGN_NONE, NULL, "VmFlags: %s",
		    now);
	else if (mapping_has_flag(&device->mapping, "ar"))
		add(look, SIGN_TAKEN_IF, map_again,
		    "VmFlags have lost `ar`, as when pages are taken away: %s",
		    now);
	else if (marks)
		add(look, SIGN_TAKEN_IF, map_again,
		    "VmFlags lack `ar`, as when pages were taken away: %s",
		    now);
	else
		add(look, SIGN_NONE, NULL, "VmFlags: %s", now);
}

static void look_at_history(const struct look *look)
{
	const struct history *history = &look->session->history;
	const struct mapping *mapping = look->site->mapping;
	const struct history_page *page =
		history_find(history, look->site->address);
	enum sign sign = look->write ? SIGN_WORKED : SIGN_TAKEN;

	/* A buffer may be where its method does not reach. */
	if (look->device->method == METHOD_DRIVER)
		sign = SIGN_NONE;
	if (page)
		add(look, sign, "--retry TIME waits longer for it to come back",
		    "%s of this page worked earlier in this session",
		    page->read ? "a read" : "a write");
	else if (history_other(history, mapping->start, mapping->end,
			       look->site->address))
		add(look, SIGN_METHOD, NULL,
		    "another page of the mapping worked earlier in this "
		    "session");
}

void evidence_collect(struct session *session, const struct site *site,
		      bool write, struct evidence *ret)
{
	static void (*const looks[])(const struct look *) = {
		look_at_method, look_at_sysfs, look_at_owner,   look_at_driver,
		look_at_node,   look_at_flags, look_at_history,
	};
	cleanup_free char *folder = NULL;
	struct look look = {
		.session = session,
		.machine = session->machine,
		.site = site,
		.device = site->device,
		.write = write,
		.evidence = ret,
	};

	*ret = (struct evidence){0};
	if (!site->device)
		return;
	error_destroy(device_folder_at(look.machine, look.device, site->address,
				       &folder));
	look.folder = folder;
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		looks[i](&look);
}

static bool is_cause(const struct evidence *evidence, enum sign sign)
{
	bool method = evidence->has[SIGN_METHOD] ||
		      evidence->has[SIGN_WORKED] || evidence->has[SIGN_TAKEN];

	return sign == SIGN_TAKEN || (sign == SIGN_TAKEN_IF && method) ||
	       (sign == SIGN_CLAIMED && method && !evidence->has[SIGN_THERE]);
}

const struct evidence_item *evidence_cause(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->count; i++)
		if (is_cause(evidence, evidence->items[i].sign))
			return &evidence->items[i];
	return NULL;
}

void evidence_deinit(struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->count; i++)
		free(evidence->items[i].text);
	free(evidence->items);
	*evidence = (struct evidence){0};
}
