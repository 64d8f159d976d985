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
            exception when sqlstate 'PT422' then
                errors := '{"channels": "are not yours"}';
            end;
        end if;
        if errors is not null then
            failed := failed || jsonb_build_object('index', n, 'errors', errors);
        end if;
    end loop;

    insert into tocsin.event (kind, owner, ref, body)
    select 'monitor', who.id, i, '{"change": "created"}' from unnest(ids) i;
    perform tocsin.audit(who.id, input, 'monitor.create', 'monitor', x.id::text, null, tocsin.monitor_audit(x))
       from tocsin.monitor x where x.id = any (ids);
    if cardinality(ids) > 0 then
        perform pg_catalog.pg_notify('tocsin_live', '');
        perform pg_catalog.pg_notify('tocsin_work', 'place');
    end if;
    return json_build_object('matched', jsonb_array_length(items), 'done', done, 'failed', failed,
                             'ids', ids, 'dry_run', dry_run);
end $$;

-- Settings for many: each must fit what else the monitor is set to. Tags may be given
-- whole (tags), added (add_tags) or taken away (remove_tags).
create or replace function tocsin.bulk_set(ids bigint[], args jsonb, dry_run boolean, who tocsin.account, input jsonb)
returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
    old tocsin.monitor;
    m tocsin.monitor;
    errors jsonb;
    failed jsonb := '[]';
    done bigint[] := '{}';
begin
    perform from tocsin.monitor_state s where s.monitor = any (ids) order by s.monitor for update;
    for old in select x.* from tocsin.monitor x where x.id = any (ids) order by x.id for update loop
        m := tocsin.monitor_with(old, args);
        if args ? 'add_tags' or args ? 'remove_tags' then
            m.tags := array(
                select t from unnest(m.tags || array(select jsonb_array_elements_text(args->'add_tags')))
                              with ordinality u (t, n)
                 where not coalesce(args->'remove_tags' ? t, false)
                 group by t order by min(n));
        end if;
        errors := tocsin.monitor_errors(m);
        if errors is null and tocsin.monitor_twin(m) is not null then
            errors := jsonb_build_object('method', 'is watched already, by monitor ' || tocsin.monitor_twin(m));
        end if;
        if errors is null then
            begin
                if not dry_run then
                    m := tocsin.monitor_change(old, args || jsonb_build_object('tags', m.tags), who);
                    perform tocsin.audit(who.id, input, 'monitor.update', 'monitor', m.id::text,
                                         tocsin.monitor_audit(old), tocsin.monitor_audit(m));
                end if;
                done := done || m.id;
            exception when sqlstate 'PT422' then
                errors := '{"channels": "are not the owner''s"}';
            end;
        end if;
        if errors is not null then
            failed := failed || jsonb_build_object('id', old.id, 'errors', errors);
        end if;
    end loop;
    if not dry_run and cardinality(done) > 0 then
        insert into tocsin.event (kind, owner, ref, body)
        select 'monitor', x.owner, x.id, '{"change": "updated"}' from tocsin.monitor x where x.id = any (done);
        perform pg_catalog.pg_notify('tocsin_live', '');
        perform pg_catalog.pg_notify('tocsin_work', 'monitor');
    end if;
    return jsonb_build_object('done', cardinality(done), 'failed', failed);
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
                      where m.id = any (wanted) and tocsin.sees(who, m.owner)
                        and (m.deleted_at is not null) = (op = 'restore'));
    else
        ids := array(select x.id from tocsin.monitors_matching(
                         who, input->'filter' || jsonb_build_object('deleted', op = 'restore'), null, null) x);
        wanted := ids;
    end if;
    failed := coalesce((select jsonb_agg(jsonb_build_object('id', w, 'errors', jsonb_build_object('id', 'there is no such monitor')))
                          from unnest(wanted) w where w <> all (ids)), '[]');

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
              from unnest(ids) i where i <> all (done)), '[]');
    end if;
    return json_build_object('matched', cardinality(wanted), 'done', cardinality(done),
                             'failed', failed, 'dry_run', dry_run);
end $$;
