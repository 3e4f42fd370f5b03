-- How many users joined in each year?
--
-- Unit: join_year is the calendar year (UTC) of date_joined; number_users_joined is rows of users, one an ind, which is how
-- the course counts; distinct_users_joined is people, told apart by user_name, age and date_joined together.
-- Join: none.
-- Ties: none to break.
-- Nulls: a user without date_joined joined in no year. (Today's cleaning lets none through.)
-- Order: join_year.
with people as (
    select user_name, age, date_joined, count(*) as posts
    from users
    where date_joined is not null
    group by user_name, age, date_joined
)
select
    cast(extract(year from date_joined) as bigint) as join_year,
    cast(sum(posts) as bigint) as number_users_joined,
    count(*) as distinct_users_joined
from people
group by 1
order by 1
