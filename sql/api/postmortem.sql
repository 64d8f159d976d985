-- Postmortems: what was learnt. Each save is a revision; one of them, or none, is public.

-- What to begin with: the headings that help, and the history as it is known.
create or replace function tocsin.postmortem_template(i tocsin.incident) returns text
language sql stable security definer set search_path = '' as $$
    select concat(
        e'## Impact\n\n',
        coalesce((select 'Affected: ' || string_agg(m.name, ', ' order by m.id) || e'.\n\n'
                    from tocsin.monitor m
                   where m.id = i.monitor or m.id in (select a.monitor from tocsin.incident_affects a where a.incident = i.id)), ''),
        'From ', to_char(i.started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
        ' to ' || to_char(i.resolved_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), e' UTC.\n\n',
        e'## Cause\n\n\n\n## Timeline (UTC)\n\n',
        (select string_agg(format('- %s %s', to_char(e.at at time zone 'UTC', 'HH24:MI'),
                                  concat_ws(': ', coalesce(e.phase, e.kind), nullif(split_part(e.body, e'\n', 1), ''))),
                           e'\n' order by e.at, e.id)
           from (select * from tocsin.incident_event x where x.incident = i.id order by x.at, x.id limit 100) e),
        e'\n\n## Actions\n\n- \n')
$$;

create or replace function tocsin.postmortem_json(i tocsin.incident, wanted integer default null) returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object(
        'version', coalesce(newest.revision, 0), 'incident', i.id, 'revision', coalesce(p.revision, 0),
        'body', coalesce(p.body, ''), 'at', tocsin.ts(p.at), 'author', p.author,
        'published_revision', (select x.revision from tocsin.postmortem x
                                where x.incident = i.id and x.published_at is not null),
        'published_at', (select tocsin.ts(x.published_at) from tocsin.postmortem x
                          where x.incident = i.id and x.published_at is not null),
        'template', case when newest.revision is null then tocsin.postmortem_template(i) end,
        'revisions', coalesce((select json_agg(json_build_object(
                                   'revision', x.revision, 'at', tocsin.ts(x.at), 'author', x.author,
                                   'published_at', tocsin.ts(x.published_at)) order by x.revision desc)
                                 from tocsin.postmortem x where x.incident = i.id), '[]'))
      from (select) one
      left join lateral (select max(x.revision) as revision from tocsin.postmortem x where x.incident = i.id) newest on true
      left join tocsin.postmortem p on p.incident = i.id and p.revision = coalesce(wanted, newest.revision)
     where wanted is null or p.revision is not null
$$;

create or replace function api.postmortem_read(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    i   tocsin.incident;
begin
    select * into i from tocsin.incident x where x.id = postmortem_read.id and tocsin.sees(who, x.owner);
    return case when i.id is not null then tocsin.postmortem_json(i, (input->>'revision')::integer) end;
end $$;

-- The incident of a postmortem that is about to change, locked. If-Match speaks of the revision.
create or replace function tocsin.postmortem_take(who tocsin.account, id bigint, input jsonb, out i tocsin.incident,
                                                  out newest integer)
language plpgsql volatile security definer set search_path = '' as $$
begin
    i := tocsin.incident_take(who, postmortem_take.id, input - 'if_match');
    newest := (select coalesce(max(p.revision), 0) from tocsin.postmortem p where p.incident = i.id);
    if input->>'if_match' <> newest::text then
        perform tocsin.fail(412, 'Somebody wrote revision ' || newest || ' meanwhile.');
    end if;
end $$;

create or replace function api.postmortem_write(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    t   record;
begin
    select * into t from tocsin.postmortem_take(who, id, input);
    if (t.i).id is null then
        return null;
    end if;
    if length(input->>'body') > 50000 then
        perform tocsin.fail(422, 'The postmortem is too long.', 'body', 'must have at most 50000 characters');
    end if;
    if exists (select from tocsin.postmortem p
                where p.incident = (t.i).id and p.revision = t.newest and p.body = input->>'body') then
        return tocsin.postmortem_json(t.i);
    end if;
    insert into tocsin.postmortem (incident, revision, author, body)
    values ((t.i).id, t.newest + 1, who.email, input->>'body');
    delete from tocsin.postmortem p -- a hundred are history enough
     where p.incident = (t.i).id and p.revision <= t.newest - 99 and p.published_at is null;
    perform tocsin.incident_note(t.i, who, 'postmortem', 'revision ' || t.newest + 1);
    perform tocsin.audit(who.id, input, 'postmortem.write', 'incident', (t.i).id::text, null,
                         jsonb_build_object('revision', t.newest + 1));
    return tocsin.postmortem_json(t.i);
end $$;

-- The newest revision, or the one that is named, is public from now on, and no other; 0: none.
create or replace function api.postmortem_publish(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who    tocsin.account := tocsin.caller(caller, 'member');
    t      record;
    wanted integer;
begin
    select * into t from tocsin.postmortem_take(who, id, input);
    if (t.i).id is null then
        return null;
    end if;
    wanted := coalesce((input->>'revision')::integer, nullif(t.newest, 0));
    if wanted is null then
        perform tocsin.fail(409, 'There is no postmortem yet.');
    elsif wanted > 0 and (t.i).published_at is null then
        perform tocsin.fail(409, 'The incident is not public. Publish it first.');
    elsif wanted > 0 and not exists (select from tocsin.postmortem p
                                      where p.incident = (t.i).id and p.revision = wanted) then
        perform tocsin.fail(422, 'There is no such revision.', 'revision', 'does not exist');
    end if;
    update tocsin.postmortem p
       set published_at = case when p.revision = wanted then coalesce(p.published_at, now()) end
     where p.incident = (t.i).id and (p.revision = wanted or p.published_at is not null);
    update tocsin.incident x set version = x.version + 1 where x.id = (t.i).id; -- its pages are written again
    perform tocsin.incident_note(t.i, who, 'postmortem', case wanted when 0 then 'withdrawn'
                                                              else 'revision ' || wanted || ' published' end);
    perform tocsin.audit(who.id, input, 'postmortem.publish', 'incident', (t.i).id::text, null,
                         jsonb_build_object('revision', wanted));
    return tocsin.postmortem_json(t.i);
end $$;
