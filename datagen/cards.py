"""The four tables of a cooperative bank's cards, made up: members, accounts, cards and their movements."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from datagen.shop import cents

FIRST_NAMES = ("Inês", "João", "Márcia", "Tomé", "Luíza", "Otávio", "Zilá", "Davi")
LAST_NAMES = ("Conceição", "d'Ávila", "Ferraz, Filho", "Guimarães", "Ibañez", "Quadros", "Sá e Souza", "Ximenes")
WORDS = ("Padaria", "Farmácia", 'Livraria "O Ponto"', "Posto, loja 2", "Mercado", "Cinema", "Açougue", "Hotel")
REFUND = "Estorno"
ACCOUNT_TYPES = ("CC", "CP")
HEADERS = {
    "associado": ("id", "nome", "sobrenome", "idade", "email"),
    "conta": ("id", "tipo", "data_criacao", "id_associado"),
    "cartao": ("id", "num_cartao", "nom_impresso", "id_conta", "id_associado", "data_criacao"),
    "movimento": ("id", "vlr_transacao", "des_transacao", "data_movimento", "id_cartao"),
}
MOVEMENTS_A_CARD = 10
Row = tuple[object, ...]


@dataclass(frozen=True)
class CardShape:
    """How much to generate: `rows` movements over the `days` that end with `last_day`, the same for the same seed."""

    seed: int = 1
    rows: int = 500
    last_day: date = date(2026, 1, 4)
    days: int = 30


@dataclass(frozen=True)
class CardTruth:
    """What the product must hold."""

    rows: int
    total: Decimal
    by_day: dict[str, int]

    def write(self, path: Path) -> None:
        """Write the truth as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        body = {"rows": self.rows, "total": str(self.total), "by_day": self.by_day}
        path.write_text(json.dumps(body, indent=1), encoding="utf-8")


def generate_cards(out: Path, shape: CardShape) -> CardTruth:
    """Write associado.csv, conta.csv, cartao.csv and movimento.csv into `out`. Raises ValueError."""
    if min(shape.rows, shape.days) < 1:
        raise ValueError(f"generating {shape}: rows and days must be 1 or more")
    out.mkdir(parents=True, exist_ok=True)
    rng, cards = Random(f"{shape.seed}:cards"), shape.rows // MOVEMENTS_A_CARD + 1
    _write(out, "associado", (_member(rng, n) for n in range(1, cards + 1)))
    _write(out, "conta", (_account(rng, n, shape) for n in range(1, cards + 1)))
    _write(out, "cartao", (_card(rng, n, shape) for n in range(1, cards + 1)))
    movements = list(_movements(rng, shape, cards))
    _write(out, "movimento", movements)
    days = sorted({str(row[3])[:10] for row in movements})
    by_day = {day: sum(str(row[3]).startswith(day) for row in movements) for day in days}
    return CardTruth(len(movements), sum((Decimal(str(row[1])) for row in movements), Decimal(0)), by_day)


def _write(out: Path, table: str, rows: Iterable[Row]) -> None:
    with (out / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADERS[table], *rows])


def _member(rng: Random, number: int) -> Row:
    return (
        number,
        rng.choice(FIRST_NAMES),
        rng.choice(LAST_NAMES),
        rng.randint(18, 90),
        f"socio{number}@exemplo.coop.br",
    )


def _account(rng: Random, number: int, shape: CardShape) -> Row:
    return number, rng.choice(ACCOUNT_TYPES), _moment(rng, shape.last_day - timedelta(days=shape.days), 900), number


def _card(rng: Random, number: int, shape: CardShape) -> Row:
    """Every third card has a creation date; card numbers begin with 0, so that nothing parses them as numbers."""
    made = _moment(rng, shape.last_day - timedelta(days=shape.days), 300) if number % 3 == 0 else ""
    return (
        number,
        f"0{rng.randrange(10**14, 10**15)}",
        f"{rng.choice(FIRST_NAMES)} {number}".upper(),
        number,
        number,
        made,
    )


def _movements(rng: Random, shape: CardShape, cards: int) -> Iterator[Row]:
    moments = sorted(_moment(rng, shape.last_day, shape.days) for _ in range(shape.rows))
    for number, moment in enumerate(moments, start=1):
        amount = cents(rng.randint(100, 90_000))
        # One in fifty takes a purchase back.
        word, is_refund = rng.choice(WORDS), number % 50 == 0
        signed, words = (-amount, f"{REFUND} {word}") if is_refund else (amount, word)
        yield number, signed, words, moment, rng.randint(1, cards)


def _moment(rng: Random, last_day: date, days: int) -> datetime:
    """A second of the `days` that end with `last_day`."""
    midnight = datetime.combine(last_day - timedelta(days=rng.randrange(days)), time.min)
    return midnight + timedelta(seconds=rng.randrange(86_400))
