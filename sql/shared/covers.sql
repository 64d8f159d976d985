create or replace function tocsin.maintenance_covers(maintenance bigint)
returns setof bigint
language sql stable security definer set search_path = '' as $$
    select m.id
      from tocsin.maintenance w join tocsin.monitor m on m.owner = w.owner
     where w.id = maintenance_covers.maintenance and m.deleted_at is null
       and (w.everything or m.tags && w.tags
            or m.group_name <> '' and m.group_name = any (w.groups))
    union
    select x.monitor from tocsin.maintenance_monitor x
     where x.maintenance = maintenance_covers.maintenance
$$;
