"""Which columns hold personal data, by what is in their values or by the words of their name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence

MOST = 0.5  # of the bare numbers of a length, the share whose check digits must be right: by chance 1 % or 10 % are
_CPF_WEIGHTS = (11, 10, 9, 8, 7, 6, 5, 4, 3, 2)
_CNPJ_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)


def kind_of(name: str, values: Sequence[str]) -> str:
    """What a column of these values holds (its name in the lake is `name`): CPF, e-mail address, person's name, …, or
    several of them; '' if nothing personal. One value that has it within a longer text suffices."""
    if kinds := list(_kinds(values)):
        return ", ".join(kinds)
    if named := next((kind for kind, words in NAMED.items() if words.search(name)), ""):
        return named
    is_text = any(value.isalpha() or " " in value for value in values)
    return "person's name" if is_text and re.fullmatch(PERSON, name) else ""


def _kinds(values: Sequence[str]) -> Iterator[str]:
    """The kinds of personal data in values."""
    for kind, written in WRITTEN.items():
        if any(map(written, values)) or (kind in BARE and _mostly(*BARE[kind], values)):
            yield kind


def _mostly(pattern: re.Pattern[str], is_one: Callable[[str], bool], values: Sequence[str]) -> bool:
    numbers = [number for value in values for number in pattern.findall(value)]
    return bool(numbers) and sum(map(is_one, numbers)) >= MOST * len(numbers)


def is_cpf(text: str) -> bool:
    """Whether a text is a CPF: 11 digits, or ddd.ddd.ddd-dd, with both check digits right."""
    if not re.fullmatch(r"[0-9]{11}|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", text):
        return False
    return _checked(re.sub(r"\D", "", text), _CPF_WEIGHTS)


def is_cnpj(text: str) -> bool:
    """Whether a text is a CNPJ: 14 characters, or cc.ccc.ccc/cccc-dd, with both check digits right. Since July 2026
    the first 12 may be letters (Receita Federal, Instrução Normativa 2.229/2024)."""
    if not re.fullmatch(r"[0-9A-Z]{12}[0-9]{2}|[0-9A-Z]{2}(\.[0-9A-Z]{3}){2}/[0-9A-Z]{4}-[0-9]{2}", text):
        return False
    return _checked(re.sub(r"\W", "", text), _CNPJ_WEIGHTS)


def _checked(characters: str, weights: Sequence[int]) -> bool:
    """Whether the last two characters are the check digits, modulo 11, of those before."""
    values = [ord(character) - ord("0") for character in characters]
    for at in (-2, -1):
        before = values[:at]
        rest = sum(v * w for v, w in zip(before, weights[-len(before) :], strict=True)) % 11
        if values[at] != (0 if rest < 2 else 11 - rest):
            return False
    return len(set(values)) > 1


def is_card(text: str) -> bool:
    """Whether a text is a card number: 13 to 19 digits, in groups or not, of a bank's card, whose Luhn sum is right."""
    if not re.fullmatch(r"[2-6]([0-9]{12,18}|[0-9]{3}([ -][0-9]{4}){2}[ -][0-9]{1,7})", text):
        return False
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [d * 2 - 9 * (d > 4) if n % 2 else d for n, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_nested(text: str) -> bool:
    """Whether a text is a JSON object or array, which may hold anything."""
    try:
        return text[:1] in ("{", "[") and isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _alone(pattern: str) -> re.Pattern[str]:
    """A pattern that is no part of a longer number or word."""
    return re.compile(rf"(?<![\w.-])(?:{pattern})(?![\w-]|[.][0-9])")


def _has(pattern: str, is_one: Callable[[str], object] = bool) -> Callable[[str], bool]:
    searched = _alone(pattern)
    return lambda text: any(is_one(match[0]) for match in searched.finditer(text))


_PHONE = re.compile(
    r"(?<![\w.+-])(?:"
    r"(?:\+?[0-9]{1,3} ?)?\([0-9]{2,3}\) ?(?:9 ?)?[0-9]{3,4}[ -]?[0-9]{4}"  # (11) 98765-4321, (555) 123-4567
    r"|(?:\+?[0-9]{1,3} )?[0-9]{2,3}[ -](?:9 ?)?[0-9]{4}-[0-9]{4}"  # 11 98765-4321
    r"|\+?(?:55)?[1-9][0-9]9[0-9]{4}-[0-9]{4}"  # 1198765-4321
    r"|\+[0-9][0-9 ()-]{8,18}"
    r")(?![\w-])"
    r"|\b(?:tel|telefone|fone|cel|celular|whats|whatsapp|zap|phone|mobile)\b[^0-9+(]{0,3}[+(]?[0-9][0-9 ()-]{6,18}",
    re.IGNORECASE,
)
# What shows by itself that it is personal, anywhere in a text. Not by check digits where it is written as nothing else:
# samples have made-up ones.
WRITTEN: dict[str, Callable[[str], bool]] = {
    "CPF": _has(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}"),
    "CNPJ": _has(r"[0-9A-Z]{2}(?:\.[0-9A-Z]{3}){2}/[0-9A-Z]{4}-[0-9]{2}"),
    "e-mail address": lambda text: bool(re.search(r"[^@\s]@[^@\s]+\.[A-Za-z]{2,}", text)),
    "card number": _has(r"[0-9]{4}(?:[ -][0-9]{4}){2}[ -][0-9]{1,7}", is_card),
    "phone number": lambda text: bool(_PHONE.search(text)),
    "nested JSON": is_nested,
}
# Bare numbers, which may be another thing.
BARE = {
    "CPF": (_alone(r"[0-9]{11}"), is_cpf),
    "CNPJ": (_alone(r"[0-9A-Z]{12}[0-9]{2}"), is_cnpj),
    "card number": (_alone(r"[0-9]{13,19}"), is_card),
}
# The words of a column's name that say what it holds, in English and Portuguese, with _ between them or not.
PERSON = (
    r"(?:clientes?|customers?|clients?|pessoas?|persons?|pacientes?|patients?|titular|holder|usuarios?|users?"
    r"|funcionari[oa]s?|employees?|colaborador[ae]?s?|alun[oa]s?|students?|professor[ae]?s?|teachers?|medic[oa]s?|doctor"
    r"|vendedor[ae]?s?|seller|salesperson|comprador[ae]?s?|buyer|motoristas?|driver|passageir[oa]s?|passenger"
    r"|contatos?|contact|responsavel|mae|pai|mother|father|conjuge|spouse|beneficiari[oa]s?|beneficiary|segurad[oa]s?"
    r"|soci[oa]s?|associad[oa]s?|cooperad[oa]s?|devedor|assinante|subscriber|hospede|guest|remetente|sender"
    r"|destinatari[oa]s?|recipient|proprietari[oa]s?|owner|solicitante|atendente|tutor|candidat[oa]s?|eleitor[ae]?s?)"
)
NAMED = {
    kind: re.compile(rf"(?:^|_)(?:{words})[0-9]*(?:_|$)")
    for kind, words in {
        "CPF": r"\w*cpf\w*",
        "CNPJ": r"\w*cnpj\w*",
        "number of an identity document": r"rg|ssn|passport|passaporte|cnh|pis|pasep|nis|ctps|titulo_?(?:de_?)?eleitor"
        rf"|tax_?id|national_?id|driver_?licen[cs]e|documento_?(?:d[oae]_?)?(?:{PERSON}|identidade)"
        rf"|{PERSON}_?documento?",
        "e-mail address": r"\w*e_?mail\w*",
        "phone number": rf"(?:{PERSON}_?)?(?:phone|mobile|tel|telefone|fone|celular|cel|whatsapp|whats|fax)s?"
        r"(?:_?(?:number|numero|num|no))?|(?:numero|num)_?(?:telefone|celular|tel)",
        "account number": r"iban|(?:chave_?)?pix(?:_?key)?|(?:numero_?(?:da_?)?)?conta_?(?:bancaria|corrente)"
        r"|bank_?account(?:_?number)?|account_?number|numero_?(?:da_?)?conta",
        "card number": r"(?:credit|debit|numero)?(?:card|cartao)_?(?:number|numero|no)?$",
        "address": r"\w*(?:address|endereco)|logradouro|rua|avenida|street|complemento|cep|zip(?:_?code)?|ip"
        r"|post(?:al)?_?code|codigo_?postal",
        "date of birth": r"(?:dt|data|dia|ano)?_?(?:de_?)?(?:nasc|nascimento)|dob|(?:data_?|dt_?)?aniversario"
        r"|(?:date_?of_?)?birth(?:day|date)?s?",
        "person's name": r"(?:full|first|last|middle|given|family|maiden|user|nick)_?name|surname|sobrenome"
        r"|(?:nome|nm)_?(?:completo|social|(?:de_?)?solteir[oa])|(?:primeiro|ultimo)_?nome"
        rf"|{PERSON}_?(?:name|nome)(?:s|completo)?|(?:nome|nm|name)_?(?:d[oae]s?_?|of_?)?{PERSON}"
        r"|(?<!_)(?:name|nome)s?(?!_)",
    }.items()
}
