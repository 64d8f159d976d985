# shellcheck shell=bash disable=SC2034 # parts of one program set what other parts use
# home: the folder that holds everything, who owns it, and that only one works on it.

MARK=.tocsin-home # in a folder that quickstart made
NEED_KB=700000    # what a first start takes: build, pages, cluster

home_choose() {
    if [ -z "$DIR" ]; then
        DIR=$(default_home)
    fi
    case $DIR in
    /*) ;;
    *) DIR=$PWD/$DIR ;;
    esac
    case $DIR in
    *[!A-Za-z0-9/._-]*) fail "the name $DIR has characters that configuration files cannot carry" "choose a --home of letters, digits, dot, dash and slash" ;;
    esac
    HOME_DIR=$(realpath -m -- "$DIR")
    # the path of the socket must fit in sockaddr_un
    local socket="$HOME_DIR/sock/.s.PGSQL.5432.lock"
    [ ${#socket} -le 107 ] ||
        fail "the path $HOME_DIR is too long for PostgreSQL's socket (${#socket} bytes, 107 at most)" "choose a shorter --home"
    if [ "$(id -u)" = 0 ]; then
        RUN_USER=${TOCSIN_USER:-tocsin}
    else
        RUN_USER=$(id -un)
    fi
}

home_is_ours() { [ -e "$HOME_DIR/$MARK" ]; }

# The system user that runs everything when root starts it.
user_make() {
    [ "$(id -u)" = 0 ] || return 0
    [ "$RUN_USER" != root ] || fail "TOCSIN_USER is root" "name a user without rights in TOCSIN_USER, or leave it unset"
    if ! getent passwd "$RUN_USER" >/dev/null; then
        command -v useradd >/dev/null || fail "there is no user $RUN_USER and no useradd to make it" "install the package passwd, or name a user in TOCSIN_USER"
        useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$RUN_USER" ||
            fail "the user $RUN_USER cannot be made" "name an existing user without rights in TOCSIN_USER"
        step "made the system user $RUN_USER"
    fi
}

home_make() {
    local free parent
    HOME_NEW=''
    if home_is_ours; then
        home_owner_check
        return
    fi
    if [ -e "$HOME_DIR" ] && [ -n "$(ls -A "$HOME_DIR" 2>/dev/null)" ]; then
        # another start of the same home may be just ahead of us
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            home_is_ours && return
            sleep 0.1
        done
        fail "$HOME_DIR exists, is not empty and was not made by quickstart" "choose another folder with --home"
    fi
    parent=$HOME_DIR
    while [ ! -e "$parent" ]; do parent=$(dirname "$parent"); done
    free=$(df -Pk "$parent" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge $NEED_KB ] ||
        fail "there is too little room at $parent: $((free / 1024)) MB free, $((NEED_KB / 1024)) MB needed" "free some space, or choose a --home on another disk"
    HOME_NEW=1
    mkdir -p "$HOME_DIR" 2>/dev/null || fail "the folder $HOME_DIR cannot be made" "choose one that you may write to with --home"
    if [ "$(id -u)" = 0 ]; then
        chown "$RUN_USER:" "$HOME_DIR"
        as_run test -x "$HOME_DIR" ||
            fail_clean "the user $RUN_USER cannot enter $HOME_DIR, a folder above it is closed to others" "choose another place with --home, such as /var/lib/tocsin-quickstart"
    fi
    as_run touch "$HOME_DIR/$MARK" ||
        fail_clean "$HOME_DIR cannot be written to" "choose another folder with --home"
}

fail_clean() {
    rmdir "$HOME_DIR" 2>/dev/null || true
    fail "$@"
}

home_owner_check() {
    local owner
    owner=$(stat -c %U "$HOME_DIR/$MARK")
    [ "$owner" = "$RUN_USER" ] && return
    if [ "$(id -u)" = 0 ] && [ -n "${TOCSIN_USER:-}" ]; then
        fail "$HOME_DIR belongs to $owner, not to $RUN_USER" "set TOCSIN_USER=$owner"
    elif [ "$(id -u)" = 0 ]; then
        fail "$HOME_DIR belongs to $owner" "run quickstart as $owner, or choose another --home"
    fi
    fail "$HOME_DIR belongs to $owner" "run quickstart as $owner (root for the system user), or choose another --home"
}

# One at a time. Who comes second waits, and then finds everything done. The file may have
# gone with a home that a failed start took away: then there is a new one to lock.
home_lock() {
    local lock=$HOME_DIR/lock
    home_owner_check
    while :; do
        [ -e "$lock" ] || as_run touch "$lock" || fail "$HOME_DIR cannot be written to" "see who owns it, and whether the disk is full"
        exec 9<"$lock"
        if ! flock -n 9; then
            step "another quickstart works on $HOME_DIR, waiting for it"
            flock -w 1800 9 || fail "another quickstart has held $HOME_DIR for half an hour" "see what it does: fuser $lock"
        fi
        [ -e "$lock" ] || fail "the start that went first failed" "see what it said, then start again"
        [ "$(stat -L -c %d:%i "/proc/$$/fd/9")" = "$(stat -c %d:%i "$lock")" ] && break
    done
    [ ! -e "$HOME_DIR/src.print" ] || HOME_NEW='' # who went first made it
}

# A first start that fails takes away what it made.
undo_on_failure() {
    trap undo EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

undo() {
    local code=$?
    trap - EXIT INT TERM HUP
    [ $code = 0 ] && return
    if [ -n "${HOME_NEW:-}" ] && home_is_ours; then
        [ ! -e "$HOME_DIR/src/quickstart.d/inner.sh" ] || inner stop >/dev/null 2>&1 || true
        rm -rf "$HOME_DIR" 2>/dev/null || rm -rf "${HOME_DIR:?}"/* "${HOME_DIR:?}/$MARK" || true
        say "quickstart: the first start did not succeed, so $HOME_DIR was taken away again; installed packages stay" >&2
    fi
    exit $code
}

# Run as the one who runs everything, without what root's environment carries.
as_run() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid="$RUN_USER" --regid="$(id -g "$RUN_USER")" --init-groups --inh-caps=-all \
            env HOME="$HOME_DIR" USER="$RUN_USER" LOGNAME="$RUN_USER" "$@"
    else
        "$@"
    fi
}

# The rest is done by the copy of the source in the home, as the run user.
inner() {
    local word=$1
    shift
    cd "$HOME_DIR" || fail "$HOME_DIR cannot be entered" "see who owns it"
    as_run env Q_HOME="$HOME_DIR" Q_PORT="$PORT" Q_LISTEN="$LISTEN" Q_NEW="${HOME_NEW:-}" Q_SELF="$SRC/quickstart" Q_INSTALL="$INSTALL" Q_DEMO="$DEMO" \
        Q_MINE="$([ "$HOME_DIR" = "$(default_home)" ] || printf ' --home %s' "$HOME_DIR")" \
        bash "$HOME_DIR/src/quickstart.d/inner.sh" "$word" "$@"
}

default_home() {
    if [ "$(id -u)" != 0 ]; then
        echo "${HOME:?}/.tocsin${DEMO:+-demo}"
    elif [ -n "$DEMO" ]; then
        echo /var/lib/tocsin-demo
    else
        echo /var/lib/tocsin-quickstart
    fi
}
