"""An operator of SparkApplications (sparkoperator.k8s.io/v1beta2), as Kubeflow's spark-operator works.

operator     Operator: follows every application and its driver
application  its state machine, pure
driver       the objects that an application becomes: the driver's pod, its configuration and service. Pure
definition   the custom resource
"""

from localcloud.kubernetes.spark_operator.operator import Operator

__all__ = ["Operator"]
