"""The words of a page in Portuguese and English that are chosen by data: outcomes, tasks' groups, causes, layers."""

from __future__ import annotations

from nightshift.pages.formats import Both
from nightshift.run import task_texts

BACKFILL: Both = ("Preenchimento: ", "Backfill: ")
OUTCOMES: dict[str, Both] = {
    "success": ("Concluída", "Completed"),
    "success with warnings": ("Concluída com avisos", "Completed with warnings"),
    "failed": ("Falhou", "Failed"),
}
TONES = {"success": "good", "success with warnings": "warn", "failed": "bad"}


def outcome(name: str) -> Both:
    """An outcome in words; one that this version does not know as it is written."""
    return OUTCOMES.get(name, (name, name))


def tone(name: str) -> str:
    """The colour of an outcome: good, warn or bad."""
    return TONES.get(name, "warn")


GROUPS: dict[str, Both] = {group: (text.pt, text.en) for group, text in task_texts.GROUPS.items()}
CAUSES: dict[str, Both] = {
    "data": ("dados", "data"),
    "code": ("código ou configuração", "code or configuration"),
    "bootstrap": ("início do cluster", "bootstrap"),
    "capacity": ("falta de capacidade", "not enough capacity"),
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
LINKS: dict[str, Both] = {
    "cluster": ("processamento", "compute"),
    "step_log": ("logs do passo", "step logs"),
    "record": ("registro", "record"),
}
LAYERS: dict[str, Both] = {"bronze": ("bronze", "bronze"), "silver": ("silver", "silver"), "gold": ("gold", "gold")}
PARTS: dict[str, Both] = {
    "EBS": ("discos (EBS)", "disks (EBS)"),
    "host": ("host de ingestão", "ingestion host"),
    "requests": ("requisições ao S3 (estimadas)", "requests to S3 (estimated)"),
}
RESOURCES: dict[str, Both] = {
    "clusters": ("clusters", "clusters"),
    "virtual clusters": ("clusters virtuais", "virtual clusters"),
    "runs in Kubernetes": ("execuções no Kubernetes", "runs in Kubernetes"),
    "Spark applications": ("aplicações Spark", "Spark applications"),
    "pods": ("pods", "pods"),
    "instances": ("instâncias", "instances"),
    "security groups": ("grupos de segurança", "security groups"),
    "key pairs": ("pares de chaves", "key pairs"),
    "secrets": ("segredos", "secrets"),
    "security configurations": ("configurações de segurança", "security configurations"),
    "serverless applications": ("aplicações serverless", "serverless applications"),
    "Glue jobs": ("jobs do Glue", "Glue jobs"),
    "terraform states": ("estados do terraform", "terraform states"),
    "staging": ("área temporária", "staging"),
    "claims": ("reservas de datas", "claims on dates"),
}
