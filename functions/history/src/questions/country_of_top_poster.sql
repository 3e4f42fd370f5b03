-- In which country is the poster with the most followers of all?
--
-- Unit: follower_count is accounts. One row, or none where no pin shows a count.
-- Join: pins and geos, inner, on ind.
-- Ties: one row by the question's own wording; of several countries the first by name.
-- Nulls: a pin without poster or without a readable follower count says nothing here; missing is not 0.
-- Names are grouped without their edge spaces, as live popularity groups them.
with followed as (
    select
        trim(both ' ' from geos.country) as country,
        max(pins.follower_count) as follower_count
    from pins
    inner join geos on geos.ind = pins.ind
    where geos.country is not null and pins.poster_name is not null and pins.follower_count is not null
    group by 1
)
select country, follower_count
from followed
order by follower_count desc, country
limit 1
