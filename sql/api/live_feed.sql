-- Which of these streams of an app's logs may go on: their numbers, in order. Asked by
-- mod_tocsin_live each minute, and when an account, a session or a grant has changed.
create or replace function api.live_feeds(accounts bigint[], about bigint[])
returns table (n bigint)
language sql stable security definer set search_path = '' as $$
    select asked.n
      from unnest(live_feeds.accounts, live_feeds.about) with ordinality as asked (account, monitor, n)
      join tocsin.account a on a.id = asked.account and a.disabled_at is null
      join tocsin.monitor m on m.id = asked.monitor and m.deleted_at is null
     where tocsin.fleet_right(a, m) > 0
     order by asked.n
$$;
