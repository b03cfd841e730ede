"""What is read out of the logs of failed Spark steps, as EMR's users quote them."""

from datetime import date

import pytest

from medallion.errors import NoInputError, SourceError, UnknownEncodingError, last_lines
from nightshift.failures.causes import Cause
from nightshift.failures.steplog import diagnose

JOBS = "/mnt/tmp/spark-7c1e/userFiles-90ab/spark_jobs.zip"
NOISE = """\
26/01/05 03:04:11 INFO SparkContext: Running Spark version 3.5.6-amzn-0
26/01/05 03:04:12 WARN Client: Neither spark.yarn.jars nor spark.yarn.archive is set, falling back to uploading.
26/01/05 03:04:31 INFO Client: Application report for application_1767582000000_0001 (state: ACCEPTED)
26/01/05 03:04:32 INFO S3NativeFileSystem: Opening 's3://acme-night-raw/mrhealth/x.csv' for reading
"""
GOODBYE = """\
26/01/05 03:05:02 INFO SparkContext: Invoking stop() from shutdown hook
26/01/05 03:05:03 INFO ShutdownHookManager: Deleting directory /mnt/tmp/spark-7c1e
"""
USER_APP = """\
Exception in thread "main" org.apache.spark.SparkUserAppException: User application exited with 1
	at org.apache.spark.deploy.PythonRunner$.main(PythonRunner.scala:103)
"""
DRIVER = f"""\
Traceback (most recent call last):
  File "/mnt/tmp/spark-7c1e/main.py", line 107, in <module>
    main()
  File "/mnt/tmp/spark-7c1e/main.py", line 38, in main
    for manifest in run_layers(spark, args):
  File "{JOBS}/mrhealth_sales/job.py", line 52, in silver
    orders.write.parquet(target)
  File "/usr/lib/spark/python/lib/pyspark.zip/pyspark/sql/readwriter.py", line 1721, in parquet
  File "/usr/lib/spark/python/lib/py4j-0.10.9.7-src.zip/py4j/java_gateway.py", line 1322, in __call__
"""
JVM_STACK = """\
	at org.apache.spark.sql.errors.QueryExecutionErrors$.taskFailedWhileWritingRowsError(QueryExecutionErrors.scala:789)
	at java.base/java.lang.Thread.run(Thread.java:840)
"""


def aborted(reason, cause):
    return (
        f"{DRIVER}py4j.protocol.Py4JJavaError: An error occurred while calling o114.parquet.\n"
        ": org.apache.spark.SparkException: Job aborted due to stage failure: Task 3 in stage 2.0 failed 4 times, most "
        "recent failure: Lost task 3.3 in stage 2.0 (TID 19) (ip-10-0-1-5.ec2.internal executor 2): "
        f"{reason}\n{JVM_STACK}\nDriver stacktrace:\n{JVM_STACK}Caused by: {cause}\n{JVM_STACK}\t... 1 more\n\n"
    )


DENIED = (
    "com.amazon.ws.emr.hadoop.fs.shaded.com.amazonaws.services.s3.model.AmazonS3Exception: Access Denied (Service: "
    "Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: 8H2K), S3 Extended Request ID: x/y="
)
SLOW = "com.amazonaws.services.s3.model.AmazonS3Exception: Please reduce your request rate. (Status Code: 503)"
ANALYSIS = (
    f"{DRIVER}pyspark.errors.exceptions.captured.AnalysisException: [PATH_NOT_FOUND] Path does not exist: "
    "s3://acme-night-lake/bronze/mrhealth_sales/orders/business_date=2026-01-04.\n"
)
WORKER = f"""\
{DRIVER}pyspark.errors.exceptions.captured.PythonException:
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "/mnt/yarn/usercache/hadoop/appcache/c_2/pyspark.zip/pyspark/worker.py", line 1247, in main
    process()
  File "{JOBS}/wordcount/lines.py", line 77, in decoded
    text = content.decode(encoding)
UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe7 in position 3: invalid continuation byte

"""
LIBRARY_WORKER = WORKER.replace(f"{JOBS}/wordcount/lines.py", "/usr/lib/python3.11/csv.py")
SCRIPT_MODULE = "/mnt/tmp/spark-8a1a-4c/userFiles-8a1a6f0e-11b2/amounts.py"
OF_WORKER = """\
PythonException: Traceback (most recent call last):
  File "{file}", line 2, in amount
    return float(text)
           ^^^^^^^^^^^
ValueError: could not convert string to float: 'doze'

"""


def udf_failed(file):
    """The log of a script whose UDF raises while Spark writes: the worker's traceback stands in the JVM's causes."""
    writing = "org.apache.spark.SparkException: [TASK_WRITE_FAILED] Task failed while writing rows to s3://acme/out."
    python = "org.apache.spark.api.python." + OF_WORKER.format(file=file)
    text = aborted(f"{writing}\n{JVM_STACK}Caused by: {python}", f"{writing}\n{JVM_STACK}Caused by: {python}")
    return text.replace(f"{JOBS}/mrhealth_sales/job.py", "/mnt/tmp/nightshift-x1/scripts/shops.py")


LOST_EXECUTOR = aborted(
    "ExecutorLostFailure (executor 2 exited caused by one of the running tasks) Reason: Container from a bad node: "
    "container_1_01_000003 on host: ip-10-0-1-5.ec2.internal. Exit status: 137. Diagnostics: Killed by external signal",
    "org.apache.spark.SparkException: Job aborted.",
)
GONE = f"{DRIVER}py4j.protocol.Py4JNetworkError: Answer from Java side is empty\n"
HEAP = (
    'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n\tat java.base/java.util.Arrays.copyOf\n'
)
BUG = f"{DRIVER.rpartition('  File')[0]}KeyError: 'unit_id'\n"


def stated(pipeline, error):
    """What a job that ends with this error prints last."""
    return last_lines(pipeline, date(2026, 1, 4), error) + "\n"


NO_INPUT = stated(
    "mrhealth_sales",
    NoInputError(
        "reading the delivery of 2026-01-04: no file at s3://acme-night-raw/mrhealth/csv_sales/2026/01/04; did the"
        " units send anything?"
    ),
)
ENCODING = stated(
    "wordcount",
    UnknownEncodingError("reading text as 'utf-99': there is no such text encoding (x); name one such as utf-8"),
)
SOURCE = stated("card_movements", SourceError("opening a database at db:5432: connection refused"))
FORBIDDEN = stated("card_movements", SourceError("reading the secret a/sources/cards: AccessDeniedException"))
USAGE = "usage: main.py [-h] --pipeline\nmain.py: error: argument --business-date: invalid fromisoformat value: 'x'\n"
JOB = "mrhealth_sales/job.py"
DOZE = "ValueError: could not convert string to float: 'doze'"
CASES = {
    "an S3 403 under a py4j error": (aborted("java.io.IOException: x", DENIED), Cause.IAM, "AmazonS3Exception: ", JOB),
    "a throttled S3": (
        aborted("java.io.IOException: x", SLOW),
        Cause.THROTTLE,
        "AmazonS3Exception: Please reduce your request rate.",
        JOB,
    ),
    "a path that is not there": (ANALYSIS, Cause.UPSTREAM, "AnalysisException: [PATH_NOT_FOUND] Path does not", JOB),
    "bytes that a UDF cannot read": (WORKER, Cause.DATA, "UnicodeDecodeError: 'utf-8'", "wordcount/lines.py"),
    "a UDF of a module on one machine": (udf_failed(SCRIPT_MODULE), Cause.CODE, DOZE, "amounts.py"),
    "a UDF of a module on YARN": (
        udf_failed("/mnt/yarn/usercache/hadoop/appcache/application_1_2/container_1_2_01_000003/./amounts.py"),
        Cause.CODE,
        DOZE,
        "amounts.py",
    ),
    "a UDF of a packed module": (
        udf_failed("/opt/spark/work-dir/./shop.zip/shop/amounts.py"),
        Cause.CODE,
        DOZE,
        "shop.zip/shop/amounts.py",
    ),
    "a UDF that is a library's": (udf_failed("/usr/lib/python3.11/csv.py"), Cause.CODE, DOZE, "scripts/shops.py"),
    "a gzip that is cut short": (
        aborted("java.io.EOFException: Unexpected end of input stream", "java.io.EOFException: Unexpected end"),
        Cause.DATA,
        "EOFException: Unexpected end",
        JOB,
    ),
    "text that is called gzip": (
        aborted("java.io.IOException: not a gzip file", "java.io.IOException: not a gzip file"),
        Cause.DATA,
        "IOException: not a gzip file",
        JOB,
    ),
    "an executor killed for its memory": (LOST_EXECUTOR, Cause.CAPACITY, "ExecutorLostFailure", JOB),
    "a full disk": (
        aborted("java.io.IOException: No space left on device", ""),
        Cause.DISK,
        "IOException: No space",
        JOB,
    ),
    "a bug": (BUG, Cause.CODE, "KeyError: 'unit_id'", JOB),
    "no input": (NO_INPUT, Cause.UPSTREAM, "mrhealth_sales 2026-01-04: reading the delivery", None),
    "a source that is away": (SOURCE, Cause.UPSTREAM, "card_movements 2026-01-04: opening a database", None),
    "a secret that is closed": (FORBIDDEN, Cause.IAM, "card_movements 2026-01-04: reading the secret", None),
    "a wrong encoding": (ENCODING, Cause.DATA, "wordcount 2026-01-04: reading text as 'utf-99'", None),
    "a wrong argument": (USAGE, Cause.CODE, "main.py: error: argument --business-date", None),
}


def split(text):
    return text.splitlines()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("case", CASES)
def test_the_line_that_matters_its_cause_and_our_file_are_found_wherever_spark_put_them(case, stream):
    text, cause, start, file = CASES[case]
    other = "stderr" if stream == "stdout" else "stdout"
    logs = {stream: split((NOISE if stream == "stderr" else "") + text), other: split(NOISE + GOODBYE)}
    message, found, details = diagnose(logs, "")
    assert message.startswith(start)
    assert found is cause
    assert (details["traceback"] or {}).get("file") == file


def test_the_traceback_tells_file_line_function_and_python_error():
    traceback = diagnose({"stdout": split(ANALYSIS)}, "")[2]["traceback"]
    assert (traceback["file"], traceback["line"], traceback["function"]) == (JOB, 52, "silver")
    assert traceback["error"].startswith("pyspark.errors.exceptions.captured.AnalysisException: [PATH_NOT_FOUND]")


def test_a_traceback_of_the_worker_without_our_code_gives_way_to_the_drivers():
    message, _, details = diagnose({"stdout": split(LIBRARY_WORKER)}, "")
    assert details["traceback"]["file"] == JOB
    assert message.startswith("UnicodeDecodeError: 'utf-8'"), "never a frame"


def test_a_driver_that_lost_its_jvm_is_explained_by_what_the_jvm_died_of():
    logs = {"stdout": split(GONE), "stderr": split(NOISE + HEAP + GOODBYE)}
    message, cause, _ = diagnose(logs, "")
    assert "OutOfMemoryError: Java heap space" in message
    assert cause is Cause.CAPACITY


def test_sparks_own_wrapper_is_not_the_reason():
    message, _, _ = diagnose({"stdout": split(BUG), "stderr": split(NOISE + USER_APP + GOODBYE)}, "")
    assert message == "KeyError: 'unit_id'"


def test_the_file_concerned_is_the_one_that_the_error_names_and_not_one_of_the_noise():
    logs = {"stdout": split(NO_INPUT), "stderr": split(NOISE)}
    assert diagnose(logs, "")[2]["input_file"] == "s3://acme-night-raw/mrhealth/csv_sales/2026/01/04"
    assert diagnose({"stdout": split(BUG), "stderr": split(NOISE)}, "")[2]["input_file"] is None


def test_the_tail_is_the_end_of_the_log_that_speaks_at_most_40_lines():
    logs = {"stdout": split(BUG), "stderr": split(NOISE * 50)}
    _, _, details = diagnose(logs, "")
    assert (details["tail_of"], details["tail"]) == ("stdout", split(BUG))
    _, _, details = diagnose({"stderr": split(NOISE * 50)}, "Unknown Error.")
    assert (details["tail_of"], len(details["tail"])) == ("stderr", 40)


def test_the_tail_leaves_the_frames_of_the_jvm_out():
    tail = diagnose({"stdout": split(CASES["an S3 403 under a py4j error"][0])}, "")[2]["tail"]
    assert tail[0] == "Traceback (most recent call last):"
    assert tail[-1].startswith("Caused by: ")
    assert not [line for line in tail if line.startswith("\tat")]


def test_without_logs_it_is_what_emr_says_and_without_that_it_is_said():
    assert diagnose({}, "Unknown Error.")[:2] == ("Unknown Error.", Cause.CODE)
    assert "neither EMR nor the step's logs" in diagnose({}, "")[0]


REFUSED = """Traceback (most recent call last):
  File "/mnt/tmp/spark-1/spark_jobs.zip/wordcount/job.py", line 26, in bronze
    text.count()
  File "/usr/lib/spark/python/lib/py4j-0.10.9.7-src.zip/py4j/clientserver.py", line 438, in connect_to_java_server
    self.socket.connect((self.java_address, self.java_port))
ConnectionRefusedError: [Errno 111] Connection refused
"""


@pytest.mark.parametrize("text", [GONE, REFUSED])
def test_a_java_that_was_killed_is_said_so_and_called_a_lack_of_memory(text):
    message, cause, details = diagnose({"stderr": split(NOISE + text)}, "Unknown Error.")
    assert message.startswith("The driver's Java was killed") and cause is Cause.CAPACITY
    assert "more memory" in details["next_action"]


def test_a_database_that_refuses_the_connection_is_no_lack_of_memory():
    text = REFUSED.replace("/usr/lib/spark/python/lib/py4j-0.10.9.7-src.zip/py4j/clientserver.py", "/usr/lib/a.py")
    message, cause, details = diagnose({"stderr": split(NOISE + text)}, "Unknown Error.")
    assert (message, cause) == ("ConnectionRefusedError: [Errno 111] Connection refused", Cause.CODE)
    assert "next_action" not in details


def test_a_step_that_died_without_a_word_of_ours_shows_its_last_plain_line():
    logs = {"stderr": split(NOISE + "bash: spark-submit: command not found\n")}
    assert diagnose(logs, "Unknown Error.")[0] == "bash: spark-submit: command not found"


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            "Job failed as account has reached the service limit on the maximum vCPU it can use.",
            "capacity",
        ),
        (
            "Worker could not be allocated as the application has exceeded maximumCapacity.",
            "capacity",
        ),
        ("Max concurrent compute (DPU usage) exceeded", "capacity"),
        ("Resource unavailable", "capacity"),
        (
            "Could not assume execution role arn:aws:iam::1:role/x because it does not exist or is not set up with the"
            " required trust relationship.",
            "iam",
        ),
        ("Role arn:aws:iam::1:role/x should be given assume role permissions for Glue Service.", "iam"),
        ("Job run failed because S3 access denied. Please check S3 access permissions of the job runtime role.", "iam"),
        (
            "ModuleNotFoundError: No module named 'jose'. Please refer to the user guide on how to use python libraries"
            " with EMR Serverless.",
            "code",
        ),
        ("Error Category: RESOURCE_NOT_FOUND_ERROR; Exit status: 137", "capacity"),
    ],
)
def test_a_job_that_left_no_logs_is_judged_by_the_words_of_emr_serverless_or_glue(said, cause):
    assert diagnose({}, said)[:2] == (said, Cause(cause))
