"""The step's arguments as values, and the paths of its output."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from medallion.errors import BadArgumentError

PIPELINE = "wordcount"


@dataclass(frozen=True)
class Order:
    """One business date of wordcount; URIs have no trailing slash.

    `input` is where the texts came from and `copy` where s3-dist-cp put them; `out` is a folder in HDFS in the lake's
    layout, which s3-dist-cp copies to the lake. `scratch` is the job's own.
    """

    business_date: date
    input: str
    copy: str
    lake: str
    out: str
    scratch: str
    staging: str
    manifests: str
    encoding: str = "utf-8"

    def staged(self, table: str) -> str:
        """The folder in the lake where a gold table waits for the quality gate."""
        return f"{self.staging}/gold/{table}"

    @property
    def quarantine(self) -> str:
        """The folder in the lake of the lines that bronze refused."""
        return f"{self.lake}/quarantine/{PIPELINE}/bronze/lines/business_date={self.business_date}"

    def on_hdfs(self, uri: str) -> str:
        """The HDFS path whose content is copied to this URI of the lake. Raises BadArgumentError for a URI outside of
        it."""
        if not uri.startswith(f"{self.lake}/"):
            raise BadArgumentError(f"writing {uri}: it is not in the lake, {self.lake}; correct the step's arguments")
        return self.out + uri.removeprefix(self.lake)
