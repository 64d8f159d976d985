-- The poller of the fleet: who it is, whom it asks, what the answers change, who is silent.

-- Take or keep the lease: the epoch to settle with, or null while another holds it. It grows
-- whenever the lease changes hands or had run out; batches count from 1 for each holder.
create or replace function work.fleet_lease(worker uuid, ttl_ms integer) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
    clock constant timestamptz := clock_timestamp();
    term  bigint;
begin
    update tocsin.fleet f
       set owner = fleet_lease.worker, lease_until = clock + tocsin.ms(ttl_ms),
           epoch = case when x.mine then f.epoch else f.epoch + 1 end,
           batch = case when f.owner = fleet_lease.worker then f.batch else 0 end
      from (select y.owner = fleet_lease.worker and y.lease_until > clock as mine
              from tocsin.fleet y where y.id = 1) x
     where f.id = 1
       -- one that ends later than any lease of now could is from before the clock was set back
       and (f.owner is null or f.owner = fleet_lease.worker or f.lease_until < clock
            or f.lease_until > clock + tocsin.ms(2 * ttl_ms::bigint))
    returning f.epoch into term;
    return term;
end $$;

-- Hosts to ask, and where: all (since null), or those that changed since an earlier reading.
-- rev is the `since` of the next call; rows may come twice, none is missed. gone: to be
-- forgotten, with its pin. Who only passes requests on (the gateway) has no epoch: null. A
-- poller whose lease is over gets nothing.
create or replace function work.fleet_hosts(worker uuid, epoch bigint, since text)
returns table (rev text, id bigint, name text, address text, pin text, poll_s integer, gone boolean)
language sql stable security definer set search_path = '' as $$
    select pg_snapshot_xmin(pg_current_snapshot())::text, m.id, m.name, h.address,
           case when m.deleted_at is null then h.pin end, m.interval_s,
           m.deleted_at is not null or h.pin is null
      from tocsin.monitor m
      join tocsin.host h on h.monitor = m.id
     where m.type = 'host'
       and (fleet_hosts.since is null and m.deleted_at is null and h.pin is not null
            or m.changed >= fleet_hosts.since::xid8 or h.changed >= fleet_hosts.since::xid8)
       and (fleet_hosts.epoch is null
            or exists (select from tocsin.fleet f
                        where f.owner = fleet_hosts.worker and f.epoch = fleet_hosts.epoch))
     order by m.id
$$;

-- A batch of answers, in one transaction. Each is
--   {"host": id, "age_ms": n, "ms": n, "ok": true, "state": {what the agent said}} or
--   {"host": id, "age_ms": n, "ok": false, "error": "timeout", "message": "…"}.
-- Returns how many statuses changed, -1 when another owns the fleet by now (drop it), -2 when
-- this batch was applied before and only the answer got lost.
--
-- What an agent says never fails the batch: should a host's answer break a rule of the
-- database, the batch is taken host by host, and that one is told so.
create or replace function work.fleet_settle(worker uuid, epoch bigint, batch bigint, answers jsonb)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
    clock constant timestamptz := clock_timestamp();
    said  tocsin.host_said[];
    one   tocsin.host_said;
    n     integer := 0;
begin
    update tocsin.fleet f set batch = fleet_settle.batch, settled_at = clock
     where f.id = 1 and f.owner = fleet_settle.worker and f.epoch = fleet_settle.epoch
       and f.batch < fleet_settle.batch;
    if not found then
        return case when exists (select from tocsin.fleet f where f.owner = fleet_settle.worker
                                                              and f.epoch = fleet_settle.epoch)
                    then -2 else -1 end;
    end if;
    said := array(select x::tocsin.host_said from tocsin.hosts_said(fleet_settle.answers, clock) x);
    perform 1 from tocsin.monitor_state s
      where s.monitor in (select x.host from unnest(said) x
                          union
                          select a.monitor from unnest(said) x join tocsin.app a on a.host = x.host)
      order by s.monitor for update;
    begin
        n := tocsin.fleet_round(said, clock);
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
        n := 0;
        foreach one in array said loop
            begin
                n := n + tocsin.fleet_round(array[one], clock);
            exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
                update tocsin.host h
                   set error = left('its answer could not be taken: ' || sqlerrm, 300), error_at = clock
                 where h.monitor = one.host;
            end;
        end loop;
    end;
    if n = 0 then
        perform set_config('synchronous_commit', 'off', true);
    end if;
    return n;
end $$;

-- Hosts whose agents did not answer for two polls and half a minute, and their apps, become
-- unknown; the host owes one message. Called each few seconds. Silence counts only while
-- somebody asked: after a pause of these calls it begins anew. Also ends actions that nobody
-- took. Returns how many hosts fell silent.
create or replace function work.fleet_silent() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    clock  constant timestamptz := clock_timestamp();
    awake  timestamptz; -- called without a pause since then
    silent bigint[];
    d      record;
begin
    if not pg_try_advisory_xact_lock(20261, 20) then
        return 0;
    end if;
    insert into tocsin.awake as a (id, since, beat_at) values (2, clock, clock)
    on conflict (id) do update
       set since = case when a.beat_at < clock - interval '20 seconds' or a.beat_at > clock
                        then clock else a.since end,
           beat_at = clock
    returning since into awake;
    perform tocsin.fleet_overdue(clock);

    silent := array(select x.monitor from tocsin.fleet_silence(clock, awake) x);
    if cardinality(silent) = 0 then
        return 0;
    end if;
    perform 1 from tocsin.monitor_state s where s.monitor = any (silent) order by s.monitor for update;
    -- an answer may have come in while we waited for the locks
    select array_agg(x.monitor) as monitor, array_agg(x.at) as at, array_agg(x.error) as error,
           array_agg(x.host) filter (where x.host = x.monitor) as hosts, count(*)::integer as n
      into d
      from tocsin.fleet_silence(clock, awake) x where x.monitor = any (silent);
    if d.n = 0 then
        return 0;
    end if;
    perform tocsin.transit_all(d.monitor, array_fill(0::smallint, array[d.n]), d.at,
                               array_fill(29::smallint, array[d.n]), array_fill(0, array[d.n]), d.error);
    insert into tocsin.fleet_event (host, at, kind, text)
    select h.monitor, u.at, 'silent', coalesce(nullif(h.error, ''), 'the agent does not answer')
      from unnest(d.monitor, d.at) u (monitor, at) join tocsin.host h on h.monitor = u.monitor;
    insert into tocsin.event (kind, owner, ref, body)
    select m.type, x.account, m.id, jsonb_build_object('status', 'unknown')
           || case when m.type = 'app' then jsonb_build_object('state', (select a.state from tocsin.app a where a.monitor = m.id))
                   else '{}' end
      from tocsin.fleet_audience(d.monitor) x join tocsin.monitor m on m.id = x.monitor;
    perform pg_notify('tocsin_live', '');
    return cardinality(d.hosts);
end $$;

-- Who they are, since when, and what came instead of the last answer. Apps are as silent as
-- their hosts.
create or replace function tocsin.fleet_silence(clock timestamptz, awake timestamptz)
returns table (monitor bigint, host bigint, at timestamptz, error text)
language sql volatile set search_path = '' as $$
    with mute as materialized (
        select m.id, coalesce(l.at, greatest(awake, m.created_at)) + tocsin.silence(m.interval_s) as at, h.error
          from tocsin.monitor m
          join tocsin.host h on h.monitor = m.id
          left join tocsin.monitor_latest l on l.monitor = m.id and l.region = 0
         where m.type = 'host' and m.deleted_at is null
           and greatest(coalesce(l.at, m.created_at), awake) < clock - tocsin.silence(m.interval_s)
    ), whose as (
        select u.id as monitor, u.id as host, u.at, u.error from mute u
        union all
        select a.monitor, u.id, u.at, '' from mute u join tocsin.app a on a.host = u.id
    )
    select w.monitor, w.host, w.at, w.error
      from whose w join tocsin.monitor_state s on s.monitor = w.monitor
     where s.status in (1, 2, 3) or s.raw in (1, 2, 3)
$$;

-- ---------------------------------------------------------------- enrolment

-- The pin of the control plane's own authority: part of every token. Whoever made it says so.
create or replace function work.fleet_authority(pin text) returns void
language sql volatile security definer set search_path = '' as $$
    insert into tocsin.setting (key, value) values ('fleet_pin', to_jsonb(pin))
    on conflict (key) do update set value = excluded.value
$$;

-- What a token opens: no row when there never was such a one. state: open, used, expired or
-- revoked; a token that is used is good once more for the key that it was used with, whose
-- answer may have been lost (used_pin).
create or replace function work.enrol_check(id text)
returns table (enrolment bigint, key bytea, state text, host bigint, name text, used_pin text)
language sql stable security definer set search_path = '' as $$
    select e.id, e.key,
           case when e.revoked_at is not null then 'revoked' when e.used_at is not null then 'used'
                when e.expires_at <= now() then 'expired' else 'open' end,
           coalesce(e.host, e.result), e.name, e.used_pin
      from tocsin.enrolment e where e.token = enrol_check.id
$$;

-- Spend it: the number of the host, which is made now unless the token is bound to one; null
-- when it is no longer good. `pin` is of the agent's key. A new host never takes the place of
-- an old one, whatever it calls itself.
create or replace function work.enrol_host(enrolment bigint, name text, address text, pin text,
                                           arch text, os text, version text, client text)
returns bigint
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
    e tocsin.enrolment;
    m tocsin.monitor;
begin
    select * into e from tocsin.enrolment x where x.id = enrol_host.enrolment for update;
    if e.id is null or e.revoked_at is not null then
        return null;
    elsif e.used_at is not null then
        return case when e.used_pin = enrol_host.pin and e.used_at > now() - interval '1 hour' then e.result end;
    elsif e.expires_at <= now() then
        return null;
    end if;
    if e.host is not null then
        perform from tocsin.monitor_state s where s.monitor = e.host for update;
        select * into m from tocsin.monitor x where x.id = e.host and x.deleted_at is null for update;
        if m.id is null then
            return null;
        end if;
    else
        m := tocsin.host_make(e, enrol_host.name);
    end if;
    update tocsin.host h
       set address = left(enrol_host.address, 64), arch = left(coalesce(enrol_host.arch, ''), 40),
           os = left(coalesce(enrol_host.os, ''), 120), agent_version = left(coalesce(enrol_host.version, ''), 40)
     where h.monitor = m.id;
    update tocsin.enrolment x
       set used_at = now(), used_pin = enrol_host.pin, result = m.id,
           used_from = tocsin.address(nullif(enrol_host.client, ''))
     where x.id = e.id;
    return m.id;
end $$;

create or replace function tocsin.host_make(e tocsin.enrolment, said text) returns tocsin.monitor
language plpgsql volatile set search_path = '' as $$
declare
    m      tocsin.monitor;
    called text := coalesce(nullif(e.name, ''), nullif(btrim(regexp_replace(left(said, 120), '[\x01-\x1f\x7f]+', ' ', 'g')), ''), 'host');
begin
    insert into tocsin.monitor (owner, type, name, url, interval_s, timeout_s, retries, tags)
    values (e.owner, 'host', called, '', 30, 10, 0, e.labels)
    returning * into m;
    insert into tocsin.host (monitor) values (m.id);
    insert into tocsin.monitor_state (monitor) values (m.id);
    perform tocsin.monitor_default_channels(m.id, m.owner);
    return m;
end $$;

-- The certificate is signed: from now on the host is trusted, and one that was is not.
create or replace function work.enrol_done(host bigint, pin text, not_after timestamptz) returns void
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
    m tocsin.monitor;
    e tocsin.enrolment;
begin
    update tocsin.host h set pin = enrol_done.pin, not_after = enrol_done.not_after, enrolled_at = now(), error = ''
     where h.monitor = enrol_done.host;
    select * into m from tocsin.monitor x where x.id = enrol_done.host;
    select * into e from tocsin.enrolment x where x.result = m.id order by x.used_at desc limit 1;
    insert into tocsin.audit (actor_name, address, action, object_type, object_id, after)
    select coalesce(e.created_by, ''), e.used_from, 'host.enrol', 'host', m.id::text,
           jsonb_build_object('enrolment', e.id, 'name', m.name, 'address', h.address, 'pin', h.pin)
      from tocsin.host h where h.monitor = m.id;
    perform tocsin.fleet_emit('enrolled', m.id, m.id, jsonb_build_object('enrolment', e.id, 'name', m.name));
    perform pg_notify('tocsin_work', 'fleet');
end $$;
