-- The second wall: what a transaction's scope does not see, the database does not show, whatever a statement
-- says. The scope is set by each transaction (store::desk); without one there are no cases. The first wall is
-- the condition of every query (store::scope), which says the same.
CREATE FUNCTION scope_sees(partner TEXT, tier TEXT, reached_second BOOLEAN, correction TEXT)
RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN scope = 'all' THEN true
        WHEN scope = 'engineer' THEN tier <> 'product' OR reached_second
        WHEN scope = 'product' THEN tier = 'product' OR correction IS NOT NULL
        WHEN starts_with(scope, 'partner ') THEN partner = substr(scope, 9)
        ELSE false
    END
    FROM (SELECT current_setting('caseload.scope', true) AS scope) AS of_transaction
$$;

ALTER TABLE cases ENABLE ROW LEVEL SECURITY;
-- For the table's owner, too: that is who the service is.
ALTER TABLE cases FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON cases USING (scope_sees(partner, tier, reached_second, correction));

ALTER TABLE timeline ENABLE ROW LEVEL SECURITY;
ALTER TABLE timeline FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON timeline USING (EXISTS (SELECT 1 FROM cases WHERE cases.n = timeline.case_n));
