"""WordCount on Flink: reads texts in HDFS; writes gold, quarantine and manifests in the lake's layout."""
