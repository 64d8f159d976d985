-- Outages that lasted are published by the rule of their pages.

-- Which: those that are open, and those that ended while nobody looked. One that a person
-- took back stays so. Hashed, never looped: just after many monitors or pages came in, the
-- planner thinks that there are none.
create or replace function tocsin.incidents_to_publish() returns table (id bigint, name text)
language sql stable security definer set search_path = '' set enable_nestloop = off as $$
    with fresh as (
        select x.id, x.monitor, now() - x.started_at as lasted
          from tocsin.incident x
         where x.auto and x.published_at is null and x.resolved_at is null
        union all
        select x.id, x.monitor, x.resolved_at - x.started_at
          from tocsin.incident x
         where x.auto and x.published_at is null and x.resolved_at > now() - interval '10 minutes'
    ), shown as (
        select x.id, x.lasted, c.page, c.position, c.name
          from fresh x join tocsin.component c on c.monitor = x.monitor and c.kind in ('monitor', 'host')
        union all
        select x.id, x.lasted, c.page, c.position, c.name
          from fresh x join tocsin.app a on a.monitor = x.monitor
          join tocsin.component c on c.monitor = a.host and c.kind = 'host'
        union all
        select x.id, x.lasted, c.page, c.position, c.name
          from fresh x
          join tocsin.monitor m on m.id = x.monitor and m.group_name <> ''
          join tocsin.component c on c.group_name = m.group_name and c.kind = 'group'
          join tocsin.page p on p.id = c.page and p.owner = m.owner
    )
    select distinct on (x.id) x.id, x.name
      from shown x join tocsin.page p on p.id = x.page
     where p.enabled and p.publish = 'after' and x.lasted >= make_interval(secs => p.publish_after_s)
       and not exists (select from tocsin.incident_event e where e.incident = x.id and e.kind = 'withdrawn')
     order by x.id, p.id, x.position
     limit 1000
$$;

-- The title that the public reads is made of the component's name: a monitor's name is not
-- for everybody. Returns how many were published.
create or replace function work.publish_incidents() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    nobody tocsin.account;
    due    record;
    i      tocsin.incident;
    n      integer := 0;
begin
    for due in
        select * from tocsin.incidents_to_publish()
    loop
        select * into i from tocsin.incident x
         where x.id = due.id and x.published_at is null for update skip locked;
        if i.id is null then
            continue;
        end if;
        if i.public_title = '' then
            update tocsin.incident x set public_title = left(due.name || ' is down', 200)
             where x.id = i.id returning * into i;
        end if;
        perform tocsin.incident_publish(i, nobody, '');
        n := n + 1;
    end loop;
    return n;
end $$;
