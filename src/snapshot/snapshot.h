/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot: what registers had at a time, and of which device they are. Plain
 * data; man/mmiodbg-snapshot.5 describes the file that it is kept in.
 */
#ifndef MMIODBG_SNAPSHOT_SNAPSHOT_H
#define MMIODBG_SNAPSHOT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "plan/layout.h"

struct error;

/* The version of the file that is written, and the only one that is read. */
enum { SNAPSHOT_VERSION = 1 };

/* How much a snapshot may hold: registers, and bytes of its file. */
#define SNAPSHOT_MOST_REGISTERS 262144
#define SNAPSHOT_MOST_BYTES     (UINT64_C(256) << 20)

/* No device, no type. */
#define SNAPSHOT_NONE SIZE_MAX

/* The part of a device that registers are in. */
struct snapshot_device {
	char *region;  /* as "@" takes it; a BAR of PCI, where that is known */
	char *kind;    /* of the mapping: "uio" */
	char *class;   /* "register", "buffer" */
	uint64_t size; /* of the region, bytes; 0: unknown */
	char *pci;     /* "0000:03:00.0", or NULL */
	bool has_bar;
	unsigned bar;
	bool has_id;
	uint64_t vendor, device; /* of PCI */
	char *driver;            /* that was bound, or NULL */
	bool has_physical;
	uint64_t physical; /* of the region's first byte */
};

/* What values mean. The names in it and the enumerators are the snapshot's own;
 * the view has no label. */
struct snapshot_type {
	struct view view;
};

struct snapshot_register {
	char *name;    /* as `read` and `diff` call it; no two have the same */
	size_t device; /* of the snapshot; SNAPSHOT_NONE: ordinary memory */
	bool has_offset;
	uint64_t offset; /* in the device's region */
	char *location;  /* without an offset: one for this register alone */
	unsigned width;  /* bits of the value */
	bool is_big;     /* the order of its bytes */
	bool halves;     /* 64 bits that are read as two of 32 */
	bool has_bits;   /* bits high to low of it are what is meant */
	unsigned high, low;
	size_t type; /* of all of it, or of its bits; SNAPSHOT_NONE */
	bool known;
	uint64_t value;                   /* whole, if it is known */
	bool suspect;                     /* all ones of a device's register */
	char *error_kind, *error_message; /* why it is not known */
};

struct snapshot {
	char *program; /* the version of mmiodbg that made it */
	char *created; /* RFC 3339, UTC */
	uint64_t pid;
	char *process, *machine;
	struct snapshot_device *devices;
	size_t n_devices, devices_capacity;
	struct snapshot_type *types;
	size_t n_types, types_capacity;
	struct snapshot_register *registers;
	size_t n_registers, registers_capacity;
};

void snapshot_deinit(struct snapshot *snapshot);
void snapshot_device_deinit(struct snapshot_device *device);
void snapshot_type_deinit(struct snapshot_type *type);
void snapshot_register_deinit(struct snapshot_register *one);

/* Adds one, which is taken over, in any case; or finds the same one. */
struct error *snapshot_add_device(struct snapshot *snapshot,
				  struct snapshot_device *device, size_t *ret)
	__attribute__((nonnull, warn_unused_result));
struct error *snapshot_add_type(struct snapshot *snapshot,
				struct snapshot_type *type, size_t *ret)
	__attribute__((nonnull, warn_unused_result));

/* Adds one, which is taken over, in any case. */
struct error *snapshot_add_register(struct snapshot *snapshot,
				    struct snapshot_register *one)
	__attribute__((nonnull, warn_unused_result));

/* Two registers of which a snapshot may have but one, in its order. */
struct snapshot_twins {
	const struct snapshot_register *first,
		*second; /* NULL: there are none */
};

/*
 * Two that have the same name, or the same bits of a device: then `restore`
 * would write these twice. Those that are in the same bytes with another width,
 * or not all of them, are twins, too: a write is of all bytes of a register.
 * Of what has no offset only names are compared. Devices have to be those of
 * the snapshot. Memory may run out: then there is an error.
 */
struct error *snapshot_find_twins(const struct snapshot *snapshot,
				  struct snapshot_twins *ret)
	__attribute__((nonnull, warn_unused_result));

/* What of a register is meant: its bits, or all of it. */
uint64_t snapshot_mask(const struct snapshot_register *one)
	__attribute__((nonnull));
unsigned snapshot_shown_bits(const struct snapshot_register *one)
	__attribute__((nonnull));
uint64_t snapshot_shown(const struct snapshot_register *one, uint64_t value)
	__attribute__((nonnull));

/* What its value means; NULL: no more than the number says. */
const struct view *snapshot_view(const struct snapshot *snapshot,
				 const struct snapshot_register *one)
	__attribute__((nonnull));

/* The name of a kind of type in the file: "enum". */
const char *snapshot_kind_name(const struct scalar *scalar)
	__attribute__((nonnull, returns_nonnull));
/* The other way round. False: there is no such kind. */
bool snapshot_kind_find(const char *name, struct scalar *ret)
	__attribute__((nonnull));

/*
 * Reads a file. `name` stands in errors, which are ERROR_USAGE: no byte of a
 * snapshot is believed before all of it has been read and checked.
 * snapshot_deinit() releases `*ret`.
 */
struct error *snapshot_read(FILE *stream, const char *name,
			    struct snapshot *ret)
	__attribute__((nonnull, warn_unused_result));

/* Writes it; the stream tells whether that went well. */
void snapshot_write(const struct snapshot *snapshot, FILE *stream)
	__attribute__((nonnull));

#define cleanup_snapshot cleanup_with(snapshot_deinit)

#endif
