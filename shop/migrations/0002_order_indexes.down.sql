DROP INDEX IF EXISTS orders_customer_idx, orders_status_idx, order_lines_order_idx;
