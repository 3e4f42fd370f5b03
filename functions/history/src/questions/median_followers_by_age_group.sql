-- What is the median follower count of each age group?
--
-- Unit: age_group is years of age, both ends included: 18-24, 25-35, 36-50, and 50+ for 51 and over;
-- median_follower_count is accounts, the exact median over posts (a post being one ind, not one poster): the middle value,
-- or the mean of the two in the middle.
-- Join: pins and users, inner, on ind.
-- Ties: equal counts stand beside each other; no choice among them changes the median.
-- Nulls: a pin without a readable follower count is left out, never taken as 0; so is an age outside the groups.
-- Order: age_group.
with grouped as (
    select
        case
            when users.age between 18 and 24 then '18-24'
            when users.age between 25 and 35 then '25-35'
            when users.age between 36 and 50 then '36-50'
            when users.age >= 51 then '50+'
        end as age_group,
        pins.follower_count as follower_count
    from pins
    inner join users on users.ind = pins.ind
    where pins.follower_count is not null
),
placed as (
    select
        age_group,
        follower_count,
        row_number() over (partition by age_group order by follower_count) as place,
        count(*) over (partition by age_group) as posts
    from grouped
    where age_group is not null
)
-- Of n values the middle ones are those at the places p with n <= 2p <= n + 2: one if n is odd, two if it is even.
select age_group, avg(cast(follower_count as double)) as median_follower_count
from placed
where 2 * place between posts and posts + 2
group by age_group
order by age_group
