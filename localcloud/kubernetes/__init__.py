"""A Kubernetes whose pods are processes: for kubectl, the official clients, spark-submit and a SparkApplication.

    with Plane(PlaneSettings(…)) as plane:
        plane.kubeconfig        # a file for kubectl
        plane.endpoint, plane.ca

plane        starts and stops all of it
http_api     the API over TLS: routes, subresources, watch, logs, discovery, tables; access decides who may call
resources    the verbs, with store, garbage, admission, schema, selectors, patches, ownership (server-side apply)
kubelet/     the node: pods as processes
spark_operator/  follows SparkApplications, as Kubeflow's operator does
eks          the address of the API in eks:DescribeCluster
"""
