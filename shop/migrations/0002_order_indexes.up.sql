-- A customer's orders, unpaid orders and an order's lines are found without reading the whole table
CREATE INDEX IF NOT EXISTS orders_customer_idx ON orders (customer_id);
CREATE INDEX IF NOT EXISTS orders_status_idx ON orders (status) WHERE status <> 'paid';
CREATE INDEX IF NOT EXISTS order_lines_order_idx ON order_lines (order_id);
