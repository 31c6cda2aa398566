# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for mmiodbg(1).
#
# tests/cli/docs.bats holds the lists in here against the program. Regions come
# from `mmiodbg maps`, which touches no device.

# Options whose argument is the next word.
set -g __mmiodbg_with_argument '^(-[qvhV]*[pwnotmef]|--(pid|width|count|type|access|via|retry|thread|max-pause|max-stop|into|treat-as-device|output|color|interval|samples|for|until|mask|timeout|file|format|only|line))$'

# The command of the line. Fails if it is still to come.
function __mmiodbg_command
    set -l argument program
    for word in (commandline -opc)
        if set -q argument[1]
            set -e argument
        else if string match -qr -- $__mmiodbg_with_argument $word
            set argument option
        else if not string match -q -- '-?*' $word
            echo $word
            return 0
        end
    end
    return 1
end

# Whether the command is one of these, or still to come.
function __mmiodbg_takes
    set -l command (__mmiodbg_command)
    or return 0
    contains -- $command $argv
end

# Whether the command is one of these.
function __mmiodbg_is
    set -l command (__mmiodbg_command)
    and contains -- $command $argv
end

# What the line says of the processes to look at, as options.
function __mmiodbg_target
    set -l option
    for word in (commandline -opc)[2..]
        if set -q option[1]
            echo -- $option=(string replace -r '^~/' $HOME/ -- $word)
            set -e option
        else if string match -qr -- '^(-[qvhV]*p|--pid)$' $word
            set option --pid
        else if test $word = --treat-as-device
            set option $word
        else if string match -qr -- '^--(pid|treat-as-device)=' $word
            echo -- $word
        else if string match -qr -- '^-[qvhV]*p.' $word
            string replace -r -- '^-[qvhV]*p' --pid= $word
        end
    end
end

# The regions that are mapped.
function __mmiodbg_regions
    set -l program (commandline -opc)[1]
    set -l limit
    command -q timeout
    and set limit timeout 2
    command -q $program
    or set program mmiodbg
    # Blanks and backslashes are written \xNN.
    for region in (command $limit $program maps --raw --noheadings -o DEVICE (__mmiodbg_target) 2>/dev/null </dev/null)
        string unescape -- $region
        # The domain 0000 may be left out.
        string match -qr '^@?[^@]' -- (__mmiodbg_current)
        and string match -r '^0000:\K.*' -- $region
    end
end

# The word at the cursor, without the quote that it may start with.
function __mmiodbg_current
    commandline -ct | string trim -l -c '\'"'
end

function __mmiodbg_devices
    set -l word (__mmiodbg_current | string replace -- --into= '')
    switch $word
        case '/*'
            __fish_complete_path $word
        case '@*'
            printf '@%s\n' (__mmiodbg_regions)
        case '*'
            __mmiodbg_regions
    end
end

# Each with and without an offset, so that fish puts no blank behind it.
function __mmiodbg_locations
    set -l word (__mmiodbg_current)
    if test -z "$word"; or string match -q '@*' -- $word
        for region in (__mmiodbg_regions)
            printf '@%s\tregion\n@%s+0x\tits registers\n' $region $region
        end
    end
    printf 'phys:\tphysical address\n'
end

# How many arguments stand behind the command.
function __mmiodbg_arguments
    set -l argument program
    set -l count -1
    for word in (commandline -opc)
        if set -q argument[1]
            set -e argument
        else if string match -qr -- $__mmiodbg_with_argument $word
            set argument option
        else if not string match -q -- '-?*' $word
            set count (math $count + 1)
        end
    end
    echo $count
end

# A location, and then an operator.
function __mmiodbg_condition
    switch (__mmiodbg_arguments)
        case 0
            __mmiodbg_locations
        case 1
            printf '%s\n' eq ne lt le gt ge set clear
    end
end

# Numbers and names of processes. Kernel threads have no command line.
function __mmiodbg_processes
    for file in $MMIODBG_SYSROOT/proc/*/comm
        set -l number (string match -r '[0-9]+(?=/comm$)' -- $file)
        or continue
        set -l name
        set -l arguments
        begin
            read name <$file
            and read -z arguments <(string replace -r "comm\$" cmdline -- $file)
        end 2>/dev/null
        and test -n "$arguments"
        or continue
        printf '%s\t%s\n%s\tprocess %s\n' $number $name $name $number
    end
end

# The columns behind a comma or a first '+', but those that are there already.
function __mmiodbg_columns
    set -l start (commandline -ct | string replace -r '^(--output=|-[qvhV]*o)' '' | string match -r '^\+?(?:.*,)?')
    set -l given (string trim -c + -- $start | string split ,)
    set -l names INDEX PID COMMAND RANGE SIZE PERM KIND DEVICE PCI ID DRIVER \
        PHYSICAL OFFSET BACKENDS CLASS TYPE NAME PATH PROBLEM
    # Of names and pointers, and of types.
    __mmiodbg_is sym
    and set names NAME ADDRESS REGION SIZE BITS TYPE VALUE TARGET MODULE \
        SOURCE SCOPE PROBLEM OFFSET MEMBER PATH
    for name in $names
        contains -- $name $given
        or echo -- $start$name
    end
end

complete -c mmiodbg -f

complete -c mmiodbg -n 'not __mmiodbg_command' -a maps -d 'list device mappings; who has a device mapped'
complete -c mmiodbg -n 'not __mmiodbg_command' -a info -d 'explain a location, without touching the device'
complete -c mmiodbg -n 'not __mmiodbg_command' -a 'read peek' -d 'read registers'
complete -c mmiodbg -n 'not __mmiodbg_command' -a 'write poke' -d 'write registers'

complete -c mmiodbg -n 'not __mmiodbg_command' -a sym -d 'where a name is, how a type is laid out, what points into a device'
complete -c mmiodbg -n 'not __mmiodbg_command' -a watch -d 'sample registers; print what changes, and when'
complete -c mmiodbg -n 'not __mmiodbg_command' -a wait -d 'wait until a condition holds'

complete -c mmiodbg -n 'not __mmiodbg_command' -a dump -d 'a plain range into a file or as text'
complete -c mmiodbg -n 'not __mmiodbg_command' -a load -d 'write the bytes of a file'

complete -c mmiodbg -n 'not __mmiodbg_command' -a save -d 'read registers and keep them in a snapshot'
complete -c mmiodbg -n 'not __mmiodbg_command' -a diff -d 'compare a snapshot with the device, or with another one'
complete -c mmiodbg -n 'not __mmiodbg_command' -a restore -d 'write registers of a snapshot back'

complete -c mmiodbg -n 'not __mmiodbg_command' -a batch -d 'carry out commands, a line each'
complete -c mmiodbg -n 'not __mmiodbg_command' -a shell -d 'carry out commands by hand, with line editing'

complete -c mmiodbg -n '__mmiodbg_is maps' -a '(__mmiodbg_devices)'
complete -c mmiodbg -n '__mmiodbg_is info read peek write poke watch dump load save' -a '(__mmiodbg_locations)'
complete -c mmiodbg -n '__mmiodbg_is wait' -a '(__mmiodbg_condition)'
complete -c mmiodbg -n '__mmiodbg_is diff restore batch' -F

complete -c mmiodbg -s v -l verbose -d 'say more; each access'
complete -c mmiodbg -l json -d 'output as one JSON object'
complete -c mmiodbg -l jsonl -d 'output as JSON, an object a line'
complete -c mmiodbg -l color -xa 'auto always never' -d 'colour the output'
complete -c mmiodbg -s h -l help -d 'show help'
complete -c mmiodbg -s V -l version -d 'show the version'

complete -c mmiodbg -n '__mmiodbg_takes maps info read peek write poke sym watch wait dump load save diff restore batch shell' -s p -l pid -xa '(__mmiodbg_processes)' -d 'the process'
complete -c mmiodbg -n '__mmiodbg_takes maps info read peek write poke sym watch wait dump load save diff restore batch shell' -l treat-as-device -rF -d 'take mappings of a file for a device\'s'

complete -c mmiodbg -n '__mmiodbg_takes maps sym' -s o -l output -xa '(__mmiodbg_columns)' -d 'the columns'
complete -c mmiodbg -n '__mmiodbg_takes maps sym' -l noheadings -d 'no line of column names'
complete -c mmiodbg -n '__mmiodbg_takes maps sym' -l raw -d 'columns separated by single blanks'

complete -c mmiodbg -n '__mmiodbg_takes info read peek write poke watch wait dump load save diff restore batch shell' -l via -xa 'auto kernel tracee' -d 'how to make the access'

complete -c mmiodbg -n '__mmiodbg_takes info read peek write poke watch wait dump load save diff restore batch shell' -l trust-kernel -d 'use an access path that is known to be unsafe'

complete -c mmiodbg -n '__mmiodbg_takes read peek write poke watch wait dump load save batch shell' -s w -l width -xa '8 16 16be 16le 32 32be 32le 32x2 64 64be 64le' -d 'bits of an access'
complete -c mmiodbg -n '__mmiodbg_takes read peek write poke watch wait dump load save batch shell' -s n -l count -x -d 'elements from each location on'
complete -c mmiodbg -n '__mmiodbg_takes read peek write poke watch wait dump load save diff restore batch shell' -l retry -xa '0 100ms 1s 10s' -d 'how long to try again'
complete -c mmiodbg -n '__mmiodbg_takes read peek write poke watch wait dump load save diff restore batch shell' -l thread -x -d 'the thread that makes accesses'
complete -c mmiodbg -n '__mmiodbg_takes read peek write poke watch wait dump load save diff restore batch shell' -l max-pause -xa '100us 1ms 10ms 100ms' -d 'the longest that a thread is held'
complete -c mmiodbg -n '__mmiodbg_takes read peek write poke watch wait dump load save diff restore batch shell' -l attach -d 'attach to all threads, and let them run'
complete -c mmiodbg -n '__mmiodbg_takes read peek write poke watch wait dump load save diff restore batch shell' -l stop -d 'stop all threads until the accesses are made'
complete -c mmiodbg -n '__mmiodbg_takes read peek write poke watch wait dump load save diff restore batch shell' -l max-stop -xa '1ms 10ms 100ms 1s 10s' -d 'the longest stop'
complete -c mmiodbg -n '__mmiodbg_takes read peek write poke watch wait dump load save diff restore batch shell' -l force -d 'access a device that sleeps; write ordinary memory; stop though a call fails'
complete -c mmiodbg -n '__mmiodbg_takes read peek write poke watch wait dump load save diff restore batch shell' -l dry-run -d 'check and show all, do nothing'
complete -c mmiodbg -n '__mmiodbg_takes read peek write poke watch wait dump load diff restore batch shell' -s q -l quiet -d 'values only'

complete -c mmiodbg -n '__mmiodbg_takes read peek write poke sym watch wait dump load save batch shell' -s t -l type -x -d 'the C type of a place'
complete -c mmiodbg -n '__mmiodbg_takes read peek write poke sym watch wait dump load save batch shell' -s m -l access -x -d 'only this member'
complete -c mmiodbg -n '__mmiodbg_takes info read peek write poke sym watch wait dump load save diff restore batch shell' -l no-debuginfod -d 'ask no server for debug information'
complete -c mmiodbg -n '__mmiodbg_takes sym' -l into -xa '(__mmiodbg_devices)' -d 'the variables that point into a region'

complete -c mmiodbg -n '__mmiodbg_takes write poke' -l fill -d 'write the value to each element of a range'
complete -c mmiodbg -n '__mmiodbg_takes write poke load restore' -l verify -d 'read each element back after its write'

complete -c mmiodbg -n '__mmiodbg_takes watch wait' -l interval -xa '0 1ms 10ms 100ms 1s 10s' -d 'from one sample to the next'
complete -c mmiodbg -n '__mmiodbg_takes watch' -l samples -x -d 'end after so many samples'
complete -c mmiodbg -n '__mmiodbg_takes watch' -l for -xa '1s 10s 1m 10m' -d 'end after this time'
complete -c mmiodbg -n '__mmiodbg_takes watch' -l until -x -d 'end when this holds'
complete -c mmiodbg -n '__mmiodbg_takes watch' -l mask -x -d 'only changes of these bits count'
complete -c mmiodbg -n '__mmiodbg_takes watch' -l all -d 'show every sample, and not only changes'
complete -c mmiodbg -n '__mmiodbg_takes watch' -l relative -d 'times from the start on'
complete -c mmiodbg -n '__mmiodbg_takes watch' -l histogram -d 'at the end, how often each value was there'
complete -c mmiodbg -n '__mmiodbg_takes watch' -l screen -d 'a table that is kept up to date'

complete -c mmiodbg -n '__mmiodbg_takes wait' -l timeout -xa '0 100ms 1s 10s 1m' -d 'give up after this time'
complete -c mmiodbg -n '__mmiodbg_takes dump load save' -s f -l file -rF -d 'the file'
complete -c mmiodbg -n '__mmiodbg_takes dump load' -l format -xa 'raw hex' -d 'the form of the file'
complete -c mmiodbg -n '__mmiodbg_takes restore' -l only -x -d 'restore this register or struct'
complete -c mmiodbg -n '__mmiodbg_takes batch' -s e -l line -x -d 'a line of the batch'
complete -c mmiodbg -n '__mmiodbg_takes shell' -l no-attach -d 'do not attach to the threads of the process'
complete -c mmiodbg -n '__mmiodbg_takes shell' -l no-history -d 'neither read nor keep lines that were typed'
