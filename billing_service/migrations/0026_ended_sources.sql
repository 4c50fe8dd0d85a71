-- A source that ends: from `ended_at` on, its hours are not missing.
ALTER TABLE sources ADD COLUMN ended_at utc_hour;

-- As before, and a source counts from its first hour to its end. Where no source counts, the hours that have a line decide.
CREATE OR REPLACE FUNCTION project_gaps(
    period date, starts timestamptz, ends timestamptz, as_of timestamptz, since timestamptz, until timestamptz,
    seen bit, goes_on boolean, OUT first_bit integer, OUT last_bit integer, OUT missing bit
) LANGUAGE sql STABLE AS $$
    WITH spans AS (
        SELECT bit_index(s.first_hour, project_gaps.period) AS begins, coalesce(m.complete, 0::bit(772)) AS complete,
               bits_between(bit_index(s.first_hour, project_gaps.period),
                            coalesce(bit_index(s.ended_at, project_gaps.period), 772)) AS counts
        FROM sources AS s LEFT JOIN source_months AS m ON m.source = s.source AND m.period = project_gaps.period
        WHERE s.first_hour < project_gaps.as_of
          AND (s.ended_at IS NULL OR s.ended_at > greatest(starts, since))
    ),
    covered AS (
        SELECT min(begins) AS begins, coalesce(bit_or(counts), 0::bit(772)) AS counted,
               coalesce(bit_and(complete | ~counts), 0::bit(772)) AS complete
        FROM spans
    ),
    range AS (
        SELECT begins, counted, complete, greatest(
                   bit_index(starts, project_gaps.period), coalesce(bit_index(date_trunc('hour', since), project_gaps.period), 0),
                   CASE WHEN goes_on THEN 0
                        ELSE least(begins, nullif(position(B'1' IN coalesce(seen, 0::bit(772))), 0) - 1) END
               ) AS first,
               bit_index(least(ends, project_gaps.as_of, date_trunc('hour', until)), project_gaps.period) AS last
        FROM covered
    )
    SELECT first, last,
           bits_between(first, last) & ~((coalesce(seen, 0::bit(772)) & ~counted) | (complete & counted))
    FROM range WHERE project_gaps.as_of IS NOT NULL AND (goes_on OR begins IS NOT NULL OR seen IS NOT NULL)
$$;
