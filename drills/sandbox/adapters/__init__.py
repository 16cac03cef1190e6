"""What a technology adds to a service: how its databases and caches are asked, disturbed and brought back."""
