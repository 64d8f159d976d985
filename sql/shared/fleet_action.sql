-- What is done to apps: asked for here, claimed by the fleet role, done by the agent.
--
--   asked      waits for the fleet role; after two minutes it is too late: nobody expects
--              that an app is restarted an hour after somebody asked for it
--   running    the agent was asked; asked again, with the same uuid, when who asked it died
--   done failed cancelled
--   lost       nobody knows whether it was done

-- Word of an action to open pages.
create or replace function tocsin.action_emit(id bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    a tocsin.app_action;
begin
    select * into a from tocsin.app_action x where x.id = action_emit.id;
    if a.kind = 'deploy' then
        perform tocsin.fleet_emit('deploy', a.app, a.id, jsonb_build_object('app', a.app, 'state', tocsin.deploy_state(a),
                                                                            'step', a.report->'step'));
    end if;
    perform tocsin.fleet_emit('action', a.app, a.id, jsonb_build_object('app', a.app, 'kind', a.kind, 'state', a.state,
                                                                        'error', nullif(a.error, '')));
end $$;

-- Who is at it already, in words.
create or replace function tocsin.action_words(a tocsin.app_action) returns text
language sql immutable as $$
    select case a.kind when 'deploy' then 'a deploy' || coalesce(' of ' || (a.args->>'ref'), '')
                       when 'start' then 'a start' when 'stop' then 'a stop' else 'a restart' end
        || case when a.auto then ' by Tocsin itself' when a.actor_name <> '' then ' by ' || a.actor_name else '' end
$$;

-- Ask for one. One at a time is done to an app: while there is another, it is refused with who
-- asked for that one.
create or replace function tocsin.action_ask(m tocsin.monitor, who tocsin.account, input jsonb, kind text, args jsonb)
returns tocsin.app_action
language plpgsql volatile security definer set search_path = '' as $$
declare
    a    tocsin.app;
    x    tocsin.app_action;
    open tocsin.app_action;
begin
    perform from tocsin.monitor_state s where s.monitor = m.id for update;
    select * into a from tocsin.app y where y.monitor = m.id for update;
    if a.gone_at is not null then
        perform tocsin.fail(409, m.name || ' has left the list of its host.');
    end if;
    insert into tocsin.app_action (app, host, kind, args, actor, actor_name, address, reason)
    values (a.monitor, a.host, action_ask.kind, action_ask.args, who.id, who.email, tocsin.address(input #>> '{@,address}'),
            left(btrim(coalesce(input->>'reason', '')), 500))
    on conflict (app) where state in ('asked', 'running') and app_action.kind <> 'cancel' do nothing
    returning * into x;
    if x.id is null then
        select * into open from tocsin.app_action y
         where y.app = a.monitor and y.state in ('asked', 'running') and y.kind <> 'cancel';
        raise exception using errcode = 'PT409', message = initcap(left(tocsin.action_words(open), 1)) || substr(tocsin.action_words(open), 2)
            || ' is under way since ' || to_char(coalesce(open.started_at, open.asked_at) at time zone 'UTC', 'HH24:MI:SS "UTC".'),
            detail = json_build_object('errors', json_build_object('action', tocsin.action_words(open) || ' is under way'), 'id', open.id)::text;
    end if;
    update tocsin.app y set wanted = case when action_ask.kind = 'stop' then 'stopped' else 'running' end,
                            wanted_by = case when action_ask.kind = 'stop' then who.email else '' end
     where y.monitor = a.monitor and action_ask.kind in ('start', 'stop', 'restart');
    perform tocsin.audit(who.id, input, 'app.' || action_ask.kind, 'app', m.id::text, null,
                         jsonb_strip_nulls(jsonb_build_object('name', m.name, 'action', x.id, 'reason', nullif(x.reason, '')) || action_ask.args));
    perform tocsin.action_emit(x.id);
    perform pg_notify('tocsin_work', 'fleet');
    return x;
end $$;

-- It is over: in the history, on the pages. A stop that did not happen is no longer wanted.
create or replace function tocsin.action_end(id bigint, state text, error text, ms integer default null)
returns tocsin.app_action
language plpgsql volatile security definer set search_path = '' as $$
declare
    a      tocsin.app_action;
    deploy constant text := 'deploy';
begin
    update tocsin.app_action x
       set state = action_end.state, error = left(coalesce(action_end.error, ''), 1000), ms = action_end.ms,
           done_at = clock_timestamp(), claimed_by = null, claimed_until = null
     where x.id = action_end.id and x.state in ('asked', 'running')
    returning * into a;
    if a.id is null then
        return null;
    end if;
    if a.kind = 'stop' and a.state in ('failed', 'cancelled') then
        update tocsin.app y set wanted = 'running', wanted_by = '' where y.monitor = a.app and y.wanted = 'stopped';
    end if;
    if a.kind <> 'cancel' then
        perform tocsin.fleet_note(a.host, a.app, a.kind,
            concat_ws(' ', case when a.kind = deploy then concat_ws(' → ', left(a.report->>'from', 10), coalesce(left(a.report->>'to', 10), a.args->>'ref'))
                                when a.auto then 'restarted by Tocsin' end,
                      case when a.actor_name <> '' then 'by ' || a.actor_name end)
            || case when a.kind = deploy then ': ' || tocsin.deploy_state(a) when a.state = 'done' then '' else ': ' || a.state end
            || coalesce(', ' || nullif(a.error, ''), ''),
            a.actor_name, a.id, coalesce(a.started_at, a.asked_at));
    end if;
    perform tocsin.action_emit(a.id);
    return a;
end $$;

-- What nobody could do in time ends here.
create or replace function tocsin.fleet_overdue(clock timestamptz) returns void
language plpgsql volatile set search_path = '' as $$
declare
    d record;
begin
    -- the states first, as everywhere
    perform 1 from tocsin.monitor_state s
      where s.monitor in (select x.app from tocsin.app_action x
                           where x.state = 'asked' and x.asked_at < clock - interval '2 minutes'
                              or x.state = 'running' and x.claimed_until < clock)
      order by s.monitor for update;
    for d in select x.id, 'failed' as state,
                    case when s.status = 0 then 'the host does not answer' else 'nobody could ask the host in time' end as error
               from tocsin.app_action x join tocsin.monitor_state s on s.monitor = x.host
              where x.state = 'asked' and x.asked_at < clock - interval '2 minutes'
             union all
             select x.id, 'lost', 'nobody knows how it ended'
               from tocsin.app_action x
              where x.state = 'running' and x.claimed_until < clock
                and coalesce(x.said_at, x.started_at) < clock - case when x.kind = 'deploy' then interval '1 hour' else interval '5 minutes' end
              order by 1 loop
        perform tocsin.action_end(d.id, d.state, d.error);
    end loop;
end $$;
