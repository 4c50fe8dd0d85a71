-- The hours of a month in which another organization owned a project that came back, as bits (project_months): they are not
-- missing. A piece of an hour belongs to whom the hour belongs, its first owner.
CREATE FUNCTION unowned_bits(whose text, project text, life_number smallint, period date) RETURNS bit
LANGUAGE sql STABLE AS $$
    SELECT coalesce(bit_or(bits_between(
               bit_index(date_trunc('hour', ended), unowned_bits.period),
               bit_index(date_trunc('hour', began + interval '1 hour' - interval '1 microsecond'), unowned_bits.period)
           )), 0::bit(772))
    FROM (
        SELECT upper(validity) AS ended, lead(lower(validity)) OVER (ORDER BY validity) AS began FROM ownership
        WHERE organization = whose AND namespace = project AND life = life_number
    ) AS pieces
    WHERE ended < began
$$;
