-- A subscription keeps what the platform's Organization resource had, with the members that this version does not use.
ALTER TABLE subscriptions ADD COLUMN document jsonb NOT NULL DEFAULT '{}';
