-- Which category is the most popular in each country?
--
-- Unit: category_count is posts, a post being one ind.
-- Join: pins and geos, inner, on ind.
-- Ties: every category that shares a country's highest count is a row.
-- Nulls: a post without category or country is not counted. (Today's cleaning lets none through.)
-- Names are grouped without their edge spaces, as live popularity groups them.
-- Order: country, then category_count descending, then category.
with counted as (
    select
        trim(both ' ' from geos.country) as country,
        trim(both ' ' from pins.category) as category,
        count(*) as category_count
    from pins
    inner join geos on geos.ind = pins.ind
    where pins.category is not null and geos.country is not null
    group by 1, 2
),
placed as (
    select
        country,
        category,
        category_count,
        rank() over (partition by country order by category_count desc) as place
    from counted
)
select country, category, category_count
from placed
where place = 1
order by country, category_count desc, category
