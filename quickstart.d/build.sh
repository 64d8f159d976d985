# shellcheck shell=bash disable=SC2034 # parts of one program set what other parts use
# build: configure, make, make install into the home. Again only when the source changed.

JOBS=$(nproc)

# Sets PRINT, which names what is built.
build_if_needed() {
    PRINT=$(cat "$Q_HOME/src.print")
    [ "$PRINT" != "$(cat "$Q_HOME/build.print" 2>/dev/null)" ] || return 0
    step "building Tocsin (about a minute the first time)"
    rm -f "$Q_HOME/build.print"
    : >"$LOGS/build.log"
    logged "$LOGS/build.log" "the build" build
    printf '%s\n' "$PRINT" >"$Q_HOME/build.print"
}

# Into a tree beside the running one, which then takes its place: a failed build costs
# nothing, and whoever has the old files open keeps them. Called where a failure has to be
# the function's answer, so each line says what happens when it fails.
build() {
    local ready=$Q_HOME/opt.new
    export npm_config_cache=$Q_HOME/.npm npm_config_update_notifier=false
    mkdir -p "$Q_HOME/build" || return
    if [ ! -e "$SELF/configure" ] || [ "$SELF/configure.ac" -nt "$SELF/configure" ]; then
        "$SELF/autogen.sh" || return
    fi
    cd "$Q_HOME/build" || return
    if [ ! -e Makefile ] || [ "$SELF/configure" -nt config.status ]; then
        "$SELF/configure" -q --prefix="$OPT" --sysconfdir="$CONF" --with-moduledir="$OPT/modules" || return
    fi
    make -s -j"$JOBS" || return
    # what "Add host" has other machines fetch, for machines of this one's kind
    make -s release RELEASE_FLAGS='--arch native' || return
    rm -rf "$ready" || return
    make -s install DESTDIR="$ready" || return
    rm -rf "$OPT.old" || return
    [ ! -e "$OPT" ] || mv "$OPT" "$OPT.old" || return
    mv "$ready$OPT" "$OPT" || return
    mkdir -p "$OPT/etc" || return
    cp -R "$ready$CONF/." "$OPT/etc/" || return
    rm -rf "$ready" "$OPT.old"
}
