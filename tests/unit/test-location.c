/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar of locations: what is right and the tree it makes, what is wrong
 * and the place and the text of the error, and what holds for every input.
 */
#include <check.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/location.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

/* Rows of the running test that came out wrong; the test fails at its end. */
static unsigned failures;

static void fail_row(const char *input, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void fail_row(const char *input, const char *format, ...)
{
	cleanup_free char *shown = text_escape(input, strnlen(input, 200));
	va_list arguments;

	failures++;
	printf("# '%s': ", shown ? shown : "");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

static void end_rows(void)
{
	unsigned count = failures;

	failures = 0;
	ck_assert_uint_eq(count, 0);
}

/* The same numbers in every run. */
static uint64_t random_state;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* A tree as text, for comparison. */

static void show_region(FILE *out, const struct region_name *region)
{
	static const char *const kinds[] = {
		[REGION_INDEX] = "index", [REGION_PCI] = "pci",
		[REGION_UIO] = "uio",     [REGION_VFIO] = "vfio",
		[REGION_MEM] = "mem",     [REGION_HPET] = "hpet",
		[REGION_DRI] = "dri",     [REGION_FILE] = "file",
	};

	fprintf(out, "%s", kinds[region->kind]);
	if (region->kind == REGION_PCI)
		fprintf(out, " %x:%x:%x.%x", region->domain, region->bus,
			region->device, region->function);
	else
		fprintf(out, " %llu", (unsigned long long)region->number);
	if (region->name)
		fprintf(out, " '%s'", region->name);
	if (region->has_part)
		fprintf(out, " part %llu", (unsigned long long)region->part);
	else if (region->part)
		fprintf(out, " PART");
}

static void show_expression(FILE *out, const struct name_expression *expression)
{
	if (expression->scope)
		fprintf(out, "{%s}", expression->scope);
	fprintf(out, "%s", expression->name);
	for (size_t i = 0; i < expression->n_steps; i++) {
		const struct name_step *step = &expression->steps[i];

		if (step->kind == STEP_MEMBER)
			fprintf(out, " member %s", step->name);
		else
			fprintf(out, " %s %llu",
				step->kind == STEP_NUMBER ? "number" : "index",
				(unsigned long long)step->number);
	}
}

static void show_place(FILE *out, const struct place *place)
{
	static const char *const kinds[] = {
		[BASE_ADDRESS] = "address",   [BASE_PHYSICAL] = "physical",
		[BASE_REGION] = "region",     [BASE_POINTER] = "pointer",
		[BASE_VARIABLE] = "variable", [BASE_REGISTER] = "register",
		[BASE_NAME] = "name",
	};

	fprintf(out, "%s ", kinds[place->kind]);
	if (place->kind == BASE_REGION)
		show_region(out, &place->region);
	else if (place->kind >= BASE_POINTER)
		show_expression(out, &place->expression);
	else
		fprintf(out, "0x%llx", (unsigned long long)place->number);
	if (place->has_offset)
		fprintf(out, " offset %s0x%llx",
			place->offset_negative ? "-" : "+",
			(unsigned long long)place->offset);
}

static void show_bits(FILE *out, const struct bits *bits)
{
	if (bits->kind == BITS_RANGE)
		fprintf(out, " bits %u:%u", bits->high, bits->low);
	else if (bits->kind == BITS_FIELD)
		fprintf(out, " field %s", bits->field);
}

static void show_value(FILE *out, const struct value *value)
{
	if (value->kind == VALUE_NAME)
		fprintf(out, " = %s", value->name);
	else if (value->kind == VALUE_NUMBER)
		fprintf(out, " = %s0x%llx", value->negative ? "-" : "",
			(unsigned long long)value->number);
}

static char *show(const struct location *location)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	show_place(out, &location->start);
	if (location->range == RANGE_LENGTH)
		fprintf(out, " length 0x%llx",
			(unsigned long long)location->length);
	if (location->range == RANGE_END) {
		fprintf(out, " end ");
		show_place(out, &location->end);
	}
	if (location->width.bits)
		fprintf(out, " width %s", width_name(&location->width));
	show_bits(out, &location->bits);
	show_value(out, &location->value);
	if (location->has_mask)
		fprintf(out, " mask 0x%llx",
			(unsigned long long)location->mask);
	for (size_t i = 0; i < location->n_more; i++) {
		fprintf(out, " and");
		show_bits(out, &location->more[i].bits);
		show_value(out, &location->more[i].value);
	}
	fclose(out);
	return text;
}

static const struct {
	const char *input, *tree;
} right[] = {
	/* addresses */
	{"0", "address 0x0"},
	{"0x7f0000001000", "address 0x7f0000001000"},
	{"4096", "address 0x1000"},
	{"0d4096", "address 0x1000"},
	{"0D16", "address 0x10"},
	{"0b1000", "address 0x8"},
	{"0B11", "address 0x3"},
	{"0X1f", "address 0x1f"},
	{"0xDEADbeef", "address 0xdeadbeef"},
	{"0x7f00_0000_1000", "address 0x7f0000001000"},
	{"1_000", "address 0x3e8"},
	{"18446744073709551615", "address 0xffffffffffffffff"},
	{"0xffffffffffffffff", "address 0xffffffffffffffff"},
	{"0x1000+0x10", "address 0x1000 offset +0x10"},
	{"0x1000+8", "address 0x1000 offset +0x8"},
	{"0x1000+0d40", "address 0x1000 offset +0x28"},
	{"0x1000+0b10", "address 0x1000 offset +0x2"},
	{"0x1000-0x10", "address 0x1000 offset -0x10"},
	{"0x1000+0x10-4", "address 0x1000 offset +0xc"},
	{"0x1000+4-0x10", "address 0x1000 offset -0xc"},
	{"0x1000+4-4", "address 0x1000 offset +0x0"},
	{"0x1000-4+4", "address 0x1000 offset +0x0"},
	{"0x1000-4+6", "address 0x1000 offset +0x2"},
	{"0x1000+0", "address 0x1000 offset +0x0"},
	{"0x1000-0", "address 0x1000 offset +0x0"},
	{"0x1000-0+4", "address 0x1000 offset +0x4"},
	{"0x1000-0x1000", "address 0x1000 offset -0x1000"},
	{"0+0xffffffffffffffff", "address 0x0 offset +0xffffffffffffffff"},
	{"0x1000/32", "address 0x1000 width 32"},
	{"0x1000.7", "address 0x1000 bits 7:7"},
	{"0x1000.7:4", "address 0x1000 bits 7:4"},
	{"0x1000.mode", "address 0x1000 field mode"},
	{"0x1000=1", "address 0x1000 = 0x1"},
	/* physical addresses */
	{"phys:0xfea00000", "physical 0xfea00000"},
	{"phys:0xfea00000+0x10/64le.63:32=3",
	 "physical 0xfea00000 offset +0x10 width 64le bits 63:32 = 0x3"},
	{"phys:4096", "physical 0x1000"},
	{"phys:0x1000.ctrl", "physical 0x1000 field ctrl"},
	{"phys:0x1000..+0x10", "physical 0x1000 length 0x10"},
	{"phys:0x1000..phys:0x1010", "physical 0x1000 end physical 0x1010"},
	/* regions */
	{"@0", "region index 0"},
	{"@3", "region index 3"},
	{"@3+0x8", "region index 3 offset +0x8"},
	{"@12.3", "region index 12 bits 3:3"},
	{"@12/16", "region index 12 width 16"},
	{"@18446744073709551615", "region index 18446744073709551615"},
	{"@03:00.0/bar0", "region pci 0:3:0.0 part 0"},
	{"@03:00.0/bar0+0x8", "region pci 0:3:0.0 part 0 offset +0x8"},
	{"@03:00.0/bar5/64.7:4=3",
	 "region pci 0:3:0.0 part 5 width 64 bits 7:4 = 0x3"},
	{"@0000:03:00.0/bar2", "region pci 0:3:0.0 part 2"},
	{"@fe:1f.7/bar1", "region pci 0:fe:1f.7 part 1"},
	{"@FE:1F.7/bar1", "region pci 0:fe:1f.7 part 1"},
	{"@10000:e1:00.0/bar0", "region pci 10000:e1:0.0 part 0"},
	{"@0:03:00.0/bar0", "region pci 0:3:0.0 part 0"},
	{"@ffffffff:ff:1f.7/bar5=0",
	 "region pci ffffffff:ff:1f.7 part 5 = 0x0"},
	{"@dead:03:00.1/bar0.4", "region pci dead:3:0.1 part 0 bits 4:4"},
	{"@03:00.0/bar0..+0x10", "region pci 0:3:0.0 part 0 length 0x10"},
	{"@uio0", "region uio 0 part 0"},
	{"@uio0.3", "region uio 0 part 0 bits 3:3"},
	{"@uio0.mode", "region uio 0 part 0 field mode"},
	{"@uio0/32", "region uio 0 part 0 width 32"},
	{"@uio0=1", "region uio 0 part 0 = 0x1"},
	{"@uio0+0x10", "region uio 0 part 0 offset +0x10"},
	{"@uio0/map0", "region uio 0 part 0"},
	{"@uio0/map1/16be", "region uio 0 part 1 width 16be"},
	{"@uio12/map34+0x4", "region uio 12 part 34 offset +0x4"},
	{"@uio0+0x10.7:4", "region uio 0 part 0 offset +0x10 bits 7:4"},
	{"@uio0+0x40=0x3:0xf",
	 "region uio 0 part 0 offset +0x40 = 0x3 mask 0xf"},
	{"@uio0+0x4.0", "region uio 0 part 0 offset +0x4 bits 0:0"},
	{"@uio0+0x10-0x8", "region uio 0 part 0 offset +0x8"},
	{"@uio0-4+0x8", "region uio 0 part 0 offset +0x4"},
	{"@vfio0/region0", "region vfio 0 part 0"},
	{"@vfio12/region8/64", "region vfio 12 part 8 width 64"},
	{"@mem", "region mem 0"},
	{"@mem+0xfea00000", "region mem 0 offset +0xfea00000"},
	{"@mem/8", "region mem 0 width 8"},
	{"@hpet+0xf0/64", "region hpet 0 offset +0xf0 width 64"},
	{"@dri/card0", "region dri 0 'card0'"},
	{"@dri/renderD128+0x10/32",
	 "region dri 0 'renderD128' offset +0x10 width 32"},
	{"@dri/card0/32", "region dri 0 'card0' width 32"},
	{"@dri/a_b.3", "region dri 0 'a_b' bits 3:3"},
	{"@file:/dev/x", "region file 0 '/dev/x'"},
	{"@file:/", "region file 0 '/'"},
	{"@file:/sys/bus/pci/devices/0000:03:00.0/resource0+0x10",
	 "region file 0 '/sys/bus/pci/devices/0000:03:00.0/resource0' offset "
	 "+0x10"},
	{"@file:/dev/x+0x10/32.3=1",
	 "region file 0 '/dev/x' offset +0x10 width 32 bits 3:3 = 0x1"},
	{"@file:/dev/x=1", "region file 0 '/dev/x' = 0x1"},
	{"@file:/dev/x..+0x10", "region file 0 '/dev/x' length 0x10"},
	{"@file:/dev/x..@file:/dev/y+4",
	 "region file 0 '/dev/x' end region file 0 '/dev/y' offset +0x4"},
	{"@file:/dev/a-b_c,d.e:f g*h", "region file 0 '/dev/a-b_c,d.e:f g*h'"},
	{"@file:/dev/x/32", "region file 0 '/dev/x/32'"},
	{"@file:/dev/x.3", "region file 0 '/dev/x.3'"},
	{"@file:/a\\+b+4", "region file 0 '/a+b' offset +0x4"},
	{"@file:/a\\=b=4", "region file 0 '/a=b' = 0x4"},
	{"@file:/a\\\\b", "region file 0 '/a\\b'"},
	{"@file:/a\\\\+4", "region file 0 '/a\\' offset +0x4"},
	{"@file:/a\\../b", "region file 0 '/a../b'"},
	{"@file:/a\\.\\./b", "region file 0 '/a../b'"},
	{"@file:/a.\\./b..+4", "region file 0 '/a../b' length 0x4"},
	{"@file:/\\a\\ b", "region file 0 '/a b'"},
	{"@file:/\xff\xc3\xa9\n+4",
	 "region file 0 '/\xff\xc3\xa9\n' offset +0x4"},
	{"@file:/a::b+4", "region file 0 '/a::b' offset +0x4"},
	/* names */
	{"regs", "name regs"},
	{"_", "name _"},
	{"r3_X", "name r3_X"},
	{"uio0", "name uio0"},
	{"mem+0x10", "name mem offset +0x10"},
	{"regs.ctrl", "name regs member ctrl"},
	{"regs->ctrl", "name regs member ctrl"},
	{"regs->3", "name regs number 3"},
	{"regs.ctrl.mode", "name regs member ctrl member mode"},
	{"dev->regs->ctrl.en", "name dev member regs member ctrl member en"},
	{"regs.3", "name regs number 3"},
	{"regs.q.3.head", "name regs member q number 3 member head"},
	{"regs.0x10", "name regs number 16"},
	{"regs.10", "name regs number 10"},
	{"regs[3]", "name regs index 3"},
	{"regs[3][0x4].x[0b1]", "name regs index 3 index 4 member x index 1"},
	{"regs.w", "name regs member w"},
	{"regs.ctrl.7:4", "name regs member ctrl bits 7:4"},
	{"regs.7:4", "name regs bits 7:4"},
	{"regs[2].7:4=3", "name regs index 2 bits 7:4 = 0x3"},
	{"regs.3.7:4", "name regs number 3 bits 7:4"},
	{"regs.3.4", "name regs number 3 number 4"},
	{"regs.ctrl/32", "name regs member ctrl width 32"},
	{"regs.ctrl/32.mode", "name regs member ctrl width 32 field mode"},
	{"regs.ctrl/32.w", "name regs member ctrl width 32 field w"},
	{"regs.ctrl/32.3", "name regs member ctrl width 32 bits 3:3"},
	{"regs.3/8be.7:0", "name regs number 3 width 8be bits 7:0"},
	{"regs+0x10", "name regs offset +0x10"},
	{"regs-4", "name regs offset -0x4"},
	{"regs-0xffffffffffffffff", "name regs offset -0xffffffffffffffff"},
	{"regs.ctrl+0x10.3", "name regs member ctrl offset +0x10 bits 3:3"},
	{"regs.ctrl+0x10.mode",
	 "name regs member ctrl offset +0x10 field mode"},
	{"regs.ctrl+0x10.7:4", "name regs member ctrl offset +0x10 bits 7:4"},
	{"regs.a-4+8-0x10/16.en=1",
	 "name regs member a offset -0xc width 16 field en = 0x1"},
	{"regs.ctrl=1", "name regs member ctrl = 0x1"},
	{"regs.ctrl.mode=FAST,en=1",
	 "name regs member ctrl member mode = FAST and field en = 0x1"},
	{"regs.ctrl.3=1,en=0",
	 "name regs member ctrl number 3 = 0x1 and field en = 0x0"},
	{"regs.ctrl.mode=1:3",
	 "name regs member ctrl member mode = 0x1 mask 0x3"},
	{"regs[3]=1:3", "name regs index 3 = 0x1 mask 0x3"},
	/* prefixes */
	{"ptr:hw_addr", "pointer hw_addr"},
	{"ptr:hw_addr+0x10.ctrl", "pointer hw_addr offset +0x10 field ctrl"},
	{"ptr:dev->bar[2].3", "pointer dev member bar index 2 number 3"},
	{"ptr:libfoo.so::hw", "pointer {libfoo.so}hw"},
	{"var:regs.ctrl", "variable regs member ctrl"},
	{"var:a::b::c", "variable {a}b::c"},
	{"var:e1000.c::regs", "variable {e1000.c}regs"},
	{"reg:GPIO.BANK.3.CTRL",
	 "register GPIO member BANK number 3 member CTRL"},
	{"reg:GPIO.CTRL.7:4=3", "register GPIO member CTRL bits 7:4 = 0x3"},
	{"reg:GPIO.CTRL.MODE=FAST,EN=1",
	 "register GPIO member CTRL member MODE = FAST and field EN = 0x1"},
	{"reg:GPIO", "register GPIO"},
	{"var:var", "variable var"},
	{"ptr:ptr.ptr", "pointer ptr member ptr"},
	{"ptr", "name ptr"},
	{"phys", "name phys"},
	{"reg.x", "name reg member x"},
	{"var+4", "name var offset +0x4"},
	/* scopes */
	{"libfoo.so::regs", "name {libfoo.so}regs"},
	{"libstdc++.so.6::x", "name {libstdc++.so.6}x"},
	{"/usr/lib/libfoo.so::regs.ctrl",
	 "name {/usr/lib/libfoo.so}regs member ctrl"},
	{"./e1000.c::regs", "name {./e1000.c}regs"},
	{"~/x.c::y", "name {~/x.c}y"},
	{"e1000.c::regs.ctrl", "name {e1000.c}regs member ctrl"},
	{"my-mod.so::regs", "name {my-mod.so}regs"},
	{"a::b.c::d", "name {a::b.c}d"},
	{"a.so::b.c::f::d", "name {a.so::b.c}f::d"},
	{"3com.c::regs", "name {3com.c}regs"},
	{"a::b", "name {a}b"},
	{"a::b::c", "name {a}b::c"},
	{"a::b::c::d.e+4", "name {a}b::c::d member e offset +0x4"},
	{"ptr::x", "name {ptr}x"},
	{"reg::x::y", "name {reg}x::y"},
	{"phys::x", "name {phys}x"},
	{"0::x", "name {0}x"},
	/* ranges */
	{"0x1000..+0x10", "address 0x1000 length 0x10"},
	{"0x1000..+4", "address 0x1000 length 0x4"},
	{"0x1000..+0d16", "address 0x1000 length 0x10"},
	{"0x1000..0x1010", "address 0x1000 end address 0x1010"},
	{"4096..4112", "address 0x1000 end address 0x1010"},
	{"0x1000+8..0x1000+0x10",
	 "address 0x1000 offset +0x8 end address 0x1000 offset +0x10"},
	{"0x1000..0x1000+4-2", "address 0x1000 end address 0x1000 offset +0x2"},
	{"0..+0xffffffffffffffff", "address 0x0 length 0xffffffffffffffff"},
	{"1..+0xffffffffffffffff", "address 0x1 length 0xffffffffffffffff"},
	{"0xffffffffffffffff..+1", "address 0xffffffffffffffff length 0x1"},
	{"0xffffffffffffffff+0..+1",
	 "address 0xffffffffffffffff offset +0x0 length 0x1"},
	{"@uio0..+0x100", "region uio 0 part 0 length 0x100"},
	{"@uio0+0x10..+0x10/8",
	 "region uio 0 part 0 offset +0x10 length 0x10 width 8"},
	{"@uio0+0x10..@uio0+0x20", "region uio 0 part 0 offset +0x10 end "
				   "region uio 0 part 0 offset +0x20"},
	{"@uio0+0x20..@uio0+0x10", "region uio 0 part 0 offset +0x20 end "
				   "region uio 0 part 0 offset +0x10"},
	{"@uio0..0x2000", "region uio 0 part 0 end address 0x2000"},
	{"0x2000..@uio0", "address 0x2000 end region uio 0 part 0"},
	{"0x2000..phys:0x1000", "address 0x2000 end physical 0x1000"},
	{"@uio0..+0x10.7:4", "region uio 0 part 0 length 0x10 bits 7:4"},
	{"@uio0..+0x10/32.en=1",
	 "region uio 0 part 0 length 0x10 width 32 field en = 0x1"},
	{"@uio0..+0x10=1", "region uio 0 part 0 length 0x10 = 0x1"},
	{"@uio0..+0x10=1:3", "region uio 0 part 0 length 0x10 = 0x1 mask 0x3"},
	{"@uio0..+0x10.3=1,4=0",
	 "region uio 0 part 0 length 0x10 bits 3:3 = 0x1 and bits 4:4 = 0x0"},
	{"regs..+0x10", "name regs length 0x10"},
	{"regs.ctrl..+0x10", "name regs member ctrl length 0x10"},
	{"regs[0]..regs[4]", "name regs index 0 end name regs index 4"},
	{"regs.3..regs.4.5",
	 "name regs number 3 end name regs number 4 number 5"},
	{"a..b.7:4", "name a end name b bits 7:4"},
	{"a..b.mode", "name a end name b member mode"},
	{"a..b+4.mode", "name a end name b offset +0x4 field mode"},
	{"a..b/16=1", "name a end name b width 16 = 0x1"},
	{"a..b::c", "name a end name {b}c"},
	{"x::a..y.c::b", "name {x}a end name {y.c}b"},
	{"ptr:a..ptr:b+8", "pointer a end pointer b offset +0x8"},
	{"reg:A.B..reg:A.C", "register A member B end register A member C"},
	{"0x10..0x20.3", "address 0x10 end address 0x20 bits 3:3"},
	/* widths */
	{"@uio0/8", "region uio 0 part 0 width 8"},
	{"@uio0/8be", "region uio 0 part 0 width 8be"},
	{"@uio0/8le", "region uio 0 part 0 width 8le"},
	{"@uio0/16", "region uio 0 part 0 width 16"},
	{"@uio0/16le", "region uio 0 part 0 width 16le"},
	{"@uio0/32be", "region uio 0 part 0 width 32be"},
	{"@uio0/32le", "region uio 0 part 0 width 32le"},
	{"@uio0/64", "region uio 0 part 0 width 64"},
	{"@uio0/64be", "region uio 0 part 0 width 64be"},
	{"@uio0/64le", "region uio 0 part 0 width 64le"},
	{"@uio0/32x2", "region uio 0 part 0 width 32x2"},
	{"@uio0/32x2.63:32", "region uio 0 part 0 width 32x2 bits 63:32"},
	{"@uio0..+0x10/32x2", "region uio 0 part 0 length 0x10 width 32x2"},
	/* bits */
	{"@uio0.0", "region uio 0 part 0 bits 0:0"},
	{"@uio0.63", "region uio 0 part 0 bits 63:63"},
	{"@uio0.63:0", "region uio 0 part 0 bits 63:0"},
	{"@uio0.5:5", "region uio 0 part 0 bits 5:5"},
	{"@uio0.0x1f:0x10", "region uio 0 part 0 bits 31:16"},
	{"@uio0.bit", "region uio 0 part 0 field bit"},
	{"@uio0._", "region uio 0 part 0 field _"},
	{"@uio0/32.31", "region uio 0 part 0 width 32 bits 31:31"},
	{"@uio0/8.7:0=255", "region uio 0 part 0 width 8 bits 7:0 = 0xff"},
	/* values */
	{"@uio0=0", "region uio 0 part 0 = 0x0"},
	{"@uio0=-0", "region uio 0 part 0 = 0x0"},
	{"@uio0=-1", "region uio 0 part 0 = -0x1"},
	{"@uio0=-0x80", "region uio 0 part 0 = -0x80"},
	{"@uio0=1000", "region uio 0 part 0 = 0x3e8"},
	{"@uio0=0d1000", "region uio 0 part 0 = 0x3e8"},
	{"@uio0=0b1010_1010", "region uio 0 part 0 = 0xaa"},
	{"@uio0=18446744073709551615",
	 "region uio 0 part 0 = 0xffffffffffffffff"},
	{"@uio0=-9223372036854775808",
	 "region uio 0 part 0 = -0x8000000000000000"},
	{"@uio0=FAST", "region uio 0 part 0 = FAST"},
	{"@uio0=_x9", "region uio 0 part 0 = _x9"},
	{"@uio0/8=255", "region uio 0 part 0 width 8 = 0xff"},
	{"@uio0/8=-128", "region uio 0 part 0 width 8 = -0x80"},
	{"@uio0/16=0xffff", "region uio 0 part 0 width 16 = 0xffff"},
	{"@uio0/16=-32768", "region uio 0 part 0 width 16 = -0x8000"},
	{"@uio0/32=-2147483648", "region uio 0 part 0 width 32 = -0x80000000"},
	{"@uio0/64=-9223372036854775808",
	 "region uio 0 part 0 width 64 = -0x8000000000000000"},
	{"@uio0.3=1", "region uio 0 part 0 bits 3:3 = 0x1"},
	{"@uio0.3=-1", "region uio 0 part 0 bits 3:3 = -0x1"},
	{"@uio0.7:4=15", "region uio 0 part 0 bits 7:4 = 0xf"},
	{"@uio0.7:4=-8", "region uio 0 part 0 bits 7:4 = -0x8"},
	{"@uio0.7:4=FAST", "region uio 0 part 0 bits 7:4 = FAST"},
	{"@uio0.mode=FAST", "region uio 0 part 0 field mode = FAST"},
	{"@uio0/8=1:0xff", "region uio 0 part 0 width 8 = 0x1 mask 0xff"},
	{"@uio0=-1:0xff", "region uio 0 part 0 = -0x1 mask 0xff"},
	{"@uio0=FAST:7", "region uio 0 part 0 = FAST mask 0x7"},
	{"@uio0=1:18446744073709551615",
	 "region uio 0 part 0 = 0x1 mask 0xffffffffffffffff"},
	{"@uio0=1:10", "region uio 0 part 0 = 0x1 mask 0xa"},
	/* several values */
	{"@uio0.3=1,4=0",
	 "region uio 0 part 0 bits 3:3 = 0x1 and bits 4:4 = 0x0"},
	{"@uio0.7:4=1,3:0=2,8=1", "region uio 0 part 0 bits 7:4 = 0x1 and bits "
				  "3:0 = 0x2 and bits 8:8 = 0x1"},
	{"@uio0.mode=FAST,en=1,b=2", "region uio 0 part 0 field mode = FAST "
				     "and field en = 0x1 and field b = 0x2"},
	{"@uio0.en=1,3=B",
	 "region uio 0 part 0 field en = 0x1 and bits 3:3 = B"},
	{"@uio0.63=1,62:0=5",
	 "region uio 0 part 0 bits 63:63 = 0x1 and bits 62:0 = 0x5"},
	{"@uio0.3=1,4=-1",
	 "region uio 0 part 0 bits 3:3 = 0x1 and bits 4:4 = -0x1"},
	{"@uio0/8.3=1,7=1",
	 "region uio 0 part 0 width 8 bits 3:3 = 0x1 and bits 7:7 = 0x1"},
	{"regs.ctrl.mode/32=1,en=1",
	 "name regs member ctrl member mode width 32 = 0x1 and field en = 0x1"},
	{"regs.ctrl/32.mode=1,en=1",
	 "name regs member ctrl width 32 field mode = 0x1 and field en = 0x1"},
	{"regs.ctrl+4.mode=1,en=1", "name regs member ctrl offset +0x4 field "
				    "mode = 0x1 and field en = 0x1"},
};

START_TEST(right_inputs)
{
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		cleanup_location struct location *location = NULL;
		cleanup_error struct error *error = NULL;
		cleanup_free char *tree = NULL;

		error = location_parse(right[i].input, &location);
		if (error) {
			fail_row(right[i].input, "%s at %zu", error->message,
				 error->input_start);
			continue;
		}
		tree = show(location);
		if (strcmp(tree, right[i].tree) != 0)
			fail_row(right[i].input, "got '%s' instead of '%s'",
				 tree, right[i].tree);
		if (strcmp(location->text, right[i].input) != 0)
			fail_row(right[i].input, "the text is not kept");
	}
	end_rows();
}
END_TEST

/* Message and help are searched for `text`. */
static const struct {
	const char *input;
	size_t start;
	const char *text;
} wrong[] = {
	/* empty and blanks */
	{"", 0, "the location is empty"},
	{" ", 0, "blank"},
	{" @uio0", 0, "blank"},
	{"@uio0 ", 5, "blank"},
	{"@uio0 + 0x10", 5, "blank"},
	{"@uio0+ 0x10", 6, "blank"},
	{"@uio0+0x10 ", 10, "blank"},
	{"@uio0+0x10 = 1", 10, "blank"},
	{"@uio0+0x10= 1", 11, "blank"},
	{"@uio0+0x10=1 : 1", 12, "blank"},
	{"@uio0+0x10. 3", 11, "blank"},
	{"@uio0+0x10/ 32", 11, "blank"},
	{"@ uio0", 1, "blank"},
	{"regs .ctrl", 4, "blank"},
	{"regs. ctrl", 5, "blank"},
	{"regs[ 1]", 5, "blank"},
	{"regs[1 ]", 6, "blank"},
	{"0x1000.. 0x2000", 8, "blank"},
	{"0x1000 32", 6, "blank"},
	{"phys: 0x1000", 5, "blank"},
	{"regs\t", 4, "blank"},
	{"regs\n", 4, "blank"},
	{"regs\r", 4, "blank"},
	{"regs\v", 4, "blank"},
	{"regs\f", 4, "blank"},
	/* false starts */
	{"/dev/mem+0x1000", 0, "@mem"},
	{"/dev/uio0", 0, "@uio0"},
	{"/sys/bus/pci/devices/0000:03:00.0/resource0", 0, "@file:/PATH"},
	{"file:/dev/x+0x10", 0, "'@' stands before"},
	{"+0x10", 0, "an offset needs"},
	{"-0x10", 0, "an offset needs"},
	{"--help", 0, "an offset needs"},
	{"..+0x10", 0, "a range needs a start"},
	{"::x", 0, "a scope must stand"},
	{"::", 0, "a scope must stand"},
	{"*regs", 0, "ptr:NAME"},
	{"&regs", 0, "NAME is already"},
	{"[3]", 0, "NAME[N]"},
	{"[03:00.0]", 0, "NAME[N]"},
	{"=1", 0, "place must stand before"},
	{".3", 0, "must stand here"},
	{":3", 0, "must stand here"},
	{",", 0, "must stand here"},
	{"]", 0, "must stand here"},
	{"#3", 0, "does not belong"},
	{"%eax", 0, "does not compute"},
	{"$regs", 0, "not expanded"},
	{"\"regs\"", 0, "quotes are for the shell"},
	{"'regs'", 0, "quotes are for the shell"},
	{"`regs`", 0, "quotes are for the shell"},
	{"(regs)", 0, "not a C expression"},
	{"{regs}", 0, "not a C expression"},
	{"~regs", 0, "does not compute"},
	{"!regs", 0, "does not compute"},
	{"\\regs", 0, "backslash"},
	{";", 0, "does not belong"},
	{"<regs", 0, "'->'"},
	{">regs", 0, "'->'"},
	{"?", 0, "pattern"},
	{"\x01", 0, "control character"},
	{"\x7f", 0, "control character"},
	{"\xc2\xa0", 0, "only ASCII"},
	{"\xff", 0, "only ASCII"},
	{"@uio0\xe2\x80\x93"
	 "0x10",
	 5, "only ASCII"},
	{"reg\xc3\xa9", 3, "only ASCII"},
	/* numbers */
	{"010", 0, "leading zero"},
	{"0755", 0, "leading zero"},
	{"00", 0, "leading zero"},
	{"0_1", 0, "leading zero"},
	{"1g", 1, "not a digit"},
	{"12k", 2, "size letters"},
	{"0x", 2, "a number must stand"},
	{"0x10g", 4, "not a digit"},
	{"0x10L", 4, "size letters"},
	{"0b102", 4, "hexadecimal needs 0x"},
	{"0d1f", 3, "not a digit"},
	{"0o17", 1, "not a digit"},
	{"0h", 1, "not a digit"},
	{"1_", 1, "between two digits"},
	{"1__0", 2, "between two digits"},
	{"0x_1", 2, "between two digits"},
	{"0x1_", 3, "between two digits"},
	{"18446744073709551616", 0, "64 bits"},
	{"0x10000000000000000", 0, "64 bits"},
	{"0b10000000000000000000000000000000000000000000000000000000000000000",
	 0, "64 bits"},
	{"7f0000001000", 1, "0x7f0000001000"},
	{"99999999999999999999999999999999999999999999999999", 0, "64 bits"},
	{"0x10u", 4, "not a digit"},
	{"1e3", 1, "0x1e3"},
	{"0x12.", 5, "must stand here"},
	/* phys and other prefixes */
	{"phys:", 5, "a number must stand here"},
	{"phys:x", 5, "a number must stand here"},
	{"phys:-1", 5, "a number must stand here"},
	{"phys:@mem", 5, "a number must stand here"},
	{"phys:0x", 7, "a number must stand here"},
	{"phys:010", 5, "leading zero"},
	{"phys:0x10::x", 9, "scope"},
	{"phy:0x10", 0, "phys"},
	{"PHY:0x10", 0, "phys"},
	{"pyhs:0x10", 0, "phys"},
	{"phyz:1", 0, "phys"},
	{"prt:regs", 0, "ptr"},
	{"vra:regs", 0, "var"},
	{"rge:regs", 0, "reg"},
	{"pointer:regs", 0, "the prefixes are"},
	{"symbol:regs", 0, "the prefixes are"},
	{"ptr:", 4, "a name must stand here"},
	{"ptr:0x10", 4, "a name must stand here"},
	{"ptr:@uio0", 4, "a name must stand here"},
	{"ptr:*x", 4, "C operators"},
	{"ptr:+0x10", 4, "a name must stand here"},
	{"ptr:.x", 4, "a name must stand here"},
	{"var:", 4, "a name must stand here"},
	{"var:3", 4, "a name must stand here"},
	{"var:[3]", 4, "a name must stand here"},
	{"var:(x)", 4, "C expression"},
	{"var:a::", 7, "a name must stand here"},
	{"var:a::3", 7, "a name must stand here"},
	{"var:a::::b", 7, "a name must stand here"},
	{"var:a::b::", 10, "a name must stand here"},
	{"reg:", 4, "a name must stand here"},
	{"reg:7", 4, "a name must stand here"},
	{"reg:.a", 4, "a name must stand here"},
	{"reg:a::b", 5, "scope"},
	{"reg:a.", 6, "must stand here"},
	{"reg:a:b", 5, "'='"},
	{"reg:a.b:3", 7, "'='"},
	{"ptr:ptr:x", 7, "'='"},
	{"var:var:x", 7, "'='"},
	/* scopes and names */
	{"a::", 3, "a name must stand here"},
	{"a::3", 3, "a name must stand here"},
	{"libfoo.so::", 11, "a name must stand here"},
	{"libfoo.so::.x", 11, "a name must stand here"},
	{"libfoo.so::/32", 11, "a name must stand here"},
	{"libfoo.so::@uio0", 11, "a name must stand here"},
	{"a::b::", 6, "a name must stand here"},
	{"a:::b", 3, "a name must stand here"},
	{"../a::b", 0, "path"},
	{"regs:1", 4, "=VALUE:MASK"},
	{"x.y:1", 3, "=VALUE:MASK"},
	{"a::b:FAST", 4, "=VALUE"},
	{"regs1:FAST", 0, "there is no such prefix"},
	{"../a.c::b", 0, "e1000.c::regs"},
	{"a,b::c", 1, "','"},
	{"a=b::c", 3, "scope"},
	{"a[1]::b", 4, "scope"},
	{"@uio0::regs", 5, "scope"},
	{"@uio0+0x10::regs", 10, "scope"},
	{"regs'", 4, "quotes"},
	{"regs\"", 4, "quotes"},
	{"regs*", 4, "pattern"},
	{"regs?", 4, "pattern"},
	{"regs~", 4, "compute"},
	{"regs(0)", 4, "C expression"},
	{"regs{0}", 4, "C expression"},
	{"regs$", 4, "expanded"},
	{"regs\\", 4, "backslash"},
	{"regs;", 4, "does not belong"},
	{"regs#", 4, "does not belong"},
	{"regs!", 4, "compute"},
	{"regs%8", 4, "compute"},
	{"regs^1", 4, "compute"},
	{"regs&1", 4, "compute"},
	{"regs|1", 4, "compute"},
	{"regs|=1", 4, "compute"},
	{"regs<<1", 4, "'->'"},
	{"regs>1", 4, "'->'"},
	{"regs,", 4, "','"},
	{"regs,other", 4, "','"},
	{"regs:", 0, "did you mean reg:?"},
	{"regs:0xf", 4, "=VALUE:MASK"},
	{"regs@1", 4, "'@'"},
	{"regs]", 4, "cannot stand here"},
	{"regs)", 4, "C expression"},
	/* steps */
	{"regs.", 5, "must stand here"},
	{"regs.ctrl.", 10, "must stand here"},
	{"regs./32", 5, "must stand here"},
	{"regs.=1", 5, "must stand here"},
	{"regs.*", 5, "pattern"},
	{"regs.[1]", 5, "must stand here"},
	{"regs.-", 5, "must stand here"},
	{"regs.:", 5, "must stand here"},
	{"regs->", 6, "must stand here"},
	{"regs->->a", 6, "must stand here"},
	{"regs->.a", 6, "must stand here"},
	{"regs->[1]", 6, "must stand here"},
	{"regs[", 5, "number of an element"},
	{"regs[]", 5, "number of an element"},
	{"regs[-1]", 5, "number of an element"},
	{"regs[i]", 5, "number of an element"},
	{"regs[*]", 5, "pattern"},
	{"regs[+1]", 5, "number of an element"},
	{"regs[010]", 5, "leading zero"},
	{"regs[1", 6, "']'"},
	{"regs[1=2", 6, "']'"},
	{"regs[1:0]", 6, ".HIGH:LOW"},
	{"regs[7:4]=1", 6, ".HIGH:LOW"},
	{"regs[0..3]", 6, "..+LENGTH"},
	{"regs[0-3]", 6, "..+LENGTH"},
	{"regs[1,2]", 6, "..+LENGTH"},
	{"regs[1[2]]", 6, "']'"},
	{"regs[1]]", 7, "cannot stand here"},
	{"regs[0x1g]", 8, "not a digit"},
	{"regs[18446744073709551616]", 5, "64 bits"},
	{"regs[1].", 8, "must stand here"},
	{"regs.0x", 7, "a number must stand"},
	{"regs.1a", 6, "not a digit"},
	{"regs.01", 5, "leading zero"},
	{"regs.1_", 6, "between"},
	{"regs.99999999999999999999", 5, "64 bits"},
	/* lost arrow */
	{"regs-", 4, "the shell took"},
	{"regs.ctrl-", 9, "the shell took"},
	{"ptr:regs-", 8, "the shell took"},
	{"var:regs[3]-", 11, "the shell took"},
	{"reg:a.b-", 7, "the shell took"},
	{"a::b-", 4, "the shell took"},
	{"a..b-", 4, "the shell took"},
	{"regs+0x10-", 10, "a number must stand here"},
	{"@uio0-", 6, "a number must stand here"},
	{"0x10-", 5, "a number must stand here"},
	{"@uio0->ctrl", 6, "'->'"},
	{"0x10->x", 5, "'->'"},
	{"regs+0x4->x", 9, "'->'"},
	{"regs->a+0x4->b", 12, "'->'"},
	{"regs--", 5, "a number must stand here"},
	{"regs-.x", 5, "a number must stand here"},
	{"regs-/32", 5, "a number must stand here"},
	/* offsets */
	{"@uio0+", 6, "a number must stand here"},
	{"@uio0++", 6, "a number must stand here"},
	{"@uio0+-0x1", 6, "a number must stand here"},
	{"@uio0-+0x1", 6, "a number must stand here"},
	{"@uio0+CTRL", 6, "a number must stand here"},
	{"@uio0+c0", 6, "hexadecimal is written 0xc0"},
	{"@uio0+FFFF", 6, "0xFFFF"},
	{"@uio0..+a0", 8, "0xa0"},
	{"@uio0=1:ff", 8, "0xff"},
	{"@uio0+face_b00c", 6, "number must stand"},
	{"@uio0+x10", 6, "a number must stand here"},
	{"@uio0+10", 6, "0x10 or 0d10"},
	{"@uio0+40", 6, "0x40 or 0d40"},
	{"@uio0+1_0", 6, "0x1_0 or 0d1_0"},
	{"@uio0+1000000", 6, "could mean either"},
	{"@uio0-10", 6, "0x10 or 0d10"},
	{"@uio0+0x10+10", 11, "0x10 or 0d10"},
	{"regs+12", 5, "0x12 or 0d12"},
	{"phys:0x1000+20", 12, "0x20 or 0d20"},
	{"4096+20", 5, "0x20 or 0d20"},
	{"@uio0+08", 6, "leading zero"},
	{"@uio0+00", 6, "leading zero"},
	{"@uio0+0_0", 6, "leading zero"},
	{"@uio0+4c", 7, "0x4c"},
	{"@uio0+1k", 7, "size letters"},
	{"@uio0+0x10000000000000000", 6, "64 bits"},
	{"@uio0+0xffffffffffffffff+1", 25, "64 bits"},
	{"0x10-0xffffffffffffffff-1", 24, "64 bits"},
	{"0xffffffffffffffff+1", 18, "above the last address"},
	{"phys:0xffffffffffffffff+1", 23, "above the last address"},
	{"0x10-0x11", 4, "below address 0"},
	{"phys:0x10-0x8-0x9", 9, "below address 0"},
	{"@uio0-4", 5, "before the start of the region"},
	{"@uio0+0x10-0x11", 5, "before the start of the region"},
	{"@03:00.0/bar0-8", 13, "before the start of the region"},
	{"@3-1", 2, "before the start of the region"},
	{"@uio0+0x10*2", 10, "pattern"},
	{"@uio0+(4)", 6, "C expression"},
	{"@uio0+0x10[2]", 10, "NAME[N]"},
	{"@uio0[2]", 5, "NAME[N]"},
	{"0x1000[2]", 6, "NAME[N]"},
	{"regs+0x10[2]", 9, "NAME[N]"},
	{"@uio0+0x10@", 10, "'@'"},
	{"@uio0+0x10,@uio1", 10, "','"},
	/* regions */
	{"@", 1, "name of a region"},
	{"@@uio0", 1, "name of a region"},
	{"@/dev/uio0", 1, "a path is written"},
	{"@+0x10", 1, "name of a region"},
	{"@.0", 1, "name of a region"},
	{"@:", 1, "name of a region"},
	{"@=1", 1, "name of a region"},
	{"@*", 1, "pattern"},
	{"@uoi0", 1, "did you mean uio?"},
	{"@UIO0", 1, "did you mean uio?"},
	{"@ui0", 1, "did you mean uio?"},
	{"@vifo0/region0", 1, "did you mean vfio?"},
	{"@vfi3", 1, "did you mean"},
	{"@memory", 1, "an index, BB:DD.F"},
	{"@mem0", 1, "did you mean mem?"},
	{"@men", 1, "did you mean mem?"},
	{"@hept", 1, "did you mean hpet?"},
	{"@hpet0", 1, "did you mean hpet?"},
	{"@hpett", 1, "did you mean hpet?"},
	{"@dir/card0", 1, "did you mean dri?"},
	{"@flie:/x", 1, "did you mean file?"},
	{"@fil:/x", 1, "did you mean file?"},
	{"@card0", 1, "no region"},
	{"@eth0", 1, "no region"},
	{"@igb", 1, "no region"},
	{"@resource0", 1, "no region"},
	{"@bar0", 1, "no region"},
	{"@_", 1, "no region"},
	{"@regs.ctrl", 1, "no region"},
	{"@zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
	 "zzzzzzzzzzzzzzz",
	 1, "no region"},
	{"@uio", 4, "a number must stand here"},
	{"@uio+0x10", 4, "a number must stand here"},
	{"@uio/map0", 4, "a number must stand here"},
	{"@uiox", 1, "did you mean uio?"},
	{"@uio0x", 5, "only decimal digits"},
	{"@uio0_1", 5, "only decimal digits"},
	{"@uio00", 4, "leading zeros"},
	{"@uio01/map0", 4, "leading zeros"},
	{"@uio18446744073709551616", 4, "64 bits"},
	{"@uio0/map", 9, "a number must stand here"},
	{"@uio0/map+0x10", 9, "a number must stand here"},
	{"@uio0/mapx", 9, "only decimal digits"},
	{"@uio0/map0x10", 10, "only decimal digits"},
	{"@uio0/map00", 9, "leading zeros"},
	{"@uio0/map1_", 10, "only decimal digits"},
	{"@uio0/map1 ", 10, "blank"},
	{"@uio0/bar0", 6, "/map0"},
	{"@uio0/region0", 6, "/map0"},
	{"@uio0/resource0", 6, "/map0"},
	{"@uio0/map0/map1", 11, "behind a device"},
	{"@uio0/map0/bar1", 11, "behind a device"},
	{"@uio0/map-1", 9, "a number must stand here"},
	{"@uio0:map1", 5, "'='"},
	{"@vfio", 5, "a number must stand here"},
	{"@vfio/region0", 5, "a number must stand here"},
	{"@vfio0", 6, "/region0"},
	{"@vfio0+0x10", 6, "write @vfio0/region0"},
	{"@vfio12/32", 7, "write @vfio12/region0"},
	{"@vfio0/bar0", 7, "/region0"},
	{"@vfio0/map0", 7, "/region0"},
	{"@vfio0/region", 13, "a number must stand here"},
	{"@vfio0/region01", 13, "leading zeros"},
	{"@vfio0/regionx", 13, "only decimal digits"},
	{"@03", 1, "an index is decimal"},
	{"@00.0/bar0", 1, "leading zeros"},
	{"@3com", 2, "only decimal digits"},
	{"@0x3", 2, "only decimal digits"},
	{"@18446744073709551616", 1, "64 bits"},
	{"@3a", 2, "only decimal digits"},
	{"@03:", 4, "a PCI device"},
	{"@03:.0", 4, "a PCI device"},
	{"@03:00", 6, "'.'"},
	{"@03:00/bar0", 6, "'.'"},
	{"@03:00.", 7, "a PCI function"},
	{"@03:00./bar0", 7, "a PCI function"},
	{"@03:00.0", 8, "@03:00.0/bar0"},
	{"@03:00.0+0x10", 8, "@03:00.0/bar0"},
	{"@0000:03:00.0+0x10", 13, "@0000:03:00.0/bar0"},
	{"@03:00.0/32", 8, "/bar0"},
	{"@03:00.0.3", 8, "/bar0"},
	{"@03:00.0=1", 8, "/bar0"},
	{"@03:00.0/", 8, "/bar0"},
	{"@03:00.0/map0", 9, "/bar0"},
	{"@03:00.0/region0", 9, "/bar0"},
	{"@03:00.0/resource0", 9, "/bar0"},
	{"@03:00.0/bar", 12, "a number must stand here"},
	{"@03:00.0/bar6", 12, "bar5"},
	{"@03:00.0/bar10", 12, "bar5"},
	{"@03:00.0/bar00", 12, "leading zeros"},
	{"@03:00.0/bar18446744073709551616", 12, "64 bits"},
	{"@03:00.0/bar0b", 13, "only decimal digits"},
	{"@03:00.0/bar-1", 12, "a number must stand here"},
	{"@3:00.0/bar0", 1, "a PCI bus has 2 digits"},
	{"@003:00.0/bar0", 1, "a PCI bus has 2 digits"},
	{"@03:0.0/bar0", 4, "a PCI device has 2 digits"},
	{"@03:000.0/bar0", 4, "a PCI device has 2 digits"},
	{"@03:00.00/bar0", 7, "a PCI function has 1 digit"},
	{"@03:20.0/bar0", 4, "1f at most"},
	{"@03:ff.0/bar0", 4, "1f at most"},
	{"@03:00.8/bar0", 7, "7 at most"},
	{"@03:00.f/bar0", 7, "7 at most"},
	{"@03:0g.0/bar0", 5, "hexadecimal digits"},
	{"@03:00.g/bar0", 7, "hexadecimal digits"},
	{"@03:_0.0/bar0", 4, "hexadecimal digits"},
	{"@000000000:03:00.0/bar0", 1, "8 digits at most"},
	{"@123456789abcdef01:03:00.0/bar0", 1, "8 digits at most"},
	{"@0000:3:00.0/bar0", 6, "a PCI bus has 2 digits"},
	{"@0000:03:0.0/bar0", 9, "a PCI device has 2 digits"},
	{"@0000:03.0/bar0", 1, "a PCI bus has 2 digits"},
	{"@0000::00.0/bar0", 6, "a PCI"},
	{"@03:00.0.0/bar0", 8, "/bar0"},
	{"03:00.0/bar0", 0, "'@'"},
	{"0000:03:00.0", 0, "'@'"},
	{"fe:00.0/bar0", 0, "'@'"},
	{"dead:03:00.0/bar0", 0, "'@'"},
	{":03:00.0", 0, "must stand here"},
	{"123456789:00.0/bar0", 9, "'='"},
	{"1fffffffffffffff", 1, "0x1fffffffffffffff"},
	{"1ffffffffffffffff", 1, "needs 0x"},
	{"@dri", 4, "DRI"},
	{"@dri/", 5, "DRI"},
	{"@dri0", 1, "did you mean dri?"},
	{"@dri//card0", 5, "DRI"},
	{"@dri/card0/x", 11, "no such width"},
	{"@dri/by-path", 8, "a number must stand here"},
	{"@dri/-", 5, "DRI"},
	{"@mem/map0", 5, "behind a device"},
	{"@mem/0", 5, "no such width"},
	{"@mem/x", 5, "no such width"},
	{"@hpet/0", 6, "no such width"},
	{"@file", 5, "file:/PATH"},
	{"@file/x", 5, "':' and a path"},
	{"@file:", 6, "a path must stand"},
	{"@file:+0x10", 6, "a path must stand"},
	{"@file:=1", 6, "a path must stand"},
	{"@file:..+4", 6, "a path must stand"},
	{"@file:x", 6, "relative"},
	{"@file:./x", 6, "relative"},
	{"@file:~/x", 6, "relative"},
	{"@file:/x\\", 8, "nothing stands behind"},
	{"@file:/x\\\\\\", 10, "nothing stands behind"},
	{"@file:/a../b", 10, "\\.."},
	{"@file:/a../../b", 10, "\\.."},
	{"@file:/a+10", 9, "0x10 or 0d10"},
	{"@file:/a+b", 9, "a number must stand here"},
	{"@file:/a+0x10:1", 13, "'='"},
	{"@file:/a=", 9, "a value must stand"},
	{"@file:/a..", 10, "an end or a length"},
	/* ranges */
	{"0x1000..", 8, "an end or a length"},
	{"@uio0..", 7, "an end or a length"},
	{"regs..", 6, "an end or a length"},
	{"@uio0+0x10..", 12, "an end or a length"},
	{"@uio0../32", 7, "must stand here"},
	{"@uio0..=1", 7, "an end or a length"},
	{"@uio0...3", 7, "must stand here"},
	{"@uio0..-0x10", 7, "no sign but '+'"},
	{"@uio0..+", 8, "a number must stand here"},
	{"@uio0..+x", 8, "a number must stand here"},
	{"@uio0..+-1", 8, "a number must stand here"},
	{"@uio0..++1", 8, "a number must stand here"},
	{"@uio0..+0", 8, "no bytes"},
	{"@uio0..+0x0", 8, "no bytes"},
	{"@uio0..+16", 8, "0x16 or 0d16"},
	{"@uio0..+010", 8, "leading zero"},
	{"@uio0..+1k", 9, "size letters"},
	{"@uio0..+0x10+4", 12, "the sum"},
	{"@uio0..+0x10-4", 12, "the difference"},
	{"@uio0..+0x10..+4", 12, "no range in it"},
	{"@uio0..@uio1..@uio2", 12, "no range in it"},
	{"0x10..0x20..0x30", 10, "no range in it"},
	{"0x10..0x10", 6, "where it starts"},
	{"0x10..0x8", 6, "before its start"},
	{"0x10..16", 6, "where it starts"},
	{"16+0x10..0x1f", 9, "before its start"},
	{"0x10..0x20-0x11", 6, "before its start"},
	{"phys:0x100..phys:0x80", 12, "before its start"},
	{"phys:0x100..phys:0x100", 12, "where it starts"},
	{"0xffffffffffffffff..+2", 21, "above the last address"},
	{"0x2..+0xffffffffffffffff", 6, "above the last address"},
	{"@uio0+0x10..+0xfffffffffffffff1", 13, "above the last address"},
	{"0x10...0x20", 6, "must stand here"},
	{"0x10....0x20", 6, "an end or a length"},
	{"0x10/32..+0x10", 7, "before the width"},
	{"0x10.3..+0x10", 6, "before the bits"},
	{"@uio0.7..4", 7, ".7:4"},
	{"@uio0..@", 8, "name of a region"},
	{"@uio0..@uoi1", 8, "did you mean uio?"},
	{"@uio0..@03:00.0", 15, "@03:00.0/bar0"},
	{"regs[0]..regs[", 14, "number of an element"},
	{"regs[0]..regs[4]:3", 16, "'='"},
	{"a..b::", 6, "a name must stand here"},
	{"@uio0..+0x10[3]", 12, "NAME[N]"},
	{"@uio0..+0x10:3", 12, "'='"},
	{"@uio0..+0x10,@uio1", 12, "','"},
	{"@uio0.. +4", 7, "blank"},
	{"0x10..*", 6, "C operators"},
	{"@uio0..+4::x", 9, "scope"},
	/* widths */
	{"@uio0/", 6, "a width must stand"},
	{"@uio0/=1", 6, "a width must stand"},
	{"@uio0/.3", 6, "a width must stand"},
	{"@uio0//32", 6, "a width must stand"},
	{"@uio0/24", 6, "8, 16, 32 and 64"},
	{"@uio0/0", 6, "8, 16, 32 and 64"},
	{"@uio0/128", 6, "8, 16, 32 and 64"},
	{"@uio0/1", 6, "8 for one byte"},
	{"@uio0/2", 6, "16 for two bytes"},
	{"@uio0/4", 6, "32 for four bytes"},
	{"@uio0/032", 6, "no such width"},
	{"@uio0/0x20", 6, "no such width"},
	{"@uio0/3_2", 6, "no such width"},
	{"@uio0/b", 6, "no size letters"},
	{"@uio0/w", 6, "no size letters"},
	{"@uio0/l", 6, "no size letters"},
	{"@uio0/q", 6, "no size letters"},
	{"@uio0/h", 6, "no size letters"},
	{"@uio0/W", 6, "no size letters"},
	{"@uio0/be", 6, "no such width"},
	{"@uio0/be32", 6, "no such width"},
	{"@uio0/32BE", 6, "no such width"},
	{"@uio0/32bel", 6, "no such width"},
	{"@uio0/32x", 6, "no such width"},
	{"@uio0/32x4", 6, "no such width"},
	{"@uio0/64x2", 6, "no such width"},
	{"@uio0/2x32", 6, "no such width"},
	{"@uio0/32x2be", 6, "no byte order"},
	{"@uio0/32x2le", 6, "no byte order"},
	{"@uio0/u32", 6, "no such width"},
	{"@uio0/uint32_t", 6, "no such width"},
	{"@uio0/*", 6, "pattern"},
	{"@uio0/32/32", 8, "a width already"},
	{"@uio0/32/16", 8, "a width already"},
	{"@uio0/32+0x10", 8, "before the width"},
	{"@uio0/32-0x10", 8, "before the width"},
	{"@uio0/32:1", 8, "'='"},
	{"@uio0/32,", 8, "','"},
	{"@uio0/32[3]", 8, "brackets"},
	{"regs.ctrl/mode", 10, "no such width"},
	{"regs.ctrl/32->mode", 12, "'->'"},
	{"regs/map0", 5, "behind a device"},
	{"uio0/map1+0x10", 5, "behind a device"},
	{"regs/bar0", 5, "behind a device"},
	{"0x10/region0", 5, "behind a device"},
	{"0x10.3/32", 6, "before the bits"},
	{"@uio0.mode/32", 10, "before the bits"},
	{"@uio0=1/32", 7, "before the value"},
	{"@uio0=FAST/32", 10, "before the value"},
	/* bits */
	{"@uio0+0x10.", 11, "a bit, HIGH:LOW or a field"},
	{"@uio0+0x10.=1", 11, "a bit, HIGH:LOW or a field"},
	{"@uio0+0x10.:3", 11, "a bit, HIGH:LOW or a field"},
	{"@uio0+0x10.-1", 11, "a bit, HIGH:LOW or a field"},
	{"@uio0+0x10.[3]", 11, "a bit, HIGH:LOW or a field"},
	{"@uio0+0x10.*", 11, "pattern"},
	{"@uio0+0x10.64", 11, "no such bit"},
	{"@uio0+0x10.32x", 13, "not a digit"},
	{"@uio0+0x10.0x40", 11, "no such bit"},
	{"@uio0+0x10.7:", 13, "a number must stand here"},
	{"@uio0+0x10.7:x", 13, "a number must stand here"},
	{"@uio0+0x10.7:64", 13, "no such bit"},
	{"@uio0+0x10.7:=1", 13, "a number must stand here"},
	{"@uio0+0x10.64:0", 11, "no such bit"},
	{"@uio0+0x10.4:7", 11, "write 7:4"},
	{"@uio0+0x10.0:1", 11, "write 1:0"},
	{"@uio0+0x10.3:0xf", 11, "write 15:3"},
	{"@uio0+0x10.07", 11, "leading zero"},
	{"@uio0+0x10.7:04", 13, "leading zero"},
	{"@uio0+0x10.7-4", 12, ".7:4"},
	{"@uio0+0x10.7+1", 12, "before the bits"},
	{"@uio0+0x10.7.4", 12, "nothing stands behind the bits"},
	{"@uio0+0x10.mode.x", 15, "nothing stands behind the bits"},
	{"@uio0+0x10.mode[3]", 15, "brackets"},
	{"@uio0+0x10.7[3]", 12, "brackets"},
	{"@uio0+0x10.7:4:3", 14, "'='"},
	{"@uio0+0x10.mode:3", 15, "'='"},
	{"@uio0+0x10.7,6", 12, "','"},
	{"@uio0+0x10.mode->x", 15, "'->'"},
	{"@uio0+0x10.7::x", 12, "scope"},
	{"@uio0+0x10.mode*", 15, "pattern"},
	{"@uio0+0x10.w", 11, "no size letters"},
	{"@uio0+0x10.b", 11, "no size letters"},
	{"@uio0+0x10.l", 11, "no size letters"},
	{"@uio0+0x10.L", 11, "no size letters"},
	{"@uio0+0x10.q=1", 11, "no size letters"},
	{"0x1000.w", 7, "no size letters"},
	{"phys:0x1000.b", 12, "no size letters"},
	{"40.w=1:3", 3, "no size letters"},
	{"regs+0x10.w", 10, "no size letters"},
	{"@uio0..+0x10.w", 13, "no size letters"},
	{"@uio0/32.w", 9, "no size letters"},
	{"regs.ctrl.4:7", 10, "write 7:4"},
	{"regs.ctrl.64:0", 10, "no such bit"},
	{"regs.ctrl.0x40:0xf", 10, "no such bit"},
	{"regs.ctrl.7:", 12, "a number must stand here"},
	{"regs.ctrl.7:4.x", 13, "nothing stands behind the bits"},
	{"regs.ctrl.7:4[1]", 13, "brackets"},
	{"regs.ctrl.7:4/32", 13, "before the bits"},
	{"regs.ctrl.7:4+4", 13, "before the bits"},
	{"regs.ctrl/32.", 13, "a bit, HIGH:LOW or a field"},
	{"regs+0x10.", 10, "a bit, HIGH:LOW or a field"},
	{"regs+0x10.a.b", 11, "nothing stands behind the bits"},
	{"@uio0/8.8", 8, "outside of a width of 8"},
	{"@uio0/8.9:4", 8, "outside of a width of 8"},
	{"@uio0/16.16", 9, "outside of a width of 16"},
	{"@uio0/32be.32", 11, "outside of a width of 32"},
	{"regs.ctrl/32.63:32", 13, "outside of a width of 32"},
	/* values */
	{"@uio0=", 6, "a value must stand here"},
	{"@uio0+0x10=", 11, "a value must stand here"},
	{"@uio0+0x10.3=", 13, "a value must stand here"},
	{"regs=", 5, "a value must stand here"},
	{"regs==1", 5, "eq VALUE"},
	{"@uio0+0x4==1", 10, "eq VALUE"},
	{"@uio0+0x4!=1", 9, "compute"},
	{"@uio0+0x4=+1", 10, "a value must stand here"},
	{"@uio0+0x4=|1", 10, "compute"},
	{"@uio0+0x4=~1", 10, "compute"},
	{"@uio0+0x4='a'", 10, "quotes"},
	{"@uio0+0x4=@uio1", 10, "a value must stand here"},
	{"@uio0+0x4=*", 10, "pattern"},
	{"@uio0+0x4=-", 11, "a number must stand here"},
	{"@uio0+0x4=--1", 11, "a number must stand here"},
	{"@uio0+0x4=-x", 11, "a number must stand here"},
	{"@uio0+0x4=010", 10, "leading zero"},
	{"@uio0+0x4=1f", 11, "0x1f"},
	{"@uio0+0x4=0x1g", 13, "not a digit"},
	{"@uio0+0x4=1u", 11, "not a digit"},
	{"@uio0+0x4=18446744073709551616", 10, "64 bits"},
	{"@uio0+0x4=-9223372036854775809", 10,
	 "smallest is -9223372036854775808"},
	{"@uio0+0x4=1.5", 11, "before the value"},
	{"@uio0+0x4=1+1", 11, "the sum"},
	{"@uio0+0x4=1-1", 11, "the difference"},
	{"@uio0+0x4=1|2", 11, "compute"},
	{"@uio0+0x4=1<<2", 11, "'->'"},
	{"@uio0+0x4=1=2", 11, "a value already"},
	{"@uio0+0x4=1->x", 11, "'->'"},
	{"@uio0+0x4=FAST.x", 14, "before the value"},
	{"@uio0+0x4=FAST::x", 14, "scope"},
	{"@uio0+0x4=FAST[1]", 14, "cannot stand here"},
	{"@uio0+0x4=FAST-1", 14, "the difference"},
	{"@uio0+0x4=FAST=1", 14, "a value already"},
	{"@uio0+0x4=1@", 11, "'@'"},
	{"@uio0/8=256", 8, "largest is 0xff"},
	{"@uio0/8=0x100", 8, "largest is 0xff"},
	{"@uio0/8=-129", 8, "smallest is -128"},
	{"@uio0/16=0x10000", 9, "largest is 0xffff"},
	{"@uio0/16be=-32769", 11, "smallest is -32768"},
	{"@uio0/32=0x100000000", 9, "largest is 0xffffffff"},
	{"@uio0/32=-2147483649", 9, "smallest is -2147483648"},
	{"@uio0/64=-9223372036854775809", 9, "smallest is"},
	{"@uio0.3=2", 8, "1 bit:"},
	{"@uio0.3=-2", 8, "1 bit:"},
	{"@uio0.7:4=16", 10, "4 bits"},
	{"@uio0.7:4=-9", 10, "4 bits"},
	{"@uio0.63:0=-9223372036854775809", 11, "64 bits"},
	{"regs.ctrl.7:4=0x10", 14, "4 bits"},
	{"regs.ctrl/8=256", 12, "largest is 0xff"},
	{"regs.ctrl.en/8=256", 15, "largest is 0xff"},
	{"@uio0/8.en=256", 11, "largest is 0xff"},
	{"@uio0/32x2=1", 11, "for reading"},
	{"@uio0/32x2=A", 11, "for reading"},
	{"@uio0/32x2.3=1", 13, "for reading"},
	{"regs.ctr/32x2=1", 14, "for reading"},
	{"@uio0..+0x10/8=256", 15, "largest is 0xff"},
	/* masks */
	{"@uio0=1:", 8, "a number must stand here"},
	{"@uio0=1:x", 8, "a number must stand here"},
	{"@uio0=1:-1", 8, "a number must stand here"},
	{"@uio0=1:~1", 8, "compute"},
	{"@uio0=1:0", 8, "an empty mask"},
	{"@uio0=1:0x0", 8, "an empty mask"},
	{"@uio0=1:010", 8, "leading zero"},
	{"@uio0=1:0x10000000000000000", 8, "64 bits"},
	{"@uio0=1:1:1", 9, "one mask"},
	{"@uio0=1:1=1", 9, "a value already"},
	{"@uio0=1:1/32", 9, "before the value"},
	{"@uio0=1:1.3", 9, "before the value"},
	{"@uio0=1:1+1", 9, "the sum"},
	{"@uio0=1:1|2", 9, "compute"},
	{"@uio0=1:1 ", 9, "blank"},
	{"@uio0=1::1", 7, "scope"},
	{"@uio0/8=1:0x100", 10, "mask does not fit into 8"},
	{"@uio0/16=1:0x10000", 11, "mask does not fit into 16"},
	{"@uio0/32=1:0x100000000", 11, "mask does not fit into 32"},
	{"@uio0.3=1:1", 9, "exclude each other"},
	{"@uio0.7:4=1:1", 11, "exclude each other"},
	{"@uio0.mode=1:1", 12, "exclude each other"},
	{"regs.ctrl.7:4=1:0xf", 15, "exclude each other"},
	{"regs.ctrl/32.3=1:1", 16, "exclude each other"},
	{"@uio0.3=FAST:1", 12, "exclude each other"},
	{"@uio0=1:1,3=1", 9, "a mask cannot stand"},
	{"regs.ctrl.en=1:1,mode=2", 16, "a mask cannot stand"},
	/* assignments */
	{"@uio0=1,", 7, "must all name bits"},
	{"@uio0=1,3=1", 7, "must all name bits"},
	{"@uio0/32=1,3=1", 10, "must all name bits"},
	{"@uio0=1,@uio1=2", 7, "must all name bits"},
	{"regs=1,en=1", 6, "must all name bits"},
	{"regs[3]=1,en=1", 9, "must all name bits"},
	{"a::b=1,en=1", 6, "must all name bits"},
	{"regs.a[3]=1,en=1", 11, "must all name bits"},
	{"regs.a+0x4=1,en=1", 12, "must all name bits"},
	{"regs.a..regs.b=1,en=1", 16, "must all name bits"},
	{"phys:0x10=1,en=1", 11, "must all name bits"},
	{"@uio0.3=1,", 10, "a bit, HIGH:LOW or a field"},
	{"@uio0.3=1,,4=1", 10, "a bit, HIGH:LOW or a field"},
	{"@uio0.3=1,.4=1", 10, "a bit, HIGH:LOW or a field"},
	{"@uio0.3=1,=1", 10, "a bit, HIGH:LOW or a field"},
	{"@uio0.3=1,*=1", 10, "pattern"},
	{"@uio0.3=1,@uio1.3=1", 10, "another location"},
	{"@uio0.3=1, 4=1", 10, "blank"},
	{"@uio0.3=1,4", 11, "'=' and a value"},
	{"@uio0.3=1,4,", 11, "'=' and a value"},
	{"@uio0.3=1,4.5=1", 11, "'=' and a value"},
	{"@uio0.3=1,en", 12, "'=' and a value"},
	{"@uio0.3=1,en:1", 12, "'=' and a value"},
	{"@uio0.3=1,en =1", 12, "blank"},
	{"@uio0.3=1,4=", 12, "a value must stand"},
	{"@uio0.3=1,4==1", 12, "eq VALUE"},
	{"@uio0.3=1,4=,", 12, "a value must stand"},
	{"@uio0.3=1,4=1:1", 13, "a mask cannot stand"},
	{"@uio0.3=1,en=A:1", 14, "a mask cannot stand"},
	{"@uio0.3=1,4=1/32", 13, "before the value"},
	{"@uio0.3=1,4=1;", 13, "does not belong"},
	{"@uio0.3=1,4=1.2", 13, "before the value"},
	{"@uio0.3=1,64=1", 10, "no such bit"},
	{"@uio0.3=1,4:7=1", 10, "write 7:4"},
	{"@uio0.3=1,7:=1", 12, "a number must stand here"},
	{"@uio0.3=1,3=0", 10, "two values"},
	{"@uio0.3=1,3=1", 10, "two values"},
	{"@uio0.3=1,3:0=1", 10, "two values"},
	{"@uio0.7:4=1,5=1", 12, "two values"},
	{"@uio0.7:4=1,3=1,8:7=1", 16, "two values"},
	{"@uio0.7:4=1,3=1,en=0,3:2=1", 21, "two values"},
	{"@uio0.63:0=1,63=1", 13, "two values"},
	{"@uio0.63=1,63:0=1", 11, "two values"},
	{"@uio0.en=1,5=1,5=1", 15, "two values"},
	{"regs.ctrl.7:4=1,4=1", 16, "two values"},
	{"regs.ctrl.en=1,3=1,3=1", 19, "two values"},
	{"@uio0.3=1,4=2", 12, "1 bit:"},
	{"@uio0.3=1,7:4=0x10", 14, "4 bits"},
	{"@uio0.3=1,7:4=-9", 14, "4 bits"},
	{"@uio0/8.3=1,8=1", 12, "outside of a width of 8"},
	{"@uio0/8.3=1,en=256", 15, "largest is 0xff"},
	{"@uio0/16.3=1,17:15=1", 13, "outside of a width of 16"},
	{"@uio0/32.3=1,en=1,32=1", 18, "outside of a width of 32"},
	{"regs.ctrl.en/8=1,8=1", 17, "outside of a width of 8"},
};

/* What holds for the error of any input. */
static void check_error(const char *input, const struct error *error)
{
	size_t length = strlen(input);

	if (error->kind != ERROR_USAGE)
		fail_row(input, "the kind is %s", error_kind_name(error->kind));
	if (!error->input || strcmp(error->input, input) != 0)
		fail_row(input, "the error does not hold the input");
	if (error->input_start > length ||
	    error->input_length > length - error->input_start)
		fail_row(input, "the error points behind the end");
	if (!error->input_length != (error->input_start == length))
		fail_row(input, "length %zu at %zu of %zu", error->input_length,
			 error->input_start, length);
	if (strlen(error->message) > 200 ||
	    (error->help && strlen(error->help) > 200))
		fail_row(input, "the error is too long");
}

static void check_text(const char *input, const struct error *error,
		       size_t start, const char *text)
{
	const char *help = error->help ? error->help : "";

	check_error(input, error);
	if (error->input_start != start)
		fail_row(input, "at %zu instead of %zu: %s", error->input_start,
			 start, error->message);
	if (!strstr(error->message, text) && !strstr(help, text))
		fail_row(input, "no '%s' in '%s; %s'", text, error->message,
			 help);
}

START_TEST(wrong_inputs)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct location *location = NULL;
		cleanup_error struct error *error = NULL;

		error = location_parse(wrong[i].input, &location);
		if (!error) {
			fail_row(wrong[i].input, "accepted");
			location_destroy(location);
			continue;
		}
		check_text(wrong[i].input, error, wrong[i].start,
			   wrong[i].text);
		if (location)
			fail_row(wrong[i].input, "written in spite of it");
	}
	end_rows();
}
END_TEST

/* The pieces of an input, for carets in later errors. */

static void show_span(FILE *out, const struct location *location,
		      const char *what, struct text_span span)
{
	fprintf(out, " %s '%.*s'", what, (int)span.length,
		location->text + span.start);
}

static void show_place_spans(FILE *out, const struct location *location,
			     const struct place *place)
{
	const struct name_expression *expression = &place->expression;

	show_span(out, location, "base", place->base_span);
	for (size_t i = 0; i < expression->n_steps; i++)
		show_span(out, location, "step", expression->steps[i].span);
	if (place->has_offset)
		show_span(out, location, "offset", place->offset_span);
}

static char *show_spans(const struct location *location)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	show_place_spans(out, location, &location->start);
	if (location->range != RANGE_NONE)
		show_span(out, location, "range", location->range_span);
	if (location->range == RANGE_END)
		show_place_spans(out, location, &location->end);
	if (location->width.bits)
		show_span(out, location, "width", location->width_span);
	if (location->bits.kind != BITS_NONE)
		show_span(out, location, "bits", location->bits.span);
	if (location->value.kind != VALUE_NONE)
		show_span(out, location, "value", location->value.span);
	if (location->has_mask)
		show_span(out, location, "mask", location->mask_span);
	for (size_t i = 0; i < location->n_more; i++) {
		show_span(out, location, "bits", location->more[i].bits.span);
		show_span(out, location, "value", location->more[i].value.span);
	}
	fclose(out);
	return text;
}

static const struct {
	const char *input, *spans;
} spans[] = {
	{"0x1000", " base '0x1000'"},
	{"0x1000+4-8", " base '0x1000' offset '+4-8'"},
	{"phys:0x10-8=1", " base 'phys:0x10' offset '-8' value '1'"},
	{"@uio0/map1+0x10/32be.7:4=-3",
	 " base '@uio0/map1' offset '+0x10' width '32be' bits '7:4' value "
	 "'-3'"},
	{"@file:/a\\+b=FAST:0xf",
	 " base '@file:/a\\+b' value 'FAST' mask '0xf'"},
	{"@uio0..+0x10/8", " base '@uio0' range '+0x10' width '8'"},
	{"0x10+8..0x10+0x10.3",
	 " base '0x10' offset '+8' range '0x10+0x10' base '0x10' offset "
	 "'+0x10' bits '3'"},
	{"regs->q[12].3.head-4",
	 " base 'regs->q[12].3.head' step 'q' step '12' step '3' step 'head' "
	 "offset '-4'"},
	{"ptr:a.so::b.c..b.d", " base 'ptr:a.so::b.c' step 'c' range 'b.d' "
			       "base 'b.d' step 'd'"},
	{"regs.ctrl.en=1,mode=FAST,7:4=0x3",
	 " base 'regs.ctrl.en' step 'ctrl' step 'en' value '1' bits 'mode' "
	 "value 'FAST' bits '7:4' value '0x3'"},
};

START_TEST(spans_of_pieces)
{
	for (size_t i = 0; i < ARRAY_SIZE(spans); i++) {
		cleanup_location struct location *location = NULL;
		cleanup_error struct error *error = NULL;
		cleanup_free char *shown = NULL;

		error = location_parse(spans[i].input, &location);
		if (error) {
			fail_row(spans[i].input, "%s", error->message);
			continue;
		}
		shown = show_spans(location);
		if (strcmp(shown, spans[i].spans) != 0)
			fail_row(spans[i].input, "got\n#%s instead of\n#%s",
				 shown, spans[i].spans);
	}
	end_rows();
}
END_TEST

/* Names of devices and regions. */

static const struct {
	const char *input, *name;
} right_regions[] = {
	{"03:00.0", "pci 0:3:0.0"},
	{"@03:00.0", "pci 0:3:0.0"},
	{"0000:03:00.0", "pci 0:3:0.0"},
	{"10000:fe:1f.7", "pci 10000:fe:1f.7"},
	{"03:00.0/bar2", "pci 0:3:0.0 part 2"},
	{"@03:00.0/bar0", "pci 0:3:0.0 part 0"},
	{"uio0", "uio 0"},
	{"@uio12", "uio 12"},
	{"uio0/map0", "uio 0 part 0"},
	{"uio0/map3", "uio 0 part 3"},
	{"vfio3", "vfio 3"},
	{"vfio3/region7", "vfio 3 part 7"},
	{"mem", "mem 0"},
	{"@mem", "mem 0"},
	{"hpet", "hpet 0"},
	{"dri/card0", "dri 0 'card0'"},
	{"file:/dev/x", "file 0 '/dev/x'"},
	{"@file:/a\\+b", "file 0 '/a+b'"},
	{"/dev/uio0", "uio 0"},
	{"@/dev/uio0", "uio 0"},
	{"/dev/uio17", "uio 17"},
	{"/dev/uio", "file 0 '/dev/uio'"},
	{"/dev/uio01", "file 0 '/dev/uio01'"},
	{"/dev/uio0/map0", "file 0 '/dev/uio0/map0'"},
	{"/dev/uiox", "file 0 '/dev/uiox'"},
	{"/dev/mem", "mem 0"},
	{"/dev/mem+4", "file 0 '/dev/mem+4'"},
	{"/dev/memory", "file 0 '/dev/memory'"},
	{"/dev/hpet", "hpet 0"},
	{"/dev/hpet0", "file 0 '/dev/hpet0'"},
	{"/dev/dri/card0", "dri 0 'card0'"},
	{"/dev/dri/renderD128", "dri 0 'renderD128'"},
	{"/dev/dri/", "file 0 '/dev/dri/'"},
	{"/dev/dri/by-path/x", "file 0 '/dev/dri/by-path/x'"},
	{"/dev/vfio/3", "vfio 3"},
	{"/dev/vfio/3/region0", "file 0 '/dev/vfio/3/region0'"},
	{"/dev/vfio/vfio", "file 0 '/dev/vfio/vfio'"},
	{"/dev/vfio/noiommu-0", "file 0 '/dev/vfio/noiommu-0'"},
	{"/a b+c=d..e\\f", "file 0 '/a b+c=d..e\\f'"},
	{"/", "file 0 '/'"},
};

static char *show_region_name(const struct region_name *region)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	show_region(out, region);
	fclose(out);
	return text;
}

START_TEST(right_region_names)
{
	for (size_t i = 0; i < ARRAY_SIZE(right_regions); i++) {
		const char *input = right_regions[i].input;
		struct region_name region = {0};
		cleanup_error struct error *error = NULL;
		cleanup_free char *name = NULL;

		error = region_name_parse(input, &region);
		if (error) {
			fail_row(input, "%s at %zu", error->message,
				 error->input_start);
			continue;
		}
		name = show_region_name(&region);
		if (strcmp(name, right_regions[i].name) != 0)
			fail_row(input, "got '%s' instead of '%s'", name,
				 right_regions[i].name);
		region_name_deinit(&region);
	}
	end_rows();
}
END_TEST

/* `name` as it is shown, read back in a location and alone. */
static void check_round_trip(const struct region_name *name)
{
	cleanup_location struct location *location = NULL;
	cleanup_error struct error *error = NULL;
	cleanup_free char *shown = region_name_format(name);
	cleanup_free char *input = NULL;
	struct region_name region = {0};

	ck_assert_int_gt(asprintf(&input, "@%s", shown), 0);
	error = region_name_parse(shown, &region);
	if (error || !region_name_matches(&region, name) ||
	    region.has_part != name->has_part)
		fail_row(shown, "%s", error ? error->message : "another name");
	region_name_deinit(&region);
	error_destroy(error);
	error = location_parse(input, &location);
	if (error)
		fail_row(input, "%s", error->message);
	else if (!region_name_matches(&location->start.region, name))
		fail_row(input, "another region");
}

START_TEST(names_as_they_are_shown)
{
	static const char bytes[] = "+=.\\/:@ a\xff";
	char path[12] = "/";
	const struct region_name file = {.kind = REGION_FILE, .name = path};

	for (size_t i = 0; i < ARRAY_SIZE(right_regions); i++) {
		struct region_name region = {0};

		ck_assert_ptr_null(
			region_name_parse(right_regions[i].input, &region));
		if (region.has_part ||
		    (region.kind != REGION_PCI && region.kind != REGION_UIO &&
		     region.kind != REGION_VFIO))
			check_round_trip(&region);
		region_name_deinit(&region);
	}
	random_state = 0x66696c65;
	for (unsigned i = 0; i < 20000; i++) {
		size_t length = next_random() % (sizeof(path) - 1) + 1;

		for (size_t at = 1; at < length; at++)
			path[at] = bytes[next_random() % (sizeof(bytes) - 1)];
		path[length] = '\0';
		check_round_trip(&file);
	}
	end_rows();
}
END_TEST

static const struct {
	const char *input;
	size_t start;
	const char *text;
} wrong_regions[] = {
	{"", 0, "name of a region"},
	{"@", 1, "name of a region"},
	{"@@uio0", 1, "name of a region"},
	{" uio0", 0, "blank"},
	{"uio0 ", 4, "blank"},
	{"3", 0, "an index names a mapping"},
	{"@3", 0, "an index names a mapping"},
	{"3+0x10", 0, "an index names a mapping"},
	{"uio", 3, "a number must stand here"},
	{"uio0x", 4, "only decimal digits"},
	{"uio0/", 4, "only the name"},
	{"uio0/32", 4, "only the name"},
	{"uio0/bar0", 5, "/map0"},
	{"uio0/map", 8, "a number must stand here"},
	{"uio0+0x10", 4, "leave out offset"},
	{"@uio0.3", 5, "leave out offset"},
	{"uio0=1", 4, "leave out offset"},
	{"uio0..+4", 4, "leave out offset"},
	{"uio0*", 4, "pattern"},
	{"uio*", 3, "pattern"},
	{"vfio0/bar0", 6, "/region0"},
	{"vfio0/region", 12, "a number must stand here"},
	{"03", 0, "leading zeros"},
	{"03:00", 5, "'.'"},
	{"03:00.", 6, "a PCI function"},
	{"3:00.0", 0, "a PCI bus has 2 digits"},
	{"03:00.8", 6, "7 at most"},
	{"03:00.0/", 7, "only the name"},
	{"03:00.0/bar", 11, "a number must stand here"},
	{"03:00.0/bar6", 11, "bar5"},
	{"03:00.0/map0", 8, "/bar0"},
	{"03:00.0/32", 7, "only the name"},
	{"mem0", 0, "did you mean mem?"},
	{"mem+4", 3, "only the name"},
	{"memory", 0, "uioN/mapN"},
	{"uoi0", 0, "did you mean uio?"},
	{"regs", 0, "no region"},
	{"dri", 3, "DRI"},
	{"dri/", 4, "DRI"},
	{"dri/by-path", 6, "only the name"},
	{"file:", 5, "a path must stand"},
	{"file:x", 5, "relative"},
	{"file:/a+b", 7, "protects"},
	{"file:/a\\", 7, "nothing stands behind"},
	{"dev/uio0", 0, "no region"},
};

START_TEST(wrong_region_names)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong_regions); i++) {
		const char *input = wrong_regions[i].input;
		struct region_name region = {.number = 77};
		cleanup_error struct error *error = NULL;

		error = region_name_parse(input, &region);
		if (!error) {
			fail_row(input, "accepted");
			region_name_deinit(&region);
			continue;
		}
		check_text(input, error, wrong_regions[i].start,
			   wrong_regions[i].text);
		if (region.number != 77 || region.name)
			fail_row(input, "written in spite of it");
	}
	end_rows();
}
END_TEST

/* Widths. */

static const struct {
	const char *input;
	struct width width;
} right_widths[] = {
	{"8", {8, ORDER_NATIVE, false}},
	{"8be", {8, ORDER_BIG, false}},
	{"8le", {8, ORDER_LITTLE, false}},
	{"16", {16, ORDER_NATIVE, false}},
	{"16be", {16, ORDER_BIG, false}},
	{"16le", {16, ORDER_LITTLE, false}},
	{"32", {32, ORDER_NATIVE, false}},
	{"32be", {32, ORDER_BIG, false}},
	{"32le", {32, ORDER_LITTLE, false}},
	{"64", {64, ORDER_NATIVE, false}},
	{"64be", {64, ORDER_BIG, false}},
	{"64le", {64, ORDER_LITTLE, false}},
	{"32x2", {64, ORDER_NATIVE, true}},
};

START_TEST(right_width_names)
{
	static const struct width none;

	for (size_t i = 0; i < ARRAY_SIZE(right_widths); i++) {
		const char *input = right_widths[i].input;
		const struct width *want = &right_widths[i].width;
		struct width width = {0};
		cleanup_error struct error *error = width_parse(input, &width);

		if (error)
			fail_row(input, "%s", error->message);
		else if (width.bits != want->bits ||
			 width.order != want->order ||
			 width.halves != want->halves)
			fail_row(input, "another width");
		else if (strcmp(width_name(&width), input) != 0)
			fail_row(input, "its name is %s", width_name(&width));
	}
	end_rows();
	ck_assert_str_eq(width_name(&none), "");
}
END_TEST

static const struct {
	const char *input;
	size_t start;
	const char *text;
} wrong_widths[] = {
	{"", 0, "a width must stand"},
	{" 32", 0, "blank"},
	{"32 ", 2, "blank"},
	{"24", 0, "8, 16, 32 and 64"},
	{"0", 0, "no such width"},
	{"032", 0, "no such width"},
	{"0x20", 0, "no such width"},
	{"-32", 0, "a width must stand"},
	{"+32", 0, "a width must"},
	{"/32", 0, "a width must stand"},
	{"32/", 2, "nothing can stand"},
	{"32,", 2, "nothing can stand"},
	{"32.3", 2, "nothing can stand"},
	{"32BE", 0, "no such width"},
	{"be", 0, "no such width"},
	{"w", 0, "no size letters"},
	{"L", 0, "no size letters"},
	{"4", 0, "four bytes"},
	{"2", 0, "two bytes"},
	{"1", 0, "one byte"},
	{"32x2be", 0, "byte order"},
	{"32x3", 0, "no such width"},
	{"map0", 0, "behind a device"},
	{"32*", 2, "pattern"},
	{"\xc3\xa9", 0, "only ASCII"},
};

START_TEST(wrong_width_names)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong_widths); i++) {
		const char *input = wrong_widths[i].input;
		struct width width = {.bits = 77};
		cleanup_error struct error *error = width_parse(input, &width);

		if (!error) {
			fail_row(input, "accepted");
			continue;
		}
		check_text(input, error, wrong_widths[i].start,
			   wrong_widths[i].text);
		if (width.bits != 77)
			fail_row(input, "written in spite of it");
	}
	end_rows();
}
END_TEST

/* Widths that come from elsewhere; no text: it fits. */
static const struct {
	const char *input, *width;
	size_t start;
	const char *text;
} fits[] = {
	{"@uio0", "8", 0, NULL},
	{"@uio0", "32x2", 0, NULL},
	{"@uio0.7", "8", 0, NULL},
	{"@uio0.8", "8", 6, "bit 8 lies outside of a width of 8"},
	{"@uio0.8:7", "8", 6, "outside"},
	{"@uio0.63", "32x2", 0, NULL},
	{"@uio0.63", "64be", 0, NULL},
	{"@uio0.32", "32be", 6, "outside"},
	{"@uio0.mode", "8", 0, NULL},
	{"@uio0=255", "8", 0, NULL},
	{"@uio0=256", "8", 6, "largest is 0xff"},
	{"@uio0=-128", "8", 0, NULL},
	{"@uio0=-129", "8", 6, "smallest is -128"},
	{"@uio0=0xffff", "16", 0, NULL},
	{"@uio0=0x10000", "16", 6, "largest is 0xffff"},
	{"@uio0=0xffffffff", "32", 0, NULL},
	{"@uio0=0x100000000", "32", 6, "largest is 0xffffffff"},
	{"@uio0=-0x80000000", "32", 0, NULL},
	{"@uio0=-0x80000001", "32", 6, "smallest is -2147483648"},
	{"@uio0=0xffffffffffffffff", "64", 0, NULL},
	{"@uio0=-0x8000000000000000", "64", 0, NULL},
	{"@uio0=FAST", "8", 0, NULL},
	{"@uio0=FAST", "32x2", 6, "for reading"},
	{"@uio0=1", "32x2", 6, "for reading"},
	{"@uio0.3=1", "32x2", 8, "for reading"},
	{"@uio0.3=1,4=1", "32x2", 8, "for reading"},
	{"@uio0=1:0xff", "8", 0, NULL},
	{"@uio0=1:0x100", "8", 8, "mask does not fit into 8 bits"},
	{"@uio0=1:0x100000000", "32", 8, "mask does not fit"},
	{"@uio0=1:0xffffffffffffffff", "64", 0, NULL},
	{"@uio0.en=255", "8", 0, NULL},
	{"@uio0.en=256", "8", 9, "largest is 0xff"},
	{"@uio0.en=1,mode=256", "8", 16, "largest is 0xff"},
	{"@uio0.en=1,8=1", "8", 11, "outside"},
	{"@uio0.en=1,7=1", "8", 0, NULL},
	{"@uio0.en=1,31:16=0xffff", "32", 0, NULL},
	{"@uio0.en=1,31:16=0xffff", "16", 11, "bit 31"},
	{"regs.ctrl=0x100", "8", 10, "largest is 0xff"},
	{"regs.ctrl.3=1", "8", 0, NULL},
};

START_TEST(fit_into_widths)
{
	for (size_t i = 0; i < ARRAY_SIZE(fits); i++) {
		const char *input = fits[i].input;
		cleanup_location struct location *location = NULL;
		cleanup_error struct error *error = NULL;
		struct width width;

		ck_assert_ptr_null(location_parse(input, &location));
		ck_assert_ptr_null(width_parse(fits[i].width, &width));
		error = location_check_width(location, &width);
		if (!error != !fits[i].text)
			fail_row(input, "width %s: %s", fits[i].width,
				 error ? error->message : "fits");
		else if (error)
			check_text(input, error, fits[i].start, fits[i].text);
	}
	end_rows();
}
END_TEST

/* Properties of all inputs. */

/* Parses; an error must be a proper one. Whether it was accepted. */
static bool try_input(const char *input)
{
	cleanup_location struct location *location = NULL;
	cleanup_error struct error *error = location_parse(input, &location);

	if (!error != !!location)
		fail_row(input, "error or location, not both");
	if (error)
		check_error(input, error);
	return !error;
}

static void try_other_parsers(const char *input)
{
	cleanup_error struct error *region_error = NULL;
	cleanup_error struct error *width_error = NULL;
	struct region_name region = {0};
	struct width width;

	region_error = region_name_parse(input, &region);
	if (region_error)
		check_error(input, region_error);
	region_name_deinit(&region);
	width_error = width_parse(input, &width);
	if (width_error)
		check_error(input, width_error);
}

START_TEST(prefixes_and_suffixes)
{
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		const char *input = right[i].input;

		for (size_t length = 0; length < strlen(input); length++) {
			cleanup_free char *prefix = strndup(input, length);

			ck_assert_ptr_nonnull(prefix);
			try_input(prefix);
			try_input(input + length);
			try_other_parsers(prefix);
			try_other_parsers(input + length);
		}
	}
	end_rows();
}
END_TEST

/* Neither a blank nor a byte of no meaning may be swallowed anywhere but in
 * a path. */
START_TEST(no_stray_byte_is_accepted)
{
	static const char strays[] = " \t\n*?(){}\"'`&|^%!<#;$\\\x01\x7f\xff";

	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		const char *input = right[i].input;
		size_t length = strlen(input);
		char changed[256];

		if (strstr(input, "file:") || length + 2 > sizeof(changed))
			continue;
		for (size_t at = 0; at <= length; at++) {
			for (const char *stray = strays; *stray; stray++) {
				memcpy(changed, input, at);
				changed[at] = *stray;
				strcpy(changed + at + 1, input + at);
				if (try_input(changed))
					fail_row(changed, "accepted");
			}
		}
	}
	end_rows();
}
END_TEST

static const char *any_input(void)
{
	uint64_t number = next_random();

	if (number & 1)
		return right[(number >> 1) % ARRAY_SIZE(right)].input;
	return wrong[(number >> 1) % ARRAY_SIZE(wrong)].input;
}

/* The first piece of one input and the last piece of another, with a byte
 * changed here and there. */
static void mutate(char *buffer, size_t size)
{
	static const char bytes[] = "@+-./=:,[]0123456789abefxuiomp_>\\*~ \xff";
	const char *a = any_input(), *b = any_input();
	size_t cut_a = next_random() % (strlen(a) + 1);
	size_t cut_b = next_random() % (strlen(b) + 1);
	size_t length;

	snprintf(buffer, size, "%.*s%s", (int)cut_a, a, b + cut_b);
	length = strlen(buffer);
	for (uint64_t n = next_random() % 3; length && n; n--)
		buffer[next_random() % length] =
			bytes[next_random() % (sizeof(bytes) - 1)];
}

START_TEST(mutated_inputs)
{
	random_state = 0x6d6d696f64626721;
	for (unsigned i = 0; i < 100000; i++) {
		char input[512];

		mutate(input, sizeof(input));
		try_input(input);
		try_other_parsers(input);
	}
	end_rows();
}
END_TEST

/* `head`, then `unit` again and again up to a megabyte, then `tail`. */
static const struct {
	const char *head, *unit, *tail;
} long_inputs[] = {
	{"", "9", ""},
	{"0x", "f", ""},
	{"", "1_", "1"},
	{"", "_", ""},
	{"", "a", ""},
	{"a", ".a", ""},
	{"a", ".1", ""},
	{"a", ".1", ":0"},
	{"a", "->a", ""},
	{"a", "[1]", ""},
	{"a", "[", ""},
	{"a", "]", ""},
	{"a", "::a", ""},
	{"", "::", ""},
	{"", "a::", ""},
	{"a", ":", ""},
	{"", ".", ""},
	{"a", ".", "::b"},
	{"", "a.", "::b"},
	{"", "..", ""},
	{"0", "..0", ""},
	{"0", "+1", ""},
	{"0", "+", ""},
	{"0", "-", ""},
	{"a", "+1-1", ""},
	{"0", "+0x1", "::b"},
	{"a..", "a.", "a::b"},
	{"@", "@", ""},
	{"@", "0", ""},
	{"@", "f", ":00.0"},
	{"@", "f:", ""},
	{"@03:00.0/bar", "0", ""},
	{"@", "a", ""},
	{"@uio", "1", ""},
	{"@dri/", "a", ""},
	{"@file:/", "a", "+0x10"},
	{"@file:/", "\\", ""},
	{"@file:/", "\\..", ""},
	{"@file:/", ".", ""},
	{"@file:/", "a.", ""},
	{"@uio0", "/", ""},
	{"@uio0", "/32", ""},
	{"@uio0/", "3", ""},
	{"@uio0", ".7", ""},
	{"@uio0.", "7", ""},
	{"@uio0.", "a", "=1"},
	{"@uio0", "=", ""},
	{"@uio0=", "-", ""},
	{"@uio0=", "1", ""},
	{"@uio0=", "a", ":1"},
	{"@uio0=1", ":1", ""},
	{"@uio0.3=1", ",en=1", ""},
	{"@uio0.3=1", ",", ""},
	{"a.b=1", ",b=A", ""},
	{"@uio0.3=1", ",4=1", ""},
	{"", " ", ""},
	{"", "\xff", ""},
	{"", "*", ""},
	{"ptr:", "a.", "a"},
	{"ptr:", "ptr:", ""},
	{"", "-", ""},
	{"", "~/", "::a"},
};

static char *long_input(const char *head, const char *unit, const char *tail)
{
	size_t count = (1 << 20) / strlen(unit);
	char *input =
		malloc(strlen(head) + count * strlen(unit) + strlen(tail) + 1);
	char *end;

	ck_assert_ptr_nonnull(input);
	end = stpcpy(input, head);
	for (size_t i = 0; i < count; i++)
		end = stpcpy(end, unit);
	strcpy(end, tail);
	return input;
}

/* Anything but linear would take minutes at least. */
START_TEST(long_inputs_take_linear_time)
{
	for (size_t i = 0; i < ARRAY_SIZE(long_inputs); i++) {
		cleanup_free char *input =
			long_input(long_inputs[i].head, long_inputs[i].unit,
				   long_inputs[i].tail);
		clock_t start = clock();

		try_input(input);
		try_other_parsers(input);
		if (clock() - start > 5 * CLOCKS_PER_SEC)
			fail_row(input, "takes too long");
	}
	end_rows();
}
END_TEST

START_TEST(nothing_is_destroyed)
{
	location_destroy(NULL);
}
END_TEST

static Suite *location_suite(void)
{
	const TTest *const tests[] = {
		right_inputs,
		wrong_inputs,
		spans_of_pieces,
		right_region_names,
		names_as_they_are_shown,
		wrong_region_names,
		right_width_names,
		wrong_width_names,
		fit_into_widths,
		prefixes_and_suffixes,
		no_stray_byte_is_accepted,
		mutated_inputs,
		long_inputs_take_linear_time,
		nothing_is_destroyed,
	};
	Suite *suite = suite_create("location");
	TCase *tcase = tcase_create("location");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(location_suite());
	int failed;

	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
