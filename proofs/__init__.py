"""What the product promises, proved on the real sandbox: longer than tests, run by CI after them."""
