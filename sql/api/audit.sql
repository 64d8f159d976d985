-- GET /admin/audit: who did what, newest first.
create or replace function api.audit_list(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    n int := coalesce((input ->> 'limit')::int, 50);
    items json;
    last bigint;
    found int;
begin
    perform tocsin.caller(caller, 'admin');
    with page as (
        select x.* from tocsin.audit x
         where (not input ? 'after' or x.id < (input ->> 'after')::bigint)
           and (not input ? 'actor' or x.actor = (input ->> 'actor')::bigint)
           and (not input ? 'action' or x.action like
                replace(replace(input ->> 'action', '\', '\\'), '_', '\_') || '%')
           and (not input ? 'type' or x.object_type = input ->> 'type')
           and (not input ? 'object' or x.object_id = input ->> 'object')
           and (not input ? 'from' or x.at >= (input ->> 'from')::timestamptz)
           and (not input ? 'to' or x.at < (input ->> 'to')::timestamptz)
           and (not input ? 'q' or strpos(lower(x.actor_name || ' ' || x.action || ' ' || x.object_id),
                                          lower(input ->> 'q')) > 0)
         order by x.id desc limit n
    )
    select json_agg(json_build_object('id', p.id, 'at', tocsin.ts(p.at), 'actor', p.actor,
               'actor_name', p.actor_name, 'address', host(p.address), 'request', p.request,
               'action', p.action, 'type', p.object_type, 'object', p.object_id,
               'before', p.before, 'after', p.after) order by p.id desc), min(p.id), count(*)
      into items, last, found from page p;
    return json_build_object('items', coalesce(items, '[]'),
                             'next', case when found = n then last::text end);
end $$;
