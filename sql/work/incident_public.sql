-- Outages that lasted are published by the rule of their pages.

-- Those that are open, and those that ended while nobody looked. One that a person took
-- back stays so. The title that the public reads is made of the component's name: a
-- monitor's name is not for everybody. Returns how many were published.
create or replace function work.publish_incidents() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    nobody tocsin.account;
    due    record;
    i      tocsin.incident;
    n      integer := 0;
begin
    for due in
        select distinct on (x.id) x.id, c.name
          from tocsin.incident x
         cross join lateral tocsin.incident_components(x) c
          join tocsin.page p on p.id = c.page
         where x.auto and x.published_at is null
           and (x.resolved_at is null or x.resolved_at > now() - interval '10 minutes')
           and p.enabled and p.publish = 'after'
           and coalesce(x.resolved_at, now()) - x.started_at >= make_interval(secs => p.publish_after_s)
           and not exists (select from tocsin.incident_event e where e.incident = x.id and e.kind = 'withdrawn')
         order by x.id, p.id, c.position
         limit 1000
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
