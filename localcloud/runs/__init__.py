"""Job runs of AWS Glue, EMR Serverless and EMR on EKS that really run, one engine beneath three APIs.

model, lifecycle   runs and the places they belong to, and how they change (pure)
engine             time and threads; localcloud.steps runs the processes
outages            faults on demand
service            the HTTP side, for all three
glue/ serverless/ containers/   each service's words, requests and answers
"""
