"""The node: pods as processes of this machine, each with an address, volumes, environment and limits of its own.

node         Kubelet: schedules pods, starts a worker for each, has their logs
pod          the life of one pod: volumes, init containers, containers, restarts, deadlines, its end
container    one container: its process, log and memory
program      what a container runs; spark_image: what the entry point of Spark's images does
environment, volumes, paths, quantity, statuses: pure or nearly so
"""

from localcloud.kubernetes.kubelet.node import Kubelet
from localcloud.kubernetes.kubelet.place import NodePlace

__all__ = ["Kubelet", "NodePlace"]
