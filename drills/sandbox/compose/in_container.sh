# Runs one command in a container, and ends what it leaves behind there: sh -c THIS sh TOKEN MODE [WORD...]
#
# Its input is a script (when there are no words), a line with TOKEN, and then nothing for as long as whoever started it
# lives and waits: the end of its input ends all. MODE is `end`; `keep`, with which what a command that succeeded has
# left behind goes on; or `sweep`, which only ends what bears the mark of this environment.
# Written for any POSIX shell, with builtins alone but for `sleep`.
set +eu
_token=$1 _mode=$2
shift 2

# Sends a signal to all that bears the mark, but not to this shell; false when there is nothing.
# The environment of a process that is just becoming another program (exec) cannot be seen for that moment. It is read
# again at once; if there is still none, and no arguments either, the process counts as found, and in `_starting`: the
# caller checks again. Not for ever, because it may stay that way.
_doubts=0
_signal() {
    read -r _own _ < /proc/self/stat
    _found=1 _starting=
    for _process in /proc/[0-9]*; do
        _process=${_process#/proc/}
        if [ "$_process" = "$$" ] || [ "$_process" = "$_own" ]; then continue; fi
        for _look in 1 2 3; do
            _seen=
            while IFS= read -r _line || [ -n "$_line" ]; do
                _seen=1
                case $_line in
                *"DRILLS_BACKGROUND=$DRILLS_BACKGROUND"*)
                    kill -s "$1" "$_process" && _found=0
                    break
                    ;;
                esac
            done < "/proc/$_process/environ"
            # A kernel's thread, and what has ended, run no program.
            if [ "$_seen" ] || ! [ -e "/proc/$_process/exe" ]; then continue 2; fi
        done
        _line=
        IFS= read -r _line < "/proc/$_process/cmdline"
        if [ -z "$_line" ] && [ $_doubts -lt 20 ]; then _starting=1 _found=0; fi
    done 2> /dev/null
    [ -z "$_starting" ] || _doubts=$((_doubts + 1))
    return $_found
}

_end_all() {
    _signal TERM || return 0
    while [ -n "$_starting" ]; do
        sleep 0.1 || break
        _signal TERM || return 0
    done 2> /dev/null
    _signal CONT
    _times=0
    while [ $_times -lt 20 ] && _signal 0; do
        sleep 0.1 || break
        _times=$((_times + 1))
    done 2> /dev/null
    _times=0
    while [ $_times -lt 50 ] && _signal KILL; do
        sleep 0.1
        _times=$((_times + 1))
    done 2> /dev/null
}

if [ "$_mode" = sweep ]; then
    _end_all
    if _signal 0; then exit 1; fi
    exit 0
fi

_script=
while IFS= read -r _line && [ "$_line" != "$_token" ]; do
    _script=$_script$_line'
'
done
exec 4<&0 < /dev/null
(
    while read -r _line <&4; do :; done
    _end_all
) > /dev/null 2>&1 &
_watcher=$!
exec 4<&-
if [ $# -eq 0 ]; then
    (
        set -eu
        eval "$_script"
    ) 2>&1
else
    "$@" 2>&1
fi
_status=$?
kill -s KILL $_watcher
wait $_watcher 2> /dev/null
if [ $_mode = end ] || [ $_status -ne 0 ]; then _end_all; fi
exit $_status
