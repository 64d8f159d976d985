# shellcheck shell=bash disable=SC2034 # parts of one program set what other parts use
# source: a copy of the source in the home. The build writes into it (configure, pages), so
# the checkout stays as it was, may be read-only, and may lie where the run user cannot go.

# What git has, or would have: all that is not generated.
source_list() {
    cd "$SRC" && find . \( -name .git -o -name node_modules -o -name autom4te.cache -o -name __pycache__ \
        -o -name .deps -o -name .libs -o -path ./build-aux -o -path ./m4 -o -path './build' -o -path './build-*' \
        -o -path ./htdocs/ui/vendor -o -path ./htdocs/site -o -path ./htdocs/raw -o -name .venv \) -prune -o \
        \( -type f -o -type l \) ! -name Makefile ! -name Makefile.in ! -name '*.o' ! -name '*.lo' ! -name '*.la' \
        ! -name '*.gc??' ! -path './config*[!c]' ! -path ./libtool ! -path ./stamp-h1 ! -path ./aclocal.m4 \
        ! -path './tocsin-*.tar.gz' -printf "$1" | LC_ALL=C sort
}

# Times are kept, so that make builds what changed and nothing else.
source_copy() {
    local print=$HOME_DIR/src.print list=$HOME_DIR/src.list now gone
    [ "$SRC" != "$HOME_DIR/src" ] || return 0
    now=$(source_list '%P %s %T@ %m\n' | sha256sum) || fail "the source folder $SRC cannot be read" "run quickstart as somebody who may read it, or move it"
    [ "$now" != "$(cat "$print" 2>/dev/null)" ] || return 0
    # shellcheck disable=SC2016
    as_run sh -c 'mkdir -p "$1/src" && rm -f "$1/src.print"' - "$HOME_DIR" || fail "$HOME_DIR cannot be written to" "see who owns it, and whether the disk is full"
    # what was copied before and is no more
    gone=$(LC_ALL=C comm -23 <(cat "$list" 2>/dev/null) <(source_list '%P\n'))
    [ -z "$gone" ] || printf '%s\n' "$gone" | (cd "$HOME_DIR/src" && as_run xargs -d '\n' rm -f --)
    { source_list '%P\n' | (cd "$SRC" && tar -cf - --no-recursion -T -); } | as_run tar -C "$HOME_DIR/src" --no-same-owner -xf - ||
        fail "the source cannot be copied to $HOME_DIR/src" "see that every file in $SRC can be read, and that the disk is not full"
    source_list '%P\n' | as_run tee "$list" >/dev/null
    printf '%s\n' "$now" | as_run tee "$print" >/dev/null
}

# Machines under the tests need root, all else is done by the run user. What root runs is a
# copy that only root can write to.
check_as_root() {
    local copy code=0
    copy=$(mktemp -d /tmp/tocsin-check.XXXXXX)
    # shellcheck disable=SC2064
    trap "rm -rf '$copy'" EXIT
    trap : INT TERM HUP # tests/check is told, too, and ends what it started
    chmod 755 "$copy"
    { source_list '%P\n' | (cd "$SRC" && tar -cf - --no-recursion -T -); } | tar -C "$copy" --no-same-owner -xf -
    ln -s "$HOME_DIR/src/node_modules" "$copy/node_modules"
    as_run mkdir -p "$HOME_DIR/check"
    (cd "$HOME_DIR" && "$copy/tests/check" --work "$HOME_DIR/check" --source "$HOME_DIR/src" --as "$RUN_USER" "$@" 9>&-) || code=$?
    return $code
}
