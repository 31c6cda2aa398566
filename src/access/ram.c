/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access/ram.h"

#include "base/error.h"
#include "target/machine.h"
#include "target/session.h"

struct error *ram_check(const struct session *session, const struct site *site,
			bool maps)
{
	const struct device_mapping *device = site->device;
	struct machine *machine = session->machine;
	const struct iomem *iomem;
	uint64_t physical, panics = 0;
	struct error *error;
	enum ram_answer answer;
	const char *name;
	uint64_t offset;
	unsigned bar;

	if (!device->has_physical)
		return NULL;
	error = machine_iomem(machine, &iomem);
	if (error)
		return error;
	physical = device->physical + (site->address - device->mapping.start);
	answer = iomem_is_ram(iomem, &machine->root, physical);
	if (answer == RAM_YES)
		return error_create(ERROR_UNSAFE, 0,
				    "physical address %#llx is System RAM, "
				    "and no device",
				    (unsigned long long)physical);
	if (maps && answer == RAM_UNKNOWN &&
	    !device_pci_at(machine, device, site->address, &name, &bar,
			   &offset) &&
	    file_number(machine->root.fd, &panics,
			"proc/sys/kernel/panic_on_warn") &&
	    panics)
		return error_help(
			error_create(ERROR_UNSAFE, 0,
				     "physical address %#llx may be System "
				     "RAM, and panic_on_warn is set",
				     (unsigned long long)physical),
			"run as root, to see /proc/iomem");
	return NULL;
}
