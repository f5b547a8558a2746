//! Tests only, see `tests/`: STARTTLS of real servers for mail, directories and databases.
