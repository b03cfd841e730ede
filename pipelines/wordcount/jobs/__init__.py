"""The wordcount pipeline: reads text files, writes one count a word."""
