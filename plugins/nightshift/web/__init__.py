"""Airflow's pages of Nightshift: their data from the lake's index, their HTML, and the app that serves them."""
