# shellcheck shell=bash disable=SC2034 # parts of one program set what other parts use
# people: the first administrator, and what is watched for him.

# A home holds made-up data or real data, from its first start on.
people_demo() { [ -e "$CONF/demo" ]; }

people_demo_choose() {
    [ -n "$Q_DEMO" ] && ! people_demo || return 0
    [ ! -e "$Q_HOME/pg/PG_VERSION" ] ||
        fail "$Q_HOME holds data of your own, and a demonstration is all made up" "choose another folder with --home"
    : >"$CONF/demo"
}

people_demo_make() {
    people_demo && people_none || return 0
    step "making up ninety days of a shop that is not"
    logged "$LOGS/start.log" "the making of the demonstration" "$OPT/bin/tocsin" demo --database "$OWNER"
}

# The e-mail and password of the environment; left alone when there is one already.
people_admin() {
    [ -n "${TOCSIN_ADMIN_EMAIL:-}${TOCSIN_ADMIN_PASSWORD:-}" ] || return 0
    ! people_demo || return 0 # nobody signs in there
    people_none || return 0
    logged "$LOGS/start.log" "the making of the administrator" people_create
    step "made the administrator $TOCSIN_ADMIN_EMAIL"
}

people_create() {
    (
        export TOCSIN_ADMIN_EMAIL TOCSIN_ADMIN_PASSWORD
        exec "$OPT/bin/tocsin" admin-create --database "$OWNER"
    )
}

people_none() { [ "$(sql 'select count(*) from tocsin.account')" = 0 ]; }

# Sets CODE when there is no account yet.
people_code() {
    people_none || return 1
    CODE=$("$OPT/bin/tocsin" setup-code --database "$OWNER")
}

# Whoever installs may watch what is near: the address of a URL that is a private one is
# allowed, and nothing else of its network.
people_allow() {
    local host=${1#*://}
    host=${host%%[/?#]*}
    host=${host%:*}
    case $host in
    *[!0-9.]*) return ;;
    10.*.*.* | 192.168.*.* | 172.1[6-9].*.* | 172.2[0-9].*.* | 172.3[01].*.*) ;;
    *) return ;;
    esac
    grep -qxF "$host/32" "$CONF/allow" 2>/dev/null || printf '%s\n' "$host/32" >>"$CONF/allow"
}

# For the first administrator; until there is one, kept for who sets up.
people_watch() {
    local url=$1 had
    had=$(sql "select count(*) from tocsin.monitor where url in (:'url', :'url' || '/') and deleted_at is null" -v url="$url")
    if [ "$had" != 0 ]; then
        step "watches $url already"
    elif people_none; then
        sql "insert into tocsin.setting (key, value) values ('quickstart_urls', jsonb_build_array(:'url'::text))
             on conflict (key) do update set value = case when tocsin.setting.value @> excluded.value
                 then tocsin.setting.value else tocsin.setting.value || excluded.value end" -v url="$url"
        step "will watch $url for the first administrator"
    else
        logged "$LOGS/start.log" "adding $url" sql "select api.monitor_create(
                (select min(id) from tocsin.account where role = 'admin' and disabled_at is null), null,
                jsonb_build_object('url', :'url'::text, 'name', :'name'::text, 'interval', 10, '@', jsonb_build_object('via', 'quickstart')))" \
            -v url="$url" -v name="$(people_name "$url")"
        step "watches $url"
    fi
}

# http://www.example.org/shop → www.example.org/shop
people_name() {
    local name=${1#*://}
    name=${name%/}
    printf '%.120s' "$name"
}
