"""The package of mrhealth_sales: definition, contract and jobs; what ./nightshift knows of it; its pages."""
