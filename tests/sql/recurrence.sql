-- When windows come again, over months of all lengths and clocks that change.
create function test.starts(zone text, starts text, repeat text, rule jsonb, "from" text, "to" text, until text default null)
returns text language plpgsql as $$
declare
    w tocsin.maintenance;
begin
    w.zone := zone;
    w.starts_at := starts::timestamp at time zone zone;
    w.duration_s := 3600;
    w.repeat := repeat;
    w.rule := rule;
    w.until_at := until::timestamp at time zone zone;
    perform test.eq(tocsin.rule_error(repeat, rule), null::text, 'the rule ' || rule::text);
    return (select string_agg(to_char(s at time zone 'UTC', 'MM-DD HH24:MI'), ', ')
              from tocsin.maintenance_starts(w, "from"::timestamptz, "to"::timestamptz) s);
end $$;

create function test.is(have text, want text, claim text) returns void language sql as $$
    select test.eq(have, want, claim)
$$;
set local timezone = 'UTC';

-- the wall clock stays, the hour of UTC moves
select test.is(test.starts('Europe/Berlin', '2026-03-22 02:30', 'weekly', '{}', '2026-03-01', '2026-04-06'),
    '03-22 01:30, 03-29 01:30, 04-05 00:30', 'Berlin in spring: 02:30 is 03:30 once, and 02:30 again');
select test.is(test.starts('Europe/Berlin', '2026-10-18 02:30', 'weekly', '{}', '2026-10-01', '2026-11-02'),
    '10-18 00:30, 10-25 00:30, 11-01 01:30', 'Berlin in autumn: the first 02:30');
select test.is(test.starts('America/New_York', '2026-03-07 02:15', 'cron', '{"expression": "15 2 * * *"}', '2026-03-07', '2026-03-10'),
    '03-07 07:15, 03-08 07:15, 03-09 06:15', 'New York in spring');
select test.is(test.starts('America/New_York', '2026-10-31 01:15', 'cron', '{"expression": "15 1 * * *"}', '2026-10-31', '2026-11-03'),
    '10-31 05:15, 11-01 05:15, 11-02 06:15', 'New York in autumn: the first 01:15');
select test.is(test.starts('Australia/Lord_Howe', '2026-10-03 02:15', 'cron', '{"expression": "15 2 * * *"}', '2026-10-02', '2026-10-05'),
    '10-02 15:45, 10-03 15:45, 10-04 15:15', 'half an hour is skipped on Lord Howe');
select test.is(test.starts('Australia/Lord_Howe', '2026-04-04 01:45', 'cron', '{"expression": "45 1 * * *"}', '2026-04-03', '2026-04-06'),
    '04-03 14:45, 04-04 14:45, 04-05 15:15', 'and comes twice');
select test.is(test.starts('Europe/Berlin', '2026-03-28 00:00', 'cron', '{"expression": "30 2,3 * * *"}', '2026-03-28 12:00', '2026-03-29 12:00'),
    '03-29 01:30', 'two times that a gap makes one');
select test.is(test.starts('UTC', '2026-03-28 00:00', 'cron', '{"expression": "30 2,3 * * *"}', '2026-03-28 12:00', '2026-03-29 12:00'),
    '03-29 02:30, 03-29 03:30', 'UTC has none of this');

-- days
select test.is(test.starts('UTC', '2026-01-31 22:00', 'monthly', '{}', '2026-01-01', '2026-05-30'),
    '01-31 22:00, 02-28 22:00, 03-31 22:00, 04-30 22:00', 'the end of the month');
select test.is(test.starts('UTC', '2027-12-01 22:00', 'monthly', '{"day": 30}', '2028-01-15', '2028-03-31'),
    '01-30 22:00, 02-29 22:00, 03-30 22:00', 'the 30th, in a leap year');
select test.is(test.starts('UTC', '2026-01-01 22:00', 'monthly', '{"week": 2, "weekday": 2}', '2026-01-01', '2026-03-31'),
    '01-13 22:00, 02-10 22:00, 03-10 22:00', 'the second Tuesday');
select test.is(test.starts('UTC', '2026-01-01 22:00', 'monthly', '{"week": -1, "weekday": 7, "every": 2}', '2026-01-01', '2026-06-30'),
    '01-25 22:00, 03-29 22:00, 05-31 22:00', 'the last Sunday of every second month');
select test.is(test.starts('UTC', '2026-01-01 22:00', 'monthly', '{"week": 5, "weekday": 5}', '2026-01-01', '2026-06-30'),
    '01-30 22:00, 05-29 22:00', 'a fifth Friday is rare');
select test.is(test.starts('UTC', '2026-01-01 22:00', 'weekly', '{"every": 2, "days": [1, 4]}', '2025-12-01', '2026-01-30'),
    '01-01 22:00, 01-12 22:00, 01-15 22:00, 01-26 22:00, 01-29 22:00', 'Monday and Thursday of every second week');
select test.is(test.starts('UTC', '2026-01-01 22:00', 'weekly', '{}', '2026-01-01', '2026-12-30', '2026-01-15 22:00'),
    '01-01 22:00, 01-08 22:00, 01-15 22:00', 'until');

-- cron
select test.is(test.starts('UTC', '2026-01-01', 'cron', '{"expression": "0 4 13 * fri"}', '2026-02-01', '2026-02-28'),
    '02-06 04:00, 02-13 04:00, 02-20 04:00, 02-27 04:00', 'a day of the month or of the week');
select test.is(test.starts('UTC', '2026-01-01', 'cron', '{"expression": "*/20 22-23/2 * 2 7"}', '2026-01-01', '2026-02-09'),
    '02-01 22:00, 02-01 22:20, 02-01 22:40, 02-08 22:00, 02-08 22:20, 02-08 22:40', 'steps, ranges, Sunday as 7');
select test.is(test.starts('UTC', '2026-01-01', 'cron', '{"expression": "0 0 29 2 *"}', '2026-01-01', '2033-01-01'), '02-29 00:00, 02-29 00:00', 'leap days');
select test.is(test.starts('UTC', '2026-01-01', 'cron', '{"expression": "@monthly"}', '2026-01-02', '2026-03-02'), '02-01 00:00, 03-01 00:00', 'a short word');

select test.ok((tocsin.cron(e)).error ~ why, 'refused: ' || e) from (values
    ('', 'five fields'), ('* * * *', 'five fields'), ('* * * * * *', 'five fields'), ('60 * * * *', 'minute'),
    ('* 24 * * *', 'hour'), ('* * 0 * *', 'day of the month'), ('* * 32 * *', 'day of the month'), ('* * * 13 *', 'month'),
    ('* * * jab *', 'month'), ('* * * * 8', 'week'), ('*/0 * * * *', 'minute'), ('5-1 * * * *', 'minute'), ('1, * * * *', 'minute'),
    ('1//2 * * * *', 'minute'), ('-1 * * * *', 'minute'), ('* * * * mon-', 'week'), ('999999999999 * * * *', 'minute'),
    ('$(id) * * * *', 'minute'), (repeat('1,', 200) || '1 * * * *', 'minute')) x (e, why);

select test.eq(tocsin.rule_error(r, rule::jsonb), want, 'rule ' || rule) from (values
    ('once', '{"every": 2}', 'every does not go with repeat once'),
    ('weekly', '{"every": 0}', 'every must be between 1 and 52'),
    ('weekly', '{"every": "2"}', 'every must be between 1 and 52'),
    ('weekly', '{"every": 1.5}', 'every must be between 1 and 52'),
    ('weekly', '{"every": null}', 'every must be between 1 and 52'),
    ('weekly', '{"days": [0]}', 'days must be a list of 1 (Monday) to 7 (Sunday)'),
    ('weekly', '{"days": []}', 'days must be a list of 1 (Monday) to 7 (Sunday)'),
    ('weekly', '{"days": "mon"}', 'days must be a list of 1 (Monday) to 7 (Sunday)'),
    ('monthly', '{"day": 32}', 'day must be between 1 and 31'),
    ('monthly', '{"day": 3, "week": 1, "weekday": 1}', 'day does not go with week and weekday'),
    ('monthly', '{"week": 0, "weekday": 8}', 'week must be 1 to 5, or -1 for the last; weekday must be between 1 (Monday) and 7 (Sunday)'),
    ('monthly', '{"week": 1}', 'weekday must be between 1 (Monday) and 7 (Sunday)'),
    ('cron', '{}', 'expression is required'),
    ('cron', '{"expression": 5}', 'expression is required')) x (r, rule, want);
