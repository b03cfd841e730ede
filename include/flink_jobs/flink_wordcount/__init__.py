"""WordCount on Flink: texts in HDFS in; gold, quarantine and manifests, laid out as the lake, out."""
