-- What the publisher asks: which pages to write, what is on them, and how it went.

-- The pages that something has changed on since the answer before; null: all of them. The
-- first row carries the next `since` and no page. gone: a page that had this name.
create or replace function work.pages_due(since text)
returns table (rev text, id bigint, slug text, enabled boolean, gone boolean)
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    mark constant xid8 := pages_due.since::xid8;
begin
    return query
        select pg_snapshot_xmin(pg_current_snapshot())::text, null::bigint, null::text, null::boolean, null::boolean;
    if mark is null then
        return query
            select null::text, p.id, p.slug, p.enabled, false from tocsin.page p order by p.id;
        return;
    end if;
    return query
    with moved as (
        select array(select s.monitor from tocsin.monitor_state s where s.changed >= mark
                      union
                     select m.id from tocsin.monitor m where m.changed >= mark
                      union
                     select i.monitor from tocsin.incident i
                      where i.changed >= mark and i.monitor is not null
                      union
                     select a.monitor from tocsin.incident i
                       join tocsin.incident_affects a on a.incident = i.id where i.changed >= mark
                      union
                     select c.monitor
                       from (select w.id from tocsin.maintenance w where w.changed >= mark
                              union
                             select o.maintenance from tocsin.occurrence o
                              where o.changed >= mark
                                and o.starts_at < now() + interval '30 days') w
                      cross join lateral tocsin.maintenance_covers(w.id) c (monitor)) as monitors
    ), due as (
        select p.id from tocsin.page p where p.changed >= mark
        union
        select x.page from moved cross join lateral tocsin.pages_of(moved.monitors) x (page)
    )
    select null::text, p.id, p.slug, p.enabled, false
      from due join tocsin.page p on p.id = due.id
    union all
    select null, null, g.slug, false, true
      from tocsin.page_gone g
     where g.changed >= mark and not exists (select from tocsin.page p where p.slug = g.slug);
end $$;

-- Null when the page is gone or not to be written. `access` is what its .access file holds,
-- null for everybody: lines for mod_tocsin_status.
create or replace function work.page_model(page bigint) returns table (model json, access text)
language sql stable security definer set search_path = '' as $$
    select tocsin.page_model(p.id, clock_timestamp()),
           case p.access
               when 'password' then 'password ' || coalesce(p.password, '*') || e'\n'
               when 'address' then (select coalesce(string_agg('address ' || a || e'\n', ''), '')
                                      from unnest(p.allow) a)
           end
      from tocsin.page p where p.id = page_model.page and p.enabled
$$;

-- error null: it was written.
create or replace function work.page_published(page bigint, bytes bigint, files integer, error text)
returns void
language sql volatile security definer set search_path = '' as $$
    update tocsin.page p
       set published_at = case when page_published.error is null then clock_timestamp()
                               else p.published_at end,
           bytes = case when page_published.error is null
                        then least(page_published.bytes, 2147483647)::integer else p.bytes end,
           error = page_published.error
     where p.id = page_published.page
$$;

-- What pages are made of and takes longer than a page may, for `most` monitors that pages show:
-- their past, when a day was packed since, and what today's checks were, five minutes old at
-- most. Returns how many: call again while it is not 0.
create or replace function work.page_prepare(most integer default 50) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    low   constant timestamptz := date_trunc('day', now(), 'UTC');
    today constant date := (low at time zone 'UTC')::date;
    packed constant date := tocsin.page_packed(today);
    shown bigint[];
    n     integer;
    m     integer;
begin
    if not pg_try_advisory_xact_lock(20261, 14) then
        return 0;
    end if;
    shown := array(
        select c.monitor from tocsin.component c where c.monitor is not null
        union
        select x.id from tocsin.component c
          join tocsin.page p on p.id = c.page
          join tocsin.monitor x on x.owner = p.owner and x.group_name = c.group_name
         where c.kind = 'group' and x.deleted_at is null);

    with old as (
        select array_agg(x.id) as ids
          from (select s.id from unnest(shown) s (id)
                  left join tocsin.monitor_past p on p.monitor = s.id
                 where p.upto is distinct from packed
                 limit 4 * page_prepare.most) x
    )
    insert into tocsin.monitor_past as p (monitor, upto, days)
    select o.id, packed, coalesce(x.days, '{}')
      from (select unnest(old.ids) as id, old.ids from old) o
      left join (select y.* from old, tocsin.page_past(old.ids, today - 89, packed) y) x
        on x.monitor = o.id
    on conflict (monitor) do update set upto = excluded.upto, days = excluded.days;
    get diagnostics m = row_count;

    with old as (
        select s.id from unnest(shown) s (id) left join tocsin.monitor_today t on t.monitor = s.id
         where t.monitor is null or t.day < today
            or t.at < now() - interval '5 minutes' or t.at > now() + interval '1 minute'
         order by t.at nulls first limit page_prepare.most
    )
    insert into tocsin.monitor_today as t (monitor, day, at, checks, failed, sum_us, p95_ms)
    select o.id, today, now(), c.checks, c.failed, c.sum_us, c.p95_ms
      from old o
     cross join lateral (
        select count(*)::integer as checks, (count(*) filter (where x.status = 3))::integer as failed,
               coalesce(sum(x.total_us) filter (where x.status <> 3), 0)::bigint as sum_us,
               (percentile_disc(0.95) within group (order by x.total_us)
                   filter (where x.status <> 3) / 1000)::integer as p95_ms
          from tocsin.checks(o.id, low, now() + interval '1 minute') x) c
    on conflict (monitor) do update
       set day = excluded.day, at = excluded.at, checks = excluded.checks,
           failed = excluded.failed, sum_us = excluded.sum_us, p95_ms = excluded.p95_ms;
    get diagnostics n = row_count;
    return n + m;
end $$;
