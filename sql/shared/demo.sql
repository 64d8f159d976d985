-- A demonstration: made-up monitors whose every check, past and to come, follows from its
-- time alone. `tocsin demo` fills an empty database with their past; the demo role of tocsind
-- makes the checks of now (work.demo_tick). Nobody has a password there, and no channel a
-- secret.

create or replace function tocsin.demo_on() returns boolean
language sql stable security definer set search_path = '' as $$
    select exists (select from tocsin.setting s where s.key = 'demo')
$$;

-- A number from 0 to 1 that is always the same for these two.
create or replace function tocsin.demo_noise(seed bigint, n bigint) returns float8
language sql immutable parallel safe as $$
    select (hashint8extended(n, seed) & 1048575) / 1048576.0::float8
$$;

-- The outcome of a check. trouble: 0 calm … 2 shaky, in stretches of six hours of which a few
-- hold an outage or a slowness; 3: in stretches of half an hour, so that something moves.
create or replace function tocsin.demo_check(seed bigint, base_ms integer, trouble integer,
                                             at timestamptz,
                                             out status smallint, out reason smallint,
                                             out code integer, out us integer)
language plpgsql immutable parallel safe set search_path = '' as $$
declare
    t      constant float8 := extract(epoch from demo_check.at);
    len    constant float8 := case when trouble = 3 then 1800 else 21600 end;
    turn   constant bigint := floor(t / len);
    luck   constant float8 := tocsin.demo_noise(seed, turn);
    chance constant float8 := (array[0.003, 0.012, 0.05, 0.3])[trouble + 1];
    begins constant float8 := turn * len + 0.7 * len * tocsin.demo_noise(seed + 1, turn);
    lasts  constant float8 := len * (0.02 + 0.1 * tocsin.demo_noise(seed + 2, turn));
    noise  constant float8 := tocsin.demo_noise(seed + 3, t::bigint);
    kind   constant integer := (seed + turn) % 3;
begin
    status := case when t < begins or t >= begins + lasts then 1
                   when luck < chance then 3 when luck < 2.5 * chance then 2 else 1 end;
    us := 1000 * base_ms * (1 + 0.25 * sin(t / 13751 + seed) + 0.3 * noise
                            + case when noise > 0.985 then 1.4 else 0 end
                            + case when status = 2 then 4 else 0 end);
    code := 200;
    reason := case when status = 2 then 24 else 0 end;
    if status = 3 then
        reason := (array[13, 12, 2])[kind + 1];
        code := case when kind = 0 then 503 else 0 end;
        us := case when kind = 1 then 10000000 when kind = 2 then 900 else us / 3 end;
    end if;
end $$;

-- dns, connect, tls, ttfb of a total; what is left of it is the transfer.
create or replace function tocsin.demo_phases(us integer, status smallint) returns integer[]
language sql immutable parallel safe as $$
    select case when status = 3 and us < 1000 then array[us / 4, us / 2, 0, 0]
                when us >= 10000000 then array[us / 4000, us / 900, us / 400, 0]
                else array[us / 40, us / 9, us / 5, us / 2] end
$$;

create or replace function tocsin.demo_cast()
returns table (name text, host text, group_name text, tags text[], base_ms integer, trouble integer)
language sql immutable parallel safe as $$
    values ('Website', 'www', 'Shop', '{web,public}'::text[], 85, 0),
           ('Shop', 'shop', 'Shop', '{web,public}', 140, 1),
           ('Checkout', 'pay', 'Shop', '{web,public,money}', 180, 1),
           ('Search', 'search', 'Shop', '{web}', 60, 1),
           ('Pictures', 'img', 'Shop', '{cdn}', 25, 0),
           ('Public API', 'api', 'API', '{api,public}', 45, 0),
           ('API, version 1', 'api-v1', 'API', '{api,old}', 210, 2),
           ('Webhooks', 'hooks', 'API', '{api}', 70, 1),
           ('Sign-in', 'login', 'Accounts', '{public}', 95, 0),
           ('Accounts', 'my', 'Accounts', '{web}', 120, 1),
           ('Mail relay, status page', 'mail', 'Office', '{mail}', 30, 1),
           ('Wiki', 'wiki', 'Office', '{office}', 310, 2),
           ('Tickets', 'tickets', 'Office', '{office}', 260, 1),
           ('Git', 'git', 'Office', '{office,dev}', 75, 0),
           ('Build server', 'ci', 'Development', '{dev}', 160, 2),
           ('Package mirror', 'mirror', 'Development', '{dev}', 40, 0),
           ('Staging', 'staging', 'Development', '{dev}', 190, 3),
           ('Preview', 'preview', 'Development', '{dev}', 240, 3),
           ('Branch Berlin', 'berlin', 'Branches', '{branch}', 55, 1),
           ('Branch Lyon', 'lyon', 'Branches', '{branch}', 65, 1),
           ('Branch Porto', 'porto', 'Branches', '{branch}', 90, 2),
           ('Branch Gdańsk', 'gdansk', 'Branches', '{branch}', 70, 0)
$$;

-- How one of them behaves; null for what is none.
create or replace function tocsin.demo_of(name text, out base_ms integer, out trouble integer)
language sql immutable parallel safe as $$
    select c.base_ms, c.trouble from tocsin.demo_cast() c where c.name = demo_of.name
$$;

-- Ninety days of checks up to now, ever closer together, and what follows from them.
create or replace function tocsin.demo_past(m tocsin.monitor) returns void
language plpgsql volatile set search_path = '' as $$
declare
    t constant bigint := extract(epoch from now())::bigint;
    b integer;
    k integer;
begin
    select x.base_ms, x.trouble into b, k from tocsin.demo_of(m.name) x;
    insert into tocsin.monitor_hour (monitor, region, hour, at_ms, status, reason, code, total_us,
                                     dns_us, connect_us, tls_us, ttfb_us)
    select m.id, 0, to_timestamp(s.t / 3600 * 3600),
           array_agg(((s.t % 3600) * 1000)::integer order by s.t), array_agg(c.status order by s.t),
           array_agg(c.reason order by s.t), array_agg(c.code::smallint order by s.t),
           array_agg(c.us order by s.t), array_agg(p.us[1] order by s.t),
           array_agg(p.us[2] order by s.t), array_agg(p.us[3] order by s.t),
           array_agg(p.us[4] order by s.t)
      from (select g from generate_series(t - 90 * 86400, t - 7 * 86400, 1500) g
            union all
            select g from generate_series(t - 7 * 86400 + 600, t - 93600, 600) g
            union all
            select g from generate_series(t - 93540, t - 120, 60) g) x (g)
     cross join lateral (select x.g + m.id % 60) s (t)
     cross join lateral tocsin.demo_check(m.id, b, k, to_timestamp(s.t)) c
     cross join lateral (select tocsin.demo_phases(c.us, c.status)) p (us)
     group by s.t / 3600;
    perform tocsin.import_history(m.id);
    insert into tocsin.incident (owner, monitor, auto, title, severity, cause, open_seq, close_seq,
                                 started_at, resolved_at, phase, published_at)
    select m.owner, m.id, true, m.name || ' is down', case when b < 100 then 'major' else 'minor' end,
           tocsin.reason_text(d.reason), d.seq, u.seq, d.at, u.at,
           case when u.at is null then 'investigating' else 'resolved' end,
           case when m.group_name in ('Shop', 'API') then d.at + interval '2 minutes' end
      from tocsin.transition d
      left join lateral (select x.seq, x.at from tocsin.transition x
                          where x.monitor = m.id and x.seq > d.seq and x.status in (1, 2)
                          order by x.seq limit 1) u on true
     where d.monitor = m.id and d.status = 3;
    insert into tocsin.incident_event (incident, at, kind, body)
    select i.id, e.at, e.kind, e.body
      from tocsin.incident i
     cross join lateral (values (i.started_at, 'opened', i.cause),
                                (i.started_at + interval '5 seconds', 'notified', 'On call was told: down'),
                                (i.resolved_at, 'resolved', 'up again')) e (at, kind, body)
     where i.monitor = m.id and e.at is not null
     order by e.at;
end $$;
