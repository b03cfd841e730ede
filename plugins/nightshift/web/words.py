"""A reader's language on the plugin's pages: words, numbers and days. English is what the pages say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nightshift.failures.portuguese import translated
from nightshift.pages.formats import both
from nightshift.pages.words import CAUSES

PORTUGUESE = "pt-BR"
PT = {
    "Nights": "Noites",
    "Money": "Custos",
    "Alive": "Ativos",
    "Products": "Produtos",
    "Data dictionary": "Dicionário de dados",
    "Dictionary": "Dicionário",
    "business dates": "datas de negócio",
    "Last night": "Última noite",
    "What is alive": "O que está ativo",
    "Gold older than its limit": "Gold além do limite de idade",
    "This month": "Neste mês",
    "No night yet": "Nenhuma noite ainda",
    "Nothing runs and nothing is left behind.": "Nada em execução e nada ficou para trás.",
    "Nothing runs.": "Nada em execução.",
    "No run left anything behind.": "Nenhuma execução deixou nada para trás.",
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
    "unknown": "desconhecido",
    "of unknown cost": "de custo desconhecido",
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
    "Page of its latest night": "Página da última noite",
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
    "days": "dias",
    "State": "Estado",
    "Reason": "Motivo",
    "Created": "Criado",
    "Ready": "Pronto",
    "Ended": "Terminado",
    "Console": "Console",
    "Log": "Log",
    "No page of this run yet.": "Ainda não há página desta execução.",
    "No record of this run yet: report writes it.": "Ainda não há registro desta execução: report o escreve.",
    "This run has no compute yet.": "Esta execução ainda não tem processamento.",
    "This task has no job, or it has not ended.": "Esta tarefa não tem job, ou ele não terminou.",
    "The service has delivered no log yet.": "O serviço ainda não entregou o log.",
    "Airflow does not know who asks: sign in to Airflow and open this again.":
        "O Airflow não sabe quem pergunta: entre no Airflow e abra de novo.",
    "You may not read this: whoever manages Airflow's users gives the right to read the DAG.":
        "Você não pode ler isto: quem cuida dos usuários do Airflow dá o direito de ler o DAG.",
    "AWS gave Airflow's web server nothing to show: its role must be able to read the lake and the state bucket.":
        "A AWS não deu nada ao servidor web do Airflow: a role dele precisa poder ler o lake e o bucket de estado.",
    "Nightshift has no such page.": "A Nightshift não tem essa página.",
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """What a page says in a reader's language, `tag`: pt-BR or en."""

    tag: str

    @property
    def is_portuguese(self) -> bool:
        return self.tag == PORTUGUESE

    def __call__(self, text: str) -> str:
        """A text of the pages, of a failure or of a record."""
        if not self.is_portuguese:
            return text
        return PT.get(text) or CAUSES.get(text, ("",))[0] or translated(text)

    def n(self, value: float | None, kind: str) -> str:
        """A number, an amount or seconds; `kind` as in nightshift.pages.formats."""
        pt, en = both(value, kind)
        return pt if self.is_portuguese else en

    def day(self, value: Any) -> str:
        """A day, of a date, a time or ISO text: dd/mm/aaaa, in English as ISO has it."""
        return both(value, "day")[0] if self.is_portuguese else str(value)[:10]

    def month(self, value: str) -> str:
        """A month such as 2026-01."""
        return f"{value[5:]}/{value[:4]}" if self.is_portuguese else value


ENGLISH = Words("en")


def of(language: str) -> Words:
    """The words for a reader's tag: Portuguese for any pt, else English."""
    return Words(PORTUGUESE if language.lower().startswith("pt") else ENGLISH.tag)
