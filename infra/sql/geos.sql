-- Geos, each once: of all rows with the same ind, the one that arrived last.
--
-- As `pins`: repeats are in the table `geo_rows`, the latest is here, and `duplicate` leaves nothing out. Times are UTC:
-- an engine that shows them in a zone of its own (Spark) must have its session's zone set to UTC.
--
-- `geo_rows` is the Delta table tables/geo, whatever the engine's catalog calls it. Portable: DataFusion, Athena, Spark.
create or replace view geos as
select
    ind,
    country,
    coordinates,
    placed.timestamp,
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
        geo_rows.*,
        row_number() over (
            partition by ind
            order by arrived_at desc, stream desc, shard desc, sequence desc, sub desc
        ) as recency
    from geo_rows
) as placed
where recency = 1
