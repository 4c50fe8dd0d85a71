-- The project that a name stands for: the newest life of the namespace that the organization has owned until a moment. A
-- request that names projects is about these lives, in every month: a project that was created again with another uid shares
-- nothing with its former life. A project that moved away and came back has one life. names null: of all namespaces.
CREATE FUNCTION named_lives(whose text, names text[], moment timestamptz) RETURNS TABLE (namespace text, life smallint)
LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (w.namespace) w.namespace::text, w.life FROM ownership AS w
    WHERE w.organization = whose AND (names IS NULL OR w.namespace = ANY (names))
      AND (lower_inf(w.validity) OR lower(w.validity) <= moment)
    ORDER BY w.namespace, lower(w.validity) DESC NULLS LAST
$$;
