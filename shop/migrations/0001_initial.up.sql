-- Customers, products, orders and their lines
CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL UNIQUE,
    password_salt text NOT NULL,
    password_hash text NOT NULL
);
CREATE TABLE products (
    id integer PRIMARY KEY,
    name text NOT NULL,
    category text NOT NULL,
    price_cents integer NOT NULL,
    popularity integer NOT NULL
);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer NOT NULL,
    status text NOT NULL,
    total_cents integer NOT NULL,
    payment text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE order_lines (
    order_id bigint NOT NULL,
    product_id integer NOT NULL,
    price_cents integer NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON customers, products, orders, order_lines TO shop;
