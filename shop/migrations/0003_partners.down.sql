DROP TABLE audit_log, api_keys;
