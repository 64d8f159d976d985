-- Incidents that the public reads of: published by a person, or by the rule of a page.

-- The pages on which it would show, with how many would be told.
create or replace function tocsin.incident_pages(i tocsin.incident) returns json
language sql stable security definer set search_path = '' as $$
    select coalesce(json_agg(json_build_object(
               'id', p.id, 'slug', p.slug, 'title', p.title,
               'subscribers', (select count(*) from tocsin.subscriber s
                                where s.page = p.id and s.confirm is null and s.disabled_at is null)) order by p.id), '[]')
      from tocsin.page p
     where p.enabled and (p.owner = i.owner or p.access = 'public')
       and exists (select from tocsin.incident_components(i) c where c.page = p.id)
$$;

-- The components that it affects, on all pages.
create or replace function tocsin.incident_components(i tocsin.incident) returns setof tocsin.component
language sql stable security definer set search_path = '' as $$
    with affected as (
        select i.monitor as id where i.monitor is not null
        union select a.monitor from tocsin.incident_affects a where a.incident = i.id
    )
    select c.* from affected x join tocsin.component c on c.monitor = x.id and c.kind in ('monitor', 'host')
    union
    select c.* from affected x join tocsin.app a on a.monitor = x.id
      join tocsin.component c on c.monitor = a.host and c.kind = 'host'
    union
    select c.* from affected x
      join tocsin.monitor m on m.id = x.id and m.group_name <> ''
      join tocsin.component c on c.kind = 'group' and c.group_name = m.group_name
      join tocsin.page p on p.id = c.page and p.owner = m.owner
$$;

-- One line that the public reads, and its subscribers are told; body is Markdown.
create or replace function tocsin.incident_say(i tocsin.incident, who tocsin.account, phase text, body text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    event bigint;
begin
    insert into tocsin.incident_event (incident, actor, actor_name, kind, phase, body, public)
    values (i.id, who.id, coalesce(who.email, ''), 'update', phase, coalesce(body, ''), true)
    returning id into event;
    perform tocsin.tell_incident(i.id, event);
end $$;

-- From now on the public reads of it. `who` is null when a page's rule says so.
create or replace function tocsin.incident_publish(i tocsin.incident, who tocsin.account, body text)
returns tocsin.incident
language plpgsql volatile security definer set search_path = '' as $$
begin
    update tocsin.incident x set published_at = now(), version = x.version + 1
     where x.id = i.id returning * into i;
    insert into tocsin.incident_event (incident, actor, actor_name, kind)
    values (i.id, who.id, coalesce(who.email, ''), 'published');
    if body <> '' or not exists (select from tocsin.incident_event e where e.incident = i.id and e.public) then
        perform tocsin.incident_say(i, who, i.phase, body);
    end if;
    perform tocsin.emit('incident', i.owner, i.id, jsonb_build_object('monitor', i.monitor, 'change', 'published'));
    perform pg_notify('tocsin_work', 'publish');
    return i;
end $$;

-- May the readers of a page see it? What only a rule has published is not for a page that
-- tells of outages when a person says so.
create or replace function tocsin.incident_shown(i tocsin.incident, rule text) returns boolean
language sql stable security definer set search_path = '' as $$
    select i.published_at is not null
       and (not i.auto or rule <> 'never'
            or exists (select from tocsin.incident_event e
                        where e.incident = i.id and e.kind = 'published' and e.actor_name <> ''))
$$;
