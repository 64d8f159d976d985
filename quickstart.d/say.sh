# shellcheck shell=bash disable=SC2034 # parts of one program set what other parts use
# say: how quickstart talks, and how it gives up.

say() { printf '%s\n' "$*"; }
step() { printf '  %s\n' "$*"; }

# fail WHAT WHAT-TO-DO: one sentence each
fail() {
    printf 'quickstart: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '  To do: %s\n' "$2" >&2
    exit 1
}

# logged FILE WHAT COMMAND…: quiet when it works; when it does not, the end of the log,
# what failed, and what to do about the reasons that we can tell
logged() {
    local log=$1 what=$2 todo kept from
    shift 2
    : >>"$log"
    from=$(($(wc -c <"$log") + 1))
    if "$@" >>"$log" 2>&1 9>&-; then
        return
    fi
    tail -c "+$from" "$log" | tail -n 25 >&2
    todo="read the lines above"
    if grep -qiE 'No space left on device|Disk quota exceeded' "$log" || disk_is_full "$log"; then
        todo="the disk is full: free some space and start again"
    elif grep -qiE 'Could not resolve|Temporary failure|EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|Unable to connect|Network is unreachable' "$log"; then
        todo="the network or the package server cannot be reached: see to it (a proxy?) and start again"
    fi
    kept=$(mktemp "${TMPDIR:-/tmp}/quickstart.log.XXXXXX" 2>/dev/null) && cp "$log" "$kept" 2>/dev/null &&
        todo="$todo (the whole log: $kept)"
    fail "$what failed" "$todo"
}

disk_is_full() {
    local free
    free=$(df -Pk "$(dirname "$1")" | awk 'NR == 2 { print $4 }')
    [ "${free:-9999999}" -lt 4096 ]
}

check_words() {
    local url
    case $PORT in
    '') ;;
    *[!0-9]* | ??????*) fail "'$PORT' is no port" "name one from 1024 to 65535 with --port" ;;
    *) { [ "$PORT" -ge 1 ] && [ "$PORT" -le 65535 ]; } ||
        fail "there is no port $PORT" "name one from 1024 to 65535 with --port" ;;
    esac
    case $LISTEN in
    *[!0-9a-fA-F.:]*) fail "'$LISTEN' is no address" "give an address of this machine, or 0.0.0.0 for all, with --listen" ;;
    esac
    [ -z "$DEMO" ] || [ "$WORD" != start ] || [ ${#REST[@]} = 0 ] ||
        fail "a demonstration watches nothing" "leave out ${REST[0]}, or --demo"
    case $WORD in
    start) ;;
    check) return ;;
    *) [ ${#REST[@]} = 0 ] || fail "$WORD takes no '${REST[0]}'" "try ./quickstart --help" ;;
    esac
    for url in "${REST[@]+"${REST[@]}"}"; do
        case $url in
        *[[:space:]\'\"\\]*) fail "'$url' has characters that no address has" "percent-encode them" ;;
        http://?* | https://?*) ;;
        *) fail "'$url' is no http:// or https:// address, and no word of quickstart" "try ./quickstart --help" ;;
        esac
    done
}
