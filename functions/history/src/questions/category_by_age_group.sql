-- Which category is the most popular with each age group?
--
-- Unit: age_group is years of age, both ends included: 18-24, 25-35, 36-50, and 50+ for 51 and over; category_count is
-- posts, a post being one ind.
-- Join: pins and users, inner, on ind.
-- Ties: every category that shares a group's highest count is a row.
-- Nulls: a post without category or age is not counted, nor is an age outside the groups (under 18): it is in none.
-- Names are grouped without their edge spaces, as live popularity groups them.
-- Order: age_group, then category_count descending, then category.
with grouped as (
    select
        case
            when users.age between 18 and 24 then '18-24'
            when users.age between 25 and 35 then '25-35'
            when users.age between 36 and 50 then '36-50'
            when users.age >= 51 then '50+'
        end as age_group,
        trim(both ' ' from pins.category) as category
    from pins
    inner join users on users.ind = pins.ind
    where pins.category is not null
),
counted as (
    select age_group, category, count(*) as category_count
    from grouped
    where age_group is not null
    group by age_group, category
),
placed as (
    select
        age_group,
        category,
        category_count,
        rank() over (partition by age_group order by category_count desc) as place
    from counted
)
select age_group, category, category_count
from placed
where place = 1
order by age_group, category_count desc, category
