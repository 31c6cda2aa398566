# SPDX-License-Identifier: GPL-2.0-or-later
"""What gdb says of expressions: run by gdb, attached to the program.

The environment variable NAMES_ASK is a file with a number, a tab and an
expression in each line. For each of them are written, to NAMES_ANSWER, a line
for each register: the number, the raw value in hexadecimal as wide as the type
(of a bit-field, as its bits are), the value as a signed number if its type is
signed, and the name of the enumerator that it is; "-" where there is none. If
gdb cannot tell: the number, "error" and why.

"@BITS EXPRESSION" is a number of so many bits that stands nowhere in memory.
"""

import os
import re

import gdb

NUMBERS = (
    gdb.TYPE_CODE_INT,
    gdb.TYPE_CODE_CHAR,
    gdb.TYPE_CODE_BOOL,
    gdb.TYPE_CODE_ENUM,
)


def raw(number, bits):
    return "0x%0*x" % ((bits + 3) // 4, number & ((1 << bits) - 1))


def decimal_of(value, bits):
    """Only of what may be negative: plain char is text, bool is bool."""
    kind = value.type.strip_typedefs()
    if (kind.code not in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_ENUM)
            or not kind.is_signed):
        return "-"
    number = int(value) & ((1 << bits) - 1)
    return str(number - (1 << bits) if number >> (bits - 1) else number)


def enumerator_of(value):
    kind = value.type.strip_typedefs().unqualified()
    if kind.code != gdb.TYPE_CODE_ENUM:
        return "-"
    number = int(value)
    for field in kind.fields():
        if field.enumval == number:
            return field.name.rsplit("::", 1)[-1]
    return "-"


def number_line(value, bits):
    text = raw(int(value), bits)
    return [text, decimal_of(value, bits), enumerator_of(value)]


def memory_line(address, size):
    memory = gdb.selected_inferior().read_memory(address, size)
    return [raw(int.from_bytes(bytes(memory), "little"), size * 8), "-", "-"]


def scalar(value):
    if value.is_optimized_out:
        raise gdb.error("optimized out")
    if value.address is None:
        raise gdb.error("stands nowhere in memory")
    size = value.type.sizeof
    line = memory_line(int(value.address), size)
    if value.type.strip_typedefs().code in NUMBERS:
        line[1:] = [decimal_of(value, size * 8), enumerator_of(value)]
    return line


def register_of_union(value):
    """The member that is a register as wide as the union; else the first."""
    fields = [f for f in value.type.strip_typedefs().fields() if not f.bitsize]
    whole = [
        f
        for f in fields
        if f.type.strip_typedefs().code in NUMBERS
        and f.type.sizeof == value.type.sizeof
    ]
    return registers(value[(whole or fields)[0]])


def registers_of_struct(value):
    """Bit-fields that share a unit of their type are one register."""
    lines = []
    unit = None
    for field in value.type.strip_typedefs().fields():
        if not hasattr(field, "bitpos"):
            continue
        if not field.bitsize:
            unit = None
            lines += registers(value[field])
            continue
        size = field.type.sizeof
        start = field.bitpos // (size * 8) * size
        if unit == (start, size):
            continue
        unit = (start, size)
        lines.append(memory_line(int(value.address) + start, size))
    return lines


def registers_of_array(value):
    first, last = value.type.strip_typedefs().range()
    lines = []
    for i in range(first, last + 1):
        lines += registers(value[i])
    return lines


def registers(value):
    code = value.type.strip_typedefs().code
    if code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        return registers(value.referenced_value())
    if code == gdb.TYPE_CODE_ARRAY:
        return registers_of_array(value)
    if code == gdb.TYPE_CODE_STRUCT:
        return registers_of_struct(value)
    if code == gdb.TYPE_CODE_UNION:
        return register_of_union(value)
    return [scalar(value)]


def field_of(kind, name):
    """A field by its name, also of an anonymous member; None."""
    for field in kind.strip_typedefs().fields():
        if field.name == name:
            return field
        if not field.name or field.is_base_class:
            inside = field_of(field.type, name)
            if inside:
                return inside
    return None


def bits_of(expression):
    """How many bits the bit-field has that an expression ends in; 0: none."""
    split = re.fullmatch(r"(.*)(\.|->)(\w+)", expression, re.S)
    if not split or expression.startswith("*"):
        return 0
    parent = gdb.parse_and_eval(split[1])
    if split[2] == "->":
        parent = parent.dereference()
    field = field_of(parent.type, split[3])
    return field.bitsize if field else 0


def answer(expression):
    computed = re.match(r"@(\d+) (.*)", expression)
    if computed:
        bits = int(computed[1])
        return [[raw(int(gdb.parse_and_eval(computed[2])), bits), "-", "-"]]
    value = gdb.parse_and_eval(expression)
    bits = bits_of(expression)
    return [number_line(value, bits)] if bits else registers(value)


def main():
    # The frame is one of C; C++ has all of it that is asked for, and more.
    gdb.execute("set language c++")
    with open(os.environ["NAMES_ASK"]) as asked:
        questions = [line.rstrip("\n").split("\t", 1) for line in asked]
    with open(os.environ["NAMES_ANSWER"], "w") as answers:
        for number, expression in questions:
            try:
                lines = answer(expression)
            except Exception as error:  # whatever it is belongs to this line
                why = str(error).replace("\n", " ").replace("\t", " ")
                lines = [["error", why, "-"]]
            for line in lines:
                print(number, *line, sep="\t", file=answers)


main()
