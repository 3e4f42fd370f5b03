-- Pins, each once: of all rows with the same ind, the one that arrived last.
--
-- A row sent again, minutes or days later and under any id, is the same pin; the table `pin_rows` keeps every one of them
-- and this view shows the latest. Rows of the same moment are told apart by stream, shard, sequence and sub, so that every
-- engine picks the same one. Nothing else is left out: `duplicate` says what live popularity did not count, not which row
-- is shown here.
--
-- `pin_rows` is the Delta table tables/pin, whatever the engine's catalog calls it. Portable: DataFusion, Athena, Spark.
create or replace view pins as
select
    ind,
    unique_id,
    title,
    description,
    follower_count,
    poster_name,
    tag_list,
    is_image_or_video,
    image_src,
    save_location,
    category,
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
        pin_rows.*,
        row_number() over (
            partition by ind
            order by arrived_at desc, stream desc, shard desc, sequence desc, sub desc
        ) as recency
    from pin_rows
) as placed
where recency = 1
