-- What a checker has to know of the monitors of its bucket: all of them, or those that
-- changed since an earlier reading. `rev` is the `since` of the next call; rows may come
-- twice, none is missed. After a new connection begin with null: a server that crashed may
-- give transaction numbers again. A caller whose lease is over gets nothing.
--
-- `status` is what this region said last, for the verdicts to go on from: 0 when the next
-- good check has to be told again.
--
-- It is asked each second for each bucket, and mostly nothing has changed: that is seen in
-- the newest entries of three indexes.
create or replace function tocsin.changed_since(bucket integer, since xid8)
returns boolean
language plpgsql volatile set search_path = '' as $$
begin
    return (select m.changed from tocsin.monitor m where m.bucket = changed_since.bucket
             order by m.bucket desc, m.changed desc limit 1) >= since
        or (select s.changed from tocsin.monitor_state s order by s.changed desc limit 1) >= since
        or (select f.changed from tocsin.slot_free f order by f.changed desc limit 1) >= since;
end $$;

create or replace function work.load(worker uuid, bucket integer, epoch bigint, since text)
returns table (rev text, id bigint, slot smallint, gone boolean, paused boolean, type text,
               url text, method text, headers jsonb, body text, expect text, keyword text,
               keyword_absent boolean, interval_s integer, timeout_s integer, retries smallint,
               recheck_s integer, degraded_ms integer, redirects smallint, verify_tls boolean,
               status smallint, fails smallint, fail_age_ms bigint, checked_age_ms bigint,
               check_asked_age_ms bigint)
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
begin
    if load.since is not null
       and tocsin.changed_since(load.bucket, load.since::xid8) is not true then
        return;
    end if;
    return query
    with mine as (
        select b.region from tocsin.bucket b
         where b.id = load.bucket and b.owner = worker and b.epoch = load.epoch
    ), wanted as (
        select m.id from tocsin.monitor m where m.bucket = load.bucket and load.since is null
        union
        select m.id from tocsin.monitor m
         where m.bucket = load.bucket and m.changed >= load.since::xid8
        union
        select s.monitor from tocsin.monitor_state s join tocsin.monitor m on m.id = s.monitor
         where s.changed >= load.since::xid8 and m.bucket = load.bucket
        union
        -- nothing changed here for so long that looking for it gets slow: any row, for its rev
        (select m.id from tocsin.monitor m
          where m.bucket = load.bucket
            and pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                - load.since::bigint > 20000
          limit 1)
    )
    select pg_snapshot_xmin(pg_current_snapshot())::text, m.id, m.slot,
           m.deleted_at is not null, m.paused_at is not null or coalesce(s.halted, false),
           m.type, m.url, m.method,
           m.headers, m.body, m.expect, m.keyword, m.keyword_absent, m.interval_s, m.timeout_s,
           m.retries, m.recheck_s, m.degraded_ms, m.redirects, m.verify_tls,
           (case when s.status is null or s.status in (0, 5) or s.raw = 0 then 0
                 when s.down_mask >> mine.region & 1 = 1 then 3
                 when s.degraded_mask >> mine.region & 1 = 1 then 2
                 else 1 end)::smallint,
           coalesce(l.fails, 0::smallint), tocsin.age_ms(l.fail_at), tocsin.age_ms(l.at),
           tocsin.age_ms(m.check_asked)
      from mine
      join wanted w on true
      join tocsin.monitor m on m.id = w.id
      left join tocsin.monitor_state s on s.monitor = m.id
      left join tocsin.monitor_latest l on l.monitor = m.id and l.region = mine.region
    union all
    -- monitors that were deleted for good
    select pg_snapshot_xmin(pg_current_snapshot())::text, f.monitor, f.slot, true, true, '', '',
           '', '{}', '', '', '', false, 0, 0, 0::smallint, 0, null, 0::smallint, false,
           0::smallint, 0::smallint, null, null, null
      from mine join tocsin.slot_free f
        on f.bucket = load.bucket and (load.since is null or f.changed >= load.since::xid8)
     where not exists (select from tocsin.monitor m where m.bucket = f.bucket and m.slot = f.slot);
end $$;
