-- The table of verdicts: what an app's state means.
select test.eq(concat_ws(' ', v.status, v.reason, v.held), t.want, format('%s, healthy %s, wanted %s, busy %s, %s bad before, %s retries',
               t.state, t.healthy, t.wanted, t.busy, t.bad, t.retries))
  from (values
    ('running', null, 'running', '', 5, 1, '1 0 0'), ('running', true, 'running', '', 0, 1, '1 0 0'),
    ('running', true, 'running', 'deploy', 3, 1, '1 0 0'),
    -- a health check that fails: degraded, and down when it held
    ('running', false, 'running', '', 0, 1, '2 32 1'), ('running', false, 'running', '', 1, 1, '3 32 2'),
    ('running', false, 'running', '', 2, 3, '2 32 3'), ('running', false, 'running', '', 3, 3, '3 32 4'),
    ('running', false, 'running', '', 0, 0, '3 32 1'),
    -- on its way
    ('activating', null, 'running', '', 0, 1, '2 33 1'), ('activating', null, 'running', '', 1, 1, '3 33 2'),
    ('reloading', null, 'running', '', 0, 1, '2 33 1'), ('deactivating', null, 'running', '', 0, 1, '2 33 1'),
    ('restarting', null, 'running', '', 0, 1, '2 33 1'), ('restarting', true, 'running', '', 1, 1, '3 33 2'),
    -- not there
    ('failed', null, 'running', '', 0, 5, '3 30 1'), ('stopped', true, 'running', '', 0, 5, '3 31 1'),
    ('missing', null, 'running', '', 0, 5, '3 34 1'), ('paused', null, 'running', '', 0, 5, '3 31 1'),
    -- stopped by a person, here
    ('stopped', null, 'stopped', '', 0, 1, '5 0 0'), ('failed', null, 'stopped', '', 3, 1, '5 0 0'),
    ('missing', null, 'stopped', '', 0, 1, '5 0 0'), ('deactivating', null, 'stopped', '', 0, 1, '5 0 0'),
    ('running', null, 'stopped', '', 0, 1, '1 0 0'),
    -- somebody is at it: nothing is read into it; a deploy may take the app down for a while
    ('stopped', null, 'running', 'action', 1, 1, '0 1'), ('failed', null, 'running', 'action', 0, 1, '0 0'),
    ('running', false, 'stopped', 'action', 0, 1, '0 0'),
    ('stopped', null, 'running', 'deploy', 0, 1, '2 33 1'), ('failed', null, 'running', 'deploy', 1, 1, '3 33 2'),
    -- nobody knows
    ('unknown', null, 'running', '', 1, 1, '0 25 1'), ('nonsense', true, 'running', '', 0, 1, '0 25 0'),
    (null, null, 'running', '', 0, 1, '0 25 0'), ('unknown', null, 'stopped', '', 0, 1, '0 25 0')
  ) t (state, healthy, wanted, busy, bad, retries, want)
 cross join lateral tocsin.app_verdict(t.state, t.healthy, t.wanted, t.busy, t.bad::smallint, t.retries::smallint) v;

-- limits of a host
select test.eq(tocsin.host_crossed(t.facts::jsonb, t.cores, t.limits::jsonb), t.want, t.facts || ' ' || t.limits)
  from (values
    ('{}', 2, '{}', null), ('{"disks": [{"mount": "/", "used": 89, "total": 100}]}', 2, '{}', null),
    ('{"disks": [{"mount": "/", "used": 91, "total": 100}, {"mount": "/srv", "used": 95, "total": 100}]}', 2, '{}',
     'the disk / is 91.0 % full; the disk /srv is 95.0 % full'),
    ('{"disks": [{"mount": "/", "used": 91, "total": 100}]}', 2, '{"disk": 95}', null),
    ('{"disks": [{"mount": "/", "used": 91, "total": 100}]}', 2, '{"disk": null}', null),
    ('{"disks": [{"mount": "/", "used": 5, "total": 0, "inodes_used_pct": 97}]}', 2, '{}', '/ has used 97.0 % of its inodes'),
    ('{"memory": {"used": 96, "total": 100}}', 2, '{}', '96.0 % of the memory is used'),
    ('{"load": [99, 8, 1]}', 2, '{}', 'the load is 8.0 on 2 cores'), ('{"load": [99, 8, 1]}', null, '{}', null),
    ('{"load": "high", "memory": [1], "disks": {"a": 1}}', 2, '{}', null)
  ) t (facts, cores, limits, want);

-- what comes of another type than it should is not known
select test.eq(tocsin.j_num(v::jsonb)::text, want, v) from (values ('1.5', '1.5'), ('"1"', null), ('null', null), ('[1]', null), ('1e300', null)) t (v, want);
select test.eq(tocsin.j_int(v::jsonb)::text, want, v) from (values ('7', '7'), ('1e12', null), ('true', null), ('-3.4', '-3')) t (v, want);
select test.eq(tocsin.j_text(v::jsonb, 5), want, v) from (values ('"abc"', 'abc'), ('"abcdefgh"', 'abcde'), ('7', null), ('"a\nb\u001bc"', 'a b c')) t (v, want);
select test.eq(tocsin.j_time(v::jsonb)::text is not null, want, v) from (values ('1700000000', true), ('0', false), ('-5', false), ('1e15', false), ('"x"', false)) t (v, want);
