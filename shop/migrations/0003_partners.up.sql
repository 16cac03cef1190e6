-- Partners fetch customers with a key of theirs; who did so, from where and when is kept
CREATE TABLE api_keys (
    id text PRIMARY KEY,
    partner text NOT NULL,
    key_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    key_id text,
    partner text,
    route text NOT NULL,
    address text NOT NULL,
    agent text NOT NULL,
    outcome text NOT NULL
);
CREATE INDEX audit_log_at_idx ON audit_log (at);
GRANT SELECT ON api_keys TO shop;
GRANT SELECT, INSERT ON audit_log TO shop;
INSERT INTO api_keys (id, partner, key_hash, created_at) VALUES
    ('pk_harbour', 'Harbour Logistics', '15ed5ce605a8ce4da519a756463e47b056638e3901c33fed22e40932441f3325', now() - interval '310 days'),
    ('pk_lantern', 'Lantern Price Comparison', 'f5feea7e78d3af44bc11dbc793e0ab238926fb0c5067cb24ba3d8825b4593a3e', now() - interval '120 days');
-- A month as it always is: each partner fetches a few pages a night, from the same address.
INSERT INTO audit_log (at, key_id, partner, route, address, agent, outcome)
SELECT date_trunc('day', now()) - night * interval '1 day' + hour + page * interval '2 seconds',
       id, partner, '/partner/customers', address, agent, 'allowed'
FROM api_keys
JOIN (VALUES ('pk_harbour', interval '2 hours', '198.51.100.17', 'harbour-sync/4.2'),
             ('pk_lantern', interval '4 hours', '192.0.2.80', 'lantern-crawler/1.9'))
    AS habit (key_id, hour, address, agent) ON habit.key_id = id,
    generate_series(1, 30) AS night, generate_series(1, 4) AS page
ORDER BY 1;
