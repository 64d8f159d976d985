-- 0003: the fleet. Hosts and apps are monitors of their own types: host and app. So they have
-- statuses, incidents, messages, maintenance, uptime and a place on status pages like all.

alter table tocsin.monitor drop constraint monitor_type_check, drop constraint monitor_url_check;
alter table tocsin.monitor
    add constraint monitor_type_check check (type in ('http', 'host', 'app')),
    add constraint monitor_url_check check (
        case when type = 'http' then octet_length(url) between 10 and 2048 and url ~ '^https?://'
             else url = '' end);
-- only addresses can be watched twice; only what is checked from here has a place in a bucket
drop index tocsin.monitor_duplicate;
create unique index monitor_duplicate on tocsin.monitor (owner, method, url)
    where deleted_at is null and type = 'http';
drop index tocsin.monitor_unplaced;
create index monitor_unplaced on tocsin.monitor (id) where bucket is null and type = 'http';
create index monitor_fleet on tocsin.monitor (type, id) where type <> 'http';

-- ---------------------------------------------------------------- hosts and apps

-- interval_s of its monitor is how often it is asked, tags are its labels.
create table tocsin.host (
    monitor       bigint primary key references tocsin.monitor on delete cascade,
    address       text not null default '' check (length(address) <= 64), -- IP:PORT of its agent
    pin           text check (length(pin) between 32 and 128), -- of its public key; null: it is not trusted
    not_after     timestamptz,                           -- of its certificate
    enrolled_at   timestamptz,
    thresholds    jsonb not null default '{}',           -- disk, inodes, memory (percent), load (a core)
    over          smallint not null default 0,           -- polls in a row in which one was crossed
    -- what the agent said last; what changes with each answer is in fleet_latest
    agent_version text not null default '',
    conf_rev      text not null default '',
    os            text not null default '',
    arch          text not null default '',
    kernel        text not null default '',
    cores         integer,
    boot_id       text not null default '',
    boot_at       timestamptz,
    reboot_needed boolean not null default false,
    error         text not null default '',              -- why the last question had no answer, or what was bad in it
    error_at      timestamptz,
    told_at       timestamptz,                           -- pages, of its load
    changed       xid8 not null default pg_current_xact_id()
) with (fillfactor = 80);
create index host_changed on tocsin.host (changed);
-- not for being told of: that happens all the time, and is no change
create trigger touch before update on tocsin.host for each row
    when (old.told_at is not distinct from new.told_at) execute function tocsin.touch();

-- An app of the host's allow-list. One that left the list is kept: it may come back.
create table tocsin.app (
    monitor      bigint primary key references tocsin.monitor on delete cascade,
    host         bigint not null references tocsin.host on delete cascade,
    key          text not null check (key ~ '^[a-z0-9][a-z0-9._-]{0,62}$'), -- its id in the list
    title        text not null check (length(title) between 1 and 100),
    named        boolean not null default false,         -- the title is a person's, not the agent's
    kind         text not null check (kind in ('systemd', 'docker')),
    unit         text not null default '' check (length(unit) <= 256), -- or the container
    state        text not null default 'unknown',        -- the agent's word
    sub          text not null default '',
    state_at     timestamptz,                            -- since when, says the agent
    invocation   text not null default '',
    restarts     integer,
    facts        jsonb not null default '{}',            -- commit, branch, env, ports, deploy, exit, health
    bad          smallint not null default 0,            -- polls in a row that were not good
    wanted       text not null default 'running' check (wanted in ('running', 'stopped')),
    wanted_by    text not null default '',
    auto_restart boolean not null default false,
    gave_up      bigint,                                 -- incident in which it was restarted in vain
    gone_at      timestamptz,                            -- left the list
    changed      xid8 not null default pg_current_xact_id(),
    unique (host, key)
) with (fillfactor = 80);
create index app_changed on tocsin.app (changed);
create trigger touch before update on tocsin.app for each row execute function tocsin.touch();

-- A host or an app that goes for good leaves nothing behind: an app's monitor goes with its
-- host, and tables that have no references to the monitor are swept.
create function tocsin.fleet_went() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    delete from tocsin.monitor_latest l where l.monitor = old.monitor;
    delete from tocsin.fleet_latest l where l.monitor = old.monitor;
    delete from tocsin.monitor m where m.id = old.monitor;
    return null;
end $$;
create trigger went after delete on tocsin.host for each row execute function tocsin.fleet_went();
create trigger went after delete on tocsin.app for each row execute function tocsin.fleet_went();

-- The newest facts of each host and app. Unlogged: the next answer brings them again.
create unlogged table tocsin.fleet_latest (
    monitor bigint primary key,
    at      timestamptz not null,
    facts   jsonb not null,
    changed xid8 not null default pg_current_xact_id()
) with (fillfactor = 50);

-- Disks and networks of a host by their numbers, which samples have.
create table tocsin.fleet_part (
    host bigint not null references tocsin.host on delete cascade,
    part smallint not null check (part > 0),
    kind text not null check (kind in ('disk', 'net')),
    name text not null check (length(name) <= 200),
    primary key (host, part),
    unique (host, kind, name)
);

-- What somebody was allowed on a host with its apps, or on one app.
create table tocsin.fleet_grant (
    id         bigint generated always as identity primary key,
    monitor    bigint not null references tocsin.monitor on delete cascade,
    account    bigint not null references tocsin.account on delete cascade,
    role       text not null check (role in ('viewer', 'developer')),
    granted_by text not null default '',
    created_at timestamptz not null default now(),
    unique (monitor, account)
);
create index fleet_grant_account on tocsin.fleet_grant (account, monitor);
create trigger access_changed after delete or update on tocsin.fleet_grant for each row
    execute function tocsin.access_changed();

-- ---------------------------------------------------------------- the poller

-- Who asks the hosts; like a bucket, epoch fences an owner whose lease ran out, and batch
-- tells one that was applied from one that was not.
create table tocsin.fleet (
    id          smallint primary key check (id = 1),
    owner       uuid,
    epoch       bigint not null default 0,
    batch       bigint not null default 0,
    lease_until timestamptz not null default '-infinity',
    settled_at  timestamptz
) with (fillfactor = 50);
insert into tocsin.fleet (id) values (1);

-- Answers of a batch, with what is wrong in them left out.
create type tocsin.host_said as (
    host bigint, at timestamptz, age_ms integer, ok boolean, ms real, error text, agent jsonb,
    facts jsonb, apps jsonb
);
create type tocsin.app_said as (
    app bigint, host bigint, at timestamptz, key text, title text, kind text, unit text,
    state text, sub text, state_at timestamptz, invocation text, restarts integer,
    healthy boolean, health_ms real, health_message text, cpu real, memory double precision,
    fds integer, tasks integer, facts jsonb, latest jsonb
);

-- What happened on hosts and in apps, laid over charts.
create table tocsin.fleet_event (
    id         bigint generated always as identity primary key,
    host       bigint not null references tocsin.host on delete cascade,
    app        bigint references tocsin.app on delete cascade,
    at         timestamptz not null default clock_timestamp(),
    kind       text not null check (kind in ('deploy', 'restart', 'start', 'stop', 'env', 'restarted', 'crash',
                                             'gave-up', 'silent', 'back', 'status')),
    actor_name text not null default '',                 -- '': Tocsin itself
    action     bigint,
    text       text not null default ''
);
create index fleet_event_host on tocsin.fleet_event (host, at);
create index fleet_event_app on tocsin.fleet_event (app, at) where app is not null;
create index fleet_event_at on tocsin.fleet_event (at);

-- ---------------------------------------------------------------- actions

-- Asked of an agent at least once, with the same uuid: it does it once.
create table tocsin.app_action (
    id            bigint generated always as identity primary key,
    uuid          uuid not null unique default gen_random_uuid(),
    app           bigint not null references tocsin.app on delete cascade,
    host          bigint not null references tocsin.host on delete cascade,
    kind          text not null check (kind in ('start', 'stop', 'restart', 'deploy', 'cancel')),
    args          jsonb not null default '{}',           -- deploy: {ref}; cancel: {deploy: uuid}
    auto          boolean not null default false,        -- Tocsin's own restart
    actor         bigint references tocsin.account on delete set null,
    actor_name    text not null default '',
    address       inet,
    reason        text not null default '' check (length(reason) <= 500),
    state         text not null default 'asked' check (state in ('asked', 'running', 'done', 'failed', 'lost', 'cancelled')),
    attempts      smallint not null default 0,
    next_at       timestamptz not null default now(),
    claimed_by    uuid,
    claimed_until timestamptz,
    asked_at      timestamptz not null default now(),
    started_at    timestamptz,
    said_at       timestamptz,                           -- the agent's last word of a deploy
    done_at       timestamptz,
    ms            integer,
    error         text not null default '',
    report        jsonb not null default '{}',           -- of a deploy: state, from, to, subjects, steps, step
    output        text,                                  -- its end
    changed       xid8 not null default pg_current_xact_id()
) with (fillfactor = 80);
create unique index app_action_open on tocsin.app_action (app) where state in ('asked', 'running') and kind <> 'cancel';
create index app_action_ready on tocsin.app_action (next_at, id) where state in ('asked', 'running');
create index app_action_app on tocsin.app_action (app, id);
create index app_action_done on tocsin.app_action (app, done_at);
create index app_action_host on tocsin.app_action (host, id);
create index app_action_asked on tocsin.app_action (asked_at);
create index app_action_actor on tocsin.app_action (actor) where actor is not null;
create index app_action_output on tocsin.app_action (done_at) where output is not null;
create trigger touch before update on tocsin.app_action for each row execute function tocsin.touch();

-- ---------------------------------------------------------------- enrolment

create table tocsin.enrolment (
    id         bigint generated always as identity primary key,
    token      text not null unique check (token ~ '^[a-z0-9]{12}$'), -- the part that is no secret
    key        bytea not null check (length(key) = 32),  -- SHA-256 of the part that is
    owner      bigint not null references tocsin.account on delete cascade,
    host       bigint references tocsin.host on delete cascade, -- to be enrolled anew; null: a new one
    name       text not null default '' check (length(name) <= 120),
    labels     text[] not null default '{}',
    created_by text not null default '',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz,
    used_from  inet,
    used_pin   text,                                     -- of the key that it was used with
    result     bigint references tocsin.host on delete set null,
    revoked_at timestamptz
);
create index enrolment_owner on tocsin.enrolment (owner, id);
create index enrolment_result on tocsin.enrolment (result) where result is not null;
create index enrolment_host on tocsin.enrolment (host) where host is not null;

-- When somebody who is signed in has proved last who he is. Old sessions have to do it anew.
alter table tocsin.session add column proved_at timestamptz;
alter table tocsin.session alter column proved_at set default now();

-- ---------------------------------------------------------------- samples

-- Values are stored in the units of tocsin.fleet_scale(), in the order of its fields: small
-- whole numbers, which pack well. Null is not known.

-- Hot: one row per host and answer, with all of its disks, networks and apps.
create table tocsin.fleet_segment (
    host    bigint not null,
    at      timestamptz not null,                        -- when settled, database clock
    age_ms  integer not null,                            -- measured this long before
    host_v  real[] not null,
    parts   smallint[] not null,
    part_v  real[] not null,                             -- five a part
    apps    bigint[] not null,
    app_v   real[] not null,                             -- six an app
    changed xid8 not null default pg_current_xact_id()
) partition by range (at);
create table tocsin.fleet_segment_default partition of tocsin.fleet_segment default;
create index fleet_segment_host on tocsin.fleet_segment (host, at);

-- How far a host's segments are packed (see tocsin.packed).
create table tocsin.fleet_packed (
    host bigint primary key references tocsin.host on delete cascade,
    at   timestamptz not null,
    xid  xid8 not null
);

-- Cold: one row per monitor, part (0: itself) and hour. Arrays are field by field: those of
-- the first field, then those of the second. ten_avg and ten_max have six of each, for ten
-- minutes, hour_avg and hour_max one: long charts are made of them.
create table tocsin.fleet_hour (
    monitor bigint not null,
    part    smallint not null,
    hour    timestamptz not null,
    at_s    smallint[] not null,                         -- within the hour, ascending
    val     real[] not null,
    ten_avg real[] not null,
    ten_max real[] not null,
    hour_avg real[] not null,
    hour_max real[] not null,
    primary key (monitor, hour, part)
) partition by range (hour);
alter table tocsin.fleet_hour
    alter at_s set storage main, alter ten_avg set storage main, alter ten_max set storage main,
    alter hour_avg set storage main, alter hour_max set storage main;
create table tocsin.fleet_hour_default partition of tocsin.fleet_hour default;

create table tocsin.fleet_day (
    monitor bigint not null references tocsin.monitor on delete cascade,
    part    smallint not null,
    day     date not null,                               -- UTC
    n       integer not null,
    avg_v   real[] not null, min_v real[] not null, max_v real[] not null, p95_v real[] not null,
    primary key (monitor, day, part)
);
create table tocsin.fleet_day_late (
    monitor bigint not null references tocsin.monitor on delete cascade,
    day     date not null,
    primary key (monitor, day)
);

-- ---------------------------------------------------------------- elsewhere

alter table tocsin.outbox drop constraint outbox_event_check;
alter table tocsin.outbox add constraint outbox_event_check check (event in
    ('down', 'up', 'degraded', 'silent', 'test', 'invite', 'confirm', 'incident', 'maintenance'));

-- A component may be a host: it shows the worst of the host and its apps.
alter table tocsin.component drop constraint component_kind_check;
alter table tocsin.component add constraint component_kind_check check (kind in ('monitor', 'group', 'host'));
alter table tocsin.component add check (kind <> 'host' or monitor is not null);
