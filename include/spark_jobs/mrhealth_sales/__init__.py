"""The mrhealth_sales pipeline: the units' nightly drops in, sales by branch and by product out."""
