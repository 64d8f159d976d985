-- 0002: maintenance windows, what the public is told, status pages, and who subscribes.

-- ---------------------------------------------------------------- maintenance

-- A window, once or again and again. Repeats keep the wall clock of their zone across
-- daylight saving. What is upcoming, in progress or completed is said by the clock alone.
create table tocsin.maintenance (
    id            bigint generated always as identity primary key,
    owner         bigint not null references tocsin.account on delete cascade,
    title         text not null check (length(title) between 1 and 200),
    description   text not null default '' check (length(description) <= 10000), -- Markdown
    zone          text not null default 'UTC',           -- IANA name
    starts_at     timestamptz not null,                  -- of the first occurrence
    duration_s    integer not null check (duration_s between 60 and 2678400),
    repeat        text not null default 'once' check (repeat in ('once', 'weekly', 'monthly', 'cron')),
    rule          jsonb not null default '{}',           -- weekly {every, days[1-7]}; monthly {day} or {week, weekday}; cron {expression}
    until_at      timestamptz,                           -- no occurrence begins later
    everything    boolean not null default false,        -- all monitors of the owner
    tags          text[] not null default '{}',
    groups        text[] not null default '{}',
    silence       boolean not null default true,         -- send no messages about what it covers
    pause         boolean not null default false,        -- and do not check it either
    show          boolean not null default true,         -- on status pages
    tell          boolean not null default true,         -- subscribers, at start and end
    tell_before_s integer check (tell_before_s between 300 and 2592000), -- and so long before
    cancelled_at  timestamptz,
    created_by    text not null default '',
    version       bigint not null default 1,
    created_at    timestamptz not null default now(),
    changed       xid8 not null default pg_current_xact_id()
);
create index maintenance_owner on tocsin.maintenance (owner, id);
create trigger touch before update on tocsin.maintenance for each row execute function tocsin.touch();

create table tocsin.maintenance_monitor (
    maintenance bigint not null references tocsin.maintenance on delete cascade,
    monitor     bigint not null references tocsin.monitor on delete cascade,
    primary key (maintenance, monitor)
);
create index maintenance_monitor_monitor on tocsin.maintenance_monitor (monitor);

-- The occurrences of the past, and of the next hundred days.
create table tocsin.occurrence (
    id             bigint generated always as identity primary key,
    maintenance    bigint not null references tocsin.maintenance on delete cascade,
    starts_at      timestamptz not null,
    ends_at        timestamptz not null,
    cancelled_at   timestamptz,                          -- this one alone; a running one ends then
    announce_at    timestamptz,                          -- when its messages before the start are due
    announced_at   timestamptz,                          -- messages that went out
    told_start_at  timestamptz,
    told_end_at    timestamptz,
    unique (maintenance, starts_at),
    check (ends_at > starts_at)
);
create index occurrence_ends on tocsin.occurrence (ends_at);
create index occurrence_span on tocsin.occurrence using gist (tstzrange(starts_at, ends_at));
create index occurrence_announce on tocsin.occurrence (announce_at)
    where announced_at is null and announce_at is not null;
create index occurrence_untold on tocsin.occurrence (starts_at) where told_end_at is null;

-- Status 4 lies over what the checks say, which is kept here and comes to light at the end.
alter table tocsin.monitor_state
    add column raw         smallint check (raw between 0 and 3), -- null: not in maintenance
    add column raw_reason  smallint not null default 0,
    add column raw_code    integer not null default 0,
    add column raw_message text not null default '',
    add column halted      boolean not null default false,       -- and is not checked
    add column told        smallint not null default 0;          -- what messages said, or would have
create index monitor_state_maintenance on tocsin.monitor_state (monitor) where status = 4;
update tocsin.monitor_state s
   set told = case when s.status <> 0 then s.status
                   else coalesce((select t.prev from tocsin.transition t
                                   where t.monitor = s.monitor and t.seq = s.seq), 0) end;

-- Up to `done_at` every monitor is in maintenance, or out of it, as the windows say. It is
-- looked at again when a window begins or ends, or something changed since `rev`.
create table tocsin.maintenance_clock (
    id      smallint primary key check (id = 1),
    since   timestamptz not null,                        -- asked without a pause since then
    beat_at timestamptz not null,
    done_at timestamptz not null,
    rev     xid8 not null
) with (fillfactor = 50);
insert into tocsin.maintenance_clock values (1, now(), now(), now(), '0');

-- ---------------------------------------------------------------- incidents in public

alter table tocsin.incident
    add column phase        text not null default 'investigating'
        check (phase in ('investigating', 'identified', 'monitoring', 'resolved')),
    add column public_title text not null default '' check (length(public_title) <= 200), -- '': the title
    add column published_at timestamptz;                 -- null: nobody outside reads of it
create index incident_resolved on tocsin.incident (resolved_at) where auto and published_at is null;

-- An update is an event of kind 'update' that has a phase; its body is Markdown.
alter table tocsin.incident_event
    add column phase text check (phase in ('investigating', 'identified', 'monitoring', 'resolved'));
alter table tocsin.incident_event drop constraint incident_event_kind_check;
alter table tocsin.incident_event add constraint incident_event_kind_check check (kind in
    ('opened', 'acknowledged', 'comment', 'edited', 'resolved', 'reopened', 'notified', 'update', 'published', 'withdrawn', 'postmortem'));

-- What an incident affects besides its own monitor.
create table tocsin.incident_affects (
    incident bigint not null references tocsin.incident on delete cascade,
    monitor  bigint not null references tocsin.monitor on delete cascade,
    primary key (incident, monitor)
);
create index incident_affects_monitor on tocsin.incident_affects (monitor);

create table tocsin.postmortem (
    incident     bigint not null references tocsin.incident on delete cascade,
    revision     integer not null,
    at           timestamptz not null default now(),
    author       text not null default '',
    body         text not null check (length(body) <= 50000), -- Markdown
    published_at timestamptz,
    primary key (incident, revision)
);

-- Whoever ends an incident, a check or a person, ends its phase as well, and the public
-- reads of it.
create function tocsin.incident_ends() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    new.phase := 'resolved';
    return new;
end $$;
create trigger ends before update on tocsin.incident for each row
    when (old.resolved_at is null and new.resolved_at is not null)
    execute function tocsin.incident_ends();

create function tocsin.incident_ended() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    event bigint;
begin
    if not exists (select from tocsin.incident_event e
                    where e.incident = new.id and e.public and e.kind = 'update' and e.phase = 'resolved') then
        insert into tocsin.incident_event (incident, kind, phase, public)
        values (new.id, 'update', 'resolved', true) returning id into event;
        perform tocsin.tell_incident(new.id, event);
    end if;
    return null;
end $$;
create trigger ended after update on tocsin.incident for each row
    when (old.resolved_at is null and new.resolved_at is not null and new.published_at is not null)
    execute function tocsin.incident_ended();

-- ---------------------------------------------------------------- status pages

create table tocsin.page (
    id           bigint generated always as identity primary key,
    owner        bigint not null references tocsin.account on delete cascade,
    slug         text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    title        text not null check (length(title) between 1 and 120),
    description  text not null default '' check (length(description) <= 2000),
    url          text not null default '',               -- of its own virtual host; '': below TocsinPublicURL
    lang         text not null default 'en',
    zone         text not null default 'UTC',
    theme        text not null default 'system' check (theme in ('light', 'dark', 'system')),
    accent       text not null default '#2563eb' check (accent ~ '^#[0-9a-f]{6}$'),
    logo         bytea check (octet_length(logo) <= 65536), -- PNG or SVG without script
    logo_type    text,
    link         text not null default '',               -- where the logo leads
    robots       boolean not null default true,          -- may be indexed
    access       text not null default 'public' check (access in ('public', 'password', 'address')),
    password     text,                                   -- crypt(3)
    allow        inet[] not null default '{}',
    publish      text not null default 'after' check (publish in ('never', 'after')), -- incidents that a check opened
    publish_after_s integer not null default 120 check (publish_after_s between 0 and 86400),
    day_down_s   integer not null default 1800 check (day_down_s between 60 and 86400), -- a day with more is red
    subscribe    boolean not null default true,
    enabled      boolean not null default true,
    version      bigint not null default 1,
    created_at   timestamptz not null default now(),
    published_at timestamptz,                            -- when its files were written last
    bytes        integer,
    error        text,                                   -- why they were not
    changed      xid8 not null default pg_current_xact_id()
);
create index page_owner on tocsin.page (owner, id);
create index page_changed on tocsin.page (changed);
create trigger touch before update on tocsin.page for each row
    when (old.version <> new.version or old.enabled <> new.enabled) execute function tocsin.touch();

create table tocsin.component (
    id          bigint generated always as identity primary key,
    page        bigint not null references tocsin.page on delete cascade,
    position    integer not null,
    section     text not null default '' check (length(section) <= 80), -- components of one section stand together
    kind        text not null check (kind in ('monitor', 'group')), -- a group shows the worst of its monitors
    monitor     bigint references tocsin.monitor on delete cascade,
    group_name  text,
    name        text not null check (length(name) between 1 and 120),
    description text not null default '' check (length(description) <= 500),
    show_ms     boolean not null default true,
    show_uptime boolean not null default true,
    check (kind <> 'monitor' or monitor is not null),
    check (kind <> 'group' or group_name is not null)
);
create index component_page on tocsin.component (page, position);
create index component_monitor on tocsin.component (monitor);
create index component_group on tocsin.component (group_name) where kind = 'group';

-- What somebody is about to change, to be looked at for ten minutes; worth nothing after a crash.
create unlogged table tocsin.page_draft (
    id         uuid primary key default gen_random_uuid(),
    page       bigint not null references tocsin.page on delete cascade,
    account    bigint not null references tocsin.account on delete cascade,
    draft      jsonb not null,
    created_at timestamptz not null default now()
);
create index page_draft_account on tocsin.page_draft (account, created_at);

-- ---------------------------------------------------------------- subscribers

create table tocsin.subscriber (
    id           bigint generated always as identity primary key,
    page         bigint not null references tocsin.page on delete cascade,
    type         text not null check (type in ('email', 'webhook')),
    address      text not null check (length(address) between 3 and 2048), -- e-mail or URL
    secret       jsonb not null default '{}',            -- of the webhook
    components   bigint[],                               -- null: all
    confirm      bytea,                                  -- SHA-256 of the token that was mailed; null: confirmed
    unsubscribe  text not null,                          -- random, in each message
    created_at   timestamptz not null default now(),
    confirmed_at timestamptz,
    mailed_at    timestamptz,                            -- when it was asked to confirm last
    failures     integer not null default 0,             -- in a row
    disabled_at  timestamptz,                            -- bounced too often
    unique (page, type, address)
);
create unique index subscriber_unsubscribe on tocsin.subscriber (unsubscribe);
create unique index subscriber_confirm on tocsin.subscriber (confirm) where confirm is not null;
create index subscriber_address on tocsin.subscriber (address);

alter table tocsin.outbox
    add column subscriber bigint references tocsin.subscriber on delete cascade;
create index outbox_subscriber on tocsin.outbox (subscriber, id) where subscriber is not null;
alter table tocsin.outbox drop constraint outbox_event_check;
alter table tocsin.outbox add constraint outbox_event_check check (event in
    ('down', 'up', 'degraded', 'test', 'invite', 'confirm', 'incident', 'maintenance'));

-- ---------------------------------------------------------------- what the publisher follows

-- A page is written again when a row that it is made of has changed.
create index incident_changed on tocsin.incident (changed);
create index maintenance_changed on tocsin.maintenance (changed);
alter table tocsin.occurrence add column changed xid8 not null default pg_current_xact_id();
create index occurrence_changed on tocsin.occurrence (changed);
create trigger touch before update on tocsin.occurrence for each row execute function tocsin.touch();

create function tocsin.publish() returns trigger
language plpgsql set search_path = '' as $$
begin
    if exists (select from tocsin.page) then
        perform pg_notify('tocsin_work', 'publish');
    end if;
    return null;
end $$;
create trigger publish after insert on tocsin.page for each row execute function tocsin.publish();
create trigger publish_again after update on tocsin.page for each row
    when (old.changed <> new.changed) execute function tocsin.publish();
create trigger publish after insert on tocsin.incident for each row
    when (new.published_at is not null) execute function tocsin.publish();
create trigger publish_again after update on tocsin.incident for each row
    when (old.published_at is not null or new.published_at is not null)
    execute function tocsin.publish();
create trigger publish after insert or update on tocsin.maintenance for each statement
    execute function tocsin.publish();
create trigger publish after insert or update on tocsin.occurrence for each statement
    execute function tocsin.publish();

-- What is said in public changes its incident, whoever wrote it.
create function tocsin.incident_said() returns trigger
language plpgsql set search_path = '' as $$
begin
    update tocsin.incident i set changed = pg_current_xact_id()
     where i.id = new.incident and i.changed <> pg_current_xact_id();
    return null;
end $$;
create trigger said after insert on tocsin.incident_event for each row
    when (new.public) execute function tocsin.incident_said();

-- A maintenance that is deleted leaves nothing that could have changed.
create function tocsin.maintenance_gone() returns trigger
language plpgsql set search_path = '' as $$
begin
    update tocsin.page p set changed = pg_current_xact_id() where p.owner = old.owner;
    return null;
end $$;
create trigger gone after delete on tocsin.maintenance for each row
    execute function tocsin.maintenance_gone();

-- Names that pages had: their folders go. Kept for a day.
create table tocsin.page_gone (
    slug    text primary key,
    at      timestamptz not null default now(),
    changed xid8 not null default pg_current_xact_id()
);
create index page_gone_changed on tocsin.page_gone (changed);
create function tocsin.page_went() returns trigger
language plpgsql set search_path = '' as $$
begin
    delete from tocsin.page_gone g where g.at < now() - interval '1 day';
    insert into tocsin.page_gone as g (slug) values (old.slug)
    on conflict (slug) do update set at = now(), changed = pg_current_xact_id();
    perform pg_notify('tocsin_work', 'publish');
    return null;
end $$;
create trigger gone after delete on tocsin.page for each row execute function tocsin.page_went();
create trigger renamed after update of slug on tocsin.page for each row
    when (old.slug <> new.slug) execute function tocsin.page_went();

-- Written with the day, as reading it out of the histogram takes longer than the page has.
alter table tocsin.monitor_day add column p95_ms integer;
update tocsin.monitor_day d
   set p95_ms = (select round(power(2::numeric, x.class / 8.0))
                   from (select y.class, sum(y.n) over (order by y.class) as upto,
                                sum(y.n) over () as total
                           from (select e >> 24 as class, sum(e & 16777215) as n
                                   from unnest(d.hist) e group by 1) y) x
                  where x.upto >= 0.95 * x.total order by x.class limit 1)
 where d.hist <> '{}';

-- The past of the monitors that pages show, as a page has it: days before `upto`, ready to be
-- sent. Made again when a day was packed; what is missing here is read from monitor_day.
create unlogged table tocsin.monitor_past (
    monitor bigint primary key,
    upto    date not null,
    days    json not null
);

-- The checks of the day that is not over, for the monitors that pages show; a few minutes old.
create unlogged table tocsin.monitor_today (
    monitor bigint primary key,
    day     date not null,
    at      timestamptz not null,
    checks  integer not null,
    failed  integer not null,
    sum_us  bigint not null,
    p95_ms  integer
);
