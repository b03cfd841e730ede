"""The mrhealth_sales pipeline: reads the units' nightly deliveries, writes sales by branch and by product."""
