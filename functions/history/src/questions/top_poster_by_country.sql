-- Whose posts in each country have the most followers behind them?
--
-- Unit: follower_count is accounts, the highest that any of the poster's pins of that country shows.
-- Join: pins and geos, inner, on ind.
-- Ties: every poster that shares a country's highest count is a row.
-- Nulls: a pin without poster or without a readable follower count says nothing here; missing is not 0, and a country
-- whose pins all lack one of them is not answered.
-- Names are grouped without their edge spaces, as live popularity groups them.
-- Order: country, then follower_count descending, then poster_name.
with followed as (
    select
        trim(both ' ' from geos.country) as country,
        trim(both ' ' from pins.poster_name) as poster_name,
        max(pins.follower_count) as follower_count
    from pins
    inner join geos on geos.ind = pins.ind
    where geos.country is not null and pins.poster_name is not null and pins.follower_count is not null
    group by 1, 2
),
placed as (
    select
        country,
        poster_name,
        follower_count,
        rank() over (partition by country order by follower_count desc) as place
    from followed
)
select country, poster_name, follower_count
from placed
where place = 1
order by country, follower_count desc, poster_name
