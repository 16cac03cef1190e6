-- Orders carry their currency; amounts are in its minor units
ALTER TABLE orders ADD COLUMN currency text NOT NULL DEFAULT 'EUR';
ALTER TABLE orders RENAME COLUMN total_cents TO total_minor_units;
