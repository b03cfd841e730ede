"""Which columns hold personal data, by the pattern of their values or by their name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

MOST = 0.6  # the share of a column's values that must match
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"\+?[0-9]{0,3} ?\(?[0-9]{2,3}\)?[ -]?9?[0-9]{4}-[0-9]{4}|\+[0-9][0-9 ()-]{8,18}")


def kind_of(name: str, values: Sequence[str]) -> str:
    """What a column of these values holds (its name in the lake is `name`): CPF, e-mail address, person's name, …; ''
    if nothing personal."""
    for kind, matches in KINDS.items():
        if values and sum(map(matches, values)) >= MOST * len(values):
            return kind
    return next((kind for kind, named in NAMED.items() if re.search(named, name)), "")


def is_cpf(text: str) -> bool:
    """Whether a text is a CPF: 11 digits, or ddd.ddd.ddd-dd, with both check digits right."""
    if not re.fullmatch(r"[0-9]{11}|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", text):
        return False
    digits = _digits(text)
    return len(set(digits)) > 1 and all(_check(digits[:n]) == digits[n] for n in (9, 10))


def _check(digits: Sequence[int]) -> int:
    rest = sum(digit * (len(digits) + 1 - n) for n, digit in enumerate(digits)) * 10 % 11
    return rest % 10


def is_card(text: str) -> bool:
    """Whether a text is a card number: 13 to 19 digits, in groups or not, whose Luhn sum is right."""
    if not re.fullmatch(r"[0-9]{13,19}|[0-9]{4}([ -][0-9]{4}){2}[ -][0-9]{1,7}", text):
        return False
    doubled = [d * 2 - 9 * (d > 4) if n % 2 else d for n, d in enumerate(reversed(_digits(text)))]
    return sum(doubled) % 10 == 0


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if character.isdigit()]


KINDS: dict[str, Callable[[str], bool]] = {
    "CPF": is_cpf,
    "e-mail address": lambda text: bool(_EMAIL.fullmatch(text)),
    "card number": is_card,
    "phone number": lambda text: bool(_PHONE.fullmatch(text)),
}
# The words of a column's name that say what it holds, in English and Portuguese.
NAMED = {
    "CPF": r"(^|_)cpf(_|$)",
    "CNPJ": r"(^|_)cnpj(_|$)",
    "number of an identity document": r"(^|_)(rg|ssn|passport|passaporte)(_|$)",
    "e-mail address": r"(^|_)e_?mail(_|$)",
    "phone number": r"(^|_)(phone|mobile|tel|telefone|fone|celular|whatsapp)(_|$)",
    "account number": r"(^|_)iban(_|$)",
    "card number": r"(card|cartao)_?(number|numero|no)?$",
    "address": r"(^|_)(address|endereco)(_|$)",
    "date of birth": r"(^|_)(birth|nascimento|birthday)(_|$)",
    "person's name": r"^(name|nome|full_name|first_name|last_name|surname|sobrenome)$"
    r"|(customer|client|cliente|person|pessoa|patient|paciente|holder|titular)_(name|nome)"
    r"|nome_(do_|da_)?(cliente|pessoa|paciente|titular)",
}
