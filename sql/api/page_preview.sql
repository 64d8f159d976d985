-- A status page as it would be, with what somebody is about to change: a draft is kept for
-- ten minutes, for its writer alone.

create or replace function api.page_preview_start(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who    tocsin.account := tocsin.caller(caller, 'member');
    p      tocsin.page := tocsin.page_of(who, id);
    like_  tocsin.page;
    errors jsonb := '{}';
    draft  jsonb := input - '{@,@url,if_match}'::text[];
    fresh  uuid;
begin
    if p.id is null then
        return null;
    end if;
    like_ := tocsin.page_with(p, input);
    errors := tocsin.page_errors(like_, p) - '{password,allow,slug}'::text[];
    if input ? 'components' then
        errors := errors || tocsin.components_errors(p, input->'components');
    end if;
    if input #>> '{incident,id}' is not null and not exists (
            select from tocsin.incident i
             where i.id = (input #>> '{incident,id}')::bigint and tocsin.sees(who, i.owner)) then
        errors := errors || '{"incident.id": "does not exist"}';
    end if;
    perform tocsin.incident_monitors(who, input #> '{incident,monitors}');
    perform tocsin.page_refuse(errors);
    if input ? 'components' then
        draft := draft || jsonb_build_object('components', (
            select coalesce(jsonb_agg(jsonb_build_object(
                       'id', g.id, 'section', g.section, 'kind', g.kind, 'monitor', g.monitor, 'group', g.group_name,
                       'name', g.name, 'description', g.description, 'show_ms', g.show_ms,
                       'show_uptime', g.show_uptime) order by g.n), '[]')
              from tocsin.components_given(input->'components') g));
    end if;
    delete from tocsin.page_draft d
     where d.created_at < now() - interval '10 minutes'
        or d.account = who.id and d.id in (select x.id from tocsin.page_draft x where x.account = who.id
                                            order by x.created_at desc offset 19);
    insert into tocsin.page_draft (page, account, draft) values (p.id, who.id, draft)
    returning page_draft.id into fresh;
    return json_build_object('id', fresh);
end $$;

-- What the publisher would get, now.
create or replace function api.page_preview(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    p   tocsin.page := tocsin.page_of(who, id);
    d   tocsin.page_draft;
begin
    select * into d from tocsin.page_draft x
     where x.id = (input->>'key')::uuid and x.page = p.id and x.account = who.id
       and x.created_at > now() - interval '10 minutes';
    if d.id is null then
        return null;
    end if;
    return tocsin.page_model(p.id, now(), d.draft);
end $$;
