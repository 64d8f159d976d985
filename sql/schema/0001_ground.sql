-- 0001: accounts, monitors, the queue and its results, incidents, messages, audit.
--
-- Three schemas: tocsin holds the tables, api what the modules may call, work what
-- the daemon's roles may call. Neither login reads a table.
--
-- Status codes, everywhere: 0 unknown, 1 up, 2 degraded, 3 down, 4 maintenance, 5 paused.
-- `changed` holds the transaction that last wrote a row. Whoever follows changes reads
-- `changed >= x`, where x was pg_snapshot_xmin(pg_current_snapshot()) of the reading
-- before: rows may come twice, none is ever missed, in whatever order they commit.

create schema tocsin;
create schema api;
create schema work;

-- What `tocsin migrate` has applied.
create table tocsin.migration (
    number     integer primary key,
    name       text not null,
    checksum   text not null,                            -- SHA-256 of the file
    applied_at timestamptz not null default clock_timestamp()
);

create function tocsin.touch() returns trigger
language plpgsql set search_path = '' as $$
begin
    new.changed := pg_current_xact_id();
    return new;
end $$;

-- ---------------------------------------------------------------- who

create table tocsin.setting (
    key   text primary key,
    value jsonb not null
);

create table tocsin.account (
    id           bigint generated always as identity primary key,
    email        text not null check (length(email) between 3 and 254 and email = lower(email)),
    name         text not null default '' check (length(name) <= 120),
    password     text,                                   -- crypt(3); null: signs in elsewhere
    role         text not null default 'member' check (role in ('viewer', 'member', 'operator', 'admin')),
    prefs        jsonb not null default '{}',
    created_at   timestamptz not null default now(),
    seen_at      timestamptz,
    disabled_at  timestamptz
);
create unique index account_email on tocsin.account (email);

-- Somebody whom another Apache authentication signed in (Basic, LDAP, OIDC, certificate).
create table tocsin.external_name (
    auth_type text not null,
    name      text not null,
    account   bigint not null references tocsin.account on delete cascade,
    primary key (auth_type, name)
);
create index external_name_account on tocsin.external_name (account);

create table tocsin.session (
    id         uuid primary key default gen_random_uuid(),
    account    bigint not null references tocsin.account on delete cascade,
    remember   boolean not null default false,
    address    inet,
    agent      text not null default '',
    created_at timestamptz not null default now(),
    used_at    timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index session_account on tocsin.session (account);

-- One row per token ever handed out in a session; a used one that comes again revokes the session.
create table tocsin.refresh_token (
    hash       bytea primary key check (length(hash) = 32),
    session    uuid not null references tocsin.session on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz
);
create index refresh_token_session on tocsin.refresh_token (session);

create table tocsin.api_token (
    id         bigint generated always as identity primary key,
    account    bigint not null references tocsin.account on delete cascade,
    name       text not null check (length(name) between 1 and 80),
    hash       bytea not null unique check (length(hash) = 32),
    scopes     text[] not null check (scopes <@ array['read', 'write', 'admin', 'metrics'] and cardinality(scopes) > 0),
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    used_at    timestamptz
);
create index api_token_account on tocsin.api_token (account);

create table tocsin.invite (
    id         bigint generated always as identity primary key,
    email      text check (email = lower(email)),        -- null: whoever holds the link
    role       text not null check (role in ('viewer', 'member', 'operator', 'admin')),
    hash       bytea not null unique check (length(hash) = 32),
    created_by bigint references tocsin.account on delete set null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz
);

-- ---------------------------------------------------------------- what is watched

create table tocsin.region (
    id   smallint primary key check (id between 0 and 62), -- a bit in the votes
    name text not null unique check (name ~ '^[a-z0-9][a-z0-9-]{0,39}$')
);
insert into tocsin.region values (0, 'local');

-- The words for the reasons of lib/reason.h; a test holds the two together.
create table tocsin.reason (
    code smallint primary key,
    name text not null unique,
    text text not null
);

-- A bucket is the unit of work: about a thousand monitors, leased by one checker at a
-- time. The row is never deleted; epoch fences an owner whose lease ran out.
create table tocsin.bucket (
    region      smallint not null references tocsin.region,
    id          integer not null,
    owner       uuid,
    epoch       bigint not null default 0,
    batch       bigint not null default 0,
    lease_until timestamptz not null default '-infinity',
    settled_at  timestamptz,
    primary key (region, id)
) with (fillfactor = 50);

-- A slot of a bucket is given away once; the one of a purged monitor again after a day,
-- when no result that names it is left.
create table tocsin.slot_free (
    bucket   integer not null,
    slot     smallint not null,
    monitor  bigint not null,
    freed_at timestamptz not null default now(),
    changed  xid8 not null default pg_current_xact_id(),
    primary key (bucket, slot)
);
create index slot_free_changed on tocsin.slot_free (changed);

create table tocsin.monitor (
    id            bigint generated always as identity primary key,
    owner         bigint not null references tocsin.account on delete cascade,
    type          text not null default 'http' check (type in ('http')),
    name          text not null check (length(name) between 1 and 120),
    url           text not null check (octet_length(url) between 10 and 2048 and url ~ '^https?://'),
    method        text not null default 'GET' check (method in ('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')),
    headers       jsonb not null default '{}',           -- name → value
    body          text not null default '' check (octet_length(body) <= 16384),
    expect        text not null default '200-399' check (expect ~ '^[1-5][0-9][0-9](-[1-5][0-9][0-9])?(,[1-5][0-9][0-9](-[1-5][0-9][0-9])?){0,19}$'),
    keyword       text not null default '' check (octet_length(keyword) <= 256),
    keyword_absent boolean not null default false,        -- true: the keyword must not be there
    interval_s    integer not null default 60 check (interval_s between 5 and 86400),
    timeout_s     integer not null default 10 check (timeout_s between 1 and 60),
    retries       smallint not null default 1 check (retries between 0 and 10), -- further failures before down
    recheck_s     integer not null default 5 check (recheck_s between 1 and 3600),
    degraded_ms   integer check (degraded_ms between 1 and 60000),
    redirects     smallint not null default 10 check (redirects between 0 and 20),
    verify_tls    boolean not null default true,
    tags          text[] not null default '{}',
    group_name    text not null default '' check (length(group_name) <= 80),
    quorum        smallint not null default 1 check (quorum between 1 and 63),
    slug          uuid not null default gen_random_uuid() unique,
    bucket        integer,                               -- null until the scheduler has placed it
    slot          smallint check (slot >= 0),            -- its number in the bucket, for life
    version       bigint not null default 1,             -- +1 per edit, for If-Match
    check_asked   timestamptz,                           -- "check now" by hand
    paused_at     timestamptz,
    deleted_at    timestamptz,
    deleted_by    text,
    created_at    timestamptz not null default now(),
    changed       xid8 not null default pg_current_xact_id(),
    unique (bucket, slot),
    check (timeout_s <= interval_s or interval_s < 10)
);
create unique index monitor_duplicate on tocsin.monitor (owner, type, method, url) where deleted_at is null;
create index monitor_owner on tocsin.monitor (owner);
create index monitor_changed on tocsin.monitor (changed);
create index monitor_bucket_changed on tocsin.monitor (bucket, changed);
create index monitor_unplaced on tocsin.monitor (id) where bucket is null;
create index monitor_deleted on tocsin.monitor (deleted_at) where deleted_at is not null;
create trigger touch before update on tocsin.monitor for each row execute function tocsin.touch();

create function tocsin.free_slot() returns trigger
language plpgsql set search_path = '' as $$
begin
    delete from tocsin.monitor_latest where monitor = old.id;
    insert into tocsin.slot_free (bucket, slot, monitor) values (old.bucket, old.slot, old.id);
    return null;
end $$;
create trigger free_slot after delete on tocsin.monitor for each row
    when (old.slot is not null) execute function tocsin.free_slot();

-- Written on transitions only. Votes: bit r is set while region r says so.
create table tocsin.monitor_state (
    monitor       bigint primary key references tocsin.monitor on delete cascade,
    status        smallint not null default 0 check (status between 0 and 5),
    since         timestamptz not null default now(),
    seq           bigint not null default 0,             -- number of the last transition
    down_mask     bigint not null default 0,
    degraded_mask bigint not null default 0,
    reason        smallint not null default 0,
    code          integer not null default 0,            -- HTTP status of the deciding check
    message       text not null default '',
    changed       xid8 not null default pg_current_xact_id()
) with (fillfactor = 80);
create index monitor_state_changed on tocsin.monitor_state (changed);
create trigger touch before update on tocsin.monitor_state for each row execute function tocsin.touch();

-- The newest check, for lists. Unlogged: a crash empties it and the next round fills it.
create unlogged table tocsin.monitor_latest (
    monitor       bigint not null,
    region        smallint not null,
    at            timestamptz not null,
    status        smallint not null,                     -- of this check: 1, 2 or 3
    reason        smallint not null,
    code          smallint not null,
    total_us      integer not null,
    phase_us      integer[] not null,                    -- dns, connect, tls, ttfb; transfer is what is left of total
    tls_not_after timestamptz,
    fails         smallint not null default 0,           -- checks in a row that were not up
    fail_at       timestamptz,                           -- the first of them
    primary key (monitor, region)
) with (fillfactor = 50);

-- When the newest checks were looked through, and since when without a pause. Unlogged like
-- the table it is about: both are empty after a crash.
create unlogged table tocsin.awake (
    id      smallint primary key,
    since   timestamptz not null,
    beat_at timestamptz not null
);

-- What a list shows beside the status; the keeper rewrites it, nothing depends on it.
create table tocsin.monitor_figures (
    monitor bigint primary key references tocsin.monitor on delete cascade,
    at      timestamptz not null,
    seq     bigint not null default 0,                   -- the last transition in it
    bars24  text not null,                               -- 24 digits, oldest first: worst status of the hour
    up24    real, up7 real, up30 real, up90 real         -- percent, null without data
) with (fillfactor = 70);

-- ---------------------------------------------------------------- results

-- Hot: one row per settled batch, arrays side by side, one element per check.
create table tocsin.segment (
    bucket   integer not null,
    region   smallint not null,
    epoch    bigint not null,
    batch    bigint not null,
    at       timestamptz not null,                       -- when settled, database clock
    slot     smallint[] not null,
    age_ms   integer[] not null,                         -- check ended this long before at
    status   smallint[] not null,
    reason   smallint[] not null,
    code     smallint[] not null,
    total_us integer[] not null,
    phase_us integer[] not null,                         -- four per check, flat: dns, connect, tls, ttfb
    changed  xid8 not null default pg_current_xact_id()  -- tells the event stream what is new
) partition by range (at);
create table tocsin.segment_default partition of tocsin.segment default;
create index segment_at on tocsin.segment (at);

create index segment_bucket on tocsin.segment (bucket, at);

-- How far a bucket's segments are packed into monitor_hour: those settled before `at` by a
-- transaction before `xid`. Time alone would lose one that was slow to commit.
create table tocsin.packed (
    region smallint not null,
    bucket integer not null,
    at     timestamptz not null,
    xid    xid8 not null,
    primary key (region, bucket)
);

-- Cold: one row per monitor, region and hour, arrays side by side, by time.
create table tocsin.monitor_hour (
    monitor    bigint not null,
    region     smallint not null,
    hour       timestamptz not null,
    at_ms      integer[] not null,                       -- within the hour, ascending
    status     smallint[] not null,
    reason     smallint[] not null,
    code       smallint[] not null,
    total_us   integer[] not null,
    dns_us     integer[] not null,
    connect_us integer[] not null,
    tls_us     integer[] not null,
    ttfb_us    integer[] not null,
    primary key (monitor, hour, region)
) partition by range (hour);
alter table tocsin.monitor_hour
    alter at_ms set storage main, alter status set storage main, alter reason set storage main,
    alter code set storage main, alter total_us set storage main, alter dns_us set storage main,
    alter connect_us set storage main, alter tls_us set storage main, alter ttfb_us set storage main;
create table tocsin.monitor_hour_default partition of tocsin.monitor_hour default;

create table tocsin.monitor_day (
    monitor       bigint not null references tocsin.monitor on delete cascade,
    day           date not null,                         -- UTC
    up_s          integer not null, degraded_s integer not null, down_s integer not null,
    maintenance_s integer not null, unknown_s integer not null, paused_s integer not null,
    checks        integer not null,
    failed        integer not null,
    sum_us        bigint not null,                       -- times of the checks that did not fail
    min_us        integer, max_us integer,
    hist          integer[] not null default '{}',       -- (ceil(8·log2(ms)) << 24) | count, ascending
    primary key (monitor, day)
);

-- Days that are packed but must be looked at again: results or transitions came late.
create table tocsin.day_late (
    monitor bigint not null references tocsin.monitor on delete cascade,
    day     date not null,
    primary key (monitor, day)
);

create table tocsin.watermark (
    name text primary key,                               -- 'day': packed up to here
    at   timestamptz not null
);

create table tocsin.transition (
    monitor    bigint not null references tocsin.monitor on delete cascade,
    seq        bigint not null,
    prev       smallint not null,
    status     smallint not null,
    at         timestamptz not null,                     -- the first check that said so
    decided_at timestamptz not null default now(),
    reason     smallint not null default 0,
    code       integer not null default 0,
    message    text not null default '',
    primary key (monitor, seq)
);
create index transition_at on tocsin.transition (at);
create index transition_monitor_at on tocsin.transition (monitor, at);

-- ---------------------------------------------------------------- incidents

create table tocsin.incident (
    id          bigint generated always as identity primary key,
    owner       bigint not null references tocsin.account on delete cascade,
    monitor     bigint references tocsin.monitor on delete cascade,
    auto        boolean not null default true,
    title       text not null check (length(title) between 1 and 200),
    severity    text not null default 'major' check (severity in ('critical', 'major', 'minor')),
    cause       text not null default '',
    open_seq    bigint,                                  -- transitions that opened and closed it
    close_seq   bigint,
    started_at  timestamptz not null,
    acked_at    timestamptz,
    acked_by    text,
    resolved_at timestamptz,
    resolved_by text,                                    -- null: by itself
    version     bigint not null default 1,
    changed     xid8 not null default pg_current_xact_id(),
    unique (monitor, open_seq),
    check (resolved_at >= started_at)
);
create unique index incident_one_open on tocsin.incident (monitor) where resolved_at is null and auto;
create index incident_owner on tocsin.incident (owner, id);
create index incident_monitor on tocsin.incident (monitor, id);
create trigger touch before update on tocsin.incident for each row execute function tocsin.touch();

create table tocsin.incident_event (
    id         bigint generated always as identity primary key,
    incident   bigint not null references tocsin.incident on delete cascade,
    at         timestamptz not null default now(),
    actor      bigint references tocsin.account on delete set null,
    actor_name text not null default '',                 -- '' : Tocsin itself
    kind       text not null check (kind in ('opened', 'acknowledged', 'comment', 'edited', 'resolved', 'reopened', 'notified')),
    body       text not null default '' check (length(body) <= 10000),
    public     boolean not null default false
);
create index incident_event_incident on tocsin.incident_event (incident, id);
create index incident_event_actor on tocsin.incident_event (actor) where actor is not null;

-- ---------------------------------------------------------------- messages

create table tocsin.channel (
    id              bigint generated always as identity primary key,
    owner           bigint not null references tocsin.account on delete cascade,
    type            text not null check (type in ('email', 'webhook', 'slack')),
    name            text not null check (length(name) between 1 and 80),
    config          jsonb not null default '{}',         -- may be shown
    secret          jsonb not null default '{}',         -- never leaves the database but to the notifier
    events          text[] not null default '{down,up,degraded}' check (events <@ array['down', 'up', 'degraded']),
    is_default      boolean not null default false,      -- taken by monitors that name no channels
    enabled         boolean not null default true,
    disabled_reason text,
    version         bigint not null default 1,
    created_at      timestamptz not null default now()
);
create index channel_owner on tocsin.channel (owner);

create table tocsin.monitor_channel (
    monitor bigint not null references tocsin.monitor on delete cascade,
    channel bigint not null references tocsin.channel on delete cascade,
    primary key (monitor, channel)
);
create index monitor_channel_channel on tocsin.monitor_channel (channel);

-- One row per message owed, written in the transaction that owes it.
create table tocsin.outbox (
    id           bigint generated always as identity primary key,
    key          text not null unique,                   -- idempotency key, sent with the message
    owner        bigint not null references tocsin.account on delete cascade,
    channel      bigint references tocsin.channel on delete cascade, -- null: a test of unsaved settings
    monitor      bigint references tocsin.monitor on delete cascade,
    incident     bigint references tocsin.incident on delete set null,
    seq          bigint not null default 0,              -- order within channel and monitor
    event        text not null check (event in ('down', 'up', 'degraded', 'test', 'invite')),
    body         jsonb not null,                         -- what the message says; no secrets
    target       jsonb,                                  -- for tests: {type, config, secret}; wiped when done
    state        text not null default 'pending' check (state in ('pending', 'sent', 'dead', 'cancelled')),
    attempts     smallint not null default 0,
    next_at      timestamptz not null default now(),
    locked_by    uuid,
    locked_until timestamptz,
    created_at   timestamptz not null default now(),
    done_at      timestamptz,
    error        text
) with (fillfactor = 70);
create index outbox_ready on tocsin.outbox (channel, next_at, id) where state = 'pending';
create index outbox_locked on tocsin.outbox (channel) where state = 'pending' and locked_until is not null;
create index outbox_order on tocsin.outbox (channel, monitor, seq) where state = 'pending';
create index outbox_owner on tocsin.outbox (owner, id);
create index outbox_channel on tocsin.outbox (channel, id);
create index outbox_monitor on tocsin.outbox (monitor, id);
create index outbox_incident on tocsin.outbox (incident);

-- One row per attempt.
create table tocsin.delivery (
    id          bigint generated always as identity primary key,
    outbox      bigint not null references tocsin.outbox on delete cascade,
    at          timestamptz not null default now(),
    attempt     smallint not null,
    ok          boolean not null,
    recipient   text not null default '',
    code        integer,                                 -- HTTP status or SMTP reply
    duration_ms integer,
    provider_id text,
    error       text,
    excerpt     text                                     -- of the answer, printable, cut
);
create index delivery_outbox on tocsin.delivery (outbox, id);

-- ---------------------------------------------------------------- events, tests, roles, audit

-- What open pages are told. `changed` makes the cursor; kept for an hour.
create table tocsin.event (
    id      bigint generated always as identity primary key,
    at      timestamptz not null default now(),
    kind    text not null,                               -- status, incident, monitor, channel, delivery, test, health
    owner   bigint not null,
    ref     bigint,
    body    jsonb not null default '{}',
    changed xid8 not null default pg_current_xact_id()
);
create index event_changed on tocsin.event (changed);

-- Who may do what has changed, or a session or token has ended: open streams look again who may
-- listen. `account` events are told to nobody.
create function tocsin.access_changed() returns trigger
language plpgsql set search_path = '' as $$
declare
    account bigint := case tg_table_name when 'account' then to_jsonb(old) ->> 'id'
                                         else to_jsonb(old) ->> 'account' end;
begin
    insert into tocsin.event (kind, owner, ref) values ('account', account, account);
    perform pg_notify('tocsin_live', '');
    return null;
end $$;
create trigger access_changed after update of role, disabled_at on tocsin.account for each row
    when (old.role <> new.role or old.disabled_at is distinct from new.disabled_at)
    execute function tocsin.access_changed();
create trigger access_deleted after delete on tocsin.account for each row
    execute function tocsin.access_changed();
create trigger access_changed after update of revoked_at on tocsin.session for each row
    when (old.revoked_at is null and new.revoked_at is not null)
    execute function tocsin.access_changed();
create trigger access_changed after delete or update of expires_at on tocsin.api_token for each row
    execute function tocsin.access_changed();

-- "Test now" of settings that are not saved, and its answer; kept for ten minutes.
create table tocsin.test_run (
    id            uuid primary key default gen_random_uuid(),
    owner         bigint not null references tocsin.account on delete cascade,
    region        smallint not null default 0,
    spec          jsonb not null,
    result        jsonb,
    created_at    timestamptz not null default now(),
    claimed_by    uuid,
    claimed_until timestamptz,
    done_at       timestamptz
);
create index test_run_open on tocsin.test_run (created_at) where done_at is null;

-- One row per living process of tocsind; a process's id is never used again.
create table tocsin.worker (
    id          uuid primary key,
    host        text not null,
    pid         integer not null,
    role        text not null,
    region      smallint not null default 0,
    version     text not null default '',
    weight      smallint not null default 1,
    share       integer not null default 0,              -- buckets it may hold, set by the scheduler
    started_at  timestamptz not null default clock_timestamp(),
    beat_at     timestamptz not null default clock_timestamp(),
    lease_until timestamptz not null,
    stats       jsonb not null default '{}'
) with (fillfactor = 50);

create table tocsin.audit (
    id          bigint generated always as identity primary key,
    at          timestamptz not null default now(),
    actor       bigint,                                  -- no reference: it outlives the account
    actor_name  text not null default '',
    address     inet,
    request     text not null default '',
    action      text not null,                           -- 'monitor.create', 'account.role', ...
    object_type text not null default '',
    object_id   text not null default '',
    before      jsonb,
    after       jsonb
);
create index audit_at on tocsin.audit (at);
create index audit_object on tocsin.audit (object_type, object_id, id);
