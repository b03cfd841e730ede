"""What the step was asked to do: its arguments as values, and where everything goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from medallion.errors import BadArgumentError

PIPELINE = "wordcount"


@dataclass(frozen=True)
class Order:
    """One business date of wordcount; URIs have no trailing slash.

    `input` is where the texts came from and `copy` where s3-dist-cp put them; `out` is a folder in HDFS that is laid
    out as the lake, for s3-dist-cp to bring there. `scratch` is the job's own.
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
        """Where a gold table waits for its audit, in the lake."""
        return f"{self.staging}/gold/{table}"

    @property
    def quarantine(self) -> str:
        """Where the lines lie that bronze refused, in the lake."""
        return f"{self.lake}/quarantine/{PIPELINE}/bronze/lines/business_date={self.business_date}"

    def on_hdfs(self, uri: str) -> str:
        """Where the job puts what will be at this URI of the lake. Raises BadArgumentError for one outside of it."""
        if not uri.startswith(f"{self.lake}/"):
            raise BadArgumentError(f"writing {uri}: it is not in the lake, {self.lake}; correct the step's arguments")
        return self.out + uri.removeprefix(self.lake)
