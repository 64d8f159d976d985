-- Maintenance by date: the occurrences that touch a span of time, each with the id of its
-- window. Those to come are known a hundred days ahead.

create or replace function api.maintenance_calendar(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who  tocsin.account := tocsin.caller(caller, 'viewer');
    most constant integer := coalesce((input ->> 'limit')::integer, 500);
    low  constant timestamptz := coalesce((input ->> 'from')::timestamptz, now() - interval '7 days');
    high constant timestamptz := coalesce((input ->> 'to')::timestamptz, low + interval '38 days');
    last constant bigint := split_part(input ->> 'after', '.', 1)::bigint; -- microseconds
    page json[];
    ends text[];
begin
    if high <= low then
        perform tocsin.fail(422, 'The span ends before it begins.', 'to', 'must be after from');
    elsif high > low + interval '400 days' then
        perform tocsin.fail(422, 'The span is too long.', 'to', 'must be 400 days after from at most');
    end if;
    select coalesce(array_agg(x.item order by x.starts_at, x.id), '{}'),
           array_agg((extract(epoch from x.starts_at) * 1000000)::bigint || '.' || x.id order by x.starts_at, x.id)
      into page, ends
      from (select o.id, o.starts_at, json_build_object(
                       'id', w.id, 'occurrence', o.id, 'title', w.title, 'description', w.description,
                       'starts_at', tocsin.ts(o.starts_at), 'ends_at', tocsin.ts(tocsin.occurrence_end(o)),
                       'state', tocsin.occurrence_state(o), 'zone', w.zone, 'repeat', w.repeat,
                       'show', w.show, 'owner', w.owner, 'changed_at', tocsin.ts(w.created_at),
                       'version', w.version) as item
              from tocsin.occurrence o join tocsin.maintenance w on w.id = o.maintenance
             where tstzrange(o.starts_at, o.ends_at) && tstzrange(low, high)
               and tocsin.sees(who, w.owner)
               and (input ->> 'after' is null
                    or (o.starts_at, o.id) > (to_timestamp(0) + last * interval '1 us',
                                              split_part(input ->> 'after', '.', 2)::bigint))
             order by o.starts_at, o.id limit most + 1) x;
    return json_build_object('from', tocsin.ts(low), 'to', tocsin.ts(high),
        'items', coalesce((select json_agg(page[n] order by n)
                             from generate_series(1, least(most, cardinality(page))) n), '[]'),
        'next', case when cardinality(page) > most then ends[most] end);
end $$;
