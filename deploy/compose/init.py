"""Makes the secrets of this machine's Airflow, AWS and databases, once: whatever is there already stays as it is."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

from deploy.compose.places import SECRETS, secret
from localcloud import credentials

# In this order: some are made of those before them. Every container's user may read them, nobody outside.
MAKERS: dict[str, Callable[[], str]] = {
    "fernet_key": lambda: Fernet.generate_key().decode(),
    "api_secret_key": lambda: secrets.token_urlsafe(32),
    "jwt_secret": lambda: secrets.token_urlsafe(64),
    "passwords.json": lambda: json.dumps({"admin": secrets.token_urlsafe(12)}),
    "airflow_password": lambda: secrets.token_urlsafe(24),
    "cards_password": lambda: secrets.token_urlsafe(24),
    "office_password": lambda: secrets.token_urlsafe(24),
    "aws_credentials": lambda: credentials.text(credentials.fresh()),
    "sql_alchemy_conn": lambda: f"postgresql+psycopg2://airflow:{secret('airflow_password')}@postgres:5432/airflow",
    "cards_url": lambda: f"mariadb://cards:{secret('cards_password')}@cards:3306/cards?sslmode=disable",
    "office_url": lambda: f"postgresql://office:{secret('office_password')}@office:5432/office?sslmode=disable",
}


def main(folder: Path = SECRETS) -> None:
    """Make what is missing in the volume, each file whole or not at all."""
    for name, make in MAKERS.items():
        target = folder / name
        if not target.exists():
            partial = folder / f".{name}.partial"
            partial.write_text(make(), encoding="utf-8")
            partial.replace(target)
            print(f"{name}: made")


if __name__ == "__main__":
    main()
