"""Patches for what moto 5.2.5 lacks, on its public classes: one named function a gap; close_all() applies each once."""

from __future__ import annotations

import functools
from collections.abc import Callable

from localcloud.gaps import budgets, core, data, ec2, eks, iam, instances, rds, s3, sqs

GAPS: tuple[Callable[[], None], ...] = (
    core.unimplemented_actions_answer_501,
    core.no_origin_is_told_that_it_may_read,
    s3.conditional_denies_do_not_deny_everything,
    s3.delete_markers_can_be_disposed,
    s3.ranged_reads_do_not_reread_the_object,
    ec2.rules_that_name_a_group_keep_their_description,
    ec2.rules_are_revoked_by_group_id,
    ec2.revoking_a_gone_rule_says_so,
    instances.instances_can_be_monitored,
    instances.an_instance_is_in_the_groups_of_its_network_interface,
    instances.the_interface_of_a_launch_ends_with_its_instance,
    instances.terminating_twice_changes_nothing,
    instances.changing_the_shutdown_behaviour_changes_no_groups,
    instances.gp3_volumes_tell_their_throughput,
    instances.volumes_of_a_launch_have_the_speed_that_was_asked_for,
    iam.managed_policies_are_read_once,
    iam.service_specific_credentials_can_be_listed,
    iam.users_keep_their_permissions_boundary,
    sqs.redrive_policy_comes_back_compact,
    rds.every_instance_has_its_own_resource_id,
    rds.changed_parameters_are_the_users,
    data.untagged_athena_resources_list_no_tags,
    data.athena_catalogs_and_queries_can_be_deleted,
    data.athena_workgroups_and_queries_can_be_changed,
    data.glue_connections_can_be_deleted_and_read_back,
    eks.clusters_keep_their_access_config,
    eks.node_groups_have_what_was_stated,
    budgets.budgets_keep_their_tags,
    budgets.subscribers_of_a_notification_are_listed,
)


@functools.cache
def close_all() -> None:
    """Apply every patch to moto's classes in this process; further calls do nothing."""
    for close in GAPS:
        close()
