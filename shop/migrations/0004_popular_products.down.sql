DROP INDEX IF EXISTS products_popularity_idx;
