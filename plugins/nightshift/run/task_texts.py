"""What Airflow's UI shows of each task and group, in English and Portuguese: a title, and what it does. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nightshift.run.tasks import Group, Task

PORTUGUESE = "pt-BR"


@dataclass(frozen=True)
class Text:
    """One text in both languages."""

    en: str
    pt: str

    def of(self, language: str) -> str:
        """The text in a language of config.LANGUAGES."""
        return self.pt if language == PORTUGUESE else self.en


TITLES: Mapping[str, Text] = {
    Task.PREFLIGHT: Text("Check and price", "Verificar e orçar"),
    Task.HOLD_COST: Text("Approve the price", "Aprovar o preço"),
    Task.OPEN_STATE: Text("Open terraform's state", "Abrir o estado do terraform"),
    Task.APPLY_FOUNDATION: Text("Apply the foundation", "Aplicar a fundação"),
    Task.APPLY_TRANSIENT: Text("Apply this run's stack", "Aplicar a infraestrutura da execução"),
    Task.PUBLISH_JOBS: Text("Upload the jobs", "Enviar os jobs"),
    Task.CLAIM_DATE: Text("Claim the date", "Reservar a data"),
    Task.CLAIM_DAYS: Text("Claim the days", "Reservar os dias"),
    Task.INGEST: Text("Fetch the input", "Buscar a entrada"),
    Task.STOP_HOST: Text("Stop the ingestion host", "Parar a máquina de ingestão"),
    Task.WAIT_FOR_INPUTS: Text("Wait for the input", "Aguardar a entrada"),
    Task.CHECK_INPUTS: Text("Check the input", "Verificar a entrada"),
    Task.START_COMPUTE: Text("Start compute", "Iniciar o processamento"),
    Task.WAIT_FOR_COMPUTE: Text("Wait for compute", "Aguardar o processamento"),
    Task.SUBMIT_JOBS: Text("Submit the jobs", "Submeter os jobs"),
    Task.WAIT_FOR_DAYS: Text("Wait for the days", "Aguardar os dias"),
    Task.AUDIT: Text("Audit gold", "Auditar o gold"),
    Task.HOLD_GOLD: Text("Approve the quarantine", "Aprovar a quarentena"),
    Task.PUBLISH: Text("Publish gold", "Publicar o gold"),
    Task.STOP_COMPUTE: Text("Stop compute", "Encerrar o processamento"),
    Task.DESTROY_TRANSIENT: Text("Destroy this run's stack", "Destruir a infraestrutura da execução"),
    Task.PROVE_NOTHING_LEFT: Text("Prove that nothing is left", "Comprovar que nada ficou"),
    Task.REPORT: Text("Report", "Relatar"),
    Task.OUTCOME: Text("Outcome", "Resultado"),
    "reap": Text("Clean up after dead runs", "Limpar execuções mortas"),
    "check_freshness": Text("Check the age of gold", "Verificar a idade do gold"),
    "look_for_drift": Text("Compare the stacks with terraform", "Comparar a infraestrutura com o terraform"),
}
DOCS: Mapping[str, Text] = {
    Task.PREFLIGHT: Text(
        "Checks parameters, credentials, tools and the price. A refusal here has cost nothing.",
        "Verifica parâmetros, credenciais, ferramentas e o preço. Uma recusa aqui não custou nada.",
    ),
    Task.HOLD_COST: Text(
        "Waits for a person if the night would cost more than `NIGHTSHIFT_HOLD_OVER_USD`.",
        "Aguarda uma pessoa se a noite custar mais que `NIGHTSHIFT_HOLD_OVER_USD`.",
    ),
    Task.OPEN_STATE: Text(
        "Opens the state of this run's stack, so that the teardown can run however far the run comes.",
        "Abre o estado da infraestrutura da execução, para que ela possa ser desfeita a qualquer momento.",
    ),
    Task.APPLY_FOUNDATION: Text(
        "Applies or compares the shared stack: buckets, network, roles. Red: read terraform's error in the log.",
        "Aplica ou compara a infraestrutura comum: buckets, rede, papéis. Vermelho: leia o erro do terraform no log.",
    ),
    Task.APPLY_TRANSIENT: Text(
        "Makes what only this run needs: security groups, encryption, perhaps a host.",
        "Cria o que só esta execução precisa: grupos de segurança, criptografia, talvez uma máquina.",
    ),
    Task.PUBLISH_JOBS: Text(
        "Puts the jobs and the JDBC drivers under their hashes into the artifacts bucket.",
        "Coloca os jobs e os drivers JDBC, sob seus hashes, no bucket de artefatos.",
    ),
    Task.CLAIM_DATE: Text(
        "Locks the business date, so that two runs never publish it at once.",
        "Reserva a data, para que duas execuções nunca a publiquem ao mesmo tempo.",
    ),
    Task.CLAIM_DAYS: Text("Locks each day of the backfill.", "Reserva cada dia do backfill."),
    Task.INGEST: Text(
        "Fetches the input from an API or a database on a host of its own.",
        "Busca a entrada em uma API ou um banco de dados em uma máquina própria.",
    ),
    Task.STOP_HOST: Text("Ends the ingestion host.", "Encerra a máquina de ingestão."),
    Task.WAIT_FOR_INPUTS: Text(
        "Waits, before anything costs money, until files have arrived and settled.",
        "Aguarda, antes de qualquer custo, até que os arquivos tenham chegado.",
    ),
    Task.CHECK_INPUTS: Text(
        "Compares the files' headers with the contract.",
        "Compara os cabeçalhos dos arquivos com o contrato.",
    ),
    Task.START_COMPUTE: Text(
        "Requests the cluster or the like. *Rendered Templates* shows the request.",
        "Solicita o cluster ou equivalente. *Rendered Templates* mostra a solicitação.",
    ),
    Task.WAIT_FOR_COMPUTE: Text(
        "Waits until it takes jobs, and replaces one that got no capacity.",
        "Aguarda até que aceite jobs e substitui o que não obteve capacidade.",
    ),
    Task.SUBMIT_JOBS: Text(
        "Submits all jobs. *Rendered Templates* shows their command lines.",
        "Submete todos os jobs. *Rendered Templates* mostra as linhas de comando.",
    ),
    Task.WAIT_FOR_DAYS: Text("Waits until the job of each day has ended.", "Aguarda o fim do job de cada dia."),
    Task.AUDIT: Text(
        "Compares staged gold with the contract, and the row counts of the layers with each other.",
        "Compara o gold preparado com o contrato e as contagens de linhas das camadas entre si.",
    ),
    Task.HOLD_GOLD: Text(
        "Waits for a person if a table quarantined more than `NIGHTSHIFT_HOLD_OVER_QUARANTINED`.",
        "Aguarda uma pessoa se uma tabela teve mais quarentena que `NIGHTSHIFT_HOLD_OVER_QUARANTINED`.",
    ),
    Task.PUBLISH: Text(
        "Replaces each gold partition in one step, and updates the catalog and Airflow's assets.",
        "Substitui cada partição do gold de uma só vez e atualiza o catálogo e os assets do Airflow.",
    ),
    Task.STOP_COMPUTE: Text(
        "Ends the compute. **Red: something may still cost money.**",
        "Encerra o processamento. **Vermelho: algo pode ainda gerar custos.**",
    ),
    Task.DESTROY_TRANSIENT: Text(
        "Removes this run's stack. **Red: something may still cost money.**",
        "Remove a infraestrutura da execução. **Vermelho: algo pode ainda gerar custos.**",
    ),
    Task.PROVE_NOTHING_LEFT: Text(
        "Lists by tag what this run still has. **Red: delete what it names.**",
        "Lista por etiqueta o que a execução ainda tem. **Vermelho: apague o que ele indicar.**",
    ),
    Task.REPORT: Text(
        "Writes the record and the index of nights, and notifies the topic.",
        "Escreve o registro e o índice das noites e notifica o tópico.",
    ),
    "reap": Text(
        "Finds runs whose owner is dead and removes what they left.",
        "Encontra execuções mortas e remove o que deixaram.",
    ),
    "check_freshness": Text(
        "Compares the age of every gold table with its contract.",
        "Compara a idade de cada tabela gold com o contrato.",
    ),
    "look_for_drift": Text(
        "Plans each applied stack and lists what differs; changes nothing.",
        "Planeja cada infraestrutura aplicada e lista o que difere; não muda nada.",
    ),
    Task.OUTCOME: Text(
        "Green only if the record says so: the run's state in Airflow is that of its data.",
        "Verde somente se o registro diz: o estado da execução no Airflow é o dos dados.",
    ),
}
GROUPS: Mapping[Group, Text] = {
    Group.PREPARE: Text("Prepare", "Preparação"),
    Group.INPUT: Text("Input", "Entrada"),
    Group.COMPUTE: Text("Compute", "Processamento"),
    Group.GOLD: Text("Check and publish", "Verificação e publicação"),
    Group.TEARDOWN: Text("Teardown", "Desmontagem"),
    Group.RESULT: Text("Report", "Relatório"),
}
ABOUT: Mapping[Group, Text] = {
    Group.PREPARE: Text(
        "Check parameters and price, apply the infrastructure, publish the jobs",
        "Verificar parâmetros e preço, aplicar a infraestrutura, publicar os jobs",
    ),
    Group.INPUT: Text(
        "Claim the business date, wait for its input and check it",
        "Reservar a data, aguardar e verificar a entrada",
    ),
    Group.COMPUTE: Text(
        "Start compute, submit the jobs and wait for them",
        "Iniciar o processamento, submeter os jobs e aguardá-los",
    ),
    Group.GOLD: Text("Check the staged gold and publish it", "Verificar o gold preparado e publicá-lo"),
    Group.TEARDOWN: Text(
        "Stop compute, remove the infrastructure, prove that nothing is left",
        "Encerrar o processamento, remover a infraestrutura, comprovar que nada ficou",
    ),
    Group.RESULT: Text(
        "Write the record, notify the topic, set the run's outcome",
        "Escrever o registro, notificar o tópico, definir o resultado",
    ),
}
JOB = Text("Job {step}", "Job {step}")
JOB_DOC = Text(
    "Waits for the Spark job of `{step}`. *Rendered Templates* shows its command line, the link *Step log* its output.",
    "Aguarda o job Spark de `{step}`. *Rendered Templates* mostra a linha de comando; o link *Log do passo*, a saída.",
)


def title(task_id: str, language: str) -> str:
    """The task's title."""
    step = task_id.removeprefix("job_")
    return TITLES.get(task_id, JOB).of(language).format(step=step)


def doc(task_id: str, language: str) -> str:
    """What the task does, in Markdown."""
    step = task_id.removeprefix("job_")
    return DOCS.get(task_id, JOB_DOC).of(language).format(step=step)
