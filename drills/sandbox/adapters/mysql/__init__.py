"""MariaDB 10.11, tested; MySQL 8 by its documentation, untested."""
