-- The users of the made-up shop (tributary generate): 0 to 99. User 100 places orders and has no row here.
insert into commerce.users (id, username, password)
select n, 'user ' || n, 'secret' from generate_series(0, 99) n
on conflict do nothing;
