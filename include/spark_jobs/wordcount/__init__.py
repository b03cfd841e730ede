"""The wordcount pipeline: text files in, one count a word out."""
