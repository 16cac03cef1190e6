-- The home page's popular products come from an index
CREATE INDEX IF NOT EXISTS products_popularity_idx ON products (popularity DESC);
