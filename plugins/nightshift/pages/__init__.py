"""Pages: one self-contained HTML a night, from its record, page.json and the nights before. Pure, without Airflow."""
