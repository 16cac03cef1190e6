"""The included system to drill: a small shop with a database, a cache and an external API."""
