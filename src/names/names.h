/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the target's symbols and types, from ELF and DWARF. Gets descriptors
 * and bytes (source.h), gives plain data: nothing of libelf or libdw leaves it.
 * It reads no memory of the target; whoever asks follows the pointers.
 *
 * Modules are opened, and their DWARF is indexed, when a question needs them;
 * what was found is kept.
 */
#ifndef MMIODBG_NAMES_NAMES_H
#define MMIODBG_NAMES_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "names/source.h"
#include "names/type.h"

struct error;
struct names;

/* What a name means. Its texts live as long as the `struct names`. */
struct symbol {
	const char *name;
	const char *scope;  /* that selects it: "e1000.c", "init"; or NULL */
	const char *module; /* path */
	const char *unit;   /* source file whose code it is in, or NULL */
	const char *file;   /* where it is declared, or NULL */
	unsigned line;      /* 0: not known */
	bool is_function;   /* code, not an object */
	bool is_local;      /* stands in a function */
	bool is_global;     /* other modules may mean it, too */
	bool has_address;
	uint64_t address; /* in the target */
	bool has_size;
	uint64_t size;       /* bytes, as the symbol table has it */
	bool has_type;       /* else no DWARF tells it */
	type_id type;        /* NO_TYPE with has_type: void */
	const char *problem; /* why it has no address, or NULL */
	const char *no_type; /* why it has no type, or NULL */
};

/*
 * Questions end with ERROR_INTERRUPTED at a signal (base/interrupt.h), and at
 * this time of clock_now(); 0: never. With such a limit no server is asked.
 * What was indexed by then stays, and the next question goes on from there once
 * this was called again.
 */
void names_limit(struct names *names, uint64_t deadline)
	__attribute__((nonnull));
/* Whether a question was stopped since then. */
bool names_are_stopped(const struct names *names) __attribute__((nonnull));

/* Takes the source over, in any case. */
struct error *names_create(struct name_source *source, struct names **ret)
	__attribute__((nonnull, warn_unused_result));
/* Legal on NULL. */
void names_destroy(struct names *names);

/*
 * Finds the one object that `[SCOPE::]NAME` means. A scope is a module, a
 * source file, a function, a namespace or class; NAME may have "::" in it, too.
 * Without one, the program itself goes before its libraries, and what has file
 * scope before what stands in a function. ERROR_USAGE with the candidates if
 * there are several; ERROR_NO_NAME with the nearest if there is none, or one
 * that has no address, with the reason.
 */
struct error *names_find(struct names *names, const char *scope,
			 const char *name, struct symbol *ret)
	__attribute__((nonnull(1, 3, 4), warn_unused_result));

/*
 * All that the name may mean, those without an address too; nothing is no
 * error. The caller frees the array.
 */
struct error *names_find_all(struct names *names, const char *scope,
			     const char *name, struct symbol **ret,
			     size_t *ret_count)
	__attribute__((nonnull(1, 3, 4, 5), warn_unused_result));

/*
 * All variables with an address and a type, of all modules that have DWARF:
 * global ones, those of files and those of functions. The caller frees. With
 * `only` not NULL, of modules that it names alone.
 */
struct error *names_variables(struct names *names, const char *only,
			      struct symbol **ret, size_t *ret_count)
	__attribute__((nonnull(1, 3, 4), warn_unused_result));

/*
 * Calls `each` for names that one which is begun may become: of objects, and
 * without a `scope` also of scopes that have some. It is given what stands
 * behind `scope`. Those of the program come, if it has none those of its
 * libraries; some come more than once, and if the question is stopped, not all.
 */
typedef void names_each_fn(void *data, const char *name, bool is_scope);
struct error *names_list(struct names *names, const char *scope,
			 const char *begun, names_each_fn *each, void *data)
	__attribute__((nonnull(1, 3, 4), warn_unused_result));

/* The same for types as names_find_type() takes them, without a scope: "struct
 * regs", "regs_t". `is_scope` is never set. */
struct error *names_list_types(struct names *names, const char *begun,
			       names_each_fn *each, void *data)
	__attribute__((nonnull(1, 2, 3), warn_unused_result));

/*
 * The type that C would write so: "struct regs", "union u", "enum e",
 * "uint32_t", "unsigned int", with "SCOPE::" before it and "*" or "[N]" behind
 * it. Errors as names_find().
 */
struct error *names_find_type(struct names *names, const char *text,
			      type_id *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * The type of a number, with aliases passed over; for a struct that is only
 * declared where it was met, the definition of its name if there is exactly
 * one. Lives as long as `names`. NO_TYPE is an error.
 */
struct error *names_type(struct names *names, type_id id,
			 const struct type **ret)
	__attribute__((nonnull, warn_unused_result));
/* The same, with its aliases and declarations. */
struct error *names_type_as_written(struct names *names, type_id id,
				    const struct type **ret)
	__attribute__((nonnull, warn_unused_result));

/* A type as C writes it: "volatile struct regs *", "uint32_t [4]"; "void" for
 * NO_TYPE. The caller frees; NULL when memory runs out. */
char *names_spell(struct names *names, type_id id)
	__attribute__((nonnull, warn_unused_result));

DEFINE_CLEANUP(name_table, struct names, names_destroy)
#define cleanup_name_table cleanup_with(name_table_cleanup_)

#endif
