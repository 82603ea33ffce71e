-- What past deployments teach: each one that went live, in its stages, by the target it went to. It outlives the
-- watch it is told from.
CREATE TABLE history (
    watch_id TEXT NOT NULL,
    target TEXT NOT NULL,
    live_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (watch_id, target)
);
CREATE INDEX history_by_target ON history (target, live_at);
