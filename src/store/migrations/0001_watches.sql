-- Only TEXT and BIGINT, so that the same tables can live in another database one day.
-- Times are microseconds since 1970; `body` is the watch as JSON, the columns beside it are what is searched for.
CREATE TABLE watch (
    id TEXT NOT NULL PRIMARY KEY,
    sha TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    remote TEXT NOT NULL,
    ref_name TEXT NOT NULL,
    pushed_at BIGINT NOT NULL,
    landing TEXT NOT NULL,
    living BIGINT NOT NULL,
    decided_at BIGINT,
    next_look BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX watch_by_commit ON watch (sha, attempt);
CREATE INDEX watch_by_life ON watch (living, next_look);
CREATE INDEX watch_by_push ON watch (remote, ref_name, pushed_at);
CREATE INDEX watch_by_time ON watch (pushed_at);

-- The timeline of a watch, each event as JSON.
CREATE TABLE event (
    watch_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (watch_id, seq)
);

-- Pushes that are not to be watched, also not when the reflog shows them.
CREATE TABLE ignored (
    remote TEXT NOT NULL,
    ref_name TEXT NOT NULL,
    sha TEXT NOT NULL,
    pushed_at BIGINT NOT NULL,
    PRIMARY KEY (remote, ref_name, sha, pushed_at)
);

-- Small things the monitor tells its successor.
CREATE TABLE note (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
