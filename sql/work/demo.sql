-- The demonstration goes on: the checks whose time has come are made up and settled as a
-- checker would, and messages that are owed count as sent, for nobody gets one. Called each
-- few seconds by the demo role; returns how many checks that were. Does nothing where the
-- data is real.
create or replace function work.demo_tick() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    me    constant uuid := '0d3d0000-0000-4000-8000-000000000000';
    clock constant timestamptz := clock_timestamp();
    b     tocsin.bucket;
    d     record;
    n     integer := 0;
begin
    if not tocsin.demo_on() or not pg_try_advisory_xact_lock(20261, 40) then
        return 0;
    end if;
    perform work.place();
    for b in update tocsin.bucket x set owner = me, lease_until = clock + interval '1 minute'
             returning x.* loop
        select array_agg(c.slot) as slot, array_agg(c.status) as status,
               array_agg(c.reason) as reason, array_agg(c.code::smallint) as code,
               array_agg(c.us) as us, array_agg(c.expires) as expires,
               coalesce(array_agg(c.slot) filter (where c.flip), '{}') as flip_slot,
               coalesce(array_agg(c.status) filter (where c.flip), '{}') as flip_status,
               coalesce(array_agg(c.reason) filter (where c.flip), '{}') as flip_reason,
               coalesce(array_agg(c.code) filter (where c.flip), '{}') as flip_code,
               coalesce(array_agg(tocsin.reason_text(c.reason)) filter (where c.flip), '{}') as flip_message
          into d
          from (select m.slot, k.*, coalesce(s.raw, s.status) <> k.status as flip,
                       extract(epoch from date_trunc('day', clock))::bigint + 86400 * (20 + m.id % 60) as expires
                  from tocsin.monitor m
                  join tocsin.monitor_state s on s.monitor = m.id
                 cross join lateral tocsin.demo_of(m.name) o
                 cross join lateral tocsin.demo_check(m.id, o.base_ms, o.trouble, clock) k
                  left join tocsin.monitor_latest l on l.monitor = m.id
                 where m.bucket = b.id and m.type = 'http' and m.paused_at is null
                   and m.deleted_at is null and o.base_ms is not null
                   and (l.at is null or clock - l.at >= make_interval(secs => m.interval_s - 2))
                 order by m.slot) c;
        continue when d.slot is null;
        n := n + cardinality(d.slot);
        perform work.settle(me, (select r.name from tocsin.region r where r.id = b.region), b.id,
            b.epoch, b.batch + 1, 60000, d.slot, array_fill(0, array[cardinality(d.slot)]),
            d.status, d.reason, d.code, d.us,
            (select array_agg(p order by u.n, i) from unnest(d.us, d.status) with ordinality u (us, status, n)
              cross join lateral unnest(tocsin.demo_phases(u.us, u.status)) with ordinality x (p, i)),
            d.expires, array_fill(0::smallint, array[cardinality(d.slot)]),
            array_fill(0, array[cardinality(d.slot)]),
            d.flip_slot, d.flip_status, array_fill(0, array[cardinality(d.flip_slot)]),
            d.flip_reason, d.flip_code, d.flip_message);
    end loop;
    update tocsin.fleet f
       set owner = me, lease_until = clock + interval '1 minute', batch = case when f.owner = me then f.batch else 0 end
     where f.id = 1;
    perform work.fleet_settle(me, f.epoch, f.batch + 1, a.said)
       from tocsin.fleet f cross join (select tocsin.demo_answers(clock, false)) a (said)
      where f.id = 1 and a.said <> '[]';
    with sent as (
        update tocsin.outbox o set state = 'sent', attempts = 1, done_at = clock
         where o.state = 'pending' returning o.id, o.channel
    )
    insert into tocsin.delivery (outbox, at, attempt, ok, recipient, code, duration_ms)
    select s.id, clock, 1, true, coalesce(c.name, ''), 250, 80 + s.id % 90
      from sent s left join tocsin.channel c on c.id = s.channel;
    return n;
end $$;
