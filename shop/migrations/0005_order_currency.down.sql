ALTER TABLE orders RENAME COLUMN total_minor_units TO total_cents;
ALTER TABLE orders DROP COLUMN currency;
