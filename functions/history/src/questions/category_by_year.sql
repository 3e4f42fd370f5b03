-- Which category was the most popular in each year?
--
-- Unit: post_year is the calendar year (UTC) of the post's own time, not of its arrival; category_count is posts, a post
-- being one ind. Every year that has a post is answered, not only the course's 2018 to 2022.
-- Join: pins and geos, inner, on ind.
-- Ties: every category that shares a year's highest count is a row.
-- Nulls: a post without category or time is not counted. (Today's cleaning lets none through.)
-- Names are grouped without their edge spaces, as live popularity groups them.
-- Order: post_year, then category_count descending, then category.
with counted as (
    select
        cast(extract(year from geos.timestamp) as bigint) as post_year,
        trim(both ' ' from pins.category) as category,
        count(*) as category_count
    from pins
    inner join geos on geos.ind = pins.ind
    where pins.category is not null and geos.timestamp is not null
    group by 1, 2
),
placed as (
    select
        post_year,
        category,
        category_count,
        rank() over (partition by post_year order by category_count desc) as place
    from counted
)
select post_year, category, category_count
from placed
where place = 1
order by post_year, category_count desc, category
