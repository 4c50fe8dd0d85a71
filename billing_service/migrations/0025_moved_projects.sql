-- Whether a project came from another organization. The role of `serve` cannot see the rows of that one, and learns no more.
CREATE FUNCTION came_from_elsewhere(project text, life_number smallint, owner text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT EXISTS (SELECT FROM ownership WHERE namespace = project AND life = life_number AND organization = owner)
       AND EXISTS (SELECT FROM ownership WHERE namespace = project AND life = life_number AND organization <> owner)
$$;
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION came_from_elsewhere(text, smallint, text) SET search_path = %I, pg_temp',
                   current_schema());
END
$$;
