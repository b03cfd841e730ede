"""The programs of docker-compose.yaml that are not servers of others."""
