"""The words of the pages in Portuguese; English is what the pages say. Pure."""

from __future__ import annotations

from collections.abc import Callable

from nightshift.failures.portuguese import translated
from nightshift.pages.words import CAUSES

Words = Callable[[str], str]

PT = {
    "Nights": "Noites",
    "Money": "Custos",
    "Alive": "Ativos",
    "Products": "Produtos",
    "Data dictionary": "Dicionário de dados",
    "Last night": "Última noite",
    "What is alive": "O que está ativo",
    "Gold older than its limit": "Gold além do limite de idade",
    "This month": "Neste mês",
    "No night yet": "Nenhuma noite ainda",
    "Nothing runs and nothing is left behind.": "Nada em execução e nada ficou para trás.",
    "running": "em execução",
    "queued": "na fila",
    "backfill": "preenchimento",
    "Times of": "Horários de",
    "left behind": "ficou para trás",
    "not proven": "não comprovado",
    "Every table is fresh.": "Todas as tabelas estão em dia.",
    "No gold yet.": "Nenhum gold ainda.",
    "the foundation differs from its terraform": "a fundação difere do seu terraform",
    "attribute": "atributo",
    "attributes": "atributos",
    "since": "desde",
    "night": "noite",
    "nights": "noites",
    "success": "sucesso",
    "success with warnings": "sucesso com avisos",
    "failed": "falhou",
    "no night": "sem noite",
    "Product": "Produto",
    "Date": "Data",
    "Outcome": "Resultado",
    "Started": "Início",
    "Duration": "Duração",
    "Measured": "Medido",
    "Estimated": "Estimado",
    "Failure": "Falha",
    "Warnings": "Avisos",
    "Run": "Execução",
    "Month": "Mês",
    "Total": "Total",
    "Latest nights": "Noites mais recentes",
    "By month": "Por mês",
    "Most expensive nights": "Noites mais caras",
    "Limit a night": "Limite por noite",
    "Running now": "Em execução agora",
    "Left behind by a run": "Deixado por uma execução",
    "Resource": "Recurso",
    "Table": "Tabela",
    "Newest date": "Data mais recente",
    "Age": "Idade",
    "Limit": "Limite",
    "Rows": "Linhas",
    "Key": "Chave",
    "Column": "Coluna",
    "Type": "Tipo",
    "Meaning": "Significado",
    "personal": "pessoal",
    "never published": "nunca publicada",
    "Nothing yet.": "Nada ainda.",
    "All nights of this DAG": "Todas as noites deste DAG",
    "Its page": "A página dele",
    "The next night is expected to cost": "A próxima noite deve custar",
    "nine of ten up to": "nove em cada dez até",
    "This DAG makes no data product.": "Este DAG não produz dados.",
    "No report of this run yet: it is written when the run ends.": "Sem relatório: ele é escrito no fim da execução.",
    "Layer": "Camada",
    "In": "Entrada",
    "Accepted": "Aceitas",
    "Quarantined": "Em quarentena",
    "Duplicates": "Duplicadas",
    "Next": "A seguir",
    "Address": "Endereço",
    "Rows by layer": "Linhas por camada",
    "Proof": "Prova",
    "nothing left alive": "nada ficou ativo",
    "Record": "Registro",
    "older": "mais antigas",
    "hours": "horas",
    "State": "Estado",
    "Reason": "Motivo",
    "Created": "Criado",
    "Ready": "Pronto",
    "Ended": "Terminado",
    "Console": "Console",
}


def tag(language: str) -> str:
    """The page's language for a reader's tag: pt-BR for any pt, else en."""
    return "pt-BR" if language.lower().startswith("pt") else "en"


def of(language: str) -> Words:
    """The words of a language tag such as pt-BR."""
    return _portuguese if tag(language) == "pt-BR" else (lambda text: text)


def _portuguese(text: str) -> str:
    return PT.get(text) or CAUSES.get(text, ("",))[0] or translated(text)
