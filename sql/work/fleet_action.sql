-- Actions on apps, for the fleet role: claim some, ask the agents, say how it went.

-- Up to n that are to be asked of their hosts now: those that nobody asked yet, and those
-- whose sender died (the same uuid: an agent does it once). Hosts that are silent are waited
-- for. A deploy that runs is claimed again when its reports stop coming.
create or replace function work.fleet_action_claim(worker uuid, epoch bigint, n integer, ttl_s integer)
returns table (id bigint, uuid uuid, host bigint, app text, kind text, args jsonb, attempt integer)
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
    clock constant timestamptz := clock_timestamp();
    taken bigint[];
    one   bigint;
begin
    if not exists (select from tocsin.fleet f where f.owner = fleet_action_claim.worker and f.epoch = fleet_action_claim.epoch) then
        return;
    end if;
    with ready as (
        select x.id from tocsin.app_action x
          join tocsin.monitor_state s on s.monitor = x.host
          join tocsin.host h on h.monitor = x.host and h.pin is not null
         where x.state in ('asked', 'running') and x.next_at <= clock
           and (x.claimed_until is null or x.claimed_until < clock)
           and (x.state = 'running' or x.asked_at > clock - interval '2 minutes')
           and not (s.status = 0 and s.reason = 29)
         order by x.next_at, x.id limit greatest(fleet_action_claim.n, 0)
           for update of x skip locked
    ), claimed as (
        update tocsin.app_action x
           set state = 'running', claimed_by = fleet_action_claim.worker,
               claimed_until = clock + make_interval(secs => fleet_action_claim.ttl_s),
               attempts = least(x.attempts + 1, 30000), started_at = coalesce(x.started_at, clock)
          from ready r where x.id = r.id
        returning x.id
    )
    select array_agg(c.id order by c.id) into taken from claimed c;
    foreach one in array coalesce(taken, '{}') loop
        perform tocsin.action_emit(one);
    end loop;
    return query
        select x.id, x.uuid, x.host, a.key, x.kind, x.args, x.attempts::integer
          from tocsin.app_action x join tocsin.app a on a.monitor = x.app
         where x.id = any (taken) order by x.id;
end $$;

-- How it went. ok null: it could not be asked, and is to be asked again soon (until it is too
-- late). result is the agent's answer: {"state": {app}, "ms": n}; of a deploy what
-- fleet_deploy_say takes, and the deploy goes on. A result counts whoever tells it; a failure
-- only from the worker that holds the claim.
create or replace function work.fleet_action_done(worker uuid, id bigint, ok boolean, result jsonb, error text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
    clock constant timestamptz := clock_timestamp();
    x     tocsin.app_action;
    said  tocsin.app_said[];
begin
    select * into x from tocsin.app_action y where y.id = fleet_action_done.id;
    if x.id is null then
        return;
    end if;
    perform from tocsin.monitor_state s where s.monitor = x.app for update;
    select * into x from tocsin.app_action y where y.id = fleet_action_done.id for update;
    if x.state <> 'running' or ok is not true and x.claimed_by is distinct from fleet_action_done.worker then
        return;
    end if;
    if ok is null then
        update tocsin.app_action y
           set next_at = clock + interval '5 seconds', claimed_by = null, claimed_until = null,
               state = case when x.said_at is null then 'asked' else 'running' end,
               error = left(coalesce(fleet_action_done.error, ''), 1000)
         where y.id = x.id;
        return;
    end if;
    if ok and x.kind = 'deploy' then
        perform work.fleet_deploy_say(worker, x.id, coalesce(result, '{}'));
        return;
    end if;
    perform tocsin.action_end(x.id,
        case when ok then 'done' when fleet_action_done.error ~* 'unknown action outcome' then 'lost' else 'failed' end,
        case when not ok then fleet_action_done.error end, tocsin.j_int(result->'ms'));
    -- what the agent saw afterwards is as good as an answer
    if ok and tocsin.app_key(result->'state') is not null then
        said := array(select t::tocsin.app_said from tocsin.app a
                       cross join lateral tocsin.apps_told(array[a.monitor], array[a.host], array[clock_timestamp()], array[result->'state']) t
                       where a.monitor = x.app and a.key = tocsin.app_key(result->'state') and a.gone_at is null);
        if cardinality(said) > 0 then
            perform tocsin.fleet_apps_turn(said, clock, '{}');
        end if;
    end if;
end $$;

-- What the agent says of a deploy: {"state": "running|succeeded|failed|rolled-back|cancelled",
-- "ref", "from", "to", "subjects": [], "steps": [{"name","state","at","ms"}], "step", "error",
-- "output"}. With a state that is not running it is over. Each report keeps the claim for a
-- minute; of the output the last 256 kB stay.
create or replace function work.fleet_deploy_say(worker uuid, id bigint, report jsonb)
returns void
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
    clock constant timestamptz := clock_timestamp();
    x     tocsin.app_action;
    r     jsonb := tocsin.deploy_said(report);
    said  text := case when jsonb_typeof(report->'output') = 'string' then report->>'output' end;
begin
    select * into x from tocsin.app_action y where y.id = fleet_deploy_say.id and y.kind = 'deploy' for update;
    if x.id is null or x.state <> 'running' or x.claimed_by is not null and x.claimed_by <> fleet_deploy_say.worker
       and x.claimed_until > clock then
        return;
    end if;
    update tocsin.app_action y
       set report = y.report || jsonb_strip_nulls(r), said_at = clock, claimed_by = fleet_deploy_say.worker,
           claimed_until = clock + interval '1 minute', output = coalesce(right(said, 262144), y.output)
     where y.id = x.id;
    if r->>'state' in ('succeeded', 'failed', 'rolled-back', 'cancelled') then
        perform tocsin.action_end(x.id, case r->>'state' when 'succeeded' then 'done' when 'cancelled' then 'cancelled' else 'failed' end,
            case when r->>'state' <> 'succeeded' then coalesce(r->>'error', '') end, (extract(epoch from clock - x.started_at) * 1000)::integer);
    elsif x.report is distinct from x.report || jsonb_strip_nulls(r) then
        perform tocsin.action_emit(x.id);
    end if;
end $$;

-- Of a report what it may say.
create or replace function tocsin.deploy_said(r jsonb) returns jsonb
language sql immutable parallel safe set search_path = '' as $$
    select jsonb_build_object(
        'state', case when r->>'state' in ('running', 'succeeded', 'failed', 'rolled-back', 'cancelled') then r->'state' end,
        'from', tocsin.j_text(r->'from', 64), 'to', tocsin.j_text(r->'to', 64), 'step', tocsin.j_text(r->'step', 60),
        'error', nullif(tocsin.j_text(r->'error', 500), ''),
        'subjects', (select jsonb_agg(s order by n) from (select tocsin.j_text(e, 200) as s, n
                       from jsonb_array_elements(tocsin.j_list(r->'subjects')) with ordinality x (e, n) order by n limit 50) y where s is not null),
        'steps', (select jsonb_agg(jsonb_build_object('name', tocsin.j_text(e->'name', 60), 'state', tocsin.j_text(e->'state', 20),
                                                      'at', tocsin.j_num(e->'at'), 'ms', tocsin.j_num(e->'ms')) order by n)
                    from (select e, n from jsonb_array_elements(tocsin.j_list(r->'steps')) with ordinality x (e, n)
                           where jsonb_typeof(e) = 'object' order by n limit 50) y))
$$;
