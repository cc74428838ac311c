-- Since when somebody's tokens do not count, whatever they say themselves.
ALTER TABLE users ADD COLUMN disabled_at INTEGER;
-- What can be shown of a token, to tell it from others: its first characters. Older ones have none.
ALTER TABLE tokens ADD COLUMN prefix TEXT;
-- When it was last used, to the day.
ALTER TABLE tokens ADD COLUMN used_at INTEGER;
CREATE UNIQUE INDEX tokens_prefix ON tokens (prefix);
