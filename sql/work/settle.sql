-- One batch of one bucket, in one transaction: is the sender still the owner; keep the
-- results; remember the newest of each monitor; apply what flipped.
--
-- Returns how many statuses changed, -1 when the bucket has another owner by now (nothing
-- was done: drop it), -2 when this batch was applied before and only the answer got lost.
-- Without checks and flips it only renews the lease.
--
-- The state rows are locked in id order by one statement and decided on in later ones,
-- which see a fresh snapshot: deciding in the statement that locks loses outages when two
-- regions find the same one.
create or replace function work.settle(
    worker uuid, region text, bucket integer, epoch bigint, batch bigint, ttl_ms integer,
    slot smallint[], age_ms integer[], status smallint[], reason smallint[], code smallint[],
    total_us integer[], phase_us integer[], tls_not_after bigint[], fails smallint[],
    fail_age_ms integer[],
    flip_slot smallint[], flip_status smallint[], flip_age_ms integer[],
    flip_reason smallint[], flip_code integer[], flip_message text[])
returns integer
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
    clock   constant timestamptz := clock_timestamp();
    checks  constant integer := cardinality(settle.slot);
    flips   constant integer := cardinality(settle.flip_slot);
    here    smallint;
    changed integer := 0;
begin
    if cardinality(settle.phase_us) <> 4 * checks
       or array[cardinality(settle.age_ms), cardinality(settle.status),
                cardinality(settle.reason), cardinality(settle.code),
                cardinality(settle.total_us), cardinality(settle.tls_not_after),
                cardinality(settle.fails), cardinality(settle.fail_age_ms)]
          <> array_fill(checks, array[8])
       or array[cardinality(settle.flip_status), cardinality(settle.flip_age_ms),
                cardinality(settle.flip_reason), cardinality(settle.flip_code),
                cardinality(settle.flip_message)] <> array_fill(flips, array[5]) then
        raise exception using errcode = '22023', message = 'arrays of different length';
    end if;

    update tocsin.bucket b
       set lease_until = clock + tocsin.ms(settle.ttl_ms),
           batch = case when checks + flips > 0 then settle.batch else b.batch end,
           settled_at = case when checks > 0 then clock else b.settled_at end
     where b.region = (select r.id from tocsin.region r where r.name = settle.region)
       and b.id = settle.bucket and b.owner = settle.worker and b.epoch = settle.epoch
       and (b.batch < settle.batch or checks + flips = 0)
    returning b.region into here;
    if here is null then
        perform from tocsin.bucket b join tocsin.region r on r.id = b.region
          where r.name = settle.region and b.id = settle.bucket and b.owner = settle.worker
            and b.epoch = settle.epoch;
        return case when found then -2 else -1 end;
    end if;

    if checks > 0 then
        insert into tocsin.segment (bucket, region, epoch, batch, at, slot, age_ms, status, reason,
                                    code, total_us, phase_us)
        values (settle.bucket, here, settle.epoch, settle.batch, clock, settle.slot,
                settle.age_ms, settle.status, settle.reason, settle.code, settle.total_us,
                settle.phase_us);
        changed := tocsin.settle_holes(settle.bucket, here, clock, settle.slot, settle.age_ms);
    end if;
    if flips > 0 then
        changed := changed + tocsin.settle_flips(settle.bucket, here, clock, settle.ttl_ms,
                                                 settle.flip_slot, settle.flip_status,
                                                 settle.flip_age_ms, settle.flip_reason,
                                                 settle.flip_code, settle.flip_message);
    end if;
    -- last, as whoever pauses a monitor takes these rows after its state, too
    if checks > 0 then
        perform tocsin.settle_latest(settle.bucket, here, clock, settle.slot, settle.age_ms,
                                     settle.status, settle.reason, settle.code, settle.total_us,
                                     settle.phase_us, settle.tls_not_after, settle.fails,
                                     settle.fail_age_ms);
    end if;
    -- a crash may cost the last second of samples, never a transition
    if changed = 0 then
        perform set_config('synchronous_commit', 'off', true);
    elsif current_setting('synchronous_commit') = 'off' then
        perform set_config('synchronous_commit', 'on', true);
    end if;
    return changed;
end $$;

-- The newest check of each monitor, for lists; checks of paused and deleted monitors were
-- under way when that happened and are not shown.
--
-- A batch is a part of a bucket, and its rows are looked up one by one by the index of
-- (bucket, slot): `offset 0` keeps the planner, which knows nothing of a new installation
-- and little of arrays, from reading all of the bucket for each check.
create or replace function tocsin.settle_latest(
    bucket integer, region smallint, clock timestamptz, slot smallint[], age_ms integer[],
    status smallint[], reason smallint[], code smallint[], total_us integer[],
    phase_us integer[], tls_not_after bigint[], fails smallint[], fail_age_ms integer[])
returns void
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
begin
    insert into tocsin.monitor_latest as l
           (monitor, region, at, status, reason, code, total_us, phase_us, tls_not_after, fails,
            fail_at)
    select m.id, settle_latest.region, clock - tocsin.ms(c.age_ms), c.status, c.reason, c.code,
           c.total_us, settle_latest.phase_us[4 * c.n - 3 : 4 * c.n],
           to_timestamp(c.tls_not_after), c.fails,
           case when c.fails <> 0 then clock - tocsin.ms(c.fail_age_ms) end
      from (select distinct on (u.slot) u.*
              from unnest(settle_latest.slot, settle_latest.age_ms, settle_latest.status,
                          settle_latest.reason, settle_latest.code, settle_latest.total_us,
                          settle_latest.tls_not_after, settle_latest.fails,
                          settle_latest.fail_age_ms) with ordinality
                   u (slot, age_ms, status, reason, code, total_us, tls_not_after, fails,
                      fail_age_ms, n)
             order by u.slot, u.age_ms, u.n desc) c
     cross join lateral
           (select x.id from tocsin.monitor x
             where x.bucket = settle_latest.bucket and x.slot = c.slot
               and x.paused_at is null and x.deleted_at is null
            offset 0) m
    on conflict (monitor, region) do update
       set at = excluded.at, status = excluded.status, reason = excluded.reason,
           code = excluded.code, total_us = excluded.total_us, phase_us = excluded.phase_us,
           tls_not_after = excluded.tls_not_after, fails = excluded.fails,
           fail_at = excluded.fail_at
        -- one from the future was written before the clock was set back
     where excluded.at >= l.at or l.at > clock + interval '10 seconds';
end $$;

-- Time that nobody measured, found by the first check after it: the daemon was not there,
-- so nobody could say `unknown` then. It is written into the history now, and the status
-- goes on as it was. Returns how many transitions that made.
create or replace function tocsin.settle_holes(bucket integer, region smallint,
                                               clock timestamptz, slot smallint[],
                                               age_ms integer[])
returns integer
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    hole record;
begin
    select array_agg(l.id) as monitor, array_agg(coalesce(s.raw, s.status)) as status,
           array_agg(case when s.raw is null then s.reason else s.raw_reason end) as reason,
           array_agg(case when s.raw is null then s.code else s.raw_code end) as code,
           array_agg(case when s.raw is null then s.message else s.raw_message end) as message,
           array_agg(l.at + tocsin.silence(l.interval_s)) as since,
           array_agg(clock - tocsin.ms(c.age_ms)) as until
      into hole
      from (select u.slot, max(u.age_ms) as age_ms
              from unnest(settle_holes.slot, settle_holes.age_ms) u (slot, age_ms)
             group by u.slot) c
     cross join lateral
           (select x.id, x.interval_s, y.at, y.region
              from tocsin.monitor x
             cross join lateral
                   (select y.at, y.region from tocsin.monitor_latest y
                     where y.monitor = x.id and y.region = settle_holes.region offset 0) y
             where x.bucket = settle_holes.bucket and x.slot = c.slot
               and x.paused_at is null and x.deleted_at is null
               and clock - tocsin.ms(c.age_ms) - y.at > tocsin.silence(x.interval_s)
            offset 0) l
      join tocsin.monitor_state s on s.monitor = l.id
     where (s.status in (1, 2, 3) or s.raw in (1, 2, 3)) and s.since <= l.at
       and not exists (select from tocsin.monitor_latest x
                        where x.monitor = l.id and x.region <> l.region and x.at > l.at);
    if hole.monitor is null then
        return 0;
    end if;
    perform 1 from tocsin.monitor_state s
      where s.monitor = any (hole.monitor) order by s.monitor for update;
    return tocsin.transit_all(hole.monitor, array_fill(0::smallint, array[cardinality(hole.monitor)]),
                              hole.since, array_fill(25::smallint, array[cardinality(hole.monitor)]),
                              array_fill(0, array[cardinality(hole.monitor)]),
                              array_fill(''::text, array[cardinality(hole.monitor)]))
         + tocsin.transit_all(hole.monitor, hole.status, hole.until, hole.reason, hole.code,
                              hole.message);
end $$;

-- The flips of a batch. A region's word is a bit in the row of the monitor; enough of the
-- regions that are alive have to say so, or all of them when fewer are left. A monitor that
-- flipped more than once (a batch that waited for the database) does so in the order it
-- happened.
create or replace function tocsin.settle_flips(
    bucket integer, region smallint, clock timestamptz, ttl_ms integer, slot smallint[],
    status smallint[], age_ms integer[], reason smallint[], code integer[], message text[])
returns integer
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    bit     constant bigint := 1::bigint << settle_flips.region;
    living  bigint; -- regions that still hold this bucket, as bits
    rounds  integer;
    changed integer := 0;
    d       record;
begin
    perform 1
      from tocsin.monitor_state s
      join tocsin.monitor m on m.id = s.monitor
     where m.bucket = settle_flips.bucket and m.slot = any (settle_flips.slot)
     order by s.monitor for update of s;

    select bit_or(1::bigint << b.region) | bit into living from tocsin.bucket b
     where b.id = settle_flips.bucket
       and b.lease_until > clock - tocsin.ms(2 * settle_flips.ttl_ms::bigint);
    select max(n) into rounds
      from (select count(*) as n from unnest(settle_flips.slot) u (slot) group by u.slot) x;

    for turn in 1 .. rounds loop
        with said as (
            select m.id as monitor, m.quorum, u.*
              from (select f.*, row_number() over (partition by f.slot order by f.n) as round
                      from unnest(settle_flips.slot, settle_flips.status, settle_flips.age_ms,
                                  settle_flips.reason, settle_flips.code, settle_flips.message)
                           with ordinality f (slot, status, age_ms, reason, code, message, n)) u
             cross join lateral
                   (select x.id, x.quorum from tocsin.monitor x
                     where x.bucket = settle_flips.bucket and x.slot = u.slot
                       and x.paused_at is null and x.deleted_at is null offset 0) m
             where u.round = turn
        ), voted as (
            update tocsin.monitor_state s
               set down_mask = case when u.status = 3 then s.down_mask | bit
                                    else s.down_mask & ~bit end,
                   degraded_mask = case when u.status = 2 then s.degraded_mask | bit
                                        else s.degraded_mask & ~bit end
              from said u where s.monitor = u.monitor
            returning s.monitor, s.down_mask & living as down,
                      (s.down_mask | s.degraded_mask) & living as bad,
                      least(u.quorum, bit_count(living::bit(64))) as quorum,
                      clock - tocsin.ms(u.age_ms) as at, u.reason, u.code, u.message
        )
        select array_agg(v.monitor) as monitor,
               array_agg(case when bit_count(v.down::bit(64)) >= v.quorum then 3
                              when bit_count(v.bad::bit(64)) >= v.quorum then 2
                              else 1 end::smallint) as status,
               array_agg(v.at) as at, array_agg(v.reason) as reason, array_agg(v.code) as code,
               array_agg(v.message) as message
          into d from voted v;
        if d.monitor is not null then
            changed := changed + tocsin.transit_all(d.monitor, d.status, d.at, d.reason, d.code,
                                                    d.message);
        end if;
    end loop;
    return changed;
end $$;
