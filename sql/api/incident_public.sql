-- What the public is told of incidents: people write updates, publish, and take back.

-- The monitors that an incident is to affect; each must be there for who says so.
create or replace function tocsin.incident_monitors(who tocsin.account, ids jsonb) returns tocsin.monitor[]
language plpgsql stable security definer set search_path = '' as $$
declare
    wanted constant bigint[] := array(select distinct x::bigint from jsonb_array_elements_text(ids) x);
    found_ constant tocsin.monitor[] := array(
        select m from tocsin.monitor m
         where m.id = any (wanted) and m.deleted_at is null and tocsin.sees(who, m.owner) order by m.id);
begin
    if cardinality(found_) < cardinality(wanted) then
        perform tocsin.fail(422, 'There is no such monitor.', 'monitors', 'holds one that does not exist');
    end if;
    return found_;
end $$;

-- An update: the phase from now on, and what to say about it. `public` unless it says
-- otherwise once the incident is; a public one publishes the incident.
create or replace function api.incident_update(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who    tocsin.account := tocsin.caller(caller, 'member');
    i      tocsin.incident := tocsin.incident_take(who, id, input);
    phase_ constant text := coalesce(input->>'phase', i.phase);
    body   constant text := btrim(coalesce(input->>'body', ''), e' \t\n');
    open   constant boolean := coalesce((input->>'public')::boolean, i.published_at is not null);
begin
    if i.id is null then
        return null;
    end if;
    if i.resolved_at is not null and phase_ <> 'resolved' then
        perform tocsin.fail(409, 'The incident is over: its phase stays resolved.');
    elsif body = '' and phase_ = i.phase then
        perform tocsin.fail(422, 'An update says something.', 'body', 'is required when the phase stays');
    elsif length(body) > 10000 then
        perform tocsin.fail(422, 'The update is too long.', 'body', 'must have at most 10000 characters');
    elsif (select count(*) from tocsin.incident_event e where e.incident = i.id and e.kind = 'update') >= 200 then
        perform tocsin.fail(409, 'An incident has at most 200 updates.');
    end if;
    update tocsin.incident x set phase = phase_, version = x.version + 1 where x.id = i.id returning * into i;
    if open and i.published_at is null then
        i := tocsin.incident_publish(i, who, body);
        if body = '' and not exists (select from tocsin.incident_event e
                                      where e.incident = i.id and e.public and e.phase = phase_) then
            perform tocsin.incident_say(i, who, phase_, '');
        end if;
    elsif open then
        perform tocsin.incident_say(i, who, phase_, body);
    else
        insert into tocsin.incident_event (incident, actor, actor_name, kind, phase, body)
        values (i.id, who.id, who.email, 'update', phase_, body);
    end if;
    if phase_ = 'resolved' and i.resolved_at is null then
        update tocsin.incident x set resolved_at = greatest(now(), x.started_at), resolved_by = who.email
         where x.id = i.id returning * into i;
        perform tocsin.incident_note(i, who, 'resolved', '');
    end if;
    perform tocsin.audit(who.id, input, 'incident.update_posted', 'incident', i.id::text, null,
                         jsonb_build_object('phase', phase_, 'public', open));
    perform tocsin.emit('incident', i.owner, i.id, jsonb_build_object('monitor', i.monitor, 'change', 'update'));
    if open then
        perform pg_notify('tocsin_work', 'publish');
    end if;
    return tocsin.incident_full(i);
end $$;

create or replace function api.incident_publish(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    i   tocsin.incident := tocsin.incident_take(who, id, input);
begin
    if i.id is null then
        return null;
    end if;
    if i.published_at is not null then
        perform tocsin.fail(409, 'The incident is public already.');
    elsif length(input->>'body') > 10000 then
        perform tocsin.fail(422, 'The update is too long.', 'body', 'must have at most 10000 characters');
    end if;
    if input ? 'public_title' then
        update tocsin.incident x set public_title = input->>'public_title' where x.id = i.id returning * into i;
    end if;
    i := tocsin.incident_publish(i, who, btrim(coalesce(input->>'body', ''), e' \t\n'));
    perform tocsin.audit(who.id, input, 'incident.publish', 'incident', i.id::text, null,
                         jsonb_build_object('public_title', i.public_title));
    return tocsin.incident_full(i);
end $$;

-- No rule publishes it again: a person does, or nobody.
create or replace function api.incident_withdraw(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    i   tocsin.incident := tocsin.incident_take(who, id, input);
begin
    if i.id is null then
        return null;
    end if;
    if i.published_at is null then
        perform tocsin.fail(409, 'The incident is not public.');
    end if;
    update tocsin.incident x set published_at = null, version = x.version + 1 where x.id = i.id returning * into i;
    perform tocsin.incident_note(i, who, 'withdrawn', '');
    perform tocsin.audit(who.id, input, 'incident.withdraw', 'incident', i.id::text);
    perform pg_notify('tocsin_work', 'publish');
    return tocsin.incident_full(i);
end $$;
