-- Users, each once: of all rows with the same ind, the one that arrived last.
--
-- As `pins`: repeats are in the table `user_rows`, the latest is here, and `duplicate` leaves nothing out. One row is one
-- post's user, not one person: people are told apart by user_name, age and date_joined together.
--
-- `user_rows` is the Delta table tables/user, whatever the engine's catalog calls it (`user` itself is a reserved word in
-- some). Portable: DataFusion, Athena, Spark.
create or replace view users as
select
    ind,
    user_name,
    age,
    date_joined,
    event_id,
    arrived_at,
    stream,
    shard,
    sequence,
    sub,
    duplicate,
    dt
from (
    select
        user_rows.*,
        row_number() over (
            partition by ind
            order by arrived_at desc, stream desc, shard desc, sequence desc, sub desc
        ) as recency
    from user_rows
) as placed
where recency = 1
