# SPDX-License-Identifier: GPL-2.0-or-later
#
# check.awk: what a guest's cases expected against what the devices saw, as TAP
#
#   awk -v label=TEXT -v first=N -v ended=TEXT -f check.awk \
#     kind=script SCRIPT kind=results RESULTS kind=trace TRACE kind=dmesg DMESG
#
# A line "ok" or "not ok" for each case that the guest ran; one for each
# case_begin in SCRIPT that it never came to; one for the guest itself. "ended"
# is empty if the guest came to its end, else it says what happened. The formats
# are explained in guest-lib.bash, filter.awk and run-guest.
#
# No number here exceeds 2^53 but values, which are compared as text.

BEGIN {
  max_shown = 24
  n_cases = open_case = watching = 0
  log_case = "boot"
}

function from_hex(text,    i, n)
{
  text = tolower(text)
  sub(/^0x/, "", text)
  n = 0
  for (i = 1; i <= length(text); i++)
    n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
  return n
}

function plain(text)
{
  text = tolower(text)
  sub(/^0x0*/, "", text)
  return "0x" (text == "" ? "0" : text)
}

# The part of the line after its first n words
function rest_after(n,    text)
{
  text = $0
  while (n-- > 0)
    sub(/^[^ ]* /, "", text)
  return text
}

function complain(number, text)
{
  complaints[number, ++n_complaints[number]] = text
}

# The script: each case_begin is a promise

kind == "script" {
  if ($1 == "case_begin") {
    promised[FNR] = rest_after(1)
    sub(/^ *case_begin */, "", promised[FNR])
    gsub(/"/, "", promised[FNR])
  }
  n_lines = FNR
  next
}

# What the guest says

kind == "results" && $1 == "device" {
  start[$2] = $3
  device_of[rest_after(4)] = $2
  next
}

kind == "results" && $1 == "case" {
  n_cases = $2
  seen_line[$3] = 1
  title[$2] = rest_after(3)
  next
}

kind == "results" && $1 == "bus" {
  n = ++n_expected[$2]
  expected_device[$2, n] = $3
  expected_op[$2, n] = $4
  expected_offset[$2, n] = $5
  expected_size[$2, n] = $6
  expected_value[$2, n] = $7 == "-" ? "" : plain($7)
  expected_min[$2, n] = $8
  expected_max[$2, n] = $9
  expected_step[$2, n] = $10
  next
}

kind == "results" {
  if ($1 == "fail")
    complain($2, rest_after(2))
  else if ($1 == "bus_none")
    bus_none[$2] = 1
  else if ($1 == "bus_any")
    bus_any[$2] = 1
  else if ($1 == "kernel_log" && $3 == "any")
    log_any[$2] = 1
  else if ($1 == "kernel_log")
    log_wanted[$2] = rest_after(2)
  else if ($1 == "skip")
    skip[$2] = rest_after(2)
  else if ($1 == "todo")
    todo[$2] = rest_after(2)
  else if ($1 == "end")
    ended_case[$2] = 1
  else
    complain(0, "results: " $0)
  next
}

# What the devices saw. A mark is a 32-bit write of 0x6dKKNNNN to edu +4: KK is
# b0 for the beginning of case NNNN, e0 for its end, f0 and f1 for a pause.

function mark(text,    what, number)
{
  what = substr(text, 5, 2)
  number = from_hex(substr(text, 7, 4))
  if (what == "b0") {
    if (open_case)
      complain(open_case, "marks: its end is not in the trace")
    open_case = number
    watching = 1
    began[number] = 1
  } else if (number != open_case) {
    complain(number, "marks: " text " does not belong here")
  } else if (what == "e0") {
    open_case = watching = 0
    finished[number] = 1
  } else {
    watching = what == "f1"
  }
}

# "?" as offset: outside the BAR that the guest found
function saw(region, op, address, offset, size, value,    device, n)
{
  device = region in device_of ? device_of[region] : region
  if (address != "")
    offset = device in start ? from_hex(address) - start[device] : "?"
  if (device == "edu" && op == "w" && offset == 4 && size == 4 &&
      plain(value) ~ /^0x6d(b0|e0|f0|f1)....$/) {
    mark(plain(value))
    return
  }
  if (!watching)
    return
  n = ++n_accesses[open_case]
  got_device[open_case, n] = device
  got_op[open_case, n] = op
  got_offset[open_case, n] = offset
  got_size[open_case, n] = size
  got_value[open_case, n] = value == "" ? "" : plain(value)
}

function region_name(text)
{
  sub(/^[^']*'/, "", text)
  sub(/'[^']*$/, "", text)
  return text
}

kind == "trace" && $1 ~ /^memory_region_ops_(read|write)$/ {
  saw(region_name(rest_after(10)), $1 ~ /read/ ? "r" : "w", $7, 0, $11, $9)
  next
}

kind == "trace" && /^Invalid (read|write) at addr / {
  offset = $5
  size = $7
  sub(/,$/, "", offset)
  sub(/,$/, "", size)
  region = $0
  sub(/, reason:.*/, "", region)
  saw(region_name(region), ($2 == "read" ? "r" : "w") "-refused", "",
      from_hex(offset), size, "")
  next
}

kind == "trace" {
  complain(0, "trace: " $0)
  next
}

# What the kernel says

kind == "dmesg" && /mmiodbg-vm: case [0-9]+ (begin|end)$/ {
  log_case = $NF == "begin" ? $(NF - 1) : 0
  next
}

kind == "dmesg" && log_case != "boot" {
  if (log_case in log_wanted && index($0, log_wanted[log_case]))
    log_found[log_case] = 1
  if (/BUG: |WARNING: |Oops|Call [Tt]race:|general protection/ ||
      /[Uu]nable to handle|Internal error: |SError/)
    if (!(log_case in log_any) && !(log_case in log_wanted))
      complain(log_case, "kernel: " $0)
  next
}

# The verdict

function access_text(device, op, offset, size, value)
{
  if (offset != "?")
    offset = sprintf("0x%x", offset)
  return device " " op " " offset " " size (value == "" ? "" : " " value)
}

function expected_text(number, i,    text)
{
  text = access_text(expected_device[number, i], expected_op[number, i],
                     expected_offset[number, i], expected_size[number, i],
                     expected_value[number, i])
  if (expected_min[number, i] == 1 && expected_max[number, i] == 1)
    return text
  text = text " x" expected_min[number, i]
  if (expected_max[number, i] == "-")
    text = text "-"
  else if (expected_max[number, i] != expected_min[number, i])
    text = text "-" expected_max[number, i]
  return text "+" expected_step[number, i]
}

function got_text(number, i)
{
  return access_text(got_device[number, i], got_op[number, i],
                     got_offset[number, i], got_size[number, i],
                     got_value[number, i])
}

# Is access j of the case what its expectation i wants as its k-th (from 0)?
function fits(number, i, k, j)
{
  return got_device[number, j] == expected_device[number, i] &&
    got_op[number, j] == expected_op[number, i] &&
    got_offset[number, j] == \
      expected_offset[number, i] + k * expected_step[number, i] &&
    got_size[number, j] == expected_size[number, i] &&
    (expected_value[number, i] == "" ||
     got_value[number, j] == expected_value[number, i])
}

function check_bus(number,    i, j, k, n, from, wrong)
{
  n = n_accesses[number] + 0
  if (number in bus_any) {
    if (n_expected[number] || number in bus_none)
      complain(number, "bus_any beside bus or bus_none")
    return
  }
  if (!n_expected[number] && !(number in bus_none)) {
    complain(number, "the case says nothing about the bus: bus, bus_none?")
    return
  }
  if (n_expected[number] && number in bus_none) {
    complain(number, "bus_none beside bus")
    return
  }

  j = 1
  wrong = 0
  for (i = 1; i <= n_expected[number] && !wrong; i++) {
    for (k = 0; j <= n; k++) {
      if (expected_max[number, i] != "-" && k >= expected_max[number, i] + 0)
        break
      if (!fits(number, i, k, j))
        break
      j++
    }
    if (k < expected_min[number, i] + 0)
      wrong = i
  }
  if (!wrong && j > n)
    return

  complain(number, "the bus:")
  if (!n_expected[number])
    complain(number, "  expected: no access")
  for (i = 1; i <= n_expected[number]; i++)
    complain(number, "  expected: " expected_text(number, i) \
                     (i == wrong ? "   <- only " k : ""))
  if (!n)
    complain(number, "  got: no access")
  from = j > max_shown / 2 ? j - max_shown / 2 : 1
  if (from > 1)
    complain(number, "  got: (" (from - 1) " that are as expected)")
  for (i = from; i <= n && i < from + max_shown; i++)
    complain(number, "  got: " got_text(number, i) (i == j ? "   <-" : ""))
  if (i <= n)
    complain(number, "  got: (" (n - i + 1) " more)")
}

function tap(good, number, text,    i, directive)
{
  directive = ""
  if (number in skip)
    directive = " # SKIP " skip[number]
  else if (number in todo)
    directive = " # TODO " todo[number]
  gsub(/#/, "\\#", text)
  print (good ? "ok " : "not ok ") first++ " - " label text directive
  for (i = 1; i <= n_complaints[number]; i++)
    print "# " complaints[number, i]
}

END {
  for (number = 1; number <= n_cases; number++) {
    if (!(number in skip)) {
      if (!(number in ended_case))
        complain(number, "the guest did not come to the end of this case")
      else if (!(number in began && number in finished))
        complain(number, "marks: not in the trace")
      else
        check_bus(number)
      if (number in log_wanted && !(number in log_found))
        complain(number, "the kernel log lacks '" log_wanted[number] "'")
    }
    tap(!n_complaints[number], number, title[number])
  }
  # What failed outside of all cases is the guest's.
  for (line = 1; line <= n_lines; line++) {
    if (line in promised && !(line in seen_line)) {
      complain("never", "line " line)
      tap(0, "never", promised[line] " (never run)")
      n_complaints["never"] = 0
    }
  }
  if (!n_cases)
    complain(0, "no case was run")
  if (n_cases && ended == "" && log_case == "boot")
    complain(0, "the kernel log lacks the marks of the cases")
  if (ended != "")
    complain(0, ended)
  tap(!n_complaints[0], 0, "the guest ran to its end")
}
