-- The people, channels, pages, incidents and windows of a demonstration.

create or replace function tocsin.demo_people() returns bigint
language plpgsql volatile set search_path = '' as $$
declare
    me bigint;
begin
    insert into tocsin.account (email, name, role, created_at)
    values ('demo@example.org', 'Demo', 'admin', now() - interval '97 days') returning id into me;
    insert into tocsin.account (email, name, role, created_at, seen_at)
    values ('ann@example.org', 'Ann', 'operator', now() - interval '96 days', now() - interval '9 minutes'),
           ('bo@example.org', 'Bo', 'member', now() - interval '80 days', now() - interval '3 hours'),
           ('cy@example.org', 'Cy', 'viewer', now() - interval '41 days', now() - interval '6 days');
    insert into tocsin.setting (key, value) values
        ('demo', jsonb_build_object('account', me)),
        ('instance', '"Tocsin demo"')
    on conflict (key) do update set value = excluded.value;
    insert into tocsin.channel (owner, type, name, config, is_default) values
        (me, 'email', 'On call', '{"to": ["oncall@example.org"]}', true),
        (me, 'slack', 'Chat', '{}', false),
        (me, 'webhook', 'Tickets', '{"url": "https://tickets.example.org/hook"}', false);
    return me;
end $$;

create or replace function tocsin.demo_page(owner bigint) returns void
language plpgsql volatile set search_path = '' as $$
declare
    p bigint;
begin
    insert into tocsin.page (owner, slug, title, description, zone, accent)
    values (demo_page.owner, 'demo', 'Example Shop', 'All of this is made up.', 'Europe/Berlin', '#0f766e')
    returning id into p;
    insert into tocsin.component (page, position, section, kind, monitor, name)
    select p, row_number() over (order by m.id), m.group_name, 'monitor', m.id, m.name
      from tocsin.monitor m
     where m.owner = demo_page.owner and m.type = 'http' and m.group_name in ('Shop', 'API', 'Accounts');
    insert into tocsin.component (page, position, kind, group_name, name)
    values (p, 100, 'group', 'Branches', 'Branches');
end $$;

create or replace function tocsin.demo_told(owner bigint) returns void
language plpgsql volatile set search_path = '' as $$
declare
    i bigint;
    w bigint;
    began constant timestamptz := date_trunc('hour', now()) - interval '12 days 5 hours';
begin
    insert into tocsin.incident (owner, auto, title, severity, started_at, resolved_at, phase, published_at)
    values (demo_told.owner, false, 'Payments are slow', 'critical', began, began + interval '94 minutes',
            'resolved', began + interval '4 minutes') returning id into i;
    insert into tocsin.incident_affects (incident, monitor)
    select i, m.id from tocsin.monitor m where m.owner = demo_told.owner and m.name in ('Shop', 'Checkout');
    insert into tocsin.incident_event (incident, at, actor_name, kind, phase, body, public) values
        (i, began + interval '4 minutes', 'Ann', 'update', 'investigating',
         'Payments take up to a minute. We are looking into it.', true),
        (i, began + interval '31 minutes', 'Ann', 'update', 'identified',
         'A **lock in the orders'' database** is held by a report. It has been ended.', true),
        (i, began + interval '50 minutes', 'Bo', 'comment', null,
         'The report ran without a time limit; moved it to the replica.', false),
        (i, began + interval '62 minutes', 'Ann', 'update', 'monitoring', 'Payments are as quick as ever.', true),
        (i, began + interval '94 minutes', 'Ann', 'update', 'resolved', 'Nothing more was seen.', true);
    insert into tocsin.postmortem (incident, revision, at, author, body, published_at)
    values (i, 1, began + interval '1 day', 'Ann',
            E'## What happened\nA report took a lock for 40 minutes.\n\n## What we changed\n- reports run on the replica\n- statements end after 30 s',
            began + interval '1 day');

    insert into tocsin.maintenance (owner, title, description, zone, starts_at, duration_s, repeat, rule,
                                    groups, created_by)
    values (demo_told.owner, 'Updates of the build machines', 'Builds wait for a few minutes.', 'Europe/Berlin',
            (date_trunc('week', now() at time zone 'Europe/Berlin') + interval '2 days 22 hours')
                at time zone 'Europe/Berlin', 3600, 'weekly', '{"every": 1, "days": [3]}', '{Development}', 'Ann');
    insert into tocsin.maintenance (owner, title, description, zone, starts_at, duration_s, tags, created_by)
    values (demo_told.owner, 'New database server', 'The shop is read-only for a quarter of an hour.',
            'Europe/Berlin', date_trunc('day', now()) + interval '5 days 3 hours', 900, '{money}', 'Bo');
end $$;

-- Everything, in a database that has nobody yet.
create or replace function tocsin.demo_make() returns void
language plpgsql volatile set search_path = '' as $$
declare
    me bigint;
    m  tocsin.monitor;
begin
    if exists (select from tocsin.account) then
        raise exception 'there are accounts already: a demonstration needs a database of its own';
    end if;
    me := tocsin.demo_people();
    insert into tocsin.monitor (owner, name, url, interval_s, timeout_s, group_name, tags, created_at)
    select me, c.name, 'https://' || c.host || '.example.org/', 60, 10, c.group_name, c.tags,
           now() - interval '91 days'
      from tocsin.demo_cast() c;
    perform work.keep_partitions();
    perform work.place();
    insert into tocsin.monitor_channel (monitor, channel)
    select x.id, c.id from tocsin.monitor x join tocsin.channel c on c.owner = me and c.is_default
    on conflict do nothing;
    perform tocsin.partition_make('monitor_hour', now() - make_interval(days => d))
       from generate_series(0, 91) d;
    for m in select x.* from tocsin.monitor x where x.owner = me order by x.id loop
        perform tocsin.demo_past(m);
    end loop;
    perform tocsin.import_days(array(select x.id from tocsin.monitor x where x.owner = me),
                               (now() - interval '90 days')::date, now()::date);
    insert into tocsin.watermark (name, at) values ('day', date_trunc('day', now(), 'UTC'))
    on conflict (name) do update set at = excluded.at;
    perform tocsin.demo_told(me);
    perform tocsin.demo_page(me);
    perform tocsin.demo_fleet(me);
    perform work.maintenance_occurrences();
    perform work.figures();
end $$;
