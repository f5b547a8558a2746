//! Tests only, see `tests/`: STARTTLS with Exim, OpenLDAP and PostgreSQL.
