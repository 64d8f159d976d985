-- One operation on many monitors. Each one stands for itself: what cannot be done is told
-- with its reason, the others are done. With dry_run nothing is.

create or replace function tocsin.bulk_create(items jsonb, dry_run boolean, who tocsin.account, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    m tocsin.monitor;
    item jsonb;
    errors jsonb;
    twin bigint;
    failed jsonb := '[]';
    ids bigint[] := '{}';
    seen text[] := '{}';
    done integer := 0;
begin
    for n in 0 .. jsonb_array_length(items) - 1 loop
        item := items->n;
        errors := item->'@errors'; -- what the module found wrong with single fields
        if errors is null then
            m := tocsin.monitor_new(who.id, item);
            errors := tocsin.monitor_errors(m);
        end if;
        if errors is null then
            twin := tocsin.monitor_twin(m);
            if twin is not null or m.method || m.url = any (seen) then
                errors := jsonb_build_object('url', 'is watched already'
                                             || coalesce(', by monitor ' || twin, ': it is in this list twice'));
            end if;
        end if;
        if errors is null then
            begin
                if not dry_run then
                    m := tocsin.monitor_insert(m, item->'channels', who);
                    ids := ids || m.id;
                end if;
                seen := seen || (m.method || m.url);
                done := done + 1;
            exception
                when sqlstate 'PT422' then
                    errors := '{"channels": "are not yours"}';
                when unique_violation then -- somebody was a moment quicker
                    errors := '{"url": "is watched already"}';
            end;
        end if;
        if errors is not null then
            failed := failed || jsonb_build_object('index', n, 'errors', errors);
        end if;
    end loop;

    insert into tocsin.event (kind, owner, ref, body)
    select 'monitor', who.id, i, '{"change": "created"}' from unnest(ids) i;
    if cardinality(ids) > 0 then
        perform tocsin.audit_many(who.id, input, 'monitor.create', 'monitor', x.ids, null, x.after)
           from (select array_agg(y.id::text) as ids, array_agg(tocsin.monitor_audit(y)) as after
                   from tocsin.monitor y where y.id = any (ids)) x;
        perform pg_catalog.pg_notify('tocsin_live', '');
        perform pg_catalog.pg_notify('tocsin_work', 'place');
    end if;
    return json_build_object('matched', jsonb_array_length(items), 'done', done, 'failed', failed,
                             'ids', ids, 'dry_run', dry_run);
end $$;

-- Tags may be given whole (tags), added (add_tags) or taken away (remove_tags).
create or replace function tocsin.bulk_apply(m tocsin.monitor, args jsonb)
returns tocsin.monitor
language plpgsql immutable set search_path = '' as $$
begin
    m := tocsin.monitor_with(m, args);
    if args ? 'add_tags' or args ? 'remove_tags' then
        m.tags := array(
            select t from unnest(m.tags || array(select jsonb_array_elements_text(args->'add_tags')))
                          with ordinality u (t, n)
             where not coalesce(args->'remove_tags' ? t, false)
             group by t order by min(n));
    end if;
    if args ? 'paused' then
        m.paused_at := case when (args->>'paused')::boolean then coalesce(m.paused_at, now()) end;
    end if;
    return m;
end $$;

-- What is wrong with a monitor set so; `nth`: how many of the list would watch the same.
create or replace function tocsin.bulk_errors(m tocsin.monitor, nth bigint, args jsonb)
returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
    errors jsonb := tocsin.monitor_errors(m);
begin
    if errors is null and args ? 'method' and (nth > 1 or tocsin.monitor_twin(m) is not null) then
        return '{"method": "would watch the same twice"}';
    end if;
    if errors is null and args ? 'channels' and exists (
            select from jsonb_array_elements_text(args->'channels') c
             where not exists (select from tocsin.channel k where k.id = c::bigint and k.owner = m.owner)) then
        return '{"channels": "are not the owner''s"}';
    end if;
    return errors;
end $$;

-- Settings for many: each must fit what else the monitor is set to.
create or replace function tocsin.bulk_set(ids bigint[], args jsonb, dry_run boolean, who tocsin.account, input jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
    good tocsin.monitor[];
    before jsonb[];
    failed jsonb;
    paused bigint[];
    resumed bigint[];
begin
    perform from tocsin.monitor_state s where s.monitor = any (ids) order by s.monitor for update;
    perform from tocsin.monitor m where m.id = any (ids) order by m.id for update;
    select coalesce(array_agg(y.m order by y.id) filter (where y.errors is null), '{}'),
           coalesce(array_agg(y.before order by y.id) filter (where y.errors is null), '{}'),
           coalesce(jsonb_agg(jsonb_build_object('id', y.id, 'errors', y.errors) order by y.id)
                    filter (where y.errors is not null), '[]'),
           coalesce(array_agg(y.id) filter (where y.errors is null and y.was is null and (y.m).paused_at is not null), '{}'),
           coalesce(array_agg(y.id) filter (where y.errors is null and y.was is not null and (y.m).paused_at is null), '{}')
      into good, before, failed, paused, resumed
      from (select z.*, tocsin.bulk_errors(z.m, z.nth, args) as errors
              from (select w.id, w.was, w.before, w.m,
                           row_number() over (partition by (w.m).owner, (w.m).type, (w.m).method, (w.m).url order by w.id) as nth
                      from (select x.id, x.paused_at as was, tocsin.monitor_audit(x) as before, tocsin.bulk_apply(x, args) as m
                              from tocsin.monitor x where x.id = any (ids) offset 0) w) z offset 0) y;
    if not dry_run and cardinality(good) > 0 then
        perform tocsin.bulk_write(good, before, args, who, input);
        perform tocsin.put_status(paused, 5::smallint, 'paused by ' || who.email);
        perform tocsin.put_status(resumed, 0::smallint, 'resumed by ' || who.email);
    end if;
    return jsonb_build_object('done', cardinality(good), 'failed', failed);
end $$;

create or replace function tocsin.bulk_write(good tocsin.monitor[], before jsonb[], args jsonb,
                                             who tocsin.account, input jsonb)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
    update tocsin.monitor t
       set method = g.method, body = g.body, expect = g.expect, keyword = g.keyword,
           keyword_absent = g.keyword_absent, interval_s = g.interval_s, timeout_s = g.timeout_s,
           retries = g.retries, recheck_s = g.recheck_s, degraded_ms = g.degraded_ms,
           redirects = g.redirects, verify_tls = g.verify_tls, tags = g.tags,
           group_name = g.group_name, paused_at = g.paused_at, version = t.version + 1
      from unnest(good) g where t.id = g.id;
    if args ? 'channels' then
        delete from tocsin.monitor_channel c using unnest(good) g
         where c.monitor = g.id and not c.channel::text = any (array(select jsonb_array_elements_text(args->'channels')));
        insert into tocsin.monitor_channel (monitor, channel)
        select g.id, c::bigint from unnest(good) g, jsonb_array_elements_text(args->'channels') c
        on conflict do nothing;
    end if;
    perform tocsin.audit_many(who.id, input, 'monitor.update', 'monitor', array_agg(g.id::text order by g.n), before,
                              array_agg(tocsin.monitor_audit((good[g.n])) order by g.n))
       from (select (good[n]).id, n from generate_subscripts(good, 1) n) g;
    insert into tocsin.event (kind, owner, ref, body)
    select 'monitor', g.owner, g.id, '{"change": "updated"}' from unnest(good) g;
    perform pg_catalog.pg_notify('tocsin_live', '');
    perform pg_catalog.pg_notify('tocsin_work', 'monitor');
end $$;

-- Which of them the operation would do something to.
create or replace function tocsin.bulk_open(op text, ids bigint[])
returns bigint[]
language sql stable security definer set search_path = '' as $$
    select coalesce(array_agg(m.id), '{}') from tocsin.monitor m
     where m.id = any (ids)
       and case op when 'pause' then m.paused_at is null
                   when 'resume' then m.paused_at is not null
                   when 'restore' then tocsin.monitor_twin(m) is null
                   else true end
$$;

create or replace function api.monitor_bulk(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    op constant text := input->>'op';
    dry_run constant boolean := coalesce((input->>'dry_run')::boolean, false);
    origin constant jsonb := jsonb_build_object('@', input->'@');
    wanted bigint[];
    ids bigint[];
    done bigint[];
    result jsonb;
    failed jsonb;
begin
    if op = 'create' then
        if not input ? 'items' then
            perform tocsin.fail(422, 'There is nothing to create.', 'items', 'is required');
        end if;
        return tocsin.bulk_create(input->'items', dry_run, who, origin);
    end if;
    if (input ? 'ids') = (input ? 'filter') then
        perform tocsin.fail(422, 'Say which monitors: by ids or by a filter.', 'ids', 'is required, or a filter');
    end if;
    if input ? 'ids' then
        wanted := array(select distinct jsonb_array_elements_text(input->'ids')::bigint);
        ids := array(select m.id from tocsin.monitor m
                      where m.id = any (wanted) and tocsin.sees(who, m.owner) and m.type = 'http'
                        and (m.deleted_at is not null) = (op = 'restore'));
    else
        ids := array(select x.id from tocsin.monitors_matching(
                         who, input->'filter' || jsonb_build_object('deleted', op = 'restore', 'type', 'http'), null, null) x);
        wanted := ids;
    end if;
    failed := coalesce((select jsonb_agg(jsonb_build_object('id', w, 'errors', jsonb_build_object('id', 'there is no such monitor')))
                          from (select unnest(wanted) except select unnest(ids)) x (w)), '[]');

    if op = 'set' then
        if not input ? 'args' or input->'args' = '{}' then
            perform tocsin.fail(422, 'Say what is to be set.', 'args', 'is required');
        end if;
        result := tocsin.bulk_set(ids, input->'args', dry_run, who, origin);
        return json_build_object('matched', cardinality(wanted), 'done', (result->>'done')::integer,
                                 'failed', failed || (result->'failed'), 'dry_run', dry_run);
    end if;
    if dry_run then
        done := tocsin.bulk_open(op, ids);
    else
        done := tocsin.monitors_put(op, ids, who, origin);
    end if;
    if op = 'restore' then
        failed := failed || coalesce((
            select jsonb_agg(jsonb_build_object('id', i, 'errors', jsonb_build_object('url', 'is watched already')))
              from (select unnest(ids) except select unnest(done)) x (i)), '[]');
    end if;
    return json_build_object('matched', cardinality(wanted), 'done', cardinality(done),
                             'failed', failed, 'dry_run', dry_run);
end $$;
