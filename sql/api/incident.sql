-- Incidents: those that a status opened and closed, and those that people did.

create or replace function tocsin.incident_state(i tocsin.incident)
returns text
language sql immutable as $$
    select case when i.resolved_at is not null then 'resolved'
                when i.acked_at is not null then 'acknowledged' else 'open' end
$$;

create or replace function tocsin.incident_json(i tocsin.incident)
returns json
language plpgsql stable security definer set search_path = '' as $$
begin
    return (select json_build_object(
        'version', i.version, 'id', i.id, 'title', i.title, 'severity', i.severity,
        'state', tocsin.incident_state(i), 'auto', i.auto, 'cause', i.cause, 'owner', i.owner,
        'monitor', i.monitor, 'monitor_name', m.name, 'url', m.url,
        'status', case when m.id is not null then tocsin.status_word(coalesce(s.status, 0::smallint)) end,
        'started_at', tocsin.ts(i.started_at), 'acked_at', tocsin.ts(i.acked_at), 'acked_by', i.acked_by,
        'resolved_at', tocsin.ts(i.resolved_at), 'resolved_by', i.resolved_by,
        'duration_s', greatest(0, floor(date_part('epoch', coalesce(i.resolved_at, now()) - i.started_at)))::bigint,
        'phase', i.phase, 'public_title', i.public_title, 'published_at', tocsin.ts(i.published_at))
      from (select) one
      left join tocsin.monitor m on m.id = i.monitor
      left join tocsin.monitor_state s on s.monitor = i.monitor);
end $$;

create or replace function tocsin.incident_page(who tocsin.account, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    most constant integer := coalesce((input->>'limit')::integer, 50);
    everything constant boolean := who.role in ('operator', 'admin');
    low constant bigint := case when everything then 0 else who.id end;
    high constant bigint := case when everything then 9223372036854775807 else who.id end;
    page tocsin.incident[];
begin
    page := array(
        select i from tocsin.incident i
         where i.owner between low and high
           and (input->>'after' is null or i.id < (input->>'after')::bigint)
           and (input->>'monitor' is null or i.monitor = (input->>'monitor')::bigint)
           and (input->>'owner' is null or i.owner = (input->>'owner')::bigint)
           and (input->>'severity' is null or i.severity = input->>'severity')
           and (input->>'state' is null or tocsin.incident_state(i) = input->>'state'
                or input->>'state' = 'unresolved' and i.resolved_at is null)
           and (input->>'from' is null or coalesce(i.resolved_at, 'infinity') >= (input->>'from')::timestamptz)
           and (input->>'to' is null or i.started_at < (input->>'to')::timestamptz)
           and (input->>'q' is null or position(lower(input->>'q') in lower(i.title || e'\n' || i.cause)) > 0)
         order by i.id desc limit most + 1);
    return json_build_object(
        'items', coalesce((select json_agg(tocsin.incident_json(page[n]) order by n)
                             from generate_series(1, least(most, cardinality(page))) n), '[]'),
        'next', case when cardinality(page) > most then (page[most]).id::text end);
end $$;

create or replace function api.incident_list(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
begin
    return tocsin.incident_page(who, input);
end $$;

-- With what happened in it, oldest first; messages that went out are part of the story.
create or replace function tocsin.incident_full(i tocsin.incident)
returns json
language plpgsql stable security definer set search_path = '' as $$
begin
    return tocsin.json_join(tocsin.incident_json(i), json_build_object(
        'monitors', coalesce((
            select json_agg(json_build_object('id', m.id, 'name', m.name, 'url', m.url,
                             'status', tocsin.status_word(coalesce(s.status, 0::smallint))) order by m.id)
              from (select i.monitor as id union select a.monitor from tocsin.incident_affects a where a.incident = i.id) x
              join tocsin.monitor m on m.id = x.id
              left join tocsin.monitor_state s on s.monitor = m.id), '[]'),
        'pages', tocsin.incident_pages(i),
        'postmortem', (select json_build_object('revision', max(p.revision), 'published_at', tocsin.ts(max(p.published_at)))
                         from tocsin.postmortem p where p.incident = i.id having count(*) > 0),
        'events', coalesce((
            select json_agg(x.event order by x.at, x.n)
              from (select e.at, e.id as n, json_build_object(
                               'id', e.id, 'at', tocsin.ts(e.at), 'actor', e.actor_name, 'kind', e.kind,
                               'body', e.body, 'phase', e.phase, 'public', e.public) as event
                      from tocsin.incident_event e where e.incident = i.id
                    union all
                    select d.at, 9000000000000000000 + d.id, json_build_object(
                               'id', null, 'at', tocsin.ts(d.at), 'actor', '', 'kind', 'notified',
                               'body', concat(c.name, ' (', c.type, ') was told ', o.event), 'phase', null, 'public', false)
                      from tocsin.outbox o
                      join tocsin.delivery d on d.outbox = o.id and d.ok
                      left join tocsin.channel c on c.id = o.channel
                     where o.incident = i.id) x), '[]')));
end $$;

create or replace function api.incident_read(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    i tocsin.incident;
begin
    select * into i from tocsin.incident x where x.id = incident_read.id and tocsin.sees(who, x.owner);
    return case when i.id is not null then tocsin.incident_full(i) end;
end $$;

-- ---------------------------------------------------------------- people

-- The incident that is about to be changed, locked; null when the caller may not see it.
create or replace function tocsin.incident_take(who tocsin.account, id bigint, input jsonb)
returns tocsin.incident
language plpgsql volatile security definer set search_path = '' as $$
declare
    i tocsin.incident;
begin
    select * into i from tocsin.incident x
     where x.id = incident_take.id and tocsin.sees(who, x.owner) for update;
    if input->>'if_match' <> i.version::text then
        perform tocsin.fail(412, 'The incident was changed meanwhile: it has version ' || i.version || '.');
    end if;
    return i;
end $$;

-- One line of the timeline, and word of it to the pages.
create or replace function tocsin.incident_note(i tocsin.incident, who tocsin.account, kind text, body text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
    insert into tocsin.incident_event (incident, actor, actor_name, kind, body)
    values (i.id, who.id, who.email, kind, coalesce(body, ''));
    perform tocsin.emit('incident', i.owner, i.id, jsonb_build_object('monitor', i.monitor, 'change', kind));
    if i.published_at is not null then
        perform pg_notify('tocsin_work', 'publish');
    end if;
end $$;

create or replace function api.incident_create(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    m tocsin.monitor;
    affected tocsin.monitor[] := tocsin.incident_monitors(who, input->'monitors');
    i tocsin.incident;
begin
    if input->>'monitor' is not null then
        m := tocsin.monitor_of(who, (input->>'monitor')::bigint);
        if m.id is null then
            perform tocsin.fail(422, 'There is no such monitor.', 'monitor', 'does not exist');
        end if;
    end if;
    if input->>'phase' = 'resolved' then
        perform tocsin.fail(422, 'Resolve it after it was opened.', 'phase', 'cannot be resolved yet');
    end if;
    if (input->>'started_at')::timestamptz > now() then
        perform tocsin.fail(422, 'An incident cannot begin later than now.', 'started_at', 'must not be in the future');
    end if;
    -- that of one owner's monitors is the owner's
    insert into tocsin.incident (owner, monitor, auto, title, severity, started_at, phase, public_title)
    values (coalesce(m.owner, (select min(a.owner) from unnest(affected) a having count(distinct a.owner) = 1), who.id),
            m.id, false, input->>'title', coalesce(input->>'severity', 'major'),
            coalesce((input->>'started_at')::timestamptz, now()), coalesce(input->>'phase', 'investigating'),
            coalesce(input->>'public_title', ''))
    returning * into i;
    insert into tocsin.incident_affects (incident, monitor)
    select i.id, a.id from unnest(affected) a where a.id is distinct from i.monitor;
    perform tocsin.incident_note(i, who, 'opened', case when not coalesce((input->>'publish')::boolean, false)
                                                        then input->>'body' end);
    perform tocsin.audit(who.id, input, 'incident.create', 'incident', i.id::text, null,
                         tocsin.incident_audit(i));
    if (input->>'publish')::boolean then
        i := tocsin.incident_publish(i, who, input->>'body');
    end if;
    return tocsin.incident_full(i);
end $$;

create or replace function api.incident_ack(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    i tocsin.incident := tocsin.incident_take(who, id, input);
begin
    if i.id is null then
        return null;
    end if;
    if i.resolved_at is not null then
        perform tocsin.fail(409, 'The incident is over.');
    end if;
    if i.acked_at is null then
        update tocsin.incident x set acked_at = now(), acked_by = who.email, version = x.version + 1
         where x.id = i.id returning * into i;
        perform tocsin.incident_note(i, who, 'acknowledged', input->>'body');
        perform tocsin.audit(who.id, input, 'incident.ack', 'incident', i.id::text);
    elsif input ? 'body' then
        perform tocsin.incident_note(i, who, 'comment', input->>'body');
    end if;
    return tocsin.incident_full(i);
end $$;

create or replace function api.incident_comment(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    i tocsin.incident := tocsin.incident_take(who, id, input);
begin
    if i.id is null then
        return null;
    end if;
    perform tocsin.incident_note(i, who, 'comment', input->>'body');
    perform tocsin.audit(who.id, input, 'incident.comment', 'incident', i.id::text);
    return tocsin.incident_full(i);
end $$;

create or replace function api.incident_resolve(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    i tocsin.incident := tocsin.incident_take(who, id, input);
begin
    if i.id is null then
        return null;
    end if;
    if i.resolved_at is not null then
        perform tocsin.fail(409, 'The incident is over already.');
    end if;
    update tocsin.incident x
       set resolved_at = greatest(now(), x.started_at), resolved_by = who.email, version = x.version + 1
     where x.id = i.id returning * into i;
    perform tocsin.incident_note(i, who, 'resolved', input->>'body');
    perform tocsin.audit(who.id, input, 'incident.resolve', 'incident', i.id::text);
    return tocsin.incident_full(i);
end $$;

create or replace function tocsin.incident_audit(i tocsin.incident)
returns jsonb
language sql stable security definer set search_path = '' as $$
    select jsonb_build_object('title', i.title, 'severity', i.severity, 'started_at', tocsin.ts(i.started_at),
                              'resolved_at', tocsin.ts(i.resolved_at), 'monitor', i.monitor, 'phase', i.phase,
                              'public_title', i.public_title,
                              'monitors', (select jsonb_agg(a.monitor order by a.monitor)
                                             from tocsin.incident_affects a where a.incident = i.id))
$$;

-- Times are part of the record: they change only with a reason, which is kept.
create or replace function tocsin.incident_edit_errors(i tocsin.incident, input jsonb)
returns jsonb
language sql stable set search_path = '' as $$
    select nullif(jsonb_strip_nulls(jsonb_build_object(
        'reason', case when input ?| array['started_at', 'resolved_at'] and coalesce(input->>'reason', '') = ''
                       then 'is required to change a time' end,
        'started_at', case when (input->>'started_at')::timestamptz > now() then 'must not be in the future'
                           when (input->>'started_at')::timestamptz
                                > coalesce((input->>'resolved_at')::timestamptz, i.resolved_at)
                           then 'must not be after the end' end,
        'resolved_at', case when i.resolved_at is null and input ? 'resolved_at' then 'resolve the incident first'
                            when (input->>'resolved_at')::timestamptz > now() then 'must not be in the future'
                            when not input ? 'started_at' and (input->>'resolved_at')::timestamptz < i.started_at
                            then 'must not be before the start' end,
        'phase', case when i.resolved_at is not null and input->>'phase' <> 'resolved' then 'stays resolved'
                      when i.resolved_at is null and input->>'phase' = 'resolved' then 'resolve the incident instead' end)), '{}')
$$;

create or replace function api.incident_patch(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    old tocsin.incident := tocsin.incident_take(who, id, input);
    before jsonb := tocsin.incident_audit(old);
    affected tocsin.monitor[];
    i tocsin.incident;
    errors jsonb;
begin
    if old.id is null then
        return null;
    end if;
    errors := tocsin.incident_edit_errors(old, input);
    if errors is not null then
        raise exception using errcode = 'PT422', message = 'The incident cannot be changed so.',
            detail = jsonb_build_object('errors', errors)::text;
    end if;
    update tocsin.incident x
       set title = coalesce(input->>'title', x.title), severity = coalesce(input->>'severity', x.severity),
           started_at = coalesce((input->>'started_at')::timestamptz, x.started_at),
           resolved_at = coalesce((input->>'resolved_at')::timestamptz, x.resolved_at),
           phase = coalesce(input->>'phase', x.phase),
           public_title = coalesce(input->>'public_title', x.public_title),
           version = x.version + 1
     where x.id = old.id returning * into i;
    if input ? 'monitors' then
        affected := tocsin.incident_monitors(who, input->'monitors');
        delete from tocsin.incident_affects a where a.incident = i.id;
        insert into tocsin.incident_affects (incident, monitor)
        select i.id, a.id from unnest(affected) a where a.id is distinct from i.monitor;
    end if;
    perform tocsin.incident_note(i, who, 'edited', concat_ws('; ',
        case when i.title <> old.title then 'title: ' || i.title end,
        case when i.severity <> old.severity then 'severity: ' || i.severity end,
        case when i.started_at <> old.started_at then 'began ' || tocsin.ts(i.started_at) end,
        case when i.resolved_at <> old.resolved_at then 'ended ' || tocsin.ts(i.resolved_at) end,
        case when i.phase <> old.phase then 'phase: ' || i.phase end,
        case when i.public_title <> old.public_title then 'public title: ' || i.public_title end,
        case when input ? 'monitors' then 'monitors: ' || coalesce((
            select string_agg(a.name, ', ' order by a.id) from unnest(affected) a), 'none') end,
        input->>'reason'));
    perform tocsin.audit(who.id, input, 'incident.update', 'incident', i.id::text,
                         before, tocsin.incident_audit(i) || jsonb_build_object('reason', input->>'reason'));
    return tocsin.incident_full(i);
end $$;
