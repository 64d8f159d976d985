-- What stands on a status page, in order: monitors, and groups of them.

-- Each rule that an item of the list breaks, the field named with its place: components[3].monitor.
create or replace function tocsin.components_errors(p tocsin.page, items jsonb) returns jsonb
language sql stable security definer set search_path = '' as $$
    with item as (
        select x.item, x.n - 1 as n, coalesce(x.item->>'kind', case when x.item ? 'group' and not x.item ? 'monitor'
                                                                    then 'group' else 'monitor' end) as kind
          from jsonb_array_elements(items) with ordinality x (item, n)
    ), broken as (
        select i.n, 'monitor' as field,
               case when i.item->>'monitor' is null then 'is required'
                    when not exists (select from tocsin.monitor m, tocsin.account a
                                      where m.id = (i.item->>'monitor')::bigint and m.deleted_at is null
                                        and a.id = p.owner and tocsin.sees(a, m.owner))
                    then 'does not exist' end as rule
          from item i where i.kind in ('monitor', 'host')
        union all
        select i.n, 'monitor', 'is no host'
          from item i where i.kind = 'host'
           and exists (select from tocsin.monitor m where m.id = (i.item->>'monitor')::bigint and m.type <> 'host')
        union all
        select i.n, 'group', 'is required'
          from item i where i.kind = 'group' and btrim(coalesce(i.item->>'group', '')) = ''
        union all
        select i.n, f.name, 'must have at most ' || f.most || ' characters'
          from item i cross join (values ('section', 80), ('name', 120), ('description', 500), ('group', 120)) f (name, most)
         where length(i.item->>f.name) > f.most
        union all
        select i.n, 'id', 'is no component of this page'
          from item i where i.item->>'id' is not null
           and not exists (select from tocsin.component c where c.page = p.id and c.id = (i.item->>'id')::bigint)
        union all
        select max(i.n), 'id', 'is given twice'
          from item i where i.item->>'id' is not null group by i.item->>'id' having count(*) > 1
    )
    select coalesce(jsonb_object_agg(format('components[%s].%s', n, field), rule), '{}')
      from (select * from broken where rule is not null order by n limit 50) b
$$;

-- The items as they will stand, with what they leave out.
create or replace function tocsin.components_given(items jsonb)
returns table (id bigint, n integer, kind text, section text, monitor bigint, group_name text, name text,
               description text, show_ms boolean, show_uptime boolean)
language sql stable security definer set search_path = '' as $$
    with item as (
        select x.item, x.n::integer as n,
               coalesce(x.item->>'kind', case when x.item ? 'group' and not x.item ? 'monitor'
                                              then 'group' else 'monitor' end) as kind
          from jsonb_array_elements(items) with ordinality x (item, n)
    )
    select (i.item->>'id')::bigint, i.n, i.kind, btrim(coalesce(i.item->>'section', '')),
           case when i.kind in ('monitor', 'host') then (i.item->>'monitor')::bigint end,
           case when i.kind = 'group' then btrim(i.item->>'group') end,
           coalesce(nullif(btrim(i.item->>'name'), ''),
                    case when i.kind = 'group' then btrim(i.item->>'group')
                         else (select left(m.name, 120) from tocsin.monitor m where m.id = (i.item->>'monitor')::bigint) end),
           coalesce(i.item->>'description', ''), coalesce((i.item->>'show_ms')::boolean, true),
           coalesce((i.item->>'show_uptime')::boolean, true)
      from item i
$$;

-- The whole list at once. An item with the id of a component is that one, changed: its place
-- in badges and links stays.
create or replace function tocsin.components_set(p tocsin.page, items jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
    perform tocsin.page_refuse(tocsin.components_errors(p, items));
    delete from tocsin.component c
     where c.page = p.id
       and not c.id in (select (x->>'id')::bigint from jsonb_array_elements(items) x where x->>'id' is not null);
    update tocsin.component c
       set position = g.n, section = g.section, kind = g.kind, monitor = g.monitor, group_name = g.group_name,
           name = g.name, description = g.description, show_ms = g.show_ms, show_uptime = g.show_uptime
      from tocsin.components_given(items) g where g.id = c.id;
    insert into tocsin.component (page, position, section, kind, monitor, group_name, name, description,
                                  show_ms, show_uptime)
    select p.id, g.n, g.section, g.kind, g.monitor, g.group_name, g.name, g.description, g.show_ms, g.show_uptime
      from tocsin.components_given(items) g where g.id is null order by g.n;
end $$;

create or replace function api.page_components(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who    tocsin.account := tocsin.caller(caller, 'member');
    p      tocsin.page := tocsin.page_take(who, id, input);
    before jsonb;
begin
    if p.id is null then
        return null;
    end if;
    before := (select coalesce(jsonb_agg(tocsin.component_json(c) order by c.position), '[]')
                 from tocsin.component c where c.page = p.id);
    perform tocsin.components_set(p, input->'components');
    update tocsin.page x set version = x.version + 1 where x.id = p.id returning * into p;
    perform tocsin.audit(who.id, input, 'page.components', 'page', p.id::text, jsonb_build_object('components', before),
        jsonb_build_object('components', (select coalesce(jsonb_agg(tocsin.component_json(c) order by c.position), '[]')
                                            from tocsin.component c where c.page = p.id)));
    perform tocsin.page_tell(p, 'updated');
    return tocsin.page_json(p, input->>'@url');
end $$;
