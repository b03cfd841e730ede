"""The words of a page in Portuguese and English that are chosen by data: products, tasks' groups, columns, reasons."""

from __future__ import annotations

from nightshift.pages.formats import Both
from nightshift.run.tasks import Group

PRODUCTS: dict[str, Both] = {
    "mrhealth_sales": ("Vendas Mr. Health", "Mr. Health sales"),
    "covid_hospitals": ("Covid nos hospitais", "Covid in hospitals"),
    "card_movements": ("Movimentos de cartão", "Card movements"),
    "wordcount": ("Contagem de palavras", "Word count"),
}
BACKFILL: Both = ("Preenchimento: ", "Backfill: ")
OUTCOMES: dict[str, Both] = {
    "success": ("Concluída", "Completed"),
    "success with warnings": ("Concluída com avisos", "Completed with warnings"),
    "failed": ("Falhou", "Failed"),
}
TONES = {"success": "good", "success with warnings": "warn", "failed": "bad"}
GROUPS: dict[str, Both] = {
    Group.PREPARE: ("Preparação", "Prepare"),
    Group.INPUT: ("Entrada", "Input"),
    Group.COMPUTE: ("Processamento", "Compute"),
    Group.GOLD: ("Conferência e publicação", "Check and publish"),
    Group.TEARDOWN: ("Desmontagem", "Teardown"),
    Group.RESULT: ("Relatório", "Report"),
}
CAUSES: dict[str, Both] = {
    "data": ("dados", "data"),
    "code": ("código ou configuração", "code or configuration"),
    "bootstrap": ("início do cluster", "bootstrap"),
    "capacity": ("falta de capacidade na AWS", "no capacity at AWS"),
    "iam": ("permissões (IAM)", "permissions (IAM)"),
    "throttle": ("serviço da AWS sem resposta", "a service of AWS did not respond"),
    "timeout": ("tempo esgotado", "timeout"),
    "disk": ("disco cheio", "disk full"),
    "terraform": ("terraform", "terraform"),
    "lock": ("trava de outra execução", "lock of another run"),
    "upstream": ("os dados não chegaram", "the data did not arrive"),
    "stopped": ("interrompida de fora", "stopped from outside"),
    "leak": ("algo ficou ligado", "something is still alive"),
}
LAYERS: dict[str, Both] = {"bronze": ("bronze", "bronze"), "silver": ("prata", "silver"), "gold": ("ouro", "gold")}
RESOURCES: dict[str, Both] = {
    "clusters": ("clusters", "clusters"),
    "instances": ("instâncias", "instances"),
    "security groups": ("grupos de segurança", "security groups"),
    "key pairs": ("pares de chaves", "key pairs"),
    "secrets": ("segredos", "secrets"),
    "security configurations": ("configurações de segurança", "security configurations"),
    "terraform states": ("estados do terraform", "terraform states"),
    "staging": ("área temporária", "staging"),
    "claims": ("reservas de datas", "claims on dates"),
}
SEVERITIES: dict[str, Both] = {
    "critical": ("crítico", "critical"),
    "warning": ("atenção", "warning"),
    "info": ("informação", "info"),
}
SEVERITY_TONES = {"critical": "bad", "warning": "warn", "info": "calm"}
ALERTS: dict[str, Both] = {
    "missing_file": ("arquivo ausente", "missing file"),
    "unreadable_delivery": ("entrega ilegível", "unreadable delivery"),
    "late_file": ("pedidos atrasados", "late orders"),
    "unusual_sales": ("venda fora do usual", "unusual sales"),
    "cancellation_spike": ("pico de cancelamentos", "cancellation spike"),
    "price_change": ("mudança de preço", "price change"),
}
ACTIONS: dict[str, Both] = {
    "missing_file": (
        "Peça o arquivo à unidade; a próxima entrega corrige o dia.",
        "Request the file from the branch; the next delivery corrects the day.",
    ),
    "unreadable_delivery": (
        "Veja a quarentena abaixo e peça à unidade um arquivo correto.",
        "See the quarantine below and request a correct file from the branch.",
    ),
    "late_file": (
        "Nada a fazer hoje: os dias anteriores foram corrigidos. Se repetir, fale com a unidade.",
        "Nothing to do today: the earlier days were corrected. If it happens again, talk to the branch.",
    ),
    "unusual_sales": (
        "Confira com a unidade: feriado, loja fechada, promoção ou arquivo incompleto?",
        "Check with the branch: holiday, closed shop, promotion or an incomplete file?",
    ),
    "cancellation_spike": (
        "Pergunte à unidade o motivo: falta de produto, entrega ou fraude.",
        "Request the reason from the branch: out of stock, delivery, or fraud.",
    ),
    "price_change": (
        "Confirme o preço com a matriz; se não foi decidido lá, corrija no caixa.",
        "Confirm the price with head office; if it was not decided there, correct it at the till.",
    ),
}
WEEKDAYS: tuple[Both, ...] = (
    ("seg", "Mon"), ("ter", "Tue"), ("qua", "Wed"), ("qui", "Thu"), ("sex", "Fri"), ("sáb", "Sat"), ("dom", "Sun")
)  # fmt: skip
BEDS: dict[str, Both] = {"clinical": ("Clínico", "Clinical"), "icu": ("UTI", "ICU")}
POOLS: dict[str, Both] = {"covid": ("Covid", "Covid"), "other": ("outros", "other"), "total": ("todos", "all")}
# The states of Brazil as tiles: column and row of a map of equal squares.
TILES = {
    "RR": (3, 1), "AP": (5, 1),
    "AM": (2, 2), "PA": (4, 2), "MA": (5, 2), "CE": (6, 2), "RN": (7, 2),
    "AC": (1, 3), "RO": (2, 3), "MT": (3, 3), "TO": (4, 3), "PI": (5, 3), "PE": (6, 3), "PB": (7, 3),
    "MS": (3, 4), "GO": (4, 4), "DF": (5, 4), "BA": (6, 4), "AL": (7, 4),
    "SP": (4, 5), "MG": (5, 5), "ES": (6, 5), "SE": (7, 5),
    "PR": (4, 6), "RJ": (5, 6),
    "SC": (4, 7), "RS": (3, 7),
}  # fmt: skip
STATES = {
    "AC": "Acre", "AL": "Alagoas", "AM": "Amazonas", "AP": "Amapá", "BA": "Bahia", "CE": "Ceará",
    "DF": "Distrito Federal", "ES": "Espírito Santo", "GO": "Goiás", "MA": "Maranhão", "MG": "Minas Gerais",
    "MS": "Mato Grosso do Sul", "MT": "Mato Grosso", "PA": "Pará", "PB": "Paraíba", "PE": "Pernambuco",
    "PI": "Piauí", "PR": "Paraná", "RJ": "Rio de Janeiro", "RN": "Rio Grande do Norte", "RO": "Rondônia",
    "RR": "Roraima", "RS": "Rio Grande do Sul", "SC": "Santa Catarina", "SE": "Sergipe", "SP": "São Paulo",
    "TO": "Tocantins",
}  # fmt: skip
_STOP_WORDS = """
a à ao aos as às até com como da das de dela dele do dos e é ela elas ele eles em entre era essa esse esta está este eu
foi for foram há isso isto já lhe lhes mais mas me mesmo meu minha muito na não nas nem no nos nós num numa o os ou para
pela pelas pelo pelos por porque quando que quem se sem ser seu seus só sobre sua suas também tão te tem tinha um uma
vos você
about after all also am an and any are as at be because been but by can could did do for from had has have he her him
his how i if in into is it its just like me more my no not of on or our out she so some than that the their them then
there they this to up us was we were what when which who will with would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
